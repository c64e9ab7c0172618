//! Which coordinator a participant obeys: the one of the latest epoch that it has heard of. An older one that is still
//! alive after another took over is told so, and nothing that it says counts (fencing by epoch; Lamport's ballots).

use history::NodeId;
use protocol::{BodyReader, LogRecord};

/// The coordinator of the latest epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leader {
    pub(super) node: NodeId,
    pub(super) epoch: u32,
}

impl Default for Leader {
    fn default() -> Self {
        Self { node: NodeId::COORDINATOR, epoch: 0 }
    }
}

impl Leader {
    /// Whether what this node says counts. What the same coordinator said before it restarted does.
    #[inline]
    pub(super) fn admits(&mut self, from: NodeId, epoch: u32) -> bool {
        if from == self.node {
            self.epoch = self.epoch.max(epoch);
            return true;
        }
        self.follow(Self { node: from, epoch });
        self.node == from
    }

    /// Follows the later one of the two.
    pub(super) fn follow(&mut self, other: Self) {
        if other.epoch > self.epoch {
            *self = other;
        }
    }

    /// Whom to ask for the n-th time, counted from 0, among so many coordinators: the leader, then the next.
    pub(super) fn to_ask(self, times: u32, coordinators: u32) -> NodeId {
        NodeId::coordinator((self.node.number() + times) % coordinators.max(1))
    }

    pub(super) fn write(self, record: &mut LogRecord) {
        record.push_u32(self.node.number());
        record.push_u32(self.epoch);
    }

    pub(super) fn read(body: &mut BodyReader<'_>) -> Self {
        let node = NodeId::coordinator(body.u32().unwrap_or(0));
        Self { node, epoch: body.u32().unwrap_or(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_coordinator_of_the_latest_epoch_is_obeyed() {
        let (tm, tm2) = (NodeId::COORDINATOR, NodeId::coordinator(1));
        let mut leader = Leader::default();
        assert!(leader.admits(tm, 1) && leader.admits(tm, 2));
        assert!(leader.admits(tm, 1), "what it said before its restart");
        assert!(!leader.admits(tm2, 2), "two of one epoch cannot be");
        assert!(leader.admits(tm2, 3));
        assert!(!leader.admits(tm, 2));
        assert_eq!((leader.node, leader.epoch), (tm2, 3));
    }

    #[test]
    fn who_does_not_answer_is_asked_in_turn() {
        let leader = Leader { node: NodeId::coordinator(1), epoch: 2 };
        let asked: Vec<String> = (0..3).map(|times| leader.to_ask(times, 2).to_string()).collect();
        assert_eq!(asked, ["tm2", "tm", "tm2"]);
        assert_eq!(Leader::default().to_ask(5, 1), NodeId::COORDINATOR);
    }
}
