//! A serial order that explains every read, where it is not known which: found by trying, within a budget. If one is
//! found, the history is serializable; if there is none, it is not; past the budget nobody knows.
//!
//! A transaction comes next if all that must come before it has, if it reads what is there, and if it overwrites
//! nothing that another has yet to read: values are written once, so such a read could never be explained.

use std::collections::BTreeSet;

use super::super::history::{ClientHistory, Ending};
use super::super::words::Word;
use super::Touches;
use super::versions::Versions;
use crate::isolation::Graph;

/// What became of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Witness {
    /// There is a serial order.
    Found,
    /// There is none.
    Refuted,
    /// The budget was spent.
    OutOfBudget,
}

/// Something that was changed, and how it was before.
#[derive(Clone, Copy, Debug)]
enum Change {
    Current { key: u32, before: u32 },
    Pending { version: u32 },
    Shown { version: u32 },
    Missing { node: u32 },
    Ready { node: u32 },
    Taken { node: u32 },
    Passed { node: u32 },
}

/// A transaction that was put next, and what had been changed before.
struct Choice {
    node: u32,
    changes: usize,
    /// Whether another could come next instead.
    is_free: bool,
}

struct Search<'a> {
    history: &'a ClientHistory,
    touches: &'a Touches,
    versions: &'a Versions,
    graph: &'a Graph,
    /// The version that each key is at.
    current: Vec<u32>,
    /// How many have yet to read each version.
    pending: Vec<u32>,
    /// Versions that nobody in the history wrote, and that have been there.
    shown: Vec<bool>,
    /// How many nodes must still come before each.
    missing: Vec<u32>,
    ready: BTreeSet<u32>,
    left: usize,
    changes: Vec<Change>,
    state: u64,
    budget: u64,
}

/// Looks for a serial order that agrees with the graph.
pub(crate) fn search(
    history: &ClientHistory,
    touches: &Touches,
    versions: &Versions,
    graph: &Graph,
    budget: u64,
) -> Witness {
    let mut search = Search::new(history, touches, versions, graph, budget);
    search.run()
}

impl<'a> Search<'a> {
    fn new(
        history: &'a ClientHistory,
        touches: &'a Touches,
        versions: &'a Versions,
        graph: &'a Graph,
        budget: u64,
    ) -> Self {
        let mut missing = vec![0u32; graph.nodes() as usize];
        for node in 0..graph.nodes() {
            graph.from(node).iter().for_each(|edge| missing[edge.to as usize] += 1);
        }
        let mut search = Self {
            history,
            touches,
            versions,
            graph,
            current: (0..history.keys.len() as u32).map(|key| versions.number(key, Word::NIL)).collect(),
            pending: versions.pending(),
            shown: vec![false; versions.count()],
            missing,
            ready: BTreeSet::new(),
            left: 0,
            changes: Vec::new(),
            state: 0,
            budget,
        };
        search.left = graph.nodes() as usize;
        let free: Vec<u32> = (0..graph.nodes()).filter(|&node| search.missing[node as usize] == 0).collect();
        for node in free {
            if search.is_transaction(node) {
                search.ready.insert(node);
            } else {
                search.pass(node);
            }
        }
        search.changes.clear();
        search
    }

    fn run(&mut self) -> Witness {
        let mut failed: BTreeSet<u64> = BTreeSet::new();
        let mut choices: Vec<Choice> = Vec::new();
        let mut after = None;
        while self.left > 0 {
            let next = if after.is_none() && failed.contains(&self.state) { None } else { self.next(after) };
            if self.budget == 0 {
                return Witness::OutOfBudget;
            }
            match next {
                Some(node) => {
                    let is_free = self.writes(node);
                    choices.push(Choice { node, changes: self.changes.len(), is_free });
                    self.put(node);
                    after = None;
                }
                None => {
                    failed.insert(self.state);
                    // Back to the last transaction instead of which another could come next.
                    loop {
                        let Some(choice) = choices.pop() else { return Witness::Refuted };
                        self.undo(choice.changes);
                        self.budget = self.budget.saturating_sub(1);
                        if choice.is_free {
                            after = Some(choice.node);
                            break;
                        }
                        failed.insert(self.state);
                    }
                }
            }
        }
        Witness::Found
    }

    /// The first transaction after this one that may come next.
    fn next(&mut self, after: Option<u32>) -> Option<u32> {
        let from = after.map_or(0, |after| after + 1);
        let mut looked = 0;
        let found = self.ready.range(from..).copied().find(|&node| {
            looked += 1;
            looked > self.budget || self.fits(node)
        });
        self.budget = self.budget.saturating_sub(looked);
        found.filter(|_| self.budget > 0)
    }

