//! A run is a function of scenario, seed and version; and each stream of random numbers is for one purpose.

use std::collections::BTreeSet;

use harness_core::history::{Digest, Event, Fact, FaultKind, Nanos, NodeId, Point};
use harness_core::{
    Cast, FailureMode, Load, Simulator, TestHarnessConfig, TestScenario, TwoPhaseCommitTestHarness,
};

fn events_of(scenario: &TestScenario, seed: u64) -> Vec<Event> {
    let mut events = Vec::new();
    Simulator::new(Cast::reference()).run(scenario, seed, &mut events).expect("the scenario is valid");
    events
}

fn digest_of(scenario: &TestScenario, seed: u64) -> String {
    let mut digest = Digest::default();
    events_of(scenario, seed).iter().for_each(|event| digest.add(event));
    digest.to_string()
}

fn scenario() -> TestScenario {
    TestScenario::new("Some of everything.", 3)
        .load(Load::mixed(50, 3))
        .in_flight(5)
        .crash_at(NodeId::COORDINATOR, Point::AfterVoteReceived)
}

#[test]
fn the_same_seed_gives_the_same_history_and_another_seed_another_one() {
    let digests: Vec<String> = (0..50).map(|seed| digest_of(&scenario(), seed)).collect();
    assert!((0..50).all(|seed| digest_of(&scenario(), seed) == digests[seed as usize]));
    assert_eq!(digests.iter().collect::<BTreeSet<_>>().len(), 50);
}

/// Two runs that differ in nothing but in which faults fired are told apart.
#[test]
fn the_digest_of_a_run_covers_the_faults_that_fired() {
    let harness = TwoPhaseCommitTestHarness::new(TestHarnessConfig { seed: 3, ..Default::default() });
    let result = harness.run_scenario(&scenario()).expect("the scenario is valid");
    let events = events_of(&scenario(), 3);
    let digest = |events: &[Event]| {
        let mut digest = Digest::default();
        events.iter().for_each(|event| digest.add(event));
        digest.to_string()
    };
    assert_eq!(result.digest, digest(&events));
    let at = events.iter().position(|event| matches!(event.fact, Fact::FaultFired { .. }));
    let at = at.expect("the crash fires");
    let with = |event: Option<Event>| {
        let mut events = events.clone();
        events.splice(at..=at, event);
        digest(&events)
    };
    let fired = |kind, point| with(Some(Event { fact: Fact::FaultFired { kind, point }, ..events[at] }));
    let points = Point::ALL.iter().map(|&point| fired(FaultKind::Crash, Some(point)));
    let kinds = FaultKind::ALL.iter().map(|&kind| fired(kind, Some(Point::AfterVoteReceived)));
    let none = [with(None), fired(FaultKind::Crash, None)];
    let digests: BTreeSet<String> = points.chain(kinds).chain(none).collect();
    // The crash at the scenario's own step is among the points and among the kinds.
    assert_eq!(digests.len(), Point::ALL.len() + FaultKind::ALL.len() + 1);
    assert!(digests.contains(&result.digest));
}

/// What the clients want, by transaction.
fn wanted(scenario: &TestScenario) -> Vec<Fact> {
    let asked = events_of(scenario, 7).into_iter().map(|event| event.fact);
    asked
        .filter(|fact| matches!(fact, Fact::Begun { .. } | Fact::Asked { .. } | Fact::AbortAsked { .. }))
        .collect()
}

#[test]
fn what_clients_want_does_not_depend_on_links_or_disks_or_faults() {
    let expected = wanted(&scenario());
    let mut slower = scenario().in_flight(9);
    slower.network_conditions.latency_max = Nanos::from_millis(7);
    slower.disk_conditions.sync_max = Nanos::from_millis(9);
    assert_eq!(wanted(&slower), expected);
    let never_again = FailureMode::Crash { restart_after_ms: Some(1) };
    let faultier = (1..9).fold(scenario(), |scenario, nth| {
        scenario.fault_at(NodeId::COORDINATOR, never_again.clone(), Point::AfterDecisionForced, nth)
    });
    assert_eq!(wanted(&faultier), expected);
    assert!(digest_of(&faultier, 7) != digest_of(&slower, 7));
}

/// With one client and one participant there is one message at a time: each takes as long, whatever the disks do.
#[test]
fn how_long_messages_take_does_not_depend_on_disks() {
    let scenario = |sync_ms| {
        let mut scenario = TestScenario::new("One at a time.", 1).load(Load::transfers(40, 1));
        scenario.disk_conditions.sync_max = Nanos::from_millis(sync_ms);
        scenario
    };
    let latencies = |scenario: &TestScenario| -> Vec<Nanos> {
        let mut sent = Nanos::ZERO;
        let follow = |event: Event| match event.fact {
            Fact::Sent { .. } => {
                sent = event.at;
                None
            }
            Fact::Delivered { .. } => Some(event.at.since(sent)),
            _ => None,
        };
        events_of(scenario, 3).into_iter().filter_map(follow).collect()
    };
    let expected = latencies(&scenario(1));
    assert_eq!(expected.len(), 160);
    assert_eq!(latencies(&scenario(20)), expected);
}
