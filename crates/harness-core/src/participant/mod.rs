//! The virtual participant: a small transactional store with strict two-phase locking and a write-ahead log, as a
//! pure state machine. It is what an honest resource manager does, and nothing clever.
//!
//! A branch executes under locks; prepare forces its writes to the log; commit applies them, releases the locks
//! and forces a commit record before it acknowledges. What is in the store is what the log says: a restart
//! rebuilds it from the last checkpoint and the records since, and takes back the locks of prepared branches.

mod branch;
mod commitment;
mod heuristic;
mod leader;
mod locking;
mod recovery;
mod store;

use std::mem;

use history::{Decision, Fact, Gid, GidList, HaltReason, Key, Nanos, NodeId, ParticipantId, Value};
use protocol::{Deadlines, Effects, Incident, Input, LogPosition, Message, Participant, Timer};
use smallvec::SmallVec;

use crate::model::ParticipantConfig;
use branch::{Branch, Phase};
use heuristic::Alone;
use leader::Leader;
pub use locking::Locking;
use store::Store;

/// A participant that does everything right.
#[derive(Debug)]
pub struct VirtualParticipant {
    id: ParticipantId,
    config: ParticipantConfig,
    locking: Locking,
    store: Store,
    branches: GidList<Box<Branch>>,
    /// Kept to be used again: a branch costs no allocation here.
    #[expect(clippy::vec_box, reason = "what is kept is the box")]
    spare: Vec<Box<Branch>>,
    /// What became of branches that are over, down to the low-water mark: a repeated message must not begin again
    /// what is finished.
    finished: GidList<Decision>,
    /// What was decided here without the coordinator, as long as it does not know.
    alone: GidList<Alone>,
    /// No transaction below is open anywhere.
    low_water: Gid,
    /// Whom it obeys.
    leader: Leader,
    log_first: LogPosition,
    /// How often it was started on its log.
    life: u32,
    disk_full: bool,
    /// Prepared branches that were rolled back while there was no room to say so.
    unlogged_aborts: Vec<Gid>,
    /// There is room for so many prepared branches.
    prepared_max: u32,
    idle_deadlines: Deadlines,
    /// For the first inquiry; the times after have a timer each.
    inquiries: Deadlines,
    now: Nanos,
    /// Branches whose waiting locks were granted in this step, and which can go on.
    granted: SmallVec<[Gid; 4]>,
}

/// How a participant's branch stands, for whoever looks in from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParticipantState {
    /// It knows nothing of the transaction.
    Unknown,
    /// It waits for a lock.
    Waiting,
    /// It has done its work and has not voted.
    Active,
    /// It has voted yes and does not know the decision.
    Prepared,
    /// It is over.
    Finished(Decision),
}

/// What a participant's timers are for.
mod purpose {
    pub(super) const IDLE: u32 = 0;
    pub(super) const FIRST_INQUIRY: u32 = 1;
    /// The number above this is how often the participant has inquired.
    pub(super) const INQUIRY: u32 = 2;
    /// The number above this is how many locks the branch held when it began to wait for the next.
    pub(super) const LOCK: u32 = 1 << 31;
}

impl VirtualParticipant {
    /// A participant that has not started.
    pub fn new(id: ParticipantId, config: ParticipantConfig) -> Self {
        Self {
            id,
            config,
            locking: Locking::Strict,
            store: Store::default(),
            branches: GidList::default(),
            spare: Vec::new(),
            finished: GidList::default(),
            alone: GidList::default(),
            low_water: Gid::INITIAL,
            leader: Leader::default(),
            log_first: LogPosition(0),
            life: 0,
            disk_full: false,
            unlogged_aborts: Vec::new(),
            prepared_max: u32::MAX,
            idle_deadlines: Deadlines::new(config.idle_timeout, purpose::IDLE),
            inquiries: Deadlines::new(config.inquiry_first, purpose::FIRST_INQUIRY),
            now: Nanos::ZERO,
            granted: SmallVec::new(),
        }
    }

