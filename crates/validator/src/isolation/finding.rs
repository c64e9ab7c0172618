//! What is found, told as a story: which transaction read or wrote what, in an order that cannot be.

use std::collections::BTreeMap;

use history::{Gid, Key, Level, NodeId, ParticipantId};

use super::anomaly::Anomaly;
use super::graph::Dependency;
use super::live::{Place, Read};

/// An anomaly, with its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind it is.
    pub anomaly: Anomaly,
    /// Whom it is about, in the order of the story.
    pub transactions: Vec<Gid>,
    /// Where, by the numbers of the nodes, ascending.
    pub nodes: Vec<u32>,
    /// The story, in one sentence.
    pub claim: String,
    /// The reads and writes of the story, by their numbers in the stream, ascending.
    pub sequences: Vec<u64>,
}

/// What was checked and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What was promised.
    pub level: Level,
    /// How many reads of committed transactions were looked at.
    pub reads: u64,
    /// How many versions were installed.
    pub installed: u64,
    /// How many of each anomaly were found.
    pub counts: BTreeMap<Anomaly, u64>,
    /// The first of them, not necessarily all.
    pub found: Vec<Finding>,
    /// Why what was not found proves nothing, if that is so.
    pub unclear: Option<String>,
}

/// One dependency of a cycle, and the two operations that make it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) dependency: Dependency,
    pub(super) from: Gid,
    pub(super) to: Gid,
    pub(super) place: Place,
    pub(super) sequences: [Option<u64>; 2],
}

impl Finding {
    /// A read that is wrong by itself.
    pub(super) fn of_read(anomaly: Anomaly, reader: Gid, read: &Read) -> Self {
        let (key, writer) = (named(read.place), read.writer);
        let claim = match anomaly {
            Anomaly::Internal if writer == reader => {
                format!("{reader} read {key} as its own, which it had not written")
            }
            Anomaly::Internal => format!("{reader} had written {key} and read it as {writer} left it"),
            Anomaly::G1a => format!("{reader} read {key} as {writer} left it, which aborted"),
            Anomaly::G1b => {
                format!("{reader} read {key} as {writer} left it, which wrote it again after that")
            }
            _ => format!("{reader} read {key} as {writer} left it, which never wrote it"),
        };
        let claim = format!("{anomaly}: {claim}");
        let transactions = if writer == reader { vec![reader] } else { vec![reader, writer] };
        let (nodes, sequences) = (vec![node_of(read.place)], vec![read.sequence]);
        Self { anomaly, transactions, nodes, claim, sequences }
    }

    pub(super) fn of_cycle(anomaly: Anomaly, steps: &[Step], proven_minimal: bool) -> Self {
        let told: Vec<String> = steps.iter().map(Step::told).collect();
        let cut = if proven_minimal { "" } else { " (the shortest found, not proven minimal)" };
        let claim = format!("{anomaly}: {}{cut}", told.join(", "));
        let mut sequences: Vec<u64> = steps.iter().flat_map(|step| step.sequences).flatten().collect();
        sequences.sort_unstable();
        sequences.dedup();
        let transactions = steps.iter().map(|step| step.from).collect();
        let of_keys = steps.iter().filter(|step| step.dependency < Dependency::Process);
        let mut nodes: Vec<u32> = of_keys.map(|step| node_of(step.place)).collect();
        nodes.sort_unstable();
        nodes.dedup();
        Self { anomaly, transactions, nodes, claim, sequences }
    }
}

impl Step {
    fn told(&self) -> String {
        let (from, to, key) = (self.from, self.to, named(self.place));
        match self.dependency {
            Dependency::WriteWrite => format!("{from} wrote {key} before {to} did"),
            Dependency::WriteRead => format!("{to} read {key} as {from} wrote it"),
            Dependency::ReadWrite => format!("{from} read {key} before {to} wrote it"),
            Dependency::Process => format!("the client of {from} ran {to} after it"),
            Dependency::RealTime => format!("{from} was over before {to} began"),
        }
    }
}

impl Judgement {
    /// Whether nothing was found that the level rules out, and nothing that could be was missed.
    pub fn is_valid(&self) -> bool {
        self.counts.is_empty() && self.unclear.is_none()
    }

    /// How many anomalies were found.
    pub fn violated(&self) -> u64 {
        self.counts.values().sum()
    }
}

/// A key and whose it is.
fn named(place: Place) -> String {
    let key = Key(place as u32);
    match node_of(place) {
        0 => key.to_string(),
        node => format!("{key} of {}", NodeId::from(ParticipantId(node))),
    }
}

fn node_of(place: Place) -> u32 {
    (place >> 32) as u32
}
