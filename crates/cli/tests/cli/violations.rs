//! A soak in which something is broken: what is kept of it, and what is told.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::binary;
use crate::soaks::{Ended, Started, command};

/// A participant loses what it has promised where it promises more often than elsewhere: in the first epoch, and in the
/// last, before which all is well.
const WIPED: &str = "participant::after_prepare_forced@rm1=33*off->1*return(wiped)";
/// The coordinator is lost in every epoch.
const LOST: &str = "coordinator::after_decision_forced=5*off->1*return(crash never)";
const SOAK: [&str; 5] = ["soak", "--duration=8m", "--epoch=1m", "--participants=5", "--faults=1/min"];

fn broken(folder: &Path, more: &[&str]) -> Ended {
    let mut command = command(folder, &[&SOAK[..], more].concat());
    command.env("FAILPOINTS", WIPED);
    Started::new(folder, command).end()
}

/// Types a command that was printed.
fn type_in(folder: &Path, line: &str) -> (Option<i32>, String) {
    let line = line.replace("2pc-test", "\"$PROGRAM\"");
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).env("PROGRAM", binary()).current_dir(folder).env_remove("FAILPOINTS");
    let output = shell.output().expect("there is a shell");
    (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn an_epoch_that_does_not_pass_is_kept_and_runs_again_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let ended = broken(folder, &[]);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.out.contains("\n8 epochs validated: 2 VIOLATED, 0 did not pass for another reason\n"));
    let record = fs::read_to_string(folder.join("state/cluster-0000/record")).expect("there is a record");
    let lines: Vec<&str> = record.lines().collect();
    let commands: Vec<&str> =
        ended.err.lines().filter_map(|line| line.strip_prefix("  to see it again: ")).collect();
    let [first, last] = commands[..] else { panic!("{}", ended.err) };
    for (line, epoch) in [(lines[0], first), (lines[7], last)] {
        let (code, told) = type_in(folder, epoch);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains("): VIOLATED\n") && told.contains("\n  durability         VIOLATED"), "{told}");
        let (_, digest) = line.split_once("\"digest\":\"").expect("a line has a digest");
        assert!(told.ends_with(&format!("\ndigest {}\n", &digest[..16])), "{told}");
    }
    let (code, told) = type_in(folder, "2pc-test check state/cluster-0000-epoch-000007/history.jsonl");
    assert_eq!(code, Some(1));
    assert!(told.contains(" rm1 loses its record \"prepared\" of "), "{told}");
    let (code, told) = type_in(folder, "2pc-test soak --replay state/cluster-0000-epoch-000007");
    assert_eq!(code, Some(2));
    let words =
        "error: the epoch was run with other fail points: to see it again, type FAILPOINTS='participant::";
    assert!(told.starts_with(words), "{told}");
    let (code, told) = type_in(folder, "2pc-test soak --replay state");
    let words = "error: state has no epoch that did not pass: name the folder that was told with it\n";
    assert_eq!((code, told.as_str()), (Some(2), words));
}

#[test]
fn it_stops_when_it_is_told_to_and_goes_on_from_there() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let left = [
        "not finished: cluster 0 is at epoch 1 of 8, and 2 others are not done either; the same command goes on",
        "not finished: cluster 1 is at epoch 0 of 8, and another one is not done either; the same command goes on",
    ];
    for left in left {
        let ended = broken(folder.path(), &["--stop-on-violation", "--clusters=3", "--jobs=1"]);
        assert_eq!(ended.code, Some(1), "{}", ended.err);
        assert!(ended.out.contains(left), "{}", ended.out);
    }
}

