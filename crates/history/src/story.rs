//! A history told to a person: one sentence an event.

use std::collections::BTreeSet;
use std::fmt;

use crate::event::{Event, Fact};
use crate::fault::FaultKind;
use crate::ids::Gid;
use crate::record::History;
use crate::words::{Decision, MessageKind, Outcome, RecordKind};

/// A history, printed one event a line.
#[derive(Clone, Copy, Debug)]
pub struct Timeline<'a> {
    history: &'a History,
    full: bool,
}

impl<'a> Timeline<'a> {
    /// What a reviewer needs to follow the run: who voted, decided, crashed, and what the client heard. No times,
    /// no messages that arrived as they should, no locks that were free.
    pub fn story(history: &'a History) -> Self {
        Self { history, full: false }
    }

    /// Every event, with its time.
    pub fn full(history: &'a History) -> Self {
        Self { history, full: true }
    }
}

impl fmt::Display for Timeline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events = &self.history.events;
        let mut asked = BTreeSet::new();
        for (index, event) in events.iter().enumerate() {
            if self.full {
                writeln!(f, "{:>14}  {event}", event.at.to_string())?;
            } else if belongs_to_story(event) || is_struck_and_arrives(event, events.get(index + 1)) {
                if is_inquiry(event.fact) {
                    // Who is in doubt asks again and again: that tells nothing new until something else happens.
                    if !asked.insert(event.to_string()) {
                        continue;
                    }
                } else {
                    asked.clear();
                }
                writeln!(f, "{event}")?;
            }
        }
        Ok(())
    }
}

fn is_inquiry(fact: Fact) -> bool {
    matches!(
        fact,
        Fact::Sent { message: MessageKind::Inquire, .. }
            | Fact::Dropped { message: MessageKind::Inquire, .. }
    )
}

/// Of a message that is late, repeated or overtaken the fault alone does not say which it is; of one that is lost,
/// the loss does.
fn is_struck_and_arrives(event: &Event, next: Option<&Event>) -> bool {
    let struck = next.is_some_and(|next| {
        let kind = match next.fact {
            Fact::FaultFired { kind, point: None } => kind,
            _ => return false,
        };
        next.node == event.node
            && matches!(kind, FaultKind::Delay | FaultKind::Duplicate | FaultKind::Reorder)
    });
    struck && matches!(event.fact, Fact::Sent { .. })
}

fn belongs_to_story(event: &Event) -> bool {
    match event.fact {
        Fact::Begun { .. }
        | Fact::AbortAsked { .. }
        | Fact::OutcomeAsked { .. }
        | Fact::Answered { .. }
        | Fact::Refused { .. }
        | Fact::LockWaited { .. }
        | Fact::Decided { .. }
        | Fact::HeuristicDecision { .. }
        | Fact::Voted { .. }
        | Fact::Lost { .. }
        | Fact::Dropped { .. }
        | Fact::Crashed
        | Fact::Halted { .. }
        | Fact::Restarted
        | Fact::TookOver { .. }
        | Fact::Recovered
        | Fact::FaultFired { .. }
        | Fact::Healed
        | Fact::LeftInDoubt { .. }
        | Fact::LeftOpen { .. }
        | Fact::LeftLocked { .. }
        | Fact::LeftDown => true,
        Fact::Durable { record, .. } => {
            event.node.is_coordinator() && record == RecordKind::Decided(Decision::Commit)
        }
        Fact::Sent { message, .. } => matches!(
            message,
            MessageKind::Inquire
                | MessageKind::CommitOnePhase
                | MessageKind::HeuristicCommit
                | MessageKind::HeuristicAbort
                | MessageKind::Deposed
        ),
        Fact::Enlisted { .. }
        | Fact::Asked { .. }
        | Fact::LockGranted { .. }
        | Fact::LocksReleased { .. }
        | Fact::Read { .. }
        | Fact::Wrote { .. }
        | Fact::Applied { .. }
        | Fact::Appended { .. }
        | Fact::Delivered { .. }
        | Fact::Stored { .. }
        | Fact::Inherited { .. } => false,
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = self.node.to_string();
        write!(f, "{node:<4} ")?;
        match self.fact {
            Fact::Begun { .. }
            | Fact::Enlisted { .. }
            | Fact::Asked { .. }
            | Fact::AbortAsked { .. }
            | Fact::OutcomeAsked { .. }
            | Fact::Answered { .. }
            | Fact::Refused { .. } => client(self.fact, f),
            Fact::LockWaited { .. }
            | Fact::LockGranted { .. }
            | Fact::LocksReleased { .. }
            | Fact::Read { .. }
            | Fact::Wrote { .. }
            | Fact::Applied { .. }
            | Fact::Stored { .. }
            | Fact::Inherited { .. }
            | Fact::LeftLocked { .. } => store(self.fact, f),
            Fact::Decided { .. }
            | Fact::HeuristicDecision { .. }
            | Fact::Voted { .. }
            | Fact::Appended { .. }
            | Fact::Durable { .. }
            | Fact::Lost { .. }
            | Fact::LeftInDoubt { .. }
            | Fact::LeftOpen { .. } => commitment(self, f),
            // About all transactions, and so about none.
            Fact::Sent { to, message: MessageKind::Deposed, .. } => {
                write!(f, "tells {to} that it is deposed")
            }
            Fact::Delivered { from, message: MessageKind::Deposed, .. } => {
                write!(f, "is told by {from} that it is deposed")
            }
            Fact::Dropped { to, message: MessageKind::Deposed, why, .. } => {
                write!(f, "tells {to} in vain that it is deposed: {why}")
            }
            Fact::Sent { to, message: MessageKind::Recover, .. } => write!(f, "calls on {to} to recover"),
            Fact::Delivered { from, message: MessageKind::Recover, .. } => {
                write!(f, "is called on by {from} to recover")
            }
            Fact::Dropped { to, message: MessageKind::Recover, why, .. } => {
                write!(f, "calls on {to} to recover in vain: {why}")
            }
            Fact::Sent { to, gid, message } => write!(f, "sends {message} of {gid} to {to}"),
            Fact::Delivered { from, gid, message } => write!(f, "hears {message} of {gid} from {from}"),
            Fact::Dropped { to, gid, message, why } => {
                write!(f, "sends {message} of {gid} to {to} in vain: {why}")
            }
            Fact::Crashed => f.write_str("CRASHES"),
            Fact::Halted { why } => write!(f, "stops by itself: {why}"),
            Fact::Restarted => f.write_str("restarts"),
            Fact::TookOver { from } => write!(f, "takes over the log of {from}"),
            Fact::Recovered => f.write_str("has recovered"),
            Fact::FaultFired { kind, point: Some(point) } => write!(f, "fault: {kind} at {point}"),
            Fact::FaultFired { kind, point: None } => write!(f, "fault: {kind}"),
            Fact::Healed => f.write_str("everything heals"),
            Fact::LeftDown => f.write_str("is still down at the end"),
        }
    }
}

