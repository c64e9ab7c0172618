//! What becomes of runs, and how that is told.

use std::fs::File;
use std::process::{Command, Stdio};

use harness_core::TestResult;
use serde_json::Value;

use crate::{passes, program};

#[test]
fn a_durable_decision_is_one_commit_after_recovery() {
    let out = passes(["run-scenario", "coordinator_crash_after_prepare"]);
    assert!(out.contains("1 committed, 0 aborted"), "{out}");
    assert!(out.contains("1 fault, 1 recovery"), "{out}");
}

#[test]
fn a_participant_that_dies_before_its_vote_is_one_abort() {
    let out = passes(["run-scenario", "single_participant_crash"]);
    assert!(out.contains("0 committed, 1 aborted"), "{out}");
}

#[test]
fn names_match_however_they_are_written() {
    for name in
        ["COORDINATOR-CRASH-AFTER-PREPARE", "Coordinator crash after prepare", "coordinatorCrashAfterPrepare"]
    {
        passes(["run-scenario", name, "-p", "3"]);
    }
    passes(["run-scenario", "coordinator", "crash", "after", "prepare", "-p", "3"]);
    let out = passes(["run-category", "BASIC", "-p", "3"]);
    assert!(out.contains("passed        single_participant_crash"), "{out}");
    assert!(out.contains("pass rate 100.0 %"), "{out}");
}

#[test]
fn verbose_prints_the_timeline_and_every_check() {
    let out = passes(["run-scenario", "coordinator_crash_after_prepare", "-p", "3", "-v"]);
    let order =
        ["tm   begins t1", "tm   CRASHES", "tm   restarts", "tells the client: t1 committed", "agreement"];
    let places: Vec<_> = order.iter().map(|text| out.find(text)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}\n{out}");
}

#[test]
fn a_scenario_that_needs_more_participants_gets_them_and_says_so() {
    let out = passes(["run-scenario", "hundred_participants_in_one_transaction", "-p", "3"]);
    assert!(out.contains("it takes at least 100 participants, 3 were asked for"), "{out}");
    let out = passes(["run-category", "basic", "-p", "3"]);
    let line = out.lines().find(|line| line.contains("hundred_participants")).expect("it ran");
    assert!(line.ends_with("takes at least 100 participants"), "{line}");
}

#[test]
fn a_scenario_that_takes_fewer_participants_says_so() {
    let out = passes(["run-scenario", "sync_stalls_under_load_conserve_the_total", "-p", "7"]);
    assert!(out.contains("it takes at most 5 participants, 7 were asked for"), "{out}");
}

#[test]
fn seeds_are_counted_up_and_each_is_a_result() {
    let out = passes(["run-scenario", "one_no_aborts", "-p", "3", "--seed", "7", "--seeds", "3", "--json"]);
    let results: Vec<TestResult> =
        out.lines().map(|line| serde_json::from_str(line).expect("one result a line")).collect();
    assert_eq!(results.iter().map(|result| result.seed).collect::<Vec<_>>(), [7, 8, 9]);
    let out = passes(["run-scenario", "one_no_aborts", "-p", "3", "--seed", "7", "--seeds", "3"]);
    assert!(out.contains("3 of 3 seeds"), "{out}");
}

#[test]
fn the_same_seed_draws_the_same_random_run() {
    let digest = |seed: &str| {
        let out = passes(["random", "-p", "5", "-t", "20", "--seed", seed, "--json"]);
        let result: TestResult = serde_json::from_str(&out).expect("one result");
        assert_eq!(result.replay, format!("2pc-test random -p 5 -t 20 --seed {seed}"));
        result.digest
    };
    assert_eq!(digest("4"), digest("4"));
    assert_ne!(digest("4"), digest("5"));
}

#[test]
fn a_category_as_json_is_one_object() {
    let out: Value =
        serde_json::from_str(&passes(["run-category", "basic", "-p", "3", "--json"])).expect("JSON");
    let results = out["results"].as_array().expect("an array");
    assert_eq!(out["summary"]["runs"]["passed"], results.len());
    assert_eq!(out["summary"]["scenarios"].as_array().map(Vec::len), Some(results.len()));
    for result in results {
        serde_json::from_value::<TestResult>(result.clone()).expect("a result");
    }
}

