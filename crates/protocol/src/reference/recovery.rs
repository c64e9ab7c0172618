//! What a coordinator does with its log after a restart, and what it answers to those who lost their answer.

use history::{Decision, Gid, Outcome, ParticipantId, RecordKind};

use super::{Phase, Progress, ReferenceCoordinator, in_phase_two};
use crate::effects::{Effects, LogPosition};
use crate::log::{LogRecord, StoredRecord};
use crate::message::Message;
use crate::transaction::{DistributedTransaction, Ending};

impl ReferenceCoordinator {
    pub(super) fn start(&mut self, log: &[StoredRecord], epoch: u32, effects: &mut Effects) {
        self.epoch = epoch;
        self.log_first = LogPosition(effects.next_position().0 - log.len() as u64);
        let Some(sound) = effects.read_log(log) else { return };
        for stored in sound {
            self.replay(&stored.record);
        }
        for &gid in &self.mixed {
            // The report may not have left before the crash.
            effects.answer(gid, Outcome::HeuristicMixed);
        }
        let committing: Vec<Gid> = self.open.iter().map(|(gid, _)| gid).collect();
        for gid in committing {
            self.announce_commit(gid, effects);
        }
        if self.epoch > 1 {
            // Whoever is in doubt need not wait for its own patience to run out.
            for participant in 1..=self.config.participants {
                effects.send(ParticipantId(participant).into(), Message::Recover);
            }
        }
    }

    fn replay(&mut self, record: &LogRecord) {
        let gid = record.gid;
        let mut body = record.reader();
        match record.kind {
            RecordKind::Decided(Decision::Commit) => {
                let participants = std::iter::from_fn(|| body.u32().map(ParticipantId));
                let open = self.open_new(gid, Phase::Committing, participants);
                open.branches.iter_mut().for_each(|branch| branch.progress = Progress::Prepared);
            }
            RecordKind::Ended => {
                self.next_gid = self.next_gid.max(Gid(gid.0 + 1));
                self.close(gid);
            }
            RecordKind::Other if gid != Gid::INITIAL => {
                self.mixed.insert(gid);
                if let (Some(open), Some(participant)) = (self.open.get_mut(gid), body.u32()) {
                    open.advance(ParticipantId(participant), Progress::Prepared, Progress::Finished);
                }
            }
            RecordKind::Other => {
                self.next_gid = self.next_gid.max(Gid(body.u32().unwrap_or(1)));
            }
            RecordKind::Prepared | RecordKind::Decided(Decision::Abort) => {}
        }
    }

    /// While votes are being collected there is nothing to answer: the participant will hear the decision, or
    /// ask again.
    pub(super) fn inquired(&mut self, gid: Gid, participant: ParticipantId, effects: &mut Effects) {
        let decision = match self.open.get(gid).map(|open| open.phase) {
            Some(Phase::Committing) => Decision::Commit,
            Some(Phase::Executing | Phase::Overdue | Phase::Collecting | Phase::Delegated) => return,
            None => Decision::Abort,
        };
        effects.send(participant.into(), Message::DecisionReply { gid, decision });
    }

    /// A client lost its answer in the crash. What the log does not know as committed was not, except that the
    /// only participant of a transaction may have committed it by itself: it is asked, by the message that it
    /// answers the same way however often it arrives. Life 0 is nobody's, so the message commits nothing anew. Where the
    /// client wanted to abort there is nothing to ask: nobody was ever told to commit.
    pub(super) fn outcome_asked(&mut self, transaction: &DistributedTransaction, effects: &mut Effects) {
        let gid = transaction.id;
        match self.open.get(gid).map(|open| open.phase) {
            Some(Phase::Committing) => effects.answer(gid, Outcome::Committed),
            Some(Phase::Executing | Phase::Overdue | Phase::Collecting | Phase::Delegated) => {}
            None => match transaction.participant_ids[..] {
                [only] if self.config.one_phase && transaction.ending == Ending::Commit => {
                    self.open_new(gid, Phase::Delegated, std::iter::once(only));
                    let low_water = self.low_water();
                    effects.send(only.into(), Message::CommitOnePhase { gid, life: 0, low_water });
                    self.retries.set(self.now, gid, in_phase_two(&self.open), effects);
                }
                _ => {
                    self.next_gid = self.next_gid.max(Gid(gid.0 + 1));
                    effects.answer(gid, Outcome::Aborted);
                }
            },
        }
    }
}
