//! What begins and changes nothing has not fired; what changes something fires then, and not when it begins.

use harness_core::history::{Decision, Event, Fact, FaultKind, Gid, Nanos, Point, RecordKind};
use harness_core::{Cast, FailureConfig, FailureMode, LinkEffect, Load, NetworkFault, RunReport};
use harness_core::{Simulator, TestScenario, Trigger};
use protocol::{Input, LogRecord};
use rstest::rstest;

use super::stream::{at_ms, before_healing, ms, node, play, ticks};

/// Each 100 ms, up to 800 ms, every node forces a record and sends a message, so all is over at 815 ms.
fn stream(begins_ms: u64, number: u32, mode: FailureMode) -> (Vec<Event>, RunReport) {
    play([at_ms(begins_ms, node(number), mode)], |me, input, effects| {
        ticks(ms(100), 8, input, effects);
        if let Input::TimerFired(timer) = input {
            effects.force(LogRecord::new(RecordKind::Other, timer.gid));
            me.send(timer.gid.0, effects);
        }
    })
}

fn fired_at(events: &[Event]) -> Vec<Nanos> {
    let fired = events.iter().filter(|event| matches!(event.fact, Fact::FaultFired { .. }));
    fired.map(|event| event.at).collect()
}

#[rstest]
#[case::pause(FailureMode::Pause { for_ms: 500 })]
#[case::slow_node(FailureMode::SlowNode { by_ms: 1, for_ms: 500 })]
#[case::slow_sync(FailureMode::SlowSync { by_ms: 1, for_ms: 500 })]
#[case::jump(FailureMode::Clock { jump_ms: 1, drift_ppm: 0 })]
#[case::drift(FailureMode::Clock { jump_ms: 0, drift_ppm: 1 })]
fn what_changes_nothing_has_not_fired(#[values(0, 1, 2, 3)] number: u32, #[case] mode: FailureMode) {
    let (events, report) = stream(900, number, mode);
    assert_eq!((report.fired, report.struck, fired_at(&events)), (vec![0], vec![], vec![]));
}

/// Nothing happens to any node from 215 to 300 ms, and what is forced then leaves at 310 ms.
#[rstest]
#[case::pause(FailureMode::Pause { for_ms: 100 }, 300)]
#[case::slow_node(FailureMode::SlowNode { by_ms: 1, for_ms: 500 }, 310)]
#[case::slow_sync(FailureMode::SlowSync { by_ms: 1, for_ms: 500 }, 300)]
#[case::jump(FailureMode::Clock { jump_ms: -1, drift_ppm: 0 }, 300)]
#[case::drift(FailureMode::Clock { jump_ms: 0, drift_ppm: -1 }, 300)]
fn what_changes_something_fires_then_and_once(
    #[values(0, 1, 2, 3)] number: u32,
    #[case] mode: FailureMode,
    #[case] at: u64,
) {
    let (events, report) = stream(250, number, mode);
    assert_eq!((report.fired, report.struck, fired_at(&events)), (vec![1], vec![node(number)], vec![ms(at)]));
}

/// It ends before anything happens.
#[rstest]
#[case::pause(FailureMode::Pause { for_ms: 40 })]
#[case::slow_node(FailureMode::SlowNode { by_ms: 1, for_ms: 60 })]
#[case::slow_sync(FailureMode::SlowSync { by_ms: 1, for_ms: 50 })]
fn what_is_over_before_anything_happens_has_not_fired(
    #[values(0, 1, 2, 3)] number: u32,
    #[case] mode: FailureMode,
) {
    let faults = [at_ms(220, node(number), mode.clone()), at_ms(420, node(number), mode)];
    let (events, report) = play(faults, |me, input, effects| {
        ticks(ms(100), 3, input, effects);
        if let Input::TimerFired(timer) = input {
            me.send(timer.gid.0, effects);
        }
    });
    assert_eq!((report.fired, fired_at(&events)), (vec![0, 0], vec![]));
}

