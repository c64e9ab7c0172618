//! Runs scenarios on real databases, in real time: the coordinator's state machine on tokio, with a log in a file, and
//! databases as participants.

mod branch;
mod claims;
mod coordinator;
mod course;
mod exchange;
mod faults;
mod final_state;
#[cfg(all(test, feature = "postgres", feature = "mariadb"))]
mod on_databases;
mod participant;
mod place;
mod record;
mod room;
mod support;
mod target;

use std::cell::RefCell;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::PathBuf;
use std::pin::pin;
use std::task::Poll;

use harness_core::{Backend, Cast, DurableState, FailureInjector, RunError, RunReport, Sink, TestScenario};
use history::ParticipantId;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::LocalSet;

use crate::link::Trouble;
use crate::log::Survives;
use crate::server::{Durability, RunFolder, Server};
use crate::{BackendError, Kind, Url};
use claims::Claims;
use coordinator::Node;
use course::{Flow, Happening, Run, Stage};
use place::{Ground, Place};
use record::Record;

/// Which databases to run on.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the participants are: the first is of the first kind, and so on, and then from the first again.
    pub kinds: Vec<Kind>,
    /// How much servers of our own keep when the power fails.
    pub durability: Durability,
}

/// Runs scenarios on real databases. Servers are started when they are first needed, kept from one run to the next, and
/// gone when this is.
pub struct Databases {
    places: Vec<Place>,
    durability: Durability,
    cast: Cast,
    runtime: Runtime,
    servers: RefCell<Servers>,
    /// Ctrl-C, and whatever else asks a program to end.
    interrupts: RefCell<Vec<Signal>>,
}

/// What is kept from one run to the next. Servers go before the folder that they are in.
#[derive(Default)]
struct Servers {
    up: Vec<Server>,
    folder: Option<RunFolder>,
}

/// What is to be run.
#[derive(Clone, Copy)]
struct Errand<'a> {
    scenario: &'a TestScenario,
    seed: u64,
    /// Whether something may go wrong between the coordinator and a database.
    has_links: bool,
}

impl Databases {
    /// Runs on these databases.
    ///
    /// # Errors
    /// When no database is named.
    pub fn new(options: Options) -> Result<Self, BackendError> {
        let Options { kinds, durability } = options;
        Self::at_places(kinds.into_iter().map(Place::Own).collect(), durability)
    }

    /// Runs on databases that are there already: the first participant at the first, and so on. Nothing there is killed
    /// or stopped, and nothing is left there however a run ends, unless by then a database cannot be reached or the
    /// program is killed: what is left then, the next run there removes.
    ///
    /// # Errors
    /// When no database is named.
    pub fn at(urls: &[Url]) -> Result<Self, BackendError> {
        Self::at_places(urls.iter().cloned().map(Place::There).collect(), Durability::Process)
    }

    fn at_places(places: Vec<Place>, durability: Durability) -> Result<Self, BackendError> {
        if places.is_empty() {
            return Err(BackendError::NoDatabase);
        }
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(BackendError::start("a runtime"))?;
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let interrupts = {
            let _entered = runtime.enter();
            kinds
                .into_iter()
                .map(signal)
                .collect::<Result<Vec<_>, _>>()
                .map_err(BackendError::start("signals"))?
        };
        let (servers, interrupts) = (RefCell::default(), RefCell::new(interrupts));
        Ok(Self { places, durability, cast: Cast::reference(), runtime, servers, interrupts })
    }

    /// Runs with this coordinator.
    #[must_use]
    pub fn cast(self, cast: Cast) -> Self {
        Self { cast, ..self }
    }

    /// The servers that are kept for the next run: what each is, and the folder that its socket is in.
    pub fn kept(&self) -> Vec<(Kind, PathBuf)> {
        let servers = self.servers.borrow();
        servers.up.iter().map(|server| (server.kind(), server.folder().to_owned())).collect()
    }

    fn run_with(
        &self,
        errand: Errand,
        injector: FailureInjector,
        sink: &mut dyn Sink,
    ) -> Result<RunReport, RunError> {
        let claims = Claims::default();
        let report = {
            let local = LocalSet::new();
            let running = self.stage_and_run(errand, injector, sink, &claims);
            self.runtime.block_on(local.run_until(self.unless_interrupted(running)))
        };
        // All else that the run had open is closed by now. Who interrupts once more does not want to wait for this either.
        let left = self.runtime.block_on(self.unless_interrupted(claims.leave_nothing()));
        for error in left.ok_or(RunError::Interrupted)? {
            tracing::warn!(%error, "branches or tables of the run are left there, until the next run there removes them");
        }
        // A run that was interrupted has taken servers and folder along.
        report.ok_or(RunError::Interrupted)?.map_err(|error| RunError::Backend(error.to_string()))
    }

