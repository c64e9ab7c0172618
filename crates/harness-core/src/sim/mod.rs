//! The arrow Scenario -> History: a deterministic simulation on one thread. It owns time, randomness, the network
//! and the disks; a run is a function of scenario, seed and version.
//!
//! [`Simulator::run`] hands the events to a [`Sink`] in small chunks, while they are hot. It does not judge.

mod calendar;
mod clients;
mod damage;
mod disk;
mod driver;
mod durable;
mod effects;
mod faults;
mod hexadecimal;
mod hindrance;
mod letters;
mod network;
mod outbox;
mod plan;
mod queue;
mod random;
mod recorder;
mod run;
mod takeover;
mod trouble;

use std::rc::Rc;

use history::{Event, NodeId, ParticipantId};
use protocol::{Coordinator, CoordinatorConfig, Participant, ReferenceCoordinator};

use crate::injector::FailureInjector;
use crate::model::{ParticipantConfig, TestScenario};
use crate::participant::VirtualParticipant;
use crate::result::{RunError, TransactionResult};
use run::Run;

pub use clients::{Beginning, Clients};
pub use durable::DurableState;
pub(crate) use random::{Purpose, Random};

/// Which protocol steps lie on the way of a message or a record, for whoever drives a node.
pub mod steps {
    pub use super::effects::{after_durable, around_delivery, around_send, before_append};
}

/// The arrow Scenario -> History: whatever runs a scenario and tells what happened.
pub trait Backend {
    /// Runs a scenario. The events end with the final state of each node.
    ///
    /// # Errors
    /// When the run did not happen.
    fn run(&self, scenario: &TestScenario, seed: u64, sink: &mut dyn Sink) -> Result<RunReport, RunError>;

    /// Runs a scenario on what an earlier run of the same cluster has left, and returns what this one leaves.
    ///
    /// # Errors
    /// When the run did not happen, as on a backend that keeps nothing over a run.
    fn go_on(
        &self,
        scenario: &TestScenario,
        seed: u64,
        start: &DurableState,
        sink: &mut dyn Sink,
    ) -> Result<(RunReport, DurableState), RunError>;

    /// Runs the fault-free twin of a scenario that can be run: the same seed, and nothing goes wrong. Its events are
    /// kept by nobody.
    ///
    /// # Errors
    /// When the run did not happen.
    fn run_twin(&self, scenario: &TestScenario, seed: u64) -> Result<RunReport, RunError>;

    /// Whether the same scenario and seed give the same history, to the byte.
    fn is_deterministic(&self) -> bool;
}

/// One that several share, because it keeps something from one run to the next.
impl<B: Backend + ?Sized> Backend for Rc<B> {
    fn run(&self, scenario: &TestScenario, seed: u64, sink: &mut dyn Sink) -> Result<RunReport, RunError> {
        (**self).run(scenario, seed, sink)
    }

    fn go_on(
        &self,
        scenario: &TestScenario,
        seed: u64,
        start: &DurableState,
        sink: &mut dyn Sink,
    ) -> Result<(RunReport, DurableState), RunError> {
        (**self).go_on(scenario, seed, start, sink)
    }

    fn run_twin(&self, scenario: &TestScenario, seed: u64) -> Result<RunReport, RunError> {
        (**self).run_twin(scenario, seed)
    }

    fn is_deterministic(&self) -> bool {
        (**self).is_deterministic()
    }
}

/// Takes in what happens, in order and in chunks.
pub trait Sink {
    /// Takes in the next events.
    fn take(&mut self, events: &[Event]);
}

/// Keeps everything.
impl Sink for Vec<Event> {
    fn take(&mut self, events: &[Event]) {
        self.extend_from_slice(events);
    }
}

/// Keeps nothing.
impl Sink for () {
    fn take(&mut self, _events: &[Event]) {}
}

/// Builds the state machines under test, anew at each start of a node: what they keep over a crash is their log.
#[derive(Clone)]
pub struct Cast {
    coordinator: Rc<BuildCoordinator>,
    participant: Rc<BuildParticipant>,
}

type BuildCoordinator = dyn Fn(&CoordinatorConfig) -> Box<dyn Coordinator>;
type BuildParticipant = dyn Fn(ParticipantId, &ParticipantConfig) -> Box<dyn Participant>;

impl Cast {
    /// The reference coordinator and virtual participants.
    pub fn reference() -> Self {
        Self {
            coordinator: Rc::new(|config| Box::new(ReferenceCoordinator::new(*config))),
            participant: Rc::new(|id, config| Box::new(VirtualParticipant::new(id, *config))),
        }
    }

    /// Builds a coordinator.
    pub fn coordinator(&self, config: &CoordinatorConfig) -> Box<dyn Coordinator> {
        (self.coordinator)(config)
    }

    /// Another coordinator, whichever that is.
    pub fn with_boxed_coordinator(
        mut self,
        build: impl Fn(&CoordinatorConfig) -> Box<dyn Coordinator> + 'static,
    ) -> Self {
        self.coordinator = Rc::new(build);
        self
    }

