//! One crash at a time: the three that every user knows by heart, and the twin of the last.

use harness_core::history::{MessageKind, NodeId, ParticipantId, Point};
use harness_core::{SlaRequirements, TestScenario};

/// A participant that dies before its vote has promised nothing: the coordinator's patience runs out, and it aborts.
pub fn single_participant_crash(participants: u32) -> TestScenario {
    TestScenario::new(
        "A participant dies before its vote, and the transaction aborts cleanly.",
        participants.max(3),
    )
    .writing_to(3)
    .down_for_ms(5_000, ParticipantId(2).into(), Point::BeforePrepareForced)
    .expect_outcomes(0, 1)
    .expect_commit_records(0)
    .sla(SlaRequirements::chaos())
}

/// The decision is durable and nobody has heard of it: after its restart the coordinator must find it and finish.
pub fn coordinator_crash_after_prepare(participants: u32) -> TestScenario {
    TestScenario::new(
        "The coordinator dies with a durable commit that it has told nobody.",
        participants.max(3),
    )
    .writing_to(3)
    .crash_at(NodeId::COORDINATOR, Point::AfterDecisionForced)
    .expect_outcomes(1, 0)
    .expect_sent(MessageKind::Abort, 0)
}

/// The twin: all votes are in, but the decision was not durable. Nobody can have heard of a commit, so abort is
/// presumed, and those who voted yes learn it when they ask.
pub fn coordinator_crash_before_decision_is_durable(participants: u32) -> TestScenario {
    TestScenario::new("The coordinator dies with all votes in and no durable decision.", participants.max(3))
        .writing_to(3)
        .crash_at(NodeId::COORDINATOR, Point::BeforeDecisionForced)
        .expect_outcomes(0, 1)
        .expect_commit_records(0)
        .expect_sent(MessageKind::Commit, 0)
        .sla(SlaRequirements::chaos())
}
