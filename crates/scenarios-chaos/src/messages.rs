//! Messages that are lost, late, repeated, overtaken and damaged.

use harness_core::history::FaultKind;
use harness_core::{Chaos, TestScenario};

use crate::{MESSAGES, mixed, transfers};

/// Several at a time, on any link.
pub fn message_chaos_conserves_the_total(participants: u32) -> TestScenario {
    transfers(
        participants,
        "Messages are lost, late, repeated, overtaken and damaged amid transfers.",
        Chaos::of(MESSAGES),
    )
}

/// One-phase commits and read-only votes are messages, too.
pub fn message_chaos_of_mixed_transactions_all_end(participants: u32) -> TestScenario {
    mixed(participants, "Messages suffer amid transactions of all sorts.", Chaos::of(MESSAGES))
}

/// Late messages of an earlier life meet a node that has forgotten them.
pub fn message_chaos_and_crashes_conserve_the_total(participants: u32) -> TestScenario {
    let kinds: Vec<FaultKind> =
        MESSAGES.iter().copied().chain([FaultKind::Crash, FaultKind::Crash]).collect();
    transfers(participants, "Messages suffer and nodes die amid transfers.", Chaos::of(&kinds))
}
