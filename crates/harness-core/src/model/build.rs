//! Builder methods for what goes wrong, so that a scenario reads as sentences: what strikes whom, when, and what that
//! may cost. Everything here can be said with [`FailureConfig`] too, at greater length.

use history::{Gid, Key, MessageKind, NodeId, ParticipantId, Point, RecordKind, Value};
use protocol::{Change, DistributedTransaction, Write};
use validator::Property;

use super::chaos::Chaos;
use super::expect::{FactCount, Gauge};
use super::fault::{FailureConfig, FailureMode, LinkEffect, NetworkFault, Trigger};
use super::scenario::TestScenario;

/// Work.
impl TestScenario {
    /// Adds so many transactions that share no key: each writes its own on each of the participants rm1 to rm`n`.
    pub fn writing_apart(self, transactions: u32, n: u32) -> Self {
        (0..transactions).fold(self, |scenario, _| {
            let id = Gid(scenario.transactions.len() as u32 + 1);
            let mut transaction = DistributedTransaction::new(id, (1..=n).map(ParticipantId).collect());
            let write =
                |&participant| Write { participant, key: Key(id.0), value: Value(1), change: Change::Put };
            transaction.writes = transaction.participant_ids.iter().map(write).collect();
            scenario.transaction(transaction)
        })
    }
}

/// Crashes.
impl TestScenario {
    /// Crashes the node the n-th time that it passes the point; it is back after 100 ms.
    pub fn crash_at_nth(self, node: NodeId, point: Point, nth: u32) -> Self {
        self.fault_at(node, FailureMode::Crash { restart_after_ms: Some(100) }, point, nth)
    }

    /// Crashes the node the first time that it passes the point, for so long.
    pub fn down_for_ms(self, ms: u64, node: NodeId, point: Point) -> Self {
        self.fault_at(node, FailureMode::Crash { restart_after_ms: Some(ms) }, point, 1)
    }

    /// Crashes the node for good the n-th time that it passes the point.
    pub fn never_returns_at(self, node: NodeId, point: Point, nth: u32) -> Self {
        self.fault_at(node, FailureMode::Crash { restart_after_ms: None }, point, nth)
    }

    /// Crashes all nodes at one instant; they are back after 100 ms.
    pub fn power_cut_at_ms(mut self, ms: u64) -> Self {
        let participants = (1..=self.participants).map(|n| NodeId::from(ParticipantId(n)));
        for node in std::iter::once(NodeId::COORDINATOR).chain(participants) {
            let mode = FailureMode::Crash { restart_after_ms: Some(100) };
            self.failure_configs.push(FailureConfig { node: Some(node), mode, trigger: Trigger::AtMs(ms) });
        }
        self
    }
}

/// What is left to the seed.
impl TestScenario {
    /// Draws faults from the seed, and compares the run with one without.
    pub fn chaos(mut self, chaos: Chaos) -> Self {
        self.chaos = Some(chaos);
        self.compared_to_its_twin()
    }

    /// Compares the run with one of the same seed in which nothing goes wrong.
    pub fn compared_to_its_twin(mut self) -> Self {
        self.twin = true;
        self
    }
}

/// Trouble on the network.
impl TestScenario {
    /// From the start, this is wrong with the network.
    pub fn network(self, fault: NetworkFault) -> Self {
        self.network_at_ms(0, fault)
    }

    /// From this instant on, this is wrong with the network.
    pub fn network_at_ms(mut self, ms: u64, fault: NetworkFault) -> Self {
        let (mode, trigger) = (FailureMode::Network(fault), Trigger::AtMs(ms));
        self.failure_configs.push(FailureConfig { node: None, mode, trigger });
        self
    }

    /// From the n-th time on that the node passes the point, this is wrong with the network.
    pub fn network_at(self, node: NodeId, point: Point, nth: u32, fault: NetworkFault) -> Self {
        self.fault_at(node, FailureMode::Network(fault), point, nth)
    }

    /// Cuts the node off, in both directions, for so long from the first time on that it passes the point. What it
    /// sent before arrives.
    pub fn cut_off_for_ms(self, ms: u64, node: NodeId, point: Point) -> Self {
        self.network_at(node, point, 1, NetworkFault::isolate(vec![node]).lasting_ms(ms))
    }

    /// Loses the first messages of a kind, so many of them, whoever sends them.
    pub fn lose(self, message: MessageKind, times: u32) -> Self {
        self.network(NetworkFault::everywhere(LinkEffect::Lose { percent: 100 }).of(message).times(times))
    }
}

