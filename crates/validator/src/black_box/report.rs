//! What a judgement of clients' observations says.

use serde::Serialize;

use super::findings::Found;
use crate::Verdict;

/// How much there was to judge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Transactions that were committed.
    pub committed: u64,
    /// Transactions that were aborted.
    pub aborted: u64,
    /// Transactions of which nobody knows the end.
    pub unknown: u64,
    /// Reads of committed transactions.
    pub reads: u64,
    /// Writes of all transactions.
    pub writes: u64,
    /// Dependencies by who overwrote whose write.
    pub write_write: u64,
    /// Dependencies by who read whose write.
    pub write_read: u64,
    /// Dependencies by who overwrote what somebody read.
    pub read_write: u64,
    /// Dependencies by the order in which a client ran its transactions.
    pub process: u64,
    /// Dependencies by time: transactions that began after another was over.
    pub real_time: u64,
}

impl Counts {
    /// All transactions.
    pub fn transactions(&self) -> u64 {
        self.committed + self.aborted + self.unknown
    }

    /// All dependencies.
    pub fn edges(&self) -> u64 {
        self.write_write + self.write_read + self.read_write + self.process + self.real_time
    }
}

/// What was found of one anomaly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The anomaly.
    pub anomaly: String,
    /// What it means.
    pub meaning: &'static str,
    /// Whether what was asked for rules it out.
    pub ruled_out: bool,
    /// How many, and the first of them.
    #[serde(flatten)]
    pub found: Found,
}

/// The judgement of a history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Violated if what is ruled out was found; inconclusive if it may be there all the same.
    pub verdict: Verdict,
    /// What the values of the history are.
    pub model: &'static str,
    /// What the history was held to.
    pub promise: String,
    /// How much there was.
    pub counts: Counts,
    /// How many kinds of anomalies were looked for.
    pub properties: u64,
    /// The anomalies that were found.
    pub found: Vec<Check>,
    /// What the reader should know.
    pub notes: Vec<String>,
    /// When the transactions that the findings are about began and were over.
    pub timeline: Vec<String>,
}
