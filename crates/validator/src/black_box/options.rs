//! What is asked of a history, and what may be taken for granted.

use super::promise::Promise;

/// What may be assumed of registers, so that more of the order of their versions is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assumptions {
    /// Who reads and writes a key in one transaction overwrites what it read.
    pub writes_follow_reads: bool,
    /// Each key by itself is sequentially consistent: no client sees it go back.
    pub sequential_keys: bool,
    /// Each key by itself is linearizable: nobody sees it go back.
    pub linearizable_keys: bool,
    /// Where transactions stand in the order of commits: pairs of an index in the history and a place in the order.
    pub transaction_order: Vec<(u32, u64)>,
}

/// How a history is judged.
#[derive(Clone, Debug)]
pub struct Options {
    /// What it is held to.
    pub promise: Promise,
    /// What may be assumed of registers.
    pub assumptions: Assumptions,
    /// So many steps are spent on the search for a serial order, and on each search for the shortest cycles.
    pub budget: u64,
}

impl Options {
    /// So many steps, unless told otherwise: seconds, not minutes.
    pub const BUDGET: u64 = 20_000_000;

    /// Holds a history to a promise, and assumes nothing.
    pub fn new(promise: Promise) -> Self {
        Self { promise, assumptions: Assumptions::default(), budget: Self::BUDGET }
    }
}
