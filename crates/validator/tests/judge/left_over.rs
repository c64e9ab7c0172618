//! Termination and nothing left over: what the end of a run may not leave.

use insta::assert_snapshot;
use validator::Property::{NothingLeftOver, Termination};
use validator::Verdict;

use crate::{Story, commit};

/// The coordinator dies before it decides.
fn blocked() -> Story {
    let end = "
        tm crashed
        tm answered t1 unknown
        tm healed
        tm left-down
        rm1 in-doubt t1
        rm1 locked t1 k1
        rm2 in-doubt t1
        rm2 locked t1 k1
        ";
    commit().until("tm heard t1 vote-yes rm2", end)
}

#[test]
fn a_branch_left_in_doubt_has_not_terminated() {
    assert_snapshot!(blocked().breaks(Termination), @r#"
    termination: rm1 is still in doubt about t1 at the end
            0.009 ms  rm1  has "prepared" of t1 durable
            0.010 ms  rm1  sends vote yes of t1 to tm
            0.017 ms  tm   CRASHES
            0.021 ms  rm1  is still in doubt about t1 at the end
    termination: rm2 is still in doubt about t1 at the end
            0.014 ms  rm2  has "prepared" of t1 durable
            0.015 ms  rm2  sends vote yes of t1 to tm
            0.017 ms  tm   CRASHES
            0.023 ms  rm2  is still in doubt about t1 at the end
    nothing left over: rm1 is still in doubt about t1 at the end
            0.009 ms  rm1  has "prepared" of t1 durable
            0.010 ms  rm1  sends vote yes of t1 to tm
            0.017 ms  tm   CRASHES
            0.021 ms  rm1  is still in doubt about t1 at the end
    nothing left over: rm1 still has k1 locked by t1 at the end
            0.022 ms  rm1  still has k1 locked by t1 at the end
    nothing left over: rm2 is still in doubt about t1 at the end
            0.014 ms  rm2  has "prepared" of t1 durable
            0.015 ms  rm2  sends vote yes of t1 to tm
            0.017 ms  tm   CRASHES
            0.023 ms  rm2  is still in doubt about t1 at the end
    nothing left over: rm2 still has k1 locked by t1 at the end
            0.024 ms  rm2  still has k1 locked by t1 at the end
    "#);
    commit().keeps(Termination);
}

#[test]
fn a_branch_in_doubt_on_a_node_that_is_down_at_the_end_was_not_checked() {
    let lost =
        commit().until("rm1 heard t1 commit tm", "rm1 crashed\nrm2 heard t1 commit tm").then("rm1 left-down");
    let counted = |story: &Story| story.judge().check(Termination).map(|check| check.not_checked);
    assert_eq!(counted(&lost), Some(1));
    assert_eq!(counted(&commit()), Some(0));
}

#[test]
fn where_a_run_may_block_what_is_left_in_doubt_is_counted() {
    blocked().may_block().keeps(Termination);
    let result = blocked().may_block().judge();
    let blocked = [Termination, NothingLeftOver].map(|property| result.check(property).map(|c| c.blocked));
    assert_eq!(blocked, [Some(2), Some(4)]);
}

#[test]
fn where_a_run_may_block_only_a_branch_in_doubt_may_hold_locks() {
    let done = commit().may_block();
    assert_snapshot!(done.then("rm2 locked t1 k1").breaks(NothingLeftOver), @r"
    nothing left over: rm2 still has k1 locked by t1 at the end, and is not in doubt about it
            0.038 ms  rm2  still has k1 locked by t1 at the end
    ");
    blocked().may_block().keeps(NothingLeftOver);
}

#[test]
fn a_lock_left_is_left_over() {
    assert_snapshot!(commit().then("rm1 locked t1 k1").breaks(NothingLeftOver), @r"
    nothing left over: rm1 still has k1 locked by t1 at the end, and is not in doubt about it
            0.038 ms  rm1  still has k1 locked by t1 at the end
    ");
    commit().keeps(NothingLeftOver);
}

#[test]
fn a_coordinator_that_is_not_done_has_left_something_over_unless_it_waits_for_one_that_is_down() {
    let open = commit().then("tm left-open t1");
    assert_snapshot!(open.clone().breaks(NothingLeftOver), @r"
    nothing left over: tm is still not done with t1 at the end
            0.038 ms  tm   is still not done with t1 at the end
    ");
    open.clone().then("rm2 left-down").keeps(NothingLeftOver);
    open.may_block().keeps(NothingLeftOver);
}

#[test]
fn a_client_that_is_never_answered_has_not_terminated() {
    let silent = commit().without("tm answered t1 committed");
    assert_snapshot!(silent.breaks(Termination), @r"
    termination: the client of t1 is never answered
            0.000 ms  tm   begins t1 with 2 participants
    ");
}

#[test]
fn a_vote_that_is_forgotten_has_not_terminated() {
    let end = "tm sent t1 abort rm1\ntm answered t1 aborted\nrm1 decided t1 abort\ntm healed";
    let forgotten = commit().before("tm heard t1 vote-yes rm2", "rm2 fault pause");
    let forgotten = forgotten.until("tm heard t1 vote-yes rm2", end);
    assert_snapshot!(forgotten.breaks(Termination), @r#"
    termination: rm2 votes yes on t1 and never decides
            0.014 ms  rm2  has "prepared" of t1 durable
    "#);
    forgotten.then("rm2 decided t1 abort").keeps(Termination);
}

#[test]
fn a_repeated_id_is_answered_by_a_refusal() {
    let again = |last: &str| commit().then(&format!("tm runs t1: rm1 put k1 9, rm3 put k1 9\n{last}"));
    again("tm refused t1").keeps(Termination);
    assert_snapshot!(again("").breaks(Termination), @r"
    termination: the client of t1 is never answered
            0.038 ms  tm   begins t1 with 2 participants
    ");
    commit().after("tm heard t1 vote-yes rm1", "tm runs t1: rm1 put k1 9\ntm refused t1").keeps(Termination);
    Story::new("tm begins t1 0\ntm refused t1").keeps(Termination);
}

#[test]
fn of_a_run_that_never_healed_nothing_is_demanded() {
    let result = commit().until("tm heard t1 vote-yes rm2", "tm crashed").judge();
    let verdict = result.check(Termination).map(|check| &check.verdict);
    assert!(matches!(verdict, Some(Verdict::Inconclusive(_))), "{result}");
    assert!(matches!(result.verdict, Verdict::Inconclusive(_)), "{result}");
}

#[test]
fn nothing_at_all_proves_nothing() {
    let result = Story::new("").judge();
    assert_eq!(result.verdict, Verdict::Inconclusive("no transaction was begun".to_owned()));
}

#[test]
fn who_asks_again_is_told() {
    let lost = commit().instead_of("tm answered t1 committed", "tm answered t1 unknown\ntm outcome-asked t1");
    lost.clone().then("tm answered t1 committed").keeps(Termination);
    lost.clone().then("tm answered t1 unknown").keeps(Termination);
    assert_snapshot!(lost.breaks(Termination), @r"
    termination: the client of t1 is never answered
            0.000 ms  tm   begins t1 with 2 participants
            0.023 ms  tm   is asked by the client what became of t1
    ");
}
