//! A node that never comes back. Without a participant the others can end; without its coordinator those in doubt
//! cannot, and must be blocked rather than wrong.

use harness_core::TestScenario;
use harness_core::history::{MessageKind, Nanos, Point};

use crate::{TM, all_write, rm, three_or};

/// It promised nothing, so nobody waits for it.
pub fn participant_never_back_before_its_vote_aborts(participants: u32) -> TestScenario {
    all_write(participants, "A participant dies for good before its vote.")
        .never_returns_at(rm(2), Point::BeforePrepareForced, 1)
        .expect_outcomes(0, 1)
        .expect_in_doubt(0)
        .expect_commit_records(0)
        .may_abort()
}

/// Its yes stands: the others commit, and the coordinator never forgets that one has yet to hear of it.
pub fn participant_never_back_after_its_vote_commits_without_it(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "A participant dies for good after its vote.")
        .never_returns_at(rm(2), Point::AfterVoteSent, 1)
        .expect_outcomes(1, 0)
        .expect_in_doubt(0)
        .expect_sent(MessageKind::Acknowledge, all - 1)
        .expect_commit_records(all)
}

/// Who has not voted may roll back alone, and does: only the client never hears.
pub fn coordinator_never_back_before_any_prepare_blocks_nobody(participants: u32) -> TestScenario {
    all_write(participants, "The coordinator dies for good before it asks for votes.")
        .never_returns_at(TM, Point::BeforePrepareSent, 1)
        .expect_outcomes(0, 0)
        .expect_unknown(1)
        .expect_in_doubt(0)
        .expect_commit_records(0)
}

/// Whoever is in doubt asks a coordinator that never answers, in longer and longer intervals.
fn nobody_to_ask(participants: u32, description: &str) -> TestScenario {
    let mut scenario = all_write(participants, description);
    scenario.participant.inquiry_longest = Nanos::from_secs(60);
    scenario
}

/// The blocking of two-phase commit: bound by their yes, participants may neither commit nor abort alone.
pub fn coordinator_never_back_before_decision_blocks(participants: u32) -> TestScenario {
    nobody_to_ask(participants, "The coordinator dies for good with all votes in and no decision.")
        .never_returns_at(TM, Point::BeforeDecisionForced, 1)
        .expect_outcomes(0, 0)
        .expect_unknown(1)
        .expect_blocked()
        .expect_in_doubt(three_or(participants).into())
        .expect_commit_records(0)
}

/// To participants this looks the same, though the opposite was decided: that is why they may not guess.
pub fn coordinator_never_back_after_decision_blocks(participants: u32) -> TestScenario {
    nobody_to_ask(
        participants,
        "The coordinator dies for good with a durable commit that it has told nobody.",
    )
    .never_returns_at(TM, Point::AfterDecisionForced, 1)
    .expect_outcomes(0, 0)
    .expect_unknown(1)
    .expect_blocked()
    .expect_in_doubt(three_or(participants).into())
    .expect_commit_records(1)
}

/// One knows and has committed; the others could learn it from nobody but the coordinator.
pub fn coordinator_never_back_between_two_commits_blocks_the_rest(participants: u32) -> TestScenario {
    nobody_to_ask(participants, "The coordinator dies for good when it has told one participant to commit.")
        .never_returns_at(TM, Point::AfterDecisionSent, 1)
        .expect_outcomes(1, 0)
        .expect_blocked()
        .expect_in_doubt(u64::from(three_or(participants)) - 1)
        .expect_commit_records(2)
}
