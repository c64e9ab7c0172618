//! The developer's commands, as `cargo xtask COMMAND`. Not part of the product: nothing depends on it.

mod databases;
mod steps;
mod tidy;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  ci      everything that must pass before a merge: format, lints, docs, all tests but the soak
  check   the fast part of it, for each commit: format, lints, tidy
  tidy    the rules of this project that no other tool knows
  help    this text";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        ["ci"] => steps::ci(),
        ["check"] => steps::check().and_then(|()| tidy_workspace()),
        ["tidy"] => tidy_workspace(),
        ["help" | "--help" | "-h"] => {
            tell(USAGE);
            return ExitCode::SUCCESS;
        }
        [] => return misused("a command is missing"),
        _ => return misused(&format!("unknown command: {}", arguments.join(" "))),
    };
    match outcome {
        Ok(()) => {
            tell("passed");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            tell(&format!("failed: {reason}"));
            ExitCode::FAILURE
        }
    }
}

fn misused(reason: &str) -> ExitCode {
    tell(&format!("{reason}\n\n{USAGE}"));
    ExitCode::from(2)
}

fn tidy_workspace() -> Result<(), String> {
    tell("==> tidy");
    let violations = tidy::check(&workspace_root())?;
    for violation in &violations {
        tell(&violation.to_string());
    }
    match violations.len() {
        0 => Ok(()),
        count => Err(format!("tidy found {count} violations of the project's rules")),
    }
}

/// The environment comes before the path compiled in: an archived test binary may run in another folder.
fn workspace_root() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package).parent().expect("the package xtask is a folder of the workspace").to_owned()
}

/// To standard error, like the tools whose output it stands between, so that a redirect keeps the order.
#[expect(clippy::print_stderr, reason = "talking to the developer is what a command is for")]
fn tell(text: &str) {
    eprintln!("{text}");
}
