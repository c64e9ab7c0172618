//! Faults: what strikes whom, at a step or at an instant, and how nodes come back.

use std::rc::Rc;
use std::time::Duration;

use harness_core::{FailureMode, LinkEffect, Strike, Trigger};
use history::{DropReason, Fact, FaultKind, Gid, NodeId, ParticipantId, Point};

use super::course::{CrashLoop, Found};
use super::room::LessRoom;
use super::{Flow, Happening, Run};
use protocol::Message;
use tokio::time::sleep;

use crate::BackendError;
use crate::link::Struck;
use crate::server::Server;

impl Run<'_> {
    /// Passes a protocol step, at which something may strike.
    pub(super) fn pass(&mut self, node: NodeId, point: Point, gid: Gid) -> Flow {
        let mut flow = Flow::Continues;
        for Strike { mode, index } in self.injector.pass(node, point) {
            if flow == Flow::Continues {
                flow = self.begin_fault(node, &mode, index, Some((point, gid)));
            }
        }
        flow
    }

    /// Passes the step at which a database is about to do as a message says. Whoever is killed there is killed with the
    /// statement under way: who is first, the kernel decides. Other faults come before it.
    pub(super) fn pass_under_way(&mut self, id: ParticipantId, point: Point, message: Message) {
        let (node, gid) = (NodeId::from(id), message.gid());
        let strikes = self.injector.pass(node, point);
        let (kills, others): (Vec<Strike>, Vec<Strike>) =
            strikes.into_iter().partition(|strike| strike.mode.kind() == FaultKind::Crash);
        for Strike { mode, index } in others {
            self.begin_fault(node, &mode, index, Some((point, gid)));
        }
        self.react(id, message);
        for Strike { mode, index } in kills {
            self.begin_fault(node, &mode, index, Some((point, gid)));
        }
    }

    /// What is due at the start is there before the first message: a timer might be late.
    pub(super) fn schedule_faults(&mut self) {
        for (index, fault) in self.scenario.failure_configs.iter().enumerate() {
            match fault.trigger {
                // That was taken up before anybody began.
                Trigger::AtMs(0) if matches!(fault.mode, FailureMode::PreparedLimit { .. }) => {}
                Trigger::AtMs(0) => self.begin_at_its_time(index),
                Trigger::AtMs(ms) => self.later(ms, Happening::FaultDue { index }),
                _ => {}
            }
        }
    }

    pub(super) fn begin_at_its_time(&mut self, index: usize) {
        if self.healed {
            return;
        }
        let fault = &self.scenario.failure_configs[index];
        // A fault of links needs no node.
        let node = fault.node.unwrap_or(NodeId::COORDINATOR);
        let mode = fault.mode.clone();
        self.begin_fault(node, &mode, Some(index), None);
    }

    fn begin_fault(
        &mut self,
        node: NodeId,
        mode: &FailureMode,
        index: Option<usize>,
        step: Option<(Point, Gid)>,
    ) -> Flow {
        if let FailureMode::Network(fault) = mode {
            self.trouble.begin(index, fault);
            return Flow::Continues;
        }
        if !self.is_up(node) || (mode.kind() == FaultKind::Crash && !self.is_ours(node)) {
            return Flow::Continues;
        }
        let point = step.map(|(point, _)| point);
        match *mode {
            FailureMode::Crash { restart_after_ms } => {
                self.fire(node, FaultKind::Crash, point, index);
                self.crash(node, restart_after_ms);
                Flow::Crashed
            }
            FailureMode::CrashLoop { times, down_ms, up_ms } => {
                self.fire(node, FaultKind::Crash, point, index);
                self.crash_again(node, self.incarnation(node), CrashLoop { times, down_ms, up_ms });
                Flow::Crashed
            }
            FailureMode::PreparedLimit { most } => {
                if let Some(id) = node.participant() {
                    self.participant(id).less_room = Some(LessRoom { most, index });
                }
                Flow::Continues
            }
            FailureMode::VoteNo => {
                let Some((id, (_, gid))) = node.participant().zip(step) else { return Flow::Continues };
                if let Some(branch) = self.participant(id).branches.get_mut(&gid) {
                    branch.cannot_prepare = true;
                    self.fire(node, FaultKind::VoteNo, point, index);
                }
                Flow::Continues
            }
            FailureMode::Pause { for_ms } => {
                if let Some(id) = node.participant() {
                    self.fire(node, FaultKind::Pause, point, index);
                    if let Some(server) = &mut self.participant(id).server {
                        server.pause();
                    }
                    self.later(for_ms, Happening::PauseEnds { id });
                }
                Flow::Continues
            }
            // What cannot happen here was refused before the run.
            _ => Flow::Continues,
        }
    }

    pub(super) fn fire(&mut self, node: NodeId, kind: FaultKind, point: Option<Point>, index: Option<usize>) {
        self.record.note(node, Fact::FaultFired { kind, point });
        self.struck.insert(node);
        if let Some(index) = index {
            self.fired[index] += 1;
        }
    }

    /// A fault of a link has struck a message.
    pub(super) fn link_struck(&mut self, struck: Struck) {
        let Struck { index, from, to, message, effect } = struck;
        let participant = if from.is_coordinator() { to } else { from };
        if index.is_none_or(|index| self.fired[index] == 0) {
            self.fire(participant, effect.kind(), None, index);
        }
        let why = match effect {
            LinkEffect::Cut => DropReason::Partitioned,
            LinkEffect::Lose { .. } => DropReason::Lost,
            _ => return,
        };
        if let Some((message, gid)) = message {
            self.record.note(from, Fact::Dropped { to, gid, message, why });
        }
    }

    /// A node crashes, and again for as often as is left, unless somebody else has crashed it meanwhile.
    pub(super) fn crash_again(&mut self, node: NodeId, incarnation: u32, again: CrashLoop) {
        let CrashLoop { times, down_ms, up_ms } = again;
        if self.healed || times == 0 {
            return;
        }
        let again = if self.incarnation(node) == incarnation && self.is_up(node) {
            self.crash(node, Some(down_ms));
            CrashLoop { times: times - 1, ..again }
        } else {
            again
        };
        let incarnation = self.next_incarnation(node);
        self.later(down_ms + up_ms, Happening::CrashDue { node, incarnation, again });
    }

    fn incarnation(&self, node: NodeId) -> u32 {
        match node.participant() {
            Some(id) => self.participants[id.0 as usize - 1].incarnation,
            None => self.node.life,
        }
    }

    /// That of the life after the restart which is due: a coordinator's number goes up with its start too.
    fn next_incarnation(&self, node: NodeId) -> u32 {
        self.incarnation(node) + u32::from(node.is_coordinator() && !self.is_up(node))
    }

    fn is_up(&self, node: NodeId) -> bool {
        match node.participant() {
            Some(id) => self.participants[id.0 as usize - 1].is_up,
            None => self.node.is_up(),
        }
    }

    /// Whether it may be killed. Only asked of a node that is up.
    fn is_ours(&self, node: NodeId) -> bool {
        node.participant().is_none_or(|id| self.participants[id.0 as usize - 1].server.is_some())
    }

    fn crash(&mut self, node: NodeId, restart_after_ms: Option<u64>) {
        let incarnation = match node.participant() {
            None => {
                self.crash_coordinator();
                self.node.gone_for_good |= restart_after_ms.is_none();
                self.node.life
            }
            Some(id) => {
                self.record.note(node, Fact::Crashed);
                let participant = self.participant(id);
                if let Some(server) = &mut participant.server {
                    server.kill();
                }
                participant.is_up = false;
                participant.gone_for_good |= restart_after_ms.is_none();
                participant.incarnation += 1;
                participant.target.life.set(participant.target.life.get() + 1);
                participant.disconnect();
                participant.incarnation
            }
        };
        if let Some(ms) = restart_after_ms {
            self.later(ms, Happening::RestartDue { node, incarnation });
        }
    }

    /// A node that crashed is started again, if that was not done before.
    pub(super) fn restart(&mut self, node: NodeId, incarnation: u32) -> Result<(), BackendError> {
        let Some(id) = node.participant() else {
            return match self.node.is_up() || self.node.life != incarnation {
                true => Ok(()),
                false => self.start_coordinator(),
            };
        };
        let participant = self.participant(id);
        if participant.is_up || participant.incarnation != incarnation {
            return Ok(());
        }
        let Some(mut server) = participant.server.take() else { return Ok(()) };
        let (target, less) = (Rc::clone(&participant.target), participant.less_room.take());
        let queue = self.queue.clone();
        let makes_room = self.healed && self.has_others(id);
        tokio::task::spawn_local(async move {
            let found = match Self::start_server(&mut server, less, node, &queue).await {
                Ok(()) => {
                    if makes_room {
                        target.make_room().await;
                    }
                    find(&target).await
                }
                Err(error) => Err(error),
            };
            let _ = queue.send(Happening::Started { id, server: Box::new(server), found });
        });
        Ok(())
    }

    /// A database is up again.
    pub(super) fn started(&mut self, id: ParticipantId, server: Server, found: Found) {
        let node = NodeId::from(id);
        let participant = self.participant(id);
        participant.server = Some(server);
        participant.is_up = true;
        // What has survived is known before anybody works with it.
        self.record.audit(id, &found.prepared, &found.finished);
        self.record.note(node, Fact::Restarted);
        if self.pass(node, Point::AfterLogRead, Gid::INITIAL) == Flow::Continues {
            self.record.note(node, Fact::Recovered);
        }
    }

    pub(super) fn go_on(&mut self, id: ParticipantId) {
        if let Some(server) = &mut self.participant(id).server {
            server.go_on();
        }
    }

    /// No fault strikes from here on, and what is down is started.
    pub(super) async fn heal(&mut self) -> Result<(), BackendError> {
        self.inert = self.injector.disarm();
        self.trouble.heal();
        self.healed = true;
        for index in 0..self.participants.len() {
            let participant = &self.participants[index];
            let (id, incarnation) = (participant.id(), participant.incarnation);
            let comes_back = !participant.gone_for_good;
            self.go_on(id);
            self.participant(id).less_room = None;
            if self.participants[index].is_up && self.has_others(id) {
                self.participants[index].target.make_room().await;
            }
            if comes_back {
                self.restart(id.into(), incarnation)?;
            }
        }
        if !self.node.gone_for_good {
            let life = self.node.life;
            self.restart(NodeId::COORDINATOR, life)?;
        }
        self.record.note(NodeId::COORDINATOR, Fact::Healed);
        self.serve_clients();
        self.start_sync();
        Ok(())
    }

    pub(super) fn later(&self, ms: u64, happening: Happening) {
        let (queue, due) = (self.queue.clone(), sleep(Duration::from_millis(ms)));
        tokio::task::spawn_local(async move {
            due.await;
            let _ = queue.send(happening);
        });
    }
}

/// What a database that has just started holds.
async fn find(target: &super::target::Target) -> Result<Found, BackendError> {
    let failed = |error: crate::wire::Failure| BackendError::Database {
        node: target.id.to_string(),
        why: error.to_string(),
    };
    let mut seat = target.open_direct().await.map_err(failed)?;
    // First what is prepared: what commits in between is in one of the two.
    let prepared = target.list(&mut seat).await.map_err(failed)?.own;
    let finished = target.finished(&mut seat).await.map_err(failed)?;
    Ok(Found { prepared, finished })
}
