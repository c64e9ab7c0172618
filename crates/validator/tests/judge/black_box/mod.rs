//! Histories that clients saw: what is found in them, and what is not.

mod bank;
mod brute_force;
mod corpus;
mod lists;
mod malformed;
mod namings;
mod registers;
mod repeated;
mod sessions;

use std::fmt::Write;

use validator::Verdict;
use validator::black_box::{ClientHistory, Format, Model, Options, Promise, Recording, Report, check, read};

/// Reads a history of transactions.
fn history(text: &str) -> ClientHistory {
    history_of(text, None)
}

fn history_of(text: &str, model: Option<Model>) -> ClientHistory {
    let format = Format::detect(text.as_bytes()).expect("the format is known");
    match read(text.as_bytes(), format, model).unwrap_or_else(|error| panic!("{error}\n{text}")) {
        Recording::Transactions(history) => history,
        Recording::Bank(_) => panic!("it is a bank"),
    }
}

fn promise(name: &str) -> Promise {
    Promise::of_model(name).or_else(|| Promise::without(name)).unwrap_or_else(|| panic!("{name} is promised"))
}

fn judged(history: &ClientHistory, promised: &str) -> Report {
    check(history, &Options::new(promise(promised)))
}

/// Transactions that were over one after the other, each of a client of its own, and each with how it ended:
/// `ok [[:r :x [1]]]`. None tells when it began.
fn completions(transactions: &[&str]) -> String {
    let mut text = String::new();
    for (process, transaction) in transactions.iter().enumerate() {
        let (ending, value) = transaction.split_once(' ').expect("an ending and a value");
        let _ = writeln!(text, "{{:type :{ending}, :process {process}, :f :txn, :value {value}}}");
    }
    text
}

/// What was found and is ruled out, after the verdict was seen to follow from it.
fn found(text: &str, promised: &str) -> Vec<String> {
    let report = judged(&history(text), promised);
    let found: Vec<String> =
        report.found.iter().filter(|check| check.ruled_out).map(|check| check.anomaly.clone()).collect();
    assert_eq!(report.verdict == Verdict::Violated, !found.is_empty(), "{report:#?}");
    found
}

/// That the first history shows the anomaly and breaks the promise, and its neighbour keeps the promise.
fn tells_apart(anomaly: &str, promised: &str, has: &[&str], has_not: &[&str]) {
    let names = found(&completions(has), promised);
    assert!(names.iter().any(|name| name == anomaly), "{anomaly} is not among {names:?}");
    let report = judged(&history(&completions(has_not)), promised);
    assert_eq!(report.verdict, Verdict::Valid, "{anomaly}: {report:#?}");
}
