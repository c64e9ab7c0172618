//! The folder of results.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use harness_core::TestResult;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::{Left, program};

fn run_all(folder: &Path, more: &[&str]) -> Left {
    let folder = folder.to_str().expect("temporary folders have plain names");
    program([&["run-all", "-p", "3", "-o", folder], more].concat()).run()
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    entries.map(|entry| entry.expect("it is readable").file_name().into_string().expect("UTF-8")).collect()
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("it is readable");
    serde_json::from_str(&text).expect("it is JSON")
}

fn scenarios() -> usize {
    suite::catalog(1).all_scenarios().len()
}

#[test]
fn the_folder_has_one_file_a_scenario_and_a_summary() {
    let left = program(["run-all", "-p", "3"]).run();
    let folder = left.folder.path().join("target/test-results");
    let mut names = names(&folder);
    assert!(names.remove("summary.json"), "{names:?}");
    assert_eq!(names.len(), scenarios());
    assert_eq!(names.first().map(String::as_str), Some("result_001_simple_commit_three_participants.json"));
    for name in names {
        let text = fs::read(folder.join(&name)).expect("it is readable");
        let result: TestResult = serde_json::from_slice(&text).expect("it is a result");
        assert!(result.passed && name.ends_with(&format!("_{}.json", result.scenario_name)), "{name}");
    }
    let summary = read(&folder.join("summary.json"));
    assert_eq!((&summary["passed"], &summary["exit_code"]), (&true.into(), &0.into()));
    assert_eq!(summary["runs"]["total"], scenarios());
    assert!(left.out.ends_with("results in target/test-results\n"), "{}", left.out);
}

#[test]
fn a_result_has_the_documented_fields() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    run_all(folder.path(), &[]).passed();
    let result = read(&folder.path().join("result_001_simple_commit_three_participants.json"));
    for field in [
        "schema_version",
        "scenario_name",
        "category",
        "seed",
        "passed",
        "duration_ms",
        "virtual_ms",
        "outcomes",
        "validation",
        "metrics",
        "sla",
        "meets_sla",
        "replay",
    ] {
        assert!(result.get(field).is_some(), "{field} is missing");
    }
    for field in
        ["txn_count", "txn_committed", "txn_aborted", "txn_failed", "prepare_p50_ms", "commit_p999_ms"]
    {
        assert!(result["metrics"][field].is_number(), "{field} is missing");
    }
    assert_eq!(result["validation"]["verdict"], "valid");
    assert!(result["validation"]["checks"].as_array().is_some_and(|checks| !checks.is_empty()));
}

#[test]
fn each_seed_has_its_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    run_all(folder.path(), &["--seed", "4", "--seeds", "2"]).passed();
    let names = names(folder.path());
    assert_eq!(names.len(), 2 * scenarios() + 1);
    for seed in [4, 5] {
        let name = format!("result_002_all_yes_commits_seed_{seed}.json");
        assert_eq!(read(&folder.path().join(name))["seed"], seed);
    }
}

#[test]
fn json_is_what_the_files_say() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out: Value = serde_json::from_str(&run_all(folder.path(), &["--json"]).passed()).expect("JSON");
    assert_eq!(out["summary"], read(&folder.path().join("summary.json")));
    let results = out["results"].as_array().expect("an array");
    assert_eq!(results.len(), scenarios());
    for (result, number) in results.iter().zip(1..) {
        let name = format!("result_{number:03}_{}.json", result["scenario_name"].as_str().expect("a name"));
        assert_eq!(*result, read(&folder.path().join(name)));
    }
}

#[test]
fn earlier_results_are_replaced_and_other_files_are_left_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ours =
        ["result_999_gone.json", "result_002_all_yes_commits_seed_9.json", ".result_001_x.json.partial"];
    let others = ["result_1_x.json", "results.json", "result_001_x.json.bak", "notes.txt"];
    for name in ours.iter().chain(&others) {
        fs::write(folder.path().join(name), "kept").expect("it is writable");
    }
    fs::create_dir(folder.path().join("result_998_a_folder.json")).expect("it is writable");
    run_all(folder.path(), &[]).passed();
    // A second time, over a summary of our own.
    run_all(folder.path(), &[]).passed();
    let names = names(folder.path());
    assert!(ours.iter().all(|name| !names.contains(*name)), "{names:?}");
    assert!(others.iter().all(|name| names.contains(*name)), "{names:?}");
    assert_eq!(names.len(), scenarios() + 1 + others.len() + 1, "{names:?}");
}

