//! The same seed gives the same history.

use adapter_tokio::{Adapter, AsyncCoordinator};
use harness_core::history::{History, Timeline};
use harness_core::{Cast, Load, TestHarnessConfig, TestResult, TestScenario, TwoPhaseCommitTestHarness};

use crate::plain::Plain;

pub(crate) fn cast<C: AsyncCoordinator>() -> Cast {
    Cast::reference().with_coordinator(|config| Adapter::<C>::new(config))
}

pub(crate) fn run<C: AsyncCoordinator>(scenario: &TestScenario, seed: u64) -> (TestResult, History) {
    let harness = TwoPhaseCommitTestHarness::new(TestHarnessConfig { seed, cast: cast::<C>() });
    harness.run_recorded(scenario).expect("the scenario can be run")
}

#[test]
fn a_coordinator_on_tokio_runs_a_scenario_and_the_same_seed_gives_the_same_history() {
    let scenario = TestScenario::new("Three vote yes.", 3).writing_to(3).expect_outcomes(1, 0);
    let (result, history) = run::<Plain>(&scenario, 7);
    assert!(result.passed, "{:?}\n{}", result.failures, Timeline::full(&history));
    let (_, again) = run::<Plain>(&scenario, 7);
    assert_eq!(history.events, again.events);
}

#[test]
fn many_transactions_at_once_are_judged_valid() {
    let load = Load::transfers(1_000, 3);
    let scenario = TestScenario::new("A thousand transfers, ten at a time.", 5).load(load).in_flight(10);
    let (result, _) = run::<Plain>(&scenario, 1);
    assert!(result.passed, "{:?}", result.failures);
    assert_eq!(result.outcomes.committed + result.outcomes.aborted, 1_000);
    assert_eq!(run::<Plain>(&scenario, 1).0.digest, result.digest);
    assert_ne!(run::<Plain>(&scenario, 2).0.digest, result.digest);
}
