//! Work of each sort, and nothing wrong.

use harness_core::history::{
    Decision, Gid, Key, MessageKind, NodeId, ParticipantId, Point, RecordKind, Value,
};
use harness_core::{
    Change, DistributedTransaction, FactCount, Load, Read, SlaRequirements, TestScenario, Write,
};

/// At least two databases, and real time, in which a machine that is busy with something else is no failure.
pub(crate) fn scenario(description: &str, participants: u32) -> TestScenario {
    TestScenario::new(description, participants.max(2)).sla(SlaRequirements::chaos())
}

/// A database on which nothing commits proves nothing.
pub(crate) const COMMITS: FactCount = FactCount::Appended(RecordKind::Decided(Decision::Commit));

/// The least that two databases can do together.
pub fn transfer_commits(participants: u32) -> TestScenario {
    scenario("One transfer between all databases.", participants)
        .load(Load::transfers(1, participants.clamp(2, 3)))
        .expect_outcomes(1, 0)
}

/// Eight clients over twenty keys wait for each other's locks, and some are each other's victims.
pub fn transfers_conserve_the_total(participants: u32) -> TestScenario {
    scenario("Two hundred transfers by eight clients over twenty keys.", participants)
        .load(Load { keys: 20, ..Load::transfers(200, 2) })
        .in_flight(8)
        .expect_some(COMMITS)
}

/// A branch that wrote nothing is over with its vote: prepared, it would hold a slot in PostgreSQL, and in MariaDB be gone
/// after a restart.
pub fn branch_that_reads_takes_no_part_in_phase_two(participants: u32) -> TestScenario {
    let mut transaction = DistributedTransaction::new(Gid(1), vec![ParticipantId(1), ParticipantId(2)]);
    let write = Write { participant: ParticipantId(1), key: Key(1), value: Value(7), change: Change::Put };
    transaction.writes.push(write);
    transaction.reads.push(Read { participant: ParticipantId(2), key: Key(1) });
    scenario("One database writes and another reads.", participants)
        .transaction(transaction)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::VoteReadOnly, 1)
        .expect_sent(MessageKind::Commit, 1)
        .expect_stored(ParticipantId(1), Key(1), Value(7))
}

/// The only database decides by itself, and nothing is prepared.
pub fn single_database_commits_in_one_phase(participants: u32) -> TestScenario {
    scenario("One database writes, without a prepare.", participants)
        .writing_to(1)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::CommitOnePhase, 1)
        .expect_sent(MessageKind::Prepare, 0)
}

/// After a restart the coordinator has forgotten an id that it has settled, and the databases have not.
pub fn repeated_gid_is_refused_by_a_database(participants: u32) -> TestScenario {
    let scenario =
        scenario("An id that committed is used again after a restart.", participants).writing_to(2);
    let again = scenario.transactions[0].clone();
    scenario
        .transaction(again)
        .down_for_ms(100, NodeId::COORDINATOR, Point::AfterEndLogged)
        .expect_outcomes(1, 0)
        .expect_commit_records(3)
}
