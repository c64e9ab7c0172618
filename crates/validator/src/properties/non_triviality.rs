//! Non-triviality: if no failure occurs and all participants vote for it, a transaction commits (Bernstein, Hadzilacos
//! and Goodman, AC4).
//!
//! It is held to that once every vote has arrived: a coordinator that gives up on a slow network earlier is in its
//! right. A run is free of failures until the first fault or crash.

use history::Outcome;

use crate::branch::Branch;
use crate::findings::Findings;
use crate::property::Property;
use crate::run::Run;
use crate::transaction::{Past, Transaction};

pub(crate) fn check(txn: &Transaction, run: &Run, findings: &mut Findings) {
    let undisturbed = run.faults == 0
        && !txn.disturbed
        && !txn.abort_asked.happened()
        && txn.past == Past::None
        && !txn.branches().is_empty();
    if !undisturbed {
        return;
    }
    let abort = txn.aborts.or_earlier(txn.answer(Outcome::Aborted));
    // What a coordinator decides may have to wait for its disk before anybody hears of it.
    let decided = txn.abort_noted.or_earlier(abort);
    let for_it = |branch: &Branch| branch.vote_delivered.precedes(decided) && !branch.voted_no.happened();
    if !txn.branches().iter().all(for_it) {
        return;
    }
    findings.checked(Property::NonTriviality, 1);
    // One that is both committed and aborted is a matter of agreement.
    if abort.happened() && !txn.commits.happened() {
        let last = txn.branches().iter().max_by_key(|branch| branch.vote_delivered);
        let last = last.expect("there is a branch");
        findings.violated(Property::NonTriviality, || {
            let claim = format!(
                "{} is aborted after all voted for it, nothing failed, and the client did not ask",
                txn.gid
            );
            txn.violation(&[txn.aborted_by], claim, [last.vote_delivered, abort])
        });
    }
}
