//! Nodes go down, and disks lose what they hold or take nothing more.

use history::{Fact, FaultKind, HaltReason, Nanos, NodeId};
use protocol::{Failure, Incident, Input};

use super::driver::Flow;
use super::faults::Cause;
use super::hindrance::TornAppend;
use super::queue::Happening;
use super::run::Run;
use crate::model::FailureMode;

/// What a supervisor waits before it starts a node again that stopped by itself.
const SUPERVISOR_RESTARTS_AFTER_MS: u64 = 100;
/// So often code may panic in a run before the run is given up.
const CODE_FAILURES_MAX: usize = 3;

impl Run<'_> {
    pub(super) fn damage(&mut self, id: NodeId, mode: &FailureMode, cause: Cause) -> Flow {
        match *mode {
            FailureMode::Crash { restart_after_ms } => {
                self.strike(id, mode.kind(), cause);
                return self.go_down(id, restart_after_ms);
            }
            FailureMode::CrashLoop { times, down_ms, up_ms } => {
                self.strike(id, mode.kind(), cause);
                if let Some(index) = cause.fault.filter(|&index| self.fired[index] < times) {
                    let at = self.now + Nanos::from_millis(down_ms + up_ms);
                    self.queue.push(at, Happening::FaultBegins { index, node: id });
                }
                return self.go_down(id, Some(down_ms));
            }
            FailureMode::Wiped { restart_after_ms } => {
                if self.node(id).disk.len() == 0 {
                    return Flow::Continues;
                }
                self.strike(id, mode.kind(), cause);
                self.go_down(id, restart_after_ms);
                for (gid, record) in self.node_mut(id).disk.wipe() {
                    self.record(id, Fact::Lost { gid, record });
                }
                return Flow::Crashed;
            }
            FailureMode::CorruptRecord { restart_after_ms } => {
                if !self.can_corrupt(id) {
                    return Flow::Continues;
                }
                self.go_down(id, restart_after_ms);
                let place = self.place(id);
                let is_corrupt = self.nodes[place].disk.corrupt(&mut self.disk_random);
                assert!(is_corrupt, "what a crash leaves was tried before");
                self.strike(id, mode.kind(), cause);
                return Flow::Crashed;
            }
            // These have fired when they have struck an append or a sync.
            FailureMode::TornTail { restart_after_ms } => {
                self.node_mut(id).hindrance_mut().torn_append = Some(TornAppend { cause, restart_after_ms });
            }
            FailureMode::FailingSync => self.node_mut(id).hindrance_mut().failing_sync = Some(cause),
            FailureMode::DiskFull { for_ms } => {
                self.strike(id, mode.kind(), cause);
                self.node_mut(id).disk.fill(true);
                self.queue.push(self.now + Nanos::from_millis(for_ms), Happening::DiskFreed { node: id });
                self.step(id, Input::Befallen(Incident::DiskFull));
            }
            _ => {}
        }
        Flow::Continues
    }

    /// Whether a crash now would leave a record that can be corrupted, which also depends on what of the rest survives it.
    fn can_corrupt(&self, id: NodeId) -> bool {
        let (mut disk, mut random) = (self.node(id).disk.clone(), self.disk_random.clone());
        disk.crash(&mut random);
        disk.corrupt(&mut random)
    }

    fn go_down(&mut self, id: NodeId, restart_after_ms: Option<u64>) -> Flow {
        self.crash(id);
        match restart_after_ms {
            Some(after) => {
                let incarnation = self.node(id).incarnation;
                let at = self.now + Nanos::from_millis(after);
                self.queue.push(at, Happening::Restart { node: id, incarnation });
            }
            None => self.node_mut(id).gone_for_good = true,
        }
        Flow::Crashed
    }

    /// A node stops by itself. One that can be helped by reading its log again is started again.
    pub(super) fn halt(&mut self, id: NodeId, why: HaltReason) -> Flow {
        self.record(id, Fact::Halted { why });
        let restart_after_ms = match why {
            HaltReason::SyncFailed | HaltReason::Failed => Some(SUPERVISOR_RESTARTS_AFTER_MS),
            HaltReason::LogDamaged => None,
            HaltReason::Deposed => {
                self.crash(id);
                return Flow::Crashed;
            }
        };
        self.go_down(id, restart_after_ms)
    }

    /// The code under test failed. It is started again, because what it does then may tell more; one that fails again
    /// and again is given up.
    pub(super) fn fail(&mut self, id: NodeId, failure: &Failure) -> Flow {
        self.code_failures.push(format!("{id} {failure}"));
        self.gave_up |= *failure == Failure::Livelocked || self.code_failures.len() >= CODE_FAILURES_MAX;
        self.halt(id, HaltReason::Failed)
    }

    /// A crash cuts the append under way short.
    pub(super) fn crash_in_append(&mut self, id: NodeId, torn: TornAppend) -> Flow {
        self.strike(id, FaultKind::TornTail, torn.cause);
        self.node_mut(id).disk.tear_last();
        self.go_down(id, torn.restart_after_ms)
    }

    /// A sync returns with an error, and what it covered is lost.
    pub(super) fn sync_failed(&mut self, id: NodeId, cause: Cause) {
        self.strike(id, FaultKind::FailingSync, cause);
        for (gid, record) in self.node_mut(id).disk.fail_sync() {
            self.record(id, Fact::Lost { gid, record });
        }
        let incarnation = self.node(id).incarnation;
        self.step(id, Input::Befallen(Incident::SyncFailed));
        // One that goes on believes in what is lost.
        if self.node(id).incarnation == incarnation {
            self.release(id);
        }
    }

    /// A disk that was full takes records again.
    pub(super) fn free_disk(&mut self, id: NodeId) {
        let node = self.node_mut(id);
        if node.disk.is_full() {
            node.disk.fill(false);
            self.step(id, Input::Befallen(Incident::DiskFreed));
        }
    }
}
