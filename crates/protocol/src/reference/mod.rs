//! The reference coordinator: two-phase commit with presumed abort (Mohan, Lindsay and Obermarck, *Transaction
//! Management in the R\* Distributed Database Management System*, 1986), with the read-only and one-phase
//! optimisations. It is one state machine for any number of concurrent transactions.
//!
//! What it owes to presumed abort: only a commit is logged; an abort is announced once and forgotten, and whoever
//! asks about a transaction that the coordinator does not know is told abort. So it must know every commit until
//! all participants have acknowledged it, and only then append END.

mod deciding;
mod recovery;
mod voting;

use std::collections::BTreeSet;
use std::sync::Arc;

use history::{Decision, Gid, GidMap, HaltReason, Nanos, NodeId, Outcome, ParticipantId};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::deadlines::Deadlines;
use crate::effects::{Effects, LogPosition, Timer};
use crate::message::Message;
use crate::node::{ClientRequest, Coordinator, Incident, Input};
use crate::transaction::DistributedTransaction;

/// How long the reference coordinator waits for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CoordinatorConfig {
    /// For the work of all participants, and again for their votes, before it aborts.
    pub vote_timeout: Nanos,
    /// For acknowledgements, before it sends a decision again for the first time; twice as long each time after.
    pub retry_first: Nanos,
    /// The longest time between two sends of the same decision.
    pub retry_longest: Nanos,
    /// Participants rm1 to this one are asked for their in-doubt branches after a restart.
    pub participants: u32,
    /// Whether the only participant of a transaction decides by itself, without a prepare.
    pub one_phase: bool,
}

impl Default for CoordinatorConfig {
    fn default() -> Self {
        Self {
            vote_timeout: Nanos::from_secs(2),
            retry_first: Nanos::from_millis(200),
            retry_longest: Nanos::from_secs(5),
            participants: 0,
            one_phase: true,
        }
    }
}

/// The reference coordinator.
#[derive(Debug)]
pub struct ReferenceCoordinator {
    config: CoordinatorConfig,
    open: GidMap<Box<Open>>,
    /// Transactions of which some participant did otherwise, by its own decision. An operator has to clear them up.
    mixed: BTreeSet<Gid>,
    /// Kept to be used again: a transaction costs no allocation here.
    #[expect(clippy::vec_box, reason = "what is kept is the box")]
    spare: Vec<Box<Open>>,
    /// All ids below were used. Ids ascend in the order in which transactions begin.
    next_gid: Gid,
    /// How often this log was started on.
    epoch: u32,
    log_first: LogPosition,
    disk_full: bool,
    execute_deadlines: Deadlines,
    vote_deadlines: Deadlines,
    /// For the first time that a message is sent again; the times after have a timer each.
    retries: Deadlines,
    now: Nanos,
}

/// A transaction that is not over.
#[derive(Debug, Default)]
struct Open {
    phase: Phase,
    /// In ascending order of participants.
    branches: SmallVec<[Branch; 4]>,
    /// How many branches have not yet done what the phase waits for.
    awaited: usize,
    /// How often the phase's message was sent again.
    resent: u32,
    /// Unknown after a restart.
    transaction: Option<Arc<DistributedTransaction>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Waits for the participants to do their work.
    #[default]
    Executing,
    /// Waits to hear from the only participant, whose work took too long, that it has not committed an earlier transaction
    /// of this id; however long that takes, as for any other that may have committed.
    Overdue,
    /// Waits for votes.
    Collecting,
    /// Has left the decision to the only participant, and waits to hear it.
    Delegated,
    /// Has decided to commit, and waits for acknowledgements.
    Committing,
}

#[derive(Clone, Copy, Debug)]
struct Branch {
    participant: ParticipantId,
    /// The epoch of the participant in which it did the work; 0 if it has not, or if nobody remembers.
    life: u32,
    progress: Progress,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Working,
    Executed,
    Prepared,
    /// Read-only, rolled back, or acknowledged: needs to hear nothing more.
    Finished,
}

/// What the coordinator's timers are for.
mod purpose {
    pub(super) const EXECUTE_DEADLINE: u32 = 0;
    pub(super) const VOTE_DEADLINE: u32 = 1;
    pub(super) const FIRST_RETRY: u32 = 2;
    pub(super) const RETRY: u32 = 3;
}

impl ReferenceCoordinator {
    /// A coordinator that has not started.
    pub fn new(config: CoordinatorConfig) -> Self {
        Self {
            config,
            open: GidMap::default(),
            mixed: BTreeSet::new(),
            spare: Vec::new(),
            next_gid: Gid(1),
            epoch: 0,
            log_first: LogPosition(0),
            disk_full: false,
            execute_deadlines: Deadlines::new(config.vote_timeout, purpose::EXECUTE_DEADLINE),
            vote_deadlines: Deadlines::new(config.vote_timeout, purpose::VOTE_DEADLINE),
            retries: Deadlines::new(config.retry_first, purpose::FIRST_RETRY),
            now: Nanos::ZERO,
        }
    }

    fn received(&mut self, from: NodeId, message: &Message, effects: &mut Effects) {
        let Some(participant) = from.participant() else { return };
        match *message {
            Message::Executed { gid, life } => self.executed(gid, participant, life, effects),
            Message::Failed { gid, why } => self.failed(gid, participant, why, effects),
            Message::Vote { gid, vote } => self.voted(gid, participant, vote, effects),
            Message::Acknowledge { gid } => self.acknowledged(gid, participant, effects),
            Message::Inquire { gid } => self.inquired(gid, participant, effects),
            Message::Heuristic { gid, decision } => {
                self.decided_otherwise(gid, participant, decision, effects)
            }
            Message::Deposed { epoch } if epoch > self.epoch => effects.halt(HaltReason::Deposed),
            Message::Deposed { .. }
            | Message::Execute { .. }
            | Message::Prepare { .. }
            | Message::Commit { .. }
            | Message::Abort { .. }
            | Message::CommitOnePhase { .. }
            | Message::DecisionReply { .. }
            | Message::Forget { .. }
            | Message::Recover => {}
        }
    }

