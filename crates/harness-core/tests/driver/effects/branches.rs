//! Branches that may not commit: votes of no, locks that are not granted, and no room for another prepared one. The
//! machines are the reference coordinator and virtual participants, as these faults are about what they decide.

use std::collections::BTreeSet;

use harness_core::history::{Event, Fact, Gid, NodeId, Outcome, Point, RecordKind, Vote};
use harness_core::{Cast, FailureMode, RunReport, Simulator, SlaRequirements, TestScenario};
use rstest::rstest;

use super::stream::{at_ms, fired, node};

const COUNT: u32 = 12;

fn run(scenario: &TestScenario) -> (Vec<Event>, RunReport) {
    let mut events = Vec::new();
    let report =
        Simulator::new(Cast::reference()).run(scenario, 0, &mut events).expect("the scenario is valid");
    (events, report)
}

/// Transactions over three participants that share nothing.
fn apart(in_flight: u32) -> TestScenario {
    let scenario = TestScenario::new("Apart.", 3).writing_apart(COUNT, 3).in_flight(in_flight);
    scenario.sla(SlaRequirements::chaos())
}

fn committed(events: &[Event]) -> BTreeSet<Gid> {
    let answered = events.iter().filter_map(|event| match event.fact {
        Fact::Answered { gid, outcome: Outcome::Committed } => Some(gid),
        _ => None,
    });
    answered.collect()
}

/// Who voted otherwise than yes, on what.
fn refusals(events: &[Event]) -> Vec<(NodeId, Gid)> {
    let voted = events.iter().filter_map(|event| match event.fact {
        Fact::Voted { gid, vote } if vote != Vote::Yes => Some((event.node, gid)),
        _ => None,
    });
    voted.collect()
}

/// One after another: the n-th time that a participant passes the step is in the n-th transaction.
#[rstest]
fn one_no_aborts_that_transaction_and_no_other(
    #[values(1, 2, 3)] number: u32,
    #[values(1, 7)] nth: u32,
    #[values(Point::AfterExecute, Point::BeforePrepare)] point: Point,
    #[values(FailureMode::VoteNo, FailureMode::LockTimeout)] mode: FailureMode,
) {
    let kind = mode.kind();
    let (events, report) = run(&apart(1).fault_at(node(number), mode.clone(), point, nth));
    assert_eq!((&report.fired[..], fired(&events), &report.struck[..]), (&[1][..], 1, &[node(number)][..]));
    let fired = Fact::FaultFired { kind, point: Some(point) };
    assert!(events.iter().any(|event| event.node == node(number) && event.fact == fired));
    let all: BTreeSet<Gid> = (1..=COUNT).map(Gid).collect();
    let aborted: Vec<Gid> = all.difference(&committed(&events)).copied().collect();
    assert_eq!(aborted, [Gid(nth)]);
    // A lock that is not granted fails the work, so that nobody is asked for a vote, or the vote is no.
    let refusals = refusals(&events);
    assert!(refusals.iter().all(|&refusal| refusal == (node(number), Gid(nth))), "{refusals:?}");
    assert!(refusals.len() == 1 || (mode == FailureMode::LockTimeout && refusals.is_empty()));
}

/// How many branches a participant had prepared and not settled, at most.
fn prepared_at_once(events: &[Event], of: NodeId) -> usize {
    let (mut open, mut most) = (BTreeSet::new(), 0);
    for event in events.iter().filter(|event| event.node == of) {
        match event.fact {
            Fact::Appended { gid, record: RecordKind::Prepared, .. } => open.insert(gid),
            Fact::Appended { gid, record: RecordKind::Decided(_), .. } => open.remove(&gid),
            _ => continue,
        };
        most = most.max(open.len());
    }
    most
}

#[rstest]
fn a_participant_never_has_more_prepared_branches_than_it_has_room_for(
    #[values(1, 2, 3)] number: u32,
    #[values(0, 1, 4)] most: u32,
) {
    let limit = FailureMode::PreparedLimit { most };
    let mut scenario = apart(COUNT);
    let (events, _) = run(&scenario);
    assert_eq!(prepared_at_once(&events, node(number)), COUNT as usize, "all at once where there is room");
    scenario.failure_configs.push(at_ms(0, node(number), limit));
    let (events, report) = run(&scenario);
    assert_eq!((&report.fired[..], fired(&events)), (&[1][..], 1));
    assert_eq!(prepared_at_once(&events, node(number)), most as usize);
    let refusals = refusals(&events);
    assert!(refusals.len() as u32 >= COUNT - most && refusals.iter().all(|&(who, _)| who == node(number)));
    assert_eq!(committed(&events).len() + refusals.len(), COUNT as usize, "each has room or is refused");
}
