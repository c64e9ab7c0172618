//! A stream is judged like the whole: whatever was forgotten, and however large a transaction is.

use history::{Event, Fact, Gid, Header, History, Nanos, NodeId, ParticipantId};
use insta::assert_snapshot;
use rstest::rstest;
use validator::Property::{Agreement, ClientTruth, Durability, ExactlyOnce, Stability};
use validator::{CorrectnessValidator, Property, ValidationResult, Verdict};

use crate::{LATE_COMMIT, Story, abort, commit};

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
#[case::work_done_again_after_a_crash("rm1 crashed\nrm1 restarted\nrm1 voted t1 no\nrm1 decided t1 abort")]
#[case::end_lost("tm durable t1 ended\ntm crashed\ntm restarted")]
fn late_facts_that_are_legal_change_nothing(#[case] late: &str) {
    let result = judge_late(commit(), late);
    assert!(result.is_valid(), "{result}");
}

/// Found by a random load with slow disks: the vote waited for its record while the coordinator gave up waiting for it.
#[test]
fn a_yes_that_leaves_when_all_is_over_binds_nobody() {
    let slow = "
        tm runs t1: rm1 add k1 5, rm2 add k1 -5
        rm1 wrote t1 k1 5
        rm1 appended t1 prepared
        rm1 voted t1 yes
        rm2 voted t1 no
        rm2 decided t1 abort
        rm2 sent t1 vote-no tm
        tm heard t1 vote-no rm2
        tm decided t1 abort
        tm sent t1 abort rm1
        tm answered t1 aborted
        rm1 heard t1 abort tm
        rm1 appended t1 abort
        rm1 decided t1 abort";
    let result = judge_late(Story::new(slow), "rm1 durable t1 prepared\nrm1 sent t1 vote-yes tm");
    assert!(result.is_valid(), "{result}");
}

#[test]
fn an_aborted_branch_that_asks_late_changes_nothing() {
    let late =
        "rm1 crashed\nrm1 lost t1 abort\nrm1 restarted\nrm1 sent t1 inquire tm\ntm sent t1 reply-abort rm1";
    let result = judge_late(abort(), &format!("{late}\nrm1 appended t1 abort\nrm1 decided t1 abort"));
    assert!(result.is_valid(), "{result}");
}

/// Found by a random load with operators: the transaction was over, and forgotten, when a crash lost its abort.
#[test]
fn others_may_read_what_an_operator_commits_late() {
    let read = "
        tm runs t3: rm1 read k1 0
        rm1 read t3 k1 t1
        tm sent t3 commit-one-phase rm1
        rm1 heard t3 commit-one-phase tm
        rm1 voted t3 read-only
        rm1 sent t3 vote-read-only tm
        tm heard t3 vote-read-only rm1
        tm answered t3 committed
        rm1 stored k1 5";
    let result = judge_late(abort(), &format!("{LATE_COMMIT}{read}"));
    assert!(result.is_valid(), "{result}");
}

/// Found by a random load with crashes: the answer came long after the client was told that nobody knows.
#[test]
fn who_has_only_read_may_be_told_late_that_it_committed() {
    let read = "
        tm runs t1: rm1 read k1 0
        rm1 read t1 k1 t0
        tm sent t1 commit-one-phase rm1
        rm1 heard t1 commit-one-phase tm
        rm1 voted t1 read-only
        rm1 sent t1 vote-read-only tm
        tm crashed
        tm answered t1 unknown
        tm restarted";
    let asked = "
        tm outcome-asked t1
        tm sent t1 commit-one-phase rm1
        rm1 heard t1 commit-one-phase tm";
    let committed = "rm1 sent t1 acknowledge tm\ntm heard t1 acknowledge rm1\ntm answered t1 committed";
    let forgotten =
        "rm1 voted t1 no\nrm1 sent t1 vote-no tm\ntm heard t1 vote-no rm1\ntm answered t1 aborted";
    for answer in [committed, forgotten] {
        let result = judge_late(Story::new(read), &format!("{asked}\n{answer}"));
        assert!(result.is_valid(), "{result}");
    }
}

