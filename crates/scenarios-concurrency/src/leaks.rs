//! Whatever ends a transaction, its locks go with it: the next one on the same keys is served, and how long it waits is
//! counted.

use harness_core::history::{MessageKind, ParticipantId, Point, Value};
use harness_core::{Ending, FactCount, LinkEffect, Load, NetworkFault, TestScenario};

use crate::{TM, X, at_once, overtaken_at, rm, three_or, work};

/// The first transaction aborts, and the second follows on the same keys.
fn one_after_another(participants: u32, description: &str) -> TestScenario {
    let write = |value| work().write(1, X, value).write(2, X, value).write(3, X, value);
    let scenario = at_once(participants, description, vec![write(1), write(2)])
        .in_flight(1)
        .expect_outcomes(1, 1)
        .may_abort()
        .may_wait_ms(5_000);
    (1..=3).fold(scenario, |scenario, n| scenario.expect_stored(ParticipantId(n), X, Value(2)))
}

/// The abort is ahead of the next work on every link.
pub fn no_lock_leaks_after_a_no(participants: u32) -> TestScenario {
    one_after_another(participants, "A participant votes no, and the next client wants the same keys.")
        .votes_no(ParticipantId(2))
        .expect_count(FactCount::LockWaited, 0)
}

/// An abort before any vote frees as much as one after it.
pub fn no_lock_leaks_after_a_client_aborts(participants: u32) -> TestScenario {
    let mut scenario =
        one_after_another(participants, "A client aborts, and the next one wants the same keys.");
    scenario.transactions[0].ending = Ending::Abort;
    scenario.expect_count(FactCount::LockWaited, 0)
}

/// Those who voted yes are told, and free their keys.
pub fn no_lock_leaks_after_a_vote_timeout(participants: u32) -> TestScenario {
    let lost = NetworkFault::everywhere(LinkEffect::Lose { percent: 100 }).of(MessageKind::VoteYes);
    one_after_another(participants, "A yes is lost, and the next client wants the same keys.")
        .network(lost.sent_by(rm(3)).times(1))
        .expect_count(FactCount::LockWaited, 0)
}

/// A branch that gives up its place in line gives up what it holds, and the place itself.
pub fn no_lock_leaks_after_a_lock_timeout(participants: u32) -> TestScenario {
    let write = |value| work().write(1, X, value).write(2, X, value);
    let description = "One of two in a deadlock gives up, and the next client wants the same keys.";
    let scenario = at_once(participants, description, vec![write(1), write(2), write(3)])
        .in_flight(2)
        .expect_outcomes(2, 1)
        .expect_sent(MessageKind::Failed, 1)
        .may_abort()
        .may_wait_ms(5_000);
    [1, 2].into_iter().fold(overtaken_at(scenario, 2, 50), |scenario, n| {
        scenario.expect_stored(ParticipantId(n), X, Value(3))
    })
}

/// What it held in memory is gone; what the others hold is freed by the abort.
pub fn no_lock_leaks_after_a_participant_crash(participants: u32) -> TestScenario {
    one_after_another(participants, "A participant dies at work, and the next client wants the same keys.")
        .down_for_ms(20, rm(2), Point::AfterExecute)
        .expect_count(FactCount::LockWaited, 0)
}

/// A coordinator that has forgotten them says abort to all who ask.
pub fn no_lock_leaks_after_a_coordinator_crash(participants: u32) -> TestScenario {
    one_after_another(
        participants,
        "The coordinator dies with all votes in, and the next client wants the same keys.",
    )
    .crash_at(TM, Point::BeforeDecisionForced)
}

/// One client in twenty aborts, deadlocks abort others, and the keys are few: what leaks would stop them all.
pub fn no_lock_leaks_after_many_aborts(participants: u32) -> TestScenario {
    let reorder = NetworkFault::everywhere(LinkEffect::Reorder { percent: 20, within_ms: 5 });
    let load = Load { keys: 2, ..Load::mixed(500, 3) };
    TestScenario::new("Clients of all sorts abort and collide on two keys.", three_or(participants))
        .load(load)
        .in_flight(20)
        .network(reorder.of(MessageKind::Execute))
        .expect_unknown(0)
        .may_abort()
        .may_wait_ms(5_000)
}
