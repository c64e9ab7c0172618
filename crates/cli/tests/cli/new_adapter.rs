//! `new-adapter`: what it refuses, and that what it writes builds, passes, and finds each of its bugs.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::program;

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is readable");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("it is listed").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_crate_is_written_whole_and_the_next_steps_are_told() {
    for kind in ["async", "pure"] {
        let left = program(["new-adapter", "my-own", "--kind", kind]).run();
        assert_eq!((left.code, left.err.as_str()), (Some(0), ""));
        assert!(left.out.contains("\n  cd my-own\n  cargo test "), "{}", left.out);
        assert_eq!(names_in(left.folder.path()), ["my-own"], "nothing is left beside it");
        let crate_folder = left.folder.path().join("my-own");
        assert_eq!(names_in(&crate_folder), [".gitignore", "Cargo.toml", "src", "tests"]);
        let test = fs::read_to_string(crate_folder.join("tests/conformance.rs")).expect("it is written");
        assert!(test.contains("use my_own::"), "{test}");
    }
}

#[test]
fn what_exists_is_left_alone_and_what_cannot_be_is_refused() {
    let taken = program(["new-adapter", "taken"]);
    fs::write(taken.folder.path().join("taken"), "mine").expect("a file is written");
    let left = taken.run();
    assert_eq!(left.code, Some(2), "{}", left.err);
    assert!(left.err.contains("taken exists: choose another name"), "{}", left.err);
    assert_eq!(fs::read_to_string(left.folder.path().join("taken")).expect("it is still there"), "mine");
    let wrong: [&[&str]; 4] = [
        &["new-adapter", "../escaped"],
        &["new-adapter", "tokio"],
        &["new-adapter", "mine", "--kind", "sync"],
        &["new-adapter", "mine", "--path", "/nowhere"],
    ];
    for arguments in wrong {
        let left = program(arguments).run();
        assert_eq!(left.code, Some(2), "{arguments:?}: {}", left.err);
        assert!(left.err.starts_with("error: ") && left.out.is_empty(), "{}", left.err);
        assert_eq!(names_in(left.folder.path()), [""; 0], "{arguments:?}");
    }
}

/// Builds are kept below the workspace's own.
fn built() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_2pc-test"));
    program.parent().and_then(Path::parent).expect("a program lies in target/PROFILE").join("made-adapters")
}

/// What stands in the environment for those that cargo or nextest start, and is not meant for a shell of a user's.
fn plain(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env("CARGO_TARGET_DIR", built()).env("CARGO_NET_OFFLINE", "true");
    for (name, _) in env::vars() {
        let is_ours = name.starts_with("CARGO_") && name != "CARGO_HOME";
        if (is_ours && name != "CARGO_TARGET_DIR" && name != "CARGO_NET_OFFLINE")
            || name.starts_with("NEXTEST")
        {
            command.env_remove(&name);
        }
    }
    command
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Makes a crate of a kind, and runs all scenarios with it.
fn made(kind: &str, ignored: u32) -> (TempDir, PathBuf, String) {
    let left = program(["new-adapter", "made", "--kind", kind]).run();
    assert_eq!(left.code, Some(0), "{}", left.err);
    let folder = left.folder.path().join("made");
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let passes = plain(&cargo, &folder).arg("test").output().expect("cargo starts");
    let told = said(&passes);
    let counted = format!(" 0 failed; {ignored} ignored;");
    assert!(passes.status.success() && told.contains(&counted), "{told}");
    // Such as of a package that is to be optimised and is not there.
    assert!(!told.contains("warning:"), "{told}");
    (left.folder, folder, cargo)
}

/// The conformance test of a crate that was made, with these arguments.
fn conformance(cargo: &str, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = plain(cargo, folder);
    command.args(["test", "--test", "conformance", "--"]).args(arguments);
    command
}

/// One test, because the two kinds are built from the same crates, one after the other.
#[test]
fn what_was_made_passes_finds_each_bug_and_refuses_wrong_usage_sweep() {
    made("pure", 28);
    let (_kept, folder, cargo) = made("async", 0);
    let started = |arguments: &[&str], variables: &[(&str, &[u8])]| {
        let variables = variables.iter().map(|&(name, value)| (name, OsStr::from_bytes(value)));
        conformance(&cargo, &folder, arguments).envs(variables).output().expect("cargo starts")
    };
    for (bug, property, scenarios) in [
        ("commit_before_durable", "write-ahead", "basic::"),
        ("timeout_is_yes", "unanimity", "network_partitions::"),
        ("decision_sent_once", "agreement", "network_partitions::"),
    ] {
        let fails = started(&[scenarios], &[("BUG", bug.as_bytes())]);
        let told = said(&fails);
        assert!(
            !fails.status.success() && told.contains(&format!("  {property}: VIOLATED")),
            "{bug}: {told}"
        );
        shows_again(&folder, bug, &told);
    }
    for (variables, reason) in [
        (&[("FAILPOINTS", &b"foo"[..])][..], "error: FAILPOINTS: \"foo\" is not of the form POINT=ACTIONS"),
        (&[("FAILPOINTS", b"\xff")], "error: FAILPOINTS: it is not valid UTF-8"),
        (&[("SEEDS", b"\xff")], "error: SEEDS=\u{fffd} cannot be: use a whole number from 1"),
        (
            &[("SEED", b"18446744073709551615"), ("SEEDS", b"2")],
            "error: SEEDS=2 from SEED=18446744073709551615",
        ),
    ] {
        let wrong = started(&["basic::"], variables);
        let told = said(&wrong);
        assert!(!wrong.status.success() && told.contains(reason), "{told}");
        assert!(told.contains("exit status: 2") && !told.contains("test result"), "{told}");
    }
    let several = started(&["--exact", "basic::all_yes_commits", "basic::one_no_aborts"], &[]);
    let told = said(&several);
    assert!(several.status.success() && told.contains("ok. 2 passed; 0 failed"), "{told}");
}

/// As a user would: the line is taken as it stands, and pasted into a shell.
fn shows_again(folder: &Path, bug: &str, told: &str) {
    let replay = told.lines().find_map(|line| line.strip_prefix("to see it again: ")).expect("it is told");
    assert!(replay.starts_with(&format!("BUG={bug} SEED=0 cargo test -p made ")), "{replay}");
    let again = plain("sh", folder).args(["-c", replay]).output().expect("a shell starts");
    let scenario = replay.rsplit("::").next().expect("a test has a name");
    let again_told = said(&again);
    assert!(!again.status.success(), "{again_told}");
    assert!(again_told.contains(&format!("{scenario} with 3 participants, seed 0")), "{again_told}");
    assert!(again_told.contains(": VIOLATED") && again_told.contains("0 passed; 1 failed"), "{again_told}");
}
