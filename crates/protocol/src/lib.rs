//! The protocol: what a coordinator and a participant exchange, the traits that a system under test implements,
//! and the reference coordinator (presumed abort), as pure state machines.
//!
//! A [`Coordinator`] or [`Participant`] takes one [`Input`] at a time and pushes [`Effect`]s. It reads no clock,
//! draws no random number and opens no socket: whoever drives it does, and keeps the one rule that makes it safe,
//! **output commit**: nothing that a node emits leaves it before everything that it *forced* earlier is durable.
//! So a decision is announced safely by forcing its record first and sending it second:
//!
//! ```
//! use history::{Decision, Gid, ParticipantId, RecordKind};
//! use protocol::{Effects, LogRecord, Message};
//!
//! fn decide(gid: Gid, participants: &[ParticipantId], effects: &mut Effects) {
//!     effects.force(LogRecord::new(RecordKind::Decided(Decision::Commit), gid));
//!     for &participant in participants {
//!         effects.send(participant.into(), Message::Commit { gid });
//!     }
//! }
//! ```

mod deadlines;
mod effects;
mod log;
mod message;
mod node;
mod reference;
mod transaction;

pub use deadlines::Deadlines;
pub use effects::{Effect, Effects, Failure, LogPosition, Timer};
pub use log::{BodyReader, LogDamaged, LogRecord, StoredRecord, sound_records};
pub use message::{Message, Refusal};
pub use node::{ClientRequest, Coordinator, Incident, Input, Participant};
pub use reference::{CoordinatorConfig, ReferenceCoordinator};
pub use transaction::{Change, DistributedTransaction, Ending, Operation, Read, Write};
