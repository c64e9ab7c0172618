//! Links that are cut in one direction: to be heard is not to hear.

use harness_core::TestScenario;
use harness_core::history::{MessageKind, Point};

use crate::{TM, all_write, cut, rm, three_or};

/// It works, and nobody knows.
pub fn participant_that_is_not_heard_aborts(participants: u32) -> TestScenario {
    all_write(participants, "What a participant sends is lost from the start.")
        .network(cut().sent_by(rm(2)).lasting_ms(3_000))
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::Executed, three_or(participants).into())
        .expect_sent(MessageKind::Prepare, 0)
        .expect_commit_records(0)
        .may_abort()
}

/// It could answer, and is never asked.
pub fn participant_that_does_not_hear_aborts(participants: u32) -> TestScenario {
    all_write(participants, "What is sent to a participant is lost from the start.")
        .network(cut().sent_to(rm(2)).lasting_ms(3_000))
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::Executed, u64::from(three_or(participants)) - 1)
        .expect_sent(MessageKind::Prepare, 0)
        .expect_commit_records(0)
        .may_abort()
}

/// Bound by a yes that nobody hears, it is told the abort that follows.
pub fn participant_that_cannot_vote_hears_the_abort(participants: u32) -> TestScenario {
    all_write(participants, "What a participant sends is lost for three seconds when it votes.")
        .network_at(rm(2), Point::BeforeVoteSent, 1, cut().sent_by(rm(2)).lasting_ms(3_000))
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::VoteYes, three_or(participants).into())
        .expect_sent(MessageKind::ReplyAbort, 0)
        .expect_commit_records(0)
        .may_abort()
}

/// Its questions arrive and the answers do not.
pub fn participant_that_cannot_be_told_asks_in_vain_and_commits(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "What is sent to a participant is lost for a second after its vote.")
        .network_at(rm(2), Point::AfterVoteSent, 1, cut().sent_to(rm(2)).lasting_ms(1_000))
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::ReplyCommit, 1)
        .expect_sent(MessageKind::Commit, all + 3)
        .expect_commit_records(all + 1)
        .may_wait_ms(2_000)
}

/// It has committed, and is told to until the coordinator hears so.
pub fn participant_that_cannot_acknowledge_is_told_again(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "What a participant sends is lost for a second when it acknowledges.")
        .network_at(rm(2), Point::BeforeAckSent, 1, cut().sent_by(rm(2)).lasting_ms(1_000))
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, all + 3)
        .expect_sent(MessageKind::Acknowledge, all + 3)
        .expect_commit_records(all + 1)
        .may_wait_ms(2_000)
}

/// It hears every question about a commit that it cannot announce.
pub fn coordinator_that_is_not_heard_commits_when_healed(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "What the coordinator sends is lost for a second after its decision.")
        .network_at(TM, Point::AfterDecisionForced, 1, cut().sent_by(TM).lasting_ms(1_000))
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, 4 * all)
        .expect_sent(MessageKind::ReplyCommit, all)
        .expect_commit_records(all + 1)
        .may_wait_ms(2_000)
}

/// No vote and no question reaches it, and its abort reaches all.
pub fn coordinator_that_does_not_hear_aborts(participants: u32) -> TestScenario {
    let all = three_or(participants);
    all_write(participants, "What is sent to the coordinator is lost for three seconds while all vote.")
        .network_at(TM, Point::AfterPrepareSent, all, cut().sent_to(TM).lasting_ms(3_000))
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::VoteYes, all.into())
        .expect_sent(MessageKind::ReplyAbort, 0)
        .expect_commit_records(0)
        .may_abort()
}
