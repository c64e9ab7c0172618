//! Client truth: what a client is told is so. Told committed, the transaction is committed at all participants that
//! wrote; told aborted, nowhere; told nothing certain, at all of them or nowhere; told mixed, at some and not at others.
//! No two answers disagree.
//!
//! A participant that is down or in doubt at the end may still do its part.

use history::Outcome;

use crate::branch::Branch;
use crate::findings::Findings;
use crate::property::Property;
use crate::run::Run;
use crate::transaction::{Past, Transaction};

pub(crate) fn check(txn: &Transaction, run: &Run, findings: &mut Findings) {
    let [committed, aborted, mixed] =
        [Outcome::Committed, Outcome::Aborted, Outcome::HeuristicMixed].map(|outcome| txn.answer(outcome));
    if txn.is_answered() && txn.past == Past::None {
        findings.checked(Property::ClientTruth, 1);
    }
    if committed.happened() && aborted.happened() {
        findings.violated(Property::ClientTruth, || {
            let claim = format!("the client is told that {} committed and that it aborted", txn.gid);
            txn.violation(&[txn.answered_by], claim, [committed, aborted])
        });
    }
    let did = txn.branches().iter().find(|branch| branch.commits().happened());
    if mixed.happened() {
        told_mixed(txn, did, findings);
    } else if let (Some(did), true) = (did, aborted.happened()) {
        findings.violated(Property::ClientTruth, || {
            let claim = format!("the client is told that {} aborted, and {} commits it", txn.gid, did.node);
            txn.violation(&[txn.answered_by, did.node], claim, [aborted, did.commits()])
        });
    } else if committed.happened() || did.is_some() {
        all_of_it(txn, did, run, findings);
    }
}

/// Committed anywhere, or told so: committed at all participants that wrote.
fn all_of_it(txn: &Transaction, did: Option<&Branch>, run: &Run, findings: &mut Findings) {
    if txn.past != Past::None {
        return;
    }
    let did_not = |branch: &&Branch| {
        !branch.commits().happened() && branch.write_ops > 0 && !run.is_excused(txn.gid, branch.node)
    };
    let Some(missing) = txn.branches().iter().find(did_not) else { return };
    let said = [missing.aborts(), missing.voted_read_only, missing.voted_yes, missing.enlisted];
    let last = said.into_iter().find(|said| said.happened()).unwrap_or_default();
    let told = txn.answer(Outcome::Committed);
    findings.violated(Property::ClientTruth, || {
        let (gid, node) = (txn.gid, missing.node);
        match did {
            _ if told.happened() => {
                let claim = format!("the client is told that {gid} committed, and {node} never commits it");
                txn.violation(&[txn.answered_by, node], claim, [told, missing.heuristic, last])
            }
            Some(did) => {
                let claim =
                    format!("{} commits {gid} and {node}, which was to write too, never does", did.node);
                txn.violation(&[did.node, node], claim, [did.commits(), missing.heuristic, last])
            }
            None => unreachable!("something was committed or told so"),
        }
    });
}

/// Told mixed: some did and others did not, or a participant decided by itself and otherwise than the coordinator.
fn told_mixed(txn: &Transaction, did: Option<&Branch>, findings: &mut Findings) {
    let did_not = || txn.branches().iter().any(|branch| !branch.commits().happened() && branch.write_ops > 0);
    let mixed = (did.is_some() && did_not()) || (txn.heuristic && txn.is_mixed());
    if mixed || txn.past != Past::None {
        return;
    }
    findings.violated(Property::ClientTruth, || {
        let all = if did.is_some() { "all participants commit it" } else { "no participant commits it" };
        let claim = format!("the client is told that {} is mixed, and {all}", txn.gid);
        let commit = did.map(Branch::commits).unwrap_or_default();
        txn.violation(&[txn.answered_by], claim, [txn.answer(Outcome::HeuristicMixed), commit])
    });
}
