//! Lists: for each anomaly a history that has it, and the nearest one that has not.

use validator::Verdict;

use super::{completions, found, history, judged, tells_apart};

#[test]
fn a_write_cycle_is_told_from_two_orders_that_agree() {
    tells_apart(
        "G0",
        "read-uncommitted",
        &[
            "ok [[:append :x 1] [:append :y 1]]",
            "ok [[:append :x 2] [:append :y 2]]",
            "ok [[:r :x [1 2]] [:r :y [2 1]]]",
        ],
        &[
            "ok [[:append :x 1] [:append :y 1]]",
            "ok [[:append :x 2] [:append :y 2]]",
            "ok [[:r :x [1 2]] [:r :y [1 2]]]",
        ],
    );
}

#[test]
fn a_read_of_an_aborted_append_is_told_from_one_of_whose_end_nobody_knows() {
    tells_apart(
        "G1a",
        "read-committed",
        &["fail [[:append :x 1]]", "ok [[:r :x [1]]]"],
        &["info [[:append :x 1]]", "ok [[:r :x [1]]]"],
    );
}

#[test]
fn a_read_between_two_appends_of_one_transaction_is_told_from_one_after_both() {
    tells_apart(
        "G1b",
        "read-committed",
        &["ok [[:append :x 1] [:append :x 2]]", "ok [[:r :x [1]]]"],
        &["ok [[:append :x 1] [:append :x 2]]", "ok [[:r :x [1 2]]]"],
    );
}

#[test]
fn who_reads_between_its_own_appends_reads_nothing_intermediate() {
    assert_eq!(
        found(
            &completions(&["ok [[:append :x 1] [:r :x [1]] [:append :x 2]]", "ok [[:r :x [1 2]]]"]),
            "serializable"
        ),
        [""; 0]
    );
}

#[test]
fn a_circle_of_reads_is_told_from_a_chain() {
    tells_apart(
        "G1c",
        "read-committed",
        &["ok [[:append :x 1] [:r :y [1]]]", "ok [[:append :y 1] [:r :x [1]]]"],
        &["ok [[:append :x 1] [:r :y nil]]", "ok [[:append :y 1] [:r :x [1]]]"],
    );
}

#[test]
fn an_append_upon_an_aborted_one_is_told_from_one_before_it() {
    tells_apart(
        "dirty update",
        "dirty-update",
        &["fail [[:append :x 1]]", "ok [[:append :x 2] [:append :y 1]]", "ok [[:r :x [1 2]] [:r :y [1]]]"],
        &["fail [[:append :x 1]]", "ok [[:append :x 2] [:append :y 1]]", "ok [[:r :x [2 1]] [:r :y [1]]]"],
    );
}

#[test]
fn a_transaction_that_misses_its_own_append_is_told_from_one_that_sees_it() {
    tells_apart(
        "internal inconsistency",
        "serializable",
        &["ok [[:append :x 1]]", "ok [[:append :x 2] [:r :x [2 1]]]"],
        &["ok [[:append :x 1]]", "ok [[:append :x 2] [:r :x [1 2]]]"],
    );
    tells_apart(
        "internal inconsistency",
        "internal",
        &["ok [[:append :x 1]]", "ok [[:r :x [1]] [:append :x 2] [:r :x [1]]]"],
        &["ok [[:append :x 1]]", "ok [[:r :x [1]] [:append :x 2] [:r :x [1 2]]]"],
    );
}

#[test]
fn a_read_of_what_is_appended_later_is_told_from_one_that_comes_after() {
    tells_apart(
        "future read",
        "future-read",
        &["ok [[:append :x 1]]", "ok [[:r :x [1 2]] [:append :x 2]]"],
        &["ok [[:append :x 1]]", "ok [[:append :x 2] [:r :x [1 2]]]"],
    );
}

#[test]
fn two_updates_of_one_version_are_told_from_one_after_the_other() {
    tells_apart(
        "lost update",
        "snapshot-isolation",
        &["ok [[:append :x 1]]", "ok [[:r :x [1]] [:append :x 2]]", "ok [[:r :x [1]] [:append :x 3]]"],
        &["ok [[:append :x 1]]", "ok [[:r :x [1]] [:append :x 2]]", "ok [[:r :x [1 2]] [:append :x 3]]"],
    );
}

#[test]
fn a_fractured_read_is_told_from_one_that_sees_all() {
    tells_apart(
        "fractured read",
        "snapshot-isolation",
        &["ok [[:append :x 1] [:append :y 1]]", "ok [[:r :x [1]] [:r :y nil]]"],
        &["ok [[:append :x 1] [:append :y 1]]", "ok [[:r :x [1]] [:r :y [1]]]"],
    );
}

