//! A branch that is made to decide by itself, amid branches that wait to be told.

use std::collections::BTreeSet;

use harness_core::history::{Decision, Event, Fact, Gid, MessageKind, NodeId, Outcome, Point};
use harness_core::{Cast, FailureMode, Simulator, SlaRequirements, TestScenario};
use rstest::rstest;

use super::stream::{fired, node, told};

const COUNT: u32 = 12;

/// When a participant decided each branch, and how.
fn decisions(events: &[Event], of: NodeId) -> Vec<(Gid, Decision)> {
    let decided = told(events, of, |fact| match fact {
        Fact::Decided { gid, decision } => Some((gid, decision)),
        _ => None,
    });
    decided.into_iter().map(|(_, it)| it).collect()
}

/// The branches that a participant decided before it heard anything of the decision.
fn untold(events: &[Event], of: NodeId) -> Vec<Gid> {
    let (mut heard, mut untold) = (BTreeSet::new(), Vec::new());
    for event in events.iter().filter(|event| event.node == of) {
        match event.fact {
            Fact::Delivered { gid, message: MessageKind::Commit | MessageKind::Abort, .. } => {
                heard.insert(gid);
            }
            Fact::Decided { gid, .. } if !heard.contains(&gid) => untold.push(gid),
            _ => {}
        }
    }
    untold
}

#[rstest]
fn a_branch_in_doubt_decides_alone_and_at_once_and_no_other(
    #[values(1, 2, 3)] number: u32,
    #[values(1, 7)] nth: u32,
    #[values(Decision::Commit, Decision::Abort)] decision: Decision,
) {
    let scenario = TestScenario::new("Apart.", 3)
        .writing_apart(COUNT, 3)
        .in_flight(1)
        .sla(SlaRequirements::chaos())
        .fault_at(node(number), FailureMode::Heuristic { decision }, Point::AfterVoteSent, nth);
    let mut events = Vec::new();
    let report =
        Simulator::new(Cast::reference()).run(&scenario, 0, &mut events).expect("the scenario is valid");
    assert_eq!((&report.fired[..], fired(&events), &report.struck[..]), (&[1][..], 1, &[node(number)][..]));
    for other in (1..=3).map(node) {
        let struck = other == node(number);
        let alone = told(&events, other, |fact| match fact {
            Fact::HeuristicDecision { gid, decision } => Some((gid, decision)),
            _ => None,
        });
        let voted = told(&events, other, |fact| match fact {
            Fact::Sent { gid, message: MessageKind::VoteYes, .. } => Some(gid),
            _ => None,
        });
        // The order of the operator comes at the instant at which the vote leaves.
        let expected = if struck { vec![(voted[nth as usize - 1].0, (Gid(nth), decision))] } else { vec![] };
        assert_eq!(alone, expected, "{other}");
        assert_eq!(untold(&events, other), if struck { vec![Gid(nth)] } else { vec![] }, "{other}");
        let decided = decisions(&events, other);
        let first = decided.iter().find(|(gid, _)| *gid == Gid(nth)).map(|&(_, decision)| decision);
        assert_eq!(first, Some(if struck { decision } else { Decision::Commit }), "{other}");
        let applied = told(&events, other, |fact| match fact {
            Fact::Applied { gid, .. } => Some(gid),
            _ => None,
        });
        let applied: BTreeSet<Gid> = applied.into_iter().map(|(_, gid)| gid).collect();
        let missing = struck && decision == Decision::Abort;
        let all = (1..=COUNT).map(Gid).filter(|&gid| !missing || gid != Gid(nth));
        assert_eq!(applied, all.collect::<BTreeSet<Gid>>(), "{other}");
    }
    let last = |gid| {
        let mut answers = events.iter().filter_map(move |event| match event.fact {
            Fact::Answered { gid: of, outcome } if of == gid => Some(outcome),
            _ => None,
        });
        answers.next_back()
    };
    for gid in (1..=COUNT).map(Gid) {
        let mixed = gid == Gid(nth) && decision == Decision::Abort;
        let outcome = if mixed { Outcome::HeuristicMixed } else { Outcome::Committed };
        assert_eq!(last(gid), Some(outcome), "{gid}");
    }
}
