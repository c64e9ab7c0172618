//! Heuristic decisions (X/Open XA): a participant in doubt is made to decide by itself, because somebody needs its locks
//! more than the outcome. It remembers what it did until the coordinator has decided the same or has reported the
//! difference.

use history::{Decision, Gid, NodeId, RecordKind};
use protocol::{BodyReader, Effects, LogRecord, Message};

use super::branch::Phase;
use super::commitment::decided_record;
use super::{ParticipantState, VirtualParticipant, purpose};

/// What was decided here without the coordinator.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alone {
    pub(super) decision: Decision,
}

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
        if self.branches.get(gid).is_none_or(|branch| branch.phase != Phase::Prepared) {
            return;
        }
        let alone = Alone { decision };
        effects.append_lazily(alone.record(gid));
        self.alone.insert(gid, alone);
        match decision {
            Decision::Commit => {
                self.apply_and_finish(gid, decided_record(gid, Decision::Commit), effects);
            }
            Decision::Abort => {
                effects.force(decided_record(gid, Decision::Abort));
                self.finish(gid, Decision::Abort, effects);
            }
        }
        // Its inquiry may have been under way; if it was not, it is now.
        effects.set_timer(self.config.inquiry_first, gid, purpose::INQUIRY);
    }

    /// The coordinator has decided. Says so if this participant did otherwise; if it did the same, nobody need know.
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
            Some(_) => {
                self.forget_alone(gid, effects);
                false
            }
            None => false,
        }
    }

    /// What was decided here is known where it counts.
    pub(super) fn forget_alone(&mut self, gid: Gid, effects: &mut Effects) {
        if self.alone.remove(gid).is_some() && !self.disk_full {
            let mut record = LogRecord::new(RecordKind::Other, gid);
            record.push_u32(FORGOTTEN);
            // If this is lost, it is asked and said once more.
            effects.append_lazily(record);
        }
    }

    /// What was decided here without the coordinator, as long as it does not know.
    pub(super) fn decided_alone(&self) -> Vec<Gid> {
        self.alone.iter().map(|(gid, _)| gid).collect()
    }

    /// Whether there is a decision that this participant has to hear.
    pub(super) fn awaits_decision(&self, gid: Gid) -> bool {
        self.state(gid) == ParticipantState::Prepared || self.alone.get(gid).is_some()
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
