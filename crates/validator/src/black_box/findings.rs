//! What was found wrong: counted by kind, and the first of each kind told.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::isolation::Anomaly;

/// So many of each kind are told; all are counted.
const TOLD_MAX: usize = 3;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The transactions that it is about, as the history names them.
    pub transactions: Vec<String>,
    /// What is wrong, as a story: each line a fact, of which not all can be.
    pub story: Vec<String>,
    /// Whether no shorter story of its kind is known to be possible.
    pub shortest: bool,
}

/// All of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Found {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub told: Vec<Finding>,
}

impl Found {
    /// Counts one, and tells it if it is among the first.
    pub(super) fn add(&mut self, tell: impl FnOnce() -> Finding) {
        self.count += 1;
        if self.told.len() < TOLD_MAX {
            self.told.push(tell());
        }
    }
}

/// All that is wrong, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    pub(super) by_kind: BTreeMap<Anomaly, Found>,
}

impl Findings {
    /// Counts one, and tells it if it is among the first.
    pub(super) fn add(&mut self, anomaly: Anomaly, tell: impl FnOnce() -> Finding) {
        self.by_kind.entry(anomaly).or_default().add(tell);
    }
}