/// What it may cost, and what is left.
impl TestScenario {
    /// Allows any share of transactions to abort; the rest of the service level stays as it is.
    pub fn may_abort(mut self) -> Self {
        self.sla.abort_rate_max = 1.0;
        self
    }

    /// Allows votes and acknowledgements to take so long; the rest of the service level stays as it is.
    pub fn may_wait_ms(mut self, ms: u32) -> Self {
        self.sla.prepare_p99_max_ms = ms.into();
        self.sla.commit_p99_max_ms = ms.into();
        self
    }

    /// Expects so many clients never to hear what became of their transaction.
    pub fn expect_unknown(mut self, clients: u64) -> Self {
        self.expect.unknown = Some(clients);
        self
    }

    /// Expects so many clients to hear that some participants committed and others did not.
    pub fn expect_heuristic_mixed(mut self, clients: u64) -> Self {
        self.expect.heuristic_mixed = Some(clients);
        self
    }

    /// Expects so many records of a kind to be appended, on all nodes together.
    pub fn expect_records(mut self, kind: RecordKind, times: u64) -> Self {
        self.expect.counts.push((FactCount::Appended(kind), times));
        self
    }

    /// Expects so many nodes to be down at the end, because they never come back.
    pub fn expect_left_down(mut self, nodes: u64) -> Self {
        self.expect.counts.push((FactCount::LeftDown, nodes));
        self.terms.may_block = true;
        self
    }

    /// Expects the validator to report some of these properties as broken, and no other.
    pub fn expect_reported(mut self, properties: &[Property]) -> Self {
        self.expect.reported.extend(properties);
        self
    }

    /// Expects something to happen so often.
    pub fn expect_count(mut self, what: FactCount, times: u64) -> Self {
        self.expect.counts.push((what, times));
        self
    }

    /// Expects something to happen at least once.
    pub fn expect_some(mut self, what: FactCount) -> Self {
        self.expect.happens.push(what);
        self
    }

    /// Expects something to stay within a bound.
    pub fn expect_at_most(mut self, what: Gauge, most: u64) -> Self {
        self.expect.at_most.push((what, most));
        self
    }

    /// Expects a participant to hold a value at the end.
    pub fn expect_stored(mut self, participant: ParticipantId, key: Key, value: Value) -> Self {
        self.expect.stored.push((participant, key, value));
        self
    }

    /// What is expected hangs on how the coordinator keeps time.
    pub fn by_the_clock(mut self) -> Self {
        self.expect.by_the_clock = true;
        self
    }

    /// Expects so many branches to be in doubt at the end.
    pub fn expect_in_doubt(mut self, branches: u64) -> Self {
        self.expect.counts.push((FactCount::LeftInDoubt, branches));
        self
    }
}

impl NetworkFault {
    /// Strikes only what this node sends.
    pub fn sent_by(mut self, node: NodeId) -> Self {
        self.from.push(node);
        self
    }

    /// Strikes only what is sent to this node.
    pub fn sent_to(mut self, node: NodeId) -> Self {
        self.to.push(node);
        self
    }

    /// Strikes only messages of this kind, and of others that were named like this.
    pub fn of(mut self, message: MessageKind) -> Self {
        self.messages.push(message);
        self
    }

    /// Strikes so many messages and no more.
    pub fn times(mut self, messages: u32) -> Self {
        self.times = Some(messages);
        self
    }

    /// Is over after so long.
    pub fn lasting_ms(mut self, ms: u64) -> Self {
        self.for_ms = Some(ms);
        self
    }

    /// Comes and goes: so long on, so long off.
    pub fn flapping_ms(mut self, ms: u64) -> Self {
        self.flapping_ms = Some(ms);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_apart_share_no_key() {
        let scenario = TestScenario::new("Apart.", 3).writing_apart(5, 2);
        let keys: Vec<Key> = scenario.transactions.iter().map(|it| it.writes[0].key).collect();
        assert_eq!(keys, [1, 2, 3, 4, 5].map(Key));
        assert!(scenario.check().is_ok());
    }

    #[test]
    fn a_power_cut_strikes_every_node() {
        let scenario = TestScenario::new("Dark.", 2).writing_to(2).power_cut_at_ms(7);
        let struck: Vec<String> = scenario.failure_configs.iter().map(ToString::to_string).collect();
        assert_eq!(struck, ["crash of tm at 7 ms", "crash of rm1 at 7 ms", "crash of rm2 at 7 ms"]);
    }
}
