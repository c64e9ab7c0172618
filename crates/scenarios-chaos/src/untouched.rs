//! Faults that strike two participants of eight or more, and what they cost the transactions that touch neither: less
//! than a twentieth of throughput and of the 99th percentile, by the service level.

use harness_core::history::{FaultKind, Nanos};
use harness_core::{Chaos, DiskConditions, KeyChoice, Load, NetworkConditions, TestScenario, Victims};

use crate::{ALL, MESSAGES, under};

/// Links and disks are steady, so that what is lost is lost to the faults. No two transactions want the same key: who
/// waits for the lock of one that a fault has hit is hit, too, and what is looked for here is what spreads otherwise.
/// Among more than a hundred, two are hardly ever asked.
fn beside(participants: u32, description: &str, kinds: &[FaultKind]) -> TestScenario {
    let chaos = Chaos::of(kinds).on(Victims::Participants(2));
    let load = Load { keys: 2_000, key_choice: KeyChoice::InTurn, ..Load::transfers(2_000, 2) };
    let mut scenario = under(participants.clamp(8, 100), description, load, chaos);
    let micros = Nanos::from_micros;
    scenario.network_conditions = NetworkConditions { latency_min: micros(300), latency_max: micros(300) };
    scenario.disk_conditions = DiskConditions { sync_min: micros(20), sync_max: micros(50) };
    scenario
}

/// Nobody else waits for the dead.
pub fn crash_storm_leaves_others_untouched(participants: u32) -> TestScenario {
    beside(participants, "Two participants die again and again amid transfers.", &[FaultKind::Crash])
}

/// Messages of others take other links.
pub fn message_chaos_leaves_others_untouched(participants: u32) -> TestScenario {
    beside(participants, "The messages of two participants suffer amid transfers.", MESSAGES)
}

/// Nobody else waits for those who cannot be reached.
pub fn partition_storm_leaves_others_untouched(participants: u32) -> TestScenario {
    beside(
        participants,
        "Two participants are cut off again and again amid transfers.",
        &[FaultKind::Partition],
    )
}

/// Nobody else waits for the slow.
pub fn slow_nodes_leave_others_untouched(participants: u32) -> TestScenario {
    let kinds = [FaultKind::Pause, FaultKind::SlowNode, FaultKind::SlowSync];
    beside(participants, "Two participants stand still or are slow amid transfers.", &kinds)
}

/// Whatever happens to two is the business of two.
pub fn all_of_it_leaves_others_untouched(participants: u32) -> TestScenario {
    beside(participants, "Everything goes wrong with two participants amid transfers.", ALL)
}
