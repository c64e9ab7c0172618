//! The traits that a system under test implements, and what drives it.

use std::sync::Arc;

use history::{Decision, Gid, Key, Nanos, NodeId, Value};

use crate::effects::{Effects, LogPosition, Timer};
use crate::log::StoredRecord;
use crate::message::Message;
use crate::transaction::DistributedTransaction;

/// One thing that happens to a node.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// The node starts, always with this input first. After a crash the log holds what survived it.
    Start {
        /// The records, oldest first; the next one will stand behind them. [`Effects::read_log`] says which of
        /// them are to be relied on.
        log: &'a [StoredRecord],
        /// How often this log was started on, by whichever node, this time included. The driver keeps the count, durably,
        /// and lets nobody write to the log whose epoch is over.
        epoch: u32,
    },
    /// A message arrived. It may be late, repeated, or overtaken by another.
    Received {
        /// Who sent it.
        from: NodeId,
        /// The epoch of a coordinator that sent it; 0 from a participant.
        epoch: u32,
        /// What it says.
        message: Message,
    },
    /// A timer of this incarnation fired.
    TimerFired(Timer),
    /// What was appended before the last [`Effect::Sync`](crate::Effect::Sync) that this answers is durable.
    Synced {
        /// All records before this position are.
        before: LogPosition,
    },
    /// To a coordinator: a client asks.
    Asked(ClientRequest),
    /// Something befell the node or its resource.
    Befallen(Incident),
}

/// What a client asks of a coordinator.
#[derive(Clone, Debug)]
pub enum ClientRequest {
    /// Run this transaction and answer with its outcome.
    Begin(Arc<DistributedTransaction>),
    /// Answer with the outcome of this transaction: the client lost its answer when the coordinator crashed.
    /// Asked right after the restart, before anything else, by each client that has no answer.
    Outcome(Arc<DistributedTransaction>),
}

/// What befalls a node or its resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incident {
    /// To a participant: the branch cannot be prepared: a constraint, or whatever else makes an honest participant
    /// vote no.
    CannotPrepare(Gid),
    /// To a participant: a lock that the branch needs was not granted in time.
    LockTimeout(Gid),
    /// To a participant: it has room for so many prepared branches and no more.
    PreparedLimit(u32),
    /// To a participant: decide this branch now, without knowing the decision, if it is in doubt.
    Heuristic {
        /// The transaction.
        gid: Gid,
        /// What to do.
        decision: Decision,
    },
    /// The disk takes no more records. One that is appended all the same is lost, and what waits for it leaves.
    DiskFull,
    /// The disk takes records again.
    DiskFreed,
    /// To a coordinator: another one has taken over its log. What it appended since is lost, and what waits for it
    /// leaves, unless the node halts now.
    Deposed,
    /// All is quiet, and the log may be made as short as it can be: the driver is about to put the node away.
    Checkpoint,
    /// A sync failed, and what it covered is lost. What waits for it leaves, unless the node halts now.
    SyncFailed,
}

/// A coordinator under test.
pub trait Coordinator {
    /// Advances by one input. Late and repeated inputs have no effect. `now` is the node's own clock.
    fn step(&mut self, now: Nanos, input: Input<'_>, effects: &mut Effects);

    /// The oldest transaction that is not over for this coordinator. The driver waits until there is none before it
    /// ends a run, and until it is younger than the crash before it calls a restarted coordinator recovered.
    fn oldest_unsettled(&self) -> Option<Gid>;
}

/// A participant under test.
pub trait Participant {
    /// Advances by one input. Late and repeated inputs have no effect. `now` is the node's own clock.
    fn step(&mut self, now: Nanos, input: Input<'_>, effects: &mut Effects);

    /// The oldest transaction that is not over for this participant.
    fn oldest_unsettled(&self) -> Option<Gid>;

    /// The branches that are prepared and without a decision, in ascending order.
    fn in_doubt(&self) -> Vec<Gid>;

    /// The locks that are held, by key.
    fn locks(&self) -> Vec<(Gid, Key)>;

    /// The values of all keys ever written, by key.
    fn contents(&self) -> Vec<(Key, Value)>;
}
