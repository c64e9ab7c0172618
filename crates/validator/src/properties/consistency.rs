//! Consistency: the final state is that of a serial replay of the committed transactions' operations, in the order in
//! which each participant applied them; and a declared total is conserved.
//!
//! Under strict two-phase locking that order is the order of the locks. The state of a participant that is down at the
//! end is unknown and not compared.

use history::{Key, NodeId};

use crate::branch::Op;
use crate::findings::Findings;
use crate::isolation::Checker;
use crate::property::Property;
use crate::result::{Evidence, Violation};
use crate::run::{Participant, Run, Version};
use crate::transaction::{Past, Transaction};

/// A branch announces a write: it must be what its operations so far make of the key.
pub(crate) fn wrote(
    txn: &mut Transaction,
    (node, key, value): (NodeId, Key, i64),
    sequence: u64,
    run: &mut Run,
    findings: &mut Findings,
) {
    if txn.past != Past::None || !txn.begun.happened() {
        return;
    }
    txn.sort_ops();
    let latest = *run.participant(node).latest.get_mut(key.0);
    let mut held = latest.value;
    // Whether a write is announced for each operation or once for the key is the participant's choice.
    let explained = txn.ops_on(node, key).iter().any(|op| {
        held = op.apply(held);
        op.writes() && held == value
    });
    findings.checked(Property::Consistency, 1);
    if !explained {
        findings.violated(Property::Consistency, || {
            let claim = match txn.ops_on(node, key).last() {
                Some(_) => {
                    format!("{node} computes {value} for {key} in {}, where a replay has {held}", txn.gid)
                }
                None => format!("{node} computes {value} for {key} in {}, which nobody asked for", txn.gid),
            };
            misapplied(txn, (node, key), latest, claim, sequence)
        });
    }
}

/// A committed branch's write reaches the store: it must be what its operations make of the key.
pub(crate) fn applied(
    txn: &mut Transaction,
    (node, key, value): (NodeId, Key, i64),
    sequence: u64,
    run: &mut Run,
    findings: &mut Findings,
) {
    txn.sort_ops();
    let before = run.participant(node).apply(key, Version { value, writer: txn.gid, sequence });
    if txn.past == Past::None && txn.begun.happened() {
        findings.checked(Property::Consistency, 1);
        let replayed = replay(txn.ops_on(node, key), before.value);
        if replayed != Some(value) {
            findings.violated(Property::Consistency, || {
                let gid = txn.gid;
                let claim = match replayed {
                    Some(replayed) => {
                        format!("{node} sets {key} to {value} for {gid}, where a replay has {replayed}")
                    }
                    None => format!("{node} sets {key} to {value} for {gid}, which nobody asked for"),
                };
                misapplied(txn, (node, key), before, claim, sequence)
            });
        }
    }
    let (index, now) = (txn.branch_at(node), txn.position(sequence));
    txn.apply(index, key, value, now);
}

/// A branch's commit record is durable: what it applied survives crashes.
#[inline]
pub(crate) fn harden(txn: &Transaction, branch: usize, participant: &mut Participant) {
    for write in txn.writes_of(branch) {
        let sequence = txn.sequence(write.applied).unwrap_or_default();
        let version = Version { value: write.value, writer: txn.gid, sequence };
        participant.harden(write.key, version);
    }
}

/// A branch's commit record was lost: what it applied is undone.
pub(crate) fn revert(txn: &Transaction, branch: usize, participant: &mut Participant) {
    txn.writes_of(branch).for_each(|write| participant.revert(write.key));
}

/// A node restarts and finds the branch's commit record: what it had not applied before the crash it now has, without
/// a word.
pub(crate) fn replay_log(
    txn: &mut Transaction,
    branch: usize,
    sequence: u64,
    participant: &mut Participant,
    isolation: &mut Checker,
) {
    txn.sort_ops();
    let now = txn.position(sequence);
    for key in unapplied(txn, branch) {
        let node = txn.branches()[branch].node;
        let ops = txn.ops_on(node, key);
        let held = participant.latest.get_mut(key.0).value;
        let value = replay(ops, held).expect("an unapplied write is a write");
        participant.harden(key, Version { value, writer: txn.gid, sequence });
        txn.apply(branch, key, value, now);
        isolation.install(txn.gid, Op::place(node, key), sequence);
    }
}

