//! A value that was written twice names nobody. What rests on it is left open; what does not is found all the same.

use rand_core::Rng as _;
use rand_pcg::Pcg32;
use validator::Verdict;
use validator::black_box::{Assumptions, Options, Report, check};

use super::brute_force::{edn, transactions};
use super::{completions, history, judged, promise};

const LISTS_ELSEWHERE: [&str; 2] = ["ok [[:append :elsewhere 1]]", "ok [[:append :elsewhere 1]]"];
const REGISTERS_ELSEWHERE: [&str; 2] = ["ok [[:w :elsewhere 1]]", "ok [[:w :elsewhere 1]]"];

/// An anomaly, a level that rules it out, and transactions that show it.
struct Case {
    anomaly: &'static str,
    level: &'static str,
    has: &'static [&'static str],
    assumptions: Assumptions,
}

fn case(anomaly: &'static str, level: &'static str, has: &'static [&'static str]) -> Case {
    Case { anomaly, level, has, assumptions: Assumptions::default() }
}

/// For as long as the test lasts.
fn leaked(has: &[&'static str]) -> &'static [&'static str] {
    has.to_vec().leak()
}

impl Case {
    fn follows(mut self) -> Self {
        self.assumptions.writes_follow_reads = true;
        self
    }

    fn ordered(mut self, order: &[(u32, u64)]) -> Self {
        self.assumptions.transaction_order = order.to_vec();
        self
    }

    fn with(&self, more: &[&str]) -> Report {
        let text = completions(&[self.has, more].concat());
        let options = Options { assumptions: self.assumptions.clone(), ..Options::new(promise(self.level)) };
        check(&history(&text), &options)
    }

    /// It is found, and so it is if something else was written twice, or this.
    fn is_found_with(&self, more: &[&[&str]]) -> &Self {
        let is_register = self.has.iter().all(|transaction| !transaction.contains(":append"));
        let elsewhere = if is_register { REGISTERS_ELSEWHERE } else { LISTS_ELSEWHERE };
        for more in [&[], &elsewhere[..]].iter().chain(more) {
            let report = self.with(more);
            let is_named = report.found.iter().any(|check| check.ruled_out && check.anomaly == self.anomaly);
            assert!(
                is_named && report.verdict == Verdict::Violated,
                "{} {more:?}: {report:#?}",
                self.anomaly
            );
        }
        self
    }

    /// With any of these, it is not known to be there.
    fn rests_on(&self, more: &[&[&str]]) -> &Self {
        for more in more {
            let report = self.with(more);
            assert!(is_open(&report), "{} {more:?}: {report:#?}", self.anomaly);
        }
        self
    }
}

fn is_open(report: &Report) -> bool {
    let Verdict::Inconclusive(reason) = &report.verdict else { return false };
    reason.ends_with(
        "more than once, so a read of it names nobody: let each write to a key have a value of its own",
    )
}

#[test]
fn of_a_list_what_rests_on_who_appended_is_left_open() {
    let x1: &[&str] = &["ok [[:append :x 1]]"];
    let twice: &[&str] = &["ok [[:append :x 1]]", "ok [[:append :x 1]]"];
    let order = "ok [[:r :x [1 2]] [:r :y [2 1]]]";
    let writers = ["ok [[:append :x 1] [:append :y 1]]", "ok [[:append :x 2] [:append :y 2]]"];
    case("G0", "read-uncommitted", leaked(&[writers[0], writers[1], order]))
        .is_found_with(&[])
        .rests_on(&[x1, &["fail [[:append :x 1]]"]]);
    case("G1a", "read-committed", &["fail [[:append :x 1]]", "ok [[:r :x [1]]]"])
        .is_found_with(&[&["fail [[:append :x 1]]"]])
        .rests_on(&[twice]);
    case("G1b", "read-committed", &["ok [[:append :x 1] [:append :x 2]]", "ok [[:r :x [1]]]"])
        .is_found_with(&[&["ok [[:append :x 2]]"]])
        .rests_on(&[x1]);
    case("G1c", "read-committed", &["ok [[:append :x 1] [:r :y [1]]]", "ok [[:append :y 1] [:r :x [1]]]"])
        .is_found_with(&[])
        .rests_on(&[x1, &["info [[:append :y 1]]"]]);
    case(
        "dirty update",
        "dirty-update",
        &["fail [[:append :x 1]]", "ok [[:append :x 2] [:append :y 1]]", "ok [[:r :x [1 2]] [:r :y [1]]]"],
    )
    .is_found_with(&[&["fail [[:append :x 1]]"]])
    .rests_on(&[x1, twice, &["ok [[:append :x 2]]"]]);
    case("future read", "future-read", &["ok [[:append :x 1]]", "ok [[:r :x [1 2]] [:append :x 2]]"])
        .is_found_with(&[x1])
        .rests_on(&[&["ok [[:append :x 2]]"]]);
    case("fractured read", "snapshot-isolation", leaked(&[writers[0], "ok [[:r :x [1]] [:r :y nil]]"]))
        .is_found_with(&[&["ok [[:append :y 1]]"]])
        .rests_on(&[x1]);
    case(
        "duplicate elements",
        "read-uncommitted",
        &["ok [[:append :x 1]]", "ok [[:append :x 2]]", "ok [[:r :x [1 2 1]]]"],
    )
    .is_found_with(&[&["ok [[:append :x 2]]"]])
    .rests_on(&[x1]);
    // One is there twice of each, and of one it is known that it was appended once.
    let both = ["ok [[:append :x 1]]", "ok [[:append :x 2]]", "ok [[:r :x [1 1 2 2]]]"];
    case("duplicate elements", "read-uncommitted", leaked(&both))
        .is_found_with(&[x1])
        .rests_on(&[&["ok [[:append :x 1]]", "ok [[:append :x 2]]"]]);
    // It is not known which of the aborted ones wrote it, and only one appended again.
    case("G1b", "G1b", &["fail [[:append :x 1] [:append :x 2]]", "ok [[:r :x [1]]]"])
        .is_found_with(&[&["fail [[:append :x 2]]"]])
        .rests_on(&[&["fail [[:append :x 1]]"]]);
}

#[test]
fn of_a_list_what_is_wrong_whoever_appended_is_found() {
    let x1: &[&str] = &["ok [[:append :x 1]]"];
    case("internal inconsistency", "internal", &["ok [[:append :x 1]]", "ok [[:append :x 2] [:r :x [2 1]]]"])
        .is_found_with(&[x1, &["ok [[:append :x 2]]"]]);
    case("garbage read", "read-committed", &["ok [[:append :x 1]]", "ok [[:r :x [1 9]]]"])
        .is_found_with(&[x1]);
    case(
        "incompatible order",
        "read-committed",
        &["ok [[:append :x 1]]", "ok [[:append :x 2]]", "ok [[:r :x [1 2]]]", "ok [[:r :x [2]]]"],
    )
    .is_found_with(&[x1, &["ok [[:append :x 2]]"]]);
    // So many elements are the same version, whoever appended them.
    case(
        "lost update",
        "cursor-stability",
        &["ok [[:append :x 1]]", "ok [[:r :x [1]] [:append :x 2]]", "ok [[:r :x [1]] [:append :x 3]]"],
    )
    .is_found_with(&[x1]);
}

/// Between two appends of which it is known whose they are there is one of which it is not.
#[test]
fn the_order_of_a_list_goes_past_what_names_nobody() {
    let between = &["ok [[:append :x 7]]", "ok [[:append :x 7] [:append :z 1]]", "ok [[:r :z [1]]]"];
    let x7 = [between[0], between[1], between[2]];
    let of = |more: &[&'static str]| -> &'static [&'static str] { [&x7[..], more].concat().leak() };
    let both = ["ok [[:append :x 1] [:append :y 1]]", "ok [[:append :x 2] [:append :y 2]]"];
    let has = |case: Case| {
        let report = case.with(&[]);
        let is_named = report.found.iter().any(|check| check.ruled_out && check.anomaly == case.anomaly);
        assert!(is_named, "{}: {report:#?}", case.anomaly);
    };
    has(case("G0", "read-uncommitted", of(&[both[0], both[1], "ok [[:r :x [1 7 2]] [:r :y [2 1]]]"])));
    let circle = of(&["ok [[:append :x 1] [:r :y [1]]]", "ok [[:append :y 1] [:r :x [1 7]]]"]);
    has(case("G1c", "consistent-view", circle));
    // It may have been the reader who appended it, and then there is no circle of reads without a missed write.
    assert!(is_open(&case("G1c", "read-committed", circle).with(&[])));
    let missed = of(&[both[1], "ok [[:r :x nil] [:r :y [2]]]", "ok [[:r :x [7 2]]]"]);
    has(case("fractured read", "snapshot-isolation", missed));
    assert!(is_open(&case("fractured read", "causal", missed).with(&[])));
    let last = of(&[both[1], "ok [[:r :x [7]] [:r :y [2]]]"]);
    has(case("fractured read", "snapshot-isolation", last));
    let kept = of(&[both[1], "ok [[:r :x [7 2 7]] [:r :y [2]]]"]);
    assert!(is_open(&case("", "serializable", kept).with(&[])), "the read sees both 7, and 2 between them");
    // The place behind the second 7 is another than that behind the first.
    let second =
        ["ok [[:append :x 1]]", both[1], "ok [[:r :x [7 1 7]] [:r :y [2]]]", "ok [[:r :x [7 1 7 2]]]"];
    has(case("fractured read", "snapshot-isolation", of(&second)));
}

#[test]
fn the_order_of_a_list_does_not_go_past_what_may_have_been_aborted() {
    let both = ["ok [[:append :x 1] [:append :y 1]]", "ok [[:append :x 2] [:append :y 2]]"];
    let order = "ok [[:r :x [1 7 2]] [:r :y [2 1]]]";
    let x7 = ["ok [[:append :x 7]]", "fail [[:append :x 7]]"];
    let passed = case("", "read-uncommitted", leaked(&[both[0], both[1], order, x7[0], x7[1]]));
    assert!(is_open(&passed.with(&[])));
    // Nor has a read a place in the order that ends with it, and begins like no other.
    let more = ["ok [[:append :x 8]]", "ok [[:r :x [7 1 7 8]]]", "ok [[:r :x [8 1 7]] [:r :y [1]]]"];
    let placed = case("", "G-single", leaked(&[both[0], x7[0], x7[1], more[0], more[1], more[2]]));
    assert!(is_open(&placed.with(&[])));
}

#[test]
fn a_circle_past_what_names_nobody_is_told_by_what_does() {
    let has = [
        "ok [[:append :x 1] [:append :x 7] [:r :y [1]]]",
        "ok [[:append :y 1] [:r :x [1 7]]]",
        "ok [[:append :x 7] [:append :z 1]]",
    ];
    let report = judged(&history(&completions(&has)), "serializable");
    insta::assert_snapshot!(report.found[0].found.told[0].story.join("\n"), @r"
    T0 (process 0, line 1): appended 1 to :x, appended 7 to :x, read [1] of :y
    T1 (process 1, line 2): appended 1 to :y, read [1 7] of :x
    T0 before T1: T1 read 1 of :x, which T0 wrote
    T1 before T0: T0 read 1 of :y, which T1 wrote, which closes the circle
    ");
}

/// Whoever is not known to be committed may have read what was aborted.
#[test]
fn what_was_aborted_and_appended_again_names_only_who_is_read_by_the_committed() {
    let both = ["fail [[:append :x 1]]", "ok [[:append :x 1] [:append :y 1]]"];
    let read = |ending: &str, list: &str| format!("{ending} [[:r :x {list}] [:r :y nil]]");
    let judge =
        |more: &[&str], level| judged(&history(&completions(&[&both[..], more].concat())), level).verdict;
    assert_eq!(judge(&[&read("ok", "[1]")], "serializable"), Verdict::Violated);
    assert_ne!(judge(&[&read("info", "[1]")], "serializable"), Verdict::Violated);
    assert_eq!(judge(&["ok [[:r :x [1 1]]]"], "read-committed"), Verdict::Violated);
    assert_ne!(judge(&["info [[:r :x [1 1]]]"], "read-committed"), Verdict::Violated);
    assert_ne!(judge(&["ok [[:r :x [1 1]]]"], "read-uncommitted"), Verdict::Violated);
    // What the first of them was seen below is not known to be of the second.
    let order = ["ok [[:append :x 2] [:append :y 2]]", "info [[:r :x [1 2]]]", "ok [[:r :y [2 1]]]"];
    assert_ne!(judge(&order, "read-committed"), Verdict::Violated);
    assert_eq!(judge(&[order[0], "ok [[:r :x [1 2]]]", order[2]], "read-committed"), Verdict::Violated);
    // Nor is it that something committed stands upon what was aborted.
    let upon = |ending: &str| format!("{ending} [[:r :x [0 1]]]");
    assert_ne!(judge(&["fail [[:append :x 0]]", &upon("info")], "read-committed"), Verdict::Violated);
    assert_eq!(judge(&["fail [[:append :x 0]]", &upon("ok")], "read-committed"), Verdict::Violated);
}

#[test]
fn of_a_register_what_rests_on_who_wrote_is_left_open() {
    let x1: &[&str] = &["ok [[:w :x 1]]"];
    let twice: &[&str] = &["ok [[:w :x 1]]", "ok [[:w :x 1]]"];
    case("G1a", "read-committed", &["fail [[:w :x 1]]", "ok [[:r :x 1]]"])
        .is_found_with(&[&["fail [[:w :x 1]]"]])
        .rests_on(&[twice]);
    case("G1b", "read-committed", &["ok [[:w :x 1] [:w :x 2]]", "ok [[:r :x 1]]"])
        .is_found_with(&[&["ok [[:w :x 2]]"]])
        .rests_on(&[x1]);
    case("G1c", "read-committed", &["ok [[:w :x 1] [:r :y 1]]", "ok [[:w :y 1] [:r :x 1]]"])
        .is_found_with(&[])
        .rests_on(&[x1, &["info [[:w :y 1]]"]]);
    case("future read", "future-read", &["ok [[:w :x 1]]", "ok [[:r :x 2] [:w :x 2]]"])
        .is_found_with(&[x1])
        .rests_on(&[&["ok [[:w :x 2]]"], &["fail [[:w :x 2]]"]]);
    case(
        "lost update",
        "cursor-stability",
        &["ok [[:w :x 1]]", "ok [[:r :x 1] [:w :x 2]]", "ok [[:r :x 1] [:w :x 3]]"],
    )
    .is_found_with(&[&["ok [[:w :x 2]]"]])
    .rests_on(&[x1]);
    case("fractured read", "serializable", &["ok [[:w :x 1] [:w :y 1]]", "ok [[:r :x 1] [:r :y nil]]"])
        .is_found_with(&[&["ok [[:w :y 1]]"]])
        .rests_on(&[x1]);
    // Here it is the search through all orders that finds it.
    case(
        "G2-item",
        "serializable",
        &["ok [[:w :x 1] [:w :y 1]]", "ok [[:r :x 1] [:w :y 2]]", "ok [[:r :y 1] [:w :x 2]]"],
    )
    .is_found_with(&[&["ok [[:w :x 2]]"], &["info [[:w :y 2]]"]])
    .rests_on(&[x1, &["info [[:w :y 1]]"]]);
}

#[test]
fn of_a_register_what_is_wrong_whoever_wrote_is_found() {
    let x1: &[&str] = &["ok [[:w :x 1]]"];
    let writer = "ok [[:w :x 1]]";
    case("internal inconsistency", "internal", leaked(&[writer, "ok [[:w :x 2] [:r :x 1]]"]))
        .is_found_with(&[x1, &["ok [[:w :x 2]]"]]);
    case("unrepeatable read", "internal", leaked(&[writer, "ok [[:w :x 2]]", "ok [[:r :x 1] [:r :x 2]]"]))
        .is_found_with(&[x1]);
    case("garbage read", "garbage-read", leaked(&[writer, "ok [[:r :x 9]]"])).is_found_with(&[x1]);
}

#[test]
fn an_order_that_is_assumed_holds_for_writes_and_not_for_reads_that_name_nobody() {
    let x1: &[&str] = &["ok [[:w :x 1]]"];
    case(
        "fractured read",
        "snapshot-isolation",
        &["ok [[:w :x 1]]", "ok [[:r :x 1] [:w :x 2] [:w :y 1]]", "ok [[:r :y 1] [:r :x 1]]"],
    )
    .follows()
    .is_found_with(&[&["ok [[:w :x 2]]"]])
    .rests_on(&[x1, &["ok [[:w :y 1]]"]]);
    case("cyclic versions", "read-uncommitted", &["ok [[:r :x 2] [:w :x 1]]", "ok [[:r :x 1] [:w :x 2]]"])
        .follows()
        .is_found_with(&[])
        .rests_on(&[x1, &["ok [[:w :x 2]]"], &["fail [[:w :x 2]]"]]);
    case("G-single", "serializable", &["ok [[:r :x nil] [:w :y 2]]", "ok [[:w :x 3] [:w :y 4]]"])
        .ordered(&[(0, 2), (1, 1)])
        .is_found_with(&[&["ok [[:w :x 3]]"], &["ok [[:w :y 4]]"]]);
}

/// Nobody knows whether an unknown transaction read what was aborted; of a committed one it is known.
#[test]
fn what_was_aborted_and_written_again_is_in_no_order_for_who_may_have_read_it() {
    let verdict = |ending: &str| {
        let all = [
            ("ok", "[[:w :x 2]]"),
            ("ok", "[[:r :x 2] [:w :x 3]]"),
            ("fail", "[[:w :x 2]]"),
            (ending, "[[:r :x 2]]"),
        ];
        let mut text = String::new();
        for (process, (ending, value)) in all.into_iter().enumerate() {
            for kind in ["invoke", ending] {
                text.push_str(&format!("{{:type :{kind}, :process {process}, :value {value}}}\n"));
            }
        }
        let assumptions =
            Assumptions { writes_follow_reads: true, linearizable_keys: true, ..Assumptions::default() };
        check(&history(&text), &Options { assumptions, ..Options::new(promise("read-committed")) }).verdict
    };
    assert_eq!((verdict("ok"), verdict("info")), (Verdict::Violated, Verdict::Valid));
}

#[test]
fn an_order_that_does_not_explain_what_names_nobody_is_not_told() {
    let explained = ["ok [[:w :x 1]]", "ok [[:w :x 2]]", "ok [[:r :x 1]]"];
    let notes =
        |more: &[&str]| judged(&history(&completions(&[&explained, more].concat())), "serializable").notes;
    assert_eq!(notes(&[]).len(), 1);
    assert_eq!(notes(&["ok [[:w :x 2]]"]).len(), 0);
}

/// The versions of a circle are told by their values, though something stands for them.
#[test]
fn versions_that_go_round_are_told_by_what_was_written() {
    let has = ["ok [[:w :x 5]]", "ok [[:r :x 6] [:w :x 5]]", "ok [[:w :x 6]]"];
    let assumptions = Assumptions {
        writes_follow_reads: true,
        transaction_order: vec![(1, 1), (2, 2)],
        ..Assumptions::default()
    };
    let options = Options { assumptions, ..Options::new(promise("read-uncommitted")) };
    let report = check(&history(&completions(&has)), &options);
    insta::assert_snapshot!(report.found[0].found.told[0].story.join("\n"), @r"
    T1 (process 1, line 2): read 6 of :x, wrote 5 to :x
    T2 (process 2, line 3): wrote 6 to :x
    assuming the order of transactions, the versions of :x go round: 5, 6, 5
    ");
}

/// Sessions that show the circle, and what more of it may be written.
#[test]
fn of_sessions_what_rests_on_who_wrote_is_left_open() {
    let circle = "w 0 0\n-----\nw 0 1\nw 1 1\n=====\nr 1 1\nr 0 0\n=====\n";
    let verdict = |more: &str, level| judged(&history(&format!("{circle}{more}")), level);
    for level in ["read-committed", "read-atomic", "causal"] {
        for more in ["", "w 7 7\n-----\nw 7 7\n", "w 0 1\n"] {
            assert_eq!(verdict(more, level).verdict, Verdict::Violated, "{more:?} at {level}");
        }
        for more in ["w 0 0\n", "w 1 1\n"] {
            let report = verdict(more, level);
            assert!(is_open(&report), "{more:?} at {level}: {report:#?}");
        }
    }
}

/// What is found in random histories, and what when something else was written twice.
#[test]
fn a_value_that_was_written_twice_elsewhere_hides_nothing() {
    let levels = ["read-committed", "causal", "snapshot-isolation", "serializable", "strict-serializable"];
    let mut counted = [0; 2];
    for seed in 0..2_000 {
        let is_list = seed % 2 == 0;
        let text = edn(&mut transactions(seed, is_list), is_list);
        let write = if is_list { ":append" } else { ":w" };
        let mut twice = text.clone();
        for process in 7..9 {
            let value = format!("[[{write} 7 1]]");
            // Nobody hears of its end, so that nothing comes after it.
            twice.push_str(&format!("{{:type :info, :process {process}, :value {value}}}\n"));
        }
        let level = levels[(Pcg32::new(seed, 11).next_u32() % 5) as usize];
        let (before, after) = (judged(&history(&text), level), judged(&history(&twice), level));
        let is_violated = before.verdict == Verdict::Violated;
        counted[usize::from(is_violated)] += 1;
        assert_eq!(after.found, before.found, "seed {seed} at {level}\n{twice}");
        let is_kept = if is_violated { after.verdict == Verdict::Violated } else { is_open(&after) };
        assert!(is_kept, "seed {seed} at {level}\n{twice}{after:#?}");
    }
    assert!(counted.iter().all(|&count| count > 300), "each verdict must come up often: {counted:?}");
}
