//! Large runs: what they cost grows with what happens in them, and no faster.

use harness_core::history::Event;
use harness_core::{
    Cast, Cost, Load, Simulator, Sink, TestHarnessConfig, TestResult, TestScenario, TwoPhaseCommitTestHarness,
};

use crate::environment::again;

fn passes(scenario: &TestScenario) -> TestResult {
    let harness = TwoPhaseCommitTestHarness::new(TestHarnessConfig::default());
    let result = harness.run_scenario(scenario).expect("the scenario is valid");
    assert!(result.passed, "{:#?}\n{}", result.failures, result.validation);
    result
}

#[test]
fn five_thousand_participants_take_part_in_one_transaction_scale() {
    let scenario = TestScenario::new("Everybody takes part.", 5_000).writing_to(5_000).expect_outcomes(1, 0);
    passes(&scenario);
}

#[test]
fn ten_thousand_transactions_are_in_flight_scale() {
    let load = Load { keys: 100_000, ..Load::transfers(20_000, 3) };
    let mut scenario = TestScenario::new("Many at a time.", 20).load(load).in_flight(10_000);
    scenario.sla = harness_core::SlaRequirements::relaxed();
    assert!(passes(&scenario).outcomes.committed > 19_000);
}

/// Counts what happens, and keeps nothing.
struct Counted(u64);

impl Sink for Counted {
    fn take(&mut self, events: &[Event]) {
        self.0 += events.len() as u64;
    }
}

/// The most memory, in MB, that this process needed up to the end of such a run.
fn peak(transactions: u32) -> u64 {
    let scenario =
        TestScenario::new("One after the other.", 3).load(Load::transfers(transactions, 3)).in_flight(4);
    let mut counted = Counted(0);
    let report = Simulator::new(Cast::reference()).run(&scenario, 0, &mut counted);
    assert!(report.is_ok() && counted.0 > 40 * u64::from(transactions), "{report:?}");
    Cost::peak_memory() / (1 << 20)
}

/// Memory belongs to a whole process, so the test starts itself again to be alone in one.
#[test]
fn a_long_run_keeps_nothing_of_what_is_over_scale() {
    const ALONE: &str = "ALONE";
    if std::env::var_os(ALONE).is_some() {
        let (short, long) = (peak(5_000), peak(100_000));
        // What clients were told is kept: some 40 bytes each, of which a growing vector needs up to three times.
        return assert!(long <= short + 12, "{short} MB grew to {long} MB");
    }
    again("scale::a_long_run_keeps_nothing_of_what_is_over_scale", [(ALONE, "1")]);
}
