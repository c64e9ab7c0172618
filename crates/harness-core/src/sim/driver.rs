//! The driver of the state machines: it steps a node, keeps output commit, and lets nodes crash and restart.

use history::{Fact, FaultKind, Gid, Nanos, NodeId, Point};
use protocol::{ClientRequest, Coordinator, Effect, Effects, Incident, Input, LogPosition, Participant};

use super::disk::Disk;
use super::faults::Cause;
use super::hindrance::{Clock, Hindrance};
use super::outbox::Outbox;
use super::plan::Pending;
use super::run::Run;
use crate::injector::Strike;
use crate::model::FailureMode;

/// One node of a run.
pub(super) struct Node {
    pub(super) id: NodeId,
    /// `None` while the node is down.
    pub(super) machine: Option<Machine>,
    /// How often the node was started, which tells timers and syncs of an earlier life apart.
    pub(super) incarnation: u32,
    pub(super) disk: Disk,
    /// All that the node forced so far is before this position.
    pub(super) forced: u64,
    /// The node wants to be told when all before this position is durable.
    pub(super) synced_wanted: Option<u64>,
    /// What may not leave yet.
    pub(super) outbox: Outbox,
    /// Since the restart, transactions up to this one are yet to be settled.
    pub(super) recovering: Option<Gid>,
    /// How often the log was started on that a coordinator has.
    pub(super) epoch: u32,
    /// It takes no part: a stand-by before its time, or a coordinator after it.
    pub(super) retired: bool,
    /// The scenario says that it never returns.
    pub(super) gone_for_good: bool,
    /// `None` as long as nothing has hindered it.
    pub(super) hindrance: Option<Box<Hindrance>>,
    /// What the seeded plan has in store for it.
    pub(super) pending: Option<Box<Pending>>,
}

/// A state machine under test.
pub(super) enum Machine {
    Coordinator(Box<dyn Coordinator>),
    Participant(Box<dyn Participant>),
}

/// Whether the node is still what it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Continues,
    /// The node crashed: what it still had to do in this step is void.
    Crashed,
}

impl Node {
    pub(super) fn new(id: NodeId) -> Self {
        Self {
            id,
            machine: None,
            incarnation: 0,
            disk: Disk::default(),
            forced: 0,
            synced_wanted: None,
            outbox: Outbox::default(),
            recovering: None,
            epoch: 0,
            retired: false,
            gone_for_good: false,
            hindrance: None,
            pending: None,
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.machine.is_some()
    }

    #[inline]
    pub(super) fn is_paused(&self) -> bool {
        self.hindrance.as_ref().is_some_and(|hindrance| hindrance.paused_until.is_some())
    }

    /// What its clock shows.
    #[inline]
    fn shown(&self, now: Nanos) -> Nanos {
        self.hindrance
            .as_ref()
            .map_or_else(|| Clock::default().shows(now), |hindrance| hindrance.clock.shows(now))
    }

    /// How long a span that its clock measures really is.
    #[inline]
    pub(super) fn real_span(&self, span: Nanos) -> Nanos {
        self.hindrance.as_ref().map_or(span, |hindrance| hindrance.clock.real_span(span))
    }

    /// What hinders it, to change it.
    pub(super) fn hindrance_mut(&mut self) -> &mut Hindrance {
        self.hindrance.get_or_insert_default()
    }

    pub(super) fn oldest_unsettled(&self) -> Option<Gid> {
        match self.machine.as_ref()? {
            Machine::Coordinator(coordinator) => coordinator.oldest_unsettled(),
            Machine::Participant(participant) => participant.oldest_unsettled(),
        }
    }

    /// The branches that are in doubt on a participant that is up.
    pub(super) fn in_doubt(&self) -> Vec<Gid> {
        match &self.machine {
            Some(Machine::Participant(participant)) => participant.in_doubt(),
            _ => Vec::new(),
        }
    }

    fn start(&mut self, now: Nanos, effects: &mut Effects) {
        self.epoch += 1;
        let (log, epoch) = (&self.disk.records()[..], self.epoch);
        self.step(now, || Input::Start { log, epoch }, effects);
    }

    /// Steps a node that is up.
    #[inline(always)]
    fn step<'a>(&mut self, now: Nanos, input: impl FnOnce() -> Input<'a>, effects: &mut Effects) {
        let now = self.shown(now);
        effects.reset(LogPosition(self.disk.next()));
        match self.machine.as_mut() {
            Some(Machine::Coordinator(coordinator)) => coordinator.step(now, input(), effects),
            Some(Machine::Participant(participant)) => participant.step(now, input(), effects),
            None => {}
        }
    }
}

