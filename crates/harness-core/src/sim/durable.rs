//! What outlives a run: the disks of all nodes and what clients know, so that the next run of the same cluster can go
//! on from there.

use history::{Fact, Gid, NodeId};
use protocol::{Incident, Input};
use serde::{Deserialize, Serialize};
use validator::Held;

use super::disk::Disk;
use super::run::Run;

/// What all nodes and clients of a run leave to the next one. By default it is that of a cluster that never ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DurableState {
    /// All ids up to this one were used.
    pub(crate) greatest: Gid,
    /// The coordinator, then the participants; nobody if they never ran.
    pub(super) nodes: Vec<Lasting>,
    /// What the committed transactions have left in the stores, by the word of the validator.
    pub(crate) contents: Vec<Held>,
}

/// What outlives one node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lasting {
    /// How often its log was started on.
    epoch: u32,
    disk: Disk,
}

impl Default for DurableState {
    fn default() -> Self {
        Self { greatest: Gid::INITIAL, nodes: Vec::new(), contents: Vec::new() }
    }
}

impl DurableState {
    /// A cluster with new disks, whose clients use none of the ids that were used before.
    pub fn with_new_disks(&self) -> Self {
        Self { greatest: self.greatest, ..Self::default() }
    }

    /// How many participants it is of, if any ever ran.
    pub fn participants(&self) -> Option<u32> {
        (self.nodes.len() as u32).checked_sub(1)
    }
}

impl Run<'_> {
    /// Puts the disks of an earlier run in place.
    pub(super) fn inherit(&mut self, start: &DurableState) {
        for (node, lasting) in self.nodes.iter_mut().zip(&start.nodes) {
            node.disk = lasting.disk.clone();
            node.forced = node.disk.durable();
            node.epoch = lasting.epoch;
        }
        self.clients.used_up_to(start.greatest);
        for &Held { participant, key, value, writer } in &start.contents {
            self.record(participant.into(), Fact::Inherited { key, value, writer });
        }
    }

    /// Lets all nodes shorten their logs, which are then on disk as a whole.
    pub(super) fn checkpoint(&mut self) {
        for place in 0..self.nodes.len() {
            let id: NodeId = self.nodes[place].id;
            if self.nodes[place].is_up() {
                self.step(id, Input::Befallen(Incident::Checkpoint));
            }
        }
    }

    /// What is left to the next run, beside the contents of the stores.
    pub(super) fn durable_state(&mut self) -> DurableState {
        let nodes = self.nodes.iter_mut().map(|node| {
            let mut disk = std::mem::take(&mut node.disk);
            disk.settle();
            Lasting { epoch: node.epoch, disk }
        });
        DurableState { nodes: nodes.collect(), greatest: self.clients.greatest(), contents: Vec::new() }
    }
}
