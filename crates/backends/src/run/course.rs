//! The course of a run: first the workload and the faults, then everything heals, then the final state. One loop takes in
//! what happens, one thing after the other, so that the history has an order.

use std::collections::BTreeSet;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use harness_core::{Cast, Clients, CoordinatorConfig, FailureInjector, RunReport, TestScenario};
use history::{Fact, FaultKind, Gid, NodeId, ParticipantId};
use protocol::{ClientRequest, Effects, Ending, Input, Message, Timer};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::{Instant, timeout_at};

use super::branch::{Done, Known};
use super::coordinator::Node;
use super::participant::Participant;
use super::record::Record;
use crate::BackendError;
use crate::link::{Struck, Trouble};
use crate::server::Server;

const TM: NodeId = NodeId::COORDINATOR;
/// How long the first phase goes on without any client hearing anything before everything heals.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often it is looked whether something waits for too long.
const TICK: Duration = Duration::from_millis(50);

/// Whether a node is still what it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Continues,
    Crashed,
}

/// Something that happens.
pub(super) enum Happening {
    /// A piece of work for a branch is over.
    Done { life: u32, id: ParticipantId, gid: Gid, done: Done },
    /// What is known of a branch without any work.
    Known { life: u32, id: ParticipantId, gid: Gid, known: Known },
    /// A message to the coordinator that needed no work.
    Reply { life: u32, id: ParticipantId, message: Message },
    /// A look at a database is over: which branches are prepared there, if it could be asked.
    Swept { life: u32, id: ParticipantId, prepared: Option<Vec<Gid>> },
    /// A sync of the coordinator's log is over.
    Synced { life: u32, synced: io::Result<()> },
    /// So many clients come.
    ClientsCome { clients: u32 },
    /// A timer of the coordinator fires.
    TimerFired { life: u32, timer: Timer },
    /// A fault's time has come.
    FaultDue { index: usize },
    /// A node that crashed is to be started again.
    RestartDue { node: NodeId, incarnation: u32 },
    /// A database is up again, and holds this.
    Started { id: ParticipantId, server: Box<Server>, found: Result<Found, BackendError> },
    /// A server that was started with less room than was taken has refused to.
    StartRefused { node: NodeId, index: Option<usize> },
    /// A fault of a link has struck.
    Struck(Struck),
    /// A node that crashes in a loop crashes again.
    CrashDue { node: NodeId, incarnation: u32, again: CrashLoop },
    /// A paused database goes on.
    PauseEnds { id: ParticipantId },
}

/// What is left of a loop of crashes.
#[derive(Clone, Copy, Debug)]
pub(super) struct CrashLoop {
    pub(super) times: u32,
    pub(super) down_ms: u64,
    pub(super) up_ms: u64,
}

/// What a database that restarted holds of what it has promised.
pub(super) struct Found {
    pub(super) prepared: Vec<Gid>,
    pub(super) finished: Vec<Gid>,
}

/// The state of one run.
pub(super) struct Run<'a> {
    pub(super) scenario: &'a TestScenario,
    pub(super) cast: &'a Cast,
    pub(super) record: Record<'a>,
    pub(super) clients: Clients<'a>,
    pub(super) injector: FailureInjector,
    pub(super) fired: Vec<u32>,
    pub(super) struck: BTreeSet<NodeId>,
    pub(super) node: Node,
    pub(super) participants: Vec<Participant>,
    pub(super) trouble: Rc<Trouble>,
    pub(super) queue: UnboundedSender<Happening>,
    inbox: UnboundedReceiver<Happening>,
    pub(super) effects: Effects,
    pub(super) last_answer: Instant,
    /// When it is looked next whether something waits for too long.
    next_tick: Instant,
    pub(super) healed: bool,
    pub(super) code_failures: Vec<String>,
    pub(super) inert: Vec<String>,
    open_max: u64,
}

/// What a run needs from the start.
pub(super) struct Stage<'a> {
    pub(super) scenario: &'a TestScenario,
    pub(super) cast: &'a Cast,
    pub(super) seed: u64,
    pub(super) injector: FailureInjector,
    pub(super) node: Node,
    pub(super) participants: Vec<Participant>,
    pub(super) record: Record<'a>,
    pub(super) trouble: Rc<Trouble>,
    pub(super) queue: UnboundedSender<Happening>,
    pub(super) inbox: UnboundedReceiver<Happening>,
}

impl<'a> Run<'a> {
    pub(super) fn new(stage: Stage<'a>) -> Self {
        let Stage { scenario, cast, seed, injector, node, participants, record, trouble, queue, inbox } =
            stage;
        Self {
            scenario,
            cast,
            record,
            clients: Clients::new(scenario, seed),
            injector,
            fired: vec![0; scenario.failure_configs.len()],
            struck: BTreeSet::new(),
            node,
            participants,
            trouble,
            queue,
            inbox,
            effects: Effects::default(),
            last_answer: Instant::now(),
            next_tick: Instant::now() + TICK,
            healed: false,
            code_failures: Vec::new(),
            inert: Vec::new(),
            open_max: 0,
        }
    }

    pub(super) fn coordinator_config(&self) -> CoordinatorConfig {
        CoordinatorConfig { participants: self.scenario.participants, ..self.scenario.coordinator }
    }

