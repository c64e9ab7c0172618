//! One run from start to end: first the workload and the faults, then everything heals, then the final state.

use std::sync::Arc;

use history::{DropReason, Fact, FaultKind, Nanos, NodeId, ParticipantId};
use protocol::{ClientRequest, CoordinatorConfig, Effects, Incident, Input};

use super::clients::Clients;
use super::driver::{Machine, Node};
use super::durable::DurableState;
use super::letters::{Letter, Letters};
use super::network::Network;
use super::plan::Plan;
use super::queue::{Happening, Queue};
use super::random::{Purpose, Random};
use super::recorder::Recorder;
use super::trouble::Trouble;
use super::{Cast, RunReport, Sink};
use crate::injector::FailureInjector;
use crate::model::{ParticipantConfig, TestScenario};

/// How long the first phase goes on without any client hearing anything before everything heals.
const PATIENCE: Nanos = Nanos::from_secs(60);
/// How much may happen without any client hearing anything before a run is given up: nodes keep each other busy for
/// ever, perhaps without any time passing.
const HAPPENINGS_MAX: u64 = 2_000_000;

/// The state of one run.
pub(super) struct Run<'a> {
    pub(super) scenario: &'a TestScenario,
    pub(super) now: Nanos,
    /// The coordinator, the participants, the stand-by coordinators.
    pub(super) nodes: Vec<Node>,
    pub(super) queue: Queue,
    pub(super) letters: Letters,
    pub(super) network: Network,
    pub(super) disk_random: Random,
    pub(super) trouble: Trouble,
    /// Some node is or was paused or slow, or its clock is off.
    pub(super) hindered: bool,
    pub(super) injector: FailureInjector,
    /// How often each fault of the scenario fired, and behind them those of the seeded plan.
    pub(super) fired: Vec<u32>,
    pub(super) plan: Plan,
    /// By node, whether a fault has struck it.
    pub(super) struck: Vec<bool>,
    pub(super) log_records_max: u64,
    pub(super) open_max: u64,
    pub(super) clients: Clients<'a>,
    pub(super) last_answer: Nanos,
    /// How much has happened since, or since everything healed.
    pub(super) happenings: u64,
    pub(super) healed: bool,
    /// Whether all nodes shorten their logs in the end.
    pub(super) checkpoints: bool,
    livelocked: bool,
    /// How code under test failed, by node and in order.
    pub(super) code_failures: Vec<String>,
    /// Which fail points of that code did nothing.
    inert: Vec<String>,
    /// It failed too often for the run to go on.
    pub(super) gave_up: bool,
    /// Used by every step, and taken out meanwhile.
    pub(super) effects: Option<Box<Effects>>,
    /// The coordinator that clients turn to.
    pub(super) leader: NodeId,
    cast: &'a Cast,
    recorder: Recorder<'a>,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        scenario: &'a TestScenario,
        seed: u64,
        cast: &'a Cast,
        injector: FailureInjector,
        sink: &'a mut dyn Sink,
    ) -> Self {
        let stand_bys = (1..=scenario.stand_bys()).map(NodeId::coordinator);
        let participants = (1..=scenario.participants).map(|n| NodeId::from(ParticipantId(n)));
        let ids = std::iter::once(NodeId::COORDINATOR).chain(participants).chain(stand_bys);
        let nodes: Vec<Node> = ids.map(Node::new).collect();
        Self {
            scenario,
            now: Nanos::ZERO,
            queue: Queue::default(),
            letters: Letters::default(),
            network: Network::new(scenario.network_conditions, scenario.participants, seed),
            disk_random: Random::new(seed, Purpose::Disks),
            trouble: Trouble::new(seed),
            hindered: false,
            injector,
            fired: vec![0; scenario.failure_configs.len() + 1],
            plan: Plan::new(scenario.chaos.as_ref(), seed),
            struck: vec![false; nodes.len()],
            nodes,
            leader: NodeId::COORDINATOR,
            log_records_max: 0,
            open_max: 0,
            clients: Clients::new(scenario, seed),
            last_answer: Nanos::ZERO,
            happenings: 0,
            healed: false,
            checkpoints: false,
            livelocked: false,
            code_failures: Vec::new(),
            inert: Vec::new(),
            gave_up: false,
            effects: None,
            cast,
            recorder: Recorder::new(sink),
        }
    }

    pub(super) fn run(mut self) -> (RunReport, DurableState) {
        for place in 0..self.nodes.len() {
            let id = self.nodes[place].id;
            if place > self.scenario.participants as usize {
                self.nodes[place].retired = true;
            } else {
                self.start(id);
            }
        }
        self.schedule_faults();
        self.schedule_arrival();
        self.serve_clients();
        while !self.is_settled() && self.advance(self.last_heard() + PATIENCE) {}
        self.heal();
        let (healed_at, settling) = (self.now, Nanos((self.scenario.sla.recovery_p99_max_ms * 1e6) as u64));
        // Clients that were held up go on first: a run that stopped among them would leave their work undone.
        while !self.is_settled() && self.advance(self.last_heard().max(healed_at) + settling) {}
        if self.checkpoints && self.is_settled() {
            self.checkpoint();
            while !self.is_settled() && self.advance(self.now + settling) {}
        }
        self.record_final_state();
        self.recorder.hand_on();
        let fired_by_plan = self.fired.pop().unwrap_or(0);
        let state = self.durable_state();
        let nodes = self.nodes.iter().zip(&self.struck);
        let report = RunReport {
            drawn_by_plan: self.plan.drawn,
            fired: self.fired,
            fired_by_plan,
            struck: nodes.filter(|&(_, &struck)| struck).map(|(node, _)| node.id).collect(),
            transactions: self.clients.into_results(),
            log_records_max: self.log_records_max,
            open_max: self.open_max,
            livelocked: self.livelocked,
            code_failures: self.code_failures,
            inert: self.inert,
        };
        (report, state)
    }

    /// When a client heard something last, or the next will come: until then there is nothing to hear.
    fn last_heard(&self) -> Nanos {
        self.last_answer.max(self.clients.next_arrival())
    }

    /// Lets those clients come in their time that do.
    fn schedule_arrival(&mut self) {
        if let Some((at, clients)) = self.clients.draw_arrival() {
            self.queue.push(at, Happening::ClientsCome { clients });
        }
    }

    /// Lets the next thing happen, if anything happens up to `limit`.
    fn advance(&mut self, limit: Nanos) -> bool {
        if self.happenings >= HAPPENINGS_MAX {
            self.livelocked = true;
            return false;
        }
        if self.gave_up {
            return false;
        }
        let Some((at, happening)) = self.queue.pop(limit) else { return false };
        self.now = at;
        self.happenings += 1;
        self.happen(happening);
        if self.clients.have_news {
            self.serve_clients();
        }
        true
    }

    #[inline]
    fn happen(&mut self, happening: Happening) {
        if self.hindered
            && let Some(node) = self.paused(&happening)
        {
            self.node_mut(node).hindrance_mut().parked.push(happening);
            return self.feel(node, FaultKind::Pause);
        }
        match happening {
            Happening::Delivery { from, to, letter } => {
                if self.node(to).is_up() {
                    self.deliver(from, to, letter);
                } else {
                    self.drop_letter(from, to, letter, DropReason::NodeDown);
                }
            }
            Happening::DamagedArrival { from, to, letter } => {
                self.drop_letter(from, to, letter, DropReason::Corrupted);
            }
            Happening::FaultBegins { index, node } => self.begin_at_its_time(index, node),
            Happening::PlanStrikes => self.strike_by_plan(),
            Happening::ClientsCome { clients } => {
                self.clients.come(clients);
                self.schedule_arrival();
            }
            Happening::TimerFired { node, incarnation, timer } => {
                if self.is_same_life(node, incarnation) {
                    self.step_with(node, || Input::TimerFired(timer));
                }
            }
            Happening::SyncDone { node, incarnation } => {
                if self.is_same_life(node, incarnation) {
                    self.sync_done(node);
                }
            }
            Happening::Restart { node, incarnation } => {
                let is_due = self.node(node).incarnation == incarnation && !self.node(node).retired;
                if is_due && !self.node(node).is_up() {
                    self.restart(node);
                }
            }
            Happening::Heuristic { node, gid, cause } => self.decide_alone(node, gid, cause),
            Happening::TakesOver { cause } => self.take_over(cause),
            Happening::DiskFreed { node } => self.free_disk(node),
            Happening::PauseEnds { node } => {
                let until = self.node(node).hindrance.as_ref().and_then(|hindrance| hindrance.paused_until);
                if until.is_some_and(|until| until <= self.now) {
                    self.go_on(node);
                }
            }
        }
    }

    /// A paused node goes on: what waited happens now, in its order.
    pub(super) fn go_on(&mut self, id: NodeId) {
        let parked = self.node_mut(id).hindrance.as_mut().map(|hindrance| hindrance.end_pause());
        parked.into_iter().flatten().for_each(|happening| self.happen(happening));
        // Clients were held up too.
        self.clients.have_news |= id.is_coordinator();
    }

    /// The node that this would happen to, if it is paused.
    #[inline]
    fn paused(&self, happening: &Happening) -> Option<NodeId> {
        let (Happening::Delivery { to: node, .. }
        | Happening::SyncDone { node, .. }
        | Happening::TimerFired { node, .. }) = happening
        else {
            return None;
        };
        self.node(*node).is_paused().then_some(*node)
    }

    fn drop_letter(&mut self, from: NodeId, to: NodeId, letter: Letter, why: DropReason) {
        self.letters.open(letter);
        self.record(from, Fact::Dropped { to, gid: letter.gid, message: letter.kind, why });
    }

    /// Lets clients begin what they have to begin.
    fn serve_clients(&mut self) {
        let id = self.leader;
        self.clients.have_news = false;
        if self.node(id).is_paused() && self.clients.wants_to_begin() {
            self.feel(id, FaultKind::Pause);
        }
        while self.node(id).is_up()
            && !self.node(id).is_paused()
            && let Some(beginning) = self.clients.begin(self.now)
        {
            self.note_beginning(id, &beginning);
            let gid = beginning.transaction.id;
            self.step(id, Input::Asked(ClientRequest::Begin(Arc::clone(&beginning.transaction))));
            if self.plan.at_work > 0 {
                self.strike_at_work(&beginning.transaction.participant_ids);
            }
            let oldest = self.node(id).oldest_unsettled().unwrap_or(gid);
            self.open_max = self.open_max.max(u64::from(gid.0.saturating_sub(oldest.0)) + 1);
        }
    }

    /// Whether nothing is left to do but to let late timers fire.
    #[inline]
    fn is_settled(&self) -> bool {
        self.queue.only_timers()
            && self.clients.done()
            && self
                .nodes
                .iter()
                .all(|node| node.oldest_unsettled().is_none() && (node.is_up() || node.retired))
    }

    fn heal(&mut self) {
        self.inert = self.injector.disarm();
        self.trouble.heal();
        self.plan.end();
        for number in 0..self.nodes.len() {
            let id = self.nodes[number].id;
            if let Some(mut before) = self.nodes[number].hindrance.take() {
                if before.prepared_max.is_some() {
                    self.step(id, Input::Befallen(Incident::PreparedLimit(u32::MAX)));
                }
                before.end_pause().into_iter().for_each(|happening| self.happen(happening));
            }
            self.free_disk(id);
        }
        self.healed = true;
        self.happenings = 0;
        for number in 0..self.nodes.len() {
            let node = &self.nodes[number];
            if !node.is_up() && !node.gone_for_good && !node.retired && !self.gave_up {
                self.restart(self.nodes[number].id);
            }
        }
        self.record(NodeId::COORDINATOR, Fact::Healed);
        self.serve_clients();
    }

    fn record_final_state(&mut self) {
        for number in 0..self.nodes.len() {
            let node = &self.nodes[number];
            let id = node.id;
            match &node.machine {
                None if node.retired => {}
                None => self.record(id, Fact::LeftDown),
                Some(Machine::Coordinator(coordinator)) => {
                    if let Some(gid) = coordinator.oldest_unsettled() {
                        self.record(id, Fact::LeftOpen { gid });
                    }
                }
                Some(Machine::Participant(participant)) => {
                    let stored =
                        participant.contents().into_iter().map(|(key, value)| Fact::Stored { key, value });
                    let in_doubt = participant.in_doubt().into_iter().map(|gid| Fact::LeftInDoubt { gid });
                    let locked =
                        participant.locks().into_iter().map(|(gid, key)| Fact::LeftLocked { gid, key });
                    let left: Vec<Fact> = stored.chain(in_doubt).chain(locked).collect();
                    left.into_iter().for_each(|fact| self.record(id, fact));
                }
            }
        }
    }

    #[inline]
    pub(super) fn record(&mut self, node: NodeId, fact: Fact) {
        self.recorder.record(self.now, node, fact);
    }

    /// Where a node stands among all.
    #[inline]
    pub(super) fn place(&self, id: NodeId) -> usize {
        if id.is_stand_by() { self.place_of_stand_by(id) } else { id.number() as usize }
    }

    #[cold]
    fn place_of_stand_by(&self, id: NodeId) -> usize {
        (self.scenario.participants + id.number()) as usize
    }

    #[inline]
    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[self.place(id)]
    }

    #[inline]
    pub(super) fn node_mut(&mut self, id: NodeId) -> &mut Node {
        let place = self.place(id);
        &mut self.nodes[place]
    }

    pub(super) fn build(&self, id: NodeId) -> Machine {
        match id.participant() {
            None => {
                // The scenario is the one place that says how many there are: one read from JSON may leave it out here.
                let participants = self.scenario.participants;
                let config = CoordinatorConfig { participants, ..self.scenario.coordinator };
                Machine::Coordinator((self.cast.coordinator)(&config))
            }
            Some(id) => {
                let coordinators = 1 + self.scenario.stand_bys();
                let config = ParticipantConfig { coordinators, ..self.scenario.participant };
                Machine::Participant((self.cast.participant)(id, &config))
            }
        }
    }

    /// Whether the node has not crashed since that life of it.
    fn is_same_life(&self, id: NodeId, incarnation: u32) -> bool {
        let node = self.node(id);
        node.incarnation == incarnation && node.is_up()
    }
}
