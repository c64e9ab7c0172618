//! Bugs of coordinators: what they forget to wait for, to write, to tell and to remember.

mod deciding;
mod recovery;
mod telling;
mod voting;

use std::collections::{BTreeMap, BTreeSet};

use harness_core::history::{Decision, Gid, NodeId, ParticipantId, RecordKind};
use protocol::{Effect, LogRecord, Message};

use crate::mutant::Mutant;

/// All of them.
pub(crate) fn catalogue() -> Vec<Mutant> {
    [voting::catalogue(), deciding::catalogue(), telling::catalogue(), recovery::catalogue()].concat()
}

const COMMITTED: RecordKind = RecordKind::Decided(Decision::Commit);

fn is_decision(record: &LogRecord) -> bool {
    record.kind == COMMITTED
}

/// The decision that is being written, if one is.
fn decided(effect: &Effect) -> Option<&LogRecord> {
    match effect {
        Effect::Append { record, .. } if is_decision(record) => Some(record),
        _ => None,
    }
}

/// The transaction whose end is being written, if one is.
fn ended(effect: &Effect) -> Option<Gid> {
    match effect {
        Effect::Append { record, .. } if record.kind == RecordKind::Ended => Some(record.gid),
        _ => None,
    }
}

/// Who has yet to hear of a commit, by its record.
fn named(record: &LogRecord) -> Vec<NodeId> {
    let mut body = record.reader();
    std::iter::from_fn(|| body.u32().map(|number| NodeId::from(ParticipantId(number)))).collect()
}

/// A commit record that names these.
fn naming(gid: Gid, nodes: &[NodeId]) -> LogRecord {
    let mut record = LogRecord::new(COMMITTED, gid);
    nodes.iter().for_each(|node| record.push_u32(node.number()));
    record
}

/// Who was sent what, by transaction.
#[derive(Debug, Default)]
struct Recipients(BTreeMap<Gid, BTreeSet<NodeId>>);

impl Recipients {
    /// Notes it if the message is one of those.
    fn note(&mut self, effect: &Effect, is_one: fn(&Message) -> bool) {
        if let Effect::Send { to, message } = effect
            && is_one(message)
        {
            self.0.entry(message.gid()).or_default().insert(*to);
        }
    }

    fn of(&self, gid: Gid) -> Vec<NodeId> {
        self.0.get(&gid).into_iter().flatten().copied().collect()
    }
}

fn is_prepare(message: &Message) -> bool {
    matches!(message, Message::Prepare { .. })
}

fn is_commit(message: &Message) -> bool {
    matches!(message, Message::Commit { .. })
}
