//! One pass over the events: each goes to the transaction that it is about, and to the properties that can only be
//! judged at that event. All others are judged once, when a transaction is over or the run ends.

use history::{Decision, Event, Fact, Gid, Header, Key, NodeId, Outcome, RecordKind};

mod decisions;
mod messages;

use crate::branch::Op;
use crate::findings::{Findings, overall};
use crate::position::Position;
use crate::properties::{self, consistency, durability, exactly_once, isolation};
use crate::property::Property;
use crate::result::ValidationResult;
use crate::run::{Held, LeftLocked, LeftOpen, Run};
use crate::transaction::Transaction;
use crate::transactions::Transactions;
use decisions::{participant_decided, voted};

/// So many transactions that are over stay open for late events, whose evidence is then complete. Later events are
/// judged by the outcome alone.
const WINDOW: usize = 64;

/// Judges the events of one run, in order, in one pass. Memory is that of the transactions that are not over, the keys
/// that were written, and two bits for each transaction that was.
#[derive(Debug)]
pub struct CorrectnessValidator {
    events: u64,
    transactions: Transactions,
    run: Run,
    findings: Findings,
}

impl CorrectnessValidator {
    /// Judges a run under every property, and what the header says that it promised. Where the coordinator's log is no
    /// evidence, messages, stores and answers are, and what participants make durable and lose, if it is recorded.
    pub fn new(header: &Header) -> Self {
        Self {
            events: 0,
            transactions: Transactions::new(WINDOW),
            run: Run::new(&header.terms),
            findings: Findings::new(),
        }
    }

    /// Keeps only so many transactions open for late events: fewer to use less memory, more to have the whole
    /// evidence for later ones.
    #[must_use]
    pub fn window(mut self, transactions: usize) -> Self {
        self.transactions = Transactions::new(transactions);
        self
    }

    /// Takes the next event into account.
    #[inline]
    pub fn observe(&mut self, event: &Event) {
        let (sequence, node) = (self.events, event.node);
        self.events += 1;
        match event.fact {
            // What the client asks and hears: client truth and termination, and the operations for consistency.
            Fact::Begun { gid, participants } => self.begun(gid, participants, sequence),
            Fact::Enlisted { gid } => self.enlisted(gid, node, sequence),
            Fact::Asked { gid, key, op, value } => {
                let (place, asked) = (Op::place(node, key), Position::NEVER);
                let op = Op { place, value: value.into(), kind: op, asked };
                self.asked(gid, node, op, sequence);
            }
            Fact::AbortAsked { gid } => self.at(gid, sequence, |txn, now| txn.abort_asked.mark(now)),
            Fact::OutcomeAsked { gid } => self.known(gid, sequence, |txn, now| txn.outcome_asked = now),
            Fact::Answered { gid, outcome } => self.answered(gid, node, outcome, sequence),
            Fact::Refused { gid } => self.end(gid, sequence, |txn, _| txn.refused()),
            // What is read and what stores hold: isolation, consistency and exactly once, at this event.
            Fact::Read { gid, key, writer } if !node.is_coordinator() => {
                self.run.isolation.read(gid, Op::place(node, key), writer, sequence);
            }
            Fact::Wrote { gid, key, value } if !node.is_coordinator() => {
                self.wrote(gid, (node, key, value.into()), sequence);
            }
            Fact::Applied { gid, key, value } if !node.is_coordinator() => {
                self.applied(gid, (node, key, value.into()), sequence)
            }
            // Who votes and decides what: agreement, stability, unanimity, non-triviality.
            Fact::Decided { gid, decision } => self.decided(gid, node, decision, sequence),
            Fact::HeuristicDecision { gid, .. } => {
                // It may have been over, until a crash took the record of that.
                self.run.isolation.begin(gid, sequence);
                self.at(gid, sequence, |txn, now| txn.decided_alone(node, now));
            }
            Fact::Voted { gid, vote } => self.end(gid, sequence, |txn, now| voted(txn, node, vote, now)),
            // What logs hold: write-ahead, durability, and whether a decision is effective.
            Fact::Appended { .. } | Fact::Durable { .. } | Fact::Lost { .. }
                if node.is_coordinator() && self.run.terms.without_log => {}
            Fact::Appended { gid, record, .. } => self.appended(gid, node, record, sequence),
            Fact::Durable { gid, record } => self.durable(gid, node, record, sequence),
            Fact::Lost { gid, record } => self.lost(gid, node, record, sequence),
            // What leaves and arrives: whether a decision is effective, unanimity, write-ahead.
            Fact::Sent { to, gid, message } => self.sent((node, to), gid, message, sequence),
            Fact::Delivered { from, gid, message } => self.delivered(from, gid, message, sequence),
            Fact::Dropped { gid, .. } => self.known(gid, sequence, |txn, _| txn.disturbed = true),
            // Facts that explain and that no property rests on.
            Fact::Wrote { .. }
            | Fact::Applied { .. }
            | Fact::LockWaited { .. }
            | Fact::LockGranted { .. }
            | Fact::LocksReleased { .. }
            | Fact::Read { .. } => {}
            Fact::Crashed
            | Fact::Halted { .. }
            | Fact::Restarted
            | Fact::TookOver { .. }
            | Fact::Recovered
            | Fact::FaultFired { .. }
            | Fact::Healed
            | Fact::Stored { .. }
            | Fact::LeftInDoubt { .. }
            | Fact::LeftLocked { .. }
            | Fact::LeftOpen { .. }
            | Fact::LeftDown
            | Fact::Inherited { .. } => self.observe_run(event, sequence),
        }
    }