#[test]
fn read_skew_is_told_from_a_read_of_one_moment() {
    // The second overwrote what the third missed, and the first of the circle was read through another key.
    let has = ["ok [[:append :x 1] [:append :y 1]]", "ok [[:append :x 2] [:r :y nil]]", "ok [[:r :x [1 2]]]"];
    assert_eq!(found(&completions(&has), "consistent-view"), ["G-single"]);
    assert_eq!(found(&completions(&has), "read-committed"), [""; 0]);
    let has_not =
        ["ok [[:append :x 1] [:append :y 1]]", "ok [[:append :x 2] [:r :y [1]]]", "ok [[:r :x [1 2]]]"];
    assert_eq!(found(&completions(&has_not), "serializable"), [""; 0]);
}

#[test]
fn two_observers_that_disagree_are_told_from_two_that_agree() {
    let writers = ["ok [[:append :x 1]]", "ok [[:append :y 1]]"];
    let fork = [writers[0], writers[1], "ok [[:r :x [1]] [:r :y nil]]", "ok [[:r :x nil] [:r :y [1]]]"];
    tells_apart(
        "G-nonadjacent",
        "snapshot-isolation",
        &fork,
        &[writers[0], writers[1], "ok [[:r :x [1]] [:r :y nil]]", "ok [[:r :x [1]] [:r :y [1]]]"],
    );
    assert_eq!(found(&completions(&fork), "consistent-view"), [""; 0]);
}

#[test]
fn write_skew_is_permitted_by_snapshots_and_not_by_serial_orders() {
    let skew = ["ok [[:r :y nil] [:append :x 1]]", "ok [[:r :x nil] [:append :y 1]]"];
    tells_apart(
        "write skew",
        "serializable",
        &skew,
        &["ok [[:r :y nil] [:append :x 1]]", "ok [[:r :x [1]] [:append :y 1]]"],
    );
    assert_eq!(found(&completions(&skew), "repeatable-read"), ["write skew"]);
    assert_eq!(found(&completions(&skew), "snapshot-isolation"), [""; 0]);
}

/// The first comes before the second because it wrote to y first, and because it missed x: the writes say more.
#[test]
fn a_circle_is_named_after_the_strongest_reasons() {
    let text = completions(&[
        "ok [[:append :y 1] [:r :x nil] [:r :z [1]]]",
        "ok [[:append :y 2] [:append :x 1] [:append :z 1]]",
        "ok [[:r :y [1 2]]]",
    ]);
    assert_eq!(found(&text, "serializable"), ["G1c"]);
    assert_eq!(found(&text, "G2"), [""; 0]);
}

#[test]
fn a_longer_circle_of_missed_writes_is_told_from_a_broken_one() {
    let of = |last: &'static str| {
        ["ok [[:r :x nil] [:append :y 1]]", "ok [[:r :y nil] [:append :z 1]]", last].to_vec()
    };
    tells_apart(
        "G2-item",
        "serializable",
        &of("ok [[:r :z nil] [:append :x 1]]"),
        &of("ok [[:r :z [1]] [:append :x 1]]"),
    );
}

#[test]
fn garbage_is_told_from_what_somebody_appended() {
    tells_apart(
        "garbage read",
        "read-committed",
        &["ok [[:append :x 1]]", "ok [[:r :x [1 9]]]"],
        &["ok [[:append :x 1]]", "info [[:append :x 9]]", "ok [[:r :x [1 9]]]"],
    );
}

#[test]
fn an_element_that_is_there_twice_is_told_from_two_elements() {
    tells_apart(
        "duplicate elements",
        "read-uncommitted",
        &["ok [[:append :x 1]]", "ok [[:append :x 2]]", "ok [[:r :x [1 2 1]]]"],
        &["ok [[:append :x 1]]", "ok [[:append :x 2]]", "ok [[:r :x [1 2]]]"],
    );
}

#[test]
fn reads_that_contradict_each_other_are_told_from_a_beginning_and_its_end() {
    tells_apart(
        "incompatible order",
        "read-committed",
        &["ok [[:append :x 1]]", "ok [[:append :x 2]]", "ok [[:r :x [1 2]]]", "ok [[:r :x [2]]]"],
        &["ok [[:append :x 1]]", "ok [[:append :x 2]]", "ok [[:r :x [1 2]]]", "ok [[:r :x [1]]]"],
    );
}

