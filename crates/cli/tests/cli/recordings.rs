//! Histories of our own: written by a run, judged by `check`, and cut down to what shows a violation.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use harness_core::Level;
use history::{
    Decision, Event, Fact, FileReader, FileWriter, Gid, Header, History, Key, MessageKind, Nanos, NodeId,
    OpKind, Outcome, ParticipantId, RecordKind, Value, Vote,
};
use serde_json::Value as Json;

use crate::{Left, binary, program};

const LOST: &str = "coordinator::after_decision_forced=1*return(crash never)";

/// Runs the program in a folder that stays.
fn run(folder: &Path, arguments: &[&str]) -> Left {
    let mut program = program(arguments);
    program.command.current_dir(folder);
    program.run()
}

fn read(path: &Path) -> History {
    let text = fs::read(path).expect("it was written");
    FileReader::new(&text[..]).and_then(FileReader::read_all).expect("it is a history")
}

/// The names of the files in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("it is readable").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

#[test]
fn a_run_is_written_to_a_file_and_judged_alike() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let arguments =
        ["run-scenario", "coordinator_crash_after_prepare", "-p", "3", "--json", "--history", "run.jsonl"];
    let told: Json = serde_json::from_str(&run(folder, &arguments).passed()).expect("JSON");
    assert_eq!(names(folder), ["run.jsonl"]);
    assert_eq!(read(&folder.join("run.jsonl")).digest().to_string(), told["digest"]);
    let judged: Json =
        serde_json::from_str(&run(folder, &["check", "--json", "run.jsonl"]).passed()).expect("JSON");
    assert_eq!(judged["checks"], told["validation"]["checks"]);
    assert_eq!(judged["header"]["scenario"], "coordinator_crash_after_prepare");
    let cut = fs::read_to_string(folder.join("run.jsonl")).expect("it is readable");
    fs::write(folder.join("cut.jsonl"), &cut[..cut.len() / 2]).expect("it is writable");
    let left = run(folder, &["check", "cut.jsonl"]);
    assert_eq!(left.code, Some(2), "{}", left.err);
    assert!(left.err.contains("it was cut short"), "{}", left.err);
}

#[test]
fn an_excerpt_of_a_run_is_small_and_judged_alike() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let mut program = program([
        "run-scenario",
        "mixed_transactions_all_end",
        "-p",
        "5",
        "--history",
        "whole.jsonl",
        "--excerpt",
        "small.jsonl",
    ])
    .env("FAILPOINTS", LOST);
    program.command.current_dir(folder);
    let left = program.run();
    assert_eq!(left.code, Some(1), "{}", left.err);
    assert_eq!(names(folder), ["small.jsonl", "whole.jsonl"]);
    let (whole, small) = (read(&folder.join("whole.jsonl")), read(&folder.join("small.jsonl")));
    assert!(
        small.events.len() < 100 && small.events.len() * 10 < whole.events.len(),
        "{}",
        small.events.len()
    );
    let claim = |file| {
        let left = run(folder, &["check", "--json", file]);
        assert_eq!(left.code, Some(1), "{}", left.err);
        let judged: Json = serde_json::from_str(&left.out).expect("JSON");
        let checks = judged["checks"].as_array().expect("an array").clone();
        let violated =
            checks.into_iter().find(|check| check["verdict"] == "violated").expect("it is violated");
        (violated["property"].clone(), violated["violations"][0]["claim"].clone())
    };
    assert_eq!(claim("small.jsonl"), claim("whole.jsonl"));
    let again = run(folder, &["check", "whole.jsonl", "--excerpt", "again.jsonl"]);
    assert_eq!(again.code, Some(1), "{}", again.err);
    assert_eq!(read(&folder.join("again.jsonl")), small);
}

#[test]
fn nothing_runs_and_nothing_is_written_if_a_file_cannot_be() {
    let scenario = ["run-scenario", "all_yes_commits", "-p", "3"];
    for (option, file, complaint) in [
        (
            "--history",
            "no/where.jsonl",
            "cannot write no/where.jsonl: No such file or directory (os error 2); choose another file",
        ),
        ("--excerpt", "/dev/null", "cannot write /dev/null: this is no regular file; choose another file"),
    ] {
        let left = program([&scenario[..], &[option, file]].concat()).run();
        assert_eq!((left.code, left.out.as_str(), left.err), (Some(3), "", format!("error: {complaint}\n")));
        assert!(names(left.folder.path()).is_empty());
    }
    for (more, complaint) in [
        (
            &["--seeds", "2", "--history", "a"][..],
            "--history and --excerpt are of one run, not of 2: name one seed",
        ),
        (&["--history", "a", "--excerpt", "a"], "--history and --excerpt: name two files"),
    ] {
        let left = program([&scenario[..], more].concat()).run();
        assert_eq!((left.code, left.out.as_str(), left.err), (Some(2), "", format!("error: {complaint}\n")));
        assert!(names(left.folder.path()).is_empty());
    }
}

