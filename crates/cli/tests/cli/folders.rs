//! The folder of a soak: whose it is, who may write there, and what is done when it is not as it was left.

use std::fs;
use std::path::Path;

use crate::soaks::{Ended, REAL_HOUR, Started, command, contents, digest, run, wait_for_end};
use crate::{Left, program};

const SOAK: [&str; 6] =
    ["soak", "--duration=30m", "--epoch=6m", "--participants=10", "--faults=3/min", "--clusters=2"];

fn in_new_folder(test: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    test(folder.path());
}

/// Claims that a soak is refused with these words, and touches nothing.
#[track_caller]
fn is_refused(folder: &Path, more: &[&str], code: i32, words: &str) {
    let before = contents(folder);
    let Ended { code: found, out, err } = run(folder, &[&SOAK[..], more].concat());
    assert_eq!((found, out.as_str()), (Some(code), ""), "{err}");
    assert!(err.contains(words), "{err}");
    assert_eq!(contents(folder), before, "something has changed");
}

#[test]
fn the_folder_of_another_command_is_refused() {
    in_new_folder(|folder| {
        assert_eq!(run(folder, &SOAK).code, Some(0));
        let others = [
            ("--seed=1", "seed (0, not 1)"),
            ("--rate=2/s", "--rate (1/s, not 2/s)"),
            ("--shard=1/2", "--shard (1/1, not 1/2)"),
        ];
        for (other, words) in others {
            let words =
                format!("error: state is of a soak with another {words}: give the command that began it");
            is_refused(folder, &[other], 2, &words);
        }
    });
}

#[test]
fn a_folder_of_somebody_else_is_refused() {
    in_new_folder(|folder| {
        fs::create_dir(folder.join("state")).expect("a folder");
        fs::write(folder.join("state/thesis.tex"), "years of work").expect("a file");
        is_refused(folder, &[], 2, "state is neither empty nor the folder of a soak: choose another one");
        fs::remove_dir_all(folder.join("state")).expect("ours");
        fs::write(folder.join("state"), "a file").expect("a file");
        is_refused(folder, &[], 3, "error: cannot create the folder state: ");
    });
}

#[test]
fn a_second_process_in_one_folder_is_refused_and_the_first_is_told_of() {
    in_new_folder(|folder| {
        let status = || -> Left {
            let mut program = program(["soak", "--status", "state"]);
            program.command.current_dir(folder);
            program.run()
        };
        assert!(status().err.starts_with("error: state is no folder of a soak"), "{}", status().err);
        let mut first = Started::new(folder, command(folder, &REAL_HOUR));
        first.wait_for_worker();
        let second = run(folder, &REAL_HOUR);
        assert_eq!((second.code, second.out.as_str()), (Some(3), ""));
        let told =
            "error: state is in use by another soak: wait for it, or choose another folder with --state\n";
        assert_eq!(second.err, told);
        let running = status();
        assert_eq!(running.code, Some(0), "{}", running.err);
        assert!(running.out.ends_with("\nrunning: cluster 0 is at epoch 0 of 1\n"), "{}", running.out);
        let workers = first.workers();
        assert_eq!(workers.len(), 1);
        first.kill();
        workers.into_iter().for_each(wait_for_end);
        let stopped =
            "\nstopped: cluster 0 is at epoch 0 of 1; the command that began it goes on from there\n";
        assert!(status().out.ends_with(stopped), "{}", status().out);
    });
}

#[test]
fn what_is_finished_is_told_again_and_not_run_again() {
    in_new_folder(|folder| {
        let first = run(folder, &SOAK);
        let mut program = program(["soak", "--status", "state"]);
        program.command.current_dir(folder);
        let status = program.run();
        assert!(status.out.ends_with("\nfinished\n"), "{}", status.out);
        assert_eq!(digest(&status.out), digest(&first.out));
        let before = contents(&folder.join("state"));
        let again = run(folder, &SOAK);
        assert_eq!(digest(&again.out), digest(&first.out));
        assert_eq!(contents(&folder.join("state")), before);
    });
}

/// What is done to a record, and what is said of it.
type Damage = (fn(&[&str]) -> String, &'static str);

#[test]
fn a_record_that_is_damaged_is_refused_and_left_alone() {
    let damages: [Damage; 5] = [
        (|lines| lines.concat().replacen("\"epoch\":2", "\"epoch\":3", 1), "line 3: its checksum is wrong"),
        (|lines| [&lines[..1], &lines[2..]].concat().concat(), "line 2: epoch 2 of cluster 0 stands where"),
        (|lines| [lines[1], lines[0], lines[2]].concat(), "line 1: epoch 1 of cluster 0 stands where"),
        (|lines| lines.concat() + "what is this\n", "line 6: it is too short"),
        (|lines| lines[..2].concat(), "checkpoint is damaged (it is of epoch 5 of cluster 0"),
    ];
    in_new_folder(|folder| {
        let whole = run(folder, &SOAK);
        let record = folder.join("state/cluster-0000/record");
        let text = fs::read_to_string(&record).expect("there is a record");
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        for (damage, words) in damages {
            fs::write(&record, damage(&lines)).expect("it can be written");
            // The result is written anew: it is what the other cluster has come to.
            fs::remove_file(folder.join("state/result")).expect("there is one");
            let before = contents(&folder.join("state/cluster-0000"));
            let damaged = run(folder, &SOAK);
            assert_eq!(damaged.code, Some(3), "{}", damaged.err);
            assert!(damaged.err.contains(words), "{}", damaged.err);
            assert_eq!(contents(&folder.join("state/cluster-0000")), before, "{words}");
        }
        fs::write(&record, &text).expect("it can be written");
        assert_eq!(digest(&run(folder, &SOAK).out), digest(&whole.out));
    });
}

#[test]
fn a_last_line_that_was_cut_short_is_dropped() {
    in_new_folder(|folder| {
        let whole = run(folder, &SOAK);
        let cluster = folder.join("state/cluster-0000");
        let text = fs::read_to_string(cluster.join("record")).expect("there is a record");
        fs::write(cluster.join("record"), &text[..text.len() - 9]).expect("it can be written");
        fs::remove_file(cluster.join("checkpoint")).expect("there is one");
        let again = run(folder, &SOAK);
        assert_eq!(again.code, Some(0), "{}", again.err);
        let notice = "notice: the last line of the record of cluster 0 was cut short, and is dropped; epoch 4 runs again\n";
        assert_eq!(again.err, notice);
        assert_eq!(digest(&again.out), digest(&whole.out));
        let third = run(folder, &SOAK);
        assert_eq!((third.code, third.err.as_str(), digest(&third.out)), (Some(0), "", digest(&whole.out)));
    });
}

#[test]
fn a_checkpoint_or_a_title_that_is_damaged_is_refused() {
    in_new_folder(|folder| {
        let whole = run(folder, &SOAK);
        let checkpoint = folder.join("state/cluster-0001/checkpoint");
        fs::write(&checkpoint, "what is this?").expect("it can be written");
        let damaged = run(folder, &SOAK);
        assert_eq!(damaged.code, Some(3));
        let told = "state/cluster-0001/checkpoint is damaged (it is too short): remove it, and the cluster begins anew";
        assert!(damaged.err.contains(told), "{}", damaged.err);
        fs::remove_file(&checkpoint).expect("it was told to");
        assert_eq!(digest(&run(folder, &SOAK).out), digest(&whole.out));
        fs::write(folder.join("state/soak"), "what is this?").expect("it can be written");
        is_refused(
            folder,
            &[],
            3,
            "error: state/soak is damaged (it is too short): begin again in another folder",
        );
    });
}