/// A drift shows no other time at the instant at which it begins, but timers that are set then are too long.
#[test]
fn a_drift_fires_at_the_first_timer_that_it_changes() {
    let drift = FailureMode::Clock { jump_ms: 0, drift_ppm: -1_000 };
    let (events, report) = play([at_ms(0, node(0), drift)], |me, input, effects| {
        if let (Input::Asked(_), true) = (input, me.node.is_coordinator()) {
            effects.set_timer(ms(1), Gid(1), 0);
        }
    });
    assert_eq!((report.fired, fired_at(&events)), (vec![1], vec![Nanos::ZERO]));
}

/// All that a coordinator's pause may hold up is a client.
#[test]
fn a_pause_that_holds_up_a_client_fires() {
    let mut scenario = TestScenario::new("One.", 3).load(Load::transfers(1, 3));
    scenario.failure_configs.push(at_ms(0, node(0), FailureMode::Pause { for_ms: 5 }));
    let report = Simulator::new(Cast::reference()).run(&scenario, 0, &mut ()).expect("the scenario is valid");
    assert_eq!(report.fired, [1]);
}

/// One of each kind.
fn each_kind() -> Vec<FailureMode> {
    let restart_after_ms = Some(50);
    let on_links = |effect| FailureMode::Network(NetworkFault::everywhere(effect));
    vec![
        FailureMode::Crash { restart_after_ms },
        FailureMode::VoteNo,
        FailureMode::Takeover,
        FailureMode::Heuristic { decision: Decision::Commit },
        FailureMode::LockTimeout,
        FailureMode::PreparedLimit { most: 1 },
        FailureMode::Pause { for_ms: 1 },
        FailureMode::SlowNode { by_ms: 5, for_ms: 1 },
        FailureMode::SlowSync { by_ms: 5, for_ms: 1 },
        FailureMode::FailingSync,
        FailureMode::DiskFull { for_ms: 5 },
        FailureMode::TornTail { restart_after_ms },
        FailureMode::CorruptRecord { restart_after_ms },
        FailureMode::Wiped { restart_after_ms },
        FailureMode::Clock { jump_ms: 0, drift_ppm: 1 },
        on_links(LinkEffect::Cut),
        on_links(LinkEffect::Lose { percent: 2 }),
        on_links(LinkEffect::Delay { min_ms: 1, max_ms: 2 }),
        on_links(LinkEffect::Duplicate { percent: 2, within_ms: 5 }),
        on_links(LinkEffect::Reorder { percent: 2, within_ms: 5 }),
        on_links(LinkEffect::Corrupt { percent: 2 }),
    ]
}

/// With the reference, from the first step to the last: most kinds need something to strike that is not always there.
#[test]
fn whatever_has_not_fired_has_changed_nothing() {
    let run = |fault: Option<FailureConfig>| {
        let mut scenario = TestScenario::new("Three.", 3).load(Load::transfers(3, 3));
        scenario.failure_configs.extend(fault);
        let mut events = Vec::new();
        let report = Simulator::new(Cast::reference()).run(&scenario, 0, &mut events).ok()?;
        Some((events, report))
    };
    let (plain, _) = run(None).expect("nothing is wrong with it");
    let triggers =
        Point::ALL.iter().flat_map(|&point| (1..=7).map(move |nth| Trigger::AtPoint { point, nth }));
    let triggers: Vec<Trigger> = triggers.chain([0, 1, 2, 500].map(Trigger::AtMs)).collect();
    let mut inert: Vec<FaultKind> = Vec::new();
    for mode in each_kind() {
        for (&trigger, number) in triggers.iter().flat_map(|trigger| [0, 2].map(|number| (trigger, number))) {
            let fault = FailureConfig { node: Some(node(number)), mode: mode.clone(), trigger };
            let told = fault.to_string();
            // Some kinds make no sense at some steps.
            let Some((events, report)) = run(Some(fault)) else { continue };
            assert_eq!(report.fired == [0], fired_at(&events).is_empty(), "{told}");
            if report.fired == [0] {
                assert!(
                    before_healing(&events) == before_healing(&plain),
                    "{told} has not fired, and changed something"
                );
                inert.push(mode.kind());
            }
        }
    }
    assert!(FaultKind::ALL.iter().all(|kind| inert.contains(kind)), "{inert:?}");
}
