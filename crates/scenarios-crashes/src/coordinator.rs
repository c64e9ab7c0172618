//! The coordinator dies once, at each step from handing out the work to its END record. What decides is whether its
//! commit was durable: if not, abort is presumed; if so, everybody must hear of it.

use harness_core::TestScenario;
use harness_core::history::{MessageKind, Point};

use crate::{TM, all_write, three_or};

/// A transaction that only the coordinator knew of is nobody's transaction.
pub fn coordinator_lost_before_any_work_is_handed_out_aborts(participants: u32) -> TestScenario {
    all_write(participants, "The coordinator dies before it hands out any work.")
        .crash_at(TM, Point::BeforeExecuteSent)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::Execute, 0)
        .expect_commit_records(0)
        .may_abort()
}

/// Participants that worked and were never asked to vote are free, and roll back when they have waited enough.
pub fn coordinator_lost_before_any_prepare_aborts(participants: u32) -> TestScenario {
    all_write(participants, "The coordinator dies with all work done, before it asks for votes.")
        .crash_at(TM, Point::BeforePrepareSent)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::Prepare, 0)
        .expect_sent(MessageKind::Inquire, 0)
        .expect_commit_records(0)
        .may_abort()
}

/// The one that was asked is in doubt, and hears abort when the coordinator calls; the others were never bound.
pub fn coordinator_lost_between_prepares_aborts(participants: u32) -> TestScenario {
    all_write(participants, "The coordinator dies when it has asked one participant to vote.")
        .crash_at(TM, Point::AfterPrepareSent)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::Prepare, 1)
        .expect_sent(MessageKind::ReplyAbort, 1)
        .expect_commit_records(0)
        .may_abort()
}

/// All votes go to a coordinator that is down. Nothing was decided, so the restarted one knows of nothing.
pub fn coordinator_lost_after_the_last_prepare_aborts(participants: u32) -> TestScenario {
    let all = three_or(participants);
    all_write(participants, "The coordinator dies when it has asked all participants to vote.")
        .crash_at_nth(TM, Point::AfterPrepareSent, all)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::Prepare, all.into())
        .expect_sent(MessageKind::ReplyAbort, all.into())
        .expect_commit_records(0)
        .may_abort()
}

/// Votes live in memory only: those that were in are lost like those that were not.
pub fn coordinator_lost_with_some_votes_in_aborts(participants: u32) -> TestScenario {
    let all = three_or(participants);
    all_write(participants, "The coordinator dies with all votes in but one.")
        .crash_at_nth(TM, Point::AfterVoteReceived, all - 1)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::ReplyAbort, all.into())
        .expect_commit_records(0)
        .may_abort()
}

/// One step before the decision there is none.
pub fn coordinator_lost_before_the_last_vote_counts_aborts(participants: u32) -> TestScenario {
    let all = three_or(participants);
    all_write(participants, "The coordinator dies when the last vote arrives.")
        .crash_at_nth(TM, Point::BeforeVoteReceived, all)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::ReplyAbort, all.into())
        .expect_commit_records(0)
        .may_abort()
}

/// All yes, decided in memory, and not a byte on disk: nobody can have heard of a commit.
pub fn coordinator_lost_before_decision_is_durable_aborts(participants: u32) -> TestScenario {
    let all = three_or(participants);
    all_write(participants, "The coordinator dies before its decision is written.")
        .crash_at(TM, Point::BeforeDecisionForced)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::Commit, 0)
        .expect_sent(MessageKind::ReplyAbort, all.into())
        .expect_commit_records(0)
        .may_abort()
}

/// The decision may have reached the disk or not: either is right, if all agree on it and the client is told so.
pub fn coordinator_lost_while_decision_is_written_agrees(participants: u32) -> TestScenario {
    let all = three_or(participants);
    all_write(participants, "The coordinator dies while its decision is on its way to the disk.")
        .crash_at_nth(TM, Point::AfterVoteReceived, all)
        .expect_unknown(0)
        .may_abort()
}

/// The client heard nothing of a commit that is durable, and must be told so when it asks.
pub fn coordinator_lost_before_it_answers_commits(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "The coordinator dies with a durable decision, before it answers the client.")
        .crash_at(TM, Point::BeforeAnswer)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, all)
        .expect_commit_records(all + 1)
}

/// The client knows, and no participant does: what the client was told must come true.
pub fn coordinator_lost_after_it_answered_commits(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "The coordinator dies when the client has heard of the commit and nobody else.")
        .crash_at(TM, Point::AfterAnswer)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, all)
        .expect_commit_records(all + 1)
        .may_wait_ms(500)
}

/// The restarted coordinator finds its decision and sends it; it need not be asked.
pub fn coordinator_lost_before_any_commit_is_sent_commits(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "The coordinator dies before its first commit leaves.")
        .crash_at(TM, Point::BeforeDecisionSent)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, all)
        .expect_sent(MessageKind::Inquire, 0)
        .expect_commit_records(all + 1)
        .may_wait_ms(500)
}

/// One has committed, so all must.
pub fn coordinator_lost_between_two_commits_commits(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "The coordinator dies when it has told one participant to commit.")
        .crash_at(TM, Point::AfterDecisionSent)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, 1 + all)
        .expect_sent(MessageKind::Abort, 0)
        .expect_commit_records(all + 1)
        .may_wait_ms(500)
}

/// Acknowledgements are not logged: all are told again, and commit nothing twice.
pub fn coordinator_lost_before_acknowledgements_tells_all_again(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "The coordinator dies when the first acknowledgement arrives.")
        .crash_at(TM, Point::BeforeAckReceived)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, 2 * all)
        .expect_sent(MessageKind::Acknowledge, 2 * all)
        .expect_commit_records(all + 1)
        .may_wait_ms(500)
}

/// The same with an acknowledgement that counted: it counts no more.
pub fn coordinator_lost_with_some_acknowledgements_tells_all_again(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "The coordinator dies when it has heard one acknowledgement.")
        .crash_at(TM, Point::AfterAckReceived)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, 2 * all)
        .expect_sent(MessageKind::Acknowledge, 2 * all)
        .expect_commit_records(all + 1)
        .may_wait_ms(500)
}

/// Without END the transaction is not over for the log, though it is for everybody else.
pub fn coordinator_lost_before_end_tells_all_again(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "The coordinator dies with all acknowledgements in, before its END record.")
        .crash_at(TM, Point::BeforeEndLogged)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, 2 * all)
        .expect_sent(MessageKind::Acknowledge, 2 * all)
        .expect_commit_records(all + 1)
        .may_wait_ms(500)
}

/// END is lazy: if it is lost, all are told once more, and nothing comes of it.
pub fn coordinator_lost_after_end_changes_nothing(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "The coordinator dies after its END record, which may not be durable.")
        .crash_at(TM, Point::AfterEndLogged)
        .expect_outcomes(1, 0)
        .expect_commit_records(all + 1)
        .may_wait_ms(500)
}
