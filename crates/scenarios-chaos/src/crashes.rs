//! Nodes that die and come back, again and again.

use harness_core::history::{FaultKind, NodeId, ParticipantId};
use harness_core::{Chaos, FailureConfig, FailureMode, Load, TestScenario, Trigger, Victims};

use crate::{contended, mixed, three_or, transfers, under};

fn crashes() -> Chaos {
    Chaos::of(&[FaultKind::Crash])
}

/// Most die so many effects after the seed has chosen them, and so between any two of them.
pub fn crash_storm_conserves_the_total(participants: u32) -> TestScenario {
    transfers(participants, "Nodes die again and again amid transfers.", crashes())
}

/// What the dead hold is what all want.
pub fn crash_storm_under_contention_conserves_the_total(participants: u32) -> TestScenario {
    contended(participants, "Nodes die again and again amid updates of few keys.", crashes())
}

/// Reads, votes without writes, single participants and aborts have windows of their own.
pub fn crash_storm_of_mixed_transactions_all_end(participants: u32) -> TestScenario {
    mixed(participants, "Nodes die again and again amid transactions of all sorts.", crashes())
}

/// A new version is rolled out: each node goes down once, one after another, the coordinator last.
pub fn rolling_restart_conserves_the_total(participants: u32) -> TestScenario {
    // More are not through before everything heals.
    let all = three_or(participants).min(1_000);
    let load = Load { keys: 50, ..Load::transfers(500, 3) };
    let mut scenario = TestScenario::new("Each node restarts once, one after another, amid transfers.", all)
        .load(load)
        .in_flight(10)
        .compared_to_its_twin()
        .expect_unknown(0)
        .may_abort()
        .may_wait_ms(30_000);
    let nodes = (1..=all).map(|n| NodeId::from(ParticipantId(n))).chain([NodeId::COORDINATOR]);
    for (node, n) in nodes.zip(1..) {
        let mode = FailureMode::Crash { restart_after_ms: Some(20) };
        scenario.failure_configs.push(FailureConfig {
            node: Some(node),
            mode,
            trigger: Trigger::AtMs(25 * n),
        });
    }
    scenario
}

/// Each strikes amid what the last one has left to settle.
pub fn repeated_power_cuts_conserve_the_total(participants: u32) -> TestScenario {
    let load = Load { keys: 50, ..Load::transfers(300, 3) };
    let cuts = crashes().on(Victims::Everybody).every_ms(25);
    under(participants, "All nodes die at once, again and again, amid transfers.", load, cuts)
}
