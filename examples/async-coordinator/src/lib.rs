//! A coordinator as people write them with tokio: two-phase commit with presumed abort. Only a commit is logged; who asks
//! about a transaction that nobody knows is told abort. So a commit must be known until all have acknowledged it.

mod bug;
mod memory;
mod recovery;
mod voting;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use adapter_tokio::history::{Decision, Gid, HaltReason, ParticipantId};
use adapter_tokio::{
    AsyncCoordinator, Branch, LogError, LogPosition, LogRecord, Node, Refusal, Reply, Report, Transaction,
};
use futures_util::future::{join_all, try_join_all};
use tokio::time::timeout;

use bug::Bug;
use memory::{Memory, Phase};

/// The coordinator.
pub struct TwoPhase {
    node: Node,
    memory: Mutex<Memory>,
    bug: Option<Bug>,
}

impl AsyncCoordinator for TwoPhase {
    async fn start(node: Node, log: Vec<LogRecord>) -> Result<Arc<Self>, HaltReason> {
        let log_first = LogPosition(node.log().next_position().0 - log.len() as u64);
        let memory = Mutex::new(recovery::replay(&log, log_first));
        let this = Arc::new(Self { node, memory, bug: Bug::from_environment() });
        this.resume();
        Ok(this)
    }

    async fn execute(self: Arc<Self>, transaction: Transaction) -> Result<Reply, HaltReason> {
        let gid = transaction.gid();
        if !self.memory().begin(gid) {
            return Ok(Reply::Refused);
        }
        let branches = transaction.branches();
        let work = try_join_all(branches.iter().map(|branch| branch.execute(&transaction)));
        let done = timeout(self.vote_timeout(), work).await;
        match done {
            Ok(Ok(_)) if !transaction.wants_abort() => self.decide(gid, branches).await,
            // Some participant knows the id, though this coordinator has forgotten it.
            Ok(Err(Refusal::Repeated)) => Ok(self.abort(gid, &branches, Reply::Refused)),
            Ok(_) | Err(_) => Ok(self.abort(gid, &branches, Reply::Aborted)),
        }
    }

    async fn outcome(self: Arc<Self>, transaction: Transaction) -> Result<Reply, HaltReason> {
        let gid = transaction.gid();
        let known = self.memory().phase(gid).is_some();
        if known {
            return Ok(Reply::Committed);
        }
        self.memory().begin(gid);
        match &transaction.branches()[..] {
            // It may have committed by itself. It answers the same however often it is asked.
            [only] if !transaction.wants_abort() => Ok(self.leave_to(only).await),
            branches => Ok(self.abort(gid, branches, Reply::Aborted)),
        }
    }

    async fn inquired(self: Arc<Self>, gid: Gid, _from: ParticipantId) -> Option<Decision> {
        match self.memory().phase(gid) {
            Some(Phase::Committing(_)) => Some(Decision::Commit),
            Some(Phase::Open) => None,
            None => Some(Decision::Abort),
        }
    }

    async fn reported(self: Arc<Self>, report: Report) -> Result<(), HaltReason> {
        self.mixed(report).await
    }
}

impl TwoPhase {
    /// All work is done: has the participants vote, or the only one decide.
    async fn decide(self: Arc<Self>, gid: Gid, branches: Vec<Branch>) -> Result<Reply, HaltReason> {
        if let [only] = &branches[..] {
            return Ok(self.leave_to(only).await);
        }
        let Some(prepared) = self.votes(&branches).await else {
            return Ok(self.abort(gid, &branches, Reply::Aborted));
        };
        if prepared.is_empty() {
            // Nobody wrote anything, so nothing can be lost.
            self.memory().end(gid);
            return Ok(Reply::Committed);
        }
        let record = memory::decided(gid, prepared.iter().map(Branch::participant));
        let written = if self.bug == Some(Bug::CommitBeforeDurable) {
            self.node.log().append(record)
        } else {
            self.node.log().force(record).await
        };
        match written {
            Ok(_) => {
                tokio::spawn(self.finish(gid, prepared));
                Ok(Reply::Committed)
            }
            // What cannot be logged cannot be decided, and an abort needs no record.
            Err(LogError::Full) => Ok(self.abort(gid, &branches, Reply::Aborted)),
            Err(LogError::Lost(why)) => Err(why),
        }
    }

    /// Leaves the decision to the only participant, and asks until it is known.
    async fn leave_to(&self, only: &Branch) -> Reply {
        let mut wait = self.retry_first();
        let decision = loop {
            match timeout(wait, only.commit_one_phase()).await {
                Ok(decision) => break decision,
                Err(_) => wait = self.longer(wait),
            }
        };
        self.memory().end(only.gid());
        if decision == Decision::Commit { Reply::Committed } else { Reply::Aborted }
    }

    /// Phase two: tells all that are prepared until each has acknowledged, and then forgets.
    async fn finish(self: Arc<Self>, gid: Gid, prepared: Vec<Branch>) {
        self.memory().commit(gid, prepared.iter().map(Branch::participant));
        join_all(prepared.iter().map(|branch| self.tell(branch))).await;
        self.ended(gid).await;
    }

    async fn tell(&self, branch: &Branch) {
        let mut wait = self.retry_first();
        while timeout(wait, branch.commit()).await.is_err() && self.bug != Some(Bug::DecisionSentOnce) {
            wait = self.longer(wait);
        }
    }

    /// An abort is told once and forgotten: who misses it will ask.
    fn abort(&self, gid: Gid, branches: &[Branch], reply: Reply) -> Reply {
        branches.iter().for_each(Branch::abort);
        self.memory().end(gid);
        reply
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn vote_timeout(&self) -> Duration {
        Duration::from_nanos(self.node.config().vote_timeout.0)
    }

    fn retry_first(&self) -> Duration {
        Duration::from_nanos(self.node.config().retry_first.0)
    }

    fn longer(&self, wait: Duration) -> Duration {
        (2 * wait).min(Duration::from_nanos(self.node.config().retry_longest.0))
    }
}