#[test]
fn a_link_stays_and_what_it_leads_to_is_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    fs::create_dir(folder.join("elsewhere")).expect("a folder");
    for (link, leads_to) in [("link", "elsewhere/run.jsonl"), ("again", "link")] {
        symlink(leads_to, folder.join(link)).expect("a link");
    }
    let arguments = ["run-scenario", "all_yes_commits", "-p", "3"];
    // First nothing is there yet, and then something is.
    for seed in ["1", "2"] {
        run(folder, &[&arguments[..], &["--seed", seed, "--history", "again"]].concat()).passed();
        assert_eq!(read(&folder.join("elsewhere/run.jsonl")).header.seed.to_string(), seed);
        assert_eq!(names(&folder.join("elsewhere")), ["run.jsonl"]);
        assert_eq!(names(folder), ["again", "elsewhere", "link"]);
        assert!(folder.join("link").is_symlink() && folder.join("again").is_symlink());
    }
    let both = ["--history", "link", "--excerpt", "elsewhere/run.jsonl"];
    let left = run(folder, &[&arguments[..], &both[..]].concat());
    let complaint = "error: --history and --excerpt: name two files\n";
    assert_eq!((left.code, left.out.as_str(), left.err.as_str()), (Some(2), "", complaint));
}

#[test]
fn where_nothing_is_violated_there_is_no_excerpt() {
    let left = program(["run-scenario", "all_yes_commits", "-p", "3", "--excerpt", "small.jsonl"]).run();
    assert_eq!((left.code, left.err.as_str()), (Some(0), "no excerpt was written: nothing is violated\n"));
    assert!(names(left.folder.path()).is_empty());
}

/// Two transactions, each of which reads what the other overwrites, on one participant each.
fn write_skew() -> History {
    let (tm, mut events) = (NodeId::COORDINATOR, Vec::new());
    let [rm1, rm2] = [1, 2].map(|number| NodeId::from(ParticipantId(number)));
    let mut note =
        |node, fact| events.push(Event { at: Nanos::from_micros(events.len() as u64), node, fact });
    let key = Key(1);
    let both = [(Gid(1), rm1, rm2), (Gid(2), rm2, rm1)];
    for (gid, reads, writes) in both {
        note(tm, Fact::Begun { gid, participants: 2 });
        note(rm1, Fact::Enlisted { gid });
        note(rm2, Fact::Enlisted { gid });
        note(reads, Fact::Asked { gid, key, op: OpKind::Read, value: Value(0) });
        note(writes, Fact::Asked { gid, key, op: OpKind::Put, value: Value(gid.0.into()) });
    }
    for (gid, reads, _) in both {
        note(reads, Fact::Read { gid, key, writer: Gid::INITIAL });
    }
    let (prepared, committed) = (RecordKind::Prepared, RecordKind::Decided(Decision::Commit));
    for (gid, reads, writes) in both {
        let value = Value(gid.0.into());
        note(writes, Fact::Wrote { gid, key, value });
        for (node, vote, message) in
            [(reads, Vote::ReadOnly, MessageKind::VoteReadOnly), (writes, Vote::Yes, MessageKind::VoteYes)]
        {
            if vote == Vote::Yes {
                note(node, Fact::Appended { gid, record: prepared, forced: true });
                note(node, Fact::Durable { gid, record: prepared });
            }
            note(node, Fact::Voted { gid, vote });
            note(node, Fact::Sent { to: tm, gid, message });
            note(tm, Fact::Delivered { from: node, gid, message });
        }
        note(tm, Fact::Decided { gid, decision: Decision::Commit });
        note(tm, Fact::Appended { gid, record: committed, forced: true });
        note(tm, Fact::Durable { gid, record: committed });
        note(tm, Fact::Sent { to: writes, gid, message: MessageKind::Commit });
        note(tm, Fact::Answered { gid, outcome: Outcome::Committed });
        note(writes, Fact::Delivered { from: tm, gid, message: MessageKind::Commit });
        note(writes, Fact::Appended { gid, record: committed, forced: true });
        note(writes, Fact::Applied { gid, key, value });
        note(writes, Fact::Decided { gid, decision: Decision::Commit });
        note(writes, Fact::Durable { gid, record: committed });
    }
    note(rm1, Fact::Stored { key, value: Value(2) });
    note(rm2, Fact::Stored { key, value: Value(1) });
    History { header: Header { scenario: "skew".to_owned(), participants: 2, ..Header::default() }, events }
}

