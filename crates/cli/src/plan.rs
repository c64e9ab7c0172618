//! What a command comes to: which scenarios run, with which seeds, and how that is told.

use std::borrow::Cow;
use std::path::PathBuf;

use harness_core::{Cast, RunError, ScenarioGenerator, Simulator, TestScenario, same_name};

use crate::args::{Command, RunOptions};
use crate::engine::Engine;
use crate::failure::Failure;
use crate::names;
use crate::recordings::RecordingOptions;
use crate::replay::Replay;

/// What is to run.
pub(crate) struct Plan {
    pub(crate) subjects: Vec<Subject>,
    /// What runs it.
    pub(crate) engine: Engine,
    /// As many as were asked for; a scenario may need more.
    pub(crate) participants: u32,
    pub(crate) seed_first: u64,
    pub(crate) seeds: u64,
    pub(crate) format: Format,
    /// Where results are written to, if they are.
    pub(crate) output: Option<PathBuf>,
    /// Where the history of the one run is written to, if it is.
    pub(crate) recordings: RecordingOptions,
    /// The `FAILPOINTS` of the environment, which every run is a function of.
    pub(crate) failpoints: Option<String>,
}

/// How runs are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// One line a scenario, and totals.
    Overview { verbose: bool },
    /// All about each run.
    Detail { timeline: bool },
    /// One object with all results and a summary.
    JsonObject,
    /// One line a result.
    JsonLines,
}

/// What a command asks for.
enum Scope {
    All,
    Category(String),
    Scenario(String),
    /// So many transactions, drawn.
    Random(u32),
}

impl Scope {
    /// Scenarios of databases run on databases, also if none is named.
    fn backend(&self, named: Vec<String>) -> Vec<String> {
        let own = names::of_databases();
        let is_theirs = match self {
            Self::Category(name) => same_name(own.name, name),
            Self::Scenario(name) => own.entries.iter().any(|entry| same_name(entry.name, name)),
            Self::All | Self::Random(_) => false,
        };
        if named.is_empty() && is_theirs { Engine::DATABASES.map(str::to_owned).to_vec() } else { named }
    }

    fn subjects(&self, participants: u32, engine: &Engine) -> Result<Vec<Subject>, Failure> {
        let catalog = names::catalog(participants);
        Ok(match self {
            Self::All if engine.is_real() => named(catalog.all_scenarios()),
            Self::All => named(suite::catalog(participants).all_scenarios()),
            Self::Category(name) => {
                let category = names::category(&catalog, name)?;
                let entries = category.entries.iter();
                named(entries.map(|entry| category.build(entry, participants)).collect())
            }
            Self::Scenario(name) => named(vec![names::scenario(&catalog, name)?]),
            &Self::Random(transactions) => vec![Subject::Random { participants, transactions }],
        })
    }
}

/// What is run once a seed.
pub(crate) enum Subject {
    Named(Box<TestScenario>),
    Random {
        participants: u32,
        transactions: u32,
    },
    /// An epoch of a soak, which nobody has by name but with its soak.
    Epoch {
        scenario: Box<TestScenario>,
        command: String,
    },
}

impl Plan {
    /// Everything that can be wrong with a command is found here, before anything runs or is written.
    pub(crate) fn new(command: Command) -> Result<Self, Failure> {
        let failpoints = failpoints()?;
        let mut wanted = RecordingOptions::default();
        let (scope, options, single, output) = match command {
            Command::RunAll { options, output } => (Scope::All, options, false, Some(output)),
            Command::RunCategory { category, options } => {
                (Scope::Category(category.join(" ")), options, false, None)
            }
            Command::RunScenario { name, options, recordings } => {
                wanted = recordings;
                (Scope::Scenario(name.join(" ")), options, true, None)
            }
            Command::Random { transactions, options, recordings } => {
                wanted = recordings;
                (Scope::Random(transactions), options, true, None)
            }
            Command::List { .. }
            | Command::Check(_)
            | Command::Doctor { .. }
            | Command::Mutants { .. }
            | Command::NewAdapter(_)
            | Command::Soak(_)
            | Command::SoakWorker
            | Command::Merge(_) => {
                unreachable!("they run nothing")
            }
        };
        let RunOptions { participants, backend, urls, seed, seeds, json, verbose } = options;
        let kinds = if urls.is_empty() { scope.backend(backend) } else { backend };
        let engine = Engine::new(&kinds, &urls)?;
        let participants = participants.unwrap_or(engine.participants());
        let subjects = scope.subjects(participants, &engine)?;
        if seed.checked_add(seeds - 1).is_none() {
            let reason =
                format!("{seeds} seeds from {seed} on go past the last one, {}: use fewer", u64::MAX);
            return Err(Failure::Usage(reason));
        }
        wanted.check(seeds)?;
        let format = match (json, single) {
            (true, true) => Format::JsonLines,
            (true, false) => Format::JsonObject,
            (false, true) if verbose || seeds == 1 => Format::Detail { timeline: verbose },
            (false, _) => Format::Overview { verbose },
        };
        let recordings = wanted;
        Ok(Self {
            subjects,
            engine,
            participants,
            seed_first: seed,
            seeds,
            format,
            output,
            recordings,
            failpoints,
        })
    }

