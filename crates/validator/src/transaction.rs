//! What happened to one transaction: the one record that all properties share, filled as its events pass.

mod ending;

use std::collections::BTreeMap;

use history::{Decision, Gid, Key, NodeId, Outcome, RecordKind};

use crate::branch::{Branch, Op, Write};
use crate::position::{Logged, Position};
use crate::result::{Evidence, Violation};

/// So many branches are searched one by one; beyond, by halves.
const SEARCHED_MAX: usize = 8;

/// How a transaction ended whose events were forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Past {
    /// It never was.
    None,
    /// It committed.
    Committed,
    /// It aborted.
    Aborted,
    /// Some branch was made to decide by itself.
    Mixed,
}

/// The facts about one transaction. What nearly every event touches comes first, and so shares a cache line.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Transaction {
    /// The number of its first event, from which positions count.
    first: u64,
    branches: Vec<Branch>,
    branch_last: u32,
    pub(crate) gid: Gid,
    /// How many branches are not finished.
    open: u32,
    /// How often its id was used again.
    pub(crate) repeats: u32,
    pub(crate) begun: Position,
    /// How it ended, if this record was opened again after its events were forgotten.
    pub(crate) past: Past,
    /// Whether it is over and waits for late events before it is judged.
    pub(crate) retiring: bool,
    /// A message was lost, or some work could not be done.
    pub(crate) disturbed: bool,
    /// Some branch was made to decide by itself.
    pub(crate) heuristic: bool,
    /// A client that lost its answer asks again, and has heard nothing since.
    pub(crate) outcome_asked: Position,
    ops_sorted: bool,
    ops: Vec<Op>,
    writes: Vec<Write>,
    /// The last use of its id.
    pub(crate) begun_last: Position,
    /// Over how many participants its client wants it.
    pub(crate) participants: u32,
    pub(crate) refusals: u32,
    pub(crate) abort_asked: Position,
    /// The first answer of each kind, by [`Outcome`].
    answers: [Position; 4],
    pub(crate) answered_by: NodeId,
    /// A coordinator's commit record.
    pub(crate) decided: Logged,
    pub(crate) decided_by: NodeId,
    pub(crate) ended: Logged,
    /// A coordinator committed in effect: the record was durable, or a commit message left.
    pub(crate) commits: Position,
    pub(crate) committed_by: NodeId,
    pub(crate) commit_sent: Position,
    /// A coordinator aborted in effect: it told the client, or a participant that would act upon it.
    pub(crate) aborts: Position,
    pub(crate) aborted_by: NodeId,
    /// A coordinator noted that it aborts.
    pub(crate) abort_noted: Position,
    /// Where the branches of a large transaction are that were not enlisted in the order of their nodes.
    branch_index: Option<BTreeMap<NodeId, usize>>,
}

impl Transaction {
    /// The record of a transaction whose first event has number `first`.
    pub(crate) fn new(gid: Gid, first: u64, past: Past) -> Self {
        let before = |held| if held { Position::BEFORE } else { Position::NEVER };
        let (committed, aborted) = (before(past == Past::Committed), before(past == Past::Aborted));
        let decided = if past == Past::Committed { Logged::BEFORE } else { Logged::default() };
        let mut answers = [Position::NEVER; 4];
        answers[Outcome::Committed as usize] = committed;
        answers[Outcome::Aborted as usize] = aborted;
        answers[Outcome::HeuristicMixed as usize] = before(past == Past::Mixed);
        Self {
            gid,
            first,
            past,
            retiring: false,
            begun: before(past != Past::None),
            begun_last: Position::NEVER,
            participants: 0,
            repeats: 0,
            refusals: 0,
            abort_asked: Position::NEVER,
            answers,
            outcome_asked: Position::NEVER,
            answered_by: NodeId::COORDINATOR,
            decided,
            decided_by: NodeId::COORDINATOR,
            ended: Logged::default(),
            commits: committed,
            committed_by: NodeId::COORDINATOR,
            commit_sent: Position::NEVER,
            aborts: aborted,
            aborted_by: NodeId::COORDINATOR,
            abort_noted: Position::NEVER,
            disturbed: false,
            heuristic: false,
            open: 0,
            branches: Vec::new(),
            branch_index: None,
            branch_last: 0,
            ops: Vec::new(),
            ops_sorted: true,
            writes: Vec::new(),
        }
    }