/// Two transactions, one after the other in time, of which the second misses the first.
fn stale(process: u32, seen: &str) -> String {
    format!(
        "{{:type :invoke, :process 0, :value [[:append :x 1]]}}\n\
         {{:type :ok, :process 0, :value [[:append :x 1]]}}\n\
         {{:type :invoke, :process {process}, :value [[:r :x nil]]}}\n\
         {{:type :ok, :process {process}, :value [[:r :x {seen}]]}}\n\
         {{:type :ok, :process 9, :value [[:r :x [1]]]}}\n"
    )
}

#[test]
fn a_stale_read_is_told_from_one_that_is_not_by_who_knows_of_time() {
    let other = stale(1, "nil");
    assert_eq!(found(&other, "serializable"), [""; 0]);
    assert_eq!(found(&other, "strong-session-serializable"), [""; 0]);
    assert_eq!(found(&other, "strict-serializable"), ["G-single-realtime"]);
    assert_eq!(found(&stale(1, "[1]"), "strict-serializable"), [""; 0]);
    let own = stale(0, "nil");
    assert_eq!(found(&own, "serializable"), [""; 0]);
    assert_eq!(found(&own, "strong-session-snapshot-isolation"), ["causality violation-process"]);
    assert_eq!(found(&stale(0, "[1]"), "strong-session-snapshot-isolation"), [""; 0]);
}

#[test]
fn what_may_or_may_not_have_happened_is_held_against_nobody() {
    // Nobody saw the unknown append, so it may never have happened; but if it was seen, all of it happened.
    let unseen = [
        "info [[:append :x 1] [:append :y 1]]",
        "ok [[:append :z 1] [:r :x nil] [:r :y nil]]",
        "ok [[:r :z [1]]]",
    ];
    assert_eq!(found(&completions(&unseen), "serializable"), [""; 0]);
    let half = ["info [[:append :x 1] [:append :y 1]]", "ok [[:r :x [1]] [:r :y nil]]"];
    assert_eq!(found(&completions(&half), "serializable"), ["fractured read"]);
}

#[test]
fn a_value_that_was_appended_twice_leaves_the_verdict_open_and_nothing_is_called_wrong() {
    for read in ["[1]", "[1 1]"] {
        let reader = format!("ok [[:r :x {read}]]");
        let text = completions(&["ok [[:append :x 1]]", "ok [[:append :x 1]]", &reader]);
        let report = judged(&history(&text), "serializable");
        let Verdict::Inconclusive(reason) = report.verdict else { panic!("{report:#?}") };
        assert_eq!(
            reason,
            "1 was written to :x more than once, so a read of it names nobody: let each write to a key have a value \
             of its own"
        );
        assert!(report.found.is_empty(), "{:#?}", report.found);
    }
}

#[test]
fn time_counts_whoever_began_after_another_was_over() {
    for (transactions, counted) in [(1, 0), (2, 1), (5, 4)] {
        let one_by_one: String = (0..transactions)
            .flat_map(|n| ["invoke", "ok"].map(|kind| (n, kind)))
            .map(|(n, kind)| format!("{{:type :{kind}, :process {n}, :value [[:append :x {n}]]}}\n"))
            .collect();
        let report = judged(&history(&one_by_one), "strict-serializable");
        assert_eq!(report.counts.real_time, counted, "{transactions}");
        assert_eq!(report.verdict == Verdict::Valid, counted > 0, "nothing depends on anything");
    }
}

#[test]
fn nothing_checked_is_not_valid() {
    for nothing in [&["ok [[:append :x 1]]"][..], &["fail [[:append :x 1]]"], &["ok [[:r :x nil]]"]] {
        let report = judged(&history(&completions(nothing)), "serializable");
        assert!(matches!(report.verdict, Verdict::Inconclusive(_)), "{report:#?}");
    }
}

#[test]
fn the_evidence_is_a_story() {
    let skew = ["ok [[:r :y nil] [:append :x 1]]", "ok [[:r :x nil] [:append :y 1]]"];
    let report = judged(&history(&completions(&skew)), "serializable");
    insta::assert_snapshot!(report.found[0].found.told[0].story.join("\n"), @r"
    T0 (process 0, line 1): read nothing of :y, appended 1 to :x
    T1 (process 1, line 2): read nothing of :x, appended 1 to :y
    T0 before T1: T0 did not see 1 in :y, which T1 wrote
    T1 before T0: T1 did not see 1 in :x, which T0 wrote, which closes the circle
    ");
}
