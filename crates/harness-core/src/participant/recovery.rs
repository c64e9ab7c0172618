//! The log of a participant, read and kept short: what is durable is the last checkpoint and the records since.

use history::{Decision, Fact, Gid, Key, LockMode, RecordKind, Value};
use protocol::{BodyReader, Effects, LogPosition, LogRecord, StoredRecord};

use super::branch::Phase;
use super::commitment::prepared_record;
use super::leader::Leader;
use super::{Locking, VirtualParticipant};

/// The log is checkpointed when it has grown by this many records, beside one for each item written and each branch,
/// of which a checkpoint may need as many: then checkpoints cost as little as the records themselves, and the log
/// stays in the caches.
const CHECKPOINT_AFTER: u64 = 256;

impl VirtualParticipant {
    pub(super) fn start(&mut self, log: &[StoredRecord], effects: &mut Effects) {
        self.log_first = LogPosition(effects.next_position().0 - log.len() as u64);
        let Some(sound) = effects.read_log(log) else { return };
        for stored in sound {
            self.replay(&stored.record);
        }
        for gid in protocol::Participant::in_doubt(self) {
            if self.locking == Locking::Strict {
                self.take_back_locks(gid, effects);
            }
            self.inquire(gid, 0, effects);
        }
        self.decided_alone().into_iter().for_each(|gid| self.inquire(gid, 0, effects));
    }

    fn replay(&mut self, record: &LogRecord) {
        let gid = record.gid;
        let mut body = record.reader();
        match record.kind {
            RecordKind::Other if gid != Gid::INITIAL => self.replay_alone(gid, body),
            RecordKind::Other => self.restore(body),
            RecordKind::Prepared => {
                let mut branch = self.spare.pop().unwrap_or_default();
                branch.phase = Phase::Prepared;
                branch.coordinator = self.leader.node;
                branch.writes.extend(std::iter::from_fn(|| next_write(&mut body)));
                self.branches.insert(gid, branch);
            }
            RecordKind::Decided(decision) => {
                self.replay_decided(gid, decision, &body);
                let prepared = self.branches.remove(gid).map(|branch| branch.writes).unwrap_or_default();
                let own = std::iter::from_fn(|| next_write(&mut body));
                if decision == Decision::Commit {
                    for (key, value) in prepared.into_iter().chain(own) {
                        self.store.write(key, value, gid);
                    }
                }
                self.remember(gid, decision);
            }
            RecordKind::Ended => {}
        }
    }

    /// A prepared branch holds its locks again before anything else runs; its reads are over, so only for writes.
    fn take_back_locks(&mut self, gid: Gid, effects: &mut Effects) {
        let Some(branch) = self.branches.get_mut(gid) else { return };
        for &(key, _) in &branch.writes {
            let mode = LockMode::Exclusive;
            // Two prepared branches have written the same key only if one of them did not keep to its locks.
            if !self.store.lock(gid, key, mode) {
                self.store.stop_waiting(gid, key, &mut self.granted);
                continue;
            }
            branch.locks.push((key, mode));
            effects.note(Fact::LockGranted { gid, key, mode });
        }
    }

    /// Keeps the log short.
    pub(super) fn checkpoint_if_long(&mut self, effects: &mut Effects) {
        let length = effects.next_position().0 - self.log_first.0;
        if length >= CHECKPOINT_AFTER + self.store.written_count() + 2 * self.branches.len() as u64 {
            self.checkpoint_log(effects);
        }
    }

    /// Writes a checkpoint and what is prepared, and drops all before.
    pub(super) fn checkpoint_log(&mut self, effects: &mut Effects) {
        if self.disk_full {
            return;
        }
        let first = effects.force(self.checkpoint());
        for (gid, branch) in self.branches.iter().filter(|(_, branch)| branch.phase == Phase::Prepared) {
            effects.force(prepared_record(gid, branch));
        }
        for (gid, alone) in self.alone.iter() {
            effects.force(alone.record(gid));
        }
        effects.truncate(first);
        self.log_first = first;
    }

    /// A checkpoint of nothing but whom it obeys.
    pub(super) fn leader_record(&self) -> LogRecord {
        self.checkpoint_head(0, 0)
    }

    /// Whom it obeys, low-water mark, finished branches, items.
    fn checkpoint(&self) -> LogRecord {
        let bytes = 8 * self.finished.len() + 16 * self.store.written_count() as usize;
        let mut record = self.checkpoint_head(self.finished.len(), bytes);
        for (gid, &decision) in self.finished.iter() {
            record.push_u32(gid.0);
            record.push_u32(u32::from(decision == Decision::Commit));
        }
        for (key, value, writer) in self.store.written() {
            record.push_u32(key.0);
            record.push_value(value);
            record.push_u32(writer.0);
        }
        record
    }

    /// What each checkpoint begins with: whom it obeys, low-water mark, and how many finished branches follow, in so many
    /// bytes with what else does.
    fn checkpoint_head(&self, finished: usize, bytes: usize) -> LogRecord {
        let mut record = LogRecord::with_capacity(RecordKind::Other, Gid::INITIAL, 16 + bytes);
        self.leader.write(&mut record);
        record.push_u32(self.low_water.0);
        record.push_u32(finished as u32);
        record
    }

    fn restore(&mut self, mut body: BodyReader<'_>) {
        self.leader.follow(Leader::read(&mut body));
        self.low_water = Gid(body.u32().unwrap_or(0));
        for _ in 0..body.u32().unwrap_or(0) {
            if let (Some(gid), Some(committed)) = (body.u32(), body.u32()) {
                self.remember(Gid(gid), if committed == 1 { Decision::Commit } else { Decision::Abort });
            }
        }
        while let (Some(key), Some(value), Some(writer)) = (body.u32(), body.value(), body.u32()) {
            self.store.write(Key(key), value, Gid(writer));
        }
    }
}

fn next_write(body: &mut BodyReader<'_>) -> Option<(Key, Value)> {
    Some((Key(body.u32()?), body.value()?))
}
