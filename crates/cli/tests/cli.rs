//! The program as its users meet it: what it prints, writes and exits with.

use std::process::{Command, Output};

/// Runs the program in the folder of its package.
fn program(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_2pc-test"))
        .args(arguments)
        .env_remove("FAILPOINTS")
        .env_remove("RUST_LOG")
        .output()
        .expect("the program starts")
}

#[test]
fn a_decision_that_was_durable_is_one_commit_after_recovery() {
    let output = program(&["run-scenario", "coordinator_crash_after_prepare"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("1 committed, 0 aborted"), "{text}");
    assert_eq!(output.status.code(), Some(0));
}
