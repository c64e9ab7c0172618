//! Durability: what a committed transaction wrote is in the final state, unless a later one overwrote it, whatever
//! crashed (Gray and Reuter); and what was durable once is never lost.

use history::{Gid, Key, NodeId, RecordKind};

use crate::findings::Findings;
use crate::position::Logged;
use crate::property::Property;
use crate::result::{Evidence, Violation};
use crate::run::{Run, Version};
use crate::transaction::Transaction;

/// A record did not survive a crash: it must not have been durable.
pub(crate) fn lost(
    txn: &mut Transaction,
    (node, record): (NodeId, RecordKind),
    sequence: u64,
    findings: &mut Findings,
) {
    let Some(logged) = txn.logged(node, record) else { return };
    findings.checked(Property::Durability, 1);
    let Logged { durable, .. } = *logged;
    if !logged.lose() {
        findings.violated(Property::Durability, || {
            let claim = format!("{node} loses its record \"{record}\" of {}, which was durable", txn.gid);
            txn.violation(&[node], claim, [durable, txn.position(sequence)])
        });
    }
}

/// A participant's store holds a value at the end: it must be the last committed one.
pub(crate) fn stored(
    (node, key, value): (NodeId, Key, i64),
    sequence: u64,
    run: &mut Run,
    findings: &mut Findings,
) {
    run.total += i128::from(value);
    run.stored_last = Some(sequence);
    let participant = run.participant(node);
    *participant.stored.get_mut(key.0) = true;
    let expected = *participant.latest.get_mut(key.0);
    findings.checked(Property::Consistency, 1);
    findings.checked(Property::Durability, u64::from(expected.writer != Gid::INITIAL));
    if expected.value == value {
        return;
    }
    let crashed = participant.crashed;
    findings.violated(Property::Consistency, || Violation {
        gid: None,
        transactions: Vec::new(),
        nodes: vec![node],
        claim: format!(
            "{node} holds {value} in {key} at the end, where a replay of what committed has {}",
            expected.value
        ),
        evidence: evidence(expected, None, Some(sequence)),
    });
    if expected.writer != Gid::INITIAL {
        findings.violated(Property::Durability, || Violation {
            gid: Some(expected.writer),
            transactions: Vec::new(),
            nodes: vec![node],
            claim: format!(
                "the write of {} to {key} of {node} (value {}) is lost at the end",
                expected.writer, expected.value
            ),
            evidence: evidence(expected, crashed, Some(sequence)),
        });
    }
}

/// The run is over: a store that is silent about a key has lost what was written there.
pub(crate) fn conclude(run: &Run, findings: &mut Findings) {
    for (number, participant) in run.participants.iter() {
        let written = participant.latest.iter().filter(|(_, version)| version.writer != Gid::INITIAL);
        for (key, &expected) in written.filter(|&(key, _)| participant.stored.get(key) != Some(&true)) {
            let key = Key(key);
            if participant.left_down {
                findings.not_checked(Property::Durability);
                findings.not_checked(Property::Consistency);
                continue;
            }
            findings.checked(Property::Durability, 1);
            // A store may leave out a key that is back at its initial value.
            if expected.value == 0 {
                continue;
            }
            findings.violated(Property::Durability, || {
                let node = NodeId::from(history::ParticipantId(number));
                Violation {
                    gid: Some(expected.writer),
                    transactions: Vec::new(),
                    nodes: vec![node],
                    claim: format!(
                        "the write of {} to {key} of {node} (value {}) is gone at the end",
                        expected.writer, expected.value
                    ),
                    evidence: evidence(expected, participant.crashed, None),
                }
            });
        }
    }
}

/// What was written, the crash since then, and what is there at the end.
fn evidence(written: Version, crashed: Option<u64>, stored: Option<u64>) -> Vec<Evidence> {
    let wrote = (written.writer != Gid::INITIAL).then_some(written.sequence);
    let crashed = crashed.filter(|&crash| crash > written.sequence);
    let sequences = wrote.into_iter().chain(crashed).chain(stored);
    sequences.map(|sequence| Evidence { sequence, event: None }).collect()
}
