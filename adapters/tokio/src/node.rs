//! What a coordinator is given: its log, its clock, its participants, and how it is to behave.

use history::{Gid, HaltReason, Nanos, ParticipantId};
use protocol::{CoordinatorConfig, Effect, Message};

use crate::branch::Branch;
use crate::coordinator::Reply;
use crate::log::Log;
use crate::state::Shared;

/// The node that a coordinator runs on.
#[derive(Clone, Debug)]
pub struct Node {
    pub(crate) shared: Shared,
    pub(crate) config: CoordinatorConfig,
    pub(crate) epoch: u32,
}

impl Node {
    /// How long to wait for what. Scenarios about time rely on it.
    pub fn config(&self) -> &CoordinatorConfig {
        &self.config
    }

    /// How often this log was started on, by whichever node, this time included: 1 the first time.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The durable log.
    pub fn log(&self) -> Log {
        Log(self.shared.clone())
    }

    /// What the clock on the wall shows. It can be wrong, and jump; `tokio::time` does not go back.
    pub fn now(&self) -> Nanos {
        self.shared.lock().now
    }

    /// The branches of a transaction of which only the log tells.
    pub fn branches(&self, gid: Gid, participants: &[ParticipantId]) -> Vec<Branch> {
        Branch::reopened(&self.shared, gid, participants)
    }

    /// Asks all participants to inquire about what they are in doubt about. Who starts on a log that is not new does so,
    /// or they wait for their own patience to run out.
    pub fn invite_inquiries(&self) {
        let mut state = self.shared.lock();
        for participant in 1..=self.config.participants {
            state.send(ParticipantId(participant), Message::Recover);
        }
    }

    /// Tells the client of a transaction something else than it was told, or tells it later.
    pub fn tell_client(&self, gid: Gid, reply: Reply) {
        self.shared.emit(match reply.outcome() {
            Some(outcome) => Effect::Answer { gid, outcome },
            None => Effect::Refuse { gid },
        });
    }

    /// Stops the node, as an `Err` of a method of the coordinator does. For tasks that it spawned.
    pub fn halt(&self, why: HaltReason) {
        self.shared.emit(Effect::Halt(why));
    }

    pub(crate) fn forget(&self, gid: Gid, participant: ParticipantId) {
        let mut state = self.shared.lock();
        state.send(participant, Message::Forget { gid });
        let wakers = state.branch(gid, participant).map(|branch| {
            branch.acknowledged = true;
            std::mem::take(&mut branch.wakers)
        });
        drop(state);
        wakers.into_iter().flatten().for_each(std::task::Waker::wake);
    }
}
