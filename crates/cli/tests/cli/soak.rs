//! Soaks as their users meet them.

use crate::{passes, program};

/// Ten epochs of six minutes, which take a fraction of a second.
const SHORT: [&str; 8] =
    ["soak", "--duration", "1h", "--epoch", "6m", "--participants", "10", "--faults=3/min"];

fn short(more: &[&str]) -> String {
    let out = program(SHORT.iter().chain(more)).run();
    assert_eq!(out.code, Some(0), "{}{}", out.out, out.err);
    out.out
}

fn digest(out: &str) -> &str {
    let line = out.lines().find(|line| line.starts_with("digest "));
    line.unwrap_or_else(|| panic!("there is no digest in:\n{out}"))
}

#[test]
fn an_hour_passes_in_a_moment_and_comes_to_the_same_again() {
    let out = short(&[]);
    assert!(out.contains("10 epochs validated, all passed"), "{out}");
    assert!(out.contains("\n3600 transactions: "), "{out}");
    assert!(out.contains("\n180 faults, "), "{out}");
    assert_eq!(digest(&out), digest(&short(&[])));
    assert_ne!(digest(&out), digest(&short(&["--seed", "1"])));
}

#[test]
fn how_many_processes_and_machines_there_are_changes_nothing() {
    let out = short(&["--clusters", "3", "--jobs", "1"]);
    assert_eq!(digest(&out), digest(&short(&["--clusters", "3", "--jobs", "3"])));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let [a, b, both] = ["a", "b", "both"].map(path);
    short(&["--clusters", "3", "--shard", "1/2", "--state", &a]);
    let half = program(["merge", &a]).run();
    assert_eq!(half.code, Some(4));
    assert!(half.out.contains("missing: shard 2/2"), "{}", half.out);
    short(&["--clusters", "3", "--shard", "2/2", "--state", &b]);
    let merged = passes(["merge", &b, &a, "--output", &both]);
    assert_eq!(digest(&merged), digest(&out));
    assert_eq!(passes(["merge", &both, &a, &b, &both]), merged);
}