const ONE_VOTES_NO: &str = "participant::before_prepare@rm2=1*return(vote no)";

#[test]
fn a_run_that_does_not_pass_says_why_and_exits_with_1() {
    let left = program(["run-scenario", "all_yes_commits", "-p", "3"]).env("FAILPOINTS", ONE_VOTES_NO).run();
    assert_eq!(left.code, Some(1));
    assert!(left.out.contains("expected 1 committed, found 0"), "{}", left.out);
    let left = program(["run-category", "basic", "-p", "3"]).env("FAILPOINTS", ONE_VOTES_NO).run();
    assert_eq!(left.code, Some(1));
    assert!(left.out.contains("FAILED        all_yes_commits"), "{}", left.out);
}

#[test]
fn the_command_that_shows_a_failure_again_works_when_pasted() {
    let arguments = ["run-category", "basic", "-p", "3", "--seed", "5"];
    let left = program(arguments).env("FAILPOINTS", ONE_VOTES_NO).run();
    let mut failures =
        left.out.split("\n\n").filter(|part| part.starts_with("all_yes_commits (seed 5): FAILED"));
    let failure = failures.next().expect("the failure is told").to_owned();
    let (_, command) = failure.split_once("to see it again: ").expect("it says how to see it again");
    let again = Command::new("sh").args(["-c", command]).env_remove("FAILPOINTS").output().expect("a shell");
    assert_eq!(again.status.code(), Some(1));
    let again = String::from_utf8_lossy(&again.stdout);
    assert!(again.contains("all_yes_commits: FAILED with 3 participants, seed 5"), "{again}");
}

/// As it is written, and at which step of which node it has something to strike.
const EACH_KIND: [(&str, &str); 19] = [
    ("crash 50", "coordinator::after_decision_forced@tm"),
    ("vote no", "participant::before_prepare@rm2"),
    ("pause 50", "participant::before_prepare@rm2"),
    ("slow node 20", "participant::before_prepare@rm2"),
    ("clock -5", "participant::before_prepare@rm2"),
    ("loss 100", "participant::before_prepare@rm2"),
    ("delay 20", "participant::before_prepare@rm2"),
    ("duplicate 20", "participant::before_prepare"),
    ("reorder 20", "participant::before_prepare"),
    ("corrupt 100", "participant::before_prepare@rm2"),
    ("partition 300", "participant::before_prepare@rm2"),
    ("slow sync 50", "participant::before_prepare@rm2"),
    ("failing sync", "participant::before_prepare@rm2"),
    ("disk full 500", "participant::before_prepare@rm2"),
    ("torn tail", "participant::before_prepare@rm2"),
    ("corrupt record 50", "participant::after_ack_sent@rm2"),
    ("wiped", "participant::after_vote_sent@rm2"),
    ("lock timeout", "participant::after_execute@rm2"),
    ("prepared limit 0", "participant::before_execute@rm2"),
];

#[test]
fn fail_points_cause_each_kind_of_fault_that_needs_no_more_than_a_number() {
    let arguments = ["run-scenario", "all_yes_commits", "-p", "3", "-v"];
    let plain = passes(arguments);
    for (fault, step) in EACH_KIND {
        let failpoints = format!("{step}=1*return({fault})");
        let left = program(arguments).env("FAILPOINTS", &failpoints).run();
        assert_eq!(left.err, "", "{failpoints}");
        assert!(matches!(left.code, Some(0 | 1)), "{failpoints}: {:?}", left.code);
        let kind = fault.trim_end_matches(|letter: char| "-0123456789 ".contains(letter));
        let struck = |line: &&str| {
            line.ends_with(&format!("fault: {kind}")) || line.contains(&format!("fault: {kind} at"))
        };
        assert!(left.out.lines().any(|line| struck(&line)), "{failpoints}:\n{}", left.out);
        // Beside the fault itself something is not as it was; no timer fires here that a clock could have changed.
        let rest = |out: &str| -> Vec<String> {
            out.lines().filter(|line| !line.contains("fault: ")).map(str::to_owned).collect()
        };
        assert!(rest(&left.out) != rest(&plain) || kind == "clock", "{failpoints}:\n{}", left.out);
    }
}