/// Found by a random load with operators: forgotten, remembered and forgotten again, it was taken for aborted.
#[test]
fn what_operators_have_decided_is_remembered_however_often_it_is_forgotten() {
    let obeyed = commit().until("rm2 heard t1 commit tm", "tm appended t1 ended").then(
        "rm2 alone t1 commit
         rm2 appended t1 commit
         rm2 applied t1 k1 -5
         rm2 decided t1 commit
         rm2 durable t1 commit
         tm appended t1 ended",
    );
    let copy = "rm2 heard t1 commit tm\nrm2 sent t1 acknowledge tm";
    let other = "tm begins t3 0\ntm answered t3 committed";
    let result = judge_late(obeyed, &format!("{copy}\n{other}\ntm sent t1 commit rm2\n{copy}"));
    assert_eq!(result.check(Stability).map(|check| &check.verdict), Some(&Verdict::Valid), "{result}");
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
      isolation          valid     2 checked
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

/// Whatever a foreign system records, there is a verdict, and always the same one.
#[test]
fn no_history_is_too_wild_to_judge() {
    let nodes = ["tm", "tm2", "rm1", "rm2", "rm3"];
    let facts = "runs t1: rm1 add k1 1, rm2 put k2 7|enlisted t1|asked t1 add k1 2|abort-asked t1|answered t1 committed|
        answered t1 aborted|answered t1 unknown|answered t1 heuristic-mixed|refused t1|wrote t1 k1 3|applied t1 k1 3|
        applied t1 k2 7|decided t1 commit|decided t1 abort|voted t1 yes|voted t1 no|voted t1 read-only|
        appended t1 prepared|appended t1 commit|appended t1 abort|appended t1 ended|durable t1 prepared|
        durable t1 commit|durable t1 abort|durable t1 ended|lost t1 prepared|lost t1 commit|lost t1 abort|
        sent t1 commit rm1|sent t1 abort rm2|sent t1 reply-abort rm1|sent t1 vote-yes tm|sent t1 acknowledge tm|
        sent t1 commit-one-phase rm3|heard t1 vote-yes rm1|heard t1 vote-read-only rm2|dropped t1 commit rm1|crashed|
        restarted|fault pause|healed|prepares t1|commits t1 k1 3|decides t1";
    let facts: Vec<&str> = facts.split('|').map(str::trim).collect();
    // A small linear congruential generator: any sequence will do, as long as it is always the same one.
    let mut state = 7u32;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 12) as usize % below
    };
    for window in (0..60).map(|round| round % 4) {
        let line = |draw: &mut dyn FnMut(usize) -> usize| {
            let (node, fact, gid) = (nodes[draw(nodes.len())], facts[draw(facts.len())], 1 + draw(5));
            format!("{node} {}", fact.replace("t1", &format!("t{gid}")))
        };
        let text: Vec<String> = (0..300).map(|_| line(&mut draw)).collect();
        let ends = "rm1 stored k1 3\nrm2 in-doubt t1\nrm2 locked t1 k1\nrm3 left-down";
        let history = Story::new(&text.join("\n")).then(ends).history();
        let judge = || {
            let mut validator = CorrectnessValidator::new(&history.header).window(window);
            history.events.iter().for_each(|event| validator.observe(event));
            validator.finish()
        };
        let mut result = judge();
        assert_eq!(result, judge());
        assert_eq!(result.verdict, Verdict::Violated);
        result.resolve(&history.events);
        assert!(result.violations().all(|(_, v)| v.evidence.iter().all(|evidence| evidence.event.is_some())));
    }
}

#[test]
fn the_same_history_is_judged_the_same_twice() {
    let history: History = commit().without("tm durable t1 commit").history();
    assert_eq!(validator::validate(&history), validator::validate(&history));
}
