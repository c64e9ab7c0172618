//! Votes and decisions of a branch.

use history::{Decision, Fact, Gid, Key, NodeId, RecordKind, Value, Vote};
use protocol::{Effects, LogRecord, Message, Refusal};

use super::branch::{Branch, Phase};
use super::{Locking, VirtualParticipant, is_prepared, purpose};

impl VirtualParticipant {
    pub(super) fn prepare(&mut self, from: NodeId, gid: Gid, life: u32, effects: &mut Effects) {
        let vote = |vote| Message::Vote { gid, vote };
        let (has_room, same_life) = (self.has_room(), life == self.life);
        let Some(branch) = self.branches.get_mut(gid) else {
            // Never begun, rolled back, or finished. One that finished with a commit has voted long ago.
            if self.finished.get(gid) != Some(&Decision::Commit) {
                self.abort(gid, effects);
                effects.send(from, vote(Vote::No));
            }
            return;
        };
        branch.coordinator = from;
        match branch.phase {
            Phase::Prepared => effects.send(from, vote(Vote::Yes)),
            Phase::Active if same_life && branch.can_prepare && branch.writes.is_empty() => {
                effects.send(from, vote(Vote::ReadOnly));
                self.finish(gid, Decision::Commit, effects);
            }
            Phase::Active if same_life && branch.can_prepare && has_room => {
                branch.phase = Phase::Prepared;
                effects.force(prepared_record(gid, branch));
                effects.send(from, vote(Vote::Yes));
                self.inquiries.set(self.now, gid, is_prepared(&self.branches, true), effects);
                if self.locking == Locking::UntilPrepared {
                    self.unlock(gid, effects);
                }
            }
            // A yes is a promise, and nothing can be promised that there is no room to keep, or that was read in another
            // life, under locks that are lost.
            Phase::Active | Phase::Waiting => {
                effects.send(from, vote(Vote::No));
                self.abort(gid, effects);
            }
        }
    }

    pub(super) fn commit(&mut self, from: NodeId, gid: Gid, effects: &mut Effects) {
        if self.has_decided_otherwise(gid, Decision::Commit, from, effects) {
            return;
        }
        match self.branches.get(gid).map(|branch| branch.phase) {
            // There is no room for the record: the coordinator will say it again.
            Some(Phase::Prepared) if self.disk_full => return,
            Some(Phase::Prepared) => {
                self.apply_and_finish(gid, decided_record(gid, Decision::Commit), effects)
            }
            // A commit before the vote is the coordinator's mistake, and so is one after an abort: neither can be
            // acknowledged.
            Some(Phase::Waiting | Phase::Active) => return,
            None if self.finished.get(gid) == Some(&Decision::Abort) => return,
            // Committed and perhaps forgotten: the coordinator waits for nothing else than this.
            None => {}
        }
        effects.send(from, Message::Acknowledge { gid });
    }

    /// Decides by itself, once: asked again, it answers the same.
    pub(super) fn commit_one_phase(&mut self, from: NodeId, gid: Gid, life: u32, effects: &mut Effects) {
        let answer = match self.branches.get(gid).map(|branch| (branch.phase, &**branch)) {
            // Bound by its yes, which the only participant is never asked for: not to be decided this way.
            Some((Phase::Prepared, _)) => return,
            Some((Phase::Active, branch)) if !branch.can_prepare || life != self.life => None,
            Some((Phase::Active, branch)) if branch.writes.is_empty() => {
                self.finish(gid, Decision::Commit, effects);
                Some(Message::Vote { gid, vote: Vote::ReadOnly })
            }
            Some((Phase::Active, _)) if self.disk_full => None,
            Some((Phase::Active, branch)) => {
                let record = committed_with_writes(gid, branch);
                self.apply_and_finish(gid, record, effects);
                Some(Message::Acknowledge { gid })
            }
            Some((Phase::Waiting, _)) => None,
            None if self.finished.get(gid) == Some(&Decision::Commit) => Some(Message::Acknowledge { gid }),
            // It was over for a coordinator that did not know that it was deposed.
            None if gid < self.low_water => Some(Message::Failed { gid, why: Refusal::Forgotten }),
            None => None,
        };
        if answer.is_none() {
            self.abort(gid, effects);
        }
        effects.send(from, answer.unwrap_or(Message::Vote { gid, vote: Vote::No }));
    }

    pub(super) fn apply_and_finish(&mut self, gid: Gid, record: LogRecord, effects: &mut Effects) {
        effects.force(record);
        if let Some(branch) = self.branches.get(gid) {
            for &(key, value) in &branch.writes {
                self.store.write(key, value, gid);
                effects.note(Fact::Applied { gid, key, value });
            }
        }
        self.finish(gid, Decision::Commit, effects);
    }

    pub(super) fn inquire(&mut self, gid: Gid, times: u32, effects: &mut Effects) {
        effects.send(self.leader.to_ask(times, self.config.coordinators), Message::Inquire { gid });
        let wait = self.config.inquiry_first.0.saturating_mul(2 << times.min(20));
        let wait = history::Nanos(wait).min(self.config.inquiry_longest);
        effects.set_timer(wait, gid, purpose::INQUIRY + times + 1);
    }

    /// A coordinator has restarted and calls: it is the one to ask now.
    pub(super) fn inquire_all(&mut self, coordinator: NodeId, effects: &mut Effects) {
        for gid in protocol::Participant::in_doubt(self).into_iter().chain(self.decided_alone()) {
            effects.send(coordinator, Message::Inquire { gid });
        }
    }
}

/// What commit needs after a crash: what to apply.
pub(super) fn prepared_record(gid: Gid, branch: &Branch) -> LogRecord {
    let mut record = LogRecord::with_capacity(RecordKind::Prepared, gid, 12 * branch.writes.len());
    push_writes(&mut record, &branch.writes);
    record
}

/// The decision of a branch whose writes are in its prepared record.
pub(super) fn decided_record(gid: Gid, decision: Decision) -> LogRecord {
    LogRecord::new(RecordKind::Decided(decision), gid)
}

fn committed_with_writes(gid: Gid, branch: &Branch) -> LogRecord {
    let mut record = decided_record(gid, Decision::Commit);
    push_writes(&mut record, &branch.writes);
    record
}

fn push_writes(record: &mut LogRecord, writes: &[(Key, Value)]) {
    for &(key, value) in writes {
        record.push_u32(key.0);
        record.push_value(value);
    }
}
