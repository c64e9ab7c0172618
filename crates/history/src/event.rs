//! One thing that happened: an [`Event`] is an instant, a node and a [`Fact`].

use serde::{Deserialize, Serialize};

use crate::fault::{DropReason, FaultKind, HaltReason, Point};
use crate::ids::{Gid, Key, Nanos, NodeId, Value};
use crate::words::{Decision, LockMode, MessageKind, OpKind, Outcome, RecordKind, Vote};

/// A fact, when it came true and on which node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Event {
    /// The instant.
    pub at: Nanos,
    /// The node that the fact is about.
    pub node: NodeId,
    /// What happened.
    pub fact: Fact,
}

const _: () = assert!(size_of::<Event>() == 32, "a soak records tens of millions of events");

/// What happened, said of the node of its [`Event`].
///
/// An effect of a state machine has two moments: the step that emits it (`Voted`, `Appended`, `Decided`) and the
/// instant at which it leaves the node or is durable (`Sent`, `Answered`, `Durable`). What was emitted may vanish
/// in a crash before it leaves. Facts marked *noted* are the state machine's own word; all others are recorded by
/// the driver, which cannot be lied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "a variant's sentence names its fields")]
pub enum Fact {
    /// A client asked this coordinator to run a transaction over so many participants. The [`Fact::Enlisted`] and
    /// [`Fact::Asked`] events of the transaction follow at once.
    Begun { gid: Gid, participants: u32 },
    /// This participant is to take part.
    Enlisted { gid: Gid },
    /// The client wants this operation on this participant's key. Operations apply in the order asked.
    Asked { gid: Gid, key: Key, op: OpKind, value: Value },
    /// The client asked this coordinator to abort, before it asked for a commit.
    AbortAsked { gid: Gid },
    /// A client that lost its answer in a crash asked this coordinator for the outcome.
    OutcomeAsked { gid: Gid },
    /// This coordinator told the client the outcome; or, with [`Outcome::Unknown`], the client gave up on it.
    Answered { gid: Gid, outcome: Outcome },
    /// This coordinator refused to run the transaction, because the id was used before.
    Refused { gid: Gid },

    /// Noted: the branch waits for a lock.
    LockWaited { gid: Gid, key: Key, mode: LockMode },
    /// Noted: the branch holds a lock.
    LockGranted { gid: Gid, key: Key, mode: LockMode },
    /// Noted: the branch has given up all its locks.
    LocksReleased { gid: Gid },
    /// Noted: the branch read the version of the key that `writer` wrote ([`Gid::INITIAL`]: nobody).
    Read { gid: Gid, key: Key, writer: Gid },
    /// Noted: the branch will write this value if it commits.
    Wrote { gid: Gid, key: Key, value: Value },
    /// Noted: a committed branch's value is in the store, in memory. It is durable with the commit record. After
    /// a crash that lost the commit record it is rightly noted again.
    Applied { gid: Gid, key: Key, value: Value },
    /// Noted: this node took or learnt the decision. What it emitted with it may still vanish in a crash.
    Decided { gid: Gid, decision: Decision },

    /// This participant's operator decides a branch that is in doubt, without knowing the decision (X/Open XA: a
    /// heuristic decision).
    HeuristicDecision { gid: Gid, decision: Decision },

    /// A vote was emitted.
    Voted { gid: Gid, vote: Vote },
    /// A record was handed to the log; a forced one holds back what is emitted later until it is durable.
    Appended { gid: Gid, record: RecordKind, forced: bool },
    /// A record survives any crash from here on.
    Durable { gid: Gid, record: RecordKind },
    /// A record that was appended did not survive the crash.
    Lost { gid: Gid, record: RecordKind },

    /// A message left this node.
    Sent { to: NodeId, gid: Gid, message: MessageKind },
    /// A message arrived at this node.
    Delivered { from: NodeId, gid: Gid, message: MessageKind },
    /// A message that this node sent will never arrive (or this copy of it).
    Dropped { to: NodeId, gid: Gid, message: MessageKind, why: DropReason },

    /// This node lost everything volatile.
    Crashed,
    /// This node stops by itself; [`Fact::Crashed`] follows.
    Halted { why: HaltReason },
    /// This node runs again and begins to read its log.
    Restarted,
    /// This stand-by coordinator starts on the log of another one, which can write there no more.
    TookOver { from: NodeId },
    /// This node has nothing left to settle from before its crash.
    Recovered,
    /// A fault struck this node, at a protocol step or by itself.
    FaultFired { kind: FaultKind, point: Option<Point> },
    /// No fault strikes from here on; what was down or cut is up again, except what the scenario says never
    /// returns.
    Healed,

    /// At the end of the run this participant's store holds this value. Keys that nobody wrote are left out.
    Stored { key: Key, value: Value },
    /// At the end of the run this participant holds the branch prepared, without a decision.
    LeftInDoubt { gid: Gid },
    /// At the end of the run this participant holds a lock for the branch.
    LeftLocked { gid: Gid, key: Key },
    /// At the end of the run this coordinator is not done with the transaction, the oldest of those.
    LeftOpen { gid: Gid },
    /// The run ended with this node down.
    LeftDown,
    /// At the start of the run this participant's store holds this value, which `writer` wrote in an earlier run.
    Inherited { key: Key, value: Value, writer: Gid },
}

impl Fact {
    /// The transaction that this is about, if it is about one.
    pub fn gid(&self) -> Option<Gid> {
        match *self {
            Self::Begun { gid, .. }
            | Self::Enlisted { gid }
            | Self::Asked { gid, .. }
            | Self::AbortAsked { gid }
            | Self::OutcomeAsked { gid }
            | Self::Answered { gid, .. }
            | Self::Refused { gid }
            | Self::LockWaited { gid, .. }
            | Self::LockGranted { gid, .. }
            | Self::LocksReleased { gid }
            | Self::Read { gid, .. }
            | Self::Wrote { gid, .. }
            | Self::Applied { gid, .. }
            | Self::Decided { gid, .. }
            | Self::HeuristicDecision { gid, .. }
            | Self::Voted { gid, .. }
            | Self::Appended { gid, .. }
            | Self::Durable { gid, .. }
            | Self::Lost { gid, .. }
            | Self::Sent { gid, .. }
            | Self::Delivered { gid, .. }
            | Self::Dropped { gid, .. }
            | Self::LeftInDoubt { gid }
            | Self::LeftOpen { gid }
            | Self::LeftLocked { gid, .. } => Some(gid),
            Self::Crashed
            | Self::Halted { .. }
            | Self::Restarted
            | Self::TookOver { .. }
            | Self::Recovered
            | Self::FaultFired { .. }
            | Self::Healed
            | Self::Stored { .. }
            | Self::LeftDown
            | Self::Inherited { .. } => None,
        }
    }
}
