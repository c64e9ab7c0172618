//! Plain streams: machines that do as a test says at each of their ticks, and what became of what they did.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use harness_core::history::{DropReason, Event, Fact, Gid, Key, Nanos, NodeId, ParticipantId, Value};
use harness_core::{Cast, FailureConfig, FailureMode, RunReport, Simulator, TestScenario, Trigger};
use protocol::{Coordinator, Effects, Input, Message, Participant};

/// How many participants each proof has.
pub(super) const PARTICIPANTS: u32 = 3;

/// A message takes this long, and a sync twice as long.
pub(super) const LATENCY: Nanos = Nanos::from_millis(5);
pub(super) const SYNC: Nanos = Nanos::from_millis(10);

/// The coordinator is 0, and participants are counted from 1.
pub(super) fn node(number: u32) -> NodeId {
    if number == 0 { NodeId::COORDINATOR } else { ParticipantId(number).into() }
}

pub(super) fn nodes() -> impl Iterator<Item = NodeId> {
    (0..=PARTICIPANTS).map(node)
}

pub(super) const fn ms(n: u64) -> Nanos {
    Nanos::from_millis(n)
}

/// Who takes a step, and in which life.
pub(super) struct Me {
    pub(super) node: NodeId,
    /// Counted from 1.
    pub(super) life: u32,
    /// What the node's clock shows.
    pub(super) shows: Nanos,
}

impl Me {
    /// Sends one message to each node that there is a link to.
    pub(super) fn send(&self, number: u32, effects: &mut Effects) {
        let gid = Gid(number);
        if self.node.is_coordinator() {
            nodes().skip(1).for_each(|to| effects.send(to, Message::Commit { gid }));
        } else {
            effects.send(NodeId::COORDINATOR, Message::Acknowledge { gid });
        }
    }
}

