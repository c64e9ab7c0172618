//! A whole run: which one it was, what it promised, and what happened.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::event::Event;
use crate::level::Level;

/// What a run promises and the validator holds it to, beside the properties that hold for every run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Terms {
    /// Every committed transaction leaves the sum of all values on all participants as it was.
    pub conserved_total: bool,
    /// Participants may be left in doubt and locked, because a node never comes back; they must still not be wrong.
    pub may_block: bool,
    /// How far participants keep transactions apart.
    pub isolation: Level,
    /// What the coordinator's log holds is no evidence: its records are of no kind that we know, or are not recorded.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub without_log: bool,
}

/// Which run a history is of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The scenario's name.
    pub scenario: String,
    /// The seed that the run is a function of, beside the scenario and the version of the program.
    pub seed: u64,
    /// How many participants there were.
    pub participants: u32,
    /// What the run promised.
    pub terms: Terms,
}

/// What happened in one run, in the order in which it happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Which run this is of.
    pub header: Header,
    /// What happened.
    pub events: Vec<Event>,
}

impl History {
    /// The fingerprint of all events.
    pub fn digest(&self) -> Digest {
        let mut digest = Digest::default();
        self.events.iter().for_each(|event| digest.add(event));
        digest
    }
}