#[test]
fn without_a_folder_it_is_kept_where_builds_are() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut soak = crate::program(SOAK).env("FAILPOINTS", WIPED);
    soak.command.arg("--stop-on-violation").current_dir(folder.path());
    let left = soak.run();
    assert_eq!(left.code, Some(1));
    assert!(left.out.ends_with("; begun with --state, it could go on from there\n"), "{}", left.out);
    let kept = folder.path().join("target/soak/cluster-0000-epoch-000000");
    let names = fs::read_dir(kept).expect("it is there").flatten().map(|entry| entry.file_name());
    let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    assert_eq!(names, ["beginning", "history.jsonl", "result.json"]);
}

/// Where files may have so many bytes, what is written at the beginning is in order, and the history of an epoch is not.
fn in_little_room(folder: &Path, failpoints: &str, more: &[&str]) -> Ended {
    let mut limited = Command::new("sh");
    let script = "trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\"";
    limited.args(["-c", script]).arg(binary()).args(SOAK).args(more).current_dir(folder);
    limited.env("FAILPOINTS", failpoints).env_remove("RUST_LOG");
    Started::new(folder, limited).end()
}

#[test]
fn what_cannot_be_kept_is_told_all_the_same() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (more, below, clusters) in [
        (&["--jobs=1"][..], "target/soak", 1),
        (&["--jobs=2", "--clusters=2"], "target/soak", 2),
        (&["--jobs=2", "--clusters=2", "--state=state"], "state", 2),
    ] {
        let left = in_little_room(folder.path(), LOST, more);
        assert_eq!(left.code, Some(1), "{}", left.err);
        for cluster in 0..clusters {
            let place = format!("epoch 0 of cluster {cluster} (seed ");
            assert!(left.out.contains(&format!("\nVIOLATED  {place}")), "{}", left.out);
            assert!(left.err.contains(&place) && left.err.contains(" did not pass:\n  "), "{}", left.err);
            let path = format!("{below}/cluster-000{cluster}-epoch-000000");
            let told = format!("error: cannot keep the epoch in {path}: File too large (os error 27)\n");
            assert!(left.err.contains(&told), "{}", left.err);
            let rest = ["", ".partial"].map(|end| folder.path().join(format!("{path}{end}")).exists());
            assert_eq!(rest, [false, false], "{path}");
        }
        let again = left
            .err
            .lines()
            .find_map(|line| line.strip_prefix("  it cannot be kept here; to see it again elsewhere: "));
        let (code, told) = type_in(folder.path(), again.expect("it is told how to see it again"));
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains("): VIOLATED\n") || told.contains("\nVIOLATED  epoch 0 of cluster "), "{told}");
        fs::remove_dir_all(folder.path().join("target")).expect("it was kept there now");
    }
}

#[test]
fn what_could_not_be_kept_is_kept_when_it_goes_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let full = in_little_room(folder.path(), WIPED, &["--state=state"]);
    let told = "not finished: cluster 0 is at epoch 1 of 8; the same command goes on from there\n";
    assert!(full.out.ends_with(told), "{}", full.out);
    let ended = broken(folder.path(), &[]);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.out.contains("\n8 epochs validated: 2 VIOLATED, "), "{}", ended.out);
    let commands = ended.err.lines().filter_map(|line| line.strip_prefix("  to see it again: "));
    let codes: Vec<Option<i32>> = commands.map(|command| type_in(folder.path(), command).0).collect();
    assert_eq!(codes, [Some(1), Some(1)], "{}", ended.err);
}

#[test]
fn whether_an_epoch_could_be_kept_is_known_before_anything_runs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("target"), "a file").expect("a file");
    let mut soak = crate::program(SOAK);
    soak.command.current_dir(folder.path());
    let left = soak.run();
    let told = "error: cannot keep epochs that do not pass in target/soak: Not a directory (os error 20); choose another folder with --state\n";
    assert_eq!((left.code, left.out.as_str(), left.err.as_str()), (Some(3), "", told));
    // And what passes leaves nothing.
    fs::remove_file(folder.path().join("target")).expect("ours");
    let mut soak = crate::program(SOAK);
    soak.command.current_dir(folder.path());
    soak.run().passed();
    assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 0);
}
