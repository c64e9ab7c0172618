//! Write-ahead: what a message promises is durable before it leaves (Gray and Reuter; Mohan, Lindsay and Obermarck for
//! presumed abort).
//!
//! A coordinator's commit record before its first commit message and before the client hears of it; a participant's
//! prepared record before its yes; its commit record before its acknowledgement. There is nothing to make durable where
//! nothing was written, and under one-phase commit the only record is the participant's.

use history::{NodeId, Outcome};

use crate::branch::Branch;
use crate::findings::Findings;
use crate::position::Position;
use crate::property::Property;
use crate::transaction::{Past, Transaction};

pub(crate) fn check(txn: &Transaction, findings: &mut Findings) {
    if txn.past != Past::None {
        return;
    }
    let mut promises = 0;
    let mut promise = |node: NodeId, what: &str, record: &str, durable: Position, told: Position| {
        promises += 1;
        if !durable.precedes(told) {
            findings.violated(Property::WriteAhead, || {
                let claim = format!("{node} {what} {} before the {record} record is durable", txn.gid);
                txn.violation(&[node], claim, [durable, told])
            });
        }
    };
    if txn.commit_sent.happened() {
        promise(txn.committed_by, "sends the commit of", "commit", txn.decided.durable, txn.commit_sent);
    }
    let answer = txn.answer(Outcome::Committed);
    let voted_yes = |branch: &Branch| branch.voted_yes.happened() && !branch.one_phase.happened();
    if answer.happened() && txn.branches().iter().any(voted_yes) {
        promise(txn.answered_by, "tells the client of", "commit", txn.decided.durable, answer);
    }
    for branch in txn.branches() {
        if branch.yes_sent.happened() {
            promise(branch.node, "votes yes on", "prepared", branch.prepared.durable, branch.yes_sent);
        }
        if branch.write_ops == 0 {
            continue;
        }
        // Some protocols acknowledge aborts too, with nothing to make durable.
        let aborted = branch.aborts().happened() && !branch.commits().happened();
        if branch.acknowledged.happened() && !aborted {
            promise(branch.node, "acknowledges", "commit", branch.commit.durable, branch.acknowledged);
        }
        if branch.one_phase.happened() && answer.happened() {
            promise(
                txn.answered_by,
                "tells the client of",
                "participant's commit",
                branch.commit.durable,
                answer,
            );
        }
    }
    findings.checked(Property::WriteAhead, promises);
}
