//! Judging histories from files.

use std::fs;

use serde_json::Value;

use crate::{Left, program};

const SKEW: &str = "{:type :ok, :process 0, :value [[:r :y nil] [:append :x 1]]}\n\
                    {:type :ok, :process 1, :value [[:r :x nil] [:append :y 1]]}\n";

const RUN: &str =
    r#"{"format":"2pc-test history","version":1,"header":{"scenario":"none","seed":0,"participants":0}}"#;

/// Runs `check` with these arguments on files of these names and contents.
fn check(files: &[(&str, &str)], arguments: &[&str]) -> Left {
    let names = files.iter().map(|(name, _)| *name);
    let program = program(["check"].into_iter().chain(arguments.iter().copied()).chain(names));
    for (name, text) in files {
        fs::write(program.folder.path().join(name), text).expect("the folder can be written to");
    }
    program.run()
}

fn code(text: &str, arguments: &[&str]) -> Option<i32> {
    check(&[("history", text)], arguments).code
}

#[test]
fn the_exit_code_is_the_verdict_and_of_several_files_the_worst() {
    assert_eq!(code(SKEW, &["--level", "snapshot-isolation"]), Some(0));
    assert_eq!(code(SKEW, &["--level", "Serializable"]), Some(1));
    assert_eq!(code(SKEW, &[]), Some(1));
    // Where no time is recorded, a client still did one after the other.
    let back = ["[:w :x 1]", "[:r :x 1]", "[:r :x nil]"];
    let back: String = back.map(|step| format!("{{:type :ok, :process 0, :value [{step}]}}\n")).concat();
    assert_eq!(code(&back, &["--level", "serializable"]), Some(0));
    assert_eq!(code(&back, &[]), Some(1));
    assert_eq!(code(SKEW, &["--anomalies", "G1,internal"]), Some(0));
    assert_eq!(code("{:type :fail, :process 0, :value [[:append :x 1]]}", &[]), Some(4));
    assert_eq!(code("w 0 0\n=====\nr 0 0\n", &[]), Some(0));
    assert_eq!(code("w 0 0\n=====\nr 0 1\n", &[]), Some(1));
    let bank = "{:type :ok, :f :read, :process 0, :value {0 12, 1 -2}}";
    assert_eq!(code(bank, &[]), Some(1));
    assert_eq!(code(bank, &["--negative-balances"]), Some(0));
    assert_eq!(code(bank, &["--negative-balances", "--total", "11"]), Some(1));
    let left = check(&[("a", SKEW), ("b", "{:type :ok"), ("c", SKEW)], &["--level", "snapshot-isolation"]);
    assert_eq!((left.code, left.out.matches(": valid\n").count()), (Some(2), 2), "{}", left.out);
}

/// A file that is missing stands behind all.
#[test]
fn of_several_files_a_violation_comes_first_and_then_what_is_malformed() {
    let (violated, malformed) = (("violated", SKEW), ("malformed", "{:type :ok"));
    let unclear = ("unclear", "{:type :fail, :process 0, :value [[:append :x 1]]}");
    let of = |files: &[(&str, &str)], code| {
        let names = files.iter().map(|(name, _)| *name).chain(["missing"]);
        let program = program(["check"].into_iter().chain(names));
        for (name, text) in files {
            fs::write(program.folder.path().join(name), text).expect("the folder can be written to");
        }
        let left = program.run();
        assert_eq!(left.code, Some(code), "{files:?}: {}{}", left.out, left.err);
    };
    of(&[violated, malformed, unclear], 1);
    of(&[malformed, unclear, violated], 1);
    of(&[unclear, malformed], 2);
    of(&[unclear], 3);
}

