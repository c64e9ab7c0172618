//! Many clients on few keys: they wait in line, nobody is forgotten, and money is neither made nor lost.

use harness_core::history::{Gid, Key, ParticipantId, Point, Value};
use harness_core::{
    FactCount, FailureConfig, FailureMode, KeyChoice, LinkEffect, Load, LoadKind, NetworkFault, TestScenario,
    Trigger,
};

use crate::{TM, X, at_once, three_or, work};

fn contended(participants: u32, description: &str, load: Load) -> TestScenario {
    TestScenario::new(description, three_or(participants)).load(load).expect_unknown(0).may_wait_ms(10_000)
}

/// All want the same few keys, and all links keep their order: so does everybody's place in line.
pub fn conflicting_transfers_conserve_the_total(participants: u32) -> TestScenario {
    let load = Load { keys: 3, ..Load::transfers(500, 3) };
    contended(participants, "Ten clients transfer among three keys on each participant.", load)
        .in_flight(10)
        .expect_outcomes(500, 0)
}

/// To and fro between the same two keys.
pub fn opposite_transfers_conserve_the_total(participants: u32) -> TestScenario {
    let transfer = |n: i64| work().add(1, X, 10 - n).add(2, X, n - 10);
    let scenario =
        at_once(participants, "Twenty clients transfer to and fro.", (1..=20).map(transfer).collect());
    // 9 + 8 + .. + 0 - 1 - .. - 10.
    scenario
        .expect_outcomes(20, 0)
        .expect_stored(ParticipantId(1), X, Value(-10))
        .expect_stored(ParticipantId(2), X, Value(10))
        .may_wait_ms(1_000)
}

/// A line of a hundred, and each is served in its turn: had one to be skipped, it would time out.
pub fn one_hot_key_serves_a_hundred_clients(participants: u32) -> TestScenario {
    let load = Load { keys: 1, ..Load::transfers(500, 3) };
    contended(participants, "A hundred clients transfer, and each participant has one key.", load)
        .in_flight(100)
        .expect_outcomes(500, 0)
}

/// As it is in life: a few keys are wanted by nearly all.
pub fn zipf_keys_serve_a_hundred_clients(participants: u32) -> TestScenario {
    let load = Load { key_choice: KeyChoice::Zipf, ..Load::transfers(1_000, 3) };
    contended(participants, "A hundred clients transfer, and few keys are wanted by nearly all.", load)
        .in_flight(100)
        .expect_outcomes(1_000, 0)
}

/// Reads are locked too: a writer that does not wait for them would make a total of its own.
pub fn updates_under_contention_conserve_the_total(participants: u32) -> TestScenario {
    let load = Load { keys: 10, kind: LoadKind::Updates, ..Load::transfers(500, 3) };
    contended(participants, "Five clients read keys and move amounts among others.", load)
        .in_flight(5)
        .may_abort()
}

/// Locks of the prepared outlive the crash, all others do not; those who wait must find their way.
pub fn contention_and_crashes_conserve_the_total(participants: u32) -> TestScenario {
    let load = Load { keys: 3, ..Load::transfers(500, 3) };
    let mut scenario = contended(participants, "Clients transfer among a few keys, and nodes die.", load);
    // Whoever is there: of a thousand each has little to do.
    for (point, nth) in
        [(Point::AfterVoteSent, 20), (Point::BeforeCommitForced, 30), (Point::AfterExecute, 200)]
    {
        let mode = FailureMode::Crash { restart_after_ms: Some(100) };
        scenario.failure_configs.push(FailureConfig {
            node: None,
            mode,
            trigger: Trigger::AtPoint { point, nth },
        });
    }
    scenario
        .in_flight(20)
        .crash_at_nth(TM, Point::AfterDecisionForced, 30)
        .crash_at_nth(TM, Point::AfterVoteReceived, 200)
        .may_abort()
}

/// Who does not hear that it may go on must not hold up others for ever.
pub fn contention_and_loss_conserve_the_total(participants: u32) -> TestScenario {
    let load = Load { key_choice: KeyChoice::Zipf, keys: 20, ..Load::transfers(300, 3) };
    contended(
        participants,
        "Clients transfer among a few keys, and five messages of a hundred are lost.",
        load,
    )
    .in_flight(20)
    .network(NetworkFault::everywhere(LinkEffect::Lose { percent: 5 }))
    .may_abort()
    .may_wait_ms(30_000)
}

/// Locks for reading are shared.
pub fn shared_readers_do_not_wait_for_each_other(participants: u32) -> TestScenario {
    let read = || work().read(1, X).read(2, X);
    at_once(participants, "Twenty clients read the same keys.", (0..20).map(|_| read()).collect())
        .expect_outcomes(20, 0)
        .expect_count(FactCount::LockWaited, 0)
        .expect_count(FactCount::ReadFrom(Gid::INITIAL), 40)
}

/// It comes after three readers and before three others, on each of two participants.
pub fn writer_waits_for_all_readers_and_no_longer(participants: u32) -> TestScenario {
    let read = || work().read(1, X).read(2, X).read(3, Key(9));
    let mut all: Vec<_> = (0..7).map(|_| read()).collect();
    all[3] = work().write(1, X, 1).write(2, X, 1);
    at_once(participants, "A client writes what six others read.", all)
        .expect_outcomes(7, 0)
        .expect_count(FactCount::LockWaited, 2 * 4)
        .expect_count(FactCount::ReadFrom(Gid(4)), 2 * 3)
}
