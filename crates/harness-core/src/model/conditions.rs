//! The ordinary conditions of a run, in which nothing is wrong: how fast links and disks are, and how patient
//! participants.

use history::Nanos;
use serde::{Deserialize, Serialize};

/// How links behave. Each message takes a time drawn evenly from the range; a link delivers in the order sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkConditions {
    /// The shortest time from one node to another.
    pub latency_min: Nanos,
    /// The longest time from one node to another.
    pub latency_max: Nanos,
}

impl Default for NetworkConditions {
    /// A data centre: 100 to 500 microseconds.
    fn default() -> Self {
        Self { latency_min: Nanos::from_micros(100), latency_max: Nanos::from_micros(500) }
    }
}

/// How disks behave. A sync makes durable all that was appended before it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiskConditions {
    /// The shortest time of a sync.
    pub sync_min: Nanos,
    /// The longest time of a sync.
    pub sync_max: Nanos,
}

impl Default for DiskConditions {
    /// A solid state disk with a write cache: 50 to 200 microseconds.
    fn default() -> Self {
        Self { sync_min: Nanos::from_micros(50), sync_max: Nanos::from_micros(200) }
    }
}

/// How long virtual participants wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParticipantConfig {
    /// For a lock, before the branch fails.
    pub lock_timeout: Nanos,
    /// For a prepare, before a branch that has not voted aborts by itself.
    pub idle_timeout: Nanos,
    /// For the decision, before a participant in doubt inquires for the first time; twice as long each time after.
    pub inquiry_first: Nanos,
    /// The longest time between two inquiries.
    pub inquiry_longest: Nanos,
    /// How many coordinators there are, stand-bys included, to ask one after the other. A run sets this itself.
    #[serde(skip)]
    pub coordinators: u32,
}

impl Default for ParticipantConfig {
    fn default() -> Self {
        Self {
            lock_timeout: Nanos::from_secs(1),
            idle_timeout: Nanos::from_secs(5),
            inquiry_first: Nanos::from_millis(500),
            inquiry_longest: Nanos::from_secs(2),
            coordinators: 1,
        }
    }
}
