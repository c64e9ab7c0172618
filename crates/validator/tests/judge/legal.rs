//! Histories that look wrong and are legal: a validator that cries wolf is no use.

use rstest::rstest;
use validator::Property;

use crate::{LATE_COMMIT, Story, abort, commit, one_phase};

#[track_caller]
fn legal(story: &Story) {
    let result = story.judge();
    assert!(result.is_valid(), "{result}");
}

#[test]
fn three_participants_commit() {
    let story = Story::new(
        "
        tm runs t1: rm1 put k1 5, rm2 add k2 6, rm3 put k3 7
        rm1 granted t1 k1
        rm1 wrote t1 k1 5
        rm2 granted t1 k2
        rm2 wrote t1 k2 6
        rm3 granted t1 k3
        rm3 wrote t1 k3 7
        rm3 prepares t1
        rm1 prepares t1
        rm2 prepares t1
        tm decides t1
        tm sent t1 commit rm1
        tm sent t1 commit rm2
        tm sent t1 commit rm3
        tm answered t1 committed
        rm2 commits t1 k2 6
        rm1 commits t1 k1 5
        rm3 commits t1 k3 7
        tm healed
        rm1 stored k1 5
        rm2 stored k2 6
        rm3 stored k3 7
        ",
    );
    for property in Property::ALL {
        story.keeps(property);
    }
}

#[test]
fn an_abort() {
    legal(&abort());
}

#[test]
fn a_coordinator_that_dies_after_its_decision_and_finds_it_in_its_log() {
    let recovery = "
        tm crashed
        tm answered t1 unknown
        tm restarted
        tm outcome-asked t1
        tm answered t1 committed
        tm sent t1 commit rm1
        tm sent t1 commit rm2
        rm1 commits t1 k1 5
        rm2 commits t1 k1 -5
        rm1 stored k1 5
        rm2 stored k1 -5
        ";
    legal(&commit().until("tm durable t1 commit", recovery));
    // The record was appended and not synced, and yet it survived.
    legal(&commit().until("tm appended t1 commit", recovery));
}

#[test]
fn a_coordinator_that_dies_before_its_decision_presumes_abort() {
    let recovery = "
        tm crashed
        tm answered t1 unknown
        tm restarted
        rm1 sent t1 inquire tm
        tm sent t1 reply-abort rm1
        rm1 heard t1 reply-abort tm
        rm1 appended t1 abort
        rm1 decided t1 abort
        rm2 sent t1 inquire tm
        tm sent t1 reply-abort rm2
        rm2 heard t1 reply-abort tm
        rm2 decided t1 abort
        tm outcome-asked t1
        tm answered t1 aborted
        ";
    legal(&commit().until("tm heard t1 vote-yes rm2", recovery));
}

#[test]
fn a_participant_that_loses_an_abort_record_asks_again() {
    legal(&abort().then(
        "
        rm1 crashed
        rm1 lost t1 abort
        rm1 restarted
        rm1 granted t1 k1
        rm1 sent t1 inquire tm
        tm sent t1 reply-abort rm1
        rm1 heard t1 reply-abort tm
        rm1 appended t1 abort
        rm1 decided t1 abort
        ",
    ));
}

#[test]
fn a_participant_that_dies_in_doubt_and_is_told_to_commit() {
    let recovery =
        "rm2 crashed\nrm2 restarted\nrm2 granted t1 k1\nrm2 sent t1 inquire tm\ntm sent t1 reply-commit rm2";
    legal(&commit().before("rm2 heard t1 commit tm", recovery));
}

#[test]
fn a_participant_that_dies_before_its_vote_leaves_votes_no() {
    legal(&abort().instead_of(
        "rm2 voted t1 no",
        "
        rm2 wrote t1 k1 -5
        rm2 appended t1 prepared
        rm2 voted t1 yes
        rm2 crashed
        rm2 lost t1 prepared
        rm2 restarted
        rm2 voted t1 no
        ",
    ));
}

#[test]
fn a_late_yes_after_an_abort_changes_nothing() {
    let late = "
        tm runs t1: rm1 add k1 5, rm2 add k1 -5
        rm1 prepares t1
        tm sent t1 abort rm1
        tm sent t1 abort rm2
        tm answered t1 aborted
        rm1 decided t1 abort
        rm2 prepares t1
        rm2 heard t1 abort tm
        rm2 decided t1 abort
        ";
    // A coordinator may give up on a vote that is slow to come.
    legal(&Story::new(late));
}

#[test]
fn read_only_participants_have_no_records() {
    legal(&Story::new(
        "
        tm runs t1: rm1 read k1 0, rm2 read k1 0
        rm1 voted t1 read-only
        rm1 released t1
        rm1 sent t1 vote-read-only tm
        rm2 voted t1 read-only
        rm2 sent t1 vote-read-only tm
        tm heard t1 vote-read-only rm1
        tm heard t1 vote-read-only rm2
        tm answered t1 committed
        ",
    ));
}

#[test]
fn a_read_only_participant_that_forgot_in_a_crash_may_vote_no_to_an_old_prepare() {
    let story =
        commit().instead_of("rm2 asked t1 add k1 -5", "rm2 asked t1 read k1 0").without("rm2 wrote t1 k1 -5");
    let story = story.until(
        "tm heard t1 vote-yes rm1",
        "
        rm2 voted t1 read-only
        rm2 sent t1 vote-read-only tm
        tm heard t1 vote-read-only rm2
        tm decides t1
        tm sent t1 commit rm1
        tm answered t1 committed
        rm1 commits t1 k1 5
        rm2 crashed
        rm2 restarted
        rm2 heard t1 prepare tm
        rm2 voted t1 no
        rm2 decided t1 abort
        rm2 sent t1 vote-no tm
        rm1 stored k1 5
        ",
    );
    legal(&story);
}

