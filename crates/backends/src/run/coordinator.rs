//! The coordinator's node: it steps the state machine and carries out its effects, with a log in a file, and keeps
//! output commit as the simulator's driver does. It is killed by dropping all that it holds in memory.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};

use history::{Fact, Gid, HaltReason, NodeId, Point};
use protocol::{
    ClientRequest, Coordinator, Effect, Effects, Failure, Input, LogPosition, LogRecord, StoredRecord,
};
use tokio::task::JoinSet;

use super::{Flow, Happening, Run};
use crate::BackendError;
use crate::log::{self, DecisionLog, Survives};
use harness_core::steps;

const TM: NodeId = NodeId::COORDINATOR;

/// The coordinator's node.
pub(super) struct Node {
    pub(super) machine: Option<Box<dyn Coordinator>>,
    pub(super) life: u32,
    epoch: u32,
    folder: PathBuf,
    survives: Survives,
    log: DecisionLog,
    /// What the log held at the last start.
    stored: Vec<StoredRecord>,
    /// All that was forced so far is before this position.
    forced: u64,
    /// The coordinator wants to be told when all before this position is durable.
    synced_wanted: Option<u64>,
    outbox: VecDeque<(u64, Effect)>,
    /// Since the restart, transactions up to this one are yet to be settled.
    recovering: Option<Gid>,
    pub(super) gone_for_good: bool,
    /// All that is under way for this life.
    pub(super) tasks: JoinSet<()>,
    /// The sync that is under way: the kernel ends it even if the process is killed.
    under_way: Arc<UnderWay>,
    pub(super) log_records_max: u64,
}

/// Whether something is under way on another thread.
#[derive(Debug, Default)]
struct UnderWay {
    is_busy: Mutex<bool>,
    over: Condvar,
}

impl UnderWay {
    fn begin(&self) {
        *self.is_busy.lock().expect("nobody panics with it") = true;
    }

    fn end(&self) {
        *self.is_busy.lock().expect("nobody panics with it") = false;
        self.over.notify_all();
    }

    fn wait(&self) {
        let busy = self.is_busy.lock().expect("nobody panics with it");
        drop(self.over.wait_while(busy, |busy| *busy));
    }
}

impl Node {
    pub(super) fn open(folder: PathBuf, survives: Survives) -> Result<Self, BackendError> {
        std::fs::create_dir_all(&folder).map_err(BackendError::Log)?;
        let (log, stored) =
            DecisionLog::open(folder.join("decisions"), survives).map_err(BackendError::Log)?;
        Ok(Self {
            machine: None,
            life: 0,
            epoch: 0,
            folder,
            survives,
            forced: log.durable(),
            log,
            stored,
            synced_wanted: None,
            outbox: VecDeque::new(),
            recovering: None,
            gone_for_good: false,
            tasks: JoinSet::new(),
            under_way: Arc::default(),
            log_records_max: 0,
        })
    }

    pub(super) fn is_up(&self) -> bool {
        self.machine.is_some()
    }
}

