//! A stand-by that takes over a log: from then on the log is its alone, whatever has become of the older coordinator.

use std::cell::RefCell;
use std::rc::Rc;

use harness_core::FailureMode;
use harness_core::history::{Event, Fact, Gid, Nanos, NodeId, RecordKind};
use protocol::{Input, LogRecord};
use rstest::rstest;

use super::stream::{at_ms, ms, node, play, ticks, told};

const OLD: NodeId = NodeId::COORDINATOR;
const TAKEOVER: Nanos = ms(200);

/// What became of a node's records.
fn records(events: &[Event], of: NodeId, wanted: fn(Fact) -> Option<Gid>) -> Vec<(Nanos, Gid)> {
    told(events, of, wanted)
}

fn durable(fact: Fact) -> Option<Gid> {
    if let Fact::Durable { gid, .. } = fact { Some(gid) } else { None }
}

fn lost(fact: Fact) -> Option<Gid> {
    if let Fact::Lost { gid, .. } = fact { Some(gid) } else { None }
}

fn appended(fact: Fact) -> Option<Gid> {
    if let Fact::Appended { gid, .. } = fact { Some(gid) } else { None }
}

#[rstest]
#[case::alive(None)]
#[case::paused(Some(FailureMode::Pause { for_ms: 100 }))]
#[case::down(Some(FailureMode::Crash { restart_after_ms: Some(100) }))]
#[case::gone(Some(FailureMode::Crash { restart_after_ms: None }))]
fn from_the_takeover_on_the_log_is_the_stand_bys_alone(#[case] before: Option<FailureMode>) {
    let stand_by = NodeId::coordinator(1);
    let read: Rc<RefCell<Vec<Vec<Gid>>>> = Rc::default();
    let starts = Rc::clone(&read);
    let before = before.map(|mode| at_ms(150, node(0), mode));
    let faults = before.into_iter().chain([at_ms(200, node(0), FailureMode::Takeover)]);
    // Each life writes a record each millisecond, whose number says whose it is.
    let (events, report) = play(faults, move |me, input, effects| {
        if !me.node.is_coordinator() {
            return;
        }
        ticks(ms(1), 400, input, effects);
        match input {
            Input::Start { log, .. } => {
                let sound = protocol::sound_records(log).expect("nothing durable was damaged");
                starts.borrow_mut().push(log[..sound].iter().map(|stored| stored.record.gid).collect());
            }
            Input::TimerFired(timer) => {
                effects.force(LogRecord::new(RecordKind::Other, Gid(me.life * 1_000 + timer.gid.0)));
            }
            _ => {}
        }
    });
    assert!(report.fired.iter().all(|&times| times == 1), "{:?}", report.fired);
    let took_over =
        told(&events, stand_by, |fact| if let Fact::TookOver { from } = fact { Some(from) } else { None });
    assert_eq!(took_over, [(TAKEOVER, OLD)]);
    let (old, new) = (records(&events, OLD, durable), records(&events, stand_by, durable));
    assert!(old.len() > 100 && old.iter().all(|&(at, _)| at <= TAKEOVER), "the older one writes no more");
    assert_eq!(new.len(), 400, "nothing is in the way of the stand-by");
    assert!(new.iter().all(|&(at, _)| at > TAKEOVER));
    let read = read.borrow();
    let known: Vec<Gid> = old.iter().map(|&(_, gid)| gid).collect();
    assert_eq!(read.last(), Some(&known), "it reads all that was durable, and nothing else");
    // What the older one appended is there or is lost, and it hears of that if it is there to hear it.
    let refused: Vec<Gid> = records(&events, OLD, lost).into_iter().map(|(_, gid)| gid).collect();
    assert!(refused.iter().all(|gid| !known.contains(gid)));
    let late = records(&events, OLD, appended).into_iter().filter(|&(at, _)| at > TAKEOVER);
    assert!(late.into_iter().all(|(_, gid)| refused.contains(&gid)), "what came too late is lost");
}