    /// Runs to the end. The servers come back, for the next run.
    pub(super) async fn run(mut self) -> Result<(RunReport, Vec<Participant>), BackendError> {
        self.take_room().await?;
        self.start_coordinator()?;
        self.schedule_faults();
        self.schedule_arrival();
        self.serve_clients();
        while !self.is_settled() && self.advance(self.last_news() + PATIENCE).await? {}
        self.heal().await?;
        let settling = Duration::from_secs_f64(self.scenario.sla.recovery_p99_max_ms / 1e3);
        let healed_at = Instant::now();
        while !self.is_settled() && self.advance(self.last_answer.max(healed_at) + settling).await? {}
        self.record_final_state().await?;
        self.record.hand_on();
        let report = RunReport {
            fired: self.fired,
            fired_by_plan: 0,
            drawn_by_plan: 0,
            struck: self.struck.into_iter().collect(),
            transactions: self.clients.into_results(),
            log_records_max: self.node.log_records_max,
            open_max: self.open_max,
            livelocked: false,
            code_failures: self.code_failures,
            inert: self.inert,
        };
        Ok((report, self.participants))
    }

    /// The last time that a client was heard of, or will be.
    fn last_news(&self) -> Instant {
        let last_arrival = self.record.instant_of(self.clients.next_arrival());
        self.last_answer.max(last_arrival)
    }

    /// The next clients come in their time.
    fn schedule_arrival(&mut self) {
        if let Some((at, clients)) = self.clients.draw_arrival() {
            let ms = at.0.saturating_sub(self.record.now().0) / 1_000_000;
            self.later(ms, Happening::ClientsCome { clients });
        }
    }

    /// Lets the next things happen, if any happens up to `limit`.
    async fn advance(&mut self, limit: Instant) -> Result<bool, BackendError> {
        match timeout_at(limit.min(self.next_tick), self.inbox.recv()).await {
            Ok(Some(happening)) => {
                self.happen(happening)?;
                // What has happened meanwhile shares one sync and one look at the clients.
                while let Ok(happening) = self.inbox.try_recv() {
                    self.happen(happening)?;
                }
            }
            Ok(None) => unreachable!("the run holds a sender"),
            Err(_) if limit <= self.next_tick => return Ok(false),
            Err(_) => {}
        }
        if self.next_tick <= Instant::now() {
            self.tick();
            self.next_tick = Instant::now() + TICK;
        }
        while self.node.tasks.try_join_next().is_some() {}
        if self.clients.have_news {
            self.serve_clients();
        }
        self.start_sync();
        Ok(true)
    }

    fn happen(&mut self, happening: Happening) -> Result<(), BackendError> {
        let here = self.node.life;
        match happening {
            Happening::Done { life, id, gid, done } if life == here => self.work_done(id, gid, done),
            Happening::Known { life, id, gid, known } if life == here => self.is_known(id, gid, &known),
            Happening::Reply { life, id, message } if life == here => self.tell_coordinator(id, message),
            Happening::Swept { life, id, prepared } if life == here => self.swept(id, prepared),
            Happening::Synced { life, synced } if life == here => {
                synced.map_err(BackendError::Log)?;
                self.synced();
            }
            Happening::TimerFired { life, timer } if life == here => self.step(Input::TimerFired(timer)),
            Happening::ClientsCome { clients } => {
                self.clients.come(clients);
                self.schedule_arrival();
            }
            Happening::StartRefused { node, index } => {
                self.fire(node, FaultKind::PreparedLimit, None, index);
            }
            Happening::FaultDue { index } => self.begin_at_its_time(index),
            Happening::RestartDue { node, incarnation } => self.restart(node, incarnation)?,
            Happening::Started { id, server, found } => self.started(id, *server, found?),
            Happening::PauseEnds { id } => self.go_on(id),
            Happening::Struck(struck) => self.link_struck(struck),
            Happening::CrashDue { node, incarnation, again } => self.crash_again(node, incarnation, again),
            // Of a life that is over.
            Happening::Done { .. }
            | Happening::Known { .. }
            | Happening::Reply { .. }
            | Happening::Swept { .. }
            | Happening::Synced { .. }
            | Happening::TimerFired { .. } => {}
        }
        Ok(())
    }

    /// Lets clients begin what they have to begin.
    pub(super) fn serve_clients(&mut self) {
        self.clients.have_news = false;
        while self.node.is_up()
            && let Some(beginning) = self.clients.begin(self.record.now())
        {
            let transaction = beginning.transaction;
            let gid = transaction.id;
            let participants = transaction.participant_ids.len() as u32;
            self.record.note(TM, Fact::Begun { gid, participants });
            if !beginning.repeated {
                for &participant in &transaction.participant_ids {
                    self.record.note(participant.into(), Fact::Enlisted { gid });
                    for operation in transaction.work_of(participant) {
                        let (key, op, value) = (operation.key, operation.kind, operation.value);
                        self.record.note(participant.into(), Fact::Asked { gid, key, op, value });
                    }
                }
                if transaction.ending == Ending::Abort {
                    self.record.note(TM, Fact::AbortAsked { gid });
                }
            }
            self.step(Input::Asked(ClientRequest::Begin(transaction)));
            let oldest = self.node.machine.as_ref().and_then(|machine| machine.oldest_unsettled());
            self.open_max = self.open_max.max(u64::from(gid.0.saturating_sub(oldest.unwrap_or(gid).0)) + 1);
        }
    }

    /// Whether nothing is left to do.
    fn is_settled(&self) -> bool {
        let coordinator_done = match &self.node.machine {
            Some(machine) => machine.oldest_unsettled().is_none() && self.clients.done(),
            None => self.node.gone_for_good,
        };
        // Without a coordinator nobody settles what is left.
        let is_at_rest = |participant: &Participant| {
            let is_idle = participant.branches.is_empty() && !participant.suspicious;
            participant.gone_for_good || (participant.is_up && (is_idle || !self.node.is_up()))
        };
        coordinator_done && self.participants.iter().all(is_at_rest)
    }
}
