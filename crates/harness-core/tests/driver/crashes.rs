//! What a crash takes away, what it leaves, and who hears of it.

use std::cell::RefCell;
use std::rc::Rc;

use harness_core::history::{DropReason, Event, Fact, Gid, Nanos, NodeId, Outcome, ParticipantId, Point};
use harness_core::{
    Cast, CoordinatorConfig, FailureConfig, FailureMode, Load, Simulator, SlaRequirements, TestHarnessConfig,
    TestScenario, Trigger, TwoPhaseCommitTestHarness,
};
use protocol::{ClientRequest, Coordinator, Effects, Input, ReferenceCoordinator};

use crate::scripted::{Heard, commit, prepare, record, run, scenario, told, word};

const TM: NodeId = NodeId::COORDINATOR;

fn events_of(scenario: &TestScenario, seed: u64) -> Vec<Event> {
    let mut events = Vec::new();
    Simulator::new(Cast::reference()).run(scenario, seed, &mut events).expect("the scenario is valid");
    events
}

/// Sets a timer in each life, appends three records and is hit during their sync.
fn interrupted(life: u32, input: &Input<'_>, effects: &mut Effects) {
    match input {
        Input::Start { log, .. } => {
            effects.read_log(log);
            effects.set_timer(Nanos::from_millis(50 * u64::from(life)), Gid(1), life);
        }
        Input::Asked(ClientRequest::Begin(_)) => {
            prepare(1, effects);
            effects.set_timer(Nanos::from_millis(60), Gid(1), life);
            effects.force(record(1));
            commit(1, effects);
            effects.append_lazily(record(2));
            effects.append_lazily(record(3));
        }
        Input::Asked(ClientRequest::Outcome(_)) => {
            effects.force(record(4));
        }
        Input::TimerFired(_) => effects.answer(Gid(1), Outcome::Aborted),
        _ => {}
    }
}

fn hit_during_the_sync() -> TestScenario {
    let mode = FailureMode::Crash { restart_after_ms: Some(3) };
    scenario().fault_at(TM, mode, Point::BeforeVoteReceived, 1)
}

#[test]
fn a_node_hears_of_nothing_before_it_has_read_its_log() {
    let cut = scenario().crash_at(TM, Point::BeforePrepareSent).fault_at(
        TM,
        FailureMode::DiskFull { for_ms: 5 },
        Point::BeforeLogRead,
        1,
    );
    let (_, heard) = run(&cut, 0, |life, input, effects| match input {
        Input::Asked(_) if life == 1 => prepare(1, effects),
        Input::Asked(_) => effects.answer(Gid(1), Outcome::Aborted),
        _ => {}
    });
    assert_eq!(heard[..4], ["1: start []", "1: begin t1", "2: start []", "2: DiskFull"]);
}

