//! The seeded plan of faults: one after another is drawn while the run goes on, from a stream of its own.
//!
//! Crashes at random instants almost never hit the narrow windows of a protocol. So most are drawn as "this node, so
//! many effects from now": an effect that a node emits or lets go is what its windows lie between.

use history::{Decision, FaultKind, Gid, Nanos, NodeId, ParticipantId, Point};

use super::driver::Flow;
use super::faults::Cause;
use super::queue::Happening;
use super::random::{Purpose, Random};
use super::run::Run;
use crate::model::{Chaos, FailureMode, Victims};

/// Most crashes come within 2 to the power of this effects: few as often as many, as a branch emits a dozen.
const EFFECTS_BITS: u32 = 5;

/// What is drawn and has yet to strike.
pub(super) struct Plan {
    chaos: Option<Chaos>,
    kinds: Vec<FaultKind>,
    random: Random,
    /// How many faults were drawn.
    pub(super) drawn: u64,
    /// How many faults are due to strike whoever is at work next.
    pub(super) at_work: u32,
    /// How many nodes may be due to strike when they do something.
    pub(super) pending: u32,
}

/// What strikes a node when it does something.
#[derive(Debug)]
pub(super) enum Pending {
    /// After so many effects.
    Crash { effects: u32, mode: FailureMode },
    /// When it is asked for its vote.
    AtVote(FailureMode),
}

impl Plan {
    pub(super) fn new(chaos: Option<&Chaos>, seed: u64) -> Self {
        let mut random = Random::new(seed, Purpose::Plan);
        let kinds = chaos.map(|chaos| chaos.draw_kinds(&mut random)).unwrap_or_default();
        Self { chaos: chaos.cloned(), kinds, random, drawn: 0, at_work: 0, pending: 0 }
    }

    /// Nothing more is drawn.
    pub(super) fn end(&mut self) {
        self.chaos = None;
        (self.at_work, self.pending) = (0, 0);
    }
}

fn draw_effects(random: &mut Random) -> u32 {
    let octave = 1 << random.below(EFFECTS_BITS);
    octave + random.below(octave)
}

