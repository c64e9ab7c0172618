//! What the tests of a catalog call: they panic where a scenario does not pass, with all that a reader needs to
//! see why.

use history::{History, Timeline};

use crate::catalog::Category;
use crate::harness::{TestHarnessConfig, TwoPhaseCommitTestHarness};
use crate::model::TestScenario;
use crate::result::TestResult;
use crate::sim::Cast;

/// A story is told of scenarios with so many transactions at most.
const STORY_TRANSACTIONS_MAX: u64 = 10;

/// Runs a scenario of the category and panics unless it passes.
///
/// # Panics
/// With the failures, the evidence, the timeline and the command that replays the run.
pub fn assert_passes(category: &Category, name: &str, participants: u32, seed: u64) {
    let scenario = build(category, name, participants);
    let (result, history) = run(&scenario, seed);
    assert!(result.passed, "{}", explained(&result, &history));
}

/// The story of a scenario at three participants; of a long one, only how it came out.
///
/// # Panics
/// As [`assert_passes`].
pub fn story(category: &Category, name: &str) -> String {
    let scenario = build(category, name, 3);
    let (result, history) = run(&scenario, 0);
    assert!(result.passed, "{}", explained(&result, &history));
    if scenario.transaction_count() <= STORY_TRANSACTIONS_MAX && scenario.participants <= 3 {
        return Timeline::story(&history).to_string();
    }
    let counted = result.outcomes;
    format!(
        "{} participants: {} committed, {} aborted, {} unknown, {} refused",
        scenario.participants, counted.committed, counted.aborted, counted.unknown, counted.refused
    )
}

fn build(category: &Category, name: &str, participants: u32) -> TestScenario {
    let entry = category.entries.iter().find(|entry| entry.name == name);
    category.build(entry.unwrap_or_else(|| panic!("{name} is not in {}", category.name)), participants)
}

fn run(scenario: &TestScenario, seed: u64) -> (TestResult, History) {
    let harness = TwoPhaseCommitTestHarness::new(TestHarnessConfig { seed, cast: Cast::reference() });
    harness.run_recorded(scenario).unwrap_or_else(|error| panic!("{}: {error}", scenario.name))
}

/// All that a reader needs to see why a run did not pass.
pub fn explained(result: &TestResult, history: &History) -> String {
    let failures = result.failures.join("\n  ");
    let timeline = Timeline::story(history);
    format!("{result}\n  {failures}\n{}\n{timeline}\nreplay: {}", result.validation, result.replay)
}
