//! Each of the bugs is found by some scenario, with a command that shows it again; what is asked for wrongly is told before.

use std::env;
use std::path::Path;
use std::process::{Command, Output};

/// The conformance test, or a shell, as a user starts it.
fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .env_remove("NEXTEST")
        .env_remove("CARGO_PKG_NAME");
    command
}

fn told(output: &Output) -> String {
    assert!(!output.status.success(), "the bug is not found");
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The conformance test of the coordinator without a bug, with these arguments.
fn conformance(arguments: &[&str]) -> Command {
    let mut command = command(&env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.args(["test", "-p", "async-coordinator", "--test", "conformance", "--"]).args(arguments);
    command
}

#[test]
fn a_wrong_environment_is_wrong_usage_and_no_failure_sweep() {
    for (variables, reason) in [
        (&[("FAILPOINTS", "foo")][..], "error: FAILPOINTS: \"foo\" is not of the form POINT=ACTIONS"),
        (
            &[("SEED", "18446744073709551615"), ("SEEDS", "2")],
            "error: SEEDS=2 from SEED=18446744073709551615",
        ),
    ] {
        let wrong = conformance(&["basic::"]).envs(variables.iter().copied()).output().expect("cargo starts");
        let told = told(&wrong);
        assert!(told.contains(reason) && told.contains("exit status: 2"), "{told}");
        assert!(!told.contains("test result"), "{told}");
    }
}

#[test]
fn several_tests_are_run_by_their_names_sweep() {
    let names = ["basic::all_yes_commits", "basic::one_no_aborts"];
    let ran = conformance(&["--exact", names[0], names[1]]).output().expect("cargo starts");
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && told.contains("ok. 2 passed; 0 failed"), "{told}");
}

#[test]
fn each_bug_is_found_with_a_command_that_shows_it_again_sweep() {
    for (bug, property, scenarios) in [
        ("commit_before_durable", "write-ahead", "basic::"),
        ("timeout_is_yes", "unanimity", "network_partitions::"),
        ("decision_sent_once", "agreement", "network_partitions::"),
    ] {
        let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let arguments = ["test", "-p", "async-coordinator", "--test", "conformance", "--", scenarios];
        let found = command(&cargo).args(arguments).env("BUG", bug).output().expect("cargo starts");
        let found = told(&found);
        assert!(found.contains(&format!("  {property}: VIOLATED")), "{bug}: {found}");
        let replay =
            found.lines().find_map(|line| line.strip_prefix("to see it again: ")).expect("it is told");
        assert!(
            replay.starts_with(&format!("BUG={bug} SEED=0 cargo test -p async-coordinator ")),
            "{replay}"
        );
        let again = command("sh").args(["-c", replay]).output().expect("a shell starts");
        let again = told(&again);
        assert!(again.contains("VIOLATED") && again.contains("0 passed; 1 failed"), "{again}");
    }
}
