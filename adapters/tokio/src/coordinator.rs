//! The trait of a coordinator that is written with tokio, and what it says to its clients.

use std::future::Future;
use std::sync::Arc;

use history::{Decision, Gid, HaltReason, Outcome, ParticipantId};
use protocol::LogRecord;

use crate::branch::Transaction;
use crate::node::Node;

/// A coordinator that is written with tokio.
///
/// An `Err` stops the node: its process exits, and what is not in the log is gone. A supervisor starts it again, unless
/// another coordinator has taken over.
pub trait AsyncCoordinator: Send + Sync + 'static {
    /// Starts on the records that the log still holds, oldest first. Until this returns, whatever is asked waits; what
    /// may take long, such as telling participants of a commit until all acknowledge it, is spawned.
    fn start(node: Node, log: Vec<LogRecord>) -> impl Future<Output = Result<Arc<Self>, HaltReason>> + Send;

    /// Runs a transaction and answers with its outcome. What is still to be done then is spawned, and holds on to the
    /// branches that it is about: a transaction is over when nobody has a [`Branch`](crate::Branch) of it any more.
    fn execute(
        self: Arc<Self>,
        transaction: Transaction,
    ) -> impl Future<Output = Result<Reply, HaltReason>> + Send;

    /// Answers a client that lost its answer in a crash with the outcome of its transaction.
    fn outcome(
        self: Arc<Self>,
        transaction: Transaction,
    ) -> impl Future<Output = Result<Reply, HaltReason>> + Send;

    /// Answers a participant that is in doubt: what was decided, or `None` while nothing is; then it asks again.
    fn inquired(
        self: Arc<Self>,
        gid: Gid,
        from: ParticipantId,
    ) -> impl Future<Output = Option<Decision>> + Send;

    /// Hears of a participant that decided by itself, and otherwise. It says so again until it is forgotten
    /// ([`Report::forget`]). Without this method it says so for ever.
    fn reported(self: Arc<Self>, _report: Report) -> impl Future<Output = Result<(), HaltReason>> + Send {
        std::future::ready(Ok(()))
    }
}

/// What a client is told of its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// All of it took effect, or will.
    Committed,
    /// None of it did, or ever will.
    Aborted,
    /// Some branches committed and others rolled back, by a participant's own decision.
    Mixed,
    /// The id was used before, and nothing was done.
    Refused,
}

impl Reply {
    pub(crate) fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Committed => Some(Outcome::Committed),
            Self::Aborted => Some(Outcome::Aborted),
            Self::Mixed => Some(Outcome::HeuristicMixed),
            Self::Refused => None,
        }
    }
}

/// A participant decided a branch by itself, and otherwise than it was told since (a heuristic decision).
#[derive(Debug)]
pub struct Report {
    pub(crate) node: Node,
    pub(crate) gid: Gid,
    pub(crate) participant: ParticipantId,
    pub(crate) decision: Decision,
}

impl Report {
    /// The transaction.
    pub fn gid(&self) -> Gid {
        self.gid
    }

    /// Who decided.
    pub fn participant(&self) -> ParticipantId {
        self.participant
    }

    /// What it decided.
    pub fn decision(&self) -> Decision {
        self.decision
    }

    /// Lets the participant forget: what it did is recorded here. A commit of the branch counts as acknowledged.
    pub fn forget(self) {
        self.node.forget(self.gid, self.participant);
    }
}
