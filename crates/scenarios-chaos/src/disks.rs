//! Disks that stall, fail to sync, are full, or tear what is written last.

use harness_core::history::FaultKind;
use harness_core::{Chaos, TestScenario};

use crate::transfers;

const DISKS: [FaultKind; 4] =
    [FaultKind::SlowSync, FaultKind::FailingSync, FaultKind::DiskFull, FaultKind::TornTail];

/// Whoever cannot write must not promise, and what is torn was never promised.
pub fn disk_chaos_conserves_the_total(participants: u32) -> TestScenario {
    transfers(participants, "Disks stall, fail, fill up and tear amid transfers.", Chaos::of(&DISKS))
}

/// A log that is read again may end in the middle.
pub fn disk_chaos_and_crashes_conserve_the_total(participants: u32) -> TestScenario {
    let kinds: Vec<FaultKind> = DISKS.into_iter().chain([FaultKind::Crash, FaultKind::Crash]).collect();
    transfers(participants, "Disks fail and nodes die amid transfers.", Chaos::of(&kinds))
}
