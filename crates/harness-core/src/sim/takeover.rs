//! A stand-by coordinator takes over: it starts on the log of the leader, which can write there no more, be it dead,
//! paused, or alive and unaware.

use history::{Fact, FaultKind, NodeId};
use protocol::{Incident, Input};

use super::faults::Cause;
use super::run::Run;

impl Run<'_> {
    /// The next stand-by takes over from the leader. Everything having healed, nobody does.
    pub(super) fn take_over(&mut self, cause: Cause) {
        let (old, new) = (self.leader, NodeId::coordinator(self.leader.number() + 1));
        if self.healed || self.place(new) >= self.nodes.len() {
            return;
        }
        self.strike(new, FaultKind::Takeover, cause);
        let (place, random) = (self.place(old), &mut self.disk_random);
        let before = &mut self.nodes[place];
        let mut disk = before.disk.fence();
        // What is on its way to the disk when it changes hands has arrived or has not.
        let (survived, lost) = disk.crash(random);
        (before.retired, before.gone_for_good) = (true, false);
        let (epoch, was_up) = (before.epoch, before.is_up());
        for (gid, record) in survived {
            self.record(old, Fact::Durable { gid, record });
        }
        for (gid, record) in lost {
            self.record(old, Fact::Lost { gid, record });
        }
        if was_up {
            self.disconnect_clients();
        }
        self.leader = new;
        let node = self.node_mut(new);
        (node.disk, node.epoch, node.retired) = (disk, epoch, false);
        self.record(new, Fact::TookOver { from: old });
        self.bring_up(new);
    }

    /// A sync of a log returns that somebody else has taken over.
    pub(super) fn sync_refused(&mut self, id: NodeId) {
        for (gid, record) in self.node_mut(id).disk.refuse() {
            self.record(id, Fact::Lost { gid, record });
        }
        let incarnation = self.node(id).incarnation;
        self.step(id, Input::Befallen(Incident::Deposed));
        // One that goes on believes in what is lost.
        if self.node(id).incarnation == incarnation {
            self.release(id);
        }
    }
}