    /// The run is over: judges what is left, and says all that was found.
    pub fn finish(self) -> ValidationResult {
        self.finish_with_contents().0
    }

    /// The same, and what the committed transactions have left in the stores: what a later run inherits.
    pub fn finish_with_contents(mut self) -> (ValidationResult, Vec<Held>) {
        for gid in self.transactions.gids() {
            let txn = self.transactions.get(gid).expect("the ids are those present");
            properties::judge(txn, &mut self.run, &mut self.findings);
            properties::judge_at_end(txn, &self.run, &mut self.findings);
            isolation::known(txn, &mut self.run.isolation);
            if txn.is_over() {
                self.run.isolation.end(gid);
            }
        }
        properties::judge_run(&self.run, &mut self.findings);
        let contents = self.run.contents();
        isolation::conclude(self.run.isolation, &mut self.findings);
        let left_out: &[Property] = if self.run.terms.without_log { &[Property::WriteAhead] } else { &[] };
        let checks = self.findings.into_checks(left_out);
        let verdict = overall(&checks, self.run.begun);
        (ValidationResult { verdict, transactions: self.run.begun, events: self.events, checks }, contents)
    }

    /// Facts about a node, or about the end of the run.
    fn observe_run(&mut self, event: &Event, sequence: u64) {
        let node = event.node;
        match event.fact {
            Fact::Crashed => {
                self.run.faults += 1;
                if node.is_coordinator() {
                    self.run.coordinator_lost = Some(sequence);
                } else {
                    self.run.participant(node).crashed = Some(sequence);
                }
            }
            Fact::Restarted => self.restarted(node, sequence),
            Fact::TookOver { from } => self.run.deposed.push(from),
            Fact::FaultFired { .. } => self.run.faults += 1,
            Fact::Healed => self.run.healed = true,
            Fact::Stored { key, value } if !node.is_coordinator() => {
                let held = (node, key, value.into());
                durability::stored(held, sequence, &mut self.run, &mut self.findings);
            }
            Fact::Inherited { key, value, writer } if !node.is_coordinator() => {
                self.run.inherit((node, key, value), writer, sequence);
            }
            Fact::LeftInDoubt { gid } => {
                self.run.left_in_doubt(self.transactions.open(gid, sequence), node, sequence);
            }
            Fact::LeftLocked { gid, key } => {
                self.run.left_locked.push(LeftLocked { gid, node, key, sequence });
            }
            Fact::LeftOpen { gid } => self.run.left_open.push(LeftOpen { gid, node, sequence }),
            Fact::LeftDown if !node.is_coordinator() => self.run.participant(node).left_down = true,
            _ => {}
        }
    }

