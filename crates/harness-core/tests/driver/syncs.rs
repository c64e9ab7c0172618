//! A node that waits for its disk instead of having the driver hold back what it says, and one whose code fails.

use harness_core::history::{Decision, Gid, Nanos, NodeId, Outcome, ParticipantId, Point, RecordKind};
use harness_core::{Cast, TestHarnessConfig, TwoPhaseCommitTestHarness};
use protocol::{ClientRequest, Coordinator, Effects, Failure, Input, LogRecord, Message};

use crate::scripted::{commit, prepare, record, run, scenario, told};

#[test]
fn a_sync_holds_nothing_back_and_tells_when_all_before_it_is_durable() {
    let (events, heard) = run(&scenario(), 0, |_, input, effects| match input {
        Input::Asked(_) => {
            effects.append_lazily(record(1));
            effects.sync();
            prepare(1, effects);
        }
        Input::Synced { .. } => effects.answer(Gid(1), Outcome::Committed),
        _ => {}
    });
    insta::assert_snapshot!(told(&events), @r"
    0 appends other t1
    0 sends prepare t1
    10 has other t1 durable
    10 answers t1 committed
    ");
    assert_eq!(heard, ["1: start []", "1: begin t1", "1: vote yes", "1: synced before 1"]);
}

#[test]
fn a_sync_that_is_under_way_does_not_answer_for_what_was_appended_since() {
    let (events, heard) = run(&scenario(), 0, |_, input, effects| match input {
        Input::Asked(_) => {
            effects.append_lazily(record(1));
            effects.sync();
            prepare(1, effects);
        }
        Input::Received { message: Message::Vote { .. }, .. } => {
            effects.append_lazily(record(2));
            effects.sync();
        }
        Input::Synced { .. } => {
            commit(1, effects);
            effects.answer(Gid(1), Outcome::Committed);
        }
        _ => {}
    });
    insta::assert_snapshot!(told(&events), @r"
    0 appends other t1
    0 sends prepare t1
    2 appends other t2
    10 has other t1 durable
    20 has other t2 durable
    20 sends commit t1
    20 answers t1 committed
    ");
    assert_eq!(heard[3..], ["1: synced before 2", "1: acknowledge"]);
}

#[test]
fn a_crash_at_the_step_of_a_durable_record_comes_before_the_node_is_told() {
    let cut = scenario().crash_at(NodeId::COORDINATOR, Point::AfterDecisionForced);
    let (_, heard) = run(&cut, 0, |_, input, effects| match input {
        Input::Asked(ClientRequest::Begin(_)) => {
            effects.append_lazily(LogRecord::new(RecordKind::Decided(Decision::Commit), Gid(1)));
            effects.sync();
        }
        Input::Asked(_) => effects.answer(Gid(1), Outcome::Committed),
        _ => {}
    });
    assert_eq!(heard, ["1: start []", "1: begin t1", "2: start [t1]", "2: outcome t1"]);
}

#[test]
fn a_message_to_nobody_is_a_failure_of_the_code_that_sends_it() {
    let cast = Cast::reference().with_coordinator(|_| Lost);
    let harness = TwoPhaseCommitTestHarness::new(TestHarnessConfig { seed: 0, cast });
    let result = harness.run_scenario(&scenario()).expect("the scenario is valid");
    let said = "tm sends a message to rm9, which is not there";
    assert!(result.failures.iter().any(|failure| failure == said), "{:?}", result.failures);
}

/// Sends to a participant that is not there.
struct Lost;

impl Coordinator for Lost {
    fn step(&mut self, _now: Nanos, input: Input<'_>, effects: &mut Effects) {
        if let Input::Asked(ClientRequest::Begin(_)) = input {
            effects.send(ParticipantId(9).into(), Message::Commit { gid: Gid(1) });
        }
    }

    fn oldest_unsettled(&self) -> Option<Gid> {
        None
    }
}

struct Failing(Failure);

impl Coordinator for Failing {
    fn step(&mut self, _now: Nanos, input: Input<'_>, effects: &mut Effects) {
        if let Input::Asked(_) = input {
            effects.fail(self.0.clone());
        }
    }

    fn oldest_unsettled(&self) -> Option<Gid> {
        None
    }
}

#[test]
fn code_that_fails_is_started_again_and_given_up_and_the_result_says_what_it_did() {
    let fails = |failure: Failure| {
        let cast = Cast::reference().with_coordinator(move |_| Failing(failure.clone()));
        let harness = TwoPhaseCommitTestHarness::new(TestHarnessConfig { seed: 0, cast });
        let result = harness.run_scenario(&scenario()).expect("the scenario is valid");
        let count =
            |wanted: &str| result.failures.iter().filter(|failure| failure.starts_with(wanted)).count();
        assert!(!result.passed);
        (count("tm panicked at the disco"), count("tm livelock"))
    };
    assert_eq!(fails(Failure::Panicked("at the disco".to_owned())), (3, 0));
    assert_eq!(fails(Failure::Livelocked), (0, 1), "once is for ever");
}
