//! Which scenarios can happen on real databases. The rest are refused before anything runs.

use history::{NodeId, ParticipantId, Point};

use super::place::Place;
use crate::dialect::{self, Isolation};
use harness_core::{FailureConfig, FailureMode, LinkEffect, TestScenario, Trigger};

/// More servers than this are too many for one machine.
const PARTICIPANTS_MAX: u32 = 8;

/// What the scenario needs, or one of these faults, and real databases have not, if there is such a thing.
pub(super) fn beyond(scenario: &TestScenario, faults: &[FailureConfig], places: &[Place]) -> Option<String> {
    let is_ours = |id: ParticipantId| matches!(Place::of(places, id), Place::Own(_));
    let given = places.len() as u32;
    if !is_ours(ParticipantId(1)) && scenario.participants > given {
        return Some(format!("{} databases, with {given} of them given by URL", scenario.participants));
    }
    if scenario.participants > PARTICIPANTS_MAX {
        return Some(format!("{} participants, of {PARTICIPANTS_MAX} at the most", scenario.participants));
    }
    if scenario.chaos.is_some() {
        return Some("faults drawn from the seed".to_owned());
    }
    let mut faults = faults.iter();
    if let Some(fault) =
        faults.clone().find(|fault| !can_happen(fault) && !has_limit(scenario, fault, places))
    {
        return Some(fault.to_string());
    }
    // A database that decides by itself is killed with its statement under way, and who is first, the kernel decides.
    let is_amid_one_phase = |fault: &&FailureConfig| {
        let at_commit = matches!(fault.trigger, Trigger::AtPoint { point: Point::BeforeCommitForced, .. });
        at_commit && scenario.transactions.iter().any(|transaction| transaction.participant_ids.len() == 1)
    };
    if let Some(fault) = faults.clone().find(is_amid_one_phase) {
        return Some(format!("{fault}, of a database that decides by itself"));
    }
    let harms = |fault: &&FailureConfig| !matches!(fault.mode, FailureMode::Network(_) | FailureMode::VoteNo);
    let is_any_theirs = || (1..=scenario.participants).map(ParticipantId).any(|id| !is_ours(id));
    let strikes_theirs = |fault: &FailureConfig| match (fault.node, fault.trigger) {
        (Some(node), _) => node.participant().is_some_and(|id| !is_ours(id)),
        // Whoever passes that step first.
        (None, Trigger::AtPoint { point, .. }) => is_of_participants(point) && is_any_theirs(),
        (None, Trigger::AtMs(_)) => false,
    };
    let fault = faults.find(|fault| harms(fault) && strikes_theirs(fault))?;
    Some(format!("{fault}: a database that is given by URL is neither killed nor stopped"))
}

/// Whether something is to go wrong between the coordinator and a database.
pub(super) fn need_links(faults: &[FailureConfig]) -> bool {
    faults.iter().any(|fault| matches!(fault.mode, FailureMode::Network(_)))
}

/// Whether a database passes the step, unless it restarts.
fn is_of_participants(point: Point) -> bool {
    point.name().starts_with("participant::") || matches!(point, Point::BeforeInquiry | Point::AfterInquiry)
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
        FailureMode::Pause { .. } => match (fault.node, fault.trigger) {
            (Some(node), _) => !node.is_coordinator(),
            (None, Trigger::AtPoint { point, .. }) => is_of_participants(point),
            (None, Trigger::AtMs(_)) => false,
        },
        _ => false,
    }
}

/// Whether a database has no more room for prepared branches than it is given: from the start on, or when it is started
/// again.
fn has_limit(scenario: &TestScenario, fault: &FailureConfig, places: &[Place]) -> bool {
    let FailureMode::PreparedLimit { .. } = fault.mode else { return false };
    let Some(id) = fault.node.and_then(NodeId::participant) else { return false };
    let is_killed =
        |other: &FailureConfig| matches!(other.mode, FailureMode::Crash { .. }) && other.node == fault.node;
    let in_time = fault.trigger == Trigger::AtMs(0) || scenario.failure_configs.iter().any(is_killed);
    in_time && dialect::of(Place::of(places, id).kind(), "", Isolation::Locks).room().is_some()
}