/// The sync of the first life would have ended after 10 ms, when that of the second is under way.
#[test]
fn timers_and_syncs_and_sends_of_an_earlier_life_never_come() {
    let (events, heard) = run(&hit_during_the_sync(), 0, interrupted);
    insta::assert_snapshot!(told(&events), @r"
    0 sends prepare t1
    0 forces other t1
    0 appends other t2
    0 appends other t3
    2 crashes
    2 loses other t1
    2 loses other t2
    2 loses other t3
    2 answers t1 unknown
    5 restarts
    5 forces other t4
    15 has other t4 durable
    105 answers t1 aborted
    ");
    insta::assert_snapshot!(heard.join("\n"), @r"
    1: start []
    1: begin t1
    2: start []
    2: outcome t1
    2: timer 2
    ");
}

#[test]
fn a_crash_keeps_any_first_part_of_what_was_not_durable_for_a_reader_and_the_history_says_which() {
    let mut times = [0; 4];
    for seed in 0..200 {
        let (events, heard) = run(&hit_during_the_sync(), seed, interrupted);
        let crash = events.iter().position(|event| event.fact == Fact::Crashed).expect("it crashed");
        let restart = events.iter().position(|event| event.fact == Fact::Restarted).expect("it restarted");
        let (mut durable, mut lost) = (Vec::new(), Vec::new());
        for event in &events[crash..restart] {
            match event.fact {
                Fact::Durable { gid, .. } => durable.push(gid),
                Fact::Lost { gid, .. } => lost.push(gid),
                _ => {}
            }
        }
        times[durable.len()] += 1;
        let read: Vec<String> = durable.iter().map(Gid::to_string).collect();
        let start = heard.iter().find(|word| word.starts_with("2: start")).expect("it restarted");
        assert_eq!(*start, format!("2: start [{}]", read.join(" ")));
        durable.extend(lost);
        assert_eq!(durable, [1, 2, 3].map(Gid));
    }
    assert!(times.iter().all(|&times| times > 10), "{times:?}");
}

/// Found by reading: what a sync had made durable behind the record at whose step the node was hit was in its log
/// after the restart, and no event said that it had become durable.
#[test]
fn every_record_of_a_sync_is_durable_before_any_step_is_passed() {
    let scenario = scenario().fault_at(
        TM,
        FailureMode::Crash { restart_after_ms: Some(3) },
        Point::AfterDecisionForced,
        1,
    );
    let (events, heard) = run(&scenario, 0, |_, input, effects| match input {
        Input::Asked(ClientRequest::Begin(_)) => {
            let decided = harness_core::history::RecordKind::Decided(harness_core::history::Decision::Commit);
            effects.append_lazily(protocol::LogRecord::new(decided, Gid(1)));
            effects.force(protocol::LogRecord::new(decided, Gid(2)));
        }
        Input::Asked(_) => effects.answer(Gid(1), Outcome::Committed),
        _ => {}
    });
    insta::assert_snapshot!(told(&events), @r"
    0 appends decided commit t1
    0 forces decided commit t2
    10 has decided commit t1 durable
    10 has decided commit t2 durable
    10 crashes
    10 answers t1 unknown
    13 restarts
    13 answers t1 committed
    ");
    assert!(heard.contains(&"2: start [t1 t2]".to_owned()), "{heard:?}");
}

#[test]
fn every_record_is_durable_once_or_lost_once_or_on_its_way_at_the_end() {
    for seed in 0..50 {
        let scenario = TestScenario::new("A crash of everybody.", 3)
            .load(Load::transfers(100, 2))
            .in_flight(20)
            .crash_at(TM, Point::AfterDecisionForced)
            .crash_at(ParticipantId(1).into(), Point::AfterCommitForced)
            .crash_at(ParticipantId(2).into(), Point::AfterPrepareForced)
            .crash_at(ParticipantId(3).into(), Point::BeforeCommitForced);
        let mut logs: Vec<std::collections::VecDeque<_>> = vec![Default::default(); 4];
        for event in events_of(&scenario, seed) {
            let log = &mut logs[event.node.number() as usize];
            match event.fact {
                Fact::Appended { gid, record, .. } => log.push_back((gid, record)),
                Fact::Durable { gid, record } => assert_eq!(log.pop_front(), Some((gid, record))),
                Fact::Lost { gid, record } => assert_eq!(log.pop_front(), Some((gid, record))),
                Fact::Restarted => {
                    assert!(log.is_empty(), "the crash of {} was silent on {log:?}", event.node)
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_message_to_a_node_that_is_down_is_dropped_when_it_arrives() {
    let mode = FailureMode::Crash { restart_after_ms: Some(10_000) };
    let rm1 = NodeId::from(ParticipantId(1));
    let scenario = TestScenario::new("One of two is down.", 2).writing_to(2).fault_at(
        rm1,
        mode,
        Point::BeforePrepareForced,
        1,
    );
    let events = events_of(&scenario, 0);
    let sent = |event: &&Event| matches!(event.fact, Fact::Sent { to, message, .. } if to == rm1 && message == harness_core::history::MessageKind::Abort);
    let sent = events.iter().find(sent).expect("the coordinator aborts");
    let dropped: Vec<&Event> =
        events.iter().filter(|event| matches!(event.fact, Fact::Dropped { .. })).collect();
    let [dropped] = dropped[..] else { panic!("{dropped:?}") };
    let Fact::Dropped { to, gid, why, .. } = dropped.fact else { panic!("{dropped:?}") };
    assert_eq!((dropped.node, to, gid, why), (TM, rm1, Gid(1), DropReason::NodeDown));
    let conditions = scenario.network_conditions;
    let latency = dropped.at.since(sent.at);
    assert!(latency >= conditions.latency_min && latency <= conditions.latency_max);
}

/// The reference coordinator, and all that it hears.
struct Listening(ReferenceCoordinator, Heard);

impl Coordinator for Listening {
    fn step(&mut self, now: Nanos, input: Input<'_>, effects: &mut Effects) {
        let what = if let Input::Start { .. } = input { "start".to_owned() } else { word(&input) };
        self.1.borrow_mut().push(what);
        self.0.step(now, input, effects);
    }

    fn oldest_unsettled(&self) -> Option<Gid> {
        self.0.oldest_unsettled()
    }
}

#[test]
fn clients_of_a_crashed_coordinator_give_up_and_ask_again_before_anything_else() {
    let heard: Heard = Rc::new(RefCell::default());
    let told = Rc::clone(&heard);
    let cast = Cast::reference().with_coordinator(move |config: &CoordinatorConfig| {
        Listening(ReferenceCoordinator::new(*config), Rc::clone(&told))
    });
    let scenario = TestScenario::new("Five clients lose their answers.", 3)
        .load(Load::transfers(30, 3))
        .in_flight(5)
        .sla(SlaRequirements::chaos())
        .fault_at(TM, FailureMode::Crash { restart_after_ms: Some(20) }, Point::AfterVoteReceived, 40);
    let mut events = Vec::new();
    let report = Simulator::new(cast).run(&scenario, 4, &mut events).expect("the scenario is valid");
    assert_eq!(report.fired, [1]);
    let crash = events.iter().position(|event| event.fact == Fact::Crashed).expect("it crashed");
    let gave_up = events[crash..].iter().filter_map(|event| match event.fact {
        Fact::Answered { gid, outcome: Outcome::Unknown } => Some(format!("outcome {gid}")),
        _ => None,
    });
    let gave_up: Vec<String> = gave_up.collect();
    let heard = heard.borrow();
    let restart = heard.iter().rposition(|word| word == "start").expect("it restarted");
    assert_eq!(gave_up.len(), 5);
    assert_eq!(heard[restart + 1..restart + 6], gave_up);
    assert!(heard[restart + 6..].iter().all(|word| !word.starts_with("outcome")), "once each");
    let all_heard = report.transactions.iter().all(|transaction| transaction.answered_at.is_some());
    assert!(all_heard && report.transactions.len() == 30);
}

#[test]
fn a_client_whose_coordinator_never_returns_never_hears() {
    let never = FailureMode::Crash { restart_after_ms: None };
    let scenario = TestScenario::new("The coordinator is gone for good.", 3).writing_to(3).fault_at(
        TM,
        never,
        Point::AfterPrepareSent,
        3,
    );
    let events = events_of(&scenario, 0);
    let answers: Vec<Fact> =
        events.iter().map(|event| event.fact).filter(|fact| matches!(fact, Fact::Answered { .. })).collect();
    assert_eq!(answers, [Fact::Answered { gid: Gid(1), outcome: Outcome::Unknown }]);
    assert!(events.iter().any(|event| event.node == TM && event.fact == Fact::LeftDown));
    let sent_when_down = |event: &&Event| event.node == TM && matches!(event.fact, Fact::Sent { .. });
    let crash = events.iter().position(|event| event.fact == Fact::Crashed).expect("it crashed");
    assert_eq!(events[crash..].iter().find(sent_when_down), None);
    let prepares =
        |fact: &Fact| matches!(fact, Fact::Sent { message, .. } if message.to_string() == "prepare");
    assert_eq!(events.iter().filter(|event| prepares(&event.fact)).count(), 3);
}

#[test]
fn clients_that_an_outage_held_up_go_on_after_it() {
    let sla = SlaRequirements { recovery_p99_max_ms: 100.0, ..SlaRequirements::chaos() };
    let mut scenario = TestScenario::new("Down for long.", 3).load(Load::transfers(1_000, 3)).sla(sla);
    let mode = FailureMode::Crash { restart_after_ms: Some(90_000) };
    scenario.failure_configs.push(FailureConfig {
        node: Some(NodeId::COORDINATOR),
        mode,
        trigger: Trigger::AtMs(50),
    });
    let harness = TwoPhaseCommitTestHarness::new(TestHarnessConfig::default());
    let result = harness.run_scenario(&scenario).expect("the scenario is valid");
    assert!(result.passed, "{:?}\n{}", result.failures, result.validation);
    assert_eq!(result.outcomes.committed + result.outcomes.aborted, 1_000);
}