    /// Notes a fact about a transaction.
    #[inline]
    fn at(&mut self, gid: Gid, sequence: u64, note: impl FnOnce(&mut Transaction, Position)) {
        let txn = self.transactions.open(gid, sequence);
        let now = txn.position(sequence);
        note(txn, now);
    }

    /// Notes a fact that means nothing once the transaction is forgotten.
    #[inline]
    fn known(&mut self, gid: Gid, sequence: u64, note: impl FnOnce(&mut Transaction, Position)) {
        if let Some(txn) = self.transactions.get(gid) {
            let now = txn.position(sequence);
            note(txn, now);
        }
    }

    fn decided(&mut self, gid: Gid, node: NodeId, decision: Decision, sequence: u64) {
        if !node.is_coordinator() {
            let node = (node, self.run.participant(node).crashed.is_some());
            self.end(gid, sequence, |txn, now| participant_decided(txn, node, decision, now));
        } else if decision == Decision::Abort {
            // A note is no evidence: it only says that a vote came too late to count.
            self.known(gid, sequence, |txn, now| txn.abort_noted.mark(now));
        }
    }

    /// Notes a fact about a transaction that may be its last.
    #[inline]
    fn end(&mut self, gid: Gid, sequence: u64, note: impl FnOnce(&mut Transaction, Position)) {
        let txn = self.transactions.open(gid, sequence);
        let now = txn.position(sequence);
        note(txn, now);
        if !txn.retiring && txn.is_over() {
            self.retire(gid);
        }
    }

    fn retire_if_over(&mut self, gid: Gid) {
        if self.transactions.get(gid).is_some_and(|txn| !txn.retiring && txn.is_over()) {
            self.retire(gid);
        }
    }

    fn retire(&mut self, gid: Gid) {
        self.transactions.retire(gid);
        while let Some(txn) = self.transactions.waited() {
            properties::judge(txn, &mut self.run, &mut self.findings);
            isolation::known(txn, &mut self.run.isolation);
            let gid = txn.gid;
            self.transactions.forget(gid);
            self.run.isolation.end(gid);
        }
    }

    fn begun(&mut self, gid: Gid, participants: u32, sequence: u64) {
        self.run.begun += 1;
        if !self.transactions.open(gid, sequence).begun.happened() {
            self.run.isolation.begin(gid, sequence);
        }
        self.at(gid, sequence, |txn, now| {
            if txn.begun.happened() {
                txn.repeats += 1;
            } else {
                txn.participants = participants;
            }
            txn.begun.mark(now);
            txn.begun_last = now;
        });
    }

    fn enlisted(&mut self, gid: Gid, node: NodeId, sequence: u64) {
        let txn = self.transactions.open(gid, sequence);
        if txn.repeats == 0 {
            self.run.enlisted += 1;
            let now = txn.position(sequence);
            let branch = txn.branch_at(node);
            txn.branch_mut(branch).enlisted.mark(now);
        }
    }

    fn asked(&mut self, gid: Gid, node: NodeId, op: Op, sequence: u64) {
        self.at(gid, sequence, |txn, now| {
            // What a refused use of the id asks for is nothing to the transaction that has it.
            if txn.repeats == 0 {
                txn.asked(node, Op { asked: now, ..op });
            }
        });
    }

    fn answered(&mut self, gid: Gid, node: NodeId, outcome: Outcome, sequence: u64) {
        self.run.mixed |= outcome == Outcome::HeuristicMixed;
        if outcome == Outcome::Committed {
            self.run.isolation.answer(gid, sequence);
        }
        self.end(gid, sequence, |txn, now| txn.answered(node, outcome, now));
    }

    #[inline]
    fn wrote(&mut self, gid: Gid, write: (NodeId, Key, i64), sequence: u64) {
        self.run.isolation.write(gid, Op::place(write.0, write.1), sequence);
        if let Some(txn) = self.transactions.get(gid) {
            consistency::wrote(txn, write, sequence, &mut self.run, &mut self.findings);
        }
    }

