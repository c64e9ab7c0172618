//! What the coordinator knows of transactions that are not over, and the records from which it knows it again.

use std::collections::{BTreeMap, BTreeSet};

use adapter_tokio::history::{Decision, Gid, ParticipantId, RecordKind};
use adapter_tokio::{LogPosition, LogRecord};

/// Where a transaction stands.
#[derive(Clone, Debug)]
pub(crate) enum Phase {
    /// Nothing is decided here.
    Open,
    /// It is committed, and these have yet to acknowledge.
    Committing(Vec<ParticipantId>),
}

/// What the coordinator knows.
#[derive(Debug)]
pub(crate) struct Memory {
    /// All ids below were used.
    next: Gid,
    phases: BTreeMap<Gid, Phase>,
    /// Of these some participant did otherwise, by its own decision.
    pub(crate) mixed: BTreeSet<Gid>,
    /// Where the log begins.
    pub(crate) log_first: LogPosition,
}

impl Memory {
    pub(crate) fn new(log_first: LogPosition) -> Self {
        Self { next: Gid(1), phases: BTreeMap::new(), mixed: BTreeSet::new(), log_first }
    }

    /// Begins a transaction unless the id was used before. Ids ascend in the order in which transactions begin.
    pub(crate) fn begin(&mut self, gid: Gid) -> bool {
        let is_new = gid >= self.next;
        if is_new {
            self.used(gid);
            self.phases.insert(gid, Phase::Open);
        }
        is_new
    }

    pub(crate) fn used(&mut self, gid: Gid) {
        self.next = self.next.max(Gid(gid.0 + 1));
    }

    pub(crate) fn phase(&self, gid: Gid) -> Option<Phase> {
        self.phases.get(&gid).cloned()
    }

    pub(crate) fn commit(&mut self, gid: Gid, participants: impl Iterator<Item = ParticipantId>) {
        self.used(gid);
        self.phases.insert(gid, Phase::Committing(participants.collect()));
    }

    pub(crate) fn end(&mut self, gid: Gid) {
        self.phases.remove(&gid);
    }

    pub(crate) fn open(&self) -> usize {
        self.phases.len()
    }

    /// What is committed and not acknowledged, with those who have yet to.
    pub(crate) fn committing(&self) -> Vec<(Gid, Vec<ParticipantId>)> {
        let committing = self.phases.iter().filter_map(|(&gid, phase)| match phase {
            Phase::Committing(participants) => Some((gid, participants.clone())),
            Phase::Open => None,
        });
        committing.collect()
    }

    /// The records from which all this is known again.
    pub(crate) fn checkpoint(&self) -> Vec<LogRecord> {
        let mut first = LogRecord::new(RecordKind::Other, Gid::INITIAL);
        first.push_u32(self.next.0);
        let mixed = self.mixed.iter().map(|&gid| mixed(gid));
        let committing = self.committing();
        let decided =
            committing.into_iter().map(|(gid, participants)| decided(gid, participants.into_iter()));
        std::iter::once(first).chain(mixed).chain(decided).collect()
    }
}

/// Names all that have yet to acknowledge the commit.
pub(crate) fn decided(gid: Gid, participants: impl Iterator<Item = ParticipantId>) -> LogRecord {
    let mut record = LogRecord::new(RecordKind::Decided(Decision::Commit), gid);
    participants.for_each(|participant| record.push_u32(participant.0));
    record
}

pub(crate) fn mixed(gid: Gid) -> LogRecord {
    LogRecord::new(RecordKind::Other, gid)
}
