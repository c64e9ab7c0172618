//! What is inferred from a history: dependencies, what is wrong without any, and what was left open.

use super::findings::Findings;
use super::history::ClientHistory;
use crate::isolation::{Dependency, Edge};

/// So many edges for each step of the history there may be where each of many comes before each of many others.
const EDGES_EACH: usize = 8;
/// So many there may be in any case.
const EDGES_LEAST: usize = 1 << 20;

/// Dependencies, and what is wrong without them.
#[derive(Debug, Default)]
pub(super) struct Inferred {
    pub(super) edges: Vec<Edge>,
    pub(super) findings: Findings,
    /// Why something that is wrong may not have been found, if so.
    pub(super) open: Option<String>,
    /// What the reader should know, whatever the verdict.
    pub(super) notes: Vec<String>,
}

impl Inferred {
    /// So many of the edges between each of some and each of others there is room for, in proportion to the history;
    /// if not for all, the verdict stays open.
    pub(super) fn room(&mut self, some: usize, others: usize, history: &ClientHistory) -> usize {
        let most = (history.steps_total() * EDGES_EACH).max(EDGES_LEAST);
        let room = most.saturating_sub(self.edges.len());
        let wanted = some.saturating_mul(others);
        if wanted > room && wanted > some.max(others) {
            self.leave_open(format!("more than {most} dependencies: not all were looked at"));
            return room.max(some.max(others));
        }
        wanted
    }

    /// An edge for each pair of two different transactions.
    pub(super) fn link(
        &mut self,
        pairs: impl IntoIterator<Item = (u32, u32)>,
        dependency: Dependency,
        key: u32,
    ) {
        let pairs = pairs.into_iter().filter(|(from, to)| from != to);
        self.edges.extend(pairs.map(|(from, to)| Edge { from, to, dependency, key }));
    }

    /// Something was not looked at. The first reason is the one that is told.
    pub(super) fn leave_open(&mut self, reason: String) {
        self.open.get_or_insert(reason);
    }
}
