//! A simulated network: how long each message takes. Links keep the order of what they carry.

use history::{Nanos, NodeId};

use super::random::{Purpose, Random};
use crate::model::NetworkConditions;

/// The links between the coordinator and each participant.
#[derive(Debug)]
pub(super) struct Network {
    conditions: NetworkConditions,
    random: Random,
    /// When the last message arrives, by participant: to it, and from it.
    last_arrival: Vec<[Nanos; 2]>,
}

impl Network {
    pub(super) fn new(conditions: NetworkConditions, participants: u32, seed: u64) -> Self {
        let random = Random::new(seed, Purpose::Network);
        Self { conditions, random, last_arrival: vec![[Nanos::ZERO; 2]; participants as usize + 1] }
    }

    /// When a message sent now arrives, `delay` later than usual, behind all that the link carries already.
    #[inline]
    pub(super) fn arrival(&mut self, now: Nanos, delay: Nanos, from: NodeId, to: NodeId) -> Nanos {
        let latency = self.latency() + delay;
        let (participant, direction) = if to.is_coordinator() { (from, 1) } else { (to, 0) };
        let last = &mut self.last_arrival[participant.number() as usize][direction];
        *last = (now + latency).max(*last);
        *last
    }

    /// When a message sent now arrives if it need not wait for those before it.
    pub(super) fn arrival_out_of_order(&mut self, now: Nanos) -> Nanos {
        now + self.latency()
    }

    fn latency(&mut self) -> Nanos {
        self.random.span(self.conditions.latency_min, self.conditions.latency_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use history::ParticipantId;

    #[test]
    fn a_link_delivers_in_order_and_within_its_bounds() {
        let conditions = NetworkConditions::default();
        let mut network = Network::new(conditions, 2, 9);
        let (tm, rm1) = (NodeId::COORDINATOR, NodeId::from(ParticipantId(1)));
        let mut last = Nanos::ZERO;
        for n in 0..10_000 {
            let now = Nanos(n * 1_000);
            let arrival = network.arrival(now, Nanos::ZERO, tm, rm1);
            assert!(arrival >= last && arrival >= now + conditions.latency_min);
            assert!(arrival <= now + conditions.latency_max);
            last = arrival;
        }
        let back = network.arrival(Nanos::ZERO, Nanos::ZERO, rm1, tm);
        assert!(back <= conditions.latency_max, "the other direction is a link of its own");
    }
}
