//! State machines that do as they are told, on links of 1 ms and disks of 10 ms.

use std::cell::RefCell;
use std::rc::Rc;

use harness_core::history::{Event, Fact, Gid, Key, Nanos, NodeId, ParticipantId, RecordKind, Value};
use harness_core::{Cast, Simulator, TestScenario};
use protocol::{ClientRequest, Coordinator, Effects, Input, LogRecord, Message, Participant};

/// One step of a coordinator, and which life of it that is, counted from 1.
pub(crate) type Step = fn(u32, &Input<'_>, &mut Effects);

/// What happened to the coordinator, one word or two for each input.
pub(crate) type Heard = Rc<RefCell<Vec<String>>>;

pub(crate) const RM1: ParticipantId = ParticipantId(1);

struct Scripted {
    life: u32,
    step: Step,
    heard: Heard,
}

impl Coordinator for Scripted {
    fn step(&mut self, _now: Nanos, input: Input<'_>, effects: &mut Effects) {
        self.heard.borrow_mut().push(format!("{}: {}", self.life, word(&input)));
        (self.step)(self.life, &input, effects);
    }

    fn oldest_unsettled(&self) -> Option<Gid> {
        None
    }
}

/// What an input is, in a word or two.
pub(crate) fn word(input: &Input<'_>) -> String {
    match input {
        Input::Start { log, .. } => {
            let sound = protocol::sound_records(log).expect("nothing durable was damaged");
            let gids: Vec<String> = log[..sound].iter().map(|stored| stored.record.gid.to_string()).collect();
            format!("start [{}]", gids.join(" "))
        }
        Input::Received { message, .. } => message.kind().to_string(),
        Input::Synced { before } => format!("synced before {}", before.0),
        Input::TimerFired(timer) => format!("timer {}", timer.purpose),
        Input::Befallen(incident) => format!("{incident:?}"),
        Input::Asked(ClientRequest::Begin(transaction)) => format!("begin {}", transaction.id),
        Input::Asked(ClientRequest::Outcome(transaction)) => format!("outcome {}", transaction.id),
    }
}

/// Acknowledges each commit and votes on each prepare, and keeps nothing.
struct Echo;

impl Participant for Echo {
    fn step(&mut self, _now: Nanos, input: Input<'_>, effects: &mut Effects) {
        let Input::Received { from, message, .. } = input else { return };
        match message {
            Message::Prepare { gid, .. } => {
                effects.send(from, Message::Vote { gid, vote: harness_core::history::Vote::Yes });
            }
            Message::Commit { gid } => effects.send(from, Message::Acknowledge { gid }),
            _ => {}
        }
    }

    fn oldest_unsettled(&self) -> Option<Gid> {
        None
    }

    fn in_doubt(&self) -> Vec<Gid> {
        Vec::new()
    }

    fn locks(&self) -> Vec<(Gid, Key)> {
        Vec::new()
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        Vec::new()
    }
}

/// One transaction and one participant; a link takes 1 ms and a sync 10 ms.
pub(crate) fn scenario() -> TestScenario {
    let mut scenario = TestScenario::new("One transaction, told step by step.", 1).writing_to(1);
    let network = &mut scenario.network_conditions;
    (network.latency_min, network.latency_max) = (Nanos::from_millis(1), Nanos::from_millis(1));
    let disk = &mut scenario.disk_conditions;
    (disk.sync_min, disk.sync_max) = (Nanos::from_millis(10), Nanos::from_millis(10));
    scenario
}

/// What happened when a coordinator that takes these steps ran the scenario, and what it heard.
pub(crate) fn run(scenario: &TestScenario, seed: u64, step: Step) -> (Vec<Event>, Vec<String>) {
    let (lives, heard) = (Rc::new(RefCell::new(0)), Heard::default());
    let told = Rc::clone(&heard);
    let cast = Cast::reference().with_participant(|_, _| Echo).with_coordinator(move |_| {
        *lives.borrow_mut() += 1;
        Scripted { life: *lives.borrow(), step, heard: Rc::clone(&told) }
    });
    let mut events = Vec::new();
    Simulator::new(cast).run(scenario, seed, &mut events).expect("the scenario is valid");
    let heard = heard.borrow().clone();
    (events, heard)
}

/// What left the coordinator and became of its log, one line each: the millisecond, and what.
pub(crate) fn told(events: &[Event]) -> String {
    let lines = events.iter().filter(|event| event.node == NodeId::COORDINATOR).filter_map(|event| {
        let what = match event.fact {
            Fact::Sent { gid, message, .. } => format!("sends {message} {gid}"),
            Fact::Answered { gid, outcome } => format!("answers {gid} {outcome}"),
            Fact::Appended { gid, record, forced: true } => format!("forces {record} {gid}"),
            Fact::Appended { gid, record, .. } => format!("appends {record} {gid}"),
            Fact::Durable { gid, record } => format!("has {record} {gid} durable"),
            Fact::Lost { gid, record } => format!("loses {record} {gid}"),
            Fact::Crashed => "crashes".to_owned(),
            Fact::Restarted => "restarts".to_owned(),
            _ => return None,
        };
        Some(format!("{} {what}\n", event.at.0 / 1_000_000))
    });
    lines.collect()
}

/// A record about a transaction.
pub(crate) fn record(gid: u32) -> LogRecord {
    LogRecord::new(RecordKind::Other, Gid(gid))
}

/// Sends a prepare of a transaction to the only participant, which votes.
pub(crate) fn prepare(gid: u32, effects: &mut Effects) {
    effects.send(RM1.into(), Message::Prepare { gid: Gid(gid), life: 1, low_water: Gid(1) });
}

/// Sends a commit of a transaction to the only participant, which acknowledges.
pub(crate) fn commit(gid: u32, effects: &mut Effects) {
    effects.send(RM1.into(), Message::Commit { gid: Gid(gid) });
}
