//! The clients of the participants: what a coordinator asks of one branch of a transaction, and waits to hear.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use history::{Decision, Gid, ParticipantId, Vote};
use protocol::{DistributedTransaction, Ending, Message, Refusal};

use crate::state::{BranchState, Shared, State, remember};

/// A transaction that a client asks about. It is open until this and all branches of it are dropped.
#[derive(Clone, Debug)]
pub struct Transaction {
    request: Arc<DistributedTransaction>,
    hold: Arc<Hold>,
}

/// One participant's share of a transaction.
///
/// What is sent can be lost, so each wait needs a timeout (`tokio::time::timeout`). To ask again is to call again:
/// participants do everything once, however often it is asked. An answer that has come meanwhile counts.
#[derive(Clone, Debug)]
pub struct Branch {
    participant: ParticipantId,
    hold: Arc<Hold>,
}

/// Keeps a transaction open.
#[derive(Debug)]
struct Hold {
    shared: Shared,
    gid: Gid,
}

impl Hold {
    fn new(shared: &Shared, gid: Gid, participants: &[ParticipantId]) -> Arc<Self> {
        shared.lock().hold(gid, participants);
        Arc::new(Self { shared: shared.clone(), gid })
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // What is closed is dropped without the lock: it may hold the last reference to a task, and that more branches.
        let closed = self.shared.lock().let_go(self.gid);
        drop(closed);
    }
}

impl Transaction {
    pub(crate) fn new(shared: &Shared, request: Arc<DistributedTransaction>) -> Self {
        let hold = Hold::new(shared, request.id, &request.participant_ids);
        Self { request, hold }
    }

    /// Its id. Ids ascend in the order in which transactions begin, so one that is not above all before was used before.
    pub fn gid(&self) -> Gid {
        self.request.id
    }

    /// Who takes part.
    pub fn participants(&self) -> &[ParticipantId] {
        &self.request.participant_ids
    }

    /// Whether the client wants it to abort once the work is done.
    pub fn wants_abort(&self) -> bool {
        self.request.ending == Ending::Abort
    }

    /// All that the client asks for.
    pub fn request(&self) -> &DistributedTransaction {
        &self.request
    }

    /// Its branches, in the order of [`Transaction::participants`].
    pub fn branches(&self) -> Vec<Branch> {
        let branch = |&participant| Branch { participant, hold: Arc::clone(&self.hold) };
        self.request.participant_ids.iter().map(branch).collect()
    }
}

impl Branch {
    /// Branches of a transaction of which only the log tells.
    pub(crate) fn reopened(shared: &Shared, gid: Gid, participants: &[ParticipantId]) -> Vec<Self> {
        let hold = Hold::new(shared, gid, participants);
        let branch = |&participant| Self { participant, hold: Arc::clone(&hold) };
        participants.iter().map(branch).collect()
    }

    /// The transaction.
    pub fn gid(&self) -> Gid {
        self.hold.gid
    }

    /// Whose share this is.
    pub fn participant(&self) -> ParticipantId {
        self.participant
    }

    /// Has the participant do its share, under locks.
    ///
    /// # Errors
    /// When it cannot, and has rolled back; or when it knows the id.
    pub async fn execute(&self, transaction: &Transaction) -> Result<(), Refusal> {
        let transaction = Arc::clone(&transaction.request);
        self.ask(|branch| branch.executed, |_, _| Message::Execute { transaction }).await
    }

    /// Asks for the vote.
    pub async fn prepare(&self) -> Vote {
        let gid = self.gid();
        self.ask(|branch| branch.vote, |life, low_water| Message::Prepare { gid, life, low_water }).await
    }

    /// Tells of a commit, and waits until it is durable there.
    pub async fn commit(&self) {
        let gid = self.gid();
        self.ask(|branch| branch.acknowledged.then_some(()), |_, _| Message::Commit { gid }).await;
    }

    /// Tells of an abort. Nobody acknowledges that: who misses it inquires.
    pub fn abort(&self) {
        self.hold.shared.lock().send(self.participant, Message::Abort { gid: self.gid() });
    }

    /// Leaves the decision to the only participant, and waits to hear it.
    pub async fn commit_one_phase(&self) -> Decision {
        let gid = self.gid();
        let decision = |branch: &BranchState| match (branch.acknowledged, branch.vote) {
            (true, _) | (_, Some(Vote::ReadOnly)) => Some(Decision::Commit),
            (_, Some(Vote::No)) => Some(Decision::Abort),
            (_, Some(Vote::Yes) | None) => None,
        };
        self.ask(decision, |life, low_water| Message::CommitOnePhase { gid, life, low_water }).await
    }

    /// Sends a message unless its answer is known, and waits for the answer.
    async fn ask<T>(
        &self,
        answer: impl Fn(&BranchState) -> Option<T>,
        message: impl FnOnce(u32, Gid) -> Message,
    ) -> T {
        let mut message = Some(message);
        poll_fn(|context| {
            let state = &mut *self.hold.shared.lock();
            let low_water = state.low_water(self.gid());
            let branch = self.state(state);
            if let Some(answer) = answer(branch) {
                return Poll::Ready(answer);
            }
            remember(&mut branch.wakers, context.waker());
            if let Some(message) = message.take() {
                let message = message(branch.life, low_water);
                state.send(self.participant, message);
            }
            Poll::Pending
        })
        .await
    }

    fn state<'s>(&self, state: &'s mut State) -> &'s mut BranchState {
        state.branch(self.gid(), self.participant).expect("a branch is open while somebody holds on to it")
    }
}
