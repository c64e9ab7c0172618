//! Bugs of participants: promises that are not kept, or not kept safe, and locks that are not held.

mod promises;
mod recovery;
mod store;

use harness_core::history::{Decision, RecordKind, Vote};
use protocol::{Effect, LogRecord, Message};

use crate::mutant::Mutant;

/// All of them.
pub(crate) fn catalogue() -> Vec<Mutant> {
    [promises::catalogue(), store::catalogue(), recovery::catalogue()].concat()
}

const COMMITTED: RecordKind = RecordKind::Decided(Decision::Commit);

fn is_prepared(record: &LogRecord) -> bool {
    record.kind == RecordKind::Prepared
}

fn is_yes(effect: &Effect) -> bool {
    matches!(effect, Effect::Send { message: Message::Vote { vote: Vote::Yes, .. }, .. })
}
