//! Whole runs.

use backends::Kind;
use harness_core::history::{NodeId, Outcome, ParticipantId, Point};
use harness_core::{Load, SlaRequirements, TestScenario};

use super::assert_passes;

const BOTH: &[Kind] = &[Kind::Postgres, Kind::MariaDb];

#[test]
fn a_transfer_between_postgres_and_mariadb_commits() {
    let scenario = TestScenario::new("One transfer.", 2)
        .load(Load::transfers(1, 2))
        .sla(SlaRequirements::chaos())
        .expect_outcomes(1, 0);
    assert_passes(BOTH, &scenario);
}

#[test]
fn many_transfers_conserve_the_total() {
    let scenario = TestScenario::new("Many transfers.", 2)
        .load(Load { keys: 20, ..Load::transfers(500, 2) })
        .in_flight(8)
        .sla(SlaRequirements::chaos());
    assert_passes(BOTH, &scenario);
}

#[test]
fn a_database_and_the_coordinator_are_killed() {
    let scenario = TestScenario::new("Kills.", 2)
        .load(Load { keys: 20, ..Load::transfers(200, 2) })
        .in_flight(8)
        .crash_at_nth(ParticipantId(1).into(), Point::AfterPrepareForced, 20)
        .crash_at_nth(ParticipantId(2).into(), Point::AfterCommitForced, 60)
        .crash_at_nth(NodeId::COORDINATOR, Point::AfterDecisionForced, 100)
        .sla(SlaRequirements::chaos());
    let (result, _) = assert_passes(BOTH, &scenario);
    assert!(result.outcomes.committed > 0);
    let _ = Outcome::Committed;
}
