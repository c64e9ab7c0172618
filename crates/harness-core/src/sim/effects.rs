//! What becomes of an effect: what is emitted at once, what is held back by output commit, and what finally
//! leaves the node, past the protocol steps that lie on the way.

use history::{Decision, Fact, FaultKind, MessageKind, Nanos, NodeId, Point, RecordKind};
use protocol::{Effect, Failure, Input, LogPosition, LogRecord, Message};

use super::clients::Beginning;
use super::driver::Flow;
use super::letters::Letter;
use super::queue::Happening;
use super::run::Run;

impl Run<'_> {
    /// The first moment of an effect: the step that emits it. What leaves is taken out of it.
    #[inline(always)]
    pub(super) fn emit(&mut self, id: NodeId, effect: &mut Effect) -> Flow {
        match *effect {
            Effect::Note(fact) => self.record(id, fact),
            Effect::SetTimer { after, timer } => {
                let node = self.node(id);
                let (real, incarnation) = (node.real_span(after), node.incarnation);
                self.queue.set_timer(self.now, real, id, incarnation, timer);
                if real != after {
                    self.feel(id, FaultKind::Clock);
                }
            }
            Effect::Append { ref record, forced } => return self.append(id, record, forced),
            Effect::DropTail { from } => {
                let node = self.node_mut(id);
                node.disk.drop_tail(from);
                node.forced = node.forced.min(node.disk.next());
            }
            Effect::Sync => return self.sync(id),
            Effect::Halt(why) => return self.halt(id, why),
            Effect::Fail(ref failure) => return self.fail(id, failure),
            Effect::Send { .. } | Effect::Answer { .. } | Effect::Refuse { .. } | Effect::Truncate { .. } => {
                if let Effect::Send { message: Message::Vote { gid, vote }, .. } = *effect {
                    self.record(id, Fact::Voted { gid, vote });
                }
                let node = self.node_mut(id);
                if node.forced > node.disk.durable() || !node.outbox.is_empty() {
                    node.outbox.hold(effect, node.forced);
                } else {
                    return self.leave(id, effect);
                }
            }
        }
        Flow::Continues
    }

    fn append(&mut self, id: NodeId, record: &LogRecord, forced: bool) -> Flow {
        let (kind, gid) = (record.kind, record.gid);
        if let Some(point) = before_append(id, kind)
            && self.pass(id, point, gid) == Flow::Crashed
        {
            return Flow::Crashed;
        }
        self.record(id, Fact::Appended { gid, record: kind, forced });
        let node = self.node_mut(id);
        if !node.disk.append(record) {
            self.record(id, Fact::Lost { gid, record: kind });
            return Flow::Continues;
        }
        if let Some(hindrance) = &mut node.hindrance
            && let Some(torn) = hindrance.torn_append.take()
        {
            return self.crash_in_append(id, torn);
        }
        let length = self.node(id).disk.len();
        self.log_records_max = self.log_records_max.max(length);
        let node = self.node_mut(id);
        if forced {
            node.forced = node.disk.next();
            self.start_sync(id);
        }
        if id.is_coordinator() && kind == RecordKind::Ended {
            return self.pass(id, Point::AfterEndLogged, gid);
        }
        Flow::Continues
    }

    /// The node wants to know when what it appended is durable. It waits for a sync, even where nothing is to be written.
    fn sync(&mut self, id: NodeId) -> Flow {
        let node = self.node_mut(id);
        node.synced_wanted = Some(node.disk.next());
        self.start_sync(id);
        Flow::Continues
    }

    fn start_sync(&mut self, id: NodeId) {
        let now = self.now;
        let node = self.node_mut(id);
        let slower = node.hindrance.as_ref().map_or(Nanos::ZERO, |hindrance| hindrance.slow_sync.at(now));
        let incarnation = node.incarnation;
        if node.disk.start_sync() {
            let conditions = self.scenario.disk_conditions;
            let at = now + slower + self.disk_random.span(conditions.sync_min, conditions.sync_max);
            self.queue.push(at, Happening::SyncDone { node: id, incarnation });
            if slower > Nanos::ZERO {
                self.feel(id, FaultKind::SlowSync);
            }
        }
    }

    /// A sync returns: records are durable, and what waited for them leaves.
    pub(super) fn sync_done(&mut self, id: NodeId) {
        if self.node(id).disk.is_fenced() {
            return self.sync_refused(id);
        }
        if let Some(hindrance) = &mut self.node_mut(id).hindrance
            && let Some(cause) = hindrance.failing_sync.take()
        {
            return self.sync_failed(id, cause);
        }
        let synced = self.node_mut(id).disk.finish_sync();
        // All are durable at once: a crash at the step of the first takes nothing back from those behind it.
        for position in synced.clone() {
            let (gid, record) = self.node(id).disk.kind_at(position);
            self.record(id, Fact::Durable { gid, record });
        }
        for position in synced {
            let (gid, record) = self.node(id).disk.kind_at(position);
            if let Some(point) = after_durable(id, record)
                && self.pass(id, point, gid) == Flow::Crashed
            {
                return;
            }
        }
        if self.tell_synced(id) == Flow::Continues {
            self.release(id);
        }
    }

    /// Tells a node that wants to know that all is durable which it appended before it asked.
    fn tell_synced(&mut self, id: NodeId) -> Flow {
        let node = self.node_mut(id);
        let (durable, incarnation) = (node.disk.durable(), node.incarnation);
        if node.synced_wanted.is_some_and(|wanted| wanted <= durable) {
            node.synced_wanted = None;
            self.step(id, Input::Synced { before: LogPosition(durable) });
        } else if node.synced_wanted.is_some() {
            self.start_sync(id);
        }
        let continues = self.node(id).incarnation == incarnation;
        if continues { Flow::Continues } else { Flow::Crashed }
    }

    /// What waited for what is durable now leaves.
    pub(super) fn release(&mut self, id: NodeId) {
        loop {
            let node = self.node_mut(id);
            let Some(mut effect) = node.outbox.release(node.disk.durable()) else { break };
            if self.plan.pending > 0 && self.count_effect(id) == Flow::Crashed {
                return;
            }
            if self.leave(id, &mut effect) == Flow::Crashed {
                return;
            }
        }
        let node = self.node_mut(id);
        if node.forced > node.disk.durable() {
            self.start_sync(id);
        }
    }

    /// The second moment of an effect: it leaves the node.
    fn leave(&mut self, id: NodeId, effect: &mut Effect) -> Flow {
        match *effect {
            Effect::Send { to, ref mut message } => {
                return self.send(id, to, message);
            }
            // Clients have turned to another one.
            Effect::Answer { .. } | Effect::Refuse { .. } if id != self.leader => {}
            Effect::Answer { gid, outcome } => {
                if self.pass(id, Point::BeforeAnswer, gid) == Flow::Crashed {
                    return Flow::Crashed;
                }
                self.record(id, Fact::Answered { gid, outcome });
                self.clients.answered(self.now, gid, outcome);
                (self.last_answer, self.happenings) = (self.now, 0);
                return self.pass(id, Point::AfterAnswer, gid);
            }
            Effect::Refuse { gid } => {
                self.record(id, Fact::Refused { gid });
                self.clients.refused(self.now, gid);
            }
            Effect::Truncate { before } => self.node_mut(id).disk.truncate(before),
            Effect::Append { .. }
            | Effect::DropTail { .. }
            | Effect::Sync
            | Effect::Halt(_)
            | Effect::Fail(_)
            | Effect::SetTimer { .. }
            | Effect::Note(_) => {}
        }
        Flow::Continues
    }

    fn send(&mut self, from: NodeId, to: NodeId, message: &mut Message) -> Flow {
        if !self.is_there(to) {
            return self.fail(from, &Failure::Misaddressed(to));
        }
        let (gid, kind) = (message.gid(), message.kind());
        let (before, after) = around_send(from, kind);
        if let Some(point) = before
            && self.pass(from, point, gid) == Flow::Crashed
        {
            return Flow::Crashed;
        }
        if before == Some(Point::BeforeDecisionSent)
            && self.node(from).recovering.is_some()
            && self.pass(from, Point::BeforeDecisionResent, gid) == Flow::Crashed
        {
            return Flow::Crashed;
        }
        self.record(from, Fact::Sent { to, gid, message: kind });
        if self.trouble.is_none() && !self.hindered {
            let at = self.network.arrival(self.now, Nanos::ZERO, from, to);
            let letter = self.letters.post(message, gid, kind);
            self.queue.push(at, Happening::Delivery { from, to, letter });
        } else {
            self.send_through_trouble(from, to, message);
        }
        after.map_or(Flow::Continues, |point| self.pass(from, point, gid))
    }

    /// Whether the run has such a node.
    #[inline]
    fn is_there(&self, id: NodeId) -> bool {
        match id.participant() {
            Some(participant) => participant.0 <= self.scenario.participants,
            None => self.place(id) < self.nodes.len(),
        }
    }

    /// A message reaches a node that is up.
    pub(super) fn deliver(&mut self, from: NodeId, to: NodeId, letter: Letter) {
        let Letter { gid, kind, .. } = letter;
        let message = self.letters.open(letter);
        self.record(to, Fact::Delivered { from, gid, message: kind });
        let (before, after) = around_delivery(to, kind);
        if let Some(point) = before
            && self.pass(to, point, gid) == Flow::Crashed
        {
            return;
        }
        if self.plan.pending > 0 && before == Some(Point::BeforePrepare) {
            self.plan_vote(to, gid);
        }
        let epoch = if from.is_coordinator() { self.node(from).epoch } else { 0 };
        self.step_with(to, || Input::Received { from, epoch, message });
        if let Some(point) = after
            && self.node(to).is_up()
        {
            self.pass(to, point, gid);
        }
    }

    /// A client hands a transaction to the coordinator.
    pub(super) fn note_beginning(&mut self, id: NodeId, beginning: &Beginning) {
        let transaction = &*beginning.transaction;
        let gid = transaction.id;
        let participants = transaction.participant_ids.len() as u32;
        self.record(id, Fact::Begun { gid, participants });
        if beginning.repeated {
            // What it asks for must not be taken for what the first of its id asked for.
            return;
        }
        for &participant in &transaction.participant_ids {
            self.record(participant.into(), Fact::Enlisted { gid });
            for operation in transaction.work_of(participant) {
                let (key, op, value) = (operation.key, operation.kind, operation.value);
                self.record(participant.into(), Fact::Asked { gid, key, op, value });
            }
        }
        if transaction.ending == protocol::Ending::Abort {
            self.record(id, Fact::AbortAsked { gid });
        }
    }
}

