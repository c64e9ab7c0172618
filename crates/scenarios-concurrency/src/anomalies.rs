//! The anomalies that two-phase locking rules out, each with the schedule that would show it: who read what whom wrote
//! is counted, and what is left in the stores is said.

use harness_core::history::{Gid, Key, MessageKind, ParticipantId, Value};
use harness_core::{FactCount, LinkEffect, NetworkFault, TestScenario};

use crate::{X, Y, at_once, overtaken_at, rm, work};

fn stored(scenario: TestScenario, participant: u32, key: Key, value: i64) -> TestScenario {
    scenario.expect_stored(ParticipantId(participant), key, Value(value))
}

/// Both add to what they read: were it the same, one of them would be in vain.
pub fn lost_update_does_not_happen(participants: u32) -> TestScenario {
    let add = |value| work().add(1, X, value).add(2, X, value);
    let scenario = at_once(participants, "Two clients add to the same keys.", vec![add(1), add(10)])
        .expect_outcomes(2, 0)
        .expect_count(FactCount::ReadFrom(Gid::INITIAL), 2)
        .expect_count(FactCount::ReadFrom(Gid(1)), 2);
    stored(stored(scenario, 1, X, 11), 2, X, 11)
}

/// The same, so that any window is hit by somebody.
pub fn lost_update_of_a_hundred_clients_does_not_happen(participants: u32) -> TestScenario {
    let adds = (0..100).map(|_| work().add(1, X, 1).add(2, X, 1).add(3, X, 1)).collect();
    let scenario = at_once(participants, "A hundred clients add to the same three keys.", adds)
        .expect_outcomes(100, 0)
        .expect_count(FactCount::ReadFrom(Gid::INITIAL), 3)
        .may_wait_ms(1_000);
    (1..=3).fold(scenario, |scenario, n| stored(scenario, n, X, 100))
}

/// Each reads what the other writes. Had both read what nobody wrote, neither could come first.
pub fn write_skew_does_not_happen(participants: u32) -> TestScenario {
    let one = work().read(1, X).write(2, X, 1);
    let other = work().read(2, X).write(1, X, 2);
    at_once(participants, "Two clients read what the other is about to write.", vec![one, other])
        .expect_outcomes(2, 0)
        .expect_count(FactCount::ReadFrom(Gid::INITIAL), 1)
        .expect_count(FactCount::ReadFrom(Gid(1)), 1)
}

/// Each comes first where it reads: both would commit if they did not wait for who reads.
pub fn write_skew_in_opposite_orders_does_not_happen(participants: u32) -> TestScenario {
    let one = work().read(1, X).write(2, X, 1);
    let other = work().read(2, X).write(1, X, 2);
    let description = "Two clients read what the other is about to write, each where it comes first.";
    let scenario = at_once(participants, description, vec![one, other])
        .expect_outcomes(1, 1)
        .expect_count(FactCount::ReadFrom(Gid::INITIAL), 2)
        .may_abort()
        .may_wait_ms(2_000);
    stored(stored(overtaken_at(scenario, 2, 50), 1, X, 0), 2, X, 1)
}

/// Two writers in opposite orders: the one's value here and the other's there would be neither's.
pub fn dirty_write_does_not_happen(participants: u32) -> TestScenario {
    let write = |value| work().write(1, X, value).write(2, X, value);
    let description = "Two clients write the same two keys, in opposite orders.";
    let scenario = at_once(participants, description, vec![write(1), write(2)])
        .expect_outcomes(1, 1)
        .may_abort()
        .may_wait_ms(2_000);
    stored(stored(overtaken_at(scenario, 2, 50), 1, X, 1), 2, X, 1)
}

