//! Transactions over very many participants.

use harness_core::history::{MessageKind, NodeId, ParticipantId, Point};
use harness_core::{Gauge, TestScenario};

fn wide(participants: u32, width: u32, description: &str) -> TestScenario {
    TestScenario::new(description, participants.max(width)).writing_to(width)
}

fn all_vote(participants: u32, width: u32, description: &str) -> TestScenario {
    let branches = u64::from(width);
    wide(participants, width, description)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Prepare, branches)
        .expect_sent(MessageKind::VoteYes, branches)
        .expect_sent(MessageKind::Commit, branches)
        .expect_sent(MessageKind::Acknowledge, branches)
        .expect_commit_records(branches + 1)
        // One record for all of them: a log that grew with each vote would not do.
        .expect_at_most(Gauge::LogRecords, 3)
}

/// Nothing is sent twice: each is asked, told and heard once.
pub fn thousand_participants_all_vote(participants: u32) -> TestScenario {
    all_vote(participants, 1_000, "One transaction over 1,000 participants.")
}

/// Who is looked up among many must not cost as much as all of them.
pub fn five_thousand_participants_all_vote(participants: u32) -> TestScenario {
    all_vote(participants, 5_000, "One transaction over 5,000 participants.")
}

/// One is enough.
pub fn one_no_of_a_thousand_aborts_all(participants: u32) -> TestScenario {
    wide(participants, 1_000, "One of 1,000 participants votes no.")
        .votes_no(ParticipantId(500))
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::Abort, 999)
        .expect_commit_records(0)
        .may_abort()
}

/// Its log has one record for all, and that is enough to tell each of them.
pub fn coordinator_lost_with_a_thousand_prepared_recovers_all(participants: u32) -> TestScenario {
    wide(participants, 1_000, "The coordinator dies when it has decided for 1,000 participants.")
        .crash_at(NodeId::COORDINATOR, Point::AfterDecisionForced)
        .expect_outcomes(1, 0)
        .expect_commit_records(1_001)
        .may_wait_ms(500)
}
