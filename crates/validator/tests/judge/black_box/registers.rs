//! Registers: what is found with the order of versions known, what without, and what stays open.

use validator::Verdict;
use validator::black_box::{Assumptions, Options, Report, check};

use super::{completions, found, history, judged, promise, tells_apart};

fn assuming(text: &str, promised: &str, assumptions: Assumptions) -> Report {
    check(&history(text), &Options { assumptions, ..Options::new(promise(promised)) })
}

fn follows() -> Assumptions {
    Assumptions { writes_follow_reads: true, ..Assumptions::default() }
}

#[test]
fn a_read_of_an_aborted_write_is_told_from_one_of_whose_end_nobody_knows() {
    tells_apart(
        "G1a",
        "read-committed",
        &["fail [[:w :x 1]]", "ok [[:r :x 1]]"],
        &["info [[:w :x 1]]", "ok [[:r :x 1]]"],
    );
}

#[test]
fn a_read_of_an_overwritten_write_is_told_from_one_of_the_last() {
    tells_apart(
        "G1b",
        "read-committed",
        &["ok [[:w :x 1] [:w :x 2]]", "ok [[:r :x 1]]"],
        &["ok [[:w :x 1] [:w :x 2]]", "ok [[:r :x 2]]"],
    );
}

#[test]
fn a_circle_of_reads_is_told_from_a_chain() {
    tells_apart(
        "G1c",
        "read-committed",
        &["ok [[:w :x 1] [:r :y 1]]", "ok [[:w :y 1] [:r :x 1]]"],
        &["ok [[:w :x 1] [:r :y nil]]", "ok [[:w :y 1] [:r :x 1]]"],
    );
}

#[test]
fn what_a_transaction_wrote_and_read_itself_it_finds_again() {
    let writer = "ok [[:w :x 1]]";
    tells_apart(
        "internal inconsistency",
        "internal",
        &[writer, "ok [[:w :x 2] [:r :x 1]]"],
        &[writer, "ok [[:w :x 2] [:r :x 2]]", "ok [[:r :x 2]]"],
    );
    tells_apart(
        "unrepeatable read",
        "internal",
        &[writer, "ok [[:w :x 2]]", "ok [[:r :x 1] [:r :x 2]]"],
        &[writer, "ok [[:w :x 2]]", "ok [[:r :x 1] [:r :x 1]]"],
    );
    tells_apart(
        "future read",
        "future-read",
        &[writer, "ok [[:r :x 2] [:w :x 2]]", "ok [[:r :x 1]]"],
        &[writer, "ok [[:r :x 1] [:w :x 2]]"],
    );
}

#[test]
fn two_updates_of_one_version_are_told_from_one_after_the_other() {
    tells_apart(
        "lost update",
        "cursor-stability",
        &["ok [[:w :x 1]]", "ok [[:r :x 1] [:w :x 2]]", "ok [[:r :x 1] [:w :x 3]]"],
        &["ok [[:w :x 1]]", "ok [[:r :x 1] [:w :x 2]]", "ok [[:r :x 2] [:w :x 3]]"],
    );
}

#[test]
fn the_initial_state_comes_before_every_write() {
    tells_apart(
        "fractured read",
        "serializable",
        &["ok [[:w :x 1] [:w :y 1]]", "ok [[:r :x 1] [:r :y nil]]"],
        &["ok [[:w :x 1] [:w :y 1]]", "ok [[:r :x nil] [:r :y nil]]"],
    );
}

#[test]
fn who_reads_and_writes_tells_the_order_if_that_is_assumed() {
    let has =
        completions(&["ok [[:w :x 1]]", "ok [[:r :x 1] [:w :x 2] [:w :y 1]]", "ok [[:r :y 1] [:r :x 1]]"]);
    let report = assuming(&has, "snapshot-isolation", follows());
    let names: Vec<&str> = report.found.iter().map(|check| check.anomaly.as_str()).collect();
    assert_eq!((report.verdict, names), (Verdict::Violated, vec!["fractured read"]));
    let has_not =
        completions(&["ok [[:w :x 1]]", "ok [[:r :x 1] [:w :x 2] [:w :y 1]]", "ok [[:r :y 1] [:r :x 2]]"]);
    assert_eq!(assuming(&has_not, "snapshot-isolation", follows()).verdict, Verdict::Valid);
}

#[test]
fn versions_that_go_round_are_told_from_a_chain() {
    let has = completions(&["ok [[:r :x 2] [:w :x 1]]", "ok [[:r :x 1] [:w :x 2]]"]);
    let report = assuming(&has, "read-uncommitted", follows());
    assert!(report.found.iter().any(|check| check.anomaly == "cyclic versions"), "{report:#?}");
    let has_not = completions(&["ok [[:r :x nil] [:w :x 1]]", "ok [[:r :x 1] [:w :x 2]]"]);
    assert_eq!(assuming(&has_not, "serializable", follows()).verdict, Verdict::Valid);
}

/// One client writes 1, then 2; then another one reads, and writes to y what makes it a circle.
fn in_time(read: u32, process: u32) -> String {
    let mut text = String::new();
    for (process, value) in
        [(0, "[[:w :x 1]]".to_owned()), (0, "[[:w :x 2]]".to_owned()), (process, format!("[[:r :x {read}]]"))]
    {
        text.push_str(&format!("{{:type :invoke, :process {process}, :value {value}}}\n"));
        text.push_str(&format!("{{:type :ok, :process {process}, :value {value}}}\n"));
    }
    text
}

