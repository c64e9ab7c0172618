//! Real databases, as a user runs them: servers of our own, killed and started again.

mod runs;

use backends::{Databases, Durability, Kind, Options};
use harness_core::history::History;
use harness_core::testing::explained;
use harness_core::{TestResult, TestScenario, TwoPhaseCommitTestHarness};

fn databases(kinds: &[Kind]) -> Databases {
    let options = Options { kinds: kinds.to_vec(), durability: Durability::Process };
    Databases::new(options).expect("a kind is named")
}

/// Runs a scenario and panics with what a reader needs if it does not pass.
fn assert_passes(kinds: &[Kind], scenario: &TestScenario) -> (TestResult, History) {
    let harness = TwoPhaseCommitTestHarness::with_backend(0, databases(kinds));
    let (result, history) = harness.run_recorded(scenario).expect("the run happens");
    assert!(result.passed, "{}", explained(&result, &history));
    (result, history)
}