    /// Locks otherwise than it should.
    #[must_use]
    pub fn locking(self, locking: Locking) -> Self {
        Self { locking, ..self }
    }

    /// How the branch of `gid` stands.
    pub fn state(&self, gid: Gid) -> ParticipantState {
        match (self.branches.get(gid).map(|branch| branch.phase), self.finished.get(gid)) {
            (Some(Phase::Waiting), _) => ParticipantState::Waiting,
            (Some(Phase::Active), _) => ParticipantState::Active,
            (Some(Phase::Prepared), _) => ParticipantState::Prepared,
            (None, Some(&decision)) => ParticipantState::Finished(decision),
            (None, None) => ParticipantState::Unknown,
        }
    }

    fn received(&mut self, from: NodeId, epoch: u32, message: Message, effects: &mut Effects) {
        let before = self.leader;
        if !self.leader.admits(from, epoch) {
            return effects.send(from, Message::Deposed { epoch: self.leader.epoch });
        }
        if self.leader.node != before.node {
            if self.disk_full {
                // As if it had been lost on the way.
                self.leader = before;
                return;
            }
            // A crash must not make it obey the older one again. A restart of the same one needs no record: who took over
            // from it never gives the place back.
            effects.force(self.leader_record());
        }
        match message {
            Message::Execute { transaction } => self.execute(from, &transaction, effects),
            Message::Prepare { gid, life, low_water } => {
                self.raise_low_water(low_water);
                self.prepare(from, gid, life, effects);
            }
            Message::CommitOnePhase { gid, life, low_water } => {
                self.raise_low_water(low_water);
                self.commit_one_phase(from, gid, life, effects);
            }
            Message::Commit { gid } | Message::DecisionReply { gid, decision: Decision::Commit } => {
                self.commit(from, gid, effects);
            }
            Message::Abort { gid } | Message::DecisionReply { gid, decision: Decision::Abort } => {
                if !self.has_decided_otherwise(gid, Decision::Abort, from, effects) {
                    self.abort(gid, effects);
                }
            }
            Message::Recover => self.inquire_all(from, effects),
            Message::Forget { gid } => {
                self.forget_alone(gid, false, effects);
            }
            Message::Executed { .. }
            | Message::Failed { .. }
            | Message::Vote { .. }
            | Message::Acknowledge { .. }
            | Message::Inquire { .. }
            | Message::Heuristic { .. }
            | Message::Deposed { .. } => {}
        }
    }

    fn timer_fired(&mut self, timer: Timer, effects: &mut Effects) {
        let (now, gid) = (self.now, timer.gid);
        match timer.purpose {
            purpose::IDLE => {
                while let Some(gid) =
                    self.idle_deadlines.next_passed(now, is_prepared(&self.branches, false), effects)
                {
                    self.abort(gid, effects);
                }
            }
            purpose::FIRST_INQUIRY => {
                while let Some(gid) =
                    self.inquiries.next_passed(now, is_prepared(&self.branches, true), effects)
                {
                    self.inquire(gid, 0, effects);
                }
            }
            purpose::LOCK.. => self.lock_overdue(gid, timer.purpose - purpose::LOCK, effects),
            times => {
                if self.awaits_decision(gid) {
                    self.inquire(gid, times - purpose::INQUIRY, effects);
                }
            }
        }
    }

