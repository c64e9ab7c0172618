//! The whole catalogue against somebody else's coordinator, as a test binary: one test a scenario, so that `cargo test` and
//! `cargo nextest run` list, filter and report them as any other test.
//!
//! ```no_run
//! # use harness_core::history::{Gid, Nanos};
//! # struct MyCoordinator;
//! # impl protocol::Coordinator for MyCoordinator {
//! #     fn step(&mut self, _: Nanos, _: protocol::Input<'_>, _: &mut protocol::Effects) {}
//! #     fn oldest_unsettled(&self) -> Option<Gid> { None }
//! # }
//! fn main() -> std::process::ExitCode {
//!     suite::conformance::Conformance::of(|config| MyCoordinator).run()
//! }
//! ```
//!
//! In the `Cargo.toml` such a test is a `[[test]]` with `harness = false`. It listens to the environment: `SEED` and `SEEDS`
//! are the first seed and their number (0 and 1), `PARTICIPANTS` how many there are (3), and `FAILPOINTS` adds faults.
//!
//! A scenario fails by what every coordinator owes: the properties, what clients are told, what is left at the end, the
//! service level, and that its faults strike. How often a coordinator sends or logs something is its own affair
//! ([`harness_core::Expect::of_any_coordinator`]). What it does not do at all it says
//! ([`Conformance::without`]): the scenarios that need it are ignored, with the reason beside their names.

mod arguments;
mod environment;
mod feature;
#[cfg(test)]
mod tests;
mod trial;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use harness_core::{Cast, Coordinator, CoordinatorConfig, TestScenario};
use libtest_mimic::{Failed, Trial};

pub use feature::Feature;

use arguments::CommandLine;
use environment::{Environment, Replay};

/// Builds a coordinator under test; called in many threads.
type Build = Arc<dyn Fn(&CoordinatorConfig) -> Box<dyn Coordinator> + Send + Sync>;

/// A test binary for one coordinator.
pub struct Conformance {
    build: Build,
    without: Vec<Feature>,
    repeated: Vec<String>,
}

impl Conformance {
    /// The tests of a coordinator, which is built anew at each start of its node: what it keeps over a crash is its log.
    pub fn of<C: Coordinator + 'static>(
        build: impl Fn(&CoordinatorConfig) -> C + Send + Sync + 'static,
    ) -> Self {
        let build: Build = Arc::new(move |config| Box::new(build(config)));
        Self { build, without: Vec::new(), repeated: Vec::new() }
    }

    /// The coordinator does without this.
    #[must_use]
    pub fn without(mut self, feature: Feature) -> Self {
        self.without.push(feature);
        self
    }

    /// What the coordinator does depends on this variable of the environment: the command that replays a failure sets it.
    #[must_use]
    pub fn repeating(mut self, variable: &str) -> Self {
        self.repeated.push(variable.to_owned());
        self
    }

    /// Runs the tests that the command line asks for. To be returned from `main`.
    pub fn run(self) -> ExitCode {
        let command_line = CommandLine::read();
        match Environment::read() {
            Ok(environment) => {
                let trials = self.trials(environment);
                libtest_mimic::run(&command_line.selecting(&trials), trials).exit_code()
            }
            Err(reason) => {
                // If standard error is gone too, the exit code has to do.
                let _ = writeln!(std::io::stderr(), "error: {reason}");
                ExitCode::from(2)
            }
        }
    }

    fn trials(&self, environment: Environment) -> Vec<Trial> {
        let replay = Replay::here(&self.repeated);
        let mut trials = Vec::new();
        let mut scenarios: Vec<TestScenario> = Vec::new();
        for (scenario, missing) in self.scenarios(environment.participants) {
            let name = trial::name_of(&scenario);
            let (build, replay, tried) = (Arc::clone(&self.build), replay.clone(), scenario.clone());
            let test = name.clone();
            let trial = Trial::test(name, move || {
                environment.seeds().try_for_each(|seed| {
                    let failure = trial::run(&build, &tried, seed).err();
                    failure.map_or(Ok(()), |failure| {
                        Err(Failed::from(format!("{failure}\n{}", replay.command(&test, environment, seed))))
                    })
                })
            });
            match missing {
                Some(feature) => {
                    trials.push(trial.with_kind(format!("needs {feature}")).with_ignored_flag(true))
                }
                None => {
                    trials.push(trial);
                    scenarios.push(scenario);
                }
            }
        }
        let build = Arc::clone(&self.build);
        trials.push(Trial::test("the_same_seed_gives_the_same_history", move || {
            trial::replays(&build, &scenarios, environment.seed).map_err(Failed::from)
        }));
        trials
    }

    /// All scenarios as they are for this coordinator, each with what it needs and the coordinator does without.
    fn scenarios(&self, participants: u32) -> Vec<(TestScenario, Option<Feature>)> {
        let of_this = |scenario: TestScenario| {
            let scenario = scenario.of_any_coordinator();
            let missing = self.without.iter().find(|feature| feature.is_needed_by(&scenario)).copied();
            let no_kinds = self.without.contains(&Feature::RecordKinds);
            (if no_kinds { scenario.without_log() } else { scenario }, missing)
        };
        crate::catalog(participants).all_scenarios().into_iter().map(of_this).collect()
    }
}

fn cast(build: &Build) -> Cast {
    let build = Arc::clone(build);
    Cast::reference().with_boxed_coordinator(move |config| build(config))
}
