//! Scenarios of which the seed draws everything: the load, how patient nodes are, which kinds of fault exist, how often
//! they strike, whom, and how long who crashes is down (Groce and others, *Swarm Testing*, 2012: what one feature would
//! hide shows where it is left out). What is drawn knows of no particular bug.

use history::{FaultKind, Nanos};

use super::chaos::{Chaos, Victims};
use super::load::{Load, LoadKind};
use super::scenario::TestScenario;
use super::sla::SlaRequirements;
use crate::sim::{Purpose, Random};

/// All kinds that strike beside crashes. A protocol can bear each of them, and any number of them at once.
const KINDS: &[FaultKind] = &[
    FaultKind::VoteNo,
    FaultKind::LockTimeout,
    FaultKind::Heuristic,
    FaultKind::PreparedLimit,
    FaultKind::Takeover,
    FaultKind::Pause,
    FaultKind::SlowNode,
    FaultKind::SlowSync,
    FaultKind::FailingSync,
    FaultKind::DiskFull,
    FaultKind::TornTail,
    FaultKind::Clock,
    FaultKind::Loss,
    FaultKind::Delay,
    FaultKind::Duplicate,
    FaultKind::Reorder,
    FaultKind::Corrupt,
    FaultKind::Partition,
];

impl TestScenario {
    /// So many transactions of which the seed draws all else.
    pub fn swarm(transactions: u32, seed: u64) -> Self {
        let mut random = Random::new(seed, Purpose::Scenario);
        let participants = 2 + random.below(3);
        let mut scenario = Self::new("Whatever the seed draws.", participants)
            .load(load(transactions, participants, &mut random))
            .in_flight(one_of(&[1, 2, 5, 20], &mut random))
            .sla(SlaRequirements::chaos());
        scenario.name = format!("swarm_{seed}");
        scenario.chaos = Some(chaos(participants, &mut random));
        draw_conditions(&mut scenario, &mut random);
        scenario
    }
}

fn load(transactions: u32, participants: u32, random: &mut Random) -> Load {
    let participants_max = one_of(&[2, participants, participants], random);
    Load {
        participants_min: one_of(&[1, 2, participants_max], random),
        keys: one_of(&[1, 1, 2, 2, 5, 50], random),
        kind: one_of(&[LoadKind::Transfers, LoadKind::Updates, LoadKind::Mixed], random),
        repeat_percent: one_of(&[0, 0, 0, 5], random),
        ..Load::mixed(transactions, participants_max)
    }
}

fn chaos(participants: u32, random: &mut Random) -> Chaos {
    // Crashes are what a protocol is about: some, many, or none.
    let mut kinds = vec![FaultKind::Crash; one_of(&[0, 1, 1, 1, 2], random)];
    let few = one_of(&[2, 3, 6], random);
    kinds.extend(KINDS.iter().filter(|_| random.below(few) == 0));
    if kinds.is_empty() {
        kinds.push(FaultKind::Crash);
    }
    Chaos {
        victims: one_of(
            &[
                Victims::Anybody,
                Victims::Coordinator,
                Victims::Coordinator,
                Victims::Participants(1),
                Victims::Participants(participants),
                Victims::Everybody,
            ],
            random,
        ),
        from_ms: one_of(&[0, 0, 20, 100], random),
        every_ms: one_of(&[5, 10, 20, 50], random),
        until_ms: 1_000_000,
        // Only who is back at once meets what was open when it crashed.
        down_ms_max: one_of(&[2, 2, 20, 300], random),
        ..Chaos::of(&kinds)
    }
}

/// How fast links and disks are, and how patient nodes.
fn draw_conditions(scenario: &mut TestScenario, random: &mut Random) {
    let mut slower = |usual: Nanos| if random.below(3) == 0 { Nanos::from_millis(5) } else { usual };
    scenario.network_conditions.latency_max = slower(scenario.network_conditions.latency_max);
    scenario.disk_conditions.sync_max = slower(scenario.disk_conditions.sync_max);
    if random.below(4) == 0 {
        return;
    }
    let mut ms = |choices: &[u64]| Nanos::from_millis(one_of(choices, random));
    scenario.coordinator.vote_timeout = ms(&[20, 50, 200, 2_000]);
    scenario.coordinator.retry_first = ms(&[5, 50, 200]);
    scenario.participant.lock_timeout = ms(&[20, 100, 1_000]);
    scenario.participant.idle_timeout = ms(&[20, 100, 5_000]);
    scenario.participant.inquiry_first = ms(&[1, 5, 50, 500]);
}

fn one_of<T: Copy>(choices: &[T], random: &mut Random) -> T {
    choices[random.below(choices.len() as u32) as usize]
}
