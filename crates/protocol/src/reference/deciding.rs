//! The decision, and phase two.

use history::{Decision, Fact, Gid, Nanos, Outcome, ParticipantId, RecordKind};

use super::{Branch, Open, Phase, Progress, ReferenceCoordinator, in_phase_two, purpose};
use crate::effects::Effects;
use crate::log::LogRecord;
use crate::message::Message;

/// The log is checkpointed when it has grown by this many records, beside two for each open transaction.
const CHECKPOINT_AFTER: u64 = 1024;

impl ReferenceCoordinator {
    /// All votes are in and none is no.
    pub(super) fn commit(&mut self, gid: Gid, effects: &mut Effects) {
        let Some(open) = self.open.get_mut(gid) else { return };
        open.branches.retain(|branch| branch.progress == Progress::Prepared);
        if open.branches.is_empty() {
            // Nobody wrote anything, so nothing can be lost: no record.
            return self.close_unlogged(gid, Decision::Commit, effects);
        }
        if self.disk_full {
            // What cannot be logged cannot be decided, and an abort needs no record.
            return self.abort(gid, effects);
        }
        // The decision must be durable before anyone hears of it: a coordinator that forgot a commit would
        // presume an abort after its restart.
        effects.force(decided_record(gid, open));
        effects.note(Fact::Decided { gid, decision: Decision::Commit });
        effects.answer(gid, Outcome::Committed);
        self.announce_commit(gid, effects);
    }

    /// Sends commit to all that are prepared, for the first time of this incarnation.
    pub(super) fn announce_commit(&mut self, gid: Gid, effects: &mut Effects) {
        let Some(open) = self.open.get_mut(gid) else { return };
        open.phase = Phase::Committing;
        open.awaited = 0;
        for branch in open.branches.iter().filter(|branch| branch.progress == Progress::Prepared) {
            open.awaited += 1;
            effects.send(branch.participant.into(), Message::Commit { gid });
        }
        if open.awaited == 0 {
            return self.end(gid, effects);
        }
        self.retries.set(self.now, gid, in_phase_two(&self.open), effects);
    }

    /// Nobody can have heard of a commit. An abort is not logged and not acknowledged: who misses it will ask,
    /// and hear abort because nothing is known.
    pub(super) fn abort(&mut self, gid: Gid, effects: &mut Effects) {
        let Some(open) = self.open.get(gid) else { return };
        for branch in open.branches.iter().filter(|branch| branch.progress != Progress::Finished) {
            effects.send(branch.participant.into(), Message::Abort { gid });
        }
        self.close_unlogged(gid, Decision::Abort, effects);
    }

    pub(super) fn acknowledged(&mut self, gid: Gid, participant: ParticipantId, effects: &mut Effects) {
        let Some(open) = self.open.get_mut(gid) else { return };
        match open.phase {
            Phase::Delegated => self.close_unlogged(gid, Decision::Commit, effects),
            Phase::Committing => {
                if open.advance(participant, Progress::Prepared, Progress::Finished) && open.awaited == 0 {
                    self.end(gid, effects);
                }
            }
            Phase::Overdue => self.refuse(gid, participant, effects),
            Phase::Executing | Phase::Collecting => {}
        }
    }

    /// All have the commit.
    fn end(&mut self, gid: Gid, effects: &mut Effects) {
        // Without the record a restarted coordinator announces the commit again, which harms nobody.
        if !self.disk_full {
            effects.append_lazily(LogRecord::new(RecordKind::Ended, gid));
        }
        self.close(gid);
        self.checkpoint_if_long(effects);
    }

    /// A participant was made to decide by itself before it heard the decision, and otherwise. The client hears of it,
    /// whatever it was told before.
    pub(super) fn decided_otherwise(
        &mut self,
        gid: Gid,
        participant: ParticipantId,
        decision: Decision,
        effects: &mut Effects,
    ) {
        let phase = self.open.get(gid).map(|open| open.phase);
        match (phase, decision) {
            (Some(Phase::Committing), Decision::Abort) | (None, _) => {}
            // It has heard no decision of this coordinator.
            _ => return,
        }
        let is_awaited = |branch: &mut Branch| branch.progress == Progress::Prepared;
        let awaited =
            self.open.get_mut(gid).and_then(|open| open.branch_mut(participant)).is_some_and(is_awaited);
        if awaited || !self.mixed.contains(&gid) {
            if self.disk_full {
                // It will say it again.
                return;
            }
            // Told to forget, it will not acknowledge the commit: nobody must wait for that after a restart.
            let mut record = LogRecord::new(RecordKind::Other, gid);
            record.push_u32(participant.0);
            effects.force(record);
        }
        if self.mixed.insert(gid) {
            effects.answer(gid, Outcome::HeuristicMixed);
        }
        effects.send(participant.into(), Message::Forget { gid });
        self.acknowledged(gid, participant, effects);
    }

    pub(super) fn resend(&mut self, gid: Gid, effects: &mut Effects) {
        let (config, low_water) = (self.config, self.low_water());
        let Some(open) = self.open.get_mut(gid) else { return };
        for branch in open.branches.iter().filter(|branch| branch.progress != Progress::Finished) {
            let message = match open.phase {
                Phase::Committing => Message::Commit { gid },
                Phase::Delegated => Message::CommitOnePhase { gid, life: branch.life, low_water },
                // Whatever it has done meanwhile was done in another life.
                Phase::Overdue => Message::CommitOnePhase { gid, life: 0, low_water },
                Phase::Executing | Phase::Collecting => return,
            };
            effects.send(branch.participant.into(), message);
        }
        open.resent += 1;
        let wait = config.retry_first.0.saturating_mul(1 << open.resent.min(20));
        effects.set_timer(Nanos(wait).min(config.retry_longest), gid, purpose::RETRY);
    }

    /// Keeps the log short.
    fn checkpoint_if_long(&mut self, effects: &mut Effects) {
        let length = effects.next_position().0 - self.log_first.0;
        let needed = self.mixed.len() + 2 * self.open.len();
        if length >= CHECKPOINT_AFTER + needed as u64 {
            self.checkpoint_log(effects);
        }
    }

    /// Writes again what is still open, and drops all before.
    pub(super) fn checkpoint_log(&mut self, effects: &mut Effects) {
        if self.disk_full {
            return;
        }
        let first = effects.force(self.checkpoint());
        for &gid in &self.mixed {
            effects.force(LogRecord::new(RecordKind::Other, gid));
        }
        for (gid, open) in self.open.iter().filter(|(_, open)| open.phase == Phase::Committing) {
            effects.force(decided_record(gid, open));
        }
        effects.truncate(first);
        self.log_first = first;
    }

    fn checkpoint(&self) -> LogRecord {
        let mut record = LogRecord::new(RecordKind::Other, Gid::INITIAL);
        record.push_u32(self.next_gid.0);
        record
    }
}

/// Names all that have yet to acknowledge the commit.
fn decided_record(gid: Gid, open: &Open) -> LogRecord {
    let bytes = 4 * open.branches.len();
    let mut record = LogRecord::with_capacity(RecordKind::Decided(Decision::Commit), gid, bytes);
    for Branch { participant, .. } in
        open.branches.iter().filter(|branch| branch.progress == Progress::Prepared)
    {
        record.push_u32(participant.0);
    }
    record
}