/// A transaction is over: a branch that committed has applied all that it was asked to write.
pub(crate) fn complete(txn: &mut Transaction, run: &mut Run, findings: &mut Findings) {
    if txn.past != Past::None {
        return;
    }
    for index in 0..txn.branches().len() {
        let branch = txn.branches()[index];
        // As many writes as operations that write: no key was written twice, and none is missing.
        if !branch.commits().happened() || branch.write_ops == branch.writes {
            continue;
        }
        let missing = unapplied(txn, index);
        if missing.is_empty() {
            continue;
        }
        let participant = run.participants.get_mut(branch.node.number());
        let since = txn.sequence(branch.commit.appended.or_earlier(branch.commits()));
        if participant.left_down {
            continue;
        }
        if let Some(crash) = participant.crashed.filter(|&crash| since < Some(crash)) {
            // The crash came between the record and the store. The log will make up for it, if it has not yet.
            replay_log(txn, index, crash, participant, &mut run.isolation);
            continue;
        }
        for key in missing {
            findings.violated(Property::Consistency, || {
                let (gid, node) = (txn.gid, branch.node);
                let claim = format!("{node} commits {gid} and never applies its write to {key}");
                let asked = txn.ops_on(node, key).last().expect("the write was asked for").asked;
                txn.violation(&[node], claim, [asked, branch.commits()])
            });
        }
    }
}

/// The run is over: nothing shows that nobody committed, and the total is what it was.
pub(crate) fn conclude(run: &Run, findings: &mut Findings) {
    if !run.terms.conserved_total {
        return;
    }
    let down = run.participants.iter().any(|(_, participant)| participant.left_down);
    if down || run.mixed || !run.left_in_doubt.is_empty() {
        findings.not_checked(Property::Consistency);
        return;
    }
    findings.checked(Property::Consistency, 1);
    if run.total != run.total_inherited {
        findings.violated(Property::Consistency, || Violation {
            gid: None,
            transactions: Vec::new(),
            nodes: Vec::new(),
            claim: format!(
                "the total over all participants is {} at the end, not {} as declared",
                run.total, run.total_inherited
            ),
            evidence: run
                .stored_last
                .map(|sequence| Evidence { sequence, event: None })
                .into_iter()
                .collect(),
        });
    }
}

fn replay(ops: &[Op], before: i64) -> Option<i64> {
    ops.iter().any(Op::writes).then(|| ops.iter().fold(before, |held, op| op.apply(held)))
}

/// The keys that a branch was asked to write and did not.
fn unapplied(txn: &Transaction, branch: usize) -> Vec<Key> {
    let mut applied: Vec<Key> = txn.writes_of(branch).map(|write| write.key).collect();
    applied.sort_unstable();
    let on_keys = txn.ops_at(txn.branches()[branch].node).chunk_by(|a, b| a.place == b.place);
    let written = on_keys.filter(|on_key| on_key.iter().any(Op::writes)).map(|on_key| on_key[0].key());
    written.filter(|key| applied.binary_search(key).is_err()).collect()
}

/// Evidence against a value: what the key held, what was asked, and what was made of it.
fn misapplied(
    txn: &Transaction,
    (node, key): (NodeId, Key),
    before: Version,
    claim: String,
    sequence: u64,
) -> Violation {
    let mut violation = txn.violation(&[node], claim, [txn.position(sequence)]);
    let held = (before.writer != history::Gid::INITIAL).then_some(before.sequence);
    let asked = txn.ops_on(node, key).iter().filter_map(|op| txn.sequence(op.asked));
    let proof = held.into_iter().chain(asked).map(|sequence| Evidence { sequence, event: None });
    violation.evidence.extend(proof);
    violation.evidence.sort_by_key(|evidence| evidence.sequence);
    violation
}
