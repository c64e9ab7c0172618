//! How a transaction ends: what its client is told, what coordinators and lone participants decide, and when no more is
//! awaited.

use history::{NodeId, Outcome};

use super::Transaction;
use crate::branch::Branch;
use crate::position::Position;

impl Transaction {
    /// When the client was told this outcome first.
    #[inline]
    pub(crate) fn answer(&self, outcome: Outcome) -> Position {
        self.answers[outcome as usize]
    }

    /// Whether the client was told anything.
    pub(crate) fn is_answered(&self) -> bool {
        self.answers.iter().any(|answer| answer.happened())
    }

    /// How many clients wait: uses of its id without an answer of any kind, or whoever asked again in vain.
    pub(crate) fn unanswered(&self) -> u32 {
        let asked = self.repeats + u32::from(self.begun.happened());
        let never = asked.saturating_sub(self.refusals + u32::from(self.is_answered()));
        never.max(self.outcome_asked.happened().into())
    }

    /// Whether nothing more is awaited.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        self.open == 0
            && (self.is_answered() || self.refusals > 0)
            && self.unanswered() == 0
            && (!self.heuristic || !self.is_mixed() || self.answer(Outcome::HeuristicMixed).happened())
            && (!self.answer(Outcome::Unknown).happened() || self.is_known())
    }

    /// Whether anybody has said what became of it. Where all have only read, one who is told that the outcome is unknown
    /// may hear either when it asks again.
    fn is_known(&self) -> bool {
        let decides = |branch: &Branch| branch.commits().happened() || branch.aborts().happened();
        let told = [Outcome::Committed, Outcome::Aborted].map(|outcome| self.answer(outcome).happened());
        told.contains(&true)
            || self.commits.happened()
            || self.aborts.happened()
            || self.branches.iter().any(decides)
    }

    /// A branch is made to decide by itself.
    pub(crate) fn decided_alone(&mut self, node: NodeId, now: Position) {
        self.heuristic = true;
        let branch = self.branch_at(node);
        self.branches[branch].heuristic.mark(now);
    }

    /// Whether a branch that decided by itself did other than its coordinator.
    pub(crate) fn is_mixed(&self) -> bool {
        let alone = self.branches.iter().filter(|branch| branch.heuristic.happened());
        let committed = self.commits.happened();
        alone.into_iter().any(|branch| branch.commits().happened() != committed)
    }

    /// The client is told.
    pub(crate) fn answered(&mut self, node: NodeId, outcome: Outcome, now: Position) {
        self.outcome_asked = Position::NEVER;
        if outcome == Outcome::Unknown && self.is_answered() && self.repeats > self.refusals {
            // It is another client, which used the id again, that hears nothing more.
            self.refusals += 1;
            return;
        }
        let answer = &mut self.answers[outcome as usize];
        if answer.happened() {
            return;
        }
        *answer = now;
        self.answered_by = node;
        if outcome == Outcome::Aborted {
            self.aborted(node, now);
            // A branch that never heard of the transaction has nothing to finish.
            for branch in 0..self.branches.len() {
                if !self.branches[branch].in_doubt() {
                    self.finish(branch);
                }
            }
        }
    }

    /// The coordinator refuses this use of the id.
    pub(crate) fn refused(&mut self) {
        self.outcome_asked = Position::NEVER;
        self.refusals += 1;
        if self.refusals > self.repeats && !self.is_answered() {
            (0..self.branches.len()).for_each(|b| self.finish(b));
        }
    }

    /// A coordinator commits in effect.
    pub(crate) fn committed(&mut self, node: NodeId, now: Position) {
        if !self.commits.happened() {
            (self.commits, self.committed_by) = (now, node);
        }
    }

    /// A coordinator aborts in effect.
    pub(crate) fn aborted(&mut self, node: NodeId, now: Position) {
        if !self.aborts.happened() {
            (self.aborts, self.aborted_by) = (now, node);
        }
    }
}
