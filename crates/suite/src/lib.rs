//! All categories of scenarios as one catalog, and the conformance runner for somebody else's coordinator.

#[cfg(feature = "conformance")]
pub mod conformance;

use harness_core::{Category, ScenarioGenerator};

/// All categories, in the order in which they are listed and run.
pub fn categories() -> Vec<Category> {
    vec![
        scenarios_basic::CATEGORY,
        scenarios_crashes::CATEGORY,
        scenarios_partitions::CATEGORY,
        scenarios_recovery::CATEGORY,
        scenarios_timing::CATEGORY,
        scenarios_concurrency::CATEGORY,
        scenarios_scale::CATEGORY,
        scenarios_chaos::CATEGORY,
    ]
}

/// Serves all scenarios at so many participants.
pub fn catalog(participants: u32) -> ScenarioGenerator {
    ScenarioGenerator::new(categories(), participants)
}
