//! The traits that a system under test implements, and what drives it.

use std::sync::Arc;

use history::{Gid, Key, Nanos, NodeId, Value};

use crate::effects::{Effects, Timer};
use crate::log::LogRecord;
use crate::message::Message;
use crate::transaction::DistributedTransaction;

/// One thing that happens to a node. `R` is what only this role is told: a coordinator hears its clients, a
/// participant its resource.
#[derive(Clone, Debug)]
pub enum Input<'a, R> {
    /// The node starts, always with this input first. After a crash the log holds what survived it.
    Start {
        /// The records, oldest first; the next one will stand behind them.
        log: &'a [LogRecord],
    },
    /// A message arrived. It may be late, repeated, or overtaken by another.
    Received {
        /// Who sent it.
        from: NodeId,
        /// What it says.
        message: Message,
    },
    /// A timer of this incarnation fired.
    TimerFired(Timer),
    /// What only this role is told.
    Told(R),
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

/// What happens to a participant's resource.
#[derive(Clone, Copy, Debug)]
pub enum Incident {
    /// The branch cannot be prepared: a constraint, a full disk, whatever makes an honest participant vote no.
    CannotPrepare(Gid),
}

/// A coordinator under test.
pub trait Coordinator {
    /// Advances by one input. Late and repeated inputs have no effect. `now` is the node's own clock.
    fn step(&mut self, now: Nanos, input: Input<'_, ClientRequest>, effects: &mut Effects);

    /// The oldest transaction that is not over for this coordinator. The driver waits until there is none before it
    /// ends a run, and until it is younger than the crash before it calls a restarted coordinator recovered.
    fn oldest_unsettled(&self) -> Option<Gid>;
}

/// A participant under test.
pub trait Participant {
    /// Advances by one input. Late and repeated inputs have no effect. `now` is the node's own clock.
    fn step(&mut self, now: Nanos, input: Input<'_, Incident>, effects: &mut Effects);

    /// The oldest transaction that is not over for this participant.
    fn oldest_unsettled(&self) -> Option<Gid>;

    /// The branches that are prepared and without a decision, in ascending order.
    fn in_doubt(&self) -> Vec<Gid>;

    /// The locks that are held, by key.
    fn locks(&self) -> Vec<(Gid, Key)>;

    /// The values of all keys ever written, by key.
    fn contents(&self) -> Vec<(Key, Value)>;
}
