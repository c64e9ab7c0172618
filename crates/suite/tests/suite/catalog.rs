//! Every scenario passes at any size and with any seed, and its name tells it from all others.

use harness_core::TestScenario;
use rstest::rstest;

use crate::{harness, scenarios};

#[rstest]
#[case::three(3)]
#[case::ten(10)]
#[case::hundred(100)]
fn every_scenario_passes(#[case] participants: u32) {
    suite::catalog(participants).all_scenarios().iter().for_each(|scenario| assert_passes(scenario, 0));
}

#[rstest]
#[case::first(0..5)]
#[case::second(5..10)]
#[case::third(10..15)]
#[case::fourth(15..20)]
fn every_scenario_passes_whatever_the_seed(#[case] seeds: std::ops::Range<u64>) {
    for scenario in scenarios(3) {
        seeds.clone().for_each(|seed| assert_passes(&scenario, seed));
    }
}

/// What failed once, by the number of participants and the seed.
#[rstest]
#[case::a_disk_stalled_while_nobody_could_write("sync_stalls_under_load_conserve_the_total", 5, 3)]
#[case::and_again("sync_stalls_under_load_conserve_the_total", 5, 11)]
fn a_scenario_that_once_failed_passes(#[case] name: &str, #[case] participants: u32, #[case] seed: u64) {
    let scenario = suite::catalog(participants).find_scenario_by_name(name).expect("it is in the catalogue");
    assert_passes(&scenario, seed);
}

fn assert_passes(scenario: &TestScenario, seed: u64) {
    let result = harness(seed).run_scenario(scenario);
    let result = result.unwrap_or_else(|error| panic!("{}: {error}", scenario.name));
    assert!(result.passed, "{result}\n{:#?}\n{}\n{}", result.failures, result.validation, result.replay);
}

#[test]
fn there_are_a_hundred_scenarios_in_eight_categories() {
    let catalog = suite::catalog(3);
    assert!(catalog.all_scenarios().len() >= 100);
    assert!(catalog.categories().iter().all(|category| category.entries.len() >= 10));
}

#[test]
fn a_scenario_reads_back_from_json() {
    for scenario in suite::catalog(3).all_scenarios() {
        let text = serde_json::to_string(&scenario).expect("a scenario is plain data");
        let read: TestScenario = serde_json::from_str(&text).expect("what was written reads back");
        assert!(read == scenario, "{}", scenario.name);
    }
}

#[test]
fn names_are_unique_and_claims() {
    let mut names: Vec<String> = suite::catalog(3).all_scenarios().into_iter().map(|it| it.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_')), "{names:?}");
}