/// What a test makes of each input.
pub(super) type Script = dyn Fn(&Me, &Input<'_>, &mut Effects);

struct Actor {
    node: NodeId,
    life: u32,
    script: Rc<Script>,
}

impl Actor {
    fn act(&self, now: Nanos, input: &Input<'_>, effects: &mut Effects) {
        (self.script)(&Me { node: self.node, life: self.life, shows: now }, input, effects);
    }
}

impl Coordinator for Actor {
    fn step(&mut self, now: Nanos, input: Input<'_>, effects: &mut Effects) {
        self.act(now, &input, effects);
    }

    fn oldest_unsettled(&self) -> Option<Gid> {
        None
    }
}

impl Participant for Actor {
    fn step(&mut self, now: Nanos, input: Input<'_>, effects: &mut Effects) {
        self.act(now, &input, effects);
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

/// A client that never hears anything, links and disks that always take as long, and nothing wrong.
pub(super) fn quiet() -> TestScenario {
    let mut scenario = TestScenario::new("A plain stream.", PARTICIPANTS).writing_to(PARTICIPANTS);
    let network = &mut scenario.network_conditions;
    (network.latency_min, network.latency_max) = (LATENCY, LATENCY);
    let disk = &mut scenario.disk_conditions;
    (disk.sync_min, disk.sync_max) = (SYNC, SYNC);
    scenario
}

/// A fault at an instant.
pub(super) fn at_ms(ms: u64, node: NodeId, mode: FailureMode) -> FailureConfig {
    FailureConfig { node: Some(node), mode, trigger: Trigger::AtMs(ms) }
}

/// Runs a script with these faults.
pub(super) fn play(
    faults: impl IntoIterator<Item = FailureConfig>,
    script: impl Fn(&Me, &Input<'_>, &mut Effects) + 'static,
) -> (Vec<Event>, RunReport) {
    play_seed(0, faults, script)
}

/// Runs a script with these faults and this seed.
pub(super) fn play_seed(
    seed: u64,
    faults: impl IntoIterator<Item = FailureConfig>,
    script: impl Fn(&Me, &Input<'_>, &mut Effects) + 'static,
) -> (Vec<Event>, RunReport) {
    let mut scenario = quiet();
    scenario.failure_configs.extend(faults);
    let script: Rc<Script> = Rc::new(script);
    let lives: Rc<RefCell<BTreeMap<NodeId, u32>>> = Rc::default();
    let actor = move |node: NodeId| {
        let mut lives = lives.borrow_mut();
        let life = lives.entry(node).and_modify(|life| *life += 1).or_insert(1);
        Actor { node, life: *life, script: Rc::clone(&script) }
    };
    let participant = actor.clone();
    let cast = Cast::reference()
        .with_coordinator(move |_| actor(NodeId::COORDINATOR))
        .with_participant(move |id, _| participant(id.into()));
    let mut events = Vec::new();
    let report = Simulator::new(cast).run(&scenario, seed, &mut events).expect("the scenario is valid");
    (events, report)
}

/// Sets so many timers when the node starts, numbered from 1: the n-th fires after n times the span.
pub(super) fn ticks(every: Nanos, count: u32, input: &Input<'_>, effects: &mut Effects) {
    if let Input::Start { .. } = input {
        (1..=count).for_each(|n| effects.set_timer(Nanos(every.0 * u64::from(n)), Gid(n), 0));
    }
}

/// Leaves a mark in the history: when a timer really fired.
pub(super) fn mark(number: u32, effects: &mut Effects) {
    effects.note(Fact::LocksReleased { gid: Gid(number) });
}

/// When each mark of a node was left, in their order.
pub(super) fn marks(events: &[Event], of: NodeId) -> Vec<(Gid, Nanos)> {
    let here = events.iter().filter(|event| event.node == of);
    here.filter_map(|event| match event.fact {
        Fact::LocksReleased { gid } => Some((gid, event.at)),
        _ => None,
    })
    .collect()
}

/// When facts of a node were recorded, and what they come to.
pub(super) fn told<T>(events: &[Event], of: NodeId, what: impl Fn(Fact) -> Option<T>) -> Vec<(Nanos, T)> {
    let here = events.iter().filter(|event| event.node == of);
    here.filter_map(|event| Some((event.at, what(event.fact)?))).collect()
}

/// What happened before everything healed; when that is depends on faults that are over or never were.
pub(super) fn before_healing(events: &[Event]) -> &[Event] {
    let healed = events.iter().position(|event| event.fact == Fact::Healed);
    &events[..healed.expect("everything heals")]
}

/// From and to.
pub(super) type Link = (NodeId, NodeId);

/// Every link, in both directions.
pub(super) fn links() -> impl Iterator<Item = Link> {
    let there = (1..=PARTICIPANTS).map(|n| (NodeId::COORDINATOR, node(n)));
    there.chain((1..=PARTICIPANTS).map(|n| (node(n), NodeId::COORDINATOR)))
}

/// What became of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fate {
    pub(super) sent: Nanos,
    pub(super) arrived: Vec<Nanos>,
    pub(super) dropped: Vec<(Nanos, DropReason)>,
}

impl Fate {
    /// Whether it arrived once, at this instant, and no copy of it was dropped.
    pub(super) fn arrived_at(&self, at: Nanos) -> bool {
        self.arrived == [at] && self.dropped.is_empty()
    }

    /// How long after it was sent it arrived first.
    pub(super) fn took(&self) -> Nanos {
        self.arrived.first().expect("it arrived").since(self.sent)
    }
}

/// What became of all messages of a stream, by link, in the order sent. Messages are numbered from 1 without a gap.
pub(super) fn fates(events: &[Event]) -> BTreeMap<Link, Vec<Fate>> {
    let mut fates: BTreeMap<Link, Vec<Fate>> = links().map(|link| (link, Vec::new())).collect();
    for &Event { at, node, fact } in events {
        let (link, gid) = match fact {
            Fact::Sent { to, gid, .. } | Fact::Dropped { to, gid, .. } => ((node, to), gid),
            Fact::Delivered { from, gid, .. } => ((from, node), gid),
            _ => continue,
        };
        let stream = fates.get_mut(&link).expect("a link");
        if let Fact::Sent { .. } = fact {
            assert_eq!(gid.0 as usize, stream.len() + 1, "sent in order");
            stream.push(Fate { sent: at, ..Fate::default() });
            continue;
        }
        let fate = &mut stream[gid.0 as usize - 1];
        match fact {
            Fact::Dropped { why, .. } => fate.dropped.push((at, why)),
            _ => fate.arrived.push(at),
        }
    }
    fates
}

/// Asserts that a count lies within five standard deviations of what a binomial of that chance comes to.
pub(super) fn assert_share(count: usize, of: usize, percent: u32, what: &str) {
    let (n, p) = (of as f64, f64::from(percent) / 100.0);
    let (mean, bound) = (n * p, 5.0 * (n * p * (1.0 - p)).sqrt());
    assert!((count as f64 - mean).abs() <= bound, "{what}: {count} of {of}, not {mean} within {bound}");
}

/// Asserts that spans are drawn evenly from a range: each in it, and their mean within five standard errors of its
/// middle.
pub(super) fn assert_even(spans: &[Nanos], min: Nanos, max: Nanos, what: &str) {
    assert!(spans.iter().all(|&span| min <= span && span <= max), "{what}: outside {min} to {max}");
    let n = spans.len() as f64;
    let mean = spans.iter().map(|span| span.0 as f64).sum::<f64>() / n;
    let (middle, width) = ((min.0 + max.0) as f64 / 2.0, (max.0 - min.0) as f64);
    let bound = 5.0 * width / (12.0 * n).sqrt();
    assert!((mean - middle).abs() <= bound, "{what}: mean {mean}, not {middle} within {bound}");
}

/// How often faults fired, by the history.
pub(super) fn fired(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event.fact, Fact::FaultFired { .. })).count()
}
