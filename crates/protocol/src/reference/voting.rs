//! Phase one: work, then votes.

use std::sync::Arc;

use history::{Decision, Gid, Outcome, ParticipantId, Vote};

use super::{Phase, Progress, ReferenceCoordinator, in_phase, in_phase_two};
use crate::effects::Effects;
use crate::message::{Message, Refusal};
use crate::transaction::{DistributedTransaction, Ending};

impl ReferenceCoordinator {
    pub(super) fn begin(&mut self, transaction: Arc<DistributedTransaction>, effects: &mut Effects) {
        let gid = transaction.id;
        if gid < self.next_gid {
            return effects.refuse(gid);
        }
        if transaction.participant_ids.is_empty() {
            self.next_gid = Gid(gid.0 + 1);
            let wanted = transaction.ending == Ending::Commit;
            return effects.answer(gid, if wanted { Outcome::Committed } else { Outcome::Aborted });
        }
        let open = self.open_new(gid, Phase::Executing, transaction.participant_ids.iter().copied());
        for branch in &open.branches {
            let message = Message::Execute { transaction: Arc::clone(&transaction) };
            effects.send(branch.participant.into(), message);
        }
        open.transaction = Some(transaction);
        self.execute_deadlines.set(self.now, gid, in_phase(&self.open, Phase::Executing), effects);
    }

    pub(super) fn executed(
        &mut self,
        gid: Gid,
        participant: ParticipantId,
        life: u32,
        effects: &mut Effects,
    ) {
        let Some(open) = self.open.get_mut(gid) else { return };
        if open.phase != Phase::Executing || !open.advance(participant, Progress::Working, Progress::Executed)
        {
            return;
        }
        if let Some(branch) = open.branch_mut(participant) {
            branch.life = life;
        }
        if open.awaited == 0 {
            let ending = open.transaction.as_ref().map(|transaction| transaction.ending);
            if ending == Some(Ending::Abort) { self.abort(gid, effects) } else { self.prepare(gid, effects) }
        }
    }

    /// A participant that could not do the work has rolled back, which is a no. One that has finished a branch of
    /// this id knows what a coordinator may have forgotten in a crash: that the id was used before. That is news only
    /// while the work is awaited: later it answers an execute that was delivered twice.
    pub(super) fn failed(
        &mut self,
        gid: Gid,
        participant: ParticipantId,
        why: Refusal,
        effects: &mut Effects,
    ) {
        if why == Refusal::Unable {
            return self.voted(gid, participant, Vote::No, effects);
        }
        let Some(open) = self.open.get(gid) else { return };
        match (open.phase, why) {
            (Phase::Executing | Phase::Overdue, Refusal::Repeated) => self.refuse(gid, participant, effects),
            // It was over for a predecessor that did not know that it was deposed, and nobody remembers how it ended.
            (Phase::Delegated | Phase::Overdue, Refusal::Forgotten) => {
                effects.answer(gid, Outcome::Unknown);
                self.close(gid);
            }
            _ => {}
        }
    }

    /// The id was used before, and this use of it comes to nothing.
    pub(super) fn refuse(&mut self, gid: Gid, by: ParticipantId, effects: &mut Effects) {
        let branches = self.open.get(gid).map_or(&[][..], |open| &open.branches);
        for branch in branches.iter().filter(|branch| branch.participant != by) {
            effects.send(branch.participant.into(), Message::Abort { gid });
        }
        effects.refuse(gid);
        self.close(gid);
    }

    /// The work took too long, so the transaction aborts. But an only participant that is silent may have committed an
    /// earlier transaction of this id, and a coordinator that has restarted would not know, for that is in no log: it
    /// is asked, by the message that it answers the same way however often it arrives, and that ends what it may be at.
    pub(super) fn overdue(&mut self, gid: Gid, effects: &mut Effects) {
        let may_be_used = self.epoch > 1 && self.config.one_phase;
        match self.open.get_mut(gid) {
            Some(open) if may_be_used && open.branches.len() == 1 => {
                open.phase = Phase::Overdue;
                self.resend(gid, effects);
            }
            _ => self.abort(gid, effects),
        }
    }

    fn prepare(&mut self, gid: Gid, effects: &mut Effects) {
        let low_water = self.low_water();
        let Some(open) = self.open.get_mut(gid) else { return };
        open.awaited = open.branches.len();
        if self.config.one_phase
            && let [only] = open.branches[..]
        {
            open.phase = Phase::Delegated;
            let message = Message::CommitOnePhase { gid, life: only.life, low_water };
            effects.send(only.participant.into(), message);
            return self.retries.set(self.now, gid, in_phase_two(&self.open), effects);
        }
        open.phase = Phase::Collecting;
        for branch in &open.branches {
            let message = Message::Prepare { gid, life: branch.life, low_water };
            effects.send(branch.participant.into(), message);
        }
        self.vote_deadlines.set(self.now, gid, in_phase(&self.open, Phase::Collecting), effects);
    }

    /// A vote for a transaction that is not collecting votes is no news: the participant has been told, or it
    /// will inquire.
    pub(super) fn voted(&mut self, gid: Gid, participant: ParticipantId, vote: Vote, effects: &mut Effects) {
        let Some(open) = self.open.get_mut(gid) else { return };
        match (open.phase, vote) {
            (Phase::Executing | Phase::Collecting, Vote::No) => {
                let Some(branch) = open.branch_mut(participant) else { return };
                branch.progress = Progress::Finished;
                self.abort(gid, effects);
            }
            (Phase::Collecting, Vote::Yes | Vote::ReadOnly) => {
                let to = if vote == Vote::Yes { Progress::Prepared } else { Progress::Finished };
                if open.advance(participant, Progress::Executed, to) && open.awaited == 0 {
                    self.commit(gid, effects);
                }
            }
            (Phase::Delegated | Phase::Overdue, Vote::No) => {
                self.close_unlogged(gid, Decision::Abort, effects)
            }
            (Phase::Delegated | Phase::Overdue, Vote::ReadOnly) => {
                self.close_unlogged(gid, Decision::Commit, effects)
            }
            (Phase::Executing, Vote::Yes | Vote::ReadOnly)
            | (Phase::Delegated | Phase::Overdue, Vote::Yes)
            | (Phase::Committing, _) => {}
        }
    }
}
