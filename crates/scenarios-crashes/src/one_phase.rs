//! Crashes where the only participant decides: the coordinator logs nothing, and asks.

use harness_core::TestScenario;
use harness_core::history::{MessageKind, Point};

use crate::{TM, rm};

fn one_writes(participants: u32, description: &str) -> TestScenario {
    TestScenario::new(description, participants.max(1)).writing_to(1)
}

/// Told again to commit what it has forgotten, it says no.
pub fn only_participant_lost_before_it_commits_aborts(participants: u32) -> TestScenario {
    one_writes(participants, "The only participant dies before its commit record is written.")
        .crash_at(rm(1), Point::BeforeCommitForced)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::CommitOnePhase, 2)
        .expect_sent(MessageKind::VoteNo, 1)
        .expect_commit_records(0)
        .may_abort()
        .may_wait_ms(500)
}

/// Told again to commit what it has committed, it says so and does nothing.
pub fn only_participant_lost_after_it_committed_commits(participants: u32) -> TestScenario {
    one_writes(participants, "The only participant dies with a durable commit that nobody has heard of.")
        .crash_at(rm(1), Point::AfterCommitForced)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::CommitOnePhase, 2)
        .expect_sent(MessageKind::Acknowledge, 1)
        .expect_commit_records(1)
        .may_wait_ms(500)
}

/// Its log knows nothing of a transaction that the participant has committed: to presume an abort would be a lie to
/// the client that asks.
pub fn coordinator_lost_after_it_delegated_asks_the_participant(participants: u32) -> TestScenario {
    one_writes(participants, "The coordinator dies when it has left the decision to the only participant.")
        .crash_at(TM, Point::AfterPrepareSent)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::CommitOnePhase, 2)
        .expect_sent(MessageKind::Acknowledge, 2)
        .expect_commit_records(1)
        .may_wait_ms(500)
}
