//! Soaks that are stopped, in whatever way: the same command goes on, and comes to what it would have come to.

use std::path::Path;

use crate::soaks::{EIGHT_HOURS, Ended, REAL_HOUR, Started, command, digest, kill_process, recorded, run};
use crate::{binary, program};

/// Goes on to the end, comes to what is expected, and leaves what says the same again.
#[track_caller]
fn goes_on(folder: &Path, expected: &str) -> Ended {
    let ended = run(folder, &EIGHT_HOURS);
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    assert_eq!(digest(&ended.out), expected, "{}", ended.err);
    let again = run(folder, &EIGHT_HOURS);
    assert_eq!((again.code, again.err.as_str(), digest(&again.out)), (Some(0), "", expected));
    ended
}

/// What it comes to that nobody disturbs.
fn undisturbed() -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    digest(&run(folder.path(), &EIGHT_HOURS).out).to_owned()
}

#[test]
fn what_is_killed_at_any_moment_ends_as_if_it_had_not_been() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let state = folder.path().join("state");
    // Moments that lie anywhere in an epoch, and in the life of a cluster.
    let mut moment: u64 = 0x2bc;
    let mut kills = 0;
    while kills < 12 {
        let mut started = Started::new(folder.path(), command(folder.path(), &EIGHT_HOURS));
        moment = moment.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if !started.wait_for_records(recorded(&state) + (moment >> 33) % 25_000) {
            break;
        }
        kills += 1;
        if kills % 2 == 0 { started.kill() } else { started.kill_all() }
    }
    assert!(kills > 5, "it was at its end after {kills} kills");
    let mut merge = program(["merge", "state"]);
    merge.command.current_dir(folder.path());
    let merged = merge.run();
    assert_eq!(
        (merged.code, merged.err.as_str()),
        (Some(4), ""),
        "what is unfinished counts as far as it is"
    );
    assert!(merged.out.contains("\nmissing: cluster 1 is at epoch "), "{}", merged.out);
    goes_on(folder.path(), &undisturbed());
}

/// Places are kept once a second. This goes on for seconds.
#[test]
fn what_is_killed_goes_on_from_where_its_place_was_kept() {
    let six_days =
        ["soak", "--duration=6d", "--epoch=6m", "--participants=10", "--faults=3/min", "--clusters=1"];
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut started = Started::new(folder.path(), command(folder.path(), &six_days));
    assert!(started.wait_for_place(), "it was at its end before a place was kept");
    assert!(started.wait_for_records(recorded(&folder.path().join("state")) + 10_000));
    started.kill_all();
    let ended = run(folder.path(), &six_days);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    let other = tempfile::tempdir().expect("a temporary folder");
    assert_eq!(digest(&ended.out), digest(&run(other.path(), &six_days).out));
}

#[test]
fn ctrl_c_stops_it_where_its_epochs_end() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut started = Started::new(folder.path(), command(folder.path(), &EIGHT_HOURS));
    assert!(started.wait_for_records(0));
    started.interrupt();
    let stopped = started.end();
    assert_eq!(stopped.code, Some(130), "{}", stopped.err);
    assert_eq!(stopped.err, "stopping when the epochs under way are over; once more stops at once\n");
    assert!(stopped.out.contains("; the same command goes on from there\n"), "{}", stopped.out);
    goes_on(folder.path(), &undisturbed());
}

#[test]
fn ctrl_c_twice_stops_it_at_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut started = Started::new(folder.path(), command(folder.path(), &REAL_HOUR));
    started.wait_for_worker();
    started.interrupt();
    started.wait_for_words("once more stops at once");
    started.interrupt();
    assert_eq!(started.end().code, Some(130));
}

#[test]
fn a_worker_that_is_killed_is_named_and_the_others_go_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut started =
        Started::new(folder.path(), command(folder.path(), &[&EIGHT_HOURS[..], &["--jobs=2"]].concat()));
    assert!(started.wait_for_records(0));
    kill_process(started.workers()[0]);
    let ended = started.end();
    assert_eq!(ended.code, Some(3), "{}", ended.err);
    let one =
        "error: cluster 0 (seed 16294208416658607535): its worker was killed by signal 9; the others go on\n";
    assert_eq!(ended.err, one);
    assert!(ended.out.contains("\nnot finished: cluster 0 is at epoch "), "{}", ended.out);
    assert!(!ended.out.contains("others"), "{}", ended.out);
    goes_on(folder.path(), &undisturbed());
}

#[test]
fn a_budget_ends_at_the_end_of_an_epoch() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let is_finished = |budget: &str| {
        let stopped = run(folder.path(), &[&EIGHT_HOURS[..], &[budget]].concat());
        assert_eq!((stopped.code, stopped.err.as_str()), (Some(0), ""), "{}", stopped.out);
        !stopped.out.contains("\nnot finished: ")
    };
    assert!(!is_finished("--budget=50ms"));
    // However slow the machine, it gets on.
    assert!((0..200).any(|_| is_finished("--budget=200ms")));
    goes_on(folder.path(), &undisturbed());
}

/// A disk that is full leaves part of a line, as a limit on the size of files does.
#[test]
fn a_record_that_cannot_grow_is_told_and_it_goes_on_when_it_can() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut limited = std::process::Command::new("sh");
    let script = "trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\"";
    limited.args(["-c", script]).arg(binary()).args(EIGHT_HOURS).arg("--state=state");
    limited.current_dir(folder.path()).env_remove("FAILPOINTS").env_remove("RUST_LOG");
    let stopped = Started::new(folder.path(), limited).end();
    assert_eq!(stopped.code, Some(3), "{}", stopped.err);
    let told = "error: cannot append to state/cluster-0000/record: File too large (os error 27)\n";
    assert!(stopped.err.contains(told), "{}", stopped.err);
    let ended = goes_on(folder.path(), &undisturbed());
    let notice = "notice: the last line of the record of cluster 0 was cut short, and is dropped; epoch ";
    assert!(ended.err.contains(notice), "{}", ended.err);
}
