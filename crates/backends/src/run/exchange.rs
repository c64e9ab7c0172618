//! Messages between the coordinator and the participants: what they become at a database, and what is told of it.

use std::collections::btree_map::Entry;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use history::{Decision, DropReason, Fact, Gid, NodeId, ParticipantId, Point};
use protocol::{Input, Message};

use super::branch::{self, Done, Known};
use super::participant::{Branch, Reaction, State, reply, unreachable};
use super::{Flow, Happening, Run};
use harness_core::steps;

const TM: NodeId = NodeId::COORDINATOR;
/// How long a database that is down is waited for, before a branch there is given up.
const CONNECT_PATIENCE: Duration = Duration::from_millis(100);

impl Run<'_> {
    pub(super) fn participant(&mut self, id: ParticipantId) -> &mut super::participant::Participant {
        &mut self.participants[id.0 as usize - 1]
    }

    /// A message of the coordinator is to be carried out.
    pub(super) fn arrive(&mut self, id: ParticipantId, message: Message) {
        let (gid, kind) = (message.gid(), message.kind());
        let (before, _) = steps::around_delivery(id.into(), kind);
        if let Some(point) = before
            && self.participant(id).is_up
        {
            self.pass(id.into(), point, gid);
        }
        if !self.participant(id).is_up {
            self.record
                .note(TM, Fact::Dropped { to: id.into(), gid, message: kind, why: DropReason::NodeDown });
            if let Some(message) = unreachable(id, &message) {
                let (queue, life) = (self.queue.clone(), self.node.life);
                self.node.tasks.spawn_local(async move {
                    tokio::time::sleep(CONNECT_PATIENCE).await;
                    let _ = queue.send(Happening::Reply { life, id, message });
                });
            }
            return;
        }
        match message {
            Message::Prepare { .. } => self.pass_under_way(id, Point::BeforePrepareForced, message),
            Message::Commit { .. } | Message::DecisionReply { decision: Decision::Commit, .. } => {
                self.pass_under_way(id, Point::BeforeCommitForced, message);
            }
            _ => self.react(id, message),
        }
    }

    pub(super) fn react(&mut self, id: ParticipantId, message: Message) {
        let gid = message.gid();
        if let Message::Abort { .. } | Message::DecisionReply { decision: Decision::Abort, .. } = message {
            self.record.may_go(id, gid);
        }
        match self.participant(id).react(message) {
            Reaction::Work(work) => self.set_to_work(id, gid, work),
            // The coordinator is amid a step, and hears of it after that.
            Reaction::Known(known) => {
                let life = self.node.life;
                let _ = self.queue.send(Happening::Known { life, id, gid, known });
            }
            Reaction::Nothing => {}
        }
    }

    fn set_to_work(
        &mut self,
        id: ParticipantId,
        gid: Gid,
        mut work: std::pin::Pin<Box<dyn Future<Output = Done>>>,
    ) {
        let (queue, life) = (self.queue.clone(), self.node.life);
        // The statement is on its way at once, as far as that needs no waiting.
        if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            let _ = queue.send(Happening::Done { life, id, gid, done });
            return;
        }
        self.node.tasks.spawn_local(async move {
            let done = work.await;
            let _ = queue.send(Happening::Done { life, id, gid, done });
        });
    }

    /// A piece of work is over.
    pub(super) fn work_done(&mut self, id: ParticipantId, gid: Gid, done: Done) {
        let known = self.participant(id).finish_work(gid, done);
        self.is_known(id, gid, &known);
        let branch = self.participant(id).branches.get_mut(&gid);
        if let Some(message) = branch.and_then(|branch| branch.waiting.pop_front()) {
            self.react(id, message);
        }
    }

    /// Something is known of a branch: it goes into the history, and to the coordinator.
    pub(super) fn is_known(&mut self, id: ParticipantId, gid: Gid, known: &Known) {
        let node = NodeId::from(id);
        match known {
            Known::Executed(seen) => {
                let work = self.participant(id).branches.get(&gid).map(|branch| branch.work.clone());
                self.record.executed(id, gid, &work.unwrap_or_default(), seen);
                if self.pass(node, Point::AfterExecute, gid) == Flow::Crashed {
                    return;
                }
            }
            Known::Prepared => {
                self.record.note(node, Fact::Voted { gid, vote: history::Vote::Yes });
                self.record.prepared(id, gid);
                if self.pass(node, Point::AfterPrepareForced, gid) == Flow::Crashed {
                    return;
                }
            }
            Known::VotedNo => {
                self.record.note(node, Fact::Voted { gid, vote: history::Vote::No });
                self.record.aborted(id, gid);
                self.participant(id).close(gid);
            }
            Known::ReadOnly => {
                self.record.note(node, Fact::Voted { gid, vote: history::Vote::ReadOnly });
                self.record.ended_read_only(id, gid);
                self.participant(id).close(gid);
            }
            Known::Committed => {
                self.record.committed(id, gid);
                self.participant(id).close(gid);
                if self.pass(node, Point::AfterCommitForced, gid) == Flow::Crashed {
                    return;
                }
            }
            // As with a message that does not reach it.
            Known::Unreached if self.is_only(id, gid) => return self.participant(id).close(gid),
            Known::Failed(_) | Known::Unreached | Known::Aborted => {
                self.record.aborted(id, gid);
                self.participant(id).close(gid);
            }
            // It had nothing to commit, and has said so.
            Known::Missing if self.record.has_only_read(id, gid) => {
                self.participant(id).close(gid);
                return self.tell_coordinator(id, Message::Acknowledge { gid });
            }
            Known::Missing => self.participant(id).close(gid),
            Known::Nothing => {}
        }
        let life = self.participant(id).target.life.get();
        if let Some(message) = reply(gid, known, life) {
            self.tell_coordinator(id, message);
        }
    }

    fn is_only(&mut self, id: ParticipantId, gid: Gid) -> bool {
        self.participant(id).branches.get(&gid).is_some_and(|branch| branch.is_only)
    }

    /// A participant's message leaves it and arrives.
    pub(super) fn tell_coordinator(&mut self, id: ParticipantId, message: Message) {
        let node = NodeId::from(id);
        let (gid, kind) = (message.gid(), message.kind());
        let (before, after) = steps::around_send(node, kind);
        if let Some(point) = before
            && self.pass(node, point, gid) == Flow::Crashed
        {
            return;
        }
        self.record.note(node, Fact::Sent { to: TM, gid, message: kind });
        if let Some(point) = after {
            // What has left arrives, whatever becomes of its sender.
            self.pass(node, point, gid);
        }
        if !self.node.is_up() {
            self.record.note(node, Fact::Dropped { to: TM, gid, message: kind, why: DropReason::NodeDown });
            return;
        }
        self.record.note(TM, Fact::Delivered { from: node, gid, message: kind });
        let (before, after) = steps::around_delivery(TM, kind);
        if let Some(point) = before
            && self.pass(TM, point, gid) == Flow::Crashed
        {
            return;
        }
        self.step(Input::Received { from: node, epoch: 0, message });
        if let Some(point) = after
            && self.node.is_up()
        {
            self.pass(TM, point, gid);
        }
    }

    /// Looks after what has waited for too long.
    pub(super) fn tick(&mut self) {
        if !self.node.is_up() {
            return;
        }
        let patience = self.scenario.participant.inquiry_first;
        let ticks = (patience.0 / 50_000_000).max(1) as u32;
        for index in 0..self.participants.len() {
            let participant = &mut self.participants[index];
            if !participant.is_up {
                continue;
            }
            if participant.suspicious && !participant.is_being_swept {
                participant.is_being_swept = true;
                let target = Rc::clone(&participant.target);
                let (queue, life, id) = (self.queue.clone(), self.node.life, participant.id());
                self.node.tasks.spawn_local(async move {
                    let prepared = branch::sweep(target).await;
                    let _ = queue.send(Happening::Swept { life, id, prepared });
                });
            }
            let mut overdue = Vec::new();
            for (&gid, branch) in &mut participant.branches {
                let waits = branch.state == State::Prepared && !branch.is_busy;
                branch.ticks = if waits { branch.ticks + 1 } else { 0 };
                if waits && branch.ticks.is_multiple_of(ticks) {
                    overdue.push(gid);
                }
            }
            let id = participant.id();
            overdue.into_iter().for_each(|gid| self.inquire(id, gid));
        }
    }

    /// A look at a database is over: what nobody knows of is asked about.
    pub(super) fn swept(&mut self, id: ParticipantId, prepared: Option<Vec<Gid>>) {
        let participant = self.participant(id);
        participant.is_being_swept = false;
        let Some(prepared) = prepared else { return };
        let (mut orphans, mut unclear) = (Vec::new(), Vec::new());
        participant.suspicious = participant.target.sessions.borrow().has_lost();
        for &gid in &prepared {
            if let Entry::Vacant(unknown) = participant.branches.entry(gid) {
                unknown.insert(Branch::prepared());
                orphans.push(gid);
            }
        }
        for (&gid, branch) in &mut participant.branches {
            if branch.state == State::Unclear && !branch.is_busy {
                participant.suspicious = true;
                if prepared.contains(&gid) {
                    branch.state = State::Prepared;
                } else {
                    branch.is_busy = true;
                    unclear.push(gid);
                }
            }
        }
        for gid in orphans {
            self.record.prepared(id, gid);
            self.inquire(id, gid);
        }
        for gid in unclear {
            let target = Rc::clone(&self.participant(id).target);
            self.set_to_work(id, gid, Box::pin(branch::look_after(target, gid)));
        }
    }

    fn inquire(&mut self, id: ParticipantId, gid: Gid) {
        if self.node.is_up() && self.participant(id).is_up {
            self.tell_coordinator(id, Message::Inquire { gid });
        }
    }
}