impl Run<'_> {
    /// Starts the coordinator, for the first time or again.
    pub(super) fn start_coordinator(&mut self) -> Result<(), BackendError> {
        let config = self.coordinator_config();
        let is_restart = self.node.life > 0;
        if is_restart {
            self.record.note(TM, Fact::Restarted);
        }
        self.node.life += 1;
        self.node.machine = Some(self.cast.coordinator(&config));
        if is_restart {
            self.node.recovering = Some(self.clients.greatest());
            if self.pass(TM, Point::BeforeLogRead, Gid::INITIAL) == Flow::Crashed {
                return Ok(());
            }
        }
        let path = self.node.folder.join("decisions");
        (self.node.log, self.node.stored) =
            DecisionLog::open(path, self.node.survives).map_err(BackendError::Log)?;
        self.node.forced = self.node.log.durable();
        self.node.epoch = log::next_epoch(&self.node.folder).map_err(BackendError::Log)?;
        let mut effects = std::mem::take(&mut self.effects);
        let (now, node) = (self.record.now(), &mut self.node);
        effects.reset(LogPosition(node.log.next()));
        if let Some(machine) = &mut node.machine {
            let input = Input::Start { log: &node.stored, epoch: node.epoch };
            machine.step(now, input, &mut effects);
        }
        if !is_restart || self.pass(TM, Point::AfterLogRead, Gid::INITIAL) == Flow::Continues {
            self.carry_out(&mut effects);
        }
        self.effects = effects;
        if is_restart {
            self.ask_outcomes();
        }
        Ok(())
    }

    /// Clients that lost their answer in the crash ask again.
    fn ask_outcomes(&mut self) {
        self.clients.have_news = true;
        for transaction in self.clients.waiting() {
            if !self.node.is_up() {
                return;
            }
            self.record.note(TM, Fact::OutcomeAsked { gid: transaction.id });
            self.step(Input::Asked(ClientRequest::Outcome(transaction)));
        }
    }

    /// Kills the coordinator's process: all in its memory is gone, and so are its connections.
    pub(super) fn crash_coordinator(&mut self) {
        self.record.note(TM, Fact::Crashed);
        let node = &mut self.node;
        node.machine = None;
        node.life += 1;
        node.outbox.clear();
        node.synced_wanted = None;
        node.recovering = None;
        node.tasks = JoinSet::new();
        self.participants.iter_mut().for_each(super::participant::Participant::forget);
        // What was handed to the kernel gets there; what was not never does.
        node.under_way.wait();
        let survived = node.log.finish_sync();
        for position in survived.start..node.log.next() {
            let Some((gid, record)) = self.node.log.kind_at(position) else { continue };
            let lost = position >= survived.end;
            let fact = if lost { Fact::Lost { gid, record } } else { Fact::Durable { gid, record } };
            self.record.note(TM, fact);
        }
        let waiting = self.clients.waiting().into_iter().map(|transaction| transaction.id);
        for gid in waiting.chain(self.clients.disconnect_repeated()) {
            self.record.note(TM, Fact::Answered { gid, outcome: history::Outcome::Unknown });
        }
    }

    /// Steps the coordinator and does what it wants done.
    pub(super) fn step(&mut self, input: Input<'_>) {
        let mut effects = std::mem::take(&mut self.effects);
        let now = self.record.now();
        effects.reset(LogPosition(self.node.log.next()));
        if let Some(machine) = &mut self.node.machine {
            machine.step(now, input, &mut effects);
        }
        self.carry_out(&mut effects);
        self.effects = effects;
    }

    fn carry_out(&mut self, effects: &mut Effects) {
        for effect in effects.drain() {
            if self.emit(effect) == Flow::Crashed {
                return;
            }
        }
        let oldest = self.node.machine.as_ref().and_then(|machine| machine.oldest_unsettled());
        if self.node.recovering.is_some_and(|last| oldest.is_none_or(|oldest| oldest > last)) {
            self.node.recovering = None;
            self.record.note(TM, Fact::Recovered);
        }
    }

    fn emit(&mut self, effect: Effect) -> Flow {
        match effect {
            Effect::Note(fact) => self.record.note(TM, fact),
            Effect::SetTimer { after, timer } => {
                let (queue, life) = (self.queue.clone(), self.node.life);
                // It runs from now on, not from when the task is first looked at.
                let due = tokio::time::sleep(std::time::Duration::from_nanos(after.0));
                self.node.tasks.spawn_local(async move {
                    due.await;
                    let _ = queue.send(Happening::TimerFired { life, timer });
                });
            }
            Effect::Append { record, forced } => return self.append(record, forced),
            Effect::DropTail { from } => {
                self.node.log.drop_tail(from);
                self.node.forced = self.node.forced.min(self.node.log.next());
            }
            Effect::Sync => self.node.synced_wanted = Some(self.node.log.next()),
            Effect::Halt(why) => return self.halt(why),
            Effect::Fail(failure) => return self.fail(&failure),
            Effect::Send { .. } | Effect::Answer { .. } | Effect::Refuse { .. } | Effect::Truncate { .. } => {
                let node = &mut self.node;
                if node.forced > node.log.durable() || !node.outbox.is_empty() {
                    node.outbox.push_back((node.forced, effect));
                } else {
                    return self.leave(effect);
                }
            }
        }
        Flow::Continues
    }

    /// A coordinator that stops by itself is not started again: what it says is what there is to see.
    fn halt(&mut self, why: HaltReason) -> Flow {
        self.record.note(TM, Fact::Halted { why });
        self.node.gone_for_good = true;
        self.crash_coordinator();
        Flow::Crashed
    }

    fn fail(&mut self, failure: &Failure) -> Flow {
        self.code_failures.push(format!("{TM} {failure}"));
        self.halt(HaltReason::Failed)
    }

    fn append(&mut self, record: LogRecord, forced: bool) -> Flow {
        let (kind, gid) = (record.kind, record.gid);
        if let Some(point) = steps::before_append(TM, kind)
            && self.pass(TM, point, gid) == Flow::Crashed
        {
            return Flow::Crashed;
        }
        self.record.note(TM, Fact::Appended { gid, record: kind, forced });
        self.node.log.append(record);
        self.node.log_records_max = self.node.log_records_max.max(self.node.log.len());
        if forced {
            self.node.forced = self.node.log.next();
        }
        if kind == history::RecordKind::Ended {
            return self.pass(TM, Point::AfterEndLogged, gid);
        }
        Flow::Continues
    }

    /// Begins a sync, if something is forced and none is under way. Called when all that happened at once was looked at:
    /// so one sync serves all of it.
    pub(super) fn start_sync(&mut self) {
        let node = &mut self.node;
        let wanted = node.forced.max(node.synced_wanted.unwrap_or(0));
        if wanted <= node.log.durable() || !node.is_up() {
            return;
        }
        let Some(sync) = node.log.start_sync() else { return };
        let (queue, life, under_way) = (self.queue.clone(), node.life, Arc::clone(&node.under_way));
        if !sync.takes_long() {
            let _ = queue.send(Happening::Synced { life, synced: sync.run() });
            return;
        }
        under_way.begin();
        tokio::task::spawn_blocking(move || {
            let synced = sync.run();
            under_way.end();
            let _ = queue.send(Happening::Synced { life, synced });
        });
    }

    /// A sync returns: records are durable, and what waited for them leaves.
    pub(super) fn synced(&mut self) {
        let synced = self.node.log.finish_sync();
        let records: Vec<_> = synced.filter_map(|position| self.node.log.kind_at(position)).collect();
        for &(gid, record) in &records {
            self.record.note(TM, Fact::Durable { gid, record });
        }
        for (gid, record) in records {
            if let Some(point) = steps::after_durable(TM, record)
                && self.pass(TM, point, gid) == Flow::Crashed
            {
                return;
            }
        }
        let durable = self.node.log.durable();
        if self.node.synced_wanted.is_some_and(|wanted| wanted <= durable) {
            self.node.synced_wanted = None;
            self.step(Input::Synced { before: LogPosition(durable) });
        }
        while let Some(&(forced, _)) = self.node.outbox.front()
            && forced <= self.node.log.durable()
            && let Some((_, effect)) = self.node.outbox.pop_front()
        {
            if self.leave(effect) == Flow::Crashed {
                return;
            }
        }
    }

    /// An effect leaves the node.
    fn leave(&mut self, effect: Effect) -> Flow {
        match effect {
            Effect::Send { to, .. } if !self.is_there(to) => self.fail(&Failure::Misaddressed(to)),
            Effect::Send { to, message } => {
                let (before, after) = steps::around_send(TM, message.kind());
                let gid = message.gid();
                if let Some(point) = before
                    && self.pass(TM, point, gid) == Flow::Crashed
                {
                    return Flow::Crashed;
                }
                if before == Some(Point::BeforeDecisionSent)
                    && self.node.recovering.is_some()
                    && self.pass(TM, Point::BeforeDecisionResent, gid) == Flow::Crashed
                {
                    return Flow::Crashed;
                }
                self.record.note(TM, Fact::Sent { to, gid, message: message.kind() });
                if let Some(participant) = to.participant() {
                    self.arrive(participant, message);
                }
                after.map_or(Flow::Continues, |point| self.pass(TM, point, gid))
            }
            Effect::Answer { gid, outcome } => {
                if self.pass(TM, Point::BeforeAnswer, gid) == Flow::Crashed {
                    return Flow::Crashed;
                }
                self.record.note(TM, Fact::Answered { gid, outcome });
                self.clients.answered(self.record.now(), gid, outcome);
                self.last_answer = tokio::time::Instant::now();
                self.pass(TM, Point::AfterAnswer, gid)
            }
            Effect::Refuse { gid } => {
                self.record.note(TM, Fact::Refused { gid });
                self.clients.refused(self.record.now(), gid);
                Flow::Continues
            }
            Effect::Truncate { before } => {
                self.node.log.truncate(before);
                Flow::Continues
            }
            Effect::Append { .. }
            | Effect::DropTail { .. }
            | Effect::Halt(_)
            | Effect::Fail(_)
            | Effect::Sync
            | Effect::SetTimer { .. }
            | Effect::Note(_) => Flow::Continues,
        }
    }

    /// Whether the run has such a node.
    fn is_there(&self, id: NodeId) -> bool {
        match id.participant() {
            Some(participant) => participant.0 as usize <= self.participants.len(),
            None => id == TM,
        }
    }
}