    /// Ends what is under way at once, and drops it, when the user does not want to wait for it.
    async fn unless_interrupted<T>(&self, running: impl Future<Output = T>) -> Option<T> {
        let mut running = pin!(running);
        let mut interrupts = self.interrupts.borrow_mut();
        std::future::poll_fn(move |context| {
            if interrupts.iter_mut().any(|interrupt| interrupt.poll_recv(context).is_ready()) {
                return Poll::Ready(None);
            }
            running.as_mut().poll(context).map(Some)
        })
        .await
    }

    async fn stage_and_run(
        &self,
        Errand { scenario, seed, has_links }: Errand<'_>,
        injector: FailureInjector,
        sink: &mut dyn Sink,
        claims: &Claims,
    ) -> Result<RunReport, BackendError> {
        let number = RandomState::new().build_hasher().finish();
        let mut servers = self.servers.take();
        let folder = match servers.folder.take() {
            Some(folder) => folder,
            None => RunFolder::open().map_err(BackendError::start("a temporary folder"))?,
        };
        // What was declared last goes first, however this ends: servers before the folder that they are in.
        let mut up = std::mem::take(&mut servers.up);
        let (queue, inbox) = tokio::sync::mpsc::unbounded_channel();
        let struck = queue.clone();
        let trouble = Trouble::new(move |one| drop(struck.send(Happening::Struck(one))));
        let (run, durability) = (number, self.durability);
        let ground = Ground {
            scenario,
            seed,
            run,
            has_links,
            folder: folder.path(),
            durability,
            trouble: &trouble,
            claims,
        };
        let mut participants = Vec::new();
        for id in (1..=scenario.participants).map(ParticipantId) {
            participants.push(ground.prepare(id, Place::of(&self.places, id), &mut up).await?);
        }
        let survives = match durability {
            Durability::Machine => Survives::PowerCut,
            Durability::Process | Durability::None => Survives::Kill,
        };
        let node = Node::open(folder.path().join(format!("tm-{number:x}")), survives)?;
        let record = Record::new(scenario.participants, sink);
        let cast = &self.cast;
        let stage =
            Stage { scenario, cast, seed, injector, node, participants, record, trouble, queue, inbox };
        let (report, participants) = Run::new(stage).run().await?;
        up.extend(participants.into_iter().filter_map(|participant| participant.server));
        for server in &mut up {
            server.restore().await?;
        }
        self.servers.replace(Servers { up, folder: Some(folder) });
        Ok(report)
    }
}

impl Backend for Databases {
    fn run(&self, scenario: &TestScenario, seed: u64, sink: &mut dyn Sink) -> Result<RunReport, RunError> {
        scenario.check().map_err(|invalid| RunError::Invalid { reason: invalid.to_string() })?;
        let faults = [scenario.failure_configs.clone(), FailureInjector::faults_of_environment()?].concat();
        if let Some(need) = support::beyond(scenario, &faults, &self.places) {
            return Err(RunError::BeyondBackend { backend: "real databases".to_owned(), need });
        }
        let injector = FailureInjector::arm(&scenario.failure_configs)?;
        self.run_with(Errand { scenario, seed, has_links: support::need_links(&faults) }, injector, sink)
    }

    fn go_on(
        &self,
        _scenario: &TestScenario,
        _seed: u64,
        _start: &DurableState,
        _sink: &mut dyn Sink,
    ) -> Result<(RunReport, DurableState), RunError> {
        let need = "to go on with what an earlier run has left".to_owned();
        Err(RunError::BeyondBackend { backend: "real databases".to_owned(), need })
    }

    fn run_twin(&self, scenario: &TestScenario, seed: u64) -> Result<RunReport, RunError> {
        let twin = TestScenario { failure_configs: Vec::new(), chaos: None, ..scenario.clone() };
        let errand = Errand { scenario: &twin, seed, has_links: false };
        self.run_with(errand, FailureInjector::default(), &mut ())
    }

    fn is_deterministic(&self) -> bool {
        false
    }
}
