//! A stream is judged like the whole: whatever was forgotten, and however large a transaction is.

use history::{Event, Fact, Gid, Header, History, Nanos, NodeId, ParticipantId};
use insta::assert_snapshot;
use rstest::rstest;
use validator::Property::{Agreement, ClientTruth, Durability, ExactlyOnce, Stability};
use validator::{CorrectnessValidator, Property, ValidationResult, Verdict};

use crate::{Story, abort, commit};

/// A story, other transactions until the validator has forgotten it, and more of it.
fn judge_late(story: Story, late: &str) -> ValidationResult {
    let other = "
        tm runs t2: rm9 read k1 0
        rm9 voted t2 read-only
        rm9 sent t2 vote-read-only tm
        tm heard t2 vote-read-only rm9
        tm answered t2 committed
        ";
    let history = story.then(other).then(late).history();
    let mut validator = CorrectnessValidator::new(&history.header).window(0);
    history.events.iter().for_each(|event| validator.observe(event));
    let mut result = validator.finish();
    result.resolve(&history.events);
    result
}

#[rstest]
#[case::applied_again("rm1 applied t1 k1 10", ExactlyOnce)]
#[case::told_aborted("tm answered t1 aborted", ClientTruth)]
#[case::participant_aborts("rm1 decided t1 abort", Stability)]
#[case::commit_lost("rm1 lost t1 commit", Durability)]
#[case::run_again("tm begins t1 1\nrm1 appended t1 commit\nrm1 applied t1 k1 10\ntm refused t1", ExactlyOnce)]
fn late_wrongs_on_a_committed_transaction_are_seen(#[case] late: &str, #[case] property: Property) {
    let result = judge_late(commit(), late);
    assert_eq!(result.check(property).map(|check| &check.verdict), Some(&Verdict::Violated), "{result}");
}

#[rstest]
#[case::applied("rm1 applied t1 k1 5\nrm1 stored k1 5", Agreement)]
#[case::committed("tm sent t1 commit rm1", Stability)]
#[case::told_committed("tm answered t1 committed", ClientTruth)]
fn late_wrongs_on_an_aborted_transaction_are_seen(#[case] late: &str, #[case] property: Property) {
    let result = judge_late(abort(), late);
    assert_eq!(result.check(property).map(|check| &check.verdict), Some(&Verdict::Violated), "{result}");
}

#[rstest]
#[case::copies(
    "rm1 heard t1 commit tm\nrm1 sent t1 acknowledge tm\ntm sent t1 commit rm2\nrm2 heard t1 prepare tm"
)]
#[case::inquiry("rm1 sent t1 inquire tm\ntm sent t1 reply-abort rm1")]
#[case::repeated("tm runs t1: rm1 put k1 9\ntm refused t1")]
#[case::asked_again("tm outcome-asked t1\ntm answered t1 committed")]
#[case::end_lost("tm durable t1 ended\ntm crashed\ntm restarted")]
fn late_facts_that_are_legal_change_nothing(#[case] late: &str) {
    let result = judge_late(commit(), late);
    assert!(result.is_valid(), "{result}");
}

#[test]
fn an_aborted_branch_that_asks_late_changes_nothing() {
    let late =
        "rm1 crashed\nrm1 lost t1 abort\nrm1 restarted\nrm1 sent t1 inquire tm\ntm sent t1 reply-abort rm1";
    let result = judge_late(abort(), &format!("{late}\nrm1 appended t1 abort\nrm1 decided t1 abort"));
    assert!(result.is_valid(), "{result}");
}

#[test]
fn a_result_reads_back_as_it_was_written() {
    let broken = commit().without("rm2 stored k1 -5").judge();
    let text = serde_json::to_string(&broken).expect("a result is JSON");
    assert_eq!(serde_json::from_str::<ValidationResult>(&text).expect("what was written"), broken);
    assert_snapshot!(broken, @r"
    VIOLATED: 1 transactions, 37 events
      agreement          valid     1 checked
      stability          valid     3 checked
      unanimity          valid     1 checked
      non-triviality     valid     1 checked
      termination        valid     1 checked
      write-ahead        valid     6 checked
      client truth       valid     1 checked
      durability         VIOLATED  2 checked, 1 violated
        the write of t1 to k1 of rm2 (value -5) is gone at the end
                0.031 ms  rm2  sets k1 to -5 for t1
      exactly once       valid     2 checked
      consistency        valid     5 checked
      nothing left over  valid     2 checked
    ");
}

#[test]
fn violations_are_counted_beyond_those_that_are_kept() {
    let many: String = (1..=100).map(|n| format!("tm begins t{n} 1\n")).collect();
    let result = Story::new(&many).judge();
    let check = result.check(Property::Termination).expect("it is judged");
    assert_eq!((check.violated, check.violations.len()), (100, 16));
}

#[test]
fn far_apart_ids_and_a_blocked_transaction_cost_little() {
    let mut validator = CorrectnessValidator::new(&Header::default());
    for gid in [5, 4_000_000_000, 7, 2_000_000_000, u32::MAX] {
        let fact = Fact::Begun { gid: Gid(gid), participants: 0 };
        validator.observe(&Event { at: Nanos(0), node: NodeId::COORDINATOR, fact });
        let fact = Fact::Applied { gid: Gid(gid), key: history::Key(gid), value: history::Value(1) };
        validator.observe(&Event { at: Nanos(0), node: ParticipantId(1 + gid / 4).into(), fact });
    }
    assert_eq!(validator.finish().transactions, 5);
}

/// One transaction over 5,000 participants, enlisted in an order that is no order.
#[test]
fn a_large_transaction_is_judged_in_reasonable_time() {
    let nodes: Vec<u32> = (0..5_000).map(|n| 1 + n * 2_741 % 5_000).collect();
    let mut lines = vec!["tm begins t1 5000".to_owned()];
    lines.extend(nodes.iter().map(|n| format!("rm{n} enlisted t1\nrm{n} asked t1 put k1 {n}")));
    lines.extend(nodes.iter().map(|n| format!("rm{n} prepares t1")));
    lines.push("tm decides t1".to_owned());
    lines.extend(nodes.iter().map(|n| format!("tm sent t1 commit rm{n}")));
    lines.push("tm answered t1 committed".to_owned());
    lines.extend(nodes.iter().rev().map(|n| format!("rm{n} commits t1 k1 {n}")));
    lines.extend(nodes.iter().map(|n| format!("rm{n} stored k1 {n}")));
    let whole = Story::new(&lines.join("\n"));
    whole.keeps(Property::ClientTruth);
    assert_snapshot!(whole.without("rm77 applied t1 k1 77").without("rm77 stored k1 77").breaks(Property::Consistency), @r#"
    consistency: rm77 commits t1 and never applies its write to k1
            0.874 ms  rm77 is to put k1 for t1 (value 77)
           67.386 ms  rm77 has "decided commit" of t1 durable
    "#);
}

#[test]
fn the_same_history_is_judged_the_same_twice() {
    let history: History = commit().without("tm durable t1 commit").history();
    assert_eq!(validator::validate(&history), validator::validate(&history));
}
