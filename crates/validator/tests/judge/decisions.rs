//! Agreement, stability, unanimity, non-triviality (AC1 to AC4).

use history::Fact;
use insta::assert_snapshot;
use validator::Property::{Agreement, NonTriviality, Stability, Unanimity};
use validator::{ValidationResult, excerpt, validate};

use crate::{abort, commit, one_phase};

#[test]
fn a_participant_that_aborts_what_another_commits_splits_the_decision() {
    commit().keeps(Agreement);
    abort().keeps(Agreement);
    let split = commit().until("rm1 sent t1 acknowledge tm", "rm2 decided t1 abort\nrm1 stored k1 5");
    assert_snapshot!(split.breaks(Agreement), @r#"
    agreement: tm commits t1 and rm2 aborts it
            0.019 ms  tm   has "decided commit" of t1 durable
            0.029 ms  rm2  aborts t1
    client truth: the client is told that t1 committed, and rm2 never commits it
            0.022 ms  tm   tells the client: t1 committed
            0.029 ms  rm2  aborts t1
    "#);
}

#[test]
fn an_abort_told_to_a_participant_in_doubt_while_another_commits_splits_the_decision() {
    let told = "rm2 sent t1 inquire tm\ntm sent t1 reply-abort rm2";
    let split = commit().before("rm2 heard t1 commit tm", told);
    assert_snapshot!(split.breaks(Agreement), @r#"
    agreement: rm1 commits t1 and tm aborts it
            0.025 ms  rm1  sets k1 to 5 for t1
            0.030 ms  tm   sends reply abort of t1 to rm2
    stability: tm decides to commit t1 and then to abort it
            0.019 ms  tm   has "decided commit" of t1 durable
            0.030 ms  tm   sends reply abort of t1 to rm2
    "#);
    // After it has committed, its inquiry is an old copy, and the answer harms nobody.
    commit().after("rm2 durable t1 commit", told).keeps(Agreement);
}

#[test]
fn a_commit_that_was_only_emitted_may_become_an_abort() {
    let abort = "
        tm lost t1 commit
        tm restarted
        rm1 sent t1 inquire tm
        tm sent t1 reply-abort rm1
        rm1 decided t1 abort
        rm2 sent t1 inquire tm
        tm sent t1 reply-abort rm2
        rm2 decided t1 abort
        tm outcome-asked t1
        tm answered t1 aborted
        ";
    let crash = "tm crashed\ntm answered t1 unknown";
    commit().until("tm appended t1 commit", crash).then(abort).keeps(Agreement);
    let durable = commit().until("tm durable t1 commit", crash).then(abort);
    assert_snapshot!(durable.breaks(Agreement), @r#"
    agreement: tm commits t1 and rm1 aborts it
            0.019 ms  tm   has "decided commit" of t1 durable
            0.026 ms  rm1  aborts t1
    stability: tm decides to commit t1 and then to abort it
            0.019 ms  tm   has "decided commit" of t1 durable
            0.025 ms  tm   sends reply abort of t1 to rm1
    durability: tm loses its record "decided commit" of t1, which was durable
            0.019 ms  tm   has "decided commit" of t1 durable
            0.022 ms  tm   has lost "decided commit" of t1
    "#);
}

#[test]
fn a_node_that_commits_after_it_aborted_is_unstable() {
    let reversed = abort().then("rm1 appended t1 commit\nrm1 applied t1 k1 5\nrm1 stored k1 5");
    assert_snapshot!(reversed.breaks(Stability), @r"
    agreement: rm1 commits t1 and rm2 aborts it
            0.012 ms  rm2  aborts t1
            0.022 ms  rm1  sets k1 to 5 for t1
    stability: rm1 decides to abort t1 and then to commit it
            0.020 ms  rm1  aborts t1
            0.022 ms  rm1  sets k1 to 5 for t1
    unanimity: t1 commits although rm2 votes no
            0.011 ms  rm2  votes no on t1
            0.022 ms  rm1  sets k1 to 5 for t1
    client truth: the client is told that t1 aborted, and rm1 commits it
            0.017 ms  tm   tells the client: t1 aborted
            0.022 ms  rm1  sets k1 to 5 for t1
    ");
    abort().then("rm1 decided t1 abort").keeps(Stability);
}

#[test]
fn a_coordinator_that_aborts_after_it_decided_to_commit_is_unstable() {
    let reversed = commit().instead_of("tm sent t1 commit rm2", "tm sent t1 abort rm2");
    assert_snapshot!(reversed.breaks(Stability), @r#"
    agreement: rm1 commits t1 and tm aborts it
            0.021 ms  tm   sends abort of t1 to rm2
            0.025 ms  rm1  sets k1 to 5 for t1
    stability: tm decides to commit t1 and then to abort it
            0.019 ms  tm   has "decided commit" of t1 durable
            0.021 ms  tm   sends abort of t1 to rm2
    "#);
    // To a participant that has committed an abort means nothing.
    commit().after("rm2 durable t1 commit", "tm sent t1 abort rm2").keeps(Stability);
}

#[test]
fn a_commit_without_a_vote_is_not_unanimous() {
    let unheard = commit().without("tm heard t1 vote-yes rm2");
    assert_snapshot!(unheard.breaks(Unanimity), @r#"
    unanimity: t1 commits and no vote for it has come from rm2
            0.003 ms  rm2  is to take part in t1
            0.017 ms  tm   forces "decided commit" of t1
    "#);
    commit().keeps(Unanimity);
}

#[test]
fn a_commit_before_the_last_vote_arrives_is_not_unanimous() {
    let vote = "tm heard t1 vote-yes rm2";
    let early = commit().without(vote).after("tm appended t1 commit", vote);
    assert_snapshot!(early.breaks(Unanimity), @r#"
    unanimity: t1 commits before the vote of rm2 has arrived
            0.017 ms  tm   forces "decided commit" of t1
            0.018 ms  tm   hears vote yes of t1 from rm2
    "#);
    commit().without(vote).before("tm appended t1 commit", vote).keeps(Unanimity);
}

#[test]
fn a_commit_in_spite_of_a_no_is_not_unanimous() {
    let no = commit().without("rm2 sent t1 vote-yes tm").without("rm2 appended t1 prepared");
    let no = no.without("rm2 durable t1 prepared").instead_of("rm2 voted t1 yes", "rm2 voted t1 no");
    let no = no.instead_of("tm heard t1 vote-yes rm2", "tm heard t1 vote-no rm2");
    assert_snapshot!(no.breaks(Unanimity), @r#"
    unanimity: t1 commits although rm2 votes no
            0.012 ms  rm2  votes no on t1
            0.015 ms  tm   forces "decided commit" of t1
    "#);
}

#[test]
fn a_commit_that_the_client_asked_not_to_make_is_not_unanimous() {
    let against = commit().after("rm2 asked t1 add k1 -5", "tm abort-asked t1");
    assert_snapshot!(against.breaks(Unanimity), @r#"
    unanimity: t1 commits although its client asked to abort
            0.005 ms  tm   is asked by the client to abort t1
            0.019 ms  tm   forces "decided commit" of t1
    "#);
    abort().after("rm2 asked t1 add k1 -5", "tm abort-asked t1").keeps(Stability);
}

/// A coordinator that has forgotten a participant has not asked for its vote.
#[test]
fn a_commit_over_more_participants_than_took_part_is_not_unanimous() {
    let forgotten = commit().instead_of("tm begins t1 2", "tm begins t1 3");
    assert_snapshot!(forgotten.breaks(Unanimity), @r#"
    unanimity: t1 commits without 1 of its participants
            0.000 ms  tm   begins t1 with 3 participants
            0.018 ms  tm   forces "decided commit" of t1
    "#);
    commit().keeps(Unanimity);
    // A vote that is missing tells more.
    let no = forgotten.without("rm2 sent t1 vote-yes tm").without("rm2 appended t1 prepared");
    let no = no.without("rm2 durable t1 prepared").instead_of("rm2 voted t1 yes", "rm2 voted t1 no");
    let no = no.instead_of("tm heard t1 vote-yes rm2", "tm heard t1 vote-no rm2");
    assert_snapshot!(no.breaks(Unanimity), @r#"
    unanimity: t1 commits although rm2 votes no
            0.012 ms  rm2  votes no on t1
            0.015 ms  tm   forces "decided commit" of t1
    "#);
    // The decision may be left to the only one there is, not to one of two.
    let left = one_phase().instead_of("tm begins t1 1", "tm begins t1 2");
    assert_snapshot!(left.breaks(Unanimity), @r"
    unanimity: t1 commits without 1 of its participants
            0.000 ms  tm   begins t1 with 2 participants
            0.012 ms  tm   tells the client: t1 committed
    ");
}

/// In an excerpt nobody is missing but who was missing before.
#[test]
fn an_excerpt_of_a_commit_without_a_participant_goes_without_the_others_too() {
    let mut forgotten = commit().instead_of("tm begins t1 2", "tm begins t1 8");
    for rm in 3..8 {
        let reads = "
            # enlisted t1
            # asked t1 read k1 0
            # voted t1 read-only
            # sent t1 vote-read-only tm
            tm heard t1 vote-read-only #
            ";
        forgotten = forgotten.after("rm2 asked t1 add k1 -5", &reads.replace('#', &format!("rm{rm}")));
    }
    let history = forgotten.history();
    let whole = validate(&history);
    let cut = excerpt(&history, &whole).expect("it is violated");
    let begun = cut.events.iter().find_map(|event| match event.fact {
        Fact::Begun { participants, .. } => Some(participants),
        _ => None,
    });
    assert_eq!(begun, Some(4));
    let claims = |judged: &ValidationResult| {
        judged.violations().map(|(property, it)| (property, it.claim.clone())).collect::<Vec<_>>()
    };
    let claimed = vec![(Unanimity, "t1 commits without 1 of its participants".to_owned())];
    assert_eq!((claims(&validate(&cut)), claims(&whole)), (claimed.clone(), claimed));
}

#[test]
fn only_one_participant_can_be_left_to_decide() {
    one_phase().keeps(Unanimity);
    let two = one_phase().instead_of("rm1 enlisted t1", "rm1 enlisted t1\nrm2 enlisted t1");
    assert_snapshot!(two.breaks(Unanimity), @r"
    unanimity: t1 commits and no vote for it has come from rm2
            0.002 ms  rm2  is to take part in t1
            0.013 ms  tm   tells the client: t1 committed
    ");
}

#[test]
fn an_abort_after_all_voted_for_it_is_trivial() {
    let aborted = "
        tm sent t1 abort rm1
        tm sent t1 abort rm2
        tm answered t1 aborted
        rm1 decided t1 abort
        rm2 decided t1 abort
        ";
    let trivial = commit().until("tm heard t1 vote-yes rm2", aborted);
    assert_snapshot!(trivial.breaks(NonTriviality), @r"
    non-triviality: t1 is aborted after all voted for it, nothing failed, and the client did not ask
            0.016 ms  tm   hears vote yes of t1 from rm2
            0.017 ms  tm   sends abort of t1 to rm1
    ");
    commit().keeps(NonTriviality);
    for excuse in
        ["tm abort-asked t1", "rm1 fault pause", "rm2 sent t1 failed tm", "tm dropped t1 prepare rm2"]
    {
        let excused = trivial.clone().before("tm sent t1 abort rm1", excuse);
        assert!(excused.judge().is_valid(), "{}", excused.judge());
    }
}
