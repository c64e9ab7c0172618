//! The program `2pc-test`: runs scenarios, judges histories, and tells what became of them.

mod args;
mod check;
mod concerned;
mod detail;
mod doctor;
mod engine;
mod exit;
mod failure;
mod files;
mod json;
mod list;
mod mutants;
mod names;
mod new_adapter;
mod overview;
mod plan;
mod recordings;
mod replay;
mod report;
mod run;
mod screen;
mod shield;
mod soak;
mod summary;
mod target;
mod text;

use std::io::{ErrorKind, IsTerminal, Write};
use std::process::ExitCode;
use std::str::FromStr;

use clap::Parser;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use args::{Arguments, Command};
use exit::Exit;
use failure::Failure;

fn main() -> ExitCode {
    let arguments = Arguments::try_parse();
    let exit = arguments.map_or_else(help, begin).unwrap_or_else(|failure| {
        screen::remark(format_args!("error: {failure}"));
        failure.exit()
    });
    exit.into()
}

/// Prints the help, or the version, if that was asked for, and says what is wrong if something is.
fn help(asked: clap::Error) -> Result<Exit, Failure> {
    if asked.use_stderr() {
        asked.exit();
    }
    let printed = asked.print().and_then(|()| std::io::stdout().flush());
    match printed {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::Screen(error)),
        _ => Ok(Exit::Valid),
    }
}

fn begin(arguments: Arguments) -> Result<Exit, Failure> {
    start_logging()?;
    execute(arguments.command)
}

fn execute(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Doctor { urls } => doctor::doctor(&urls),
        Command::Check(options) => check::check(&options),
        Command::List { category, json } => list::list(category.as_deref(), json),
        Command::Soak(options) => soak::soak(&options),
        Command::SoakWorker => soak::work(),
        Command::Merge(options) => soak::merge(&options),
        Command::Mutants { names, all, json } => mutants::mutants(&names, all, json),
        Command::NewAdapter(options) => new_adapter::new_adapter(&options),
        other => run::run(&plan::Plan::new(other)?),
    }
}

/// Logs to standard error what `RUST_LOG` asks for (`debug`, `harness_core=trace,warn`), and warnings if it is not set.
///
/// Filters by spans and their fields would take a regular expression engine, a fifth of the time of a clean build.
fn start_logging() -> Result<(), Failure> {
    let wanted = std::env::var("RUST_LOG").unwrap_or_default();
    let wanted = if wanted.is_empty() { "warn" } else { &wanted };
    let targets = Targets::from_str(wanted).map_err(|error| Failure::Usage(format!("RUST_LOG: {error}")))?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .without_time();
    tracing_subscriber::registry().with(targets).with(lines).init();
    Ok(())
}
