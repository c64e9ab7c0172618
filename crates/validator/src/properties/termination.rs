//! Termination: once all failures are repaired, every transaction is decided at every participant that is up, and every
//! client is answered (Bernstein, Hadzilacos and Goodman, AC5).
//!
//! Where the terms of the run permit blocking, what is left is counted instead. Told that the outcome is unknown, a
//! client is answered: it may ask again, and is then to be told.

use history::{Gid, NodeId};

use crate::findings::Findings;
use crate::property::Property;
use crate::result::{Evidence, Violation};
use crate::run::Run;
use crate::transaction::Transaction;

/// What a transaction that is present at the end has left undone.
pub(crate) fn check(txn: &Transaction, run: &Run, findings: &mut Findings) {
    for _ in 0..txn.unanswered() {
        left(run, findings, || {
            let claim = format!("the client of {} is never answered", txn.gid);
            txn.violation(&[], claim, [txn.begun_last, txn.outcome_asked])
        });
    }
    let unseen = txn.branches().iter().filter(|branch| branch.in_doubt() && run.is_left_down(branch.node));
    unseen.for_each(|_| findings.not_checked(Property::Termination));
    let forgotten = txn.branches().iter().filter(|branch| {
        branch.in_doubt() && !branch.commits().happened() && !run.is_excused(txn.gid, branch.node)
    });
    for branch in forgotten {
        left(run, findings, || {
            let claim = format!("{} votes yes on {} and never decides", branch.node, txn.gid);
            let bound = branch.prepared.durable.or_earlier(branch.yes_sent);
            txn.violation(&[branch.node], claim, [bound])
        });
    }
}

/// What participants say that is left undone.
pub(crate) fn conclude(run: &Run, findings: &mut Findings) {
    findings.checked(Property::Termination, run.begun);
    for (&(gid, node), proof) in &run.left_in_doubt {
        left(run, findings, || in_doubt(gid, node, proof));
    }
}

/// What there is to say of a participant that nobody has told the decision.
pub(crate) fn in_doubt(gid: Gid, node: NodeId, proof: &[u64]) -> Violation {
    Violation {
        gid: Some(gid),
        transactions: Vec::new(),
        nodes: vec![node],
        claim: format!("{node} is still in doubt about {gid} at the end"),
        evidence: proof.iter().map(|&sequence| Evidence { sequence, event: None }).collect(),
    }
}

fn left(run: &Run, findings: &mut Findings, violation: impl FnOnce() -> Violation) {
    if run.terms.may_block {
        findings.blocked(Property::Termination);
    } else if run.faults > 0 && !run.healed {
        findings.inconclusive(
            Property::Termination,
            "something is undecided, but the run never healed".to_owned(),
        );
    } else {
        findings.violated(Property::Termination, violation);
    }
}
