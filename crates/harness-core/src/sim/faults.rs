//! Faults begin: at a protocol step that a node passes, or at an instant.

use history::{Fact, Gid, Nanos, NodeId, Point};
use protocol::Incident;

use super::driver::{Flow, Stimulus};
use super::hindrance::Lasting;
use super::queue::Happening;
use super::run::Run;
use crate::model::{FailureMode, Trigger};

impl Run<'_> {
    /// Makes sure that those faults begin that have their time.
    pub(super) fn schedule_faults(&mut self) {
        let scenario = self.scenario;
        for (index, fault) in scenario.failure_configs.iter().enumerate() {
            match fault.trigger {
                // The clients begin at the same instant: what is wrong from the start is wrong for them too.
                Trigger::AtMs(0) => self.begin_at_its_time(index),
                Trigger::AtMs(ms) => {
                    self.queue.push(Nanos::from_millis(ms), Happening::FaultBegins { index })
                }
                Trigger::AtPoint { .. } => {}
            }
        }
    }

    pub(super) fn begin_at_its_time(&mut self, index: usize) {
        let scenario = self.scenario;
        let fault = &scenario.failure_configs[index];
        let node = fault.node.unwrap_or(NodeId::COORDINATOR);
        // Everything heals at once: what was to begin later never does.
        if !self.healed && (self.node(node).is_up() || matches!(fault.mode, FailureMode::Network(_))) {
            self.begin_fault(node, None, &fault.mode, Some(index));
        }
    }

    /// Lets a fault begin on a node, at a step of a transaction or by itself.
    #[cold]
    pub(super) fn begin_fault(
        &mut self,
        id: NodeId,
        step: Option<(Point, Gid)>,
        mode: &FailureMode,
        index: Option<usize>,
    ) -> Flow {
        if let FailureMode::Network(fault) = mode {
            // It has fired when it has struck a message.
            self.trouble.begin(self.now, fault.clone(), index);
            return Flow::Continues;
        }
        if let Some(index) = index {
            self.fired[index] += 1;
        }
        self.record(id, Fact::FaultFired { kind: mode.kind(), point: step.map(|(point, _)| point) });
        match *mode {
            FailureMode::Crash { restart_after_ms } => {
                self.crash(id);
                match restart_after_ms {
                    Some(after) => {
                        let incarnation = self.node(id).incarnation;
                        let at = self.now + Nanos::from_millis(after);
                        self.queue.push(at, Happening::Restart { node: id, incarnation });
                    }
                    None => self.node_mut(id).gone_for_good = true,
                }
                return Flow::Crashed;
            }
            FailureMode::VoteNo => {
                if let Some((_, gid)) = step {
                    self.step(id, Stimulus::Incident(Incident::CannotPrepare(gid)));
                }
            }
            FailureMode::Pause { for_ms } => {
                let until = self.now + Nanos::from_millis(for_ms);
                self.node_mut(id).hindrance.paused_until = until;
                self.queue.push(until, Happening::PauseEnds { node: id });
            }
            FailureMode::SlowNode { by_ms, for_ms } => {
                self.node_mut(id).hindrance.slow = lasting(self.now, by_ms, for_ms);
                self.slow_nodes = true;
            }
            FailureMode::SlowSync { by_ms, for_ms } => {
                self.node_mut(id).hindrance.slow_sync = lasting(self.now, by_ms, for_ms);
            }
            FailureMode::Clock { jump_ms, drift_ppm } => {
                let now = self.now;
                self.node_mut(id).hindrance.clock.set(now, jump_ms, drift_ppm);
            }
            FailureMode::Network(_) | FailureMode::Other(_) => {}
        }
        Flow::Continues
    }
}

fn lasting(now: Nanos, by_ms: u64, for_ms: u64) -> Lasting {
    Lasting { by: Nanos::from_millis(by_ms), until: now + Nanos::from_millis(for_ms) }
}
