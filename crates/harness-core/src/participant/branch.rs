//! A branch at work: it takes its locks in the order of keys, then reads and writes, then says so.

use std::sync::Arc;

use history::{Decision, Fact, Gid, Key, LockMode, NodeId, OpKind, Value};
use protocol::{DistributedTransaction, Effects, Message, Operation, Refusal};
use smallvec::SmallVec;

use super::{Locking, VirtualParticipant, is_prepared, purpose};

/// One transaction's share of this participant.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) phase: Phase,
    pub(super) coordinator: NodeId,
    pub(super) can_prepare: bool,
    /// What is left to do once all locks are held.
    work: SmallVec<[Operation; 2]>,
    /// In the order of keys, which keeps branches of one participant from deadlock.
    wanted: SmallVec<[(Key, LockMode); 2]>,
    /// The first of those wanted that are held.
    pub(super) locks: SmallVec<[(Key, LockMode); 2]>,
    /// What a commit will apply: the last value of each key.
    pub(super) writes: SmallVec<[(Key, Value); 2]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waits for a lock.
    Waiting,
    /// Has done its work, and may still abort by itself.
    Active,
    /// Has voted yes, and is bound.
    Prepared,
}

impl Default for Branch {
    fn default() -> Self {
        Self {
            phase: Phase::Waiting,
            coordinator: NodeId::COORDINATOR,
            can_prepare: true,
            work: SmallVec::new(),
            wanted: SmallVec::new(),
            locks: SmallVec::new(),
            writes: SmallVec::new(),
        }
    }
}

impl Branch {
    pub(super) fn clear(&mut self) {
        self.can_prepare = true;
        self.work.clear();
        self.wanted.clear();
        self.locks.clear();
        self.writes.clear();
    }

    fn plan(&mut self, work: impl Iterator<Item = Operation>, locking: Locking) {
        self.work.extend(work);
        self.wanted.extend(self.work.iter().map(|operation| {
            let reads = operation.kind == OpKind::Read;
            (operation.key, if reads { LockMode::Shared } else { LockMode::Exclusive })
        }));
        match locking {
            Locking::Nothing => self.wanted.clear(),
            Locking::WritesOnly => self.wanted.retain(|&mut (_, mode)| mode == LockMode::Exclusive),
            _ => {}
        }
        if self.wanted.len() > 1 {
            // The stronger mode first, so that it is the one that stays.
            self.wanted.sort_unstable_by_key(|&(key, mode)| (key, mode == LockMode::Shared));
            self.wanted.dedup_by_key(|&mut (key, _)| key);
        }
    }

    /// The value that this branch sees: its own write, or what is in the store.
    fn own_write(&self, key: Key) -> Option<Value> {
        self.writes.iter().find(|&&(written, _)| written == key).map(|&(_, value)| value)
    }

    fn set(&mut self, key: Key, value: Value) {
        match self.writes.iter_mut().find(|(written, _)| *written == key) {
            Some(write) => write.1 = value,
            None => self.writes.push((key, value)),
        }
    }
}

impl VirtualParticipant {
    pub(super) fn execute(
        &mut self,
        from: NodeId,
        transaction: &Arc<DistributedTransaction>,
        effects: &mut Effects,
    ) {
        let gid = transaction.id;
        if gid < self.low_water || self.finished.get(gid).is_some() {
            return effects.send(from, Message::Failed { gid, why: Refusal::Repeated });
        }
        if self.branches.get(gid).is_some() {
            return;
        }
        let mut branch = self.spare.pop().unwrap_or_default();
        branch.phase = Phase::Waiting;
        branch.coordinator = from;
        branch.plan(transaction.work_of(self.id), self.locking);
        self.branches.insert(gid, branch);
        self.idle_deadlines.set(self.now, gid, is_prepared(&self.branches, false), effects);
        self.take_locks(gid, effects);
    }

