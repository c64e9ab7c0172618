//! Nodes that are cut off, in both directions or one, all the time or on and off.

use harness_core::history::FaultKind;
use harness_core::{Chaos, TestScenario};

use crate::transfers;

/// Several at a time, and the coordinator, too.
pub fn partition_storm_conserves_the_total(participants: u32) -> TestScenario {
    transfers(
        participants,
        "Nodes are cut off again and again amid transfers.",
        Chaos::of(&[FaultKind::Partition]),
    )
}

/// Who restarts cannot ask.
pub fn partition_storm_and_crashes_conserve_the_total(participants: u32) -> TestScenario {
    let chaos = Chaos::of(&[FaultKind::Partition, FaultKind::Crash]);
    transfers(participants, "Nodes are cut off and die amid transfers.", chaos)
}
