//! Deadlocks across participants. No participant sees one: a branch that has waited for a lock for too long fails, the
//! coordinator aborts its transaction, and the others go on.

use harness_core::history::{MessageKind, Nanos, Point};
use harness_core::{FactCount, LinkEffect, Load, NetworkFault, TestScenario};

use crate::{X, at_once, overtaken_at, rm, three_or, work};

/// The first has rm1 and wants rm2; the second has rm2 and wants rm1, for 50 ms longer.
fn deadlocked(participants: u32, description: &str) -> TestScenario {
    let add = || work().add(1, X, 1).add(2, X, -1);
    let scenario = at_once(participants, description, vec![add(), add()])
        .expect_count(FactCount::LockWaited, 2)
        .may_abort()
        .may_wait_ms(5_000);
    overtaken_at(scenario, 2, 50)
}

/// Whoever has waited longest gives up, and that is enough.
pub fn deadlock_of_two_is_broken_by_the_lock_timeout(participants: u32) -> TestScenario {
    deadlocked(participants, "Two transactions wait for each other on two participants.")
        .expect_outcomes(1, 1)
        .expect_sent(MessageKind::Failed, 1)
        .expect_sent(MessageKind::Prepare, 2)
}

/// A circle of three: one that leaves it frees the next, which frees the last.
pub fn deadlock_of_three_is_broken_by_the_lock_timeout(participants: u32) -> TestScenario {
    let add = |one, other| work().add(one, X, 1).add(other, X, -1);
    let work = vec![add(1, 2), add(2, 3), add(1, 3)];
    let scenario = at_once(participants, "Three transactions wait in a circle on three participants.", work)
        .expect_outcomes(2, 1)
        .expect_sent(MessageKind::Failed, 1)
        .expect_count(FactCount::LockWaited, 3)
        .may_abort()
        .may_wait_ms(5_000);
    // t1 has rm1 and wants rm2 of t2, which wants rm3 of t3, which wants rm1.
    overtaken_at(overtaken_at(scenario, 2, 50), 3, 60)
}

/// Both give up at the same instant, which costs one of them and no more.
pub fn deadlock_with_two_victims_aborts_both(participants: u32) -> TestScenario {
    let ms = Nanos::from_millis;
    let add = || work().add(1, X, 1).add(2, X, -1);
    let mut scenario = at_once(
        participants,
        "Two transactions wait for each other and give up together.",
        vec![add(), add()],
    )
    .expect_outcomes(0, 2)
    .expect_sent(MessageKind::Failed, 2)
    .may_abort();
    // Both get their first lock at 10 ms, and wait for the other from 20 ms on.
    scenario.network_conditions.latency_min = ms(10);
    scenario.network_conditions.latency_max = ms(10);
    let late = |n| {
        NetworkFault::everywhere(LinkEffect::Delay { min_ms: 10, max_ms: 10 })
            .of(MessageKind::Execute)
            .sent_to(rm(n))
            .times(1)
    };
    let ahead = NetworkFault::everywhere(LinkEffect::Reorder { percent: 100, within_ms: 1 });
    scenario
        .network(late(2))
        .network(ahead.of(MessageKind::Execute).sent_to(rm(2)).times(1))
        .expect_count(FactCount::LockWaited, 2)
}

/// The coordinator need not know why the work is not done in time.
pub fn deadlock_is_broken_by_the_coordinator_if_it_is_less_patient(participants: u32) -> TestScenario {
    let mut scenario =
        deadlocked(participants, "Two transactions wait for each other, and the coordinator gives up first.")
            .expect_outcomes(0, 2)
            .expect_sent(MessageKind::Failed, 0);
    scenario.coordinator.vote_timeout = Nanos::from_millis(500);
    scenario
}

/// The locks of branches that have not prepared die with their participant.
pub fn deadlock_is_broken_by_a_crash(participants: u32) -> TestScenario {
    deadlocked(participants, "A participant dies on which one of two transactions waits for the other.")
        .crash_at_nth(rm(2), Point::AfterExecute, 2)
        .expect_sent(MessageKind::Failed, 1)
        .expect_outcomes(0, 2)
}

/// Many clients, few keys, no order: they collide all the time, and each ends.
pub fn deadlocks_under_load_all_end(participants: u32) -> TestScenario {
    let reorder = NetworkFault::everywhere(LinkEffect::Reorder { percent: 50, within_ms: 5 });
    TestScenario::new("Transfers over two keys, whose work arrives in any order.", three_or(participants))
        .load(Load { keys: 2, ..Load::transfers(200, 3) })
        .in_flight(20)
        .network(reorder.of(MessageKind::Execute))
        .expect_unknown(0)
        .may_abort()
        .may_wait_ms(5_000)
}
