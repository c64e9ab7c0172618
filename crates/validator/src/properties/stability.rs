//! Stability: a node that has decided does not reverse its decision (Bernstein, Hadzilacos and Goodman, AC2), not even
//! after a restart.

use crate::findings::Findings;
use crate::property::Property;
use crate::transaction::Transaction;

pub(crate) fn check(txn: &Transaction, findings: &mut Findings) {
    let coordinator =
        (txn.committed_by == txn.aborted_by).then_some((txn.committed_by, txn.commits, txn.aborts));
    let branches = txn.branches().iter().map(|branch| {
        // Whoever decides by itself is bound by what its log holds: a decision that a crash lost is in doubt again, and
        // its operator may think better of it.
        if branch.heuristic.happened() {
            return (branch.node, branch.commit.durable, branch.abort.durable);
        }
        (branch.node, branch.commits(), branch.aborts())
    });
    let mut decided = 0;
    for (node, commit, abort) in coordinator.into_iter().chain(branches) {
        if !commit.happened() && !abort.happened() {
            continue;
        }
        decided += 1;
        if commit.happened() && abort.happened() {
            findings.violated(Property::Stability, || {
                let (from, to) = if commit < abort { ("commit", "abort") } else { ("abort", "commit") };
                let claim = format!("{node} decides to {from} {} and then to {to} it", txn.gid);
                txn.violation(&[node], claim, [commit, abort])
            });
        }
    }
    findings.checked(Property::Stability, decided);
}
