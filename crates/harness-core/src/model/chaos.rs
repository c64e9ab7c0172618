//! Faults that a scenario leaves to the seed: which kinds there are, whom they strike, and how often.

use std::fmt;

use history::{Decision, FaultKind, NodeId, ParticipantId};
use serde::{Deserialize, Serialize};

use super::fault::{FailureMode, LinkEffect, NetworkFault};
use crate::sim::{Purpose, Random};

/// A plan of faults, drawn from the seed while the run goes on. A run in which none of them fires fails as inert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chaos {
    /// The kinds that are drawn, each as often as any other.
    pub kinds: Vec<FaultKind>,
    /// Whom each fault strikes.
    #[serde(default)]
    pub victims: Victims,
    /// When the first fault may begin.
    #[serde(default)]
    pub from_ms: u64,
    /// How long it takes from one fault to the next, on average.
    pub every_ms: u64,
    /// Faults stop within two such times after this, or when all clients have heard of all their transactions.
    pub until_ms: u64,
    /// Whether there is one fault in each such span, instead of one that long after the last.
    #[serde(default)]
    pub evenly: bool,
    /// Whether each seed draws which of the kinds exist at all (Groce and others, *Swarm Testing*, 2012): what one
    /// kind would hide shows where it is left out.
    #[serde(default)]
    pub swarm: bool,
    /// How long a node is down at most that crashes, and nothing worse. Who is back at once meets what was open when it
    /// crashed.
    #[serde(default = "longest_ms")]
    pub down_ms_max: u32,
}

fn longest_ms() -> u32 {
    LONGEST_MS
}

/// Whom a fault of a plan strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Victims {
    /// The coordinator, one time in four, or a participant.
    #[default]
    Anybody,
    /// The coordinator.
    Coordinator,
    /// One of the participants rm1 to this one.
    Participants(u32),
    /// All nodes at the same instant.
    Everybody,
    /// The coordinator, one time in four, or a participant of the next transaction that begins: where little happens
    /// nearly everybody is idle, and has nothing to lose.
    AtWork,
}

