//! The catalog as a whole, and what any scenario must survive.

mod catalog;
mod coverage;
mod inert;
mod replay;
mod storms;

use harness_core::history::History;
use harness_core::{Cast, TestHarnessConfig, TestResult, TestScenario, TwoPhaseCommitTestHarness};

/// The largest scenarios run with their own crates, which is often enough.
const TRANSACTIONS_MAX: u64 = 10_000;

fn harness(seed: u64) -> TwoPhaseCommitTestHarness {
    TwoPhaseCommitTestHarness::new(TestHarnessConfig { seed, cast: Cast::reference() })
}

fn run(scenario: &TestScenario, seed: u64) -> (TestResult, History) {
    harness(seed).run_recorded(scenario).unwrap_or_else(|error| panic!("{}: {error}", scenario.name))
}

/// All scenarios but the largest.
fn scenarios(participants: u32) -> Vec<TestScenario> {
    let mut all = suite::catalog(participants).all_scenarios();
    all.retain(|scenario| scenario.transaction_count() < TRANSACTIONS_MAX);
    all
}