/// What was written by who aborts was never there.
pub fn dirty_read_of_an_abort_does_not_happen(participants: u32) -> TestScenario {
    let writer = work().write(1, X, 1).write(2, X, 1).write(3, Y, 1);
    let reader = work().read(1, X).read(2, X);
    at_once(participants, "A client reads what another has written that aborts.", vec![writer, reader])
        .votes_no(ParticipantId(3))
        .expect_outcomes(1, 1)
        .expect_count(FactCount::ReadFrom(Gid(1)), 0)
        .expect_count(FactCount::ReadFrom(Gid::INITIAL), 2)
        .may_abort()
}

/// All have promised and nobody knows: what is prepared is not there yet, and is not passed over either.
pub fn dirty_read_of_an_undecided_commit_does_not_happen(participants: u32) -> TestScenario {
    let writer = work().write(1, X, 1).write(2, X, 1);
    let reader = work().read(1, X).read(2, X);
    let late = NetworkFault::everywhere(LinkEffect::Delay { min_ms: 300, max_ms: 300 });
    at_once(participants, "A client reads what is written and not decided for a while.", vec![writer, reader])
        .network(late.of(MessageKind::VoteYes).sent_by(rm(2)).times(1))
        .expect_outcomes(2, 0)
        .expect_count(FactCount::LockWaited, 2)
        .expect_count(FactCount::ReadFrom(Gid(1)), 2)
        .may_wait_ms(1_000)
}

/// Who reads two keys that one transaction writes sees both of its writes or none.
pub fn fractured_read_does_not_happen(participants: u32) -> TestScenario {
    let writer = work().write(1, X, 1).write(2, X, 1);
    let reader = work().read(1, X).read(2, X);
    at_once(participants, "A client reads two keys that another writes.", vec![writer, reader])
        .expect_outcomes(2, 0)
        .expect_count(FactCount::ReadFrom(Gid(1)), 2)
        .expect_count(FactCount::ReadFrom(Gid::INITIAL), 0)
}

/// Committed here, in doubt there, and the client has been told: whoever reads there must wait.
pub fn fractured_read_of_a_late_commit_does_not_happen(participants: u32) -> TestScenario {
    let writer = work().write(1, X, 1).write(2, X, 1);
    let reader = work().read(1, X).read(2, X);
    let description = "A client reads two keys that are committed here and in doubt there.";
    at_once(participants, description, vec![writer, reader])
        .in_flight(1)
        .lose(MessageKind::Commit, 1)
        .expect_outcomes(2, 0)
        .expect_count(FactCount::LockWaited, 1)
        .expect_count(FactCount::ReadFrom(Gid(1)), 2)
        .may_wait_ms(1_000)
}

/// The reader comes first on the one and last on the other: one of them must give way.
pub fn fractured_read_in_opposite_orders_does_not_happen(participants: u32) -> TestScenario {
    let writer = work().write(1, X, 1).write(2, X, 1);
    let reader = work().read(1, X).read(2, X);
    let description = "A client reads two keys that another writes, and comes first on one of them.";
    let scenario = at_once(participants, description, vec![writer, reader])
        .expect_outcomes(1, 1)
        .expect_count(FactCount::ReadFrom(Gid(1)), 0)
        .may_abort()
        .may_wait_ms(2_000);
    overtaken_at(scenario, 2, 50)
}

/// Read and then added to in one transaction: nobody comes in between, however long it takes.
pub fn read_is_repeatable(participants: u32) -> TestScenario {
    let twice = |value| work().read(1, X).read(2, X).add(1, X, value).add(2, X, value);
    let late = NetworkFault::everywhere(LinkEffect::Delay { min_ms: 300, max_ms: 300 });
    let scenario = at_once(
        participants,
        "Two clients read keys and add to them, and a vote is late.",
        vec![twice(1), twice(10)],
    )
    .network(late.of(MessageKind::VoteYes).sent_by(rm(2)).times(1))
    .expect_outcomes(2, 0)
    // Each reads each key twice, and sees the same.
    .expect_count(FactCount::ReadFrom(Gid::INITIAL), 4)
    .expect_count(FactCount::ReadFrom(Gid(1)), 4)
    .may_wait_ms(500);
    stored(stored(scenario, 1, X, 11), 2, X, 11)
}