    /// Whether a transaction reads what is there, and overwrites nothing that is yet to be read by another.
    fn fits(&self, node: u32) -> bool {
        let reads = self.history.transactions[node as usize].ending == Ending::Committed;
        self.touches.by(node).iter().all(|touch| {
            let current = self.current[touch.key as usize];
            let read = touch.read.filter(|_| reads).map(|value| self.versions.number(touch.key, value));
            let mut others = self.pending[current as usize];
            if let Some(read) = read {
                if read == current {
                    others -= 1;
                } else if others > 0 || !self.may_appear(read) {
                    return false;
                } else {
                    // It appears, and is read by this one among others.
                    others = self.pending[read as usize] - 1;
                }
            }
            touch.written.is_none() || others == 0
        })
    }

    /// Whether somebody outside of the history may just have written this.
    fn may_appear(&self, version: u32) -> bool {
        self.versions.is_foreign(version) && !self.shown[version as usize]
    }

    fn writes(&self, node: u32) -> bool {
        let reads = self.history.transactions[node as usize].ending == Ending::Committed;
        self.touches.by(node).iter().any(|touch| {
            let appears = touch.read.filter(|_| reads).is_some_and(|read| {
                self.versions.number(touch.key, read) != self.current[touch.key as usize]
            });
            touch.written.is_some() || appears
        })
    }

    fn put(&mut self, node: u32) {
        self.ready.remove(&node);
        self.changes.push(Change::Taken { node });
        let is_committed = self.history.transactions[node as usize].ending == Ending::Committed;
        for index in self.touches.range(node) {
            let touch = self.touches.all[index as usize];
            if let Some(read) = touch.read.filter(|_| is_committed) {
                let version = self.versions.number(touch.key, read);
                if version != self.current[touch.key as usize] {
                    self.shown[version as usize] = true;
                    self.changes.push(Change::Shown { version });
                    self.set(touch.key, version);
                }
                self.pending[version as usize] -= 1;
                self.changes.push(Change::Pending { version });
            }
            if let Some(written) = touch.written {
                let version = self.versions.number(touch.key, written);
                self.set(touch.key, version);
            }
        }
        self.pass(node);
    }

    fn set(&mut self, key: u32, version: u32) {
        let before = std::mem::replace(&mut self.current[key as usize], version);
        self.state ^= mix(u64::from(before) << 32 | 1) ^ mix(u64::from(version) << 32 | 1);
        self.changes.push(Change::Current { key, before });
    }

    /// The node is in its place: others may follow. What is no transaction, or did not happen, follows at once.
    fn pass(&mut self, node: u32) {
        let mut passing = vec![node];
        while let Some(node) = passing.pop() {
            self.left -= 1;
            self.state ^= mix(u64::from(node) << 32);
            let graph = self.graph;
            for edge in graph.from(node) {
                self.missing[edge.to as usize] -= 1;
                self.changes.push(Change::Missing { node: edge.to });
                if self.missing[edge.to as usize] > 0 {
                    continue;
                }
                if self.is_transaction(edge.to) {
                    self.ready.insert(edge.to);
                    self.changes.push(Change::Ready { node: edge.to });
                } else {
                    self.changes.push(Change::Passed { node: edge.to });
                    passing.push(edge.to);
                }
            }
        }
    }

    fn is_transaction(&self, node: u32) -> bool {
        (node as usize) < self.history.transactions.len() && self.touches.happened(node)
    }

    fn undo(&mut self, changes: usize) {
        while self.changes.len() > changes {
            match self.changes.pop() {
                Some(Change::Current { key, before }) => {
                    let version = std::mem::replace(&mut self.current[key as usize], before);
                    self.state ^= mix(u64::from(before) << 32 | 1) ^ mix(u64::from(version) << 32 | 1);
                }
                Some(Change::Pending { version }) => self.pending[version as usize] += 1,
                Some(Change::Shown { version }) => self.shown[version as usize] = false,
                Some(Change::Missing { node }) => self.missing[node as usize] += 1,
                Some(Change::Ready { node }) => {
                    self.ready.remove(&node);
                }
                Some(Change::Taken { node }) => {
                    self.left += 1;
                    self.state ^= mix(u64::from(node) << 32);
                    self.ready.insert(node);
                }
                Some(Change::Passed { node }) => {
                    self.left += 1;
                    self.state ^= mix(u64::from(node) << 32);
                }
                None => return,
            }
        }
    }
}

fn mix(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
