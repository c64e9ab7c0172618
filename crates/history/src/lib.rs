//! The noun `History`: what happened in one run of two-phase commit, and the vocabulary to say it.
//!
//! A [`History`] is a [`Header`] (which run this was and what it promised) and a list of [`Event`]s: at which
//! instant, on which node, which [`Fact`]. The simulator and a real database write the same history, so one
//! validator judges both. Nothing here decides whether a history is right.
//!
//! # Glossary
//!
//! | word | means |
//! | --- | --- |
//! | coordinator | the node that collects votes and takes the decision (the transaction manager, `tm`) |
//! | participant | a node that holds data and votes (a resource manager, `rm1`, `rm2`, ..) |
//! | branch | one participant's share of a transaction |
//! | vote | a participant's answer to prepare: yes, no, or read-only |
//! | decision | commit or abort; *decided* means that a commit is durable at the coordinator |
//! | in doubt | a branch that voted yes and has not learnt the decision: it may do neither alone |
//! | forced | an append whose sync the node waits for before anything it emits later leaves it |
//! | outcome | what a client is told: committed, aborted, unknown, or heuristic mixed |
//!
//! The words are those of Gray and Reuter, *Transaction Processing* (1993), and of Bernstein, Hadzilacos and
//! Goodman, *Concurrency Control and Recovery in Database Systems* (1987), chapter 7.

mod digest;
mod event;
mod fault;
mod file;
mod gid_list;
mod gid_map;
mod ids;
mod level;
mod record;
mod story;
mod words;

pub use digest::Digest;
pub use event::{Event, Fact};
pub use fault::{DropReason, FaultKind, HaltReason, Point, UnknownPoint};
pub use file::{FileError, FileReader, FileWriter, VERSION};
pub use gid_list::GidList;
pub use gid_map::GidMap;
pub use ids::{Gid, Key, Nanos, NodeId, ParseNodeError, ParticipantId, Value};
pub use level::{Level, ParseLevelError};
pub use record::{Header, History, Terms};
pub use story::Timeline;
pub use words::{Decision, LockMode, MessageKind, OpKind, Outcome, RecordKind, Vote};