#[test]
fn an_option_that_says_nothing_about_a_file_is_refused() {
    let bank = "{:type :ok, :f :read, :process 0, :value {0 12, 1 2}}";
    let order: &[&str] = &["--transaction-order", "0=1"];
    let refused: [(&str, &[&str], &str); 6] = [
        (SKEW, &["--total", "11"], "about lists, of which --total"),
        (SKEW, order, "about lists, of which --transaction-order"),
        ("w 0 0\n=====\nr 0 0\n", &["--negative-balances"], "about registers, of which --negative-balances"),
        (bank, &["--assume", "sequential-keys"], "about a bank, of which --assume"),
        (RUN, &["--model", "bank"], "a history of 2pc-test, of which --model"),
        (RUN, &["--total", "1"], "a history of 2pc-test, of which --total"),
    ];
    for (text, arguments, said) in refused {
        let left = check(&[("history", text)], arguments);
        assert_eq!((left.code, left.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert_eq!(left.err, format!("error: history: this is {said} says nothing: leave it out\n"));
    }
}

/// Editors put it there, and it says nothing.
#[test]
fn a_byte_order_mark_changes_nothing() {
    let run = program(["run-scenario", "all_yes_commits", "-p", "3", "--history", "whole"]).run();
    let whole = fs::read_to_string(run.folder.path().join("whole")).expect("it was written");
    let (malformed, sessions) = ("{:type :ok, :process 0, :value [[:r 1]}", "w 0 0\n=====\nr 0 1\n");
    for (text, code) in [(&*whole, 0), (SKEW, 1), (sessions, 1), (malformed, 2), ("", 2)] {
        for arguments in [&[][..], &["-v"]] {
            let [plain, marked] =
                ["", "\u{feff}"].map(|mark| check(&[("history", &format!("{mark}{text}"))], arguments));
            assert_eq!(plain.code, Some(code), "{}", plain.err);
            assert_eq!((marked.code, marked.out, marked.err), (plain.code, plain.out, plain.err));
        }
    }
}

#[test]
fn a_violation_is_told_as_a_story() {
    let left = check(&[("skew.edn", SKEW)], &["--level", "serializable", "-v"]);
    assert_eq!((left.code, left.err.as_str()), (Some(1), ""));
    insta::assert_snapshot!(left.out);
}

#[test]
fn what_is_malformed_is_refused_with_line_and_column() {
    for (text, complaint) in [
        ("", "line 1, column 1: the file is empty"),
        (" \n\t", "line 1, column 1: the file is empty"),
        (
            "hello",
            "line 1, column 1: this is neither a history of 2pc-test (JSON Lines), nor operations of Jepsen or Elle (EDN), nor sessions as AWDIT's tests write them (text): docs/HISTORIES.md shows a sample of each",
        ),
        (
            "\n{:type :ok, :process 0, :value [[:r 1]}",
            "line 2, column 39: '}' where ']' is expected, which closes what begins at line 2, column 32",
        ),
        ("w 0 0\nr 0\n", "line 2, column 4: expected a value, a whole number of at most 18 digits"),
        ("{\"format\": 7}", "line 1: not a 2pc-test history: invalid type: integer `7`, expected a string"),
    ] {
        let left = check(&[("history", text)], &[]);
        let complaint = format!("error: history: {complaint}\n");
        assert_eq!((left.code, left.out.as_str(), left.err), (Some(2), "", complaint), "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_said_to_be_so() {
    for (path, reason) in [
        ("nowhere.edn", "No such file or directory (os error 2)"),
        (".", "this is a folder: name the files in it"),
    ] {
        let left = program(["check", path]).run();
        let complaint = format!("error: {path}: {reason}\n");
        assert_eq!((left.code, left.out.as_str(), left.err), (Some(3), "", complaint));
    }
}

#[test]
fn each_file_is_a_line_of_json() {
    let left = check(&[("a", SKEW), ("b", SKEW)], &["--json", "--level", "serializable"]);
    let lines: Vec<Value> =
        left.out.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect();
    assert_eq!(lines.len(), 2);
    for (line, file) in lines.iter().zip(["a", "b"]) {
        assert_eq!((&line["file"], &line["verdict"]), (&file.into(), &"violated".into()));
        assert_eq!(line["counts"]["read_write"], 2);
        assert_eq!(line["found"][0]["anomaly"], "write skew");
    }
}

/// Each block is a file, and before it stand the command and the verdict.
#[test]
fn the_samples_of_the_page_are_judged_as_it_says() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/HISTORIES.md"));
    let page = page.expect("the page is there");
    let mut blocks = page.split("```");
    let mut samples = 0;
    while let (Some(before), Some(block)) = (blocks.next(), blocks.next()) {
        let (_, text) = block.split_once('\n').expect("a block has a first line");
        let (_, command) = before.rsplit_once("`2pc-test check ").expect("the command stands before it");
        let (arguments, verdict) = command.split_once("FILE`: ").expect("and the verdict behind that");
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let left = check(&[("sample", text)], &arguments);
        assert_eq!(
            left.out.lines().next(),
            Some(&*format!("sample: {}", verdict.trim())),
            "{}{}",
            left.out,
            left.err
        );
        samples += 1;
    }
    assert_eq!(samples, 7);
}

/// What is no file cannot be read for a second time, and is judged all the same.
#[test]
fn a_pipe_is_judged_as_a_file_is() {
    let left = program(["run-scenario", "all_yes_commits", "-p", "3", "--history", "whole"]).run();
    let whole = fs::read(left.folder.path().join("whole")).expect("it was written");
    for (bytes, code) in [(SKEW.as_bytes().to_vec(), 1), (whole, 0)] {
        let mut piped = program(["check", "/dev/stdin"]);
        let (reader, mut writer) = std::io::pipe().expect("there is room for a pipe");
        piped.command.stdin(reader);
        // There is room for all of it in the pipe.
        std::io::Write::write_all(&mut writer, &bytes).expect("somebody will read it");
        drop(writer);
        let left = piped.run();
        assert_eq!(left.code, Some(code), "{}", left.err);
    }
}