    fn applied(&mut self, gid: Gid, write: (NodeId, Key, i64), sequence: u64) {
        let txn = self.transactions.open(gid, sequence);
        if exactly_once::applied(txn, write, sequence, &mut self.run, &mut self.findings) {
            consistency::applied(txn, write, sequence, &mut self.run, &mut self.findings);
            self.run.isolation.install(gid, Op::place(write.0, write.1), sequence);
        }
        if self.run.terms.without_log {
            let branch = txn.branch_at(write.0);
            // A record in the history says itself when the commit is durable.
            if !txn.branches()[branch].commit.appended.happened() {
                txn.finish(branch);
                self.retire_if_over(gid);
            }
        }
    }

    fn appended(&mut self, gid: Gid, node: NodeId, record: RecordKind, sequence: u64) {
        if record == RecordKind::Other {
            return;
        }
        self.at(gid, sequence, |txn, now| {
            if let Some(logged) = txn.logged(node, record) {
                logged.append(now);
            }
            if node.is_coordinator() {
                txn.decided_by = node;
            }
        });
    }

    fn durable(&mut self, gid: Gid, node: NodeId, record: RecordKind, sequence: u64) {
        if record == RecordKind::Other {
            return;
        }
        let txn = self.transactions.open(gid, sequence);
        let now = txn.position(sequence);
        if let Some(logged) = txn.logged(node, record) {
            logged.harden(now);
        }
        match record {
            RecordKind::Decided(Decision::Commit) if node.is_coordinator() => {
                txn.committed(node, now);
                self.run.isolation.commit(gid);
            }
            RecordKind::Decided(Decision::Commit) => {
                self.run.isolation.commit(gid);
                let branch = txn.branch_at(node);
                consistency::harden(txn, branch, self.run.participant(node));
                txn.finish(branch);
            }
            RecordKind::Decided(Decision::Abort) if !node.is_coordinator() => {
                let branch = txn.branch_at(node);
                txn.finish(branch);
            }
            _ => return,
        }
        if !txn.retiring && txn.is_over() {
            self.retire(gid);
        }
    }

    fn lost(&mut self, gid: Gid, node: NodeId, record: RecordKind, sequence: u64) {
        if record == RecordKind::Other {
            return;
        }
        let txn = self.transactions.open(gid, sequence);
        if node.is_coordinator() && node != txn.decided_by {
            return; // One that was deposed loses its own copy of what another has on record.
        }
        durability::lost(txn, (node, record), sequence, &mut self.findings);
        if record == RecordKind::Decided(Decision::Commit) && !node.is_coordinator() {
            let branch = txn.branch_at(node);
            if !txn.branches()[branch].commit.durable.happened() {
                consistency::revert(txn, branch, self.run.participant(node));
                isolation::undo(txn, branch, &mut self.run.isolation);
                txn.unapply(branch);
            }
        }
        self.retire_if_over(gid);
    }

    /// What was appended on a node and was not lost in its crash has survived it.
    fn restarted(&mut self, node: NodeId, sequence: u64) {
        if node.is_coordinator() {
            self.run.coordinator_lost = None;
        }
        let mut over = Vec::new();
        for txn in self.transactions.iter_mut() {
            if node.is_coordinator() {
                txn.coordinator_restarted(node, sequence);
            } else if let Some(branch) = txn.find(node) {
                let participant = self.run.participants.get_mut(node.number());
                if txn.participant_restarted(branch, sequence) {
                    consistency::harden(txn, branch, participant);
                    consistency::replay_log(txn, branch, sequence, participant, &mut self.run.isolation);
                } else if !self.run.terms.without_log || !txn.branches()[branch].applied.happened() {
                    consistency::revert(txn, branch, participant);
                    isolation::restarted(txn, branch, &mut self.run.isolation);
                    txn.unapply(branch);
                }
            }
            if !txn.retiring && txn.is_over() {
                over.push(txn.gid);
            }
        }
        over.sort_unstable();
        over.into_iter().for_each(|gid| self.retire(gid));
    }
}
