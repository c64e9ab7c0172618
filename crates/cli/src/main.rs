//! The program `2pc-test`: runs scenarios, tells what became of them, and writes it down.

mod args;
mod detail;
mod exit;
mod failure;
mod files;
mod json;
mod list;
mod names;
mod overview;
mod plan;
mod replay;
mod report;
mod run;
mod screen;
mod shield;
mod summary;
mod text;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use args::{Arguments, Command};
use exit::Exit;
use failure::Failure;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let exit = start_logging().and_then(|()| execute(arguments.command)).unwrap_or_else(|failure| {
        // If standard error is gone too, the exit code has to do.
        let _ = writeln!(std::io::stderr(), "error: {failure}");
        failure.exit()
    });
    exit.into()
}

fn execute(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::List { category, json } => list::list(category.as_deref(), json),
        other => run::run(&plan::Plan::new(other)?),
    }
}

/// Logs to standard error what `RUST_LOG` asks for, and warnings if it is not set.
fn start_logging() -> Result<(), Failure> {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into());
    let filter = filter.from_env().map_err(|error| Failure::Usage(format!("RUST_LOG: {error}")))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .without_time()
        .init();
    Ok(())
}
