//! Metrics from a stream of events, so that the simulator, a real database and a file are measured alike.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use history::{Event, Fact, FaultKind, Gid, GidMap, MessageKind, Nanos, NodeId, Outcome};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::cost::Cost;
use super::tally::Tally;

/// Takes in events and keeps what a [`MetricsSnapshot`] needs.
#[derive(Debug)]
pub struct MetricsCollector {
    open: GidMap<Times>,
    /// All ids up to this one were used.
    greatest: Gid,
    restarted: Vec<(NodeId, Nanos)>,
    prepare: Histogram<u64>,
    commit: Histogram<u64>,
    total: Histogram<u64>,
    recovery: Histogram<u64>,
    begun: u64,
    committed: u64,
    aborted: u64,
    messages: u64,
    faults: BTreeMap<FaultKind, u64>,
    /// Branches that are in doubt when the run ends.
    pub(crate) left_in_doubt: u64,
    last: Nanos,
    cost: Cost,
}

/// When a transaction that is not over reached which step.
#[derive(Clone, Debug, Default)]
struct Times {
    begun: Nanos,
    prepare_sent: Option<Nanos>,
    last_vote: Option<Nanos>,
    answered: Option<Nanos>,
    /// Who voted yes and has not acknowledged, in order: messages may come twice, and count once.
    unacknowledged: SmallVec<[NodeId; 4]>,
}

/// What was measured in a run. Latencies are virtual milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricsSnapshot {
    /// Transactions begun or refused.
    pub txn_count: u64,
    /// Clients told "committed".
    pub txn_committed: u64,
    /// Clients told "aborted".
    pub txn_aborted: u64,
    /// All others: refused, without an answer, or of mixed outcome.
    pub txn_failed: u64,
    /// Aborted ones among those committed or aborted, from 0 to 1.
    pub abort_rate: f64,
    /// From the first prepare sent to the last vote heard, median.
    pub prepare_p50_ms: f64,
    /// The same, 99th percentile.
    pub prepare_p99_ms: f64,
    /// The same, 99.9th percentile.
    pub prepare_p999_ms: f64,
    /// From the commit told to the client to the last acknowledgement (with one phase: from its message to its
    /// answer), median.
    pub commit_p50_ms: f64,
    /// The same, 99th percentile.
    pub commit_p99_ms: f64,
    /// The same, 99.9th percentile.
    pub commit_p999_ms: f64,
    /// From the client's request to its answer, median.
    pub total_p50_ms: f64,
    /// The same, 99th percentile.
    pub total_p99_ms: f64,
    /// The same, 99.9th percentile.
    pub total_p999_ms: f64,
    /// From a restart to the last transaction settled from before the crash, median.
    pub recovery_p50_ms: f64,
    /// The same, 99th percentile.
    pub recovery_p99_ms: f64,
    /// Messages that left a node.
    pub messages_sent: u64,
    /// The most records that any log held; 0 where nobody counted them.
    #[serde(default)]
    pub log_records_max: u64,
    /// The most transactions that were begun and not settled at the coordinator, from the oldest of them on; 0 where
    /// nobody counted them.
    #[serde(default)]
    pub open_max: u64,
    /// Faults that fired.
    pub failures_injected: u64,
    /// Nodes that recovered after a crash, each time counted.
    pub recoveries_completed: u64,
    /// The most memory that the process ever had resident.
    pub peak_memory_mb: f64,
    /// Processor time since the run began.
    pub cpu_ms: f64,
    /// Virtual time that passed in the run.
    pub virtual_ms: f64,
    /// Wall-clock time since the run began.
    pub wall_ms: f64,
}

impl Default for MetricsCollector {
    fn default() -> Self {
        Self::new()
    }
}

impl MetricsCollector {
    /// Starts measuring.
    pub fn new() -> Self {
        // Microseconds to three digits; the range grows with what is recorded.
        let histogram = || Histogram::new(3).expect("three digits are allowed");
        Self {
            open: GidMap::default(),
            greatest: Gid::INITIAL,
            restarted: Vec::new(),
            prepare: histogram(),
            commit: histogram(),
            total: histogram(),
            recovery: histogram(),
            begun: 0,
            committed: 0,
            aborted: 0,
            messages: 0,
            faults: BTreeMap::new(),
            left_in_doubt: 0,
            last: Nanos::ZERO,
            cost: Cost::start(),
        }
    }