fn client(fact: Fact, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match fact {
        Fact::Begun { gid, participants: 1 } => write!(f, "begins {gid} with 1 participant"),
        Fact::Begun { gid, participants } => write!(f, "begins {gid} with {participants} participants"),
        Fact::Enlisted { gid } => write!(f, "is to take part in {gid}"),
        Fact::Asked { gid, key, op, value } => {
            let op = format!("{op:?}").to_lowercase();
            write!(f, "is to {op} {key} for {gid} (value {value})")
        }
        Fact::AbortAsked { gid } => write!(f, "is asked by the client to abort {gid}"),
        Fact::OutcomeAsked { gid } => write!(f, "is asked by the client what became of {gid}"),
        Fact::Answered { gid, outcome: Outcome::Unknown } => {
            write!(f, "leaves the client without answer on {gid}")
        }
        Fact::Answered { gid, outcome } => write!(f, "tells the client: {gid} {outcome}"),
        Fact::Refused { gid } => write!(f, "refuses {gid}: the id was used before"),
        _ => Ok(()),
    }
}

fn store(fact: Fact, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match fact {
        Fact::LockWaited { gid, key, mode } => write!(f, "makes {gid} wait for the {mode} lock of {key}"),
        Fact::LockGranted { gid, key, mode } => write!(f, "grants {gid} the {mode} lock of {key}"),
        Fact::LocksReleased { gid } => write!(f, "releases the locks of {gid}"),
        Fact::Read { gid, key, writer } => write!(f, "reads {key} for {gid} as {writer} left it"),
        Fact::Wrote { gid, key, value } => write!(f, "will set {key} to {value} if {gid} commits"),
        Fact::Applied { gid, key, value } => write!(f, "sets {key} to {value} for {gid}"),
        Fact::Stored { key, value } => write!(f, "holds {value} in {key} at the end"),
        Fact::Inherited { key, value, writer } => {
            write!(f, "holds {value} in {key} at the start, as {writer} left it")
        }
        Fact::LeftLocked { gid, key } => write!(f, "still has {key} locked by {gid} at the end"),
        _ => Ok(()),
    }
}

fn commitment(event: &Event, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let coordinator = event.node.is_coordinator();
    match event.fact {
        Fact::Decided { gid, decision } if coordinator => write!(f, "decides to {decision} {gid}"),
        Fact::Decided { gid, decision } => write!(f, "{decision}s {gid}"),
        Fact::HeuristicDecision { gid, decision } => {
            write!(f, "is made to {decision} {gid} by its own decision")
        }
        Fact::Voted { gid, vote } => write!(f, "votes {vote} on {gid}"),
        Fact::Appended { gid, record, forced } => {
            let how = if forced { "forces" } else { "appends" };
            write!(f, "{how} {}", About(gid, record))
        }
        Fact::Durable { gid, record } => write!(f, "has {} durable", About(gid, record)),
        Fact::Lost { gid, record } => write!(f, "has lost {}", About(gid, record)),
        Fact::LeftInDoubt { gid } => write!(f, "is still in doubt about {gid} at the end"),
        Fact::LeftOpen { gid } => write!(f, "is still not done with {gid} at the end"),
        _ => Ok(()),
    }
}

/// What a record is about.
struct About(Gid, RecordKind);

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self(Gid::INITIAL, _) => f.write_str("a record of its own"),
            Self(gid, record) => write!(f, "\"{record}\" of {gid}"),
        }
    }
}
