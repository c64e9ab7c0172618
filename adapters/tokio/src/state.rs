//! What the tasks of a coordinator share with the adapter that runs them: the branches that are open, the state of the
//! log, and what is to be done at the end of the step.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use history::{Gid, GidMap, HaltReason, Nanos, NodeId, ParticipantId, Vote};
use protocol::{Effect, LogPosition, Message, Refusal};

/// More than this in one step is a task that goes round in circles.
const EFFECTS_MAX: usize = 1_000_000;

/// What all handles of one node refer to.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<State>>);

#[derive(Default)]
pub(crate) struct State {
    /// The node's own clock.
    pub(crate) now: Nanos,
    /// What is to be done, in order.
    pub(crate) effects: Vec<Effect>,
    /// Where the next record will stand.
    pub(crate) next: LogPosition,
    /// All records before this position are durable.
    pub(crate) durable: LogPosition,
    pub(crate) disk_full: bool,
    /// The log takes nothing more, for this reason.
    pub(crate) log_lost: Option<HaltReason>,
    /// Who waits for the log.
    pub(crate) log_wakers: Vec<Waker>,
    pub(crate) open: GidMap<Open>,
}

/// A transaction that somebody holds on to.
#[derive(Default)]
pub(crate) struct Open {
    holders: u32,
    branches: Vec<BranchState>,
}

/// What is known of a branch.
pub(crate) struct BranchState {
    pub(crate) participant: ParticipantId,
    /// The epoch of the participant in which the work was done; 0 if it has not been, or if nobody remembers.
    pub(crate) life: u32,
    pub(crate) executed: Option<Result<(), Refusal>>,
    pub(crate) vote: Option<Vote>,
    pub(crate) acknowledged: bool,
    pub(crate) wakers: Vec<Waker>,
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // Whoever panicked while it held the lock is reported as such.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn emit(&self, effect: Effect) {
        self.lock().emit(effect);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

impl State {
    pub(crate) fn emit(&mut self, effect: Effect) {
        assert!(self.effects.len() < EFFECTS_MAX, "a task wants more than {EFFECTS_MAX} things done at once");
        self.effects.push(effect);
    }

    pub(crate) fn send(&mut self, to: ParticipantId, message: Message) {
        self.emit(Effect::Send { to: NodeId::from(to), message });
    }

    /// No transaction below this one is open.
    pub(crate) fn low_water(&self, otherwise: Gid) -> Gid {
        self.open.first().unwrap_or(otherwise)
    }

    /// Somebody holds on to a transaction.
    pub(crate) fn hold(&mut self, gid: Gid, participants: &[ParticipantId]) {
        if self.open.get(gid).is_none() {
            self.open.insert(gid, Open::default());
        }
        let Some(open) = self.open.get_mut(gid) else { return };
        open.holders += 1;
        for &participant in participants {
            if open.branches.iter().all(|branch| branch.participant != participant) {
                open.branches.push(BranchState::new(participant));
            }
        }
    }

    /// Somebody no longer does. What nobody holds on to is over.
    pub(crate) fn let_go(&mut self, gid: Gid) -> Option<Open> {
        let open = self.open.get_mut(gid)?;
        open.holders -= 1;
        if open.holders == 0 { self.open.remove(gid) } else { None }
    }

    pub(crate) fn branch(&mut self, gid: Gid, participant: ParticipantId) -> Option<&mut BranchState> {
        let branches = &mut self.open.get_mut(gid)?.branches;
        branches.iter_mut().find(|branch| branch.participant == participant)
    }

    /// A participant says something about a branch that is open here. Returns who has waited for that.
    pub(crate) fn heard(&mut self, from: ParticipantId, message: &Message) -> Vec<Waker> {
        let Some(branch) = self.branch(message.gid(), from) else { return Vec::new() };
        match *message {
            Message::Executed { life, .. } => {
                if branch.executed.is_none() {
                    (branch.executed, branch.life) = (Some(Ok(())), life);
                }
            }
            Message::Failed { why, .. } => {
                branch.executed.get_or_insert(Err(why));
                if why == Refusal::Unable {
                    branch.vote = Some(Vote::No);
                }
            }
            Message::Vote { vote, .. } => {
                if vote == Vote::No {
                    branch.executed.get_or_insert(Err(Refusal::Unable));
                }
                branch.vote = Some(vote);
            }
            Message::Acknowledge { .. } => branch.acknowledged = true,
            _ => return Vec::new(),
        }
        std::mem::take(&mut branch.wakers)
    }
}

impl BranchState {
    fn new(participant: ParticipantId) -> Self {
        Self { participant, life: 0, executed: None, vote: None, acknowledged: false, wakers: Vec::new() }
    }
}

/// Notes who is to be woken, once.
pub(crate) fn remember(wakers: &mut Vec<Waker>, waker: &Waker) {
    if wakers.iter().all(|other| !other.will_wake(waker)) {
        wakers.push(waker.clone());
    }
}
