//! What the program says of itself, and to whom it says no.

use std::fmt::Write;
use std::fs;

use crate::{passes, program};

#[test]
fn help_names_the_commands_and_the_exit_codes() {
    insta::assert_snapshot!(passes(["--help"]));
}

#[test]
fn help_of_a_command_names_its_options() {
    insta::assert_snapshot!(passes(["run-all", "--help"]));
    insta::assert_snapshot!("help_of_check_names_its_options", passes(["check", "--help"]));
}

#[test]
fn help_says_that_a_name_may_be_several_words() {
    for (command, name) in [("run-scenario", "<NAME>"), ("run-category", "<CATEGORY>")] {
        let help = passes([command, "--help"]);
        assert!(help.contains(&format!("\nUsage: 2pc-test {command} [OPTIONS] {name}\n")), "{help}");
        assert!(help.contains("several words are joined"), "{help}");
    }
}

/// Nothing runs and nothing is written before the arguments are known to make sense.
#[test]
fn wrong_usage_says_what_to_do_and_runs_nothing() {
    let wrong: [&[&str]; 32] = [
        &["run-al"],
        &["run-all", "-p", "0"],
        &["run-all", "-p", "-1"],
        &["run-all", "-p", "10001"],
        &["run-all", "-p", "abc"],
        &["run-all", "-p", "999999999999999999999999"],
        &["run-all", "--seed", "x"],
        &["run-all", "--seeds", "0"],
        &["run-all", "--seed", "18446744073709551615", "--seeds", "2"],
        &["run-all", "--seeds", "18446744073709551616"],
        &["run-scenario"],
        &["run-scenario", "coordinator_crash_after_prepair"],
        &["run-scenario", "basic"],
        &["run-category", "single participant crash"],
        &["run-category", "basics"],
        &["random", "-t", "0"],
        &["random", "--history", "-"],
        &["check"],
        &["check", "--level", "seriaizable", "x.edn"],
        &["check", "--level", "foo", "x.edn"],
        &["check", "--anomalies", "G9", "x.edn"],
        &["check", "--transaction-order", "0=1,0=2", "x.edn"],
        &["check", "--transaction-order", "-1=1", "x.edn"],
        &["check", "--budget", "-1", "x.edn"],
        &["check", "--assume", "luck", "x.edn"],
        &["mutants", "foo"],
        &["mutants", "no_vote_swalowed"],
        &["soak", "--duration", "-1h"],
        &["soak", "--epoch", "-1h"],
        &["soak", "--rate", "-1/s"],
        &["soak", "--faults", "-1/s"],
        &["soak", "--budget", "-1"],
    ];
    let mut said = String::new();
    for arguments in wrong {
        let left = program(arguments).run();
        assert_eq!((left.code, left.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert_eq!(fs::read_dir(left.folder.path()).expect("it is there").count(), 0, "{arguments:?}");
        let first = left.err.lines().next().unwrap_or_default();
        let _ = writeln!(said, "{}\n  {first}", arguments.join(" "));
    }
    insta::assert_snapshot!(said);
}

#[test]
fn a_category_like_no_other_is_answered_with_all_of_them() {
    let left = program(["list", "-c", "zzz"]).run();
    assert_eq!((left.code, left.out.as_str()), (Some(2), ""));
    assert!(
        left.err.starts_with("error: there is no category \"zzz\"; the categories are: Basic"),
        "{}",
        left.err
    );
}

#[test]
fn without_a_command_the_help_is_shown() {
    let left = program([""; 0]).run();
    assert_eq!(left.code, Some(2));
    assert!(left.err.contains("Usage: 2pc-test <COMMAND>"), "{}", left.err);
}

#[test]
fn a_wrong_environment_is_wrong_usage() {
    for (name, value, reason) in [
        ("FAILPOINTS", "coordinator::before_lunch=1*return(crash)", "error: FAILPOINTS: "),
        ("FAILPOINTS", "coordinator::before_decision_forced=50%return(crash)", "error: FAILPOINTS: "),
        (
            "FAILPOINTS",
            "participant::before_prepare=1*return(crash);participant::before_prepare=1*return(pause 3)",
            "error: FAILPOINTS: \"participant::before_prepare=1*return(crash)\" and ",
        ),
        ("RUST_LOG", "a=b=c", "error: RUST_LOG: "),
    ] {
        let left = program(["run-all"]).env(name, value).run();
        assert_eq!((left.code, left.out.as_str()), (Some(2), ""), "{value}");
        assert!(left.err.starts_with(reason), "{}", left.err);
        assert!(!left.folder.path().join("target").exists(), "{value}");
    }
}

#[test]
fn the_list_is_aligned_and_the_same_each_time() {
    let list = passes(["list"]);
    assert_eq!(list, passes(["list"]));
    let column = |line: &str| line.find("  Basic").map(|at| (at, line.len() > at + 9));
    let columns: Vec<_> = list.lines().filter(|line| line.contains("  Basic  ")).map(column).collect();
    assert!(columns.len() >= 19, "{list}");
    assert!(columns.windows(2).all(|pair| pair[0] == pair[1] && pair[0].is_some()), "{list}");
}

#[test]
fn the_list_as_json_has_the_same_names() {
    let rows: serde_json::Value =
        serde_json::from_str(&passes(["list", "-c", "BASIC", "--json"])).expect("JSON");
    let rows = rows.as_array().expect("an array");
    let names = rows.iter().map(|row| row["name"].as_str().expect("a name"));
    let list = passes(["list", "-c", "basic"]);
    let listed = list.lines().map(|line| line.split_whitespace().next().expect("a name"));
    assert!(names.eq(listed), "{list}");
    let crash = rows.iter().find(|row| row["name"] == "single_participant_crash").expect("it is listed");
    assert_eq!((&crash["category"], &crash["participants_min"]), (&"Basic".into(), &3.into()));
}

#[test]
fn logs_go_to_standard_error_when_asked_for() {
    let left = program(["run-scenario", "all_yes_commits", "--json"]).env("RUST_LOG", "debug").run();
    assert!(left.err.contains("DEBUG harness_core"), "{}", left.err);
    assert!(serde_json::from_str::<serde_json::Value>(&left.out).is_ok(), "{}", left.out);
}
