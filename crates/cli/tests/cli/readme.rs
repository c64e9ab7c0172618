//! What the README shows is what is printed.

use std::fs;
use std::path::Path;

use crate::program;

const REAL_TIME: [&str; 2] = [" virtual ", " of virtual time in "];

/// A command, and what the page shows of its output.
struct Sample<'a> {
    command: &'a str,
    shown: Vec<&'a str>,
}

/// The samples of the program: a block of output shows that of the command in the block before it, or begins with its own.
fn samples(page: &str) -> Vec<Sample<'_>> {
    let mut samples: Vec<Sample> = Vec::new();
    let mut alone = None;
    for block in page.split("```").skip(1).step_by(2) {
        let (language, text) = block.split_once('\n').expect("a block has a first line");
        if language == "sh" {
            alone = text.trim().strip_prefix("cargo run --release --bin 2pc-test -- ");
            continue;
        }
        let mut sample = alone.take().map(|command| Sample { command, shown: Vec::new() });
        for line in text.lines() {
            match line.strip_prefix("$ ") {
                Some(command) => {
                    samples.extend(sample.take());
                    sample = command.contains("2pc-test ").then(|| Sample { command, shown: Vec::new() });
                }
                None => sample.iter_mut().for_each(|sample| sample.shown.push(line)),
            }
        }
        samples.extend(sample);
    }
    samples
}

/// Runs the command in this folder, and returns what it prints.
fn run(command: &str, folder: &Path) -> String {
    let (failpoints, rest) = match command.strip_prefix("FAILPOINTS='") {
        Some(rest) => {
            rest.split_once("' ").map(|(failpoints, rest)| (Some(failpoints), rest)).expect("a quote")
        }
        None => (None, command),
    };
    let arguments = rest.strip_prefix("2pc-test ").unwrap_or(rest);
    let mut program = program(arguments.split_whitespace());
    program.command.current_dir(folder).envs(failpoints.map(|failpoints| ("FAILPOINTS", failpoints)));
    program.run().out
}

/// The line without what differs from one machine to the next: real time, and where the program is.
fn same_everywhere(line: &str) -> String {
    let line = REAL_TIME.iter().find_map(|mark| line.split_once(mark)).map_or(line, |(before, _)| before);
    let words: Vec<&str> = line.split_whitespace().collect();
    // Thousandths are of seconds that really passed, unless they are of milliseconds.
    let is_real = |at: usize| {
        let thousandths = words[at].split_once('.').is_some_and(|(_, fraction)| fraction.len() == 3);
        thousandths && words[at].parse::<f64>().is_ok() && words.get(at + 1) != Some(&"ms")
    };
    let kept = (0..words.len()).filter(|&at| !is_real(at)).map(|at| words[at]);
    kept.map(|word| if word.ends_with("/2pc-test") { "2pc-test" } else { word }).collect::<Vec<_>>().join(" ")
}

/// The first line that is shown and not printed there; `...` stands for any number of lines.
fn missing<'a>(shown: &[&'a str], printed: &str) -> Option<&'a str> {
    let mut printed = printed.lines().map(same_everywhere);
    let mut left_out = false;
    for &line in shown {
        if line == "..." {
            left_out = true;
            continue;
        }
        let wanted = same_everywhere(line);
        let is_there = if std::mem::take(&mut left_out) {
            printed.any(|line| line == wanted)
        } else {
            printed.next().is_some_and(|line| line == wanted)
        };
        if !is_there {
            return Some(line);
        }
    }
    None
}

#[test]
fn the_samples_of_the_readme_are_what_is_printed() {
    let read = |page: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(page);
        fs::read_to_string(path).expect("the page is there")
    };
    let (page, histories) = (read("README.md"), read("docs/HISTORIES.md"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (_, skew) = histories.split_once("```edn\n").expect("a sample");
    let (skew, _) = skew.split_once("```").expect("a block ends");
    fs::write(folder.path().join("skew.edn"), skew).expect("the folder can be written to");
    let samples = samples(&page);
    for Sample { command, shown } in &samples {
        let printed = run(command, folder.path());
        assert_eq!(missing(shown, &printed), None, "{command} printed\n{printed}");
    }
    assert_eq!(samples.len(), 7);
}