impl Run<'_> {
    /// Steps a node that is up and does what it wants done.
    pub(super) fn step(&mut self, id: NodeId, input: Input<'_>) {
        self.step_with(id, || input);
    }

    /// The same for what happens often: the input is made where it is handed over, not copied there.
    #[inline(always)]
    pub(super) fn step_with<'a>(&mut self, id: NodeId, input: impl FnOnce() -> Input<'a>) {
        let mut effects = self.effects.take().unwrap_or_default();
        let (now, place) = (self.now, self.place(id));
        if self.nodes[place].hindrance.as_ref().is_some_and(|hindrance| hindrance.clock.is_off(now)) {
            self.feel(id, FaultKind::Clock);
        }
        self.nodes[place].step(now, input, &mut effects);
        self.carry_out(id, &mut effects);
        self.effects = Some(effects);
    }

    fn carry_out(&mut self, id: NodeId, effects: &mut Effects) {
        for effect in effects.in_place() {
            if let Effect::Note(fact) = effect {
                self.record(id, *fact);
                continue;
            }
            // A crash before a note or a timer is one before whatever is next.
            let counts = self.plan.pending > 0 && !matches!(effect, Effect::SetTimer { .. });
            if counts && self.count_effect(id) == Flow::Crashed {
                break;
            }
            if self.emit(id, effect) == Flow::Crashed {
                break;
            }
        }
        if self.node(id).recovering.is_some() {
            self.check_recovered(id);
        }
    }

    fn check_recovered(&mut self, id: NodeId) {
        let node = self.node_mut(id);
        let (Some(last), true) = (node.recovering, node.is_up()) else { return };
        if node.oldest_unsettled().is_none_or(|oldest| oldest > last) {
            node.recovering = None;
            self.record(id, Fact::Recovered);
        }
    }

    /// Passes a protocol step, at which something may strike.
    #[inline]
    pub(super) fn pass(&mut self, id: NodeId, point: Point, gid: Gid) -> Flow {
        if self.injector.is_armed(point) { self.pass_armed(id, point, gid) } else { Flow::Continues }
    }

    /// Lets all begin that strike at one step. What strikes a node that has just crashed is void.
    #[cold]
    fn pass_armed(&mut self, id: NodeId, point: Point, gid: Gid) -> Flow {
        let (mut flow, step) = (Flow::Continues, (point, gid));
        for Strike { mode, index } in self.injector.pass(id, point) {
            let is_down = flow == Flow::Crashed && !matches!(mode, FailureMode::Network(_));
            let cause = Cause { fault: index, step: Some(step) };
            if !is_down && self.begin_fault(id, &mode, cause) == Flow::Crashed {
                flow = Flow::Crashed;
            }
        }
        flow
    }

    pub(super) fn crash(&mut self, id: NodeId) {
        self.record(id, Fact::Crashed);
        let place = self.place(id);
        let node = &mut self.nodes[place];
        node.machine = None;
        node.incarnation += 1;
        node.outbox.clear();
        node.synced_wanted = None;
        node.recovering = None;
        node.pending = None;
        let (survived, lost) = node.disk.crash(&mut self.disk_random);
        for (gid, record) in survived {
            self.record(id, Fact::Durable { gid, record });
        }
        for (gid, record) in lost {
            self.record(id, Fact::Lost { gid, record });
        }
        if id == self.leader {
            self.disconnect_clients();
        }
        // What was on its way to a paused node finds it down.
        self.go_on(id);
    }

    /// Whoever waits for an answer of the leader waits in vain.
    pub(super) fn disconnect_clients(&mut self) {
        let waiting = self.clients.waiting().into_iter().map(|transaction| transaction.id);
        for gid in waiting.chain(self.clients.disconnect_repeated()) {
            self.record(self.leader, Fact::Answered { gid, outcome: history::Outcome::Unknown });
        }
    }

    /// Starts a node for the first time.
    pub(super) fn start(&mut self, id: NodeId) {
        let (machine, now) = (self.build(id), self.now);
        let mut effects = self.effects.take().unwrap_or_default();
        let node = self.node_mut(id);
        node.machine = Some(machine);
        node.start(now, &mut effects);
        self.carry_out(id, &mut effects);
        self.effects = Some(effects);
    }

    /// Starts a node again after a crash.
    pub(super) fn restart(&mut self, id: NodeId) {
        self.record(id, Fact::Restarted);
        self.bring_up(id);
    }

    /// Starts a node on a log that is not its first, or not its own.
    pub(super) fn bring_up(&mut self, id: NodeId) {
        let (machine, now) = (self.build(id), self.now);
        let greatest = self.clients.greatest();
        let node = self.node_mut(id);
        node.forced = node.disk.durable();
        node.recovering = Some(greatest);
        if self.pass(id, Point::BeforeLogRead, Gid::INITIAL) == Flow::Crashed {
            return;
        }
        let mut effects = self.effects.take().unwrap_or_default();
        let node = self.node_mut(id);
        // Not before: what befalls it at the step before it reads its log is nothing that a machine hears of first.
        node.machine = Some(machine);
        node.start(now, &mut effects);
        if self.pass(id, Point::AfterLogRead, Gid::INITIAL) == Flow::Continues {
            self.carry_out(id, &mut effects);
        }
        self.effects = Some(effects);
        if self.node(id).disk.is_full() {
            self.step(id, Input::Befallen(Incident::DiskFull));
        }
        if let Some(most) = self.node(id).hindrance.as_ref().and_then(|hindrance| hindrance.prepared_max) {
            self.step(id, Input::Befallen(Incident::PreparedLimit(most)));
        }
        if id == self.leader {
            self.clients.have_news = true;
            for transaction in self.clients.waiting() {
                if !self.node(id).is_up() {
                    break;
                }
                self.record(id, Fact::OutcomeAsked { gid: transaction.id });
                self.step(id, Input::Asked(ClientRequest::Outcome(transaction)));
            }
        }
    }
}
