//! Output commit: nothing that a node emits leaves it before everything that it forced earlier is durable.

use harness_core::history::{Gid, NodeId, Outcome, Point};
use protocol::{ClientRequest, Effects, Input, LogPosition, Message};

use crate::scripted::{commit, prepare, record, run, scenario, told};

fn story(step: crate::scripted::Step) -> String {
    told(&run(&scenario(), 0, step).0)
}

#[test]
fn what_is_emitted_after_a_force_leaves_when_it_is_durable_and_what_came_before_leaves_at_once() {
    let told = story(|_, input, effects| {
        if let Input::Asked(_) = input {
            prepare(1, effects);
            effects.force(record(1));
            commit(2, effects);
            effects.answer(Gid(1), Outcome::Committed);
        }
    });
    insta::assert_snapshot!(told, @r"
    0 sends prepare t1
    0 forces other t1
    10 has other t1 durable
    10 sends commit t2
    10 answers t1 committed
    ");
}

#[test]
fn a_lazy_record_holds_nothing_back_and_is_durable_with_the_next_forced_one() {
    let told = story(|_, input, effects| match input {
        Input::Asked(_) => {
            effects.append_lazily(record(1));
            prepare(1, effects);
        }
        Input::Received { message: Message::Vote { .. }, .. } => {
            effects.force(record(2));
            effects.append_lazily(record(3));
            effects.answer(Gid(1), Outcome::Committed);
        }
        _ => {}
    });
    insta::assert_snapshot!(told, @r"
    0 appends other t1
    0 sends prepare t1
    2 forces other t2
    2 appends other t3
    12 has other t1 durable
    12 has other t2 durable
    12 answers t1 committed
    ");
}

#[test]
fn a_record_that_is_appended_during_a_sync_joins_the_next_one() {
    let told = story(|_, input, effects| match input {
        Input::Asked(_) => {
            prepare(1, effects);
            effects.force(record(1));
            commit(1, effects);
        }
        Input::Received { message: Message::Vote { .. }, .. } => {
            // Emitted after the first force and before the second: waits for the first alone.
            commit(2, effects);
            effects.force(record(2));
            effects.answer(Gid(1), Outcome::Committed);
        }
        _ => {}
    });
    insta::assert_snapshot!(told, @r"
    0 sends prepare t1
    0 forces other t1
    2 forces other t2
    10 has other t1 durable
    10 sends commit t1
    10 sends commit t2
    20 has other t2 durable
    20 answers t1 committed
    ");
}

#[test]
fn each_send_waits_for_the_sync_of_what_was_forced_before_it() {
    let told = story(|_, input, effects| {
        if let Input::Asked(_) = input {
            effects.force(record(1));
            commit(1, effects);
            effects.force(record(2));
            commit(2, effects);
            effects.answer(Gid(1), Outcome::Committed);
        }
    });
    insta::assert_snapshot!(told, @r"
    0 forces other t1
    0 forces other t2
    10 has other t1 durable
    10 sends commit t1
    20 has other t2 durable
    20 sends commit t2
    20 answers t1 committed
    ");
}

/// The log is cut only once the checkpoint that replaces it is durable: a crash before that finds the old one.
#[test]
fn a_log_is_cut_when_what_was_forced_before_is_durable() {
    fn step(_: u32, input: &Input<'_>, effects: &mut Effects) {
        match input {
            Input::Asked(ClientRequest::Begin(_)) => {
                effects.force(record(1));
                prepare(1, effects);
            }
            Input::Received { message: Message::Vote { .. }, .. } => {
                let first = effects.force(record(2));
                effects.truncate(first);
                commit(1, effects);
            }
            Input::Received { message: Message::Acknowledge { .. }, .. } => {
                effects.append_lazily(record(3));
                assert_eq!(effects.next_position(), LogPosition(3), "positions stay");
                prepare(2, effects);
            }
            Input::Asked(ClientRequest::Outcome(_)) => effects.answer(Gid(1), Outcome::Aborted),
            _ => {}
        }
    }
    for seed in 0..20 {
        let cut = scenario().crash_at(NodeId::COORDINATOR, Point::AfterAckReceived);
        let (_, heard) = run(&cut, seed, step);
        let start = heard.iter().find(|word| word.starts_with("2: start")).expect("it restarted");
        assert!(["2: start [t2]", "2: start [t2 t3]"].contains(&&**start), "{start}");
        let before = scenario().crash_at(NodeId::COORDINATOR, Point::AfterVoteReceived);
        let (_, heard) = run(&before, seed, step);
        let start = heard.iter().find(|word| word.starts_with("2: start")).expect("it restarted");
        assert!(["2: start [t1]", "2: start [t1 t2]"].contains(&&**start), "{start}");
    }
}
