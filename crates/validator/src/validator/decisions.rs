//! What votes and decisions of participants say of a transaction.

use history::{Decision, NodeId, Vote};

use crate::position::Position;
use crate::transaction::{Past, Transaction};

/// What a participant decides that has crashed before, or has not.
pub(super) fn participant_decided(
    txn: &mut Transaction,
    (node, has_crashed): (NodeId, bool),
    decision: Decision,
    now: Position,
) {
    let branch = txn.branch_at(node);
    match decision {
        Decision::Commit => txn.branch_mut(branch).decided_commit.mark(now),
        // Who took part in what is forgotten by reading alone is not known. One that did may do its work again after a
        // crash, upon a late copy, and roll it back.
        Decision::Abort
            if has_crashed && txn.past == Past::Committed && !txn.branches()[branch].yes_sent.happened() =>
        {
            txn.branch_mut(branch).voted_read_only.mark(now);
        }
        Decision::Abort => {
            txn.branch_mut(branch).decided_abort.mark(now);
            txn.finish(branch);
        }
    }
}

pub(super) fn voted(txn: &mut Transaction, node: NodeId, vote: Vote, now: Position) {
    let branch = txn.branch_at(node);
    match vote {
        Vote::Yes => txn.branch_mut(branch).voted_yes.mark(now),
        Vote::No => txn.branch_mut(branch).voted_no.mark(now),
        Vote::ReadOnly => {
            txn.branch_mut(branch).voted_read_only.mark(now);
            txn.finish(branch);
        }
    }
}
