//! When the link is whole again: before or after somebody's patience has run out.

use harness_core::TestScenario;
use harness_core::history::{MessageKind, Point};

use crate::{all_write, rm, three_or};

/// Prepare is sent once, so the transaction is lost; but the participant is free as soon as the others.
pub fn prepare_cut_and_healed_before_the_timeout_hears_the_abort(participants: u32) -> TestScenario {
    all_write(participants, "A participant is cut off when it is to be asked to vote, for half the timeout.")
        .cut_off_for_ms(1_000, rm(2), Point::AfterExecute)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::Prepare, three_or(participants).into())
        .expect_sent(MessageKind::VoteYes, u64::from(three_or(participants)) - 1)
        .expect_commit_records(0)
        .may_abort()
}

/// In doubt, it asks as soon as it can; while votes are collected there is no answer.
pub fn vote_cut_and_healed_before_the_timeout_hears_the_abort(participants: u32) -> TestScenario {
    all_write(participants, "A participant is cut off when it votes, for half the timeout.")
        .cut_off_for_ms(1_000, rm(2), Point::BeforeVoteSent)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::ReplyAbort, 0)
        .expect_commit_records(0)
        .may_abort()
}

/// Away for longer than the coordinator waits for votes: abort was announced once, and must be asked for.
pub fn vote_cut_and_healed_after_the_timeout_asks(participants: u32) -> TestScenario {
    all_write(participants, "A participant is cut off when it votes, for twice the timeout.")
        .cut_off_for_ms(4_000, rm(2), Point::BeforeVoteSent)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::ReplyAbort, 1)
        .expect_commit_records(0)
        .may_abort()
}

/// The commit that was lost is sent again at the first opportunity, and nobody has to ask.
pub fn commit_cut_and_healed_before_it_is_sent_again_is_heard(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(
        participants,
        "A participant is cut off after its vote, for half the time until the next commit.",
    )
    .cut_off_for_ms(100, rm(2), Point::AfterVoteSent)
    .expect_outcomes(1, 0)
    .expect_sent(MessageKind::Commit, all + 1)
    .expect_sent(MessageKind::Inquire, 0)
    .expect_commit_records(all + 1)
    .may_wait_ms(500)
}

/// The link is whole when the participant begins to ask, before the coordinator tells again.
pub fn commit_cut_and_healed_before_the_participant_asks_is_answered(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "A participant is cut off after its vote, until shortly before it would ask.")
        .cut_off_for_ms(400, rm(2), Point::AfterVoteSent)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, all + 1)
        .expect_sent(MessageKind::ReplyCommit, 1)
        .expect_commit_records(all + 1)
        .may_wait_ms(1_000)
}
