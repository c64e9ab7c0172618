//! Which scenarios can happen on real databases. The rest are refused before anything runs.

use harness_core::{FailureConfig, FailureMode, LinkEffect, TestScenario};

/// More servers than this are too many for one machine.
const PARTICIPANTS_MAX: u32 = 8;

/// What the scenario needs and real databases have not, if there is such a thing.
pub(super) fn beyond(scenario: &TestScenario) -> Option<String> {
    if scenario.participants > PARTICIPANTS_MAX {
        return Some(format!("{} participants, of {PARTICIPANTS_MAX} at the most", scenario.participants));
    }
    if scenario.arrivals.is_some() {
        return Some("clients that come at their time".to_owned());
    }
    if scenario.chaos.is_some() {
        return Some("faults drawn from the seed".to_owned());
    }
    scenario.failure_configs.iter().find(|fault| !can_happen(fault)).map(ToString::to_string)
}

/// Whether something is to go wrong between the coordinator and a database.
pub(super) fn needs_links(scenario: &TestScenario) -> bool {
    scenario.failure_configs.iter().any(|fault| matches!(fault.mode, FailureMode::Network(_)))
}

fn can_happen(fault: &FailureConfig) -> bool {
    match fault.mode {
        FailureMode::Crash { .. } | FailureMode::CrashLoop { .. } | FailureMode::VoteNo => true,
        FailureMode::Network(ref network) => {
            let known = matches!(
                network.effect,
                LinkEffect::Cut | LinkEffect::Lose { percent: 100 } | LinkEffect::Delay { .. }
            );
            known && network.flapping_ms.is_none()
        }
        FailureMode::Pause { .. } => fault.node.is_some_and(|node| !node.is_coordinator()),
        _ => false,
    }
}
