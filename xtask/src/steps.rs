//! The commands that `ci` and `check` run one after another. What a step does is the tool's business;
//! this file only says which, in what order, and stops at the first that fails.

use std::env;
use std::ffi::OsString;
use std::num::NonZero;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::{databases, tell, workspace_root};

struct Step {
    name: &'static str,
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
}

const INSTALL_NEXTEST: Step =
    Step { name: "install nextest", arguments: &["install", "cargo-nextest", "--locked"], environment: &[] };

const FORMAT: Step = Step { name: "format", arguments: &["fmt", "--all", "--check"], environment: &[] };

const LINTS: Step = Step {
    name: "lints",
    arguments: &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
    environment: &[],
};

// In one build of the workspace a feature is on for all once one asks for it: without fail points is a build apart.
const WITHOUT_FAILPOINTS: Step = Step {
    name: "lints without fail points",
    arguments: &[
        "clippy",
        "-p",
        "harness-core",
        "-p",
        "suite",
        "-p",
        "cli",
        "--no-default-features",
        "--",
        "-D",
        "warnings",
    ],
    environment: &[],
};

// So is one with a single database, in which nothing must be left over that only the other needs.
const POSTGRES_ALONE: Step = Step {
    name: "lints with PostgreSQL alone",
    arguments: &[
        "clippy",
        "-p",
        "cli",
        "-p",
        "backends",
        "--features",
        "cli/postgres",
        "--",
        "-D",
        "warnings",
    ],
    environment: &[],
};

const MARIADB_ALONE: Step = Step {
    name: "lints with MariaDB alone",
    arguments: &[
        "clippy",
        "-p",
        "cli",
        "-p",
        "backends",
        "--features",
        "cli/mariadb",
        "--",
        "-D",
        "warnings",
    ],
    environment: &[],
};

const DOCS: Step = Step {
    name: "docs",
    arguments: &["doc", "--workspace", "--no-deps"],
    environment: &[("RUSTDOCFLAGS", "-D warnings")],
};

// Without INSTA_UPDATE=no a changed snapshot would be written beside the old one, and only where CI is not set.
const TESTS: Step = Step {
    name: "tests",
    arguments: &["nextest", "run", "--workspace", "--profile", "ci"],
    environment: &[("INSTA_UPDATE", "no")],
};

const DOC_TESTS: Step = Step {
    name: "doc tests",
    arguments: &["test", "--workspace", "--doc"],
    environment: &[("INSTA_UPDATE", "no")],
};

/// All that must pass before a merge. `tidy` is among the tests, and so are those on real databases where there are some.
pub(crate) fn ci() -> Result<(), String> {
    if !nextest_is_installed() {
        run(&[INSTALL_NEXTEST], &[])?;
    }
    let features = databases::features();
    run(&[FORMAT, LINTS, WITHOUT_FAILPOINTS, POSTGRES_ALONE, MARIADB_ALONE, DOCS], &features)?;
    perform(&TESTS.with(&features).with_arguments(threads(&features)))?;
    run(&[DOC_TESTS], &features)
}

/// A test on databases waits most of the time. Two run at a time (`databases` in .config/nextest.toml), and the cores are
/// for others meanwhile.
fn threads(features: &[&str]) -> Option<String> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    (!features.is_empty()).then(|| format!("--test-threads={}", cores + 2))
}

/// What is fast enough to run before each commit, apart from `tidy`.
pub(crate) fn check() -> Result<(), String> {
    run(&[FORMAT, LINTS], &[])
}

fn nextest_is_installed() -> bool {
    cargo()
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs the steps; those of the whole workspace with these features.
fn run(steps: &[Step], features: &[&str]) -> Result<(), String> {
    for step in steps {
        perform(&step.with(features))?;
    }
    Ok(())
}

fn perform(step: &Invocation) -> Result<(), String> {
    tell(&format!("==> {}: {step}", step.name));
    let (outcome, duration) = timed(|| step.run());
    tell(&format!("    {} took {:.1} s", step.name, duration.as_secs_f64()));
    outcome
}

#[expect(clippy::disallowed_methods, reason = "how long a tool takes is no part of any run")]
fn timed<T>(action: impl FnOnce() -> T) -> (T, Duration) {
    let start = std::time::Instant::now();
    let value = action();
    (value, start.elapsed())
}

impl Step {
    /// The command, if it is about the whole workspace, with these features.
    fn with(&self, features: &[&str]) -> Invocation {
        let mut arguments: Vec<String> = self.arguments.iter().map(|&argument| argument.to_owned()).collect();
        let workspace = arguments.iter().position(|argument| argument == "--workspace");
        if let Some(place) = workspace.filter(|_| !features.is_empty()) {
            arguments.splice(place + 1..=place, ["--features".to_owned(), features.join(",")]);
        }
        Invocation { name: self.name, arguments, environment: self.environment }
    }
}

/// A step with everything that is typed.
struct Invocation {
    name: &'static str,
    arguments: Vec<String>,
    environment: &'static [(&'static str, &'static str)],
}

impl Invocation {
    fn with_arguments(mut self, arguments: impl IntoIterator<Item = String>) -> Self {
        self.arguments.extend(arguments);
        self
    }

    fn run(&self) -> Result<(), String> {
        let status = cargo()
            .args(&self.arguments)
            .envs(self.environment.iter().copied())
            .status()
            .map_err(|error| format!("{}: cargo did not start: {error}", self.name))?;
        if status.success() { Ok(()) } else { Err(format!("{}: {status}; to repeat it: {self}", self.name)) }
    }
}

/// As one would type it in a shell.
impl std::fmt::Display for Invocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (name, value) in self.environment {
            write!(f, "{name}='{value}' ")?;
        }
        write!(f, "cargo {}", self.arguments.join(" "))
    }
}

/// The cargo that runs this program, so that `cargo +nightly xtask` means nightly throughout.
fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(workspace_root());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSES: Step = Step { name: "passes", arguments: &["--version"], environment: &[] };
    const FAILS: Step = Step { name: "fails", arguments: &["--no-such-flag"], environment: &[("A", "b c")] };
    const FAILS_TOO: Step = Step { name: "fails too", arguments: &["--no-such-flag"], environment: &[] };

    #[test]
    fn steps_that_pass_pass() {
        assert_eq!(run(&[PASSES, PASSES], &[]), Ok(()));
    }

    #[test]
    fn the_first_failure_is_the_one_reported_and_says_how_to_repeat_it() {
        let reason = run(&[PASSES, FAILS, FAILS_TOO], &[]).expect_err("two of the steps fail");
        assert!(reason.starts_with("fails: exit status: "), "{reason}");
        assert!(reason.ends_with("to repeat it: A='b c' cargo --no-such-flag"), "{reason}");
    }

    #[test]
    fn features_are_those_of_the_whole_workspace() {
        let told = |step: &Step, features: &[&str]| step.with(features).to_string();
        assert_eq!(
            told(&LINTS, &["cli/postgres", "cli/mariadb"]),
            "cargo clippy --workspace --features cli/postgres,cli/mariadb --all-targets -- -D warnings"
        );
        assert_eq!(told(&FORMAT, &["cli/postgres"]), "cargo fmt --all --check");
        assert_eq!(told(&LINTS, &[]), "cargo clippy --workspace --all-targets -- -D warnings");
    }
}
