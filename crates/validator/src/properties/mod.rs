//! The properties, one a file, and when each is judged: at an event, when a transaction is over, or at the end.

pub(crate) mod agreement;
pub(crate) mod client_truth;
pub(crate) mod consistency;
pub(crate) mod durability;
pub(crate) mod exactly_once;
pub(crate) mod isolation;
pub(crate) mod non_triviality;
pub(crate) mod nothing_left_over;
pub(crate) mod stability;
pub(crate) mod termination;
pub(crate) mod unanimity;
pub(crate) mod write_ahead;

use crate::findings::Findings;
use crate::run::Run;
use crate::transaction::Transaction;

/// Judges a transaction of which no more is to come.
pub(crate) fn judge(txn: &mut Transaction, run: &mut Run, findings: &mut Findings) {
    txn.sort_ops();
    agreement::check(txn, findings);
    stability::check(txn, findings);
    unanimity::check(txn, findings);
    non_triviality::check(txn, run, findings);
    if !run.terms.without_log {
        write_ahead::check(txn, findings);
    }
    client_truth::check(txn, run, findings);
    consistency::complete(txn, run, findings);
}

/// Judges what should not be there any more when the run ends.
pub(crate) fn judge_at_end(txn: &Transaction, run: &Run, findings: &mut Findings) {
    termination::check(txn, run, findings);
}

/// Judges what is said of the run as a whole.
pub(crate) fn judge_run(run: &Run, findings: &mut Findings) {
    termination::conclude(run, findings);
    durability::conclude(run, findings);
    consistency::conclude(run, findings);
    nothing_left_over::conclude(run, findings);
}