    /// Takes in the next event.
    #[inline]
    pub fn observe(&mut self, event: &Event) {
        let at = event.at;
        self.last = at;
        match event.fact {
            Fact::Sent { gid, message, .. } => {
                self.messages += 1;
                if matches!(message, MessageKind::Prepare | MessageKind::CommitOnePhase)
                    && let Some(times) = self.open.get_mut(gid)
                {
                    times.prepare_sent.get_or_insert(at);
                }
            }
            Fact::Delivered { from, gid, message } => self.delivered(at, from, gid, message),
            Fact::Begun { gid, .. } => {
                self.begun += 1;
                // An id that is used again measures nothing: the answer is the first one's.
                if gid > self.greatest {
                    self.greatest = gid;
                    self.open.insert(gid, Times { begun: at, ..Times::default() });
                }
            }
            Fact::Answered { gid, outcome } => self.answered(at, gid, outcome),
            Fact::FaultFired { kind, .. } => *self.faults.entry(kind).or_default() += 1,
            Fact::LeftInDoubt { .. } => self.left_in_doubt += 1,
            Fact::Restarted => self.restarted.push((event.node, at)),
            Fact::Recovered => self.recovered(event.node, at),
            Fact::Crashed => self.restarted.retain(|&(node, _)| node != event.node),
            _ => {}
        }
    }

    #[inline]
    fn delivered(&mut self, at: Nanos, from: NodeId, gid: Gid, message: MessageKind) {
        match message {
            MessageKind::VoteYes | MessageKind::VoteNo | MessageKind::VoteReadOnly => {
                let Some(times) = self.open.get_mut(gid) else { return };
                if times.answered.is_some() {
                    return;
                }
                times.last_vote = Some(at);
                if message == MessageKind::VoteYes
                    && let Err(place) = times.unacknowledged.binary_search(&from)
                {
                    times.unacknowledged.insert(place, from);
                }
            }
            MessageKind::Acknowledge => self.acknowledged(at, from, gid),
            _ => {}
        }
    }

    fn acknowledged(&mut self, at: Nanos, from: NodeId, gid: Gid) {
        let Some(times) = self.open.get_mut(gid) else { return };
        if let Ok(place) = times.unacknowledged.binary_search(&from) {
            times.unacknowledged.remove(place);
        }
        if let (Some(answered), true) = (times.answered, times.unacknowledged.is_empty()) {
            record(&mut self.commit, answered, at);
            self.open.remove(gid);
        }
    }

    fn answered(&mut self, at: Nanos, gid: Gid, outcome: Outcome) {
        match outcome {
            // A client that lost its connection asks again; if it never hears, it is counted at the end.
            Outcome::Unknown => return,
            Outcome::Committed => self.committed += 1,
            Outcome::Aborted => self.aborted += 1,
            // Neither: what is begun and neither committed nor aborted counts as failed.
            Outcome::HeuristicMixed => {}
        }
        let Some(times) = self.open.get_mut(gid) else { return };
        if times.answered.is_none() {
            times.answered = Some(at);
            record(&mut self.total, times.begun, at);
            match (times.prepare_sent, times.last_vote) {
                (Some(sent), Some(voted)) => record(&mut self.prepare, sent, voted),
                (Some(sent), None) if outcome == Outcome::Committed => record(&mut self.commit, sent, at),
                _ => {}
            }
        }
        if outcome != Outcome::Committed || times.unacknowledged.is_empty() {
            self.open.remove(gid);
        }
    }

    fn recovered(&mut self, node: NodeId, at: Nanos) {
        if let Some(index) = self.restarted.iter().position(|&(other, _)| other == node) {
            let (_, since) = self.restarted.swap_remove(index);
            record(&mut self.recovery, since, at);
        }
    }

    /// What was measured so far, in a form that adds up.
    pub fn tally(&self) -> Tally {
        Tally {
            transactions: self.begun,
            committed: self.committed,
            aborted: self.aborted,
            messages: self.messages,
            recoveries: self.recovery.len(),
            faults: self.faults.clone(),
            prepare: (&self.prepare).into(),
            commit: (&self.commit).into(),
            total: (&self.total).into(),
            recovery: (&self.recovery).into(),
        }
    }

    /// What was measured so far.
    pub fn snapshot(&self) -> MetricsSnapshot {
        let ms =
            |histogram: &Histogram<u64>, quantile| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
        let decided = self.committed + self.aborted;
        MetricsSnapshot {
            txn_count: self.begun,
            txn_committed: self.committed,
            txn_aborted: self.aborted,
            txn_failed: self.begun.saturating_sub(decided),
            abort_rate: if decided == 0 { 0.0 } else { self.aborted as f64 / decided as f64 },
            prepare_p50_ms: ms(&self.prepare, 0.5),
            prepare_p99_ms: ms(&self.prepare, 0.99),
            prepare_p999_ms: ms(&self.prepare, 0.999),
            commit_p50_ms: ms(&self.commit, 0.5),
            commit_p99_ms: ms(&self.commit, 0.99),
            commit_p999_ms: ms(&self.commit, 0.999),
            total_p50_ms: ms(&self.total, 0.5),
            total_p99_ms: ms(&self.total, 0.99),
            total_p999_ms: ms(&self.total, 0.999),
            recovery_p50_ms: ms(&self.recovery, 0.5),
            recovery_p99_ms: ms(&self.recovery, 0.99),
            messages_sent: self.messages,
            log_records_max: 0,
            open_max: 0,
            failures_injected: self.faults.values().sum(),
            recoveries_completed: self.recovery.len(),
            peak_memory_mb: Cost::peak_memory() as f64 / (1 << 20) as f64,
            cpu_ms: self.cost.cpu().as_secs_f64() * 1e3,
            virtual_ms: self.last.as_millis_f64(),
            wall_ms: self.cost.wall().as_secs_f64() * 1e3,
        }
    }
}