#[test]
fn time_and_clients_tell_the_order_if_that_is_assumed() {
    let linearizable = Assumptions { linearizable_keys: true, ..Assumptions::default() };
    let sequential = Assumptions { sequential_keys: true, ..Assumptions::default() };
    assert_eq!(assuming(&in_time(2, 1), "strict-serializable", linearizable.clone()).verdict, Verdict::Valid);
    assert_eq!(assuming(&in_time(1, 1), "strict-serializable", linearizable).verdict, Verdict::Violated);
    assert_eq!(assuming(&in_time(1, 1), "serializable", sequential.clone()).verdict, Verdict::Valid);
    assert_eq!(
        assuming(&in_time(1, 0), "strong-session-serializable", sequential).verdict,
        Verdict::Violated
    );
    // Without any assumption all orders are tried.
    assert_eq!(judged(&history(&in_time(1, 1)), "strict-serializable").verdict, Verdict::Violated);
    assert_eq!(judged(&history(&in_time(1, 1)), "serializable").verdict, Verdict::Valid);
}

#[test]
fn of_two_writers_at_a_time_both_come_before_who_reads_after_them() {
    let with_last_read = |last: u32| {
        let mut text = "{:type :invoke, :process 0, :value [[:w :x 1]]}\n{:type :invoke, :process 1, :value [[:w :x 2]]}\n\
                        {:type :ok, :process 1, :value [[:w :x 2]]}\n{:type :ok, :process 0, :value [[:w :x 1]]}\n"
            .to_owned();
        for read in [1, last] {
            text.push_str("{:type :invoke, :process 2, :value [[:r :x nil]]}\n");
            text.push_str(&format!("{{:type :ok, :process 2, :value [[:r :x {read}]]}}\n"));
        }
        let linearizable = Assumptions { linearizable_keys: true, ..Assumptions::default() };
        assuming(&text, "read-uncommitted", linearizable).verdict
    };
    assert_eq!(with_last_read(2), Verdict::Violated);
    assert_eq!(with_last_read(1), Verdict::Valid);
}

#[test]
fn what_an_unknown_transaction_says_that_it_read_of_nobody_tells_no_order() {
    let unknown =
        in_time(2, 1).replace(":ok, :process 1, :value [[:r :x 2]]", ":info, :process 1, :value [[:r :x 7]]");
    let linearizable = Assumptions { linearizable_keys: true, ..Assumptions::default() };
    assert_eq!(assuming(&unknown, "strict-serializable", linearizable).verdict, Verdict::Valid);
}

#[test]
fn what_an_unknown_transaction_says_that_it_read_is_not_explained() {
    let unknown =
        ["ok [[:w :x 1]]", "ok [[:w :x 2]]", "info [[:r :x 7] [:w :y 1]]", "ok [[:r :y 1] [:r :x 1]]"];
    assert_eq!(judged(&history(&completions(&unknown)), "serializable").verdict, Verdict::Valid);
}

#[test]
fn write_skew_is_found_though_nobody_tells_the_order() {
    let skew = ["ok [[:w :x 1] [:w :y 1]]", "ok [[:r :x 1] [:w :y 2]]", "ok [[:r :y 1] [:w :x 2]]"];
    assert_eq!(found(&completions(&skew), "serializable"), ["G2-item"]);
    let serial = ["ok [[:w :x 1] [:w :y 1]]", "ok [[:r :x 1] [:w :y 2]]", "ok [[:r :y 2] [:w :x 2]]"];
    assert_eq!(found(&completions(&serial), "serializable"), [""; 0]);
    let report = judged(&history(&completions(&skew)), "snapshot-isolation");
    assert!(matches!(report.verdict, Verdict::Inconclusive(_)), "snapshots may explain it: {report:#?}");
}

#[test]
fn past_the_budget_the_verdict_stays_open() {
    let skew =
        completions(&["ok [[:w :x 1] [:w :y 1]]", "ok [[:r :x 1] [:w :y 2]]", "ok [[:r :y 1] [:w :x 2]]"]);
    let report = check(&history(&skew), &Options { budget: 2, ..Options::new(promise("serializable")) });
    assert!(matches!(report.verdict, Verdict::Inconclusive(_)), "{report:#?}");
}

#[test]
fn the_order_of_commits_may_be_told() {
    let text = completions(&["ok [[:r :x nil] [:w :y 2]]", "ok [[:w :x 3] [:w :y 4]]"]);
    let ordered =
        |order: &[(u32, u64)]| Assumptions { transaction_order: order.to_vec(), ..Assumptions::default() };
    assert_eq!(assuming(&text, "serializable", ordered(&[(0, 1), (1, 2)])).verdict, Verdict::Valid);
    assert_eq!(assuming(&text, "serializable", ordered(&[(0, 2), (1, 1)])).verdict, Verdict::Violated);
}

#[test]
fn what_nobody_wrote_is_taken_for_the_beginning_and_told() {
    let text = completions(&["ok [[:r :x 7] [:w :x 8]]", "ok [[:r :x 8]]"]);
    let report = judged(&history(&text), "serializable");
    assert_eq!(report.verdict, Verdict::Valid, "{report:#?}");
    assert!(
        report.notes.iter().any(|note| note.starts_with("what nobody in the history wrote")),
        "{report:#?}"
    );
    assert_eq!(found(&text, "garbage-read"), ["garbage read"]);
}