    fn befallen(&mut self, incident: Incident, effects: &mut Effects) {
        match incident {
            Incident::CannotPrepare(gid) => {
                if let Some(branch) = self.branches.get_mut(gid) {
                    branch.can_prepare = false;
                }
            }
            Incident::LockTimeout(gid) => self.lock_denied(gid, effects),
            Incident::Heuristic { gid, decision } => self.decide_alone(gid, decision, effects),
            Incident::PreparedLimit(most) => self.prepared_max = most,
            Incident::DiskFull => self.disk_full = true,
            Incident::DiskFreed => {
                self.disk_full = false;
                // Before any other branch is prepared on their keys.
                for gid in mem::take(&mut self.unlogged_aborts) {
                    effects.append_lazily(commitment::decided_record(gid, Decision::Abort));
                }
            }
            Incident::SyncFailed => effects.halt(HaltReason::SyncFailed),
            Incident::Checkpoint => self.checkpoint_log(effects),
            Incident::Deposed => {}
        }
    }

    /// Whether there is room to prepare one more branch.
    fn has_room(&self) -> bool {
        let prepared = || self.branches.iter().filter(|(_, branch)| branch.phase == Phase::Prepared).count();
        !self.disk_full && (self.prepared_max == u32::MAX || prepared() < self.prepared_max as usize)
    }

    fn raise_low_water(&mut self, low_water: Gid) {
        if low_water > self.low_water {
            self.low_water = low_water;
            self.finished.remove_below(low_water);
        }
    }

    /// Forgets a branch and remembers what became of it.
    fn finish(&mut self, gid: Gid, decision: Decision, effects: &mut Effects) {
        effects.note(Fact::Decided { gid, decision });
        if let Some(mut branch) = self.branches.remove(gid) {
            let leaks = self.locking == Locking::BeyondAbort && decision == Decision::Abort;
            if !branch.locks.is_empty() && !leaks {
                self.store.release(gid, &branch.locks, &mut self.granted);
                effects.note(Fact::LocksReleased { gid });
            }
            branch.clear();
            self.spare.push(branch);
        }
        self.remember(gid, decision);
        // Releasing locks lets others go on, which may fail none and finish none: no recursion.
        for granted in mem::take(&mut self.granted) {
            self.go_on(granted, effects);
        }
    }

    /// Gives up the locks of a branch that is not over.
    fn unlock(&mut self, gid: Gid, effects: &mut Effects) {
        let Some(branch) = self.branches.get_mut(gid) else { return };
        let locks = mem::take(&mut branch.locks);
        self.store.release(gid, &locks, &mut self.granted);
        effects.note(Fact::LocksReleased { gid });
        for granted in mem::take(&mut self.granted) {
            self.go_on(granted, effects);
        }
    }

    fn remember(&mut self, gid: Gid, decision: Decision) {
        if gid >= self.low_water {
            self.finished.insert(gid, decision);
        }
    }
}

/// Whether a branch that is not over has voted yes, or has not.
fn is_prepared(branches: &GidList<Box<Branch>>, prepared: bool) -> impl Fn(Gid) -> bool {
    move |gid| branches.get(gid).is_some_and(|branch| (branch.phase == Phase::Prepared) == prepared)
}

impl Participant for VirtualParticipant {
    fn step(&mut self, now: Nanos, input: Input<'_>, effects: &mut Effects) {
        self.now = now;
        match input {
            Input::Start { log, epoch } => {
                self.life = epoch;
                self.start(log, effects);
            }
            Input::Received { from, epoch, message } => self.received(from, epoch, message, effects),
            Input::TimerFired(timer) => self.timer_fired(timer, effects),
            Input::Befallen(incident) => self.befallen(incident, effects),
            Input::Synced { .. } => {}
            Input::Asked(_) => {}
        }
        self.checkpoint_if_long(effects);
    }

    fn oldest_unsettled(&self) -> Option<Gid> {
        self.branches.first().into_iter().chain(self.alone.first()).min()
    }

    fn in_doubt(&self) -> Vec<Gid> {
        let prepared = self.branches.iter().filter(|(_, branch)| branch.phase == Phase::Prepared);
        prepared.map(|(gid, _)| gid).collect()
    }

    fn locks(&self) -> Vec<(Gid, Key)> {
        self.store.locks()
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        self.store.contents()
    }
}

#[cfg(test)]
mod tests;