/// The step that a node passes before it appends a record of this kind.
pub fn before_append(id: NodeId, kind: RecordKind) -> Option<Point> {
    match (id.is_coordinator(), kind) {
        (true, RecordKind::Decided(_)) => Some(Point::BeforeDecisionForced),
        (true, RecordKind::Ended) => Some(Point::BeforeEndLogged),
        (false, RecordKind::Prepared) => Some(Point::BeforePrepareForced),
        (false, RecordKind::Decided(Decision::Commit)) => Some(Point::BeforeCommitForced),
        _ => None,
    }
}

/// The step that a node passes once a record of this kind is durable.
pub fn after_durable(id: NodeId, kind: RecordKind) -> Option<Point> {
    match (id.is_coordinator(), kind) {
        (true, RecordKind::Decided(_)) => Some(Point::AfterDecisionForced),
        (false, RecordKind::Prepared) => Some(Point::AfterPrepareForced),
        (false, RecordKind::Decided(Decision::Commit)) => Some(Point::AfterCommitForced),
        _ => None,
    }
}

/// The steps that a node passes before and after a message of this kind leaves it.
pub fn around_send(from: NodeId, kind: MessageKind) -> (Option<Point>, Option<Point>) {
    use MessageKind as M;
    match (from.is_coordinator(), kind) {
        (true, M::Execute) => (Some(Point::BeforeExecuteSent), None),
        (true, M::Prepare | M::CommitOnePhase) => {
            (Some(Point::BeforePrepareSent), Some(Point::AfterPrepareSent))
        }
        (true, M::Commit | M::Abort) => (Some(Point::BeforeDecisionSent), Some(Point::AfterDecisionSent)),
        (true, M::ReplyCommit | M::ReplyAbort) => (Some(Point::BeforeInquiryAnswered), None),
        (false, M::VoteYes | M::VoteNo | M::VoteReadOnly) => {
            (Some(Point::BeforeVoteSent), Some(Point::AfterVoteSent))
        }
        (false, M::Acknowledge) => (Some(Point::BeforeAckSent), Some(Point::AfterAckSent)),
        (false, M::Inquire) => (Some(Point::BeforeInquiry), Some(Point::AfterInquiry)),
        _ => (None, None),
    }
}

/// The steps that a node passes before and after it looks at a message of this kind.
pub fn around_delivery(to: NodeId, kind: MessageKind) -> (Option<Point>, Option<Point>) {
    use MessageKind as M;
    match (to.is_coordinator(), kind) {
        (true, M::VoteYes | M::VoteNo | M::VoteReadOnly) => {
            (Some(Point::BeforeVoteReceived), Some(Point::AfterVoteReceived))
        }
        (true, M::Acknowledge) => (Some(Point::BeforeAckReceived), Some(Point::AfterAckReceived)),
        (false, M::Execute) => (Some(Point::BeforeExecute), Some(Point::AfterExecute)),
        (false, M::Prepare | M::CommitOnePhase) => (Some(Point::BeforePrepare), None),
        (false, M::Commit | M::Abort | M::ReplyCommit | M::ReplyAbort) => {
            (Some(Point::BeforeDecisionReceived), None)
        }
        _ => (None, None),
    }
}