#[test]
fn a_summary_of_somebody_else_is_not_replaced() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("summary.json"), "{\"mine\": true}").expect("it is writable");
    let left = run_all(folder.path(), &[]);
    assert_eq!((left.code, left.out.as_str()), (Some(3), ""));
    assert!(
        left.err.contains("summary.json was not written by 2pc-test; choose another folder"),
        "{}",
        left.err
    );
    assert_eq!(names(folder.path()).len(), 1);
}

/// Permissions do not stop everybody, such as root; a file in the way does.
#[test]
fn a_folder_that_cannot_be_written_is_told_before_anything_runs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("it is writable");
    for output in [file.clone(), file.join("below")] {
        let left = run_all(&output, &[]);
        assert_eq!((left.code, left.out.as_str()), (Some(3), ""));
        let path = output.to_str().expect("it is plain");
        assert!(left.err.starts_with(&format!("error: cannot create the folder {path}: ")), "{}", left.err);
    }
}

#[test]
fn two_runs_do_not_share_a_folder() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let other_run = File::open(folder.path()).expect("it is readable");
    other_run.lock().expect("nobody else has it");
    let left = run_all(folder.path(), &[]);
    assert_eq!((left.code, left.out.as_str()), (Some(3), ""));
    assert!(left.err.contains("is in use by another run; choose another folder"), "{}", left.err);
}

/// A folder in the place of a file is the one thing that stops writing for root, too.
#[test]
fn a_result_that_cannot_be_written_leaves_nothing_half_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("result_003_one_no_aborts.json")).expect("it is writable");
    let left = run_all(folder.path(), &[]);
    assert_eq!(left.code, Some(3));
    assert!(left.err.contains("error: cannot write "), "{}", left.err);
    assert!(left.err.contains("/result_003_one_no_aborts.json: "), "{}", left.err);
    let expected = [1, 2, 3].map(|number| format!("result_{number:03}"));
    let names = names(folder.path());
    assert!(
        names.len() == 3 && names.iter().zip(&expected).all(|(one, other)| one.starts_with(other)),
        "{names:?}"
    );
}

/// What was found weighs more than what could not be written down, also when it is found by the same run.
#[test]
fn a_failure_is_told_though_results_cannot_be_written() {
    for blocked in
        ["result_002_all_yes_commits.json", "result_003_one_no_aborts.json", ".summary.json.partial"]
    {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join(blocked)).expect("it is writable");
        let output = folder.path().to_str().expect("temporary folders have plain names");
        let fault = "participant::before_prepare@rm2=1*return(vote no)";
        let left = program(["run-all", "-p", "3", "-o", output]).env("FAILPOINTS", fault).run();
        assert_eq!(left.code, Some(1), "{blocked}: {}", left.out);
        assert!(left.err.contains("error: cannot write "), "{}", left.err);
        assert!(left.out.contains("\nall_yes_commits (seed 0): FAILED\n"), "{}", left.out);
        assert!(left.out.contains("pass rate") && !left.out.contains("results in"), "{}", left.out);
    }
}

/// A limit on the size of files lets a part of a result through and then fails, as a full disk does.
#[test]
fn a_full_disk_leaves_nothing_half_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" run-all -p 3 -o results";
    let mut shell = Command::new("sh");
    let shell = shell.args(["-c", script, env!("CARGO_BIN_EXE_2pc-test")]).current_dir(folder.path());
    let left = Left::new(shell.output().expect("a shell"), folder);
    assert_eq!(left.code, Some(3));
    assert!(left.err.starts_with("error: cannot write results/result_001_simple_commit"), "{}", left.err);
    assert_eq!(names(&left.folder.path().join("results")).len(), 0);
}

#[test]
fn ctrl_c_leaves_whole_files() {
    let mut program = program(["run-all", "-p", "3", "--seeds", "100", "-o", "results"]);
    let mut child = program.command.stdout(Stdio::piped()).spawn().expect("it starts");
    let out = BufReader::new(child.stdout.take().expect("it is piped"));
    // The third line is that of the first scenario.
    assert_eq!(out.lines().take(3).count(), 3);
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).expect("it still runs");
    assert_eq!(child.wait().expect("it ends").signal(), Some(Signal::SIGINT as i32));
    let folder = program.folder.path().join("results");
    let names = names(&folder);
    assert!(names.len() >= 100 && !names.contains("summary.json"), "{} files", names.len());
    for name in names {
        assert!(read(&folder.join(&name)).is_object(), "{name}");
    }
}
