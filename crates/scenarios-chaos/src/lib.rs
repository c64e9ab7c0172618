//! The category Chaos: the seed draws what goes wrong, when, and with whom. Each scenario is run against its fault-free
//! twin, and tells what its faults cost.

pub mod clocks;
pub mod crashes;
pub mod disks;
pub mod everything;
pub mod messages;
pub mod partitions;
pub mod untouched;

use harness_core::history::FaultKind;
use harness_core::{Chaos, Load, LoadKind, TestScenario};

/// What is part of every storm.
const ALL: &[FaultKind] = Chaos::KINDS;

/// What happens to messages on their way.
const MESSAGES: &[FaultKind] =
    &[FaultKind::Loss, FaultKind::Delay, FaultKind::Duplicate, FaultKind::Reorder, FaultKind::Corrupt];

/// The number of participants of a scenario that needs three.
fn three_or(participants: u32) -> u32 {
    participants.max(3)
}

/// Transfers amid chaos: each ends, every client is told the truth, and no money is made or lost.
fn transfers(participants: u32, description: &str, chaos: Chaos) -> TestScenario {
    under(participants, description, Load { keys: 50, ..Load::transfers(300, 3) }, chaos)
}

fn under(participants: u32, description: &str, load: Load, chaos: Chaos) -> TestScenario {
    TestScenario::new(description, three_or(participants))
        .load(load)
        .in_flight(10)
        .chaos(chaos)
        .expect_unknown(0)
        .may_abort()
        .may_wait_ms(60_000)
}

/// Transactions of all sorts amid chaos.
fn mixed(participants: u32, description: &str, chaos: Chaos) -> TestScenario {
    under(participants, description, Load { keys: 50, ..Load::mixed(300, 3) }, chaos)
}

/// Transactions that read and write on few keys amid chaos.
fn contended(participants: u32, description: &str, chaos: Chaos) -> TestScenario {
    let load = Load { keys: 5, kind: LoadKind::Updates, ..Load::transfers(300, 3) };
    under(participants, description, load, chaos)
}

harness_core::catalog! {
    "Chaos": "The seed draws what goes wrong, when, and with whom.";
    crashes::crash_storm_conserves_the_total,
    crashes::crash_storm_under_contention_conserves_the_total,
    crashes::crash_storm_of_mixed_transactions_all_end,
    crashes::rolling_restart_conserves_the_total,
    crashes::repeated_power_cuts_conserve_the_total,
    messages::message_chaos_conserves_the_total,
    messages::message_chaos_of_mixed_transactions_all_end,
    messages::message_chaos_and_crashes_conserve_the_total,
    partitions::partition_storm_conserves_the_total,
    partitions::partition_storm_and_crashes_conserve_the_total,
    clocks::clock_chaos_conserves_the_total,
    clocks::pauses_and_slowness_conserve_the_total,
    clocks::clock_chaos_and_crashes_conserve_the_total,
    disks::disk_chaos_conserves_the_total,
    disks::disk_chaos_and_crashes_conserve_the_total,
    everything::all_of_it_conserves_the_total,
    everything::all_of_it_under_contention_conserves_the_total,
    everything::all_of_it_of_mixed_transactions_all_end,
    everything::swarm_conserves_the_total,
    everything::swarm_of_mixed_transactions_all_end,
    untouched::crash_storm_leaves_others_untouched,
    untouched::message_chaos_leaves_others_untouched,
    untouched::partition_storm_leaves_others_untouched,
    untouched::slow_nodes_leave_others_untouched,
    untouched::all_of_it_leaves_others_untouched,
}

#[cfg(all(test, feature = "failpoints"))]
mod sweeps {
    use rstest::rstest;

    /// Each block is a test, and runs every scenario with seeds of its own.
    #[rstest]
    fn no_seed_of_this_block_fails(#[values(0, 1, 2, 3)] block: u64) {
        for entry in super::CATEGORY.entries {
            for seed in 5 * block + 2..5 * (block + 1) + 2 {
                harness_core::testing::assert_passes(&super::CATEGORY, entry.name, 3, seed);
            }
        }
    }
}