    pub(crate) fn seeds(&self) -> impl Iterator<Item = u64> + use<> {
        self.seed_first..=self.seed_first + (self.seeds - 1)
    }

    pub(crate) fn runs(&self) -> u64 {
        self.seeds.saturating_mul(self.subjects.len() as u64)
    }

    /// How one of its runs is repeated.
    pub(crate) fn replay(&self, subject: &Subject, seed: u64) -> Replay {
        let arguments = match subject {
            Subject::Named(scenario) => {
                format!("run-scenario {} -p {} --seed {seed}", scenario.name, scenario.participants)
            }
            Subject::Random { participants, transactions } => {
                format!("random -p {participants} -t {transactions} --seed {seed}")
            }
            Subject::Epoch { command, .. } => command.clone(),
        };
        let arguments = arguments + self.engine.arguments();
        Replay { failpoints: self.failpoints.clone(), arguments }
    }
}

impl Subject {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Named(scenario) | Self::Epoch { scenario, .. } => &scenario.name,
            Self::Random { .. } => "random",
        }
    }

    pub(crate) fn category(&self) -> &str {
        match self {
            Self::Named(scenario) => &scenario.category,
            Self::Epoch { .. } => "Soak",
            Self::Random { .. } => "Random",
        }
    }

    pub(crate) fn participants(&self) -> u32 {
        match self {
            Self::Named(scenario) | Self::Epoch { scenario, .. } => scenario.participants,
            Self::Random { participants, .. } => *participants,
        }
    }

    pub(crate) fn scenario(&self, seed: u64) -> Result<Cow<'_, TestScenario>, RunError> {
        match self {
            Self::Named(scenario) | Self::Epoch { scenario, .. } => Ok(Cow::Borrowed(scenario)),
            Self::Random { participants, transactions } => {
                ScenarioGenerator::generate_random_scenario(*participants, *transactions, seed)
                    .map(Cow::Owned)
            }
        }
    }
}

fn named(scenarios: Vec<TestScenario>) -> Vec<Subject> {
    scenarios.into_iter().map(|scenario| Subject::Named(Box::new(scenario))).collect()
}

/// The `FAILPOINTS` of the environment, checked.
pub(crate) fn failpoints() -> Result<Option<String>, Failure> {
    let Some(text) = std::env::var_os("FAILPOINTS").filter(|text| !text.is_empty()) else { return Ok(None) };
    if cfg!(not(feature = "failpoints")) {
        let reason = "FAILPOINTS is set, but this build has no fail points: unset it or build with --features failpoints";
        return Err(Failure::Usage(reason.to_owned()));
    }
    let text = text.into_string().map_err(|_| Failure::Usage("FAILPOINTS is not valid UTF-8".to_owned()))?;
    // The simulator reads it at the start of each run: the smallest run tells whether it can.
    let smallest = TestScenario::new("One transaction.", 1).writing_to(1);
    match Simulator::new(Cast::reference()).run(&smallest, 0, &mut Vec::new()) {
        Err(error @ RunError::Failpoints { .. }) => Err(Failure::Usage(error.to_string())),
        _ => Ok(Some(text)),
    }
}
