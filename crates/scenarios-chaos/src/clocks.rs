//! Nodes whose time is wrong: clocks that jump and drift, nodes that stand still or are slow.

use harness_core::history::FaultKind;
use harness_core::{Chaos, TestScenario};

use crate::transfers;

const SLOW: [FaultKind; 3] = [FaultKind::Pause, FaultKind::SlowNode, FaultKind::SlowSync];

/// To and fro, too fast and too slow, everywhere.
pub fn clock_chaos_conserves_the_total(participants: u32) -> TestScenario {
    transfers(participants, "Clocks jump and drift amid transfers.", Chaos::of(&[FaultKind::Clock]))
}

/// Everybody seems dead to somebody now and then.
pub fn pauses_and_slowness_conserve_the_total(participants: u32) -> TestScenario {
    transfers(
        participants,
        "Nodes stand still, and they and their disks are slow, amid transfers.",
        Chaos::of(&SLOW),
    )
}

/// Timers of recovery are timers, too.
pub fn clock_chaos_and_crashes_conserve_the_total(participants: u32) -> TestScenario {
    let chaos = Chaos::of(&[FaultKind::Clock, FaultKind::Pause, FaultKind::Crash]);
    transfers(participants, "Clocks are wrong, and nodes stand still and die, amid transfers.", chaos)
}
