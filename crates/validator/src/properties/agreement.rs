//! Agreement: no two nodes that decide reach different decisions (Bernstein, Hadzilacos and Goodman, AC1).
//!
//! Decisions count once they take effect: a commit that a coordinator only emitted may vanish in a crash, and an abort
//! told to a participant that is past it changes nothing. A decision that a participant was made to take by itself
//! (heuristic) is no breach of the protocol; that the client hears of it is a matter of client truth.

use history::NodeId;

use crate::branch::Branch;
use crate::findings::Findings;
use crate::position::Position;
use crate::property::Property;
use crate::transaction::Transaction;

type Decided = (NodeId, Position);

pub(crate) fn check(txn: &Transaction, findings: &mut Findings) {
    let (committed, aborted) = (commits(txn).next().is_some(), aborts(txn).next().is_some());
    if !committed && !aborted {
        return;
    }
    findings.checked(Property::Agreement, 1);
    if let (true, true) = (committed, aborted)
        && let Some(((committer, commit), (aborter, abort))) = split(txn)
    {
        findings.violated(Property::Agreement, || {
            let claim = format!("{committer} commits {} and {aborter} aborts it", txn.gid);
            txn.violation(&[committer, aborter], claim, [commit, abort])
        });
    }
}

/// The first commit and an abort on another node, or the first abort and a commit on another node.
fn split(txn: &Transaction) -> Option<(Decided, Decided)> {
    let first = |decided: &Decided| decided.1;
    let commit = commits(txn).min_by_key(first)?;
    let abort = aborts(txn).min_by_key(first)?;
    if let Some(other) = aborts(txn).filter(|other| other.0 != commit.0).min_by_key(first) {
        return Some((commit, other));
    }
    let other = commits(txn).filter(|other| other.0 != abort.0).min_by_key(first)?;
    Some((other, abort))
}

fn commits(txn: &Transaction) -> impl Iterator<Item = Decided> {
    let branches = bound(txn).map(|branch| (branch.node, branch.commits()));
    std::iter::once((txn.committed_by, txn.commits)).chain(branches).filter(|(_, at)| at.happened())
}

fn aborts(txn: &Transaction) -> impl Iterator<Item = Decided> {
    let branches = bound(txn).map(|branch| (branch.node, branch.aborts()));
    std::iter::once((txn.aborted_by, txn.aborts)).chain(branches).filter(|(_, at)| at.happened())
}

/// The branches that are bound to the common decision.
fn bound(txn: &Transaction) -> impl Iterator<Item = &Branch> {
    txn.branches().iter().filter(|branch| !branch.heuristic.happened())
}
