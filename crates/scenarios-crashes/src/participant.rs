//! One participant dies once, at each step from its work to its acknowledgement. Before its vote has left nobody
//! relies on it; after that it is bound, and finds out.

use harness_core::TestScenario;
use harness_core::history::{MessageKind, Point};

use crate::{all_write, rm, three_or};

/// What never began cannot be missed: the coordinator asks nobody to prepare.
pub fn participant_lost_before_work_aborts(participants: u32) -> TestScenario {
    all_write(participants, "A participant dies when its work arrives.")
        .crash_at(rm(2), Point::BeforeExecute)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::Prepare, 0)
        .expect_commit_records(0)
        .may_abort()
}

/// Work that was reported done is gone with the memory that held it. Back in time to be asked for its vote, the
/// participant knows of nothing that it could promise.
pub fn participant_lost_after_work_votes_no(participants: u32) -> TestScenario {
    all_write(participants, "A participant dies after its work, and is back when it is asked to vote.")
        .down_for_ms(0, rm(2), Point::AfterExecute)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::VoteNo, 1)
        .expect_commit_records(0)
        .may_abort()
}

/// A prepare that reaches nobody is not answered: the coordinator's patience runs out.
pub fn participant_lost_before_prepare_arrives_aborts(participants: u32) -> TestScenario {
    all_write(participants, "A participant dies when it is asked to vote.")
        .crash_at(rm(2), Point::BeforePrepare)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::VoteYes, u64::from(three_or(participants)) - 1)
        .expect_commit_records(0)
        .may_abort()
}

/// Without a record there was no vote, and after its restart the participant has nothing to ask about.
pub fn participant_lost_before_prepare_is_durable_aborts(participants: u32) -> TestScenario {
    all_write(participants, "A participant dies before its prepared record is written.")
        .crash_at(rm(2), Point::BeforePrepareForced)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::VoteYes, u64::from(three_or(participants)) - 1)
        .expect_commit_records(0)
        .may_abort()
}

/// The record makes the participant bound though nobody has heard of it. While votes are collected its inquiry is
/// not answered; it hears the decision with all others.
pub fn participant_lost_after_prepare_is_durable_aborts(participants: u32) -> TestScenario {
    all_write(participants, "A participant dies with a durable prepared record, and its vote is lost.")
        .crash_at(rm(2), Point::AfterPrepareForced)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::VoteYes, u64::from(three_or(participants)) - 1)
        .expect_sent(MessageKind::ReplyAbort, 0)
        .expect_commit_records(0)
        .may_abort()
}

/// Away when the abort is announced, which happens once: it asks, and abort is presumed of what is not known.
pub fn participant_lost_before_its_vote_leaves_asks_and_aborts(participants: u32) -> TestScenario {
    all_write(participants, "A participant dies before its vote leaves, and is away when all others abort.")
        .down_for_ms(3_000, rm(2), Point::BeforeVoteSent)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::VoteYes, u64::from(three_or(participants)) - 1)
        .expect_sent(MessageKind::ReplyAbort, 1)
        .expect_commit_records(0)
        .may_abort()
}

/// Its yes counts though it is down when the decision falls: it is in doubt after its restart, and asks.
pub fn participant_lost_after_its_vote_asks_and_commits(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "A participant dies after its vote has left.")
        .crash_at(rm(2), Point::AfterVoteSent)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::ReplyCommit, 1)
        .expect_commit_records(all + 1)
        .may_wait_ms(500)
}

/// A commit that arrived and was not looked at is a commit that never arrived.
pub fn participant_lost_before_it_hears_the_decision_asks(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "A participant dies when the commit arrives.")
        .crash_at(rm(2), Point::BeforeDecisionReceived)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::ReplyCommit, 1)
        .expect_commit_records(all + 1)
        .may_wait_ms(500)
}

/// It heard the commit and has not written it down: in doubt again, it asks again, and applies its writes once.
pub fn participant_lost_before_commit_is_durable_commits_once(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "A participant dies before its commit record is written.")
        .crash_at(rm(2), Point::BeforeCommitForced)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::ReplyCommit, 1)
        .expect_sent(MessageKind::Acknowledge, all)
        .expect_commit_records(all + 1)
        .may_wait_ms(500)
}

/// Nothing is in doubt after the restart, so it does not ask; but it owes an acknowledgement, and is told again.
pub fn participant_lost_after_commit_is_durable_acknowledges_again(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "A participant dies with a durable commit that it has not acknowledged.")
        .crash_at(rm(2), Point::AfterCommitForced)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Inquire, 0)
        .expect_sent(MessageKind::Commit, all + 1)
        .expect_commit_records(all + 1)
        .may_wait_ms(500)
}

/// Away for longer than the coordinator waits before it tells again: it is told until it answers.
pub fn participant_lost_before_its_acknowledgement_leaves_gives_it_again(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "A participant dies before its acknowledgement leaves, and is long away.")
        .down_for_ms(1_000, rm(2), Point::BeforeAckSent)
        .expect_outcomes(1, 0)
        // Again after 200, 600 and 1,400 ms.
        .expect_sent(MessageKind::Commit, all + 3)
        .expect_sent(MessageKind::Acknowledge, all)
        .expect_commit_records(all + 1)
        .may_wait_ms(2_000)
}

/// Who has acknowledged owes nothing, and nobody calls it again.
pub fn participant_lost_after_its_acknowledgement_is_done(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "A participant dies after its acknowledgement has left.")
        .crash_at(rm(2), Point::AfterAckSent)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, all)
        .expect_sent(MessageKind::Inquire, 0)
        .expect_commit_records(all + 1)
}
