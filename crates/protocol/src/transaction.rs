//! What a client asks for: a transaction over some participants.

use history::{Gid, Key, OpKind, ParticipantId, Value};
use serde::{Deserialize, Serialize};

/// A transaction as the client hands it to the coordinator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistributedTransaction {
    /// The global id, never used before. Ids start at 1 and are dense.
    pub id: Gid,
    /// Who takes part, each once. One without reads and writes is read-only.
    pub participant_ids: Vec<ParticipantId>,
    /// What to read. Reads come before writes.
    #[serde(default)]
    pub reads: Vec<Read>,
    /// What to write, in this order.
    #[serde(default)]
    pub writes: Vec<Write>,
    /// What the client asks for once the work is done.
    #[serde(default)]
    pub ending: Ending,
}

/// What a client asks for once the work is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// To commit.
    #[default]
    Commit,
    /// To abort, before any prepare.
    Abort,
}

/// A read of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// Where.
    pub participant: ParticipantId,
    /// What.
    pub key: Key,
}

/// A write of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// Where.
    pub participant: ParticipantId,
    /// What.
    pub key: Key,
    /// The new value, or what to add or append to the old one.
    pub value: Value,
    /// What to do with it.
    #[serde(default)]
    pub change: Change,
}

/// What a write does to a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Replaces the value.
    #[default]
    Put,
    /// Adds to the value, which is read too.
    Add,
    /// Appends to the list that the value stands for, which is read too.
    Append,
}

impl From<Change> for OpKind {
    fn from(change: Change) -> Self {
        match change {
            Change::Put => Self::Put,
            Change::Add => Self::Add,
            Change::Append => Self::Append,
        }
    }
}

/// One thing to do on one participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// On which key.
    pub key: Key,
    /// What to do.
    pub kind: OpKind,
    /// With what value (0 for a read).
    pub value: Value,
}

impl DistributedTransaction {
    /// A transaction that does nothing yet.
    pub fn new(id: Gid, participant_ids: Vec<ParticipantId>) -> Self {
        Self { id, participant_ids, reads: Vec::new(), writes: Vec::new(), ending: Ending::Commit }
    }

    /// What `participant` is to do, in order.
    pub fn work_of(&self, participant: ParticipantId) -> impl Iterator<Item = Operation> {
        let reads = self.reads.iter().filter(move |read| read.participant == participant);
        let writes = self.writes.iter().filter(move |write| write.participant == participant);
        let reads = reads.map(|read| Operation { key: read.key, kind: OpKind::Read, value: Value(0) });
        reads.chain(writes.map(|write| {
            let kind = OpKind::from(write.change);
            Operation { key: write.key, kind, value: write.value }
        }))
    }
}
