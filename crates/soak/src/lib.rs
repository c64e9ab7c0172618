//! The arrow Scenario -> History, laid end to end: a soak is a number of clusters, each of which lives through epoch
//! after epoch on the disks that the one before has left.
//!
//! A [`SoakPlan`] says which scenario each epoch is. A [`Cluster`] lives through its epochs, and each becomes a line of
//! its [`Record`](record::Record). A [`fleet`] has a process for each cluster at work. What clusters come to is
//! a [`SoakResult`], and results of several machines merge. Nothing here parses arguments or prints.

mod checkpoint;
mod cluster;
pub mod databases;
mod error;
pub mod fleet;
pub mod folder;
mod mix;
mod pace;
mod plan;
pub mod record;
mod result;
mod shard;
mod span;
pub mod violation;
pub mod worker;

pub use cluster::Cluster;
pub use error::SoakError;
pub use folder::Folder;
pub use plan::SoakPlan;
pub use record::EpochRecord;
pub use result::{ClusterResult, FailedEpoch, SoakResult};
pub use shard::Shard;
pub use span::{ParseSpanError, Rate, Span};
