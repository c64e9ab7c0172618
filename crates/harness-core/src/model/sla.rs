//! Service levels: what a run's metrics are held to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::measure::{Degradation, MetricsSnapshot, Untouched};

/// The most that a run may need. All times are virtual milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlaRequirements {
    /// The share of transactions that may abort, from 0 to 1.
    pub abort_rate_max: f64,
    /// From the first prepare sent to the last vote heard, 99th percentile.
    pub prepare_p99_max_ms: f64,
    /// From the decision to the last acknowledgement, 99th percentile.
    pub commit_p99_max_ms: f64,
    /// From a restart to the last settled transaction of that node, 99th percentile; also the time after healing
    /// within which everything must be settled.
    pub recovery_p99_max_ms: f64,
    /// The share of throughput, and of the 99th percentile, that transactions may lose which touch no node that a
    /// fault struck.
    #[serde(default = "untouched_lost_max")]
    pub untouched_lost_max: f64,
}

/// Faults of one node are no business of the others.
fn untouched_lost_max() -> f64 {
    0.05
}

impl Default for SlaRequirements {
    fn default() -> Self {
        Self {
            abort_rate_max: 0.05,
            prepare_p99_max_ms: 100.0,
            commit_p99_max_ms: 100.0,
            recovery_p99_max_ms: 10_000.0,
            untouched_lost_max: untouched_lost_max(),
        }
    }
}

impl SlaRequirements {
    /// For what must hold where nothing goes wrong.
    pub fn strict() -> Self {
        Self {
            abort_rate_max: 0.01,
            prepare_p99_max_ms: 50.0,
            commit_p99_max_ms: 50.0,
            recovery_p99_max_ms: 5_000.0,
            untouched_lost_max: untouched_lost_max(),
        }
    }

    /// For scenarios in which many transactions are meant to abort or to wait.
    pub fn relaxed() -> Self {
        Self {
            abort_rate_max: 0.50,
            prepare_p99_max_ms: 5_000.0,
            commit_p99_max_ms: 5_000.0,
            recovery_p99_max_ms: 30_000.0,
            untouched_lost_max: untouched_lost_max(),
        }
    }

    /// For scenarios in which everything goes wrong.
    pub fn chaos() -> Self {
        Self {
            abort_rate_max: 1.0,
            prepare_p99_max_ms: 30_000.0,
            commit_p99_max_ms: 30_000.0,
            recovery_p99_max_ms: 60_000.0,
            untouched_lost_max: untouched_lost_max(),
        }
    }

    /// What the metrics break, in the order of the fields, and what the comparison with a fault-free twin does.
    pub fn breaches(&self, metrics: &MetricsSnapshot, degradation: Option<&Degradation>) -> Vec<SlaBreach> {
        let bounds = [
            ("abort_rate", metrics.abort_rate, self.abort_rate_max),
            ("prepare_p99_ms", metrics.prepare_p99_ms, self.prepare_p99_max_ms),
            ("commit_p99_ms", metrics.commit_p99_ms, self.commit_p99_max_ms),
            ("recovery_p99_ms", metrics.recovery_p99_ms, self.recovery_p99_max_ms),
        ];
        let lost = match degradation.map(|degradation| degradation.untouched) {
            Some(Untouched::Lost(lost)) => Some(lost),
            _ => None,
        };
        let untouched = lost.into_iter().flat_map(|lost| {
            [("untouched_throughput_lost", lost.throughput), ("untouched_p99_lost", lost.p99)]
        });
        let untouched = untouched.map(|(name, share)| (name, share, self.untouched_lost_max));
        let breached =
            bounds.into_iter().chain(untouched).filter(|&(_, measured, allowed)| measured > allowed);
        breached
            .map(|(metric, measured, allowed)| SlaBreach { metric: metric.to_owned(), measured, allowed })
            .collect()
    }
}

/// A metric above its bound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlaBreach {
    /// The metric, as it is named in results.
    pub metric: String,
    /// What was measured.
    pub measured: f64,
    /// What was allowed.
    pub allowed: f64,
}

impl fmt::Display for SlaBreach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {:.3}, allowed are {:.3}", self.metric, self.measured, self.allowed)
    }
}