    /// Becomes the record of another transaction, and keeps the memory.
    pub(crate) fn reuse(&mut self, gid: Gid, first: u64, past: Past) {
        let (mut branches, mut ops, mut writes) = (
            std::mem::take(&mut self.branches),
            std::mem::take(&mut self.ops),
            std::mem::take(&mut self.writes),
        );
        branches.clear();
        ops.clear();
        writes.clear();
        *self = Self { branches, ops, writes, ..Self::new(gid, first, past) };
    }

    /// The position of event number `sequence`.
    #[inline]
    pub(crate) fn position(&self, sequence: u64) -> Position {
        Position::of(sequence, self.first)
    }

    /// The number of the event at a position, if there is one and it is known.
    pub(crate) fn sequence(&self, position: Position) -> Option<u64> {
        position.sequence(self.first)
    }

    /// A violation by this transaction; its evidence is what happened at these positions, in order.
    pub(crate) fn violation<const N: usize>(
        &self,
        nodes: &[NodeId],
        claim: String,
        positions: [Position; N],
    ) -> Violation {
        let mut sequences: Vec<u64> = positions.iter().filter_map(|&at| self.sequence(at)).collect();
        sequences.sort_unstable();
        sequences.dedup();
        let evidence = sequences.into_iter().map(|sequence| Evidence { sequence, event: None }).collect();
        let (gid, transactions) = (Some(self.gid), Vec::new());
        Violation { gid, transactions, nodes: nodes.to_vec(), claim, evidence }
    }

    /// What a node's log holds of one kind, if that kind means anything there.
    #[inline]
    pub(crate) fn logged(&mut self, node: NodeId, record: RecordKind) -> Option<&mut Logged> {
        if node.is_coordinator() {
            return match record {
                RecordKind::Decided(Decision::Commit) => Some(&mut self.decided),
                RecordKind::Ended => Some(&mut self.ended),
                RecordKind::Prepared | RecordKind::Decided(Decision::Abort) | RecordKind::Other => None,
            };
        }
        let branch = self.branch_at(node);
        let branch = &mut self.branches[branch];
        match record {
            RecordKind::Prepared => Some(&mut branch.prepared),
            RecordKind::Decided(Decision::Commit) => Some(&mut branch.commit),
            RecordKind::Decided(Decision::Abort) => Some(&mut branch.abort),
            RecordKind::Ended | RecordKind::Other => None,
        }
    }

    /// A coordinator restarted: what it had appended, and its crash did not lose, is durable.
    pub(crate) fn coordinator_restarted(&mut self, node: NodeId, sequence: u64) {
        if self.decided_by == node {
            let now = self.position(sequence);
            self.ended.survive(now);
            self.decided.survive(now);
            if self.decided.durable.happened() {
                self.committed(node, self.decided.durable);
            }
        }
    }

    /// The same for a participant; whether its log holds a commit.
    pub(crate) fn participant_restarted(&mut self, branch: usize, sequence: u64) -> bool {
        let now = self.position(sequence);
        let records = &mut self.branches[branch];
        records.prepared.survive(now);
        records.abort.survive(now);
        records.commit.survive(now);
        let (committed, aborted) = (records.commit.durable.happened(), records.abort.durable.happened());
        if committed || aborted {
            self.finish(branch);
        } else if self.past == Past::None
            && ![records.prepared.durable, records.yes_sent, records.voted_no]
                .iter()
                .any(|position| position.happened())
        {
            // It has promised nothing and told nobody: the work may be done again.
            records.decided_abort = Position::NEVER;
        }
        committed
    }

    /// Nothing more is awaited from this branch.
    #[inline]
    pub(crate) fn finish(&mut self, branch: usize) {
        let branch = &mut self.branches[branch];
        if !branch.finished {
            branch.finished = true;
            self.open -= 1;
        }
    }

    /// All branches.
    #[inline]
    pub(crate) fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// A branch by its index, to change it.
    #[inline]
    pub(crate) fn branch_mut(&mut self, branch: usize) -> &mut Branch {
        &mut self.branches[branch]
    }

    /// The index of a node's branch, which is new if nothing was known of it.
    #[inline]
    pub(crate) fn branch_at(&mut self, node: NodeId) -> usize {
        let is_at = |at: usize| self.branches.get(at).is_some_and(|branch| branch.node == node);
        let last = self.branch_last as usize;
        if is_at(last) {
            return last;
        }
        // Participants mostly take turns.
        let next = if last + 1 < self.branches.len() { last + 1 } else { 0 };
        let found = if is_at(next) { next } else { self.find(node).unwrap_or_else(|| self.add_branch(node)) };
        self.branch_last = found as u32;
        found
    }

