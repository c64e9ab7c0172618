//! What faults cost: a run against its fault-free twin, which has the same seed and so the same transactions.

use history::{Gid, NodeId};
use serde::{Deserialize, Serialize};

use crate::result::{TransactionOutcome, TransactionResult};
use crate::sim::RunReport;

/// The 99th percentile of fewer transactions than this differs by more than a twentieth from seed to seed.
const SAMPLES_MIN: usize = 500;

/// How much worse the clients of a run fared than those of its fault-free twin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Degradation {
    /// Over all transactions.
    pub all: Lost,
    /// Over those that touch no node that a fault struck at any time.
    pub untouched: Untouched,
}

/// What is lost. Negative where the run fared better than its twin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lost {
    /// Over how many transactions.
    pub transactions: u64,
    /// The share of throughput that is lost, from 0 to 1: of commits for each second that a client spends on these
    /// transactions. A client always has one under way, so this is what the system would do if all were like these
    /// (Little's law), and what others wait for elsewhere does not count.
    pub throughput: f64,
    /// The share by which the 99th percentile from request to answer has grown: 1 is twice as long.
    pub p99: f64,
}

/// What is lost by transactions that touch no node that a fault struck.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Untouched {
    /// So much.
    Lost(Lost),
    /// There are none: every transaction touches the coordinator, and a fault struck it.
    CoordinatorStruck,
    /// There are so few that it would mean nothing.
    TooFew(u64),
}

impl Degradation {
    /// Compares a run with its twin, by the transactions that both began. `enlisted` says who takes part in what.
    pub(crate) fn between(run: &RunReport, twin: &[TransactionResult], enlisted: &[(Gid, NodeId)]) -> Self {
        let both = || run.transactions.iter().zip(twin);
        let all = lost(both());
        if run.struck.iter().any(|node| node.is_coordinator()) {
            return Self { all, untouched: Untouched::CoordinatorStruck };
        }
        let hit = |&&(_, node): &&(Gid, NodeId)| run.struck.contains(&node);
        let mut touched: Vec<Gid> = enlisted.iter().filter(hit).map(|&(gid, _)| gid).collect();
        touched.sort_unstable();
        let untouched: Vec<_> = both().filter(|(it, _)| touched.binary_search(&it.id).is_err()).collect();
        let untouched = if untouched.len() < SAMPLES_MIN {
            Untouched::TooFew(untouched.len() as u64)
        } else {
            Untouched::Lost(lost(untouched.into_iter()))
        };
        Self { all, untouched }
    }
}

fn lost<'a>(both: impl Iterator<Item = (&'a TransactionResult, &'a TransactionResult)>) -> Lost {
    let (run, twin): (Vec<_>, Vec<_>) = both.unzip();
    let share = |part: f64, whole: f64| if whole == 0.0 { 1.0 } else { part / whole };
    Lost {
        transactions: run.len() as u64,
        throughput: 1.0 - share(throughput(&run), throughput(&twin)),
        p99: share(p99(&run), p99(&twin)) - 1.0,
    }
}

/// Commits for each nanosecond that clients spend.
fn throughput(transactions: &[&TransactionResult]) -> f64 {
    let committed = transactions.iter().filter(|it| it.outcome == TransactionOutcome::Committed).count();
    let spent: u64 = transactions.iter().filter_map(|it| latency(it)).sum();
    if spent == 0 { 0.0 } else { committed as f64 / spent as f64 }
}

/// The nearest rank.
fn p99(transactions: &[&TransactionResult]) -> f64 {
    let mut latencies: Vec<u64> = transactions.iter().filter_map(|it| latency(it)).collect();
    latencies.sort_unstable();
    let rank = (latencies.len() * 99).div_ceil(100);
    rank.checked_sub(1).map_or(0.0, |place| latencies[place] as f64)
}

fn latency(transaction: &TransactionResult) -> Option<u64> {
    Some(transaction.answered_at?.since(transaction.begun_at).0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use history::{Nanos, ParticipantId};

    /// Each on a participant of its own, begun at 0 and committed after so long.
    fn took(ms: impl Fn(u32) -> u64) -> Vec<TransactionResult> {
        let one = |n: u32| TransactionResult {
            id: Gid(n),
            outcome: TransactionOutcome::Committed,
            begun_at: Nanos::ZERO,
            answered_at: Some(Nanos::from_millis(ms(n))),
        };
        (1..=1_000).map(one).collect()
    }

    fn between(struck: &[u32], run: Vec<TransactionResult>) -> Degradation {
        let node = |n: u32| if n == 0 { NodeId::COORDINATOR } else { ParticipantId(n).into() };
        let enlisted: Vec<(Gid, NodeId)> = (1..=1_000).map(|n| (Gid(n), node(n))).collect();
        let report = RunReport {
            drawn_by_plan: 0,
            fired: Vec::new(),
            fired_by_plan: 0,
            struck: struck.iter().map(|&n| node(n)).collect(),
            transactions: run,
            log_records_max: 0,
            open_max: 0,
            livelocked: false,
            code_failures: Vec::new(),
            inert: Vec::new(),
        };
        Degradation::between(&report, &took(|_| 10), &enlisted)
    }

    #[test]
    fn those_on_other_nodes_than_the_struck_ones_are_compared_apart() {
        let slow: Vec<u32> = (1..=250).collect();
        let degradation = between(&slow, took(|n| if n <= 250 { 50 } else { 10 }));
        // 1,000 commits in 250 * 50 + 750 * 10 = 20,000 ms of the clients' time, which were 10,000.
        assert_eq!(degradation.all, Lost { transactions: 1_000, throughput: 0.5, p99: 4.0 });
        assert_eq!(
            degradation.untouched,
            Untouched::Lost(Lost { transactions: 750, throughput: 0.0, p99: 0.0 })
        );
    }

    #[test]
    fn what_spreads_to_the_others_shows() {
        let degradation = between(&[1], took(|_| 20));
        let lost = Lost { transactions: 999, throughput: 0.5, p99: 1.0 };
        assert_eq!(degradation.untouched, Untouched::Lost(lost));
    }

    #[test]
    fn an_abort_is_time_spent_for_nothing() {
        let mut run = took(|_| 10);
        run.iter_mut().take(500).for_each(|it| it.outcome = TransactionOutcome::Aborted);
        assert_eq!(between(&[1], run).all, Lost { transactions: 1_000, throughput: 0.5, p99: 0.0 });
    }

    #[test]
    fn nobody_is_untouched_by_a_coordinator_that_is_struck() {
        assert_eq!(between(&[0, 3], took(|_| 10)).untouched, Untouched::CoordinatorStruck);
    }

    #[test]
    fn a_handful_says_nothing() {
        let most: Vec<u32> = (1..=950).collect();
        assert_eq!(between(&most, took(|_| 10)).untouched, Untouched::TooFew(50));
    }
}
