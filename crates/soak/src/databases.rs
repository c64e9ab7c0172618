//! An epoch of a soak on real databases: the same clients, and faults that databases have, each at its time.

use harness_core::history::{MessageKind, Nanos, NodeId, ParticipantId};
use harness_core::{FailureConfig, FailureMode, LinkEffect, NetworkFault, TestScenario, Trigger};

use crate::mix::mix;
use crate::plan::SoakPlan;

/// So many clients are served at a time: a database has a session for each.
const SERVED_MAX: u32 = 16;
/// What may be lost on a connection that stays open.
const MESSAGES: [MessageKind; 4] =
    [MessageKind::Prepare, MessageKind::VoteYes, MessageKind::Commit, MessageKind::Acknowledge];

/// What may be done to the databases of a soak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// They are ours: they are killed and stopped too.
    Any,
    /// They are somebody else's: only the coordinator is killed, and links are cut and lose messages.
    None,
}

impl SoakPlan {
    /// The scenario that an epoch is on real databases.
    pub fn scenario_on_databases(&self, epoch: u64, harm: Harm) -> TestScenario {
        let mut scenario = self.scenario(0, epoch);
        scenario.chaos = None;
        scenario.in_flight = SERVED_MAX;
        // What was lost on a connection holds its locks until it is given up.
        scenario.participant.idle_timeout = Nanos::from_millis(1_000);
        scenario.participant.lock_timeout = Nanos::from_millis(1_000);
        let (seed, faults) = (self.epoch_seed(0, epoch), self.faults(epoch));
        let span_ms = (self.passed(epoch + 1).0.0 - self.passed(epoch).0.0) / 1_000_000;
        let each_ms = span_ms / faults.max(1);
        scenario.failure_configs = (0..faults)
            .map(|number| {
                let drawn = mix(seed, 1 + number);
                fault(number * each_ms + drawn % each_ms.max(1), drawn, self.participants, harm)
            })
            .collect();
        scenario
    }
}

/// Bits that were not used for anything else say what it is, whom it strikes, and for how long.
fn fault(at_ms: u64, drawn: u64, participants: u32, harm: Harm) -> FailureConfig {
    let (what, whom, how) = (drawn >> 56, drawn >> 40, drawn >> 24);
    let id = ParticipantId(1 + (whom as u32) % participants);
    let for_ms = 100 + how % 900;
    let lasting = Trigger::AtMs(at_ms);
    let crash = FailureMode::Crash { restart_after_ms: Some(for_ms) };
    let own = match harm {
        Harm::Any => 5,
        Harm::None => 3,
    };
    let (node, mode) = match what % own {
        0 => (Some(NodeId::COORDINATOR), crash),
        1 => {
            let cut = NetworkFault::isolate(vec![id.into()]);
            (None, FailureMode::Network(NetworkFault { for_ms: Some(for_ms), ..cut }))
        }
        2 => {
            let lose = NetworkFault::everywhere(LinkEffect::Lose { percent: 100 });
            let message = MESSAGES[(how % MESSAGES.len() as u64) as usize];
            let lost = if matches!(message, MessageKind::Prepare | MessageKind::Commit) {
                lose.of(message).sent_to(id.into())
            } else {
                lose.of(message).sent_by(id.into())
            };
            (None, FailureMode::Network(NetworkFault { for_ms: Some(for_ms), ..lost.times(1) }))
        }
        3 => (Some(id.into()), crash),
        _ => (Some(id.into()), FailureMode::Pause { for_ms }),
    };
    FailureConfig { node, mode, trigger: lasting }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> SoakPlan {
        let (duration, epoch) = ("10m".parse().expect("a span"), "1m".parse().expect("a span"));
        let (rate, faults) = ("100/s".parse().expect("a rate"), "1/s".parse().expect("a rate"));
        SoakPlan { participants: 2, duration, epoch, rate, faults, ..SoakPlan::example() }
    }

    #[test]
    fn all_faults_of_databases_strike_in_their_epoch_and_only_ours_are_harmed() {
        for (harm, kinds) in [(Harm::Any, 5), (Harm::None, 3)] {
            let scenario = plan().scenario_on_databases(3, harm);
            assert!(scenario.check().is_ok() && scenario.failure_configs.len() == 60);
            let mut seen: Vec<String> = Vec::new();
            for fault in &scenario.failure_configs {
                let Trigger::AtMs(at_ms) = fault.trigger else { panic!("{fault}") };
                assert!(Nanos::from_millis(at_ms) < Nanos::from_secs(60));
                let is_lost = matches!(&fault.mode, FailureMode::Network(one) if one.times.is_some());
                let victim = fault.node.map(|node| node.is_coordinator());
                seen.push(format!("{:?} {victim:?} {is_lost}", fault.mode.kind()));
            }
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), kinds, "{seen:?}");
        }
        let other = plan().scenario_on_databases(4, Harm::Any);
        assert_ne!(plan().scenario_on_databases(3, Harm::Any).failure_configs, other.failure_configs);
    }
}