#[test]
fn fail_points_that_nobody_passes_are_told() {
    let inert = "participant::before_prepare@rm9=1*return(vote no)";
    let left = program(["run-scenario", "all_yes_commits", "-p", "3"]).env("FAILPOINTS", inert).run();
    assert_eq!((left.code, left.err.as_str()), (Some(0), "warning: no fault of FAILPOINTS fired\n"));
    let left = program(["run-scenario", "all_yes_commits", "-p", "3"]).env("FAILPOINTS", ONE_VOTES_NO).run();
    assert_eq!((left.code, left.err.as_str()), (Some(1), ""));
}

#[test]
fn fail_points_that_find_nothing_to_strike_change_nothing_and_are_told() {
    let plain = passes(["run-scenario", "all_yes_commits", "-p", "3", "-v"]);
    let timeline = |out: &str| out.split("all_yes_commits: ").next().map(str::to_owned);
    for fault in ["corrupt record", "wiped"] {
        let in_an_empty_log = format!("participant::before_prepare@rm2=1*return({fault})");
        let arguments = ["run-scenario", "all_yes_commits", "-p", "3", "-v"];
        let left = program(arguments).env("FAILPOINTS", &in_an_empty_log).run();
        assert_eq!((left.code, left.err.as_str()), (Some(0), "warning: no fault of FAILPOINTS fired\n"));
        assert_eq!(timeline(&left.out), timeline(&plain), "{fault}");
    }
}

/// The coordinator is lost for ever, which the scenario did not allow: participants stay in doubt.
#[test]
fn a_violation_comes_with_its_evidence() {
    let lost = "coordinator::after_decision_forced=1*return(crash never)";
    let left = program(["run-scenario", "all_yes_commits", "-p", "3"]).env("FAILPOINTS", lost).run();
    assert_eq!(left.code, Some(1));
    for part in
        ["all_yes_commits: VIOLATED", "nothing left over  VIOLATED", "is still in doubt about t1 at the end"]
    {
        assert!(left.out.contains(part), "{part} is missing:\n{}", left.out);
    }
}

#[test]
fn violations_that_are_not_kept_are_counted() {
    let lost = "coordinator::after_decision_forced=1*return(crash never)";
    let left = program(["run-scenario", "all_yes_commits", "-p", "20"]).env("FAILPOINTS", lost).run();
    assert!(left.out.contains("termination        VIOLATED  1 checked, 20 violated\n"), "{}", left.out);
    assert!(left.out.contains("\n    and 4 more\n"), "{}", left.out);
    assert_eq!(left.out.matches(" more\n").count(), 2, "{}", left.out);
}

#[test]
fn a_recovery_that_takes_no_time_is_one() {
    let crash = "participant::before_execute=1*return(crash 1)";
    let left = program(["run-scenario", "all_yes_commits", "-p", "3"]).env("FAILPOINTS", crash).run();
    assert!(left.out.contains("\n  recovery  p50 0.00 ms, p99 0.00 ms\n"), "{}", left.out);
    let out = passes(["run-scenario", "all_yes_commits", "-p", "3"]);
    assert!(out.contains("0 recoveries") && !out.contains("recovery  p50"), "{out}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    for arguments in [&["list"][..], &["run-scenario", "hundred_in_flight", "-v"], &["run-all", "-p", "3"]] {
        let mut program = program(arguments);
        let mut child =
            program.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
    }
}

#[test]
fn an_output_that_cannot_be_written_is_told_from_success() {
    for arguments in [&["list"][..], &["--help"], &["--version"], &["help", "soak"]] {
        let mut program = program(arguments);
        let full = File::options().write(true).open("/dev/full").expect("it is always full");
        let output = program.command.stdout(full).output().expect("it starts");
        assert_eq!(output.status.code(), Some(3), "{arguments:?}");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.starts_with("error: cannot write to standard output: "), "{arguments:?}: {told}");
    }
}
