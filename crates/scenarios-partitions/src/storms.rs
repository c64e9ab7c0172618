//! Messages that are lost or damaged many at a time: all of a kind, several in a row, or some of a hundred.

use harness_core::history::MessageKind;
use harness_core::{LinkEffect, NetworkFault, TestScenario};

use crate::{all_write, lost, rm, three_or, transfers};

/// Nobody hears the question, so nobody is bound.
pub fn every_prepare_lost_aborts(participants: u32) -> TestScenario {
    let all = three_or(participants);
    all_write(participants, "All prepares are lost.")
        .lose(MessageKind::Prepare, all)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::VoteYes, 0)
        .expect_commit_records(0)
        .may_abort()
}

/// Everybody is bound, and nobody knows.
pub fn every_vote_lost_aborts(participants: u32) -> TestScenario {
    let all = three_or(participants);
    all_write(participants, "All votes are lost.")
        .lose(MessageKind::VoteYes, all)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::VoteYes, all.into())
        .expect_commit_records(0)
        .may_abort()
}

/// Each participant asks for itself before the third telling.
pub fn every_commit_lost_twice_is_asked_for(participants: u32) -> TestScenario {
    let all = three_or(participants);
    all_write(participants, "All commits are lost, twice.")
        .lose(MessageKind::Commit, 2 * all)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, 2 * u64::from(all))
        .expect_sent(MessageKind::ReplyCommit, all.into())
        .expect_commit_records(u64::from(all) + 1)
        .may_wait_ms(1_000)
}

/// What was announced once and heard by nobody is presumed for everybody.
pub fn every_abort_lost_is_asked_for(participants: u32) -> TestScenario {
    let others = three_or(participants) - 1;
    all_write(participants, "One votes no, and all aborts are lost.")
        .votes_no(harness_core::history::ParticipantId(3))
        .lose(MessageKind::Abort, others)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::Inquire, others.into())
        .expect_sent(MessageKind::ReplyAbort, others.into())
        .expect_commit_records(0)
        .may_abort()
}

/// Told less and less often, but told until it is heard.
pub fn acknowledgement_lost_five_times_is_given_until_heard(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "Five acknowledgements of a participant are lost.")
        .network(lost().of(MessageKind::Acknowledge).sent_by(rm(2)).times(5))
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, all + 5)
        .expect_sent(MessageKind::Acknowledge, all + 5)
        .expect_commit_records(all + 1)
        .may_wait_ms(10_000)
}

fn losing(percent: u32, participants: u32, description: &str) -> TestScenario {
    transfers(participants, description)
        .network(NetworkFault::everywhere(LinkEffect::Lose { percent }))
        .may_wait_ms(60_000)
}

/// An ordinary bad day.
pub fn one_percent_loss_conserves_the_total(participants: u32) -> TestScenario {
    losing(1, participants, "One message of a hundred is lost amid transfers.")
}

/// Most transactions lose something.
pub fn ten_percent_loss_conserves_the_total(participants: u32) -> TestScenario {
    losing(10, participants, "Ten messages of a hundred are lost amid transfers.")
}

/// Nearly all transactions abort, and each of them must abort everywhere.
pub fn thirty_percent_loss_conserves_the_total(participants: u32) -> TestScenario {
    losing(30, participants, "Thirty messages of a hundred are lost amid transfers.")
}

fn damaged(message: MessageKind) -> NetworkFault {
    NetworkFault::everywhere(LinkEffect::Corrupt { percent: 100 }).of(message).times(1)
}

/// A damaged message is dropped: half a question is none.
pub fn damaged_prepare_aborts(participants: u32) -> TestScenario {
    all_write(participants, "The first prepare arrives damaged.")
        .network(damaged(MessageKind::Prepare))
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::VoteYes, u64::from(three_or(participants)) - 1)
        .expect_commit_records(0)
        .may_abort()
}

/// What might have been a yes is not taken for one.
pub fn damaged_vote_aborts(participants: u32) -> TestScenario {
    all_write(participants, "The first yes arrives damaged.")
        .network(damaged(MessageKind::VoteYes))
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::VoteYes, three_or(participants).into())
        .expect_commit_records(0)
        .may_abort()
}

/// What might have been a commit is not taken for one, and comes again.
pub fn damaged_commit_is_sent_again(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "The first commit arrives damaged.")
        .network(damaged(MessageKind::Commit))
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, all + 1)
        .expect_sent(MessageKind::Acknowledge, all)
        .expect_commit_records(all + 1)
        .may_wait_ms(500)
}

/// Damage is loss that took the whole way.
pub fn ten_percent_damage_conserves_the_total(participants: u32) -> TestScenario {
    transfers(participants, "Ten messages of a hundred arrive damaged amid transfers.")
        .network(NetworkFault::everywhere(LinkEffect::Corrupt { percent: 10 }))
        .may_wait_ms(30_000)
}
