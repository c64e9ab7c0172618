//! Heuristic decisions (X/Open XA): a participant in doubt is made to decide by itself, because somebody needs its locks
//! more than the outcome. It remembers what it did until the coordinator has decided the same or has reported the
//! difference.

use history::{Decision, Gid, NodeId, RecordKind};
use protocol::{BodyReader, Effect, Effects, LogRecord, Message};

use super::branch::Phase;
use super::commitment::decided_record;
use super::{ParticipantState, VirtualParticipant, purpose};

/// What was decided here without the coordinator.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alone {
    pub(super) decision: Decision,
}

/// All that the record of a decision says that was taken alone; one that was not says nothing, or what it writes.
const DECIDED_ALONE: u32 = 1;

/// The words of an [`Alone`] record.
const FORGOTTEN: u32 = 0;
const ABORTED: u32 = 1;
const COMMITTED: u32 = 2;

impl Alone {
    pub(super) fn record(&self, gid: Gid) -> LogRecord {
        let mut record = LogRecord::new(RecordKind::Other, gid);
        record.push_u32(if self.decision == Decision::Commit { COMMITTED } else { ABORTED });
        record
    }
}

impl VirtualParticipant {
    /// Decides a branch that is in doubt. Others are not to be decided this way.
    pub(super) fn decide_alone(&mut self, gid: Gid, decision: Decision, effects: &mut Effects) {
        let is_prepared = self.branches.get(gid).is_some_and(|branch| branch.phase == Phase::Prepared);
        // What cannot be remembered must not be done.
        if !is_prepared || self.disk_full {
            return;
        }
        self.alone.insert(gid, Alone { decision });
        // One record says both: of two, a crash could keep the one and lose the other.
        let mut record = decided_record(gid, decision);
        record.push_u32(DECIDED_ALONE);
        match decision {
            Decision::Commit => self.apply_and_finish(gid, record, effects),
            Decision::Abort => {
                effects.force(record);
                self.finish(gid, Decision::Abort, effects);
            }
        }
        // Its inquiry may have been under way; if it was not, it is now.
        effects.set_timer(self.config.inquiry_first, gid, purpose::INQUIRY);
    }

    /// The coordinator has decided. Says so if this participant did otherwise; if it did the same, nobody need know.
    /// Whether that is all there is to do for now.
    pub(super) fn has_decided_otherwise(
        &mut self,
        gid: Gid,
        decision: Decision,
        from: NodeId,
        effects: &mut Effects,
    ) -> bool {
        match self.alone.get(gid) {
            Some(alone) if alone.decision != decision => {
                effects.send(from, Message::Heuristic { gid, decision: alone.decision });
                true
            }
            Some(_) => match decision {
                // Acknowledged, it is known nowhere else.
                Decision::Commit => !self.forget_alone(gid, true, effects),
                Decision::Abort => !self.forget_alone(gid, false, effects),
            },
            None => false,
        }
    }

    /// What was decided here is known where it counts. A record that is not forced may be lost, and then it is asked and
    /// said once more. Tells whether there was room for it.
    pub(super) fn forget_alone(&mut self, gid: Gid, forced: bool, effects: &mut Effects) -> bool {
        if self.disk_full {
            return false;
        }
        if self.alone.remove(gid).is_some() {
            let mut record = LogRecord::new(RecordKind::Other, gid);
            record.push_u32(FORGOTTEN);
            effects.push(Effect::Append { record, forced });
        }
        true
    }

    /// What was decided here without the coordinator, as long as it does not know.
    pub(super) fn decided_alone(&self) -> Vec<Gid> {
        self.alone.iter().map(|(gid, _)| gid).collect()
    }

    /// Whether there is a decision that this participant has to hear.
    pub(super) fn awaits_decision(&self, gid: Gid) -> bool {
        self.state(gid) == ParticipantState::Prepared || self.alone.get(gid).is_some()
    }

    /// A decision that was taken here by itself is found in the log.
    pub(super) fn replay_decided(&mut self, gid: Gid, decision: Decision, body: &BodyReader<'_>) {
        let (mut body, mut rest) = (body.clone(), body.clone());
        let is_more = rest.value().is_some();
        if !is_more && body.u32() == Some(DECIDED_ALONE) {
            self.alone.insert(gid, Alone { decision });
        }
    }

    pub(super) fn replay_alone(&mut self, gid: Gid, mut body: BodyReader<'_>) {
        let decision = match body.u32() {
            Some(COMMITTED) => Decision::Commit,
            Some(ABORTED) => Decision::Abort,
            _ => {
                self.alone.remove(gid);
                return;
            }
        };
        self.alone.insert(gid, Alone { decision });
    }
}