fn write(path: &Path, history: &History) {
    let mut writer = FileWriter::new(Vec::new(), &history.header).expect("memory takes all");
    history.events.iter().for_each(|event| writer.write(event).expect("memory takes all"));
    fs::write(path, writer.finish().expect("memory takes all")).expect("the folder can be written to");
}

#[test]
fn a_history_of_our_own_is_held_to_the_level_that_is_asked_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let mut history = write_skew();
    write(&folder.join("skew.jsonl"), &history);
    for level in Level::ALL {
        let told = run(folder, &["check", "skew.jsonl", "--level", &level.to_string()]);
        let permits = level < Level::RepeatableRead
            || (Level::SnapshotIsolation..=Level::StrongSnapshotIsolation).contains(&level);
        assert_eq!(told.code, Some(i32::from(!permits)), "{level}: {}{}", told.out, told.err);
        assert!(told.out.contains(&format!("isolation at {level}\n")), "{}", told.out);
    }
    // Without one it is what the run promised.
    assert_eq!(run(folder, &["check", "skew.jsonl"]).code, Some(1));
    history.header.terms.isolation = Level::SnapshotIsolation;
    write(&folder.join("permitted.jsonl"), &history);
    assert_eq!(run(folder, &["check", "permitted.jsonl"]).code, Some(0));
    // And an excerpt is held to what its whole was held to.
    let asked = ["check", "permitted.jsonl", "--level", "serializable", "--excerpt", "small.jsonl"];
    assert_eq!(run(folder, &asked).code, Some(1));
    assert_eq!(run(folder, &["check", "small.jsonl"]).code, Some(1));
    for (more, complaint) in [
        (
            ["--level", "prefix"],
            "a history of 2pc-test is not held to prefix: use one of read-uncommitted, read-committed, read-atomic, causal, repeatable-read, snapshot-isolation, strong-session-snapshot-isolation, strong-snapshot-isolation, serializable, strong-session-serializable, strict-serializable",
        ),
        (
            ["--anomalies", "G1a"],
            "this is a history of 2pc-test, which is held to a level: use --level instead of --anomalies",
        ),
    ] {
        let left = run(folder, &[&["check", "skew.jsonl"], &more[..]].concat());
        assert_eq!((left.code, left.err), (Some(2), format!("error: skew.jsonl: {complaint}\n")));
    }
}

/// A limit on the size of files lets a part of it through and then fails, as a full disk does.
#[test]
fn a_violation_is_one_also_if_its_excerpt_cannot_be_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(&folder.path().join("skew.jsonl"), &write_skew());
    let mut limited = Command::new("sh");
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" check skew.jsonl --excerpt small.jsonl";
    limited.args(["-c", script]).arg(binary()).current_dir(folder.path()).env_remove("RUST_LOG");
    let left = Left::new(limited.output().expect("it starts"), folder);
    assert_eq!(left.code, Some(1), "{}", left.err);
    let told = "error: cannot write small.jsonl: File too large (os error 27); choose another file\n";
    assert_eq!(left.err, told);
    assert_eq!(names(left.folder.path()), ["skew.jsonl"]);
}

#[test]
fn a_violation_of_our_own_history_is_told_as_a_story() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(&folder.path().join("skew.jsonl"), &write_skew());
    let left = run(folder.path(), &["check", "skew.jsonl"]);
    assert_eq!((left.code, left.err.as_str()), (Some(1), ""));
    insta::assert_snapshot!(left.out);
    let verbose = run(folder.path(), &["check", "skew.jsonl", "-v"]);
    assert!(verbose.out.starts_with(&left.out), "{}", verbose.out);
    assert!(verbose.out.contains("  tm   begins t1 with 2 participants\n"), "{}", verbose.out);
}