    /// Another coordinator.
    pub fn with_coordinator<C: Coordinator + 'static>(
        mut self,
        build: impl Fn(&CoordinatorConfig) -> C + 'static,
    ) -> Self {
        self.coordinator = Rc::new(move |config| Box::new(build(config)));
        self
    }

    /// Other participants.
    pub fn with_participant<P: Participant + 'static>(
        mut self,
        build: impl Fn(ParticipantId, &ParticipantConfig) -> P + 'static,
    ) -> Self {
        self.participant = Rc::new(move |id, config| Box::new(build(id, config)));
        self
    }

    /// The same coordinator with something around it.
    pub fn around_coordinator<C: Coordinator + 'static>(
        mut self,
        wrap: impl Fn(Box<dyn Coordinator>) -> C + 'static,
    ) -> Self {
        let build = self.coordinator;
        self.coordinator = Rc::new(move |config| Box::new(wrap(build(config))));
        self
    }

    /// The same participants with something around each.
    pub fn around_participant<P: Participant + 'static>(
        mut self,
        wrap: impl Fn(Box<dyn Participant>) -> P + 'static,
    ) -> Self {
        let build = self.participant;
        self.participant = Rc::new(move |id, config| Box::new(wrap(build(id, config))));
        self
    }
}

/// What a run comes to, beside its history.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// How often each of the scenario's faults fired, in its order.
    pub fired: Vec<u32>,
    /// How many faults the seeded plan drew.
    pub drawn_by_plan: u64,
    /// How often faults of the seeded plan fired.
    pub fired_by_plan: u32,
    /// Nodes that a fault struck, in order: those that it happened to, and of a link the participant.
    pub struck: Vec<NodeId>,
    /// What each client was told, in the order in which the transactions began.
    pub transactions: Vec<TransactionResult>,
    /// The most records that any log held.
    pub log_records_max: u64,
    /// The most transactions that were begun and not settled at the coordinator, from the oldest of them on.
    pub open_max: u64,
    /// So much happened without any client hearing anything that the run was given up.
    pub livelocked: bool,
    /// How the code under test failed beside being wrong, by node: it panicked, or went on for ever.
    pub code_failures: Vec<String>,
    /// The fail points of the code under test that were to do something and have not.
    pub inert: Vec<String>,
}

/// Runs scenarios in virtual time.
pub struct Simulator {
    cast: Cast,
}

impl Simulator {
    /// A simulator of this cast.
    pub fn new(cast: Cast) -> Self {
        Self { cast }
    }

    /// Runs a scenario. The events end with the final state of each node.
    ///
    /// # Errors
    /// When the scenario cannot be run; then nothing was handed to the sink.
    pub fn run(
        &self,
        scenario: &TestScenario,
        seed: u64,
        sink: &mut dyn Sink,
    ) -> Result<RunReport, RunError> {
        scenario.check().map_err(|invalid| RunError::Invalid { reason: invalid.to_string() })?;
        let injector = FailureInjector::arm(&scenario.failure_configs)?;
        Ok(Run::new(scenario, seed, &self.cast, injector, sink).run().0)
    }

    /// Runs a scenario on what an earlier run of the same cluster has left, and returns what this one leaves. The
    /// events begin with what the stores hold. In the end all nodes shorten their logs.
    ///
    /// # Errors
    /// When the scenario cannot be run on it; then nothing was handed to the sink.
    pub fn go_on(
        &self,
        scenario: &TestScenario,
        seed: u64,
        start: &DurableState,
        sink: &mut dyn Sink,
    ) -> Result<(RunReport, DurableState), RunError> {
        scenario.check().map_err(|invalid| RunError::Invalid { reason: invalid.to_string() })?;
        if let Some(there) = start.participants().filter(|&there| there != scenario.participants) {
            let reason =
                format!("the cluster has {there} participants, the scenario {}", scenario.participants);
            return Err(RunError::Invalid { reason });
        }
        if scenario.stand_bys() > 0 {
            // A stand-by that has the log is no part of what the next run begins with.
            let reason = "the log would be left to a stand-by: leave takeovers out of an epoch".to_owned();
            return Err(RunError::Invalid { reason });
        }
        let injector = FailureInjector::arm(&scenario.failure_configs)?;
        let mut run = Run::new(scenario, seed, &self.cast, injector, sink);
        run.checkpoints = true;
        run.inherit(start);
        Ok(run.run())
    }
}

impl Backend for Simulator {
    fn run(&self, scenario: &TestScenario, seed: u64, sink: &mut dyn Sink) -> Result<RunReport, RunError> {
        self.run(scenario, seed, sink)
    }

    fn go_on(
        &self,
        scenario: &TestScenario,
        seed: u64,
        start: &DurableState,
        sink: &mut dyn Sink,
    ) -> Result<(RunReport, DurableState), RunError> {
        self.go_on(scenario, seed, start, sink)
    }

    fn run_twin(&self, scenario: &TestScenario, seed: u64) -> Result<RunReport, RunError> {
        let twin = TestScenario { failure_configs: Vec::new(), chaos: None, ..scenario.clone() };
        Ok(Run::new(&twin, seed, &self.cast, FailureInjector::default(), &mut ()).run().0)
    }

    fn is_deterministic(&self) -> bool {
        true
    }
}
