//! One scenario with one seed against a coordinator, and what is told of it if it does not pass.

use std::any::Any;
use std::collections::BTreeSet;
use std::thread;

use harness_core::history::{Event, Gid, History, Timeline};
use harness_core::{RunError, TestHarnessConfig, TestResult, TestScenario, TwoPhaseCommitTestHarness};

use super::{Build, cast};

/// So many lines of a timeline are printed; the seed has the rest.
const LINES_MAX: usize = 300;
/// Longer scenarios are not run twice to be compared.
const TRANSACTIONS_MAX: u64 = 200;

const CAUSES: &str = "something is not a function of the seed: the usual causes are tokio::select! without \
    `biased;`, iteration over a HashMap or HashSet, std::time, threads, and randomness";

/// The name of the test that a scenario is: its category is the module.
pub(super) fn name_of(scenario: &TestScenario) -> String {
    format!("{}::{}", scenario.category.to_lowercase().replace(' ', "_"), scenario.name)
}

/// Runs a scenario.
pub(super) fn run(build: &Build, scenario: &TestScenario, seed: u64) -> Result<(), String> {
    let result = caught(scenario, seed, || harness(build, seed).run_scenario(scenario))
        .map_err(|panicked| format!("{}, seed {seed}: {panicked}", scenario.description))?;
    let result = result.map_err(|error| error.to_string())?;
    if result.passed {
        return Ok(());
    }
    // Only now is it worth keeping all that happened: the same run again.
    let again = caught(scenario, seed, || harness(build, seed).run_recorded(scenario))?;
    let (recorded, history) = again.map_err(|error| error.to_string())?;
    let differs = if recorded.digest == result.digest {
        String::new()
    } else {
        format!("  the same seed gave another history when it was run again: {CAUSES}\n")
    };
    Err(format!("{differs}{}", explained(scenario, &recorded, &history)))
}

/// Runs all scenarios twice that are not long, and compares.
pub(super) fn replays(build: &Build, scenarios: &[TestScenario], seed: u64) -> Result<(), String> {
    let short = scenarios.iter().filter(|scenario| scenario.transaction_count() <= TRANSACTIONS_MAX);
    for scenario in short {
        let run = || -> Result<Vec<Event>, String> {
            let ran: Result<_, RunError> =
                caught(scenario, seed, || harness(build, seed).run_recorded(scenario))?;
            Ok(ran.map_err(|error| error.to_string())?.1.events)
        };
        let (first, second) = (run()?, run()?);
        let Some(place) = first_difference(&first, &second) else { continue };
        let told = |events: &[Event]| {
            events.get(place).map_or("nothing".to_owned(), |event| format!("{}  {event}", event.at))
        };
        return Err(format!(
            "{}: two runs with seed {seed} differ from event {place} on:\n  first   {}\n  second  {}\n{CAUSES}",
            scenario.name,
            told(&first),
            told(&second),
        ));
    }
    Ok(())
}

fn first_difference(first: &[Event], second: &[Event]) -> Option<usize> {
    let longest = first.len().max(second.len());
    (0..longest).find(|&place| first.get(place) != second.get(place))
}

fn harness(build: &Build, seed: u64) -> TwoPhaseCommitTestHarness {
    TwoPhaseCommitTestHarness::new(TestHarnessConfig { seed, cast: cast(build) })
}

/// A state machine that panics ends its test, and nothing else. The thread that it has to itself is named after the run, which
/// a panic shows, and whoever has to abort the process.
fn caught<T: Send>(scenario: &TestScenario, seed: u64, run: impl FnOnce() -> T + Send) -> Result<T, String> {
    let name = format!("{} with {} participants, seed {seed}", name_of(scenario), scenario.participants);
    thread::scope(|scope| {
        let started = thread::Builder::new().name(name).spawn_scoped(scope, run);
        let joined = started.map_err(|error| format!("no thread could be started: {error}"))?.join();
        joined.map_err(|payload| format!("the coordinator panicked: {}", text_of(&*payload)))
    })
}

fn text_of(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}

fn explained(scenario: &TestScenario, result: &TestResult, history: &History) -> String {
    let (name, seed) = (&result.scenario_name, result.seed);
    let failures = result.failures.join("\n  ");
    let described = &scenario.description;
    let participants = result.participants;
    let mut told = format!(
        "{name} with {participants} participants, seed {seed}: {described}\n  {failures}\n\n{}\n",
        result.validation
    );
    let timeline = Timeline::full(&concerned(result, history)).to_string();
    let lines: Vec<&str> = timeline.lines().collect();
    let skipped = lines.len().saturating_sub(LINES_MAX);
    lines[..lines.len() - skipped].iter().for_each(|line| {
        told.push_str(line);
        told.push('\n');
    });
    if skipped > 0 {
        told.push_str(&format!("... and {skipped} events more\n"));
    }
    told
}

/// What happened to the transactions that are in trouble, and to the nodes; of a short history, all.
fn concerned(result: &TestResult, history: &History) -> History {
    let violations = result.validation.violations();
    let gids: BTreeSet<Gid> = violations
        .flat_map(|(_, violation)| violation.gid.iter().chain(&violation.transactions).copied())
        .collect();
    let all = gids.is_empty() || history.events.len() <= LINES_MAX;
    let is_told = |event: &&Event| all || event.fact.gid().is_none_or(|gid| gids.contains(&gid));
    let events = history.events.iter().filter(is_told).copied().collect();
    History { header: history.header.clone(), events }
}
