//! Write-ahead, durability, exactly once: what logs and stores keep.

use insta::assert_snapshot;
use validator::Property::{Consistency, Durability, ExactlyOnce, WriteAhead};
use validator::{CorrectnessValidator, Verdict};

use crate::story::Story;
use crate::{commit, one_phase};

#[test]
fn a_commit_that_leaves_before_its_record_is_durable_is_not_written_ahead() {
    let durable = "tm durable t1 commit";
    let early = commit().without(durable).after("tm sent t1 commit rm1", durable);
    assert_snapshot!(early.breaks(WriteAhead), @r#"
    write-ahead: tm sends the commit of t1 before the commit record is durable
            0.019 ms  tm   sends commit of t1 to rm1
            0.020 ms  tm   has "decided commit" of t1 durable
    "#);
    commit().keeps(WriteAhead);
}

#[test]
fn an_answer_before_the_record_is_durable_is_not_written_ahead() {
    let answer = "tm answered t1 committed";
    let early = commit().without(answer).before("tm durable t1 commit", answer);
    assert_snapshot!(early.breaks(WriteAhead), @r#"
    write-ahead: tm tells the client of t1 before the commit record is durable
            0.019 ms  tm   tells the client: t1 committed
            0.020 ms  tm   has "decided commit" of t1 durable
    "#);
    commit().without(answer).after("tm durable t1 commit", answer).keeps(WriteAhead);
}

#[test]
fn a_yes_that_leaves_before_prepared_is_durable_is_not_written_ahead() {
    let durable = "rm1 durable t1 prepared";
    let early = commit().without(durable).after("rm1 sent t1 vote-yes tm", durable);
    assert_snapshot!(early.breaks(WriteAhead), @r#"
    write-ahead: rm1 votes yes on t1 before the prepared record is durable
            0.009 ms  rm1  sends vote yes of t1 to tm
            0.010 ms  rm1  has "prepared" of t1 durable
    "#);
    // Nor is a vote that a participant only emitted a promise: it goes when the record is safe.
    commit()
        .without("rm1 voted t1 yes")
        .before("rm1 appended t1 prepared", "rm1 voted t1 yes")
        .keeps(WriteAhead);
}

#[test]
fn an_acknowledgement_before_the_commit_is_durable_is_not_written_ahead() {
    let durable = "rm1 durable t1 commit";
    let early = commit().without(durable).after("rm1 sent t1 acknowledge tm", durable);
    assert_snapshot!(early.breaks(WriteAhead), @r#"
    write-ahead: rm1 acknowledges t1 before the commit record is durable
            0.027 ms  rm1  sends acknowledge of t1 to tm
            0.028 ms  rm1  has "decided commit" of t1 durable
    "#);
    let early = one_phase().without(durable).after("rm1 sent t1 acknowledge tm", durable);
    assert_snapshot!(early.breaks(WriteAhead), @r#"
    write-ahead: rm1 acknowledges t1 before the commit record is durable
            0.009 ms  rm1  sends acknowledge of t1 to tm
            0.010 ms  rm1  has "decided commit" of t1 durable
    "#);
    one_phase().keeps(WriteAhead);
}

#[test]
fn without_the_log_nothing_is_said_of_it() {
    let mut history = commit().history();
    history.events.retain(|event| {
        use history::Fact::{Appended, Durable};
        !matches!(event.fact, Appended { .. } | Durable { .. })
    });
    history.header.terms.without_log = true;
    let mut validator = CorrectnessValidator::new(&history.header);
    history.events.iter().for_each(|event| validator.observe(event));
    let result = validator.finish();
    assert_eq!(result.verdict, Verdict::Valid, "{result}");
    assert!(result.check(WriteAhead).is_none());
    assert!(result.check(Durability).is_some_and(|check| check.checked > 0));
}

#[test]
fn a_durable_record_is_never_lost() {
    let crash = "rm1 crashed\nrm1 lost t1 prepared\nrm1 restarted";
    let lost = commit().after("tm heard t1 vote-yes rm1", crash);
    assert_snapshot!(lost.breaks(Durability), @r#"
    durability: rm1 loses its record "prepared" of t1, which was durable
            0.009 ms  rm1  has "prepared" of t1 durable
            0.013 ms  rm1  has lost "prepared" of t1
    "#);
    let vote = "rm1 durable t1 prepared\nrm1 sent t1 vote-yes tm\ntm heard t1 vote-yes rm1";
    let anew = format!("{crash}\nrm1 appended t1 prepared\n{vote}");
    let [durable, sent] = ["rm1 durable t1 prepared", "rm1 sent t1 vote-yes tm"];
    let again = commit().without(durable).without(sent).instead_of("tm heard t1 vote-yes rm1", &anew);
    again.keeps(Durability);
}

/// Found by a sweep over crashes (its seed 14672): a participant crashed when its checkpoint had written a prepared
/// record again and the first was not yet durable. The first survived, and the copy did not.
#[test]
fn a_copy_of_a_record_may_be_lost_when_the_record_is_not() {
    let copied = "rm1 appended t1 prepared\nrm1 crashed\nrm1 durable t1 prepared\nrm1 lost t1 prepared";
    let story = |more: &str| {
        let survived = format!("{copied}\n{more}\nrm1 restarted");
        commit().instead_of("rm1 durable t1 prepared", &survived)
    };
    story("").keeps(Durability);
    let both = story("rm1 lost t1 prepared").breaks(Durability);
    assert!(both.starts_with("durability: rm1 loses its record"), "{both}");
}

#[test]
fn a_committed_write_is_in_the_final_state() {
    assert_snapshot!(commit().without("rm2 stored k1 -5").breaks(Durability), @r"
    durability: the write of t1 to k1 of rm2 (value -5) is gone at the end
            0.031 ms  rm2  sets k1 to -5 for t1
    ");
    let crashed = commit().before("rm1 stored k1 5", "rm1 crashed\nrm1 restarted");
    crashed.keeps(Durability);
    assert_snapshot!(crashed.instead_of("rm1 stored k1 5", "rm1 stored k1 0").breaks(Durability), @r"
    durability: the write of t1 to k1 of rm1 (value 5) is lost at the end
            0.025 ms  rm1  sets k1 to 5 for t1
            0.036 ms  rm1  CRASHES
            0.038 ms  rm1  holds 0 in k1 at the end
    consistency: rm1 holds 0 in k1 at the end, where a replay of what committed has 5
            0.025 ms  rm1  sets k1 to 5 for t1
            0.038 ms  rm1  holds 0 in k1 at the end
    ");
}

#[test]
fn a_write_may_be_overwritten_by_a_later_transaction_but_not_by_an_earlier_one() {
    let later = "
        tm runs t2: rm1 put k1 7
        rm1 wrote t2 k1 7
        tm sent t2 commit-one-phase rm1
        rm1 appended t2 commit
        rm1 applied t2 k1 7
        rm1 decided t2 commit
        rm1 durable t2 commit
        rm1 sent t2 acknowledge tm
        tm answered t2 committed
        ";
    let both = commit().before("rm1 stored k1 5", later);
    both.clone().instead_of("rm1 stored k1 5", "rm1 stored k1 7").keeps(Durability);
    assert_snapshot!(both.breaks(Durability), @r"
    durability: the write of t2 to k1 of rm1 (value 7) is lost at the end
            0.042 ms  rm1  sets k1 to 7 for t2
            0.047 ms  rm1  holds 5 in k1 at the end
    consistency: rm1 holds 5 in k1 at the end, where a replay of what committed has 7
            0.042 ms  rm1  sets k1 to 7 for t2
            0.047 ms  rm1  holds 5 in k1 at the end
    ");
}

#[test]
fn a_node_that_is_down_at_the_end_is_not_asked_what_it_holds() {
    let down = commit().instead_of("rm1 stored k1 5", "rm1 crashed\nrm1 left-down");
    let result = down.judge();
    assert!(result.is_valid(), "{result}");
    assert_eq!(result.check(Durability).expect("it is judged").not_checked, 1);
    assert_eq!(result.check(Consistency).expect("it is judged").not_checked, 1);
}

#[test]
fn a_write_applied_twice_is_not_applied_once() {
    let twice = commit().after("rm1 sent t1 acknowledge tm", "rm1 heard t1 commit tm\nrm1 applied t1 k1 10");
    assert_snapshot!(twice.breaks(ExactlyOnce), @r#"
    exactly once: rm1 applies the write of t1 to k1 (value 10) a second time
            0.025 ms  rm1  sets k1 to 5 for t1
            0.027 ms  rm1  has "decided commit" of t1 durable
            0.030 ms  rm1  sets k1 to 10 for t1
    "#);
    commit()
        .after("rm1 sent t1 acknowledge tm", "rm1 heard t1 commit tm\nrm1 sent t1 acknowledge tm")
        .keeps(ExactlyOnce);
}

#[test]
fn a_write_is_applied_again_only_if_a_crash_undid_it() {
    let recovery = "rm1 restarted\nrm1 sent t1 inquire tm\ntm sent t1 reply-commit rm1\nrm1 commits t1 k1 5";
    let crash = |at: &str, lost: &str| {
        let lines = format!("rm1 crashed\n{lost}\n{recovery}");
        commit().without("rm1 sent t1 acknowledge tm").without("rm1 durable t1 commit").after(at, &lines)
    };
    crash("rm1 decided t1 commit", "rm1 lost t1 commit").keeps(ExactlyOnce);
    // Not lost is survived.
    assert_snapshot!(crash("rm1 decided t1 commit", "").breaks(ExactlyOnce), @r"
    exactly once: rm1 applies the write of t1 to k1 (value 5) a second time
            0.025 ms  rm1  sets k1 to 5 for t1
            0.028 ms  rm1  restarts
            0.033 ms  rm1  sets k1 to 5 for t1
    ");
}

#[test]
fn a_crash_between_the_record_and_the_store_leaves_the_rest_to_the_log() {
    let mut story = commit();
    for line in ["rm1 applied t1 k1 5", "rm1 decided t1 commit", "rm1 durable t1 commit"] {
        story = story.without(line);
    }
    let crashed = story.clone().after("rm1 appended t1 commit", "rm1 crashed\nrm1 restarted");
    crashed.keeps(Durability);
    crashed.keeps(Consistency);
    let forgotten = story.after("rm1 appended t1 commit", "rm1 durable t1 commit");
    assert_snapshot!(forgotten.breaks(Consistency), @r#"
    consistency: rm1 commits t1 and never applies its write to k1
            0.002 ms  rm1  is to add k1 for t1 (value 5)
            0.025 ms  rm1  has "decided commit" of t1 durable
    consistency: rm1 holds 5 in k1 at the end, where a replay of what committed has 0
            0.034 ms  rm1  holds 5 in k1 at the end
    "#);
}

#[test]
fn what_a_crash_undid_is_undone_in_the_replay_too() {
    let both_lost = |stored: &str| {
        Story::new(&format!(
            "
            tm runs t1: rm1 put k1 5
            tm sent t1 commit-one-phase rm1
            rm1 appended t1 commit
            rm1 applied t1 k1 5
            tm runs t2: rm1 add k1 1
            tm sent t2 commit-one-phase rm1
            rm1 appended t2 commit
            rm1 applied t2 k1 6
            rm1 crashed
            rm1 lost t2 commit
            rm1 restarted
            rm1 sent t1 acknowledge tm
            tm answered t1 committed
            rm1 sent t2 vote-no tm
            tm answered t2 aborted
            {stored}
            "
        ))
    };
    both_lost("rm1 stored k1 5").keeps(Consistency);
    assert_snapshot!(both_lost("rm1 stored k1 6").breaks(Consistency), @r"
    durability: the write of t1 to k1 of rm1 (value 5) is lost at the end
            0.005 ms  rm1  sets k1 to 5 for t1
            0.012 ms  rm1  CRASHES
            0.019 ms  rm1  holds 6 in k1 at the end
    consistency: rm1 holds 6 in k1 at the end, where a replay of what committed has 5
            0.005 ms  rm1  sets k1 to 5 for t1
            0.019 ms  rm1  holds 6 in k1 at the end
    ");
}
