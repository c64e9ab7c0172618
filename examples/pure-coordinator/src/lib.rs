//! A coordinator as a state machine, as small as one can be that is right: two-phase commit with presumed abort. What it
//! does without (deciding in one phase, passing by who only reads, heuristic decisions, cutting its log) it says in its
//! conformance test.
//!
//! It takes one input at a time and pushes effects. What it sends after a forced record leaves once that is durable.

use std::collections::BTreeMap;
use std::sync::Arc;

use history::{Decision, Gid, HaltReason, Nanos, Outcome, ParticipantId, RecordKind, Vote};
use protocol::{
    ClientRequest, Coordinator, CoordinatorConfig, DistributedTransaction, Effects, Ending, Incident, Input,
    LogRecord, Message, Refusal, StoredRecord, Timer,
};

/// What a timer is for.
const WORK_DEADLINE: u32 = 0;
const VOTE_DEADLINE: u32 = 1;
const RETRY: u32 = 2;

/// The coordinator.
pub struct Small {
    config: CoordinatorConfig,
    /// All ids below were used. They ascend in the order in which transactions begin.
    next: Gid,
    open: BTreeMap<Gid, Open>,
    epoch: u32,
    disk_full: bool,
}

/// A transaction that is not over.
struct Open {
    phase: Phase,
    wants_abort: bool,
    participants: Vec<ParticipantId>,
    /// The epoch of each participant in which it did the work.
    lives: BTreeMap<ParticipantId, u32>,
    /// Who has not yet done what the phase waits for.
    awaited: Vec<ParticipantId>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Executing,
    Voting,
    Committing,
}

impl Small {
    /// A coordinator that has not started.
    pub fn new(config: CoordinatorConfig) -> Self {
        Self { config, next: Gid(1), open: BTreeMap::new(), epoch: 0, disk_full: false }
    }

    fn start(&mut self, log: &[StoredRecord], effects: &mut Effects) {
        let Some(log) = effects.read_log(log) else { return };
        for LogRecord { kind, gid, .. } in log.iter().map(|stored| &stored.record) {
            self.next = self.next.max(Gid(gid.0 + 1));
            if *kind == RecordKind::Ended {
                self.open.remove(gid);
            }
        }
        for record in log.iter().map(|stored| &stored.record) {
            let ended = |other: &StoredRecord| {
                (other.record.kind, other.record.gid) == (RecordKind::Ended, record.gid)
            };
            if record.kind == RecordKind::Decided(Decision::Commit) && !log.iter().any(ended) {
                let mut body = record.reader();
                let participants = std::iter::from_fn(|| body.u32().map(ParticipantId)).collect();
                self.open.insert(record.gid, Open::new(Phase::Committing, participants));
                self.tell(record.gid, effects);
            }
        }
        if self.epoch > 1 {
            for participant in 1..=self.config.participants {
                effects.send(ParticipantId(participant).into(), Message::Recover);
            }
        }
    }

    fn begin(&mut self, transaction: &Arc<DistributedTransaction>, effects: &mut Effects) {
        let gid = transaction.id;
        if gid < self.next {
            return effects.refuse(gid);
        }
        self.next = Gid(gid.0 + 1);
        let mut open = Open::new(Phase::Executing, transaction.participant_ids.clone());
        open.wants_abort = transaction.ending == Ending::Abort;
        if open.participants.is_empty() {
            return effects.answer(gid, if open.wants_abort { Outcome::Aborted } else { Outcome::Committed });
        }
        for &participant in &open.awaited {
            effects.send(participant.into(), Message::Execute { transaction: Arc::clone(transaction) });
        }
        self.open.insert(gid, open);
        effects.set_timer(self.config.vote_timeout, gid, WORK_DEADLINE);
    }

    /// A client lost its answer. What is not known to be committed was not.
    fn outcome(&mut self, gid: Gid, effects: &mut Effects) {
        self.next = self.next.max(Gid(gid.0 + 1));
        let outcome = if self.open.contains_key(&gid) { Outcome::Committed } else { Outcome::Aborted };
        effects.answer(gid, outcome);
    }

    fn received(&mut self, participant: ParticipantId, message: &Message, effects: &mut Effects) {
        let gid = message.gid();
        let phase = self.open.get(&gid).map(|open| open.phase);
        match (phase, message) {
            (Some(Phase::Executing), &Message::Executed { life, .. }) => {
                self.executed(gid, participant, life, effects);
            }
            (Some(Phase::Executing), Message::Failed { why: Refusal::Repeated, .. }) => {
                effects.refuse(gid);
                self.roll_back(gid, effects);
            }
            (Some(Phase::Executing | Phase::Voting), Message::Failed { why: Refusal::Unable, .. })
            | (Some(Phase::Executing | Phase::Voting), Message::Vote { vote: Vote::No, .. }) => {
                self.abort(gid, effects);
            }
            (Some(Phase::Voting), Message::Vote { .. }) if self.is_last(gid, participant) => {
                self.commit(gid, effects);
            }
            (Some(Phase::Committing), Message::Acknowledge { .. }) if self.is_last(gid, participant) => {
                self.open.remove(&gid);
                effects.append_lazily(LogRecord::new(RecordKind::Ended, gid));
            }
            (Some(Phase::Committing), Message::Inquire { .. }) => {
                let decision = Decision::Commit;
                effects.send(participant.into(), Message::DecisionReply { gid, decision });
            }
            // What nobody knows was not committed.
            (None, Message::Inquire { .. }) => {
                let decision = Decision::Abort;
                effects.send(participant.into(), Message::DecisionReply { gid, decision });
            }
            (_, Message::Deposed { epoch }) if *epoch > self.epoch => effects.halt(HaltReason::Deposed),
            _ => {}
        }
    }

