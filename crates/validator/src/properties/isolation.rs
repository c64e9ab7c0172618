//! Isolation: the committed transactions read and wrote as if one after the other, in the order of time, or as close to
//! that as their level promises.
//!
//! What was read and written is looked at as it happens, by [`Checker`]; here is what a crash changes about that, and
//! what is said of it in the end.

use history::{NodeId, ParticipantId};

use crate::branch::Op;
use crate::findings::Findings;
use crate::isolation::{Checker, Finding};
use crate::property::Property;
use crate::result::{Evidence, Violation};
use crate::transaction::Transaction;

/// A branch's commit record was lost: what it applied never was.
pub(crate) fn undo(txn: &Transaction, branch: usize, checker: &mut Checker) {
    let node = txn.branches()[branch].node;
    txn.writes_of(branch).for_each(|write| checker.undo(txn.gid, Op::place(node, write.key)));
}

/// A node restarted without a commit record of the branch. What it applied never was; and if it was not prepared, what
/// it read is forgotten, and it can commit only if it does its work once more.
pub(crate) fn restarted(txn: &Transaction, branch: usize, checker: &mut Checker) {
    undo(txn, branch, checker);
    let branch = &txn.branches()[branch];
    if !branch.in_doubt() && !branch.voted_read_only.happened() {
        checker.forget_branch(txn.gid, branch.node.number());
    }
}

/// All is known of the transaction. One of which a participant decided by itself other than its coordinator is not
/// atomic, and what is not atomic is not isolated: its client is told, and that is all that can be asked for.
pub(crate) fn known(txn: &Transaction, checker: &mut Checker) {
    if txn.heuristic && txn.is_mixed() {
        checker.mixed(txn.gid);
    }
}

/// The run is over: says what was found.
pub(crate) fn conclude(checker: Checker, findings: &mut Findings) {
    let judgement = checker.finish();
    findings.checked(Property::Isolation, judgement.reads + judgement.installed);
    let violated = judgement.violated();
    let mut found = judgement.found.into_iter();
    for _ in 0..violated {
        findings.violated(Property::Isolation, || violation(found.next().expect("the first are kept")));
    }
    if let Some(reason) = judgement.unclear {
        findings.inconclusive(Property::Isolation, reason);
    }
}

fn violation(finding: Finding) -> Violation {
    let evidence = finding.sequences.into_iter().map(|sequence| Evidence { sequence, event: None });
    let nodes = finding.nodes.into_iter().map(|node| NodeId::from(ParticipantId(node)));
    Violation {
        gid: finding.transactions.first().copied(),
        transactions: finding.transactions,
        nodes: nodes.collect(),
        claim: finding.claim,
        evidence: evidence.collect(),
    }
}
