//! What a state machine wants done: effects are data, in order, and the driver carries them out.

use std::fmt;

use history::{Fact, Gid, HaltReason, Nanos, NodeId, Outcome};

use crate::log::{LogRecord, StoredRecord, sound_records};
use crate::message::Message;

/// Where a record stands in its node's log: the first record ever appended has position 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogPosition(pub u64);

/// What a timer is for: only the state machine that set it can say. Timers are never cancelled; one that is no
/// longer wanted has no effect when it fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// The transaction that it watches.
    pub gid: Gid,
    /// The state machine's own meaning.
    pub purpose: u32,
}

/// One thing to be done by the driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Append to the log. A forced record holds back every later effect that leaves the node until it is durable;
    /// a lazy one becomes durable with the next forced one, or in the driver's own time.
    Append {
        /// The record.
        record: LogRecord,
        /// Whether to hold back what follows.
        forced: bool,
    },
    /// Make durable what was appended so far, and step with [`Input::Synced`](crate::Input::Synced) when it is. It holds
    /// back nothing: whoever does not wait for that step sends too early.
    Sync,
    /// Drop all records before this position, once everything forced earlier is durable.
    Truncate {
        /// The first position to keep.
        before: LogPosition,
    },
    /// Drop all records from this position on, at once: none of them was ever durable.
    DropTail {
        /// The first position to drop.
        from: LogPosition,
    },
    /// Stop, and do nothing that was emitted later: a crash of the node's own will.
    Halt(HaltReason),
    /// Stop as [`Effect::Halt`] does, because the code under test failed in a way that no property is about: the run
    /// does not pass, and says so.
    Fail(Failure),
    /// Send a message, once everything forced earlier is durable.
    Send {
        /// To this node.
        to: NodeId,
        /// This.
        message: Message,
    },
    /// Tell the client the outcome, once everything forced earlier is durable.
    Answer {
        /// Of this transaction.
        gid: Gid,
        /// This.
        outcome: Outcome,
    },
    /// Tell the client that the id was used before and nothing was done.
    Refuse {
        /// This id.
        gid: Gid,
    },
    /// Step with [`Input::TimerFired`](crate::Input::TimerFired) after a while.
    SetTimer {
        /// So long from now, by the node's own clock.
        after: Nanos,
        /// This.
        timer: Timer,
    },
    /// Note for the history, at once. Notes explain; they are no evidence.
    Note(Fact),
}

/// How code under test can fail, beside being wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It panicked, with this message.
    Panicked(String),
    /// It goes on for ever without waiting for anything.
    Livelocked,
    /// It sent a message to this node, which is not there.
    Misaddressed(NodeId),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(message) => write!(f, "panicked {message}"),
            Self::Livelocked => f.write_str("livelock: it goes on for ever without waiting for anything"),
            Self::Misaddressed(to) => write!(f, "sends a message to {to}, which is not there"),
        }
    }
}

/// The effects of one step, in order. A driver reuses one for all steps.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    list: Vec<Effect>,
    next: LogPosition,
}

impl Effects {
    /// Makes room for a step of a node whose next record will stand at `next`. For drivers.
    #[inline]
    pub fn reset(&mut self, next: LogPosition) {
        // It is empty nearly always, and clearing it all the same is a call.
        if !self.list.is_empty() {
            self.list.clear();
        }
        self.next = next;
    }

    /// The effects where they are, to be carried out without moving them. For drivers.
    #[inline]
    pub fn in_place(&mut self) -> &mut [Effect] {
        &mut self.list
    }

    /// Takes the effects out. For drivers.
    #[inline]
    pub fn drain(&mut self) -> impl Iterator<Item = Effect> {
        self.list.drain(..)
    }

    /// Passes on an effect. For those who stand between a state machine and its driver.
    #[inline]
    pub fn push(&mut self, effect: Effect) {
        match effect {
            Effect::Append { .. } => self.next.0 += 1,
            Effect::DropTail { from } => self.next = from,
            _ => {}
        }
        self.list.push(effect);
    }

    /// Where the next record will stand in the log.
    #[inline]
    pub fn next_position(&self) -> LogPosition {
        self.next
    }

    /// Appends a record that must be durable before anything emitted later leaves this node.
    #[inline]
    pub fn force(&mut self, record: LogRecord) -> LogPosition {
        self.append(record, true)
    }

    /// Appends a record that need not be durable soon, or at all.
    #[inline]
    pub fn append_lazily(&mut self, record: LogRecord) -> LogPosition {
        self.append(record, false)
    }

    /// Makes durable what was appended so far, and asks to be told when it is.
    #[inline]
    pub fn sync(&mut self) {
        self.list.push(Effect::Sync);
    }

    /// Drops the records before a position.
    #[inline]
    pub fn truncate(&mut self, before: LogPosition) {
        self.list.push(Effect::Truncate { before });
    }

    /// Reads the log of a node that starts: the records that it can rely on. Drops a torn tail.
    ///
    /// `None` means that a record is damaged that was durable. Then the node halts; it has nothing more to do.
    pub fn read_log<'a>(&mut self, log: &'a [StoredRecord]) -> Option<&'a [StoredRecord]> {
        let Ok(sound) = sound_records(log) else {
            self.halt(HaltReason::LogDamaged);
            return None;
        };
        if sound < log.len() {
            self.next.0 -= (log.len() - sound) as u64;
            self.list.push(Effect::DropTail { from: self.next });
        }
        Some(&log[..sound])
    }

    /// Stops the node.
    pub fn halt(&mut self, why: HaltReason) {
        self.list.push(Effect::Halt(why));
    }

    /// Stops the node: its code failed.
    pub fn fail(&mut self, failure: Failure) {
        self.list.push(Effect::Fail(failure));
    }

    /// Sends a message.
    #[inline]
    pub fn send(&mut self, to: NodeId, message: Message) {
        self.list.push(Effect::Send { to, message });
    }

    /// Tells the client the outcome.
    #[inline]
    pub fn answer(&mut self, gid: Gid, outcome: Outcome) {
        self.list.push(Effect::Answer { gid, outcome });
    }

    /// Tells the client that its id was used before.
    pub fn refuse(&mut self, gid: Gid) {
        self.list.push(Effect::Refuse { gid });
    }

    /// Sets a timer.
    #[inline]
    pub fn set_timer(&mut self, after: Nanos, gid: Gid, purpose: u32) {
        self.list.push(Effect::SetTimer { after, timer: Timer { gid, purpose } });
    }

    /// Notes a fact for the history.
    #[inline]
    pub fn note(&mut self, fact: Fact) {
        self.list.push(Effect::Note(fact));
    }

    #[inline]
    fn append(&mut self, record: LogRecord, forced: bool) -> LogPosition {
        let position = self.next;
        self.next.0 += 1;
        self.list.push(Effect::Append { record, forced });
        position
    }
}