    /// The index of a node's branch, if anything is known of it.
    pub(crate) fn find(&self, node: NodeId) -> Option<usize> {
        if self.branches.len() <= SEARCHED_MAX {
            return self.branches.iter().position(|branch| branch.node == node);
        }
        match &self.branch_index {
            Some(index) => index.get(&node).copied(),
            None => self.branches.binary_search_by_key(&node, |branch| branch.node).ok(),
        }
    }

    fn add_branch(&mut self, node: NodeId) -> usize {
        let branch = match self.past {
            Past::Committed => Branch::committed_before(node),
            Past::Aborted => Branch::aborted_before(node),
            Past::Mixed => Branch { finished: true, heuristic: Position::BEFORE, ..Branch::new(node) },
            Past::None => Branch::new(node),
        };
        self.open += u32::from(!branch.finished);
        self.branches.push(branch);
        let added = self.branches.len() - 1;
        if let Some(index) = &mut self.branch_index {
            index.insert(node, added);
        } else if added >= SEARCHED_MAX && !self.is_last_in_order() {
            self.branch_index =
                Some((0..).zip(&self.branches).map(|(at, branch)| (branch.node, at)).collect());
        }
        added
    }

    /// Whether the branches are in the order of their nodes, if they were before the last was added.
    fn is_last_in_order(&self) -> bool {
        let from = if self.branches.len() <= SEARCHED_MAX + 1 { 0 } else { self.branches.len() - 2 };
        self.branches[from..].is_sorted_by_key(|branch| branch.node)
    }

    /// The client asks a node for an operation.
    #[inline]
    pub(crate) fn asked(&mut self, node: NodeId, op: Op) {
        let branch = self.branch_at(node);
        self.branches[branch].write_ops += u32::from(op.writes());
        self.ops_sorted &= self.ops.last().is_none_or(|last| last.place <= op.place);
        self.ops.push(op);
    }

    /// Puts the operations in the order in which they are found.
    #[inline]
    pub(crate) fn sort_ops(&mut self) {
        if !self.ops_sorted {
            self.ops.sort_unstable_by_key(|op| (op.place, op.asked));
            self.ops_sorted = true;
        }
    }

    /// The operations asked of a node, by key and as asked; once sorted.
    pub(crate) fn ops_at(&self, node: NodeId) -> &[Op] {
        self.ops_between(Op::place(node, Key(0)), Op::place(node, Key(u32::MAX)))
    }

    /// The operations asked of a node's key, as asked; once sorted.
    #[inline]
    pub(crate) fn ops_on(&self, node: NodeId, key: Key) -> &[Op] {
        let place = Op::place(node, key);
        self.ops_between(place, place)
    }

    #[inline]
    fn ops_between(&self, first: u64, last: u64) -> &[Op] {
        debug_assert!(self.ops_sorted, "operations are sorted before they are searched");
        let from = self.ops.partition_point(|op| op.place < first);
        let beyond = self.ops[from..].iter().position(|op| op.place > last);
        &self.ops[from..beyond.map_or(self.ops.len(), |count| from + count)]
    }

    /// What a branch applied, the latest first.
    pub(crate) fn writes_of(&self, branch: usize) -> impl Iterator<Item = &Write> {
        let place = |index: u32| self.writes.get(index as usize);
        std::iter::successors(place(self.branches[branch].last_write), move |write| place(write.previous))
    }

    /// A branch's write reached the store.
    pub(crate) fn apply(&mut self, branch: usize, key: Key, value: i64, now: Position) {
        let index = u32::try_from(self.writes.len()).expect("a transaction applies fewer than 2^32 writes");
        let branch = &mut self.branches[branch];
        self.writes.push(Write { key, value, applied: now, previous: branch.last_write });
        branch.last_write = index;
        branch.writes += 1;
        branch.applied.mark(now);
    }

    /// A crash undid what a branch applied.
    pub(crate) fn unapply(&mut self, branch: usize) {
        let branch = &mut self.branches[branch];
        (branch.last_write, branch.writes) = (Write::NONE, 0);
        (branch.applied, branch.decided_commit) = (Position::NEVER, Position::NEVER);
    }
}