    fn timer_fired(&mut self, timer: Timer, effects: &mut Effects) {
        let now = self.now;
        match timer.purpose {
            purpose::EXECUTE_DEADLINE => {
                while let Some(gid) =
                    self.execute_deadlines.next_passed(now, in_phase(&self.open, Phase::Executing), effects)
                {
                    self.overdue(gid, effects);
                }
            }
            purpose::VOTE_DEADLINE => {
                while let Some(gid) =
                    self.vote_deadlines.next_passed(now, in_phase(&self.open, Phase::Collecting), effects)
                {
                    self.abort(gid, effects);
                }
            }
            purpose::FIRST_RETRY => {
                while let Some(gid) = self.retries.next_passed(now, in_phase_two(&self.open), effects) {
                    self.resend(gid, effects);
                }
            }
            _ => self.resend(timer.gid, effects),
        }
    }

    fn befallen(&mut self, incident: Incident, effects: &mut Effects) {
        match incident {
            Incident::DiskFull => self.disk_full = true,
            Incident::DiskFreed => self.disk_full = false,
            Incident::Checkpoint => self.checkpoint_log(effects),
            // Whether the records are on disk can only be read, not known (Rebello et al., *Can Applications Recover
            // from fsync Failures?*, 2020).
            Incident::SyncFailed => effects.halt(HaltReason::SyncFailed),
            Incident::Deposed => effects.halt(HaltReason::Deposed),
            Incident::CannotPrepare(_)
            | Incident::LockTimeout(_)
            | Incident::PreparedLimit(_)
            | Incident::Heuristic { .. } => {}
        }
    }

    /// No transaction below this one is open.
    fn low_water(&self) -> Gid {
        self.open.first().unwrap_or(self.next_gid)
    }

    fn open_new(
        &mut self,
        gid: Gid,
        phase: Phase,
        participants: impl Iterator<Item = ParticipantId>,
    ) -> &mut Open {
        let mut open = self.spare.pop().unwrap_or_default();
        open.phase = phase;
        open.resent = 0;
        open.branches.clear();
        open.branches.extend(participants.map(|participant| Branch {
            participant,
            life: 0,
            progress: Progress::Working,
        }));
        open.branches.sort_unstable_by_key(|branch| branch.participant);
        open.branches.dedup_by_key(|branch| branch.participant);
        open.awaited = open.branches.len();
        self.next_gid = self.next_gid.max(Gid(gid.0 + 1));
        self.open.insert(gid, open);
        self.open.get_mut(gid).expect("what was just inserted is there")
    }

    /// Forgets a transaction that is over.
    fn close(&mut self, gid: Gid) {
        if let Some(mut open) = self.open.remove(gid) {
            open.transaction = None;
            self.spare.push(open);
        }
    }

    /// Tells the client, notes the decision, and forgets a transaction that needs no record.
    fn close_unlogged(&mut self, gid: Gid, decision: Decision, effects: &mut Effects) {
        effects.note(history::Fact::Decided { gid, decision });
        effects.answer(gid, outcome_of(decision));
        self.close(gid);
    }
}

impl Open {
    fn branch_mut(&mut self, participant: ParticipantId) -> Option<&mut Branch> {
        // A handful is searched faster from the front.
        if self.branches.len() <= 8 {
            return self.branches.iter_mut().find(|branch| branch.participant == participant);
        }
        let index = self.branches.binary_search_by_key(&participant, |branch| branch.participant).ok()?;
        self.branches.get_mut(index)
    }

    /// Takes a branch from one state to another, and tells whether it was in the first.
    fn advance(&mut self, participant: ParticipantId, from: Progress, to: Progress) -> bool {
        match self.branch_mut(participant) {
            Some(branch) if branch.progress == from => {
                branch.progress = to;
                self.awaited -= 1;
                true
            }
            _ => false,
        }
    }
}

fn in_phase(open: &GidMap<Box<Open>>, phase: Phase) -> impl Fn(Gid) -> bool {
    move |gid| open.get(gid).is_some_and(|open| open.phase == phase)
}

/// The participants have yet to answer what is sent until they do.
fn in_phase_two(open: &GidMap<Box<Open>>) -> impl Fn(Gid) -> bool {
    move |gid| open.get(gid).is_some_and(|open| matches!(open.phase, Phase::Committing | Phase::Delegated))
}

fn outcome_of(decision: Decision) -> Outcome {
    match decision {
        Decision::Commit => Outcome::Committed,
        Decision::Abort => Outcome::Aborted,
    }
}

impl Coordinator for ReferenceCoordinator {
    fn step(&mut self, now: Nanos, input: Input<'_>, effects: &mut Effects) {
        self.now = now;
        match input {
            Input::Start { log, epoch } => self.start(log, epoch, effects),
            Input::Received { from, message, .. } => self.received(from, &message, effects),
            Input::TimerFired(timer) => self.timer_fired(timer, effects),
            Input::Befallen(incident) => self.befallen(incident, effects),
            Input::Synced { .. } => {}
            Input::Asked(ClientRequest::Begin(transaction)) => self.begin(transaction, effects),
            Input::Asked(ClientRequest::Outcome(transaction)) => self.outcome_asked(&transaction, effects),
        }
    }

    fn oldest_unsettled(&self) -> Option<Gid> {
        self.open.first()
    }
}

#[cfg(test)]
mod tests;
