//! What is left of a run on real databases that did not come to its end, and what is told of one that did not begin.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getuid};

use crate::program;

/// Both servers are up, and stay so for seconds.
const LONG: [&str; 4] = ["run-scenario", "database_paused_at_commit", "--backend", "postgres,mariadb"];
const SHORT: [&str; 4] = ["run-scenario", "transfer_commits", "--backend", "postgres,mariadb"];

/// The folders of a process's runs.
fn folders(process: u32) -> Vec<PathBuf> {
    let base = std::env::temp_dir().join(format!("2pc-test-{}", getuid()));
    let entries = fs::read_dir(base).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_of = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(&format!("run-{process}-"))
    };
    entries.filter(is_of).collect()
}

/// The processes that serve a folder in it, by their command lines.
fn servers(folder: &Path) -> usize {
    let wanted = folder.to_string_lossy().into_owned() + "/";
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = processes.filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok());
    lines
        .filter(|line| line.contains(&wanted) && !line.contains("setpriv") && !line.starts_with("cp"))
        .count()
}

fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        std::thread::yield_now();
    }
}

/// A run with its servers up, and their folder.
fn begun() -> (Child, PathBuf) {
    let mut command = program(LONG).command;
    let child = command.current_dir("/").stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child = child.expect("the program starts");
    until(|| {
        assert_eq!(child.try_wait().expect("it is ours"), None, "it ended before its servers were up");
        folders(child.id()).first().is_some_and(|folder| servers(folder) >= 2)
    });
    let folder = folders(child.id()).remove(0);
    (child, folder)
}

#[test]
fn ctrl_c_leaves_neither_server_nor_folder() {
    let (mut child, folder) = begun();
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).expect("it still runs");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert_eq!((servers(&folder), folder.exists()), (0, false));
}

#[test]
fn kill_9_leaves_no_server_and_the_next_run_starts_clean_and_removes_the_folder() {
    let (mut child, folder) = begun();
    child.kill().expect("it still runs");
    child.wait().expect("it ends");
    until(|| servers(&folder) == 0);
    assert!(folder.exists(), "nobody was left to remove it");
    let told = program(SHORT).run().passed();
    assert!(told.contains("transfer_commits: passed"), "{told}");
    assert!(!folder.exists());
}

#[test]
fn the_history_of_a_run_that_does_not_come_again_is_kept_if_it_does_not_pass() {
    let lost = "coordinator::after_decision_forced=1*return(crash never)";
    let run = ["run-scenario", "transfer_commits", "--backend", "postgres,mariadb"];
    let left = program(run).env("FAILPOINTS", lost).run();
    let file = "target/histories/transfer_commits_seed_0.jsonl";
    assert!(left.code == Some(1) && left.out.contains(&format!("its history: {file}; ")), "{}", left.out);
    let judged = program(["check".as_ref(), left.folder.path().join(file).as_os_str()]).run();
    assert!(judged.code == Some(1) && judged.out.contains("still in doubt about t1"), "{}", judged.out);
    let passed = program(run).run();
    assert!(passed.code == Some(0) && !passed.folder.path().join("target").exists(), "{}", passed.out);
}

#[test]
fn what_databases_cannot_do_is_unsupported_also_if_the_environment_asks_for_it() {
    let torn = "coordinator::after_decision_forced=1*return(torn tail)";
    let left =
        program(["run-scenario", "transfer_commits", "--backend", "postgres"]).env("FAILPOINTS", torn).run();
    let told = "unsupported: real databases cannot do this: torn tail of any node";
    assert!(left.code == Some(3) && left.out.contains(told), "{}", left.out);
    let json = ["run-scenario", "transfer_commits", "--backend", "postgres", "--json"];
    let json = program(json).env("FAILPOINTS", torn).run();
    assert!(json.code == Some(3) && json.out.contains(r#""status":"unsupported""#), "{}", json.out);
    let url = "postgres://me@127.0.0.1:1/bank";
    let twice = program(["run-scenario", "transfer_commits", "--url", url, "--url", url]).run();
    assert!(twice.code == Some(2) && twice.err.contains("is named twice"), "{}", twice.err);
}

#[test]
fn epochs_in_real_time_pass_one_after_another() {
    let words =
        "soak --backend postgres,mariadb --wall-clock --duration 6s --epoch 3s --rate 50/s --faults 1/s";
    let told = program(words.split(' ')).run().passed();
    for part in ["soak_epoch_000000", "soak_epoch_000001", "2 runs: 2 passed", "300 transactions: "] {
        assert!(told.contains(part), "{told}");
    }
    let refused = program(["soak", "--backend", "postgres"]).run();
    assert!(refused.code == Some(2) && refused.err.contains("--wall-clock"), "{}", refused.err);
}

#[test]
fn a_database_that_cannot_be_reached_is_no_wrong_usage() {
    let nobody = "postgres://me:secret@127.0.0.1:1/bank";
    for arguments in
        [&["run-scenario", "transfer_commits", "--url", nobody][..], &["doctor", "--url", nobody]]
    {
        let left = program(arguments).run();
        let told = left.out + &left.err;
        assert_eq!(left.code, Some(3), "{arguments:?}: {told}");
        assert!(told.contains("postgres://me@127.0.0.1:1/bank: ") && told.contains("refused"), "{told}");
    }
    let left = program(["run-scenario", "transfer_commits", "--url", "oracle://me@there/bank"]).run();
    assert_eq!(left.code, Some(2), "{}", left.err);
}
