//! What is wrong at the moment, beside nodes that are down: network faults that are active, and what they do to a
//! message.

use history::{DropReason, Fact, FaultKind, Nanos, NodeId};
use protocol::Message;

use super::queue::Happening;
use super::random::{Purpose, Random};
use super::run::Run;
use crate::model::{LinkEffect, NetworkFault};

/// The network faults that are active.
#[derive(Debug)]
pub(super) struct Trouble {
    random: Random,
    active: Vec<Active>,
}

#[derive(Clone, Debug)]
struct Active {
    fault: NetworkFault,
    /// Which of the scenario's faults it is.
    index: Option<usize>,
    since: Nanos,
    struck: u32,
}

/// What becomes of a message on its way.
struct Passage {
    dropped: Option<DropReason>,
    damaged: bool,
    /// It arrives so much later than without trouble.
    delay: Nanos,
    /// It need not keep its place in the order of the link.
    out_of_order: bool,
    /// A second copy arrives so much later than the first.
    again: Option<Nanos>,
}

impl Active {
    fn is_on(&self, now: Nanos) -> bool {
        let age = now.since(self.since);
        let off = self.fault.flapping_ms.is_some_and(|ms| age.0 / Nanos::from_millis(ms).0 % 2 == 1);
        !self.is_over(now) && !off
    }

    /// Whether it never strikes again.
    fn is_over(&self, now: Nanos) -> bool {
        let age = now.since(self.since);
        let used_up = self.fault.times.is_some_and(|times| self.struck >= times);
        used_up || self.fault.for_ms.is_some_and(|ms| age >= Nanos::from_millis(ms))
    }
}

impl Trouble {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: Random::new(seed, Purpose::Faults), active: Vec::new() }
    }

    #[inline]
    pub(super) fn is_none(&self) -> bool {
        self.active.is_empty()
    }

    pub(super) fn begin(&mut self, now: Nanos, fault: NetworkFault, index: Option<usize>) {
        self.active.retain(|active| !active.is_over(now));
        self.active.push(Active { fault, index, since: now, struck: 0 });
    }

    pub(super) fn heal(&mut self) {
        self.active.clear();
    }

    /// Sends a message through all that is wrong. Returns what became of it and which faults struck it.
    fn pass(&mut self, now: Nanos, from: NodeId, to: NodeId, message: &Message) -> (Passage, Vec<Struck>) {
        let mut passage =
            Passage { dropped: None, damaged: false, delay: Nanos::ZERO, out_of_order: false, again: None };
        let mut struck = Vec::new();
        for active in &mut self.active {
            if active.is_on(now)
                && active.fault.strikes(from, to, message.kind())
                && passage.suffer(active.fault.effect, &mut self.random)
            {
                active.struck += 1;
                struck.push((active.index, active.fault.effect.kind()));
            }
        }
        (passage, struck)
    }
}

/// Which of the scenario's faults struck, and its kind.
type Struck = (Option<usize>, FaultKind);

impl Passage {
    /// Applies one effect and tells whether chance let it happen.
    fn suffer(&mut self, effect: LinkEffect, random: &mut Random) -> bool {
        let millis = |ms: u64| Nanos::from_millis(ms);
        let mut chance = |percent: u32| random.below(100) < percent;
        match effect {
            LinkEffect::Cut => self.dropped = Some(DropReason::Partitioned),
            LinkEffect::Lose { percent } => {
                if !chance(percent) {
                    return false;
                }
                self.dropped.get_or_insert(DropReason::Lost);
            }
            LinkEffect::Corrupt { percent } => {
                if !chance(percent) {
                    return false;
                }
                self.damaged = true;
            }
            LinkEffect::Delay { min_ms, max_ms } => {
                self.delay = self.delay + random.span(millis(min_ms), millis(max_ms));
            }
            LinkEffect::Duplicate { percent, within_ms } => {
                if !chance(percent) {
                    return false;
                }
                self.again = Some(random.span(Nanos(1), millis(within_ms)));
            }
            LinkEffect::Reorder { percent, within_ms } => {
                if !chance(percent) {
                    return false;
                }
                self.out_of_order = true;
                self.delay = self.delay + random.span(Nanos(1), millis(within_ms));
            }
        }
        true
    }
}

impl Run<'_> {
    /// Puts a message on its way while something is wrong with the network.
    #[cold]
    pub(super) fn send_through_trouble(&mut self, from: NodeId, to: NodeId, message: &mut Message) {
        let (mut passage, struck) = self.trouble.pass(self.now, from, to, message);
        let slowness = [from, to].map(|node| {
            let hindrance = self.node(node).hindrance.as_ref();
            hindrance.map_or(Nanos::ZERO, |hindrance| hindrance.slow.at(self.now))
        });
        passage.delay = slowness.iter().fold(passage.delay, |delay, &slower| delay + slower);
        for (index, kind) in struck {
            let participant = if to.is_coordinator() { from } else { to };
            let place = self.place(participant);
            self.struck[place] = true;
            if let Some(index) = index {
                self.fired[index] += 1;
            }
            self.record(from, Fact::FaultFired { kind, point: None });
        }
        let (gid, kind) = (message.gid(), message.kind());
        if let Some(why) = passage.dropped {
            return self.record(from, Fact::Dropped { to, gid, message: kind, why });
        }
        for (node, slower) in [from, to].into_iter().zip(slowness) {
            if slower > Nanos::ZERO {
                self.feel(node, FaultKind::SlowNode);
            }
        }
        let at = if passage.out_of_order {
            self.network.arrival_out_of_order(self.now) + passage.delay
        } else {
            self.network.arrival(self.now, passage.delay, from, to)
        };
        if passage.damaged {
            let letter = self.letters.post(message, gid, kind);
            return self.queue.push(at, Happening::DamagedArrival { from, to, letter });
        }
        if let Some(later) = passage.again {
            let letter = self.letters.post(&mut message.clone(), gid, kind);
            self.queue.push(at + later, Happening::Delivery { from, to, letter });
        }
        let letter = self.letters.post(message, gid, kind);
        self.queue.push(at, Happening::Delivery { from, to, letter });
    }
}