impl Chaos {
    /// The kinds that are part of every storm.
    pub const KINDS: &[FaultKind] = &[
        FaultKind::Crash,
        FaultKind::VoteNo,
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

    /// The kinds that can be drawn beside: operators change what clients are told, and participants without locks or
    /// room do not do what a load is about.
    pub const KINDS_BESIDE: &[FaultKind] =
        &[FaultKind::LockTimeout, FaultKind::Heuristic, FaultKind::PreparedLimit, FaultKind::Takeover];

    /// Faults of these kinds, one every 10 ms for five seconds, unless the clients are done before.
    pub fn of(kinds: &[FaultKind]) -> Self {
        Self {
            kinds: kinds.to_vec(),
            victims: Victims::Anybody,
            from_ms: 0,
            every_ms: 10,
            until_ms: 5_000,
            evenly: false,
            swarm: false,
            down_ms_max: LONGEST_MS,
        }
    }

    /// Strikes only these.
    pub fn on(self, victims: Victims) -> Self {
        Self { victims, ..self }
    }

    /// Strikes so often, on average.
    pub fn every_ms(self, ms: u64) -> Self {
        Self { every_ms: ms, ..self }
    }

    /// What makes no sense in it and what to do about it, if anything does.
    pub(super) fn mistake(&self, participants: u32) -> Option<String> {
        let mut random = Random::new(0, Purpose::Plan);
        let cannot =
            self.kinds.iter().find(|&&kind| self.draw(kind, NodeId::COORDINATOR, &mut random).is_none());
        if let Some(kind) = cannot {
            return Some(format!("chaos cannot draw the fault {kind}: leave it out"));
        }
        if self.kinds.is_empty() {
            return Some("chaos draws faults of no kind: name some".to_owned());
        }
        if self.every_ms == 0 {
            return Some("chaos strikes without end at one instant: set every_ms to 1 or more".to_owned());
        }
        if self.down_ms_max == 0 {
            return Some("chaos lets nobody be down: set down_ms_max to 1 or more".to_owned());
        }
        match self.victims {
            Victims::Participants(last) if last == 0 || last > participants => {
                Some(format!("chaos strikes rm1 to rm{last}: there are rm1 to rm{participants}"))
            }
            _ => None,
        }
    }

    /// Draws which kinds there are in this run.
    pub(crate) fn draw_kinds(&self, random: &mut Random) -> Vec<FaultKind> {
        if !self.swarm {
            return self.kinds.clone();
        }
        let drawn: Vec<FaultKind> = self.kinds.iter().copied().filter(|_| random.below(2) == 0).collect();
        if drawn.is_empty() {
            vec![self.kinds[random.below(self.kinds.len() as u32) as usize]]
        } else {
            drawn
        }
    }

    /// How many stand-by coordinators there must be.
    pub(super) fn stand_bys(&self) -> u32 {
        if self.kinds.contains(&FaultKind::Takeover) { TAKEOVERS_MAX } else { 0 }
    }

    /// Draws who is struck next; the coordinator stands for whichever is in charge.
    pub(crate) fn draw_victims(
        &self,
        participants: u32,
        at_work: &[ParticipantId],
        random: &mut Random,
    ) -> Vec<NodeId> {
        let participant = |n: u32| NodeId::from(ParticipantId(n));
        match self.victims {
            Victims::Anybody | Victims::AtWork if random.below(4) == 0 => vec![NodeId::COORDINATOR],
            Victims::Coordinator => vec![NodeId::COORDINATOR],
            Victims::Anybody => vec![participant(1 + random.below(participants))],
            Victims::AtWork => vec![at_work[random.below(at_work.len() as u32) as usize].into()],
            Victims::Participants(last) => vec![participant(1 + random.below(last))],
            Victims::Everybody => {
                std::iter::once(NodeId::COORDINATOR).chain((1..=participants).map(participant)).collect()
            }
        }
    }
}

/// So many takeovers and no more happen in one run.
const TAKEOVERS_MAX: u32 = 3;

/// What lasts lasts no longer than this.
const LONGEST_MS: u32 = 300;

impl Chaos {
    /// Draws what a fault of this kind does to this node; `None` if chaos does not know the kind.
    pub(crate) fn draw(&self, kind: FaultKind, victim: NodeId, random: &mut Random) -> Option<FailureMode> {
        // Few as often as many: what is narrow by one measure is wide by another.
        let mut up_to = |most: u32| {
            let octave = 1 << random.below(most.ilog2() + 1);
            u64::from(octave + random.below(octave.min(most - octave + 1)))
        };
        let mode = match kind {
            FaultKind::Crash => FailureMode::Crash { restart_after_ms: Some(up_to(self.down_ms_max) - 1) },
            FaultKind::VoteNo => FailureMode::VoteNo,
            FaultKind::LockTimeout => FailureMode::LockTimeout,
            FaultKind::PreparedLimit => FailureMode::PreparedLimit { most: up_to(4) as u32 },
            FaultKind::Heuristic if up_to(2) == 1 => FailureMode::Heuristic { decision: Decision::Commit },
            FaultKind::Heuristic => FailureMode::Heuristic { decision: Decision::Abort },
            FaultKind::Takeover => FailureMode::Takeover,
            FaultKind::Pause => FailureMode::Pause { for_ms: up_to(LONGEST_MS) },
            FaultKind::SlowNode => FailureMode::SlowNode { by_ms: up_to(50), for_ms: up_to(LONGEST_MS) },
            FaultKind::SlowSync => FailureMode::SlowSync { by_ms: up_to(100), for_ms: up_to(LONGEST_MS) },
            FaultKind::FailingSync => FailureMode::FailingSync,
            FaultKind::DiskFull => FailureMode::DiskFull { for_ms: up_to(LONGEST_MS) },
            FaultKind::TornTail => FailureMode::TornTail { restart_after_ms: Some(up_to(LONGEST_MS)) },
            FaultKind::Clock => {
                let sign = if up_to(2) == 1 { 1 } else { -1 };
                FailureMode::Clock {
                    jump_ms: sign * up_to(5_000) as i64,
                    drift_ppm: sign as i32 * up_to(500_000) as i32,
                }
            }
            FaultKind::Loss => {
                around(victim, LinkEffect::Lose { percent: up_to(100) as u32 }, up_to(LONGEST_MS))
            }
            FaultKind::Delay => {
                around(victim, LinkEffect::Delay { min_ms: 0, max_ms: up_to(50) }, up_to(LONGEST_MS))
            }
            FaultKind::Duplicate => around(
                victim,
                LinkEffect::Duplicate { percent: 50, within_ms: up_to(500) },
                up_to(LONGEST_MS),
            ),
            FaultKind::Reorder => {
                around(victim, LinkEffect::Reorder { percent: 50, within_ms: up_to(50) }, up_to(LONGEST_MS))
            }
            FaultKind::Corrupt => {
                around(victim, LinkEffect::Corrupt { percent: up_to(50) as u32 }, up_to(LONGEST_MS))
            }
            FaultKind::Partition => {
                let lasts = up_to(LONGEST_MS);
                partition(victim, lasts, random)
            }
            _ => return None,
        };
        Some(mode)
    }
}

/// What the node sends and what it is sent suffers for so long.
fn around(victim: NodeId, effect: LinkEffect, for_ms: u64) -> FailureMode {
    let everywhere = NetworkFault::everywhere(effect);
    FailureMode::Network(NetworkFault {
        from: vec![victim],
        both_ways: true,
        for_ms: Some(for_ms),
        ..everywhere
    })
}

/// The node is cut off, in both directions or one, all the time or on and off.
fn partition(victim: NodeId, for_ms: u64, random: &mut Random) -> FailureMode {
    let cut = NetworkFault { for_ms: Some(for_ms), ..NetworkFault::everywhere(LinkEffect::Cut) };
    let isolated = NetworkFault { from: vec![victim], both_ways: true, ..cut.clone() };
    FailureMode::Network(match random.below(4) {
        0 => NetworkFault { from: vec![victim], ..cut },
        1 => NetworkFault { to: vec![victim], ..cut },
        2 => NetworkFault { flapping_ms: Some(u64::from(1 + random.below(20))), ..isolated },
        _ => isolated,
    })
}

impl fmt::Display for Chaos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<String> = self.kinds.iter().map(ToString::to_string).collect();
        let some = if self.swarm { "some of " } else { "" };
        write!(f, "{some}{}; of ", kinds.join(", "))?;
        match self.victims {
            Victims::Anybody => f.write_str("any node")?,
            Victims::Coordinator => f.write_str("the coordinator")?,
            Victims::Participants(1) => f.write_str("rm1")?,
            Victims::Participants(last) => write!(f, "rm1 to rm{last}")?,
            Victims::Everybody => f.write_str("all nodes at once")?,
            Victims::AtWork => f.write_str("whoever is at work")?,
        }
        write!(f, ", one every {} ms until {} ms", self.every_ms, self.until_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWN: [FaultKind; 3] = [FaultKind::Crash, FaultKind::Loss, FaultKind::Clock];

    #[test]
    fn a_drawn_fault_is_of_its_kind_and_can_happen() {
        let mut random = Random::new(1, Purpose::Plan);
        let rm1 = NodeId::from(ParticipantId(1));
        for &kind in FaultKind::ALL {
            let chaos = Chaos::of(&[kind]);
            let drawn = Chaos::KINDS.contains(&kind) || Chaos::KINDS_BESIDE.contains(&kind);
            assert_eq!(chaos.draw(kind, rm1, &mut random).is_some(), drawn);
            for _ in 0..50 {
                let Some(mode) = chaos.draw(kind, rm1, &mut random) else { continue };
                assert_eq!(mode.kind(), kind);
                let trigger = super::super::Trigger::AtMs(1);
                let config = super::super::FailureConfig { node: Some(rm1), mode, trigger };
                let at_a_step = [FaultKind::VoteNo, FaultKind::LockTimeout, FaultKind::Heuristic];
                assert!(config.check().is_ok() || at_a_step.contains(&kind), "{config}");
            }
        }
    }

    #[test]
    fn a_swarm_has_some_of_the_kinds_and_never_none() {
        let chaos = Chaos { swarm: true, ..Chaos::of(&DRAWN) };
        let mut sizes = [0u32; 4];
        for seed in 0..400 {
            sizes[chaos.draw_kinds(&mut Random::new(seed, Purpose::Plan)).len()] += 1;
        }
        assert!(sizes[0] == 0 && sizes[1..].iter().all(|&times| times > 20), "{sizes:?}");
        assert_eq!(Chaos::of(&DRAWN).draw_kinds(&mut Random::new(7, Purpose::Plan)), DRAWN);
    }

    #[test]
    fn a_plan_reads_as_a_sentence() {
        let told = Chaos { swarm: true, ..Chaos::of(&DRAWN).on(Victims::Participants(2)) }.to_string();
        assert_eq!(told, "some of crash, loss, clock; of rm1 to rm2, one every 10 ms until 5000 ms");
    }

    #[test]
    fn what_cannot_happen_is_a_mistake() {
        assert_eq!(Chaos::of(&DRAWN).mistake(3), None);
        for bad in [
            Chaos::of(&[]),
            Chaos::of(&DRAWN).every_ms(0),
            Chaos::of(&DRAWN).on(Victims::Participants(4)),
            Chaos::of(&DRAWN).on(Victims::Participants(0)),
        ] {
            assert!(bad.mistake(3).is_some(), "{bad:?}");
        }
    }
}
