//! Unanimity: a transaction commits only if all participants voted for it (Bernstein, Hadzilacos and Goodman, AC3), and
//! its client, who may ask for an abort, too.
//!
//! The vote, yes or read-only, must have arrived at a coordinator before it decided. A participant to which the
//! decision was left (one-phase commit) casts no vote. A vote that comes after an abort changes nothing.

use history::Outcome;

use crate::branch::Branch;
use crate::findings::Findings;
use crate::position::Position;
use crate::property::Property;
use crate::transaction::{Past, Transaction};

pub(crate) fn check(txn: &Transaction, findings: &mut Findings) {
    let decision = decision(txn);
    if !decision.happened() || txn.past != Past::None {
        return;
    }
    findings.checked(Property::Unanimity, 1);
    if txn.abort_asked.precedes(decision) {
        findings.violated(Property::Unanimity, || {
            let claim = format!("{} commits although its client asked to abort", txn.gid);
            txn.violation(&[], claim, [txn.abort_asked, decision])
        });
        return;
    }
    if let Some(branch) = unheard(txn, decision) {
        findings.violated(Property::Unanimity, || {
            let (gid, node) = (txn.gid, branch.node);
            let (claim, proof) = if voted_no(branch) {
                (format!("{gid} commits although {node} votes no"), branch.voted_no)
            } else if branch.vote_delivered.happened() {
                (format!("{gid} commits before the vote of {node} has arrived"), branch.vote_delivered)
            } else {
                (format!("{gid} commits and no vote for it has come from {node}"), branch.enlisted)
            };
            txn.violation(&[node], claim, [proof, decision])
        });
        return;
    }
    let (known, wanted) = (txn.branches().len(), txn.participants as usize);
    if known < wanted {
        findings.violated(Property::Unanimity, || {
            let claim = format!("{} commits without {} of its participants", txn.gid, wanted - known);
            txn.violation(&[], claim, [txn.begun, decision])
        });
    }
}

/// The branch that tells most of those whose vote the decision did not wait for. One to which it was left is excused if
/// it is the only one.
fn unheard(txn: &Transaction, decision: Position) -> Option<&Branch> {
    let missing = || txn.branches().iter().filter(|branch| !branch.vote_delivered.precedes(decision));
    let first = missing().next()?;
    let left_to = |branch: &&Branch| branch.one_phase.happened();
    if missing().all(|branch| left_to(&branch)) && missing().nth(1).is_none() {
        return None;
    }
    let worst =
        missing().find(|branch| voted_no(branch)).or_else(|| missing().find(|branch| !left_to(branch)));
    worst.or(Some(first))
}

fn voted_no(branch: &Branch) -> bool {
    branch.voted_no.happened() && !branch.vote_delivered.happened()
}

/// When it was decided that the transaction commits, if it was.
fn decision(txn: &Transaction) -> Position {
    if txn.decided.durable.happened() {
        // What came between the append and the sync came too late to count.
        return txn.decided.appended.or_earlier(txn.decided.durable);
    }
    let in_branches = || {
        let bound = txn.branches().iter().filter(|branch| !branch.heuristic.happened());
        let commits = bound.map(Branch::commits);
        commits.filter(|at| at.happened()).min().unwrap_or(Position::NEVER)
    };
    let told = txn.commit_sent.or_earlier(txn.answer(Outcome::Committed));
    if told.happened() { told } else { in_branches() }
}