/// Records the span between two instants in microseconds.
fn record(histogram: &mut Histogram<u64>, since: Nanos, until: Nanos) {
    histogram.record(until.since(since).0 / 1_000).expect("a histogram that grows records any value");
}

#[cfg(test)]
mod tests {
    use super::*;
    use history::ParticipantId;

    fn at(ms: u64, node: NodeId, fact: Fact) -> Event {
        Event { at: Nanos::from_millis(ms), node, fact }
    }

    #[test]
    fn each_latency_runs_between_the_steps_that_its_name_says() {
        let (tm, gid) = (NodeId::COORDINATOR, Gid(1));
        let [rm1, rm2] = [1, 2].map(|n| NodeId::from(ParticipantId(n)));
        let sent = |message| Fact::Sent { to: rm1, gid, message };
        let heard = |from, message| Fact::Delivered { from, gid, message };
        let mut metrics = MetricsCollector::new();
        for event in [
            at(1, tm, Fact::Begun { gid, participants: 2 }),
            at(5, tm, sent(MessageKind::Prepare)),
            at(6, tm, sent(MessageKind::Prepare)),
            at(10, tm, heard(rm1, MessageKind::VoteYes)),
            at(14, tm, heard(rm1, MessageKind::VoteYes)),
            at(15, tm, heard(rm2, MessageKind::VoteYes)),
            at(20, tm, Fact::Answered { gid, outcome: Outcome::Committed }),
            at(21, tm, heard(rm2, MessageKind::VoteYes)),
            at(25, tm, heard(rm1, MessageKind::Acknowledge)),
            at(26, tm, heard(rm1, MessageKind::Acknowledge)),
            at(50, tm, heard(rm2, MessageKind::Acknowledge)),
            at(55, tm, heard(rm2, MessageKind::Acknowledge)),
            at(60, rm1, Fact::Crashed),
            at(70, rm1, Fact::Restarted),
            at(170, rm1, Fact::Recovered),
        ] {
            metrics.observe(&event);
        }
        let snapshot = metrics.snapshot();
        assert!((snapshot.prepare_p50_ms - 10.0).abs() < 0.02, "{snapshot:?}");
        assert!((snapshot.commit_p99_ms - 30.0).abs() < 0.05, "{snapshot:?}");
        assert!((snapshot.total_p999_ms - 19.0).abs() < 0.02, "{snapshot:?}");
        assert!((snapshot.recovery_p99_ms - 100.0).abs() < 0.1, "{snapshot:?}");
        assert_eq!((snapshot.txn_count, snapshot.txn_committed, snapshot.txn_failed), (1, 1, 0));
        assert_eq!((snapshot.messages_sent, snapshot.recoveries_completed), (2, 1));
    }

    #[test]
    fn a_transaction_is_measured_once_whatever_is_said_of_it_later() {
        let (tm, gid) = (NodeId::COORDINATOR, Gid(1));
        let rm1 = NodeId::from(ParticipantId(1));
        let answered = |outcome| Fact::Answered { gid, outcome };
        let mut metrics = MetricsCollector::new();
        for event in [
            at(1, tm, Fact::Begun { gid, participants: 1 }),
            at(2, tm, Fact::Sent { to: rm1, gid, message: MessageKind::Prepare }),
            at(3, tm, Fact::Delivered { from: rm1, gid, message: MessageKind::VoteYes }),
            at(4, tm, answered(Outcome::Committed)),
            at(9, tm, answered(Outcome::HeuristicMixed)),
            at(11, tm, Fact::Begun { gid, participants: 1 }),
            at(12, tm, Fact::Refused { gid }),
        ] {
            metrics.observe(&event);
        }
        assert_eq!((metrics.total.len(), metrics.prepare.len()), (1, 1));
        assert!(metrics.open.is_empty(), "what is over is forgotten, and a repeated id stays so");
    }

    #[test]
    fn a_client_without_an_answer_counts_as_failed() {
        let (tm, gid) = (NodeId::COORDINATOR, Gid(1));
        let mut metrics = MetricsCollector::new();
        metrics.observe(&at(1, tm, Fact::Begun { gid, participants: 2 }));
        metrics.observe(&at(2, tm, Fact::Answered { gid, outcome: Outcome::Unknown }));
        assert_eq!(metrics.snapshot().txn_failed, 1);
        metrics.observe(&at(3, tm, Fact::Answered { gid, outcome: Outcome::Aborted }));
        assert_eq!((metrics.snapshot().txn_failed, metrics.snapshot().txn_aborted), (0, 1));
    }
}