    /// Takes the locks that are wanted and not held, until one is not free.
    fn take_locks(&mut self, gid: Gid, effects: &mut Effects) {
        let Some(branch) = self.branches.get_mut(gid) else { return };
        while let Some(&(key, mode)) = branch.wanted.get(branch.locks.len()) {
            if !self.store.lock(gid, key, mode) {
                effects.note(Fact::LockWaited { gid, key, mode });
                let purpose = purpose::LOCK + branch.locks.len() as u32;
                return effects.set_timer(self.config.lock_timeout, gid, purpose);
            }
            branch.locks.push((key, mode));
            effects.note(Fact::LockGranted { gid, key, mode });
        }
        self.work(gid, effects);
    }

    /// The lock that the branch waited for is its own now.
    pub(super) fn go_on(&mut self, gid: Gid, effects: &mut Effects) {
        let Some(branch) = self.branches.get_mut(gid) else { return };
        let Some(&(key, mode)) = branch.wanted.get(branch.locks.len()) else { return };
        branch.locks.push((key, mode));
        effects.note(Fact::LockGranted { gid, key, mode });
        self.take_locks(gid, effects);
    }

    fn work(&mut self, gid: Gid, effects: &mut Effects) {
        let Some(branch) = self.branches.get_mut(gid) else { return };
        for operation in std::mem::take(&mut branch.work) {
            let Operation { key, kind, value } = operation;
            if kind != OpKind::Put {
                let writer = if branch.own_write(key).is_some() { gid } else { self.store.read(key).1 };
                effects.note(Fact::Read { gid, key, writer });
            }
            if kind == OpKind::Read {
                continue;
            }
            let before = branch.own_write(key).unwrap_or_else(|| self.store.read(key).0);
            let value = kind.apply(before, value);
            branch.set(key, value);
            effects.note(Fact::Wrote { gid, key, value });
        }
        branch.phase = Phase::Active;
        effects.send(branch.coordinator, Message::Executed { gid, life: self.life });
    }

    /// If the lock after so many that are held has not come in time, the branch is rolled back, and the coordinator
    /// hears of it.
    pub(super) fn lock_overdue(&mut self, gid: Gid, held: u32, effects: &mut Effects) {
        match self.branches.get(gid) {
            Some(branch) if branch.phase == Phase::Waiting && branch.locks.len() == held as usize => {
                self.lock_denied(gid, effects);
            }
            _ => {}
        }
    }

    /// A branch that cannot have its locks is rolled back, unless it has promised by then.
    pub(super) fn lock_denied(&mut self, gid: Gid, effects: &mut Effects) {
        if let Some(branch) = self.branches.get(gid).filter(|branch| branch.phase != Phase::Prepared) {
            effects.send(branch.coordinator, Message::Failed { gid, why: Refusal::Unable });
            self.abort(gid, effects);
        }
    }

    /// Gives up the place in the queue of a lock, if the branch has one.
    pub(super) fn stop_waiting(&mut self, gid: Gid) {
        let Some(branch) = self.branches.get(gid) else { return };
        if let (Phase::Waiting, Some(&(key, _))) = (branch.phase, branch.wanted.get(branch.locks.len())) {
            self.store.stop_waiting(gid, key, &mut self.granted);
        }
    }

    /// Rolls back a branch, or makes sure that one that comes late never begins.
    pub(super) fn abort(&mut self, gid: Gid, effects: &mut Effects) {
        let Some(branch) = self.branches.get(gid) else {
            if self.finished.get(gid).is_none() {
                self.remember(gid, Decision::Abort);
            }
            return;
        };
        if branch.phase == Phase::Prepared {
            // Lazily: if this is lost, the branch is in doubt again, asks, and hears the same.
            if self.disk_full {
                self.unlogged_aborts.push(gid);
            } else {
                effects.append_lazily(super::commitment::decided_record(gid, Decision::Abort));
            }
        }
        self.stop_waiting(gid);
        self.finish(gid, Decision::Abort, effects);
    }
}
