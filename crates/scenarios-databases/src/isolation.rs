//! Isolation as databases have it by themselves, without a lock that the driver asks for: all that transactions have in
//! common is in one database, which promises it, and each writes one key of its own in another, so that it takes two
//! phases. The database is killed with branches prepared, which must stay apart from the others all the same.

use harness_core::history::{Gid, Key, NodeId, ParticipantId, Point, Value};
use harness_core::{Change, DistributedTransaction, FailureMode, Level, Read, TestScenario, Write};

use crate::work::scenario;

const ELSEWHERE: ParticipantId = ParticipantId(1);
const HERE: ParticipantId = ParticipantId(2);
/// So many transactions meet on so few keys.
const TRANSACTIONS: u32 = 120;
const KEYS: u32 = 3;

/// Each reads two keys and writes one of them, in another order than the next does.
fn transaction(id: u32, change: Change) -> DistributedTransaction {
    let mut transaction = DistributedTransaction::new(Gid(id), vec![ELSEWHERE, HERE]);
    let (one, other) = (Key(id % KEYS), Key((id + 1 + id / KEYS % (KEYS - 1)) % KEYS));
    transaction.reads = [one, other].map(|key| Read { participant: HERE, key }).into();
    let value = Value(id.into());
    transaction.writes = vec![
        Write { participant: ELSEWHERE, key: Key(id), value, change: Change::Put },
        Write { participant: HERE, key: one, value, change },
    ];
    transaction
}

fn on_few_keys(description: &str, participants: u32, level: Level, change: Change) -> TestScenario {
    let scenario = scenario(description, participants).isolation(level).in_flight(8).fault_at(
        NodeId::from(HERE),
        FailureMode::Crash { restart_after_ms: Some(100) },
        Point::AfterVoteSent,
        // Most fail: not many more votes are sure to come.
        3,
    );
    (1..=TRANSACTIONS).fold(scenario, |scenario, id| scenario.transaction(transaction(id, change)))
}

/// REPEATABLE READ: of two that write what both have read, one fails, though reads take no locks.
pub fn snapshots_of_a_database_lose_no_update(participants: u32) -> TestScenario {
    let description =
        "Eight clients append to what they have read in a snapshot of a database that is killed.";
    on_few_keys(description, participants, Level::SnapshotIsolation, Change::Append)
}

/// SERIALIZABLE: two that each write what the other has read are as if one came after the other.
pub fn serializable_database_permits_no_write_skew(participants: u32) -> TestScenario {
    let description = "Eight clients write one of two keys that they have read in a database that is killed.";
    on_few_keys(description, participants, Level::Serializable, Change::Put)
}