impl Run<'_> {
    /// The plan has the place behind all faults that the scenario declares.
    fn by_plan(&self, step: Option<(Point, Gid)>) -> Cause {
        Cause { fault: Some(self.scenario.failure_configs.len()), step }
    }

    pub(super) fn schedule_plan(&mut self) {
        if let Some(chaos) = &self.plan.chaos {
            let first = Nanos::from_millis(chaos.from_ms);
            self.next_of_plan(first);
        }
    }

    fn next_of_plan(&mut self, earliest: Nanos) {
        let Some(chaos) = &self.plan.chaos else { return };
        if chaos.evenly {
            let (every, drawn) = (Nanos::from_millis(chaos.every_ms), self.plan.drawn);
            let from = Nanos::from_millis(chaos.from_ms + drawn * chaos.every_ms);
            if from < Nanos::from_millis(chaos.until_ms) {
                let at = from + self.plan.random.span(Nanos::ZERO, Nanos(every.0 - 1));
                self.queue.push(at, Happening::PlanStrikes);
            }
            return;
        }
        let longest = Nanos::from_millis(2 * chaos.every_ms);
        let at = earliest + self.plan.random.span(Nanos(1), longest);
        if at <= Nanos::from_millis(chaos.from_ms.max(chaos.until_ms)) + longest {
            self.queue.push(at, Happening::PlanStrikes);
        }
    }

    /// The next fault is due.
    #[cold]
    pub(super) fn strike_by_plan(&mut self) {
        let Some(chaos) = self.plan.chaos.as_ref().filter(|_| !self.clients.done()) else { return };
        self.plan.drawn += 1;
        if chaos.victims == Victims::AtWork {
            self.plan.at_work += 1;
        } else {
            self.strike_some(&[]);
        }
        self.next_of_plan(self.now);
    }

    /// A transaction has begun: those who work on it are struck by what waited for them.
    #[cold]
    pub(super) fn strike_at_work(&mut self, participants: &[ParticipantId]) {
        for _ in 0..std::mem::take(&mut self.plan.at_work) {
            self.strike_some(participants);
        }
    }

    /// Draws a fault, and lets it begin.
    fn strike_some(&mut self, at_work: &[ParticipantId]) {
        let Some(chaos) = &self.plan.chaos else { return };
        let random = &mut self.plan.random;
        let kind = self.plan.kinds[random.below(self.plan.kinds.len() as u32) as usize];
        let victims = chaos.draw_victims(self.scenario.participants, at_work, random);
        let at_once = chaos.victims == Victims::Everybody || random.below(4) == 0;
        let effects = draw_effects(random);
        let victims = match victims[..] {
            [only] if at_work.is_empty() => vec![self.busy_from(only)],
            _ => victims,
        };
        self.begin_by_plan(kind, &victims, if at_once { 0 } else { effects });
        // What a fault makes a node believe often shows only when it crashes soon after.
        if kind != FaultKind::Crash && self.plan.kinds.contains(&FaultKind::Crash) {
            let effects = draw_effects(&mut self.plan.random);
            self.begin_by_plan(FaultKind::Crash, &victims, effects);
        }
    }

    fn begin_by_plan(&mut self, kind: FaultKind, victims: &[NodeId], effects: u32) {
        let Plan { chaos: Some(chaos), random, .. } = &mut self.plan else { return };
        let Some(mode) = chaos.draw(kind, victims[0], random) else { return };
        match mode {
            FailureMode::Network(_) | FailureMode::Takeover => {
                self.begin_fault(victims[0], &mode, self.by_plan(None));
            }
            FailureMode::Heuristic { decision } => self.decide_by_plan(victims[0], decision),
            _ => victims.iter().for_each(|&victim| self.plan_fault(victim, mode.clone(), effects)),
        }
    }

    /// The operator of this participant, or of the first behind it where a branch is in doubt, decides that branch.
    fn decide_by_plan(&mut self, drawn: NodeId, decision: Decision) {
        let first = drawn.participant().map_or(1, |participant| participant.0);
        let in_order = (first..=self.scenario.participants).chain(1..first);
        let in_doubt = |n| {
            let id = NodeId::from(ParticipantId(n));
            Some((id, *self.node(id).in_doubt().first()?))
        };
        if let Some((id, gid)) = in_order.into_iter().find_map(in_doubt) {
            self.decide_heuristically(id, gid, decision, self.by_plan(None));
        }
    }

    /// This participant, or the first behind it that has something to lose: among a thousand most are idle. Of
    /// coordinators, the one in charge.
    fn busy_from(&self, drawn: NodeId) -> NodeId {
        let first = match drawn.participant() {
            None => return self.leader,
            Some(participant) => participant.0,
        };
        let last = match self.plan.chaos.as_ref().map(|chaos| chaos.victims) {
            Some(Victims::Participants(last)) => last,
            _ => self.scenario.participants,
        };
        let mut in_order = (first..=last).chain(1..first).map(|n| NodeId::from(ParticipantId(n)));
        in_order.find(|&id| self.node(id).oldest_unsettled().is_some()).unwrap_or(drawn)
    }

    fn plan_fault(&mut self, victim: NodeId, mode: FailureMode, effects: u32) {
        let cause = self.by_plan(None);
        let node = self.node_mut(victim);
        if !node.is_up() {
            return;
        }
        let pending = match mode {
            FailureMode::Crash { .. } if effects > 0 => Pending::Crash { effects, mode },
            FailureMode::VoteNo | FailureMode::LockTimeout => Pending::AtVote(mode),
            _ => {
                self.begin_fault(victim, &mode, cause);
                return;
            }
        };
        node.pending = Some(Box::new(pending));
        self.plan.pending += 1;
    }

    /// A node does something: its time may have come.
    #[cold]
    pub(super) fn count_effect(&mut self, id: NodeId) -> Flow {
        let Some(Pending::Crash { effects, .. }) = self.node_mut(id).pending.as_deref_mut() else {
            return Flow::Continues;
        };
        *effects -= 1;
        if *effects > 0 {
            return Flow::Continues;
        }
        match self.node_mut(id).pending.take().map(|pending| *pending) {
            Some(Pending::Crash { mode, .. }) => self.begin_fault(id, &mode, self.by_plan(None)),
            _ => Flow::Continues,
        }
    }

    /// A node is asked for its vote on a transaction: it may be due to fail.
    #[cold]
    pub(super) fn plan_vote(&mut self, id: NodeId, gid: Gid) {
        let cause = self.by_plan(Some((Point::BeforePrepare, gid)));
        let due = |pending: &mut Box<Pending>| matches!(**pending, Pending::AtVote(_));
        let pending = self.node_mut(id).pending.take_if(due).map(|pending| *pending);
        if let Some(Pending::AtVote(mode)) = pending {
            self.begin_fault(id, &mode, cause);
        }
    }
}