    fn executed(&mut self, gid: Gid, participant: ParticipantId, life: u32, effects: &mut Effects) {
        let last = self.is_last(gid, participant);
        let low_water = self.open.keys().next().copied().unwrap_or(gid);
        let Some(open) = self.open.get_mut(&gid) else { return };
        open.lives.entry(participant).or_insert(life);
        if !last {
            return;
        }
        if open.wants_abort {
            return self.abort(gid, effects);
        }
        (open.phase, open.awaited) = (Phase::Voting, open.participants.clone());
        for (&participant, &life) in &open.lives {
            effects.send(participant.into(), Message::Prepare { gid, life, low_water });
        }
        effects.set_timer(self.config.vote_timeout, gid, VOTE_DEADLINE);
    }

    fn commit(&mut self, gid: Gid, effects: &mut Effects) {
        if self.disk_full {
            // What cannot be logged cannot be decided.
            return self.abort(gid, effects);
        }
        let Some(open) = self.open.get_mut(&gid) else { return };
        (open.phase, open.awaited) = (Phase::Committing, open.participants.clone());
        let mut record = LogRecord::new(RecordKind::Decided(Decision::Commit), gid);
        open.awaited.iter().for_each(|participant| record.push_u32(participant.0));
        // Before anybody hears of it: a coordinator that forgot a commit would presume an abort.
        effects.force(record);
        effects.answer(gid, Outcome::Committed);
        self.tell(gid, effects);
    }

    /// Tells all that have not acknowledged, now and again.
    fn tell(&self, gid: Gid, effects: &mut Effects) {
        let Some(open) = self.open.get(&gid).filter(|open| open.phase == Phase::Committing) else { return };
        for &participant in &open.awaited {
            effects.send(participant.into(), Message::Commit { gid });
        }
        effects.set_timer(self.config.retry_first, gid, RETRY);
    }

    fn abort(&mut self, gid: Gid, effects: &mut Effects) {
        effects.answer(gid, Outcome::Aborted);
        self.roll_back(gid, effects);
    }

    /// Tells it once: who misses it will ask.
    fn roll_back(&mut self, gid: Gid, effects: &mut Effects) {
        let Some(open) = self.open.remove(&gid) else { return };
        for participant in open.participants {
            effects.send(participant.into(), Message::Abort { gid });
        }
    }

    fn is_last(&mut self, gid: Gid, participant: ParticipantId) -> bool {
        self.open.get_mut(&gid).is_some_and(|open| open.is_last(participant))
    }

    fn timer_fired(&mut self, timer: Timer, effects: &mut Effects) {
        let phase = self.open.get(&timer.gid).map(|open| open.phase);
        match (timer.purpose, phase) {
            (WORK_DEADLINE, Some(Phase::Executing)) | (VOTE_DEADLINE, Some(Phase::Voting)) => {
                self.abort(timer.gid, effects);
            }
            (RETRY, Some(Phase::Committing)) => self.tell(timer.gid, effects),
            _ => {}
        }
    }

    fn befallen(&mut self, incident: Incident, effects: &mut Effects) {
        match incident {
            Incident::DiskFull => self.disk_full = true,
            Incident::DiskFreed => self.disk_full = false,
            // What became of the records can only be read.
            Incident::SyncFailed => effects.halt(HaltReason::SyncFailed),
            Incident::Deposed => effects.halt(HaltReason::Deposed),
            _ => {}
        }
    }
}

impl Open {
    fn new(phase: Phase, participants: Vec<ParticipantId>) -> Self {
        let (awaited, lives) = (participants.clone(), BTreeMap::new());
        Self { phase, wants_abort: false, participants, lives, awaited }
    }

    /// Notes that this participant has done what the phase waits for, and tells whether all have now.
    fn is_last(&mut self, participant: ParticipantId) -> bool {
        let before = self.awaited.len();
        self.awaited.retain(|&other| other != participant);
        before > 0 && self.awaited.is_empty()
    }
}

impl Coordinator for Small {
    fn step(&mut self, _now: Nanos, input: Input<'_>, effects: &mut Effects) {
        match input {
            Input::Start { log, epoch } => {
                self.epoch = epoch;
                self.start(log, effects);
            }
            Input::Received { from, message, .. } => {
                if let Some(participant) = from.participant() {
                    self.received(participant, &message, effects);
                }
            }
            Input::TimerFired(timer) => self.timer_fired(timer, effects),
            Input::Asked(ClientRequest::Begin(transaction)) => self.begin(&transaction, effects),
            Input::Asked(ClientRequest::Outcome(transaction)) => self.outcome(transaction.id, effects),
            Input::Befallen(incident) => self.befallen(incident, effects),
            Input::Synced { .. } => {}
        }
    }

    fn oldest_unsettled(&self) -> Option<Gid> {
        self.open.keys().next().copied()
    }
}