#[test]
fn one_participant_decides_alone() {
    legal(&one_phase());
    let lost = "
        rm1 crashed
        rm1 lost t1 commit
        rm1 restarted
        rm1 heard t1 commit-one-phase tm
        rm1 voted t1 no
        rm1 decided t1 abort
        rm1 sent t1 vote-no tm
        tm answered t1 aborted
        ";
    legal(&one_phase().until("rm1 applied t1 k1 5", lost));
    let read = one_phase().instead_of("rm1 asked t1 add k1 5", "rm1 asked t1 read k1 0");
    let read =
        read.without("rm1 wrote t1 k1 5").without("rm1 appended t1 commit").without("rm1 applied t1 k1 5");
    legal(&read.without("rm1 durable t1 commit").without("rm1 stored k1 5"));
}

#[test]
fn a_participant_gives_up_before_it_has_voted() {
    legal(&Story::new(
        "
        tm runs t1: rm1 add k1 5, rm2 add k1 -5
        rm1 wrote t1 k1 5
        rm1 decided t1 abort
        rm2 prepares t1
        rm1 heard t1 prepare tm
        rm1 voted t1 no
        rm1 sent t1 vote-no tm
        tm heard t1 vote-no rm1
        tm sent t1 abort rm2
        tm answered t1 aborted
        rm2 decided t1 abort
        ",
    ));
}

#[rstest]
#[case::commit("rm1 heard t1 commit tm\nrm1 sent t1 acknowledge tm")]
#[case::prepare("rm1 heard t1 prepare tm")]
#[case::vote("tm heard t1 vote-yes rm1")]
#[case::inquiry("rm1 sent t1 inquire tm\ntm sent t1 reply-abort rm1\nrm1 heard t1 reply-abort tm")]
#[case::end_lost(
    "tm crashed\ntm lost t1 ended\ntm restarted\ntm sent t1 commit rm1\nrm1 sent t1 acknowledge tm"
)]
#[case::crash("rm1 crashed\nrm1 restarted")]
fn old_copies_and_crashes_after_the_end_change_nothing(#[case] late: &str) {
    legal(&commit().before("rm1 stored k1 5", late));
}

/// Who is deposed and does not know may still say that it knows nothing of a transaction.
#[test]
fn an_abort_of_one_who_is_deposed_is_none_unless_somebody_acts_upon_it() {
    let deposed = "tm2 took-over tm\ntm sent t1 reply-abort rm1";
    let before = "rm1 heard t1 commit tm";
    legal(&commit().instead_of(before, &format!("{deposed}\n{before}")));
    let acts = "rm1 decided t1 abort";
    commit().instead_of(before, &format!("{deposed}\n{acts}")).breaks(Property::Agreement);
    let in_charge = "tm sent t1 reply-abort rm1";
    commit().instead_of(before, &format!("{in_charge}\n{before}")).breaks(Property::Stability);
}

/// Found by a random load with takeovers: both had END on record, and only the one in charge kept it.
#[test]
fn one_who_is_deposed_may_lose_its_copy_of_what_another_made_durable() {
    let theirs = "tm2 took-over tm\ntm2 appended t1 ended\ntm2 durable t1 ended";
    let lost = |who: &str| commit().after("tm appended t1 ended", &format!("{theirs}\n{who} lost t1 ended"));
    legal(&lost("tm"));
}

/// Found by a random load with repeated ids: the second client is left without an answer, and asks no more.
#[test]
fn a_client_that_used_an_id_again_may_lose_its_connection() {
    let again = "tm begins t1 2\ntm answered t1 unknown";
    legal(&commit().after("tm appended t1 ended", again));
    commit().after("tm appended t1 ended", "tm begins t1 2").breaks(Property::Termination);
}

/// Found by a random load: a decision that waits for the disk was taken before the last vote came.
#[test]
fn an_abort_that_was_decided_before_the_last_vote_came_is_no_caprice() {
    let votes = "
        tm runs t1: rm1 add k1 5, rm2 add k1 -5
        rm1 wrote t1 k1 5
        rm2 wrote t1 k1 -5
        rm1 prepares t1
        rm2 prepares t1
        tm sent t1 abort rm1
        tm sent t1 abort rm2
        tm answered t1 aborted
        rm1 appended t1 abort
        rm1 decided t1 abort
        rm2 appended t1 abort
        rm2 decided t1 abort
        ";
    Story::new(votes).breaks(Property::NonTriviality);
    legal(&Story::new(&votes.replace("rm2 prepares t1", "tm decided t1 abort\nrm2 prepares t1")));
}

/// Found by a random load with takeovers: a participant rolled back, and crashed before it could say so.
#[test]
fn an_abort_that_nobody_heard_of_before_a_crash_binds_nobody() {
    let alone = "rm1 decided t1 abort";
    let anew = "rm1 crashed\nrm1 restarted\nrm1 wrote t1 k1 5";
    let story = |before: &str| one_phase().after("rm1 wrote t1 k1 5", before);
    legal(&story(&format!("{alone}\n{anew}")));
    story(&format!("{alone}\nrm1 voted t1 no\n{anew}")).breaks(Property::Stability);
    story(alone).breaks(Property::Stability);
}

/// Found by a random load with operators: the abort was lost in a crash, and with it what the operator knew of it.
#[test]
fn an_operator_may_decide_what_a_crash_has_put_in_doubt_again() {
    let story = abort().then(LATE_COMMIT).then("rm1 stored k1 5");
    legal(&story);
    let kept = story.instead_of("rm1 lost t1 abort", "rm1 durable t1 abort");
    kept.breaks(Property::Stability);
}
