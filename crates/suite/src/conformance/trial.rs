//! One scenario with one seed against a coordinator, and what is told of it if it does not pass.

use std::any::Any;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use harness_core::history::{Event, Gid, History, Timeline};
use harness_core::{Cast, RunError, TestHarnessConfig, TestResult, TestScenario, TwoPhaseCommitTestHarness};

/// So many lines of a timeline are printed; the seed has the rest.
const LINES_MAX: usize = 300;
/// Longer scenarios are not run twice to be compared.
const TRANSACTIONS_MAX: u64 = 200;

const CAUSES: &str = "something is not a function of the seed: the usual causes are tokio::select! without \
    `biased;`, iteration over a HashMap or HashSet, std::time, threads, and randomness";

/// Runs a scenario.
pub(super) fn run(cast: &Cast, scenario: &TestScenario, seed: u64) -> Result<(), String> {
    let result = caught(|| harness(cast, seed).run_scenario(scenario))
        .map_err(|panicked| format!("{}, seed {seed}: {panicked}", scenario.description))?;
    let result = result.map_err(|error| error.to_string())?;
    if result.passed {
        return Ok(());
    }
    // Only now is it worth keeping all that happened: the same run again.
    let again = caught(|| harness(cast, seed).run_recorded(scenario))?;
    let (recorded, history) = again.map_err(|error| error.to_string())?;
    let differs = if recorded.digest == result.digest {
        String::new()
    } else {
        format!("  the same seed gave another history when it was run again: {CAUSES}\n")
    };
    Err(format!("{differs}{}", explained(scenario, &recorded, &history)))
}

/// Runs all scenarios twice that are not long, and compares.
pub(super) fn replays(cast: &Cast, scenarios: &[TestScenario], seed: u64) -> Result<(), String> {
    let short = scenarios.iter().filter(|scenario| scenario.transaction_count() <= TRANSACTIONS_MAX);
    for scenario in short {
        let run = || -> Result<Vec<Event>, String> {
            let ran: Result<_, RunError> = caught(|| harness(cast, seed).run_recorded(scenario))?;
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

fn harness(cast: &Cast, seed: u64) -> TwoPhaseCommitTestHarness {
    TwoPhaseCommitTestHarness::new(TestHarnessConfig { seed, cast: cast.clone() })
}

/// A state machine that panics ends its test, and nothing else.
fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run))
        .map_err(|payload| format!("the coordinator panicked: {}", text_of(&*payload)))
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
