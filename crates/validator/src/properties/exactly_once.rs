//! Exactly once: what a branch writes reaches the store once, and again only if a crash undid it: the node crashed in
//! between, and the branch's commit record was not durable when it did.

use history::{Key, NodeId};

use crate::findings::Findings;
use crate::position::Position;
use crate::property::Property;
use crate::run::Run;
use crate::transaction::Transaction;

/// Whether the write is the first of its kind.
pub(crate) fn applied(
    txn: &mut Transaction,
    (node, key, value): (NodeId, Key, i64),
    sequence: u64,
    run: &mut Run,
    findings: &mut Findings,
) -> bool {
    findings.checked(Property::ExactlyOnce, 1);
    let index = txn.branch_at(node);
    let branch = &txn.branches()[index];
    let participant = run.participant(node);
    // The writes of a commit come in one burst. Only a short list is worth a search for each of them; for a long one
    // it is enough to ask the key who wrote it, until the burst is over.
    let burst_over = branch.decided_commit.happened() || branch.commit.durable.happened();
    let search = branch.writes <= 8 || burst_over || participant.latest.get_mut(key.0).writer == txn.gid;
    let earlier = if branch.applied == Position::BEFORE {
        Some(Position::BEFORE)
    } else if search {
        txn.writes_of(index).find(|write| write.key == key).map(|write| write.applied)
    } else {
        None
    };
    let Some(earlier) = earlier else { return true };
    let crashed = participant.crashed.filter(|&crash| txn.sequence(earlier) < Some(crash));
    if crashed.is_none() || branch.commit.durable.happened() {
        findings.violated(Property::ExactlyOnce, || {
            let claim =
                format!("{node} applies the write of {} to {key} (value {value}) a second time", txn.gid);
            let now = txn.position(sequence);
            txn.violation(&[node], claim, [earlier, branch.commit.durable, now])
        });
    }
    false
}
