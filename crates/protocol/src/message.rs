//! What coordinators and participants say to each other.

use std::sync::Arc;

use history::{Decision, Gid, MessageKind, Vote};

use crate::transaction::DistributedTransaction;

/// A message between a coordinator and a participant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// To a participant: do your share of this, under locks.
    Execute {
        /// The whole transaction; a participant does [`DistributedTransaction::work_of`] itself.
        transaction: Arc<DistributedTransaction>,
    },
    /// To the coordinator: the work is done.
    Executed {
        /// Of this transaction.
        gid: Gid,
        /// In this epoch of the participant.
        life: u32,
    },
    /// To the coordinator: the work cannot be done, and the branch is rolled back.
    Failed {
        /// Of this transaction.
        gid: Gid,
        /// Because of this.
        why: Refusal,
    },
    /// To a participant: vote.
    Prepare {
        /// On this transaction.
        gid: Gid,
        /// The epoch of the participant in which its work was done. Work that was lost in a crash and done again, upon
        /// an execute that was delivered twice, has locks from after others may have given up theirs, and is a no.
        life: u32,
        /// No transaction below this one is open: what is known of them can be forgotten.
        low_water: Gid,
    },
    /// To the coordinator: a vote.
    Vote {
        /// On this transaction.
        gid: Gid,
        /// Which one.
        vote: Vote,
    },
    /// To a participant: the decision is commit. To be acknowledged once it is durable.
    Commit {
        /// Of this transaction.
        gid: Gid,
    },
    /// To a participant: the decision is abort. Not acknowledged (presumed abort).
    Abort {
        /// Of this transaction.
        gid: Gid,
    },
    /// To the only participant: decide yourself. Answered by an acknowledgement (committed, durably), a read-only
    /// vote (nothing to commit) or a no (rolled back).
    CommitOnePhase {
        /// This transaction.
        gid: Gid,
        /// As in [`Message::Prepare`]. With 0, which is no life's, nothing is to be committed any more: it asks what became of
        /// the branch.
        life: u32,
        /// As in [`Message::Prepare`].
        low_water: Gid,
    },
    /// To the coordinator: the commit is durable here.
    Acknowledge {
        /// Of this transaction.
        gid: Gid,
    },
    /// To the coordinator: I am in doubt, what became of this?
    Inquire {
        /// This transaction.
        gid: Gid,
    },
    /// To a participant that inquired.
    DecisionReply {
        /// About this transaction.
        gid: Gid,
        /// What became of it.
        decision: Decision,
    },
    /// To a participant, from a coordinator that restarted: inquire now about all that is in doubt.
    Recover,
    /// To the coordinator that told its decision: I had decided otherwise by myself. Repeated until it is answered.
    Heuristic {
        /// This transaction.
        gid: Gid,
        /// What was done here.
        decision: Decision,
    },
    /// To a participant: what you decided by yourself is recorded and reported. X/Open XA: `xa_forget`.
    Forget {
        /// About this transaction.
        gid: Gid,
    },
    /// To a coordinator whose epoch is over: another one has taken over.
    Deposed {
        /// The epoch of the other one.
        epoch: u32,
    },
}

/// Why a participant cannot do the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A lock was not granted in time, or the resource cannot do it.
    Unable,
    /// The id belongs to a transaction that is already finished here.
    Repeated,
    /// The participant that was to decide by itself did, so long ago that it has forgotten what.
    Forgotten,
}

impl Message {
    /// The transaction that this is about. [`Message::Recover`] and [`Message::Deposed`] are about all:
    /// [`Gid::INITIAL`].
    #[inline]
    pub fn gid(&self) -> Gid {
        match *self {
            Self::Execute { ref transaction } => transaction.id,
            Self::Executed { gid, .. }
            | Self::Failed { gid, .. }
            | Self::Prepare { gid, .. }
            | Self::Vote { gid, .. }
            | Self::Commit { gid }
            | Self::Abort { gid }
            | Self::CommitOnePhase { gid, .. }
            | Self::Acknowledge { gid }
            | Self::Inquire { gid }
            | Self::DecisionReply { gid, .. }
            | Self::Heuristic { gid, .. }
            | Self::Forget { gid } => gid,
            Self::Recover | Self::Deposed { .. } => Gid::INITIAL,
        }
    }

    /// What is said, for the history.
    #[inline]
    pub fn kind(&self) -> MessageKind {
        match self {
            Self::Execute { .. } => MessageKind::Execute,
            Self::Executed { .. } => MessageKind::Executed,
            Self::Failed { .. } => MessageKind::Failed,
            Self::Prepare { .. } => MessageKind::Prepare,
            Self::Vote { vote: Vote::Yes, .. } => MessageKind::VoteYes,
            Self::Vote { vote: Vote::No, .. } => MessageKind::VoteNo,
            Self::Vote { vote: Vote::ReadOnly, .. } => MessageKind::VoteReadOnly,
            Self::Commit { .. } => MessageKind::Commit,
            Self::Abort { .. } => MessageKind::Abort,
            Self::CommitOnePhase { .. } => MessageKind::CommitOnePhase,
            Self::Acknowledge { .. } => MessageKind::Acknowledge,
            Self::Inquire { .. } => MessageKind::Inquire,
            Self::DecisionReply { decision: Decision::Commit, .. } => MessageKind::ReplyCommit,
            Self::DecisionReply { decision: Decision::Abort, .. } => MessageKind::ReplyAbort,
            Self::Recover => MessageKind::Recover,
            Self::Heuristic { decision: Decision::Commit, .. } => MessageKind::HeuristicCommit,
            Self::Heuristic { decision: Decision::Abort, .. } => MessageKind::HeuristicAbort,
            Self::Forget { .. } => MessageKind::Forget,
            Self::Deposed { .. } => MessageKind::Deposed,
        }
    }
}
