//! Faults begin: at a protocol step that a node passes, or at an instant.

use history::{Decision, Fact, FaultKind, Gid, Nanos, NodeId, Point};
use protocol::{Incident, Input};

use super::driver::Flow;
use super::hindrance::Lasting;
use super::queue::Happening;
use super::run::Run;
use crate::model::{FailureMode, Trigger};

/// Which fault of the scenario it is (none of them, if it comes from the environment), and the step of a transaction
/// at which it strikes, if it strikes at one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cause {
    pub(super) fault: Option<usize>,
    pub(super) step: Option<(Point, Gid)>,
}

impl Run<'_> {
    /// Makes sure that those faults begin that have their time.
    pub(super) fn schedule_faults(&mut self) {
        let scenario = self.scenario;
        for (index, fault) in scenario.failure_configs.iter().enumerate() {
            let node = fault.node.unwrap_or(NodeId::COORDINATOR);
            match fault.trigger {
                // The clients begin at the same instant: what is wrong from the start is wrong for them too.
                Trigger::AtMs(0) => self.begin_at_its_time(index, node),
                Trigger::AtMs(ms) => {
                    self.queue.push(Nanos::from_millis(ms), Happening::FaultBegins { index, node })
                }
                Trigger::AtPoint { .. } => {}
            }
        }
        self.schedule_plan();
    }

    pub(super) fn begin_at_its_time(&mut self, index: usize, node: NodeId) {
        let scenario = self.scenario;
        let fault = &scenario.failure_configs[index];
        // Everything heals at once: what was to begin later never does.
        let reaches_it = match fault.mode {
            FailureMode::Network(_) | FailureMode::Takeover => true,
            _ => self.node(node).is_up(),
        };
        if !self.healed && reaches_it {
            self.begin_fault(node, &fault.mode, Cause { fault: Some(index), step: None });
        }
    }

    /// Lets a fault begin on a node.
    #[cold]
    pub(super) fn begin_fault(&mut self, id: NodeId, mode: &FailureMode, cause: Cause) -> Flow {
        match mode {
            FailureMode::Crash { .. }
            | FailureMode::CrashLoop { .. }
            | FailureMode::CorruptRecord { .. }
            | FailureMode::Wiped { .. }
            | FailureMode::TornTail { .. }
            | FailureMode::FailingSync
            | FailureMode::DiskFull { .. } => return self.damage(id, mode, cause),
            // It has fired when it has struck a message.
            FailureMode::Network(fault) => self.trouble.begin(self.now, fault.clone(), cause.fault),
            FailureMode::Pause { .. }
            | FailureMode::SlowNode { .. }
            | FailureMode::SlowSync { .. }
            | FailureMode::Clock { .. } => self.hinder(id, mode, cause),
            FailureMode::VoteNo => self.befall(id, mode, cause, Incident::CannotPrepare),
            FailureMode::LockTimeout => self.befall(id, mode, cause, Incident::LockTimeout),
            // After the step in hand, which is still the older one's.
            FailureMode::Takeover => self.queue.push(self.now, Happening::TakesOver { cause }),
            FailureMode::Heuristic { .. } => {
                // After the step in hand: its effects come first.
                if let Some((_, gid)) = cause.step {
                    self.queue.push(self.now, Happening::Heuristic { node: id, gid, cause });
                }
            }
            FailureMode::PreparedLimit { most } => {
                self.strike(id, mode.kind(), cause);
                self.node_mut(id).hindrance_mut().prepared_max = Some(*most);
                self.step(id, Input::Befallen(Incident::PreparedLimit(*most)));
            }
        }
        Flow::Continues
    }

    /// A fault strikes: it has fired, and the history says so.
    pub(super) fn strike(&mut self, id: NodeId, kind: FaultKind, cause: Cause) {
        if let Some(index) = cause.fault {
            self.fired[index] += 1;
        }
        let place = self.place(id);
        self.struck[place] = true;
        self.record(id, Fact::FaultFired { kind, point: cause.step.map(|(point, _)| point) });
    }

    /// Something befalls the branch at whose step the fault strikes.
    fn befall(&mut self, id: NodeId, mode: &FailureMode, cause: Cause, incident: fn(Gid) -> Incident) {
        self.strike(id, mode.kind(), cause);
        if let Some((_, gid)) = cause.step {
            self.step(id, Input::Befallen(incident(gid)));
        }
    }

    /// An operator decides a branch, if it is in doubt by now; otherwise the fault has not fired.
    pub(super) fn decide_alone(&mut self, id: NodeId, gid: Gid, cause: Cause) {
        let scenario = self.scenario;
        let fault = cause.fault.map(|index| &scenario.failure_configs[index].mode);
        let Some(&FailureMode::Heuristic { decision }) = fault else { return };
        if self.node(id).in_doubt().binary_search(&gid).is_ok() {
            self.decide_heuristically(id, gid, decision, cause);
        }
    }

    /// An operator decides a branch that is in doubt.
    pub(super) fn decide_heuristically(&mut self, id: NodeId, gid: Gid, decision: Decision, cause: Cause) {
        self.strike(id, FaultKind::Heuristic, cause);
        self.record(id, Fact::HeuristicDecision { gid, decision });
        self.step(id, Input::Befallen(Incident::Heuristic { gid, decision }));
    }

    /// What hinders a node changes something, perhaps for the first time: then it fires.
    #[inline]
    pub(super) fn feel(&mut self, id: NodeId, kind: FaultKind) {
        if self.node(id).hindrance.is_some() {
            self.feel_first(id, kind);
        }
    }

    #[cold]
    fn feel_first(&mut self, id: NodeId, kind: FaultKind) {
        let unfelt = &mut self.node_mut(id).hindrance_mut().unfelt;
        let felt: Vec<Cause> = unfelt.extract_if(.., |(it, _)| *it == kind).map(|(_, cause)| cause).collect();
        felt.into_iter().for_each(|cause| self.strike(id, kind, cause));
    }

    /// A node is paused or slow, or its clock is off. It fires when something is late, or is shown another time.
    fn hinder(&mut self, id: NodeId, mode: &FailureMode, cause: Cause) {
        let (now, kind) = (self.now, mode.kind());
        self.hindered = true;
        let hindrance = self.node_mut(id).hindrance_mut();
        let adds_up = match kind {
            FaultKind::Clock => true,
            FaultKind::Pause => hindrance.paused_until.is_some(),
            _ => false,
        };
        // One that takes the place of another leaves it no time to fire.
        if !adds_up {
            hindrance.unfelt.retain(|&(it, _)| it != kind);
        }
        hindrance.unfelt.push((kind, cause));
        match *mode {
            FailureMode::Pause { for_ms } => {
                let until = now + Nanos::from_millis(for_ms);
                // Of two pauses the longer counts.
                hindrance.paused_until = hindrance.paused_until.max(Some(until));
                self.queue.push(until, Happening::PauseEnds { node: id });
            }
            FailureMode::SlowNode { by_ms, for_ms } => hindrance.slow = lasting(now, by_ms, for_ms),
            FailureMode::SlowSync { by_ms, for_ms } => hindrance.slow_sync = lasting(now, by_ms, for_ms),
            FailureMode::Clock { jump_ms, drift_ppm } => hindrance.clock.set(now, jump_ms, drift_ppm),
            _ => {}
        }
    }
}

fn lasting(now: Nanos, by_ms: u64, for_ms: u64) -> Lasting {
    Lasting { by: Nanos::from_millis(by_ms), until: now + Nanos::from_millis(for_ms) }
}
