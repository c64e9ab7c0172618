//! Client truth.

use insta::assert_snapshot;
use validator::Property::{Agreement, ClientTruth};

use crate::{abort, commit};

/// The second participant never hears that the transaction commits, and forgets it.
fn forgotten() -> crate::Story {
    commit().until("rm1 sent t1 acknowledge tm", "rm1 stored k1 5")
}

#[test]
fn told_committed_it_is_committed_everywhere() {
    assert_snapshot!(forgotten().breaks(ClientTruth), @r#"
    termination: rm2 votes yes on t1 and never decides
            0.014 ms  rm2  has "prepared" of t1 durable
    client truth: the client is told that t1 committed, and rm2 never commits it
            0.013 ms  rm2  votes yes on t1
            0.022 ms  tm   tells the client: t1 committed
    "#);
    commit().keeps(ClientTruth);
}

#[test]
fn what_a_participant_in_doubt_has_not_done_is_no_lie() {
    forgotten().then("rm2 in-doubt t1\nrm2 locked t1 k1").may_block().keeps(ClientTruth);
    forgotten().then("rm2 crashed\nrm2 left-down").may_block().keeps(ClientTruth);
}

#[test]
fn told_aborted_it_is_committed_nowhere() {
    let lie = commit().instead_of("tm answered t1 committed", "tm answered t1 aborted");
    assert_snapshot!(lie.breaks(ClientTruth), @r#"
    agreement: rm1 commits t1 and tm aborts it
            0.022 ms  tm   tells the client: t1 aborted
            0.025 ms  rm1  sets k1 to 5 for t1
    stability: tm decides to commit t1 and then to abort it
            0.019 ms  tm   has "decided commit" of t1 durable
            0.022 ms  tm   tells the client: t1 aborted
    client truth: the client is told that t1 aborted, and rm1 commits it
            0.022 ms  tm   tells the client: t1 aborted
            0.025 ms  rm1  sets k1 to 5 for t1
    "#);
    abort().keeps(ClientTruth);
}

#[test]
fn told_that_it_is_unknown_it_is_all_or_nothing() {
    let unknown =
        |story: crate::Story| story.instead_of("tm answered t1 committed", "tm answered t1 unknown");
    unknown(commit()).keeps(ClientTruth);
    assert_snapshot!(unknown(forgotten()).breaks(ClientTruth), @r#"
    termination: rm2 votes yes on t1 and never decides
            0.014 ms  rm2  has "prepared" of t1 durable
    client truth: rm1 commits t1 and rm2, which was to write too, never does
            0.013 ms  rm2  votes yes on t1
            0.025 ms  rm1  sets k1 to 5 for t1
    "#);
}

#[test]
fn two_answers_agree() {
    let asked = "tm outcome-asked t1\ntm answered t1";
    let two = abort().then(&format!("{asked} committed"));
    assert_snapshot!(two.breaks(ClientTruth), @r"
    unanimity: t1 commits although rm2 votes no
            0.011 ms  rm2  votes no on t1
            0.022 ms  tm   tells the client: t1 committed
    write-ahead: tm tells the client of t1 before the commit record is durable
            0.022 ms  tm   tells the client: t1 committed
    client truth: the client is told that t1 committed and that it aborted
            0.017 ms  tm   tells the client: t1 aborted
            0.022 ms  tm   tells the client: t1 committed
    client truth: the client is told that t1 committed, and rm1 never commits it
            0.020 ms  rm1  aborts t1
            0.022 ms  tm   tells the client: t1 committed
    ");
    abort().then(&format!("{asked} aborted")).keeps(ClientTruth);
    let unknown = abort().instead_of("tm answered t1 aborted", "tm answered t1 unknown");
    unknown.then(&format!("{asked} aborted")).keeps(ClientTruth);
}

#[test]
fn told_mixed_some_commit_and_some_do_not() {
    let mixed = commit().instead_of("tm answered t1 committed", "tm answered t1 heuristic-mixed");
    assert_snapshot!(mixed.breaks(ClientTruth), @r"
    client truth: the client is told that t1 is mixed, and all participants commit it
            0.022 ms  tm   tells the client: t1 heuristic mixed
            0.025 ms  rm1  sets k1 to 5 for t1
    ");
    let really = forgotten().instead_of("tm answered t1 committed", "tm answered t1 heuristic-mixed");
    let result = really.then("rm2 decided t1 abort").judge();
    assert_eq!(result.check(ClientTruth).map(|check| check.violated), Some(0), "{result}");
}

/// The second participant's operator rolls back what the coordinator commits.
fn alone() -> crate::Story {
    commit().until("rm1 sent t1 acknowledge tm", "rm1 stored k1 5").then(
        "rm2 alone t1 abort
         rm2 appended t1 abort
         rm2 decided t1 abort
         rm2 durable t1 abort",
    )
}

#[test]
fn a_participant_that_decided_by_itself_is_reported_and_then_it_is_no_breach_of_the_protocol() {
    assert_snapshot!(alone().breaks(ClientTruth), @r"
    client truth: the client is told that t1 committed, and rm2 never commits it
            0.022 ms  tm   tells the client: t1 committed
            0.030 ms  rm2  is made to abort t1 by its own decision
            0.032 ms  rm2  aborts t1
    ");
    let reported = alone().then("tm answered t1 heuristic-mixed");
    assert_eq!(reported.judge().verdict, validator::Verdict::Valid, "{}", reported.judge());
    let obeyed = commit().then("rm2 alone t1 commit\ntm answered t1 heuristic-mixed");
    assert_snapshot!(obeyed.breaks(ClientTruth), @r"
    client truth: the client is told that t1 is mixed, and all participants commit it
            0.025 ms  rm1  sets k1 to 5 for t1
            0.039 ms  tm   tells the client: t1 heuristic mixed
    ");
    let nobody_said_so = alone().instead_of("rm2 alone t1 abort", "").then("tm answered t1 heuristic-mixed");
    assert_snapshot!(nobody_said_so.breaks(Agreement), @r#"
    agreement: tm commits t1 and rm2 aborts it
            0.019 ms  tm   has "decided commit" of t1 durable
            0.031 ms  rm2  aborts t1
    "#);
}
