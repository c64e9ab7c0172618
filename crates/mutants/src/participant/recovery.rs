//! Bugs in what a participant writes for its next life, and in what it makes of what it finds.

use std::collections::BTreeSet;

use harness_core::Property::{ClientTruth, Consistency, Durability};
use harness_core::history::{Gid, RecordKind};
use protocol::{StoredRecord, sound_records};

use super::{COMMITTED, is_prepared};
use crate::kinds::{Reads, writes};
use crate::mutant::{Mutant, participant};

pub(super) fn catalogue() -> Vec<Mutant> {
    vec![
        participant(
            "prepare_forgotten_on_restart",
            "What was promised is forgotten in a restart.",
            ClientTruth,
            || {
                Reads(|log| {
                    let over = decided(log);
                    log.retain(|stored| !is_prepared(&stored.record) || over.contains(&stored.record.gid));
                })
            },
        )
        .seen("MySQL #75204"),
        participant(
            "committed_branch_prepared_again",
            "The last commit is not found after a restart, and is in doubt again.",
            Durability,
            || {
                Reads(|log| {
                    if let Some(last) = log.iter().rposition(|stored| stored.record.kind == COMMITTED) {
                        log.remove(last);
                    }
                })
            },
        )
        .seen("MongoDB SERVER-103717"),
        participant(
            "last_write_of_a_promise_lost",
            "Of what it promises to commit, the last write is not in the log.",
            Durability,
            || {
                writes(|mut record, forced| {
                    let length = record.body.len();
                    if is_prepared(&record) && length > LEADER_BYTES {
                        record.body.truncate(length - WRITE_BYTES);
                    }
                    Some((record, forced))
                })
            },
        )
        .seen("YugabyteDB #32280"),
        participant(
            "torn_record_accepted",
            "A record that was written in part is taken for a whole one.",
            Consistency,
            || {
                Reads(|log| {
                    if sound_records(log).is_ok() {
                        trust(log);
                    }
                })
            },
        ),
        participant(
            "checksum_not_verified",
            "A damaged record is taken for a sound one.",
            Consistency,
            || Reads(trust),
        ),
    ]
}

/// How long the parts of a prepared record are that the virtual participant writes: whom it obeys, and each write.
const LEADER_BYTES: usize = 8;
const WRITE_BYTES: usize = 12;

/// The transactions that are decided here.
fn decided(log: &[StoredRecord]) -> BTreeSet<Gid> {
    let decisions = log.iter().filter(|stored| matches!(stored.record.kind, RecordKind::Decided(_)));
    decisions.map(|stored| stored.record.gid).collect()
}

#[expect(clippy::ptr_arg, reason = "it is one of those that may drop records")]
fn trust(log: &mut Vec<StoredRecord>) {
    log.iter_mut().for_each(|stored| stored.intact = true);
}
