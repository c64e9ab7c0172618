//! The whole category, on every combination of databases, and the bug that somebody really ships. One process's servers
//! serve all scenarios of a combination.

use std::rc::Rc;

use backends::Durability;
use backends::Kind::{self, MariaDb, Postgres};
use harness_core::testing::explained;
use harness_core::{Property, RunError, ScenarioGenerator, TwoPhaseCommitTestHarness, Verdict};
use rstest::rstest;

use super::databases;

#[rstest]
#[case::postgres(&[Postgres, Postgres], 0)]
#[case::mariadb(&[MariaDb, MariaDb], 1)]
#[case::postgres_and_mariadb(&[Postgres, MariaDb], 1)]
#[case::three(&[MariaDb, Postgres, MariaDb], 0)]
fn every_scenario_passes(#[case] kinds: &[Kind], #[case] seed: u64) {
    let databases = Rc::new(databases(kinds, Durability::Process));
    let generator = ScenarioGenerator::new(vec![scenarios_databases::CATEGORY], kinds.len() as u32);
    let (mut failed, mut unsupported) = (Vec::new(), Vec::new());
    for scenario in generator.all_scenarios() {
        let harness = TwoPhaseCommitTestHarness::with_backend(seed, Rc::clone(&databases));
        let (result, history) = match harness.run_recorded(&scenario) {
            Err(RunError::BeyondBackend { .. }) => {
                unsupported.push(scenario.name);
                continue;
            }
            run => run.expect("the run happens"),
        };
        if !result.passed {
            failed.push(explained(&result, &history));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    // Only PostgreSQL has no more room than it is given.
    let limited = ["database_restarted_with_too_little_room", "database_without_room_votes_no"];
    assert_eq!(unsupported, if kinds[1] == Postgres { &[][..] } else { &limited[..] });
}

/// MariaDB with `innodb_flush_log_at_trx_commit=0` says yes before its vote is written. With an odd seed a checkpoint
/// would write it.
#[rstest]
fn a_vote_that_is_not_written_is_caught_as_lost(#[values(0, 2, 4)] seed: u64) {
    let databases = databases(&[MariaDb, MariaDb], Durability::None);
    let catalog = ScenarioGenerator::new(vec![scenarios_databases::CATEGORY], 2);
    let scenario = catalog.find_scenario_by_name("database_killed_after_its_vote").expect("it is there");
    let harness = TwoPhaseCommitTestHarness::with_backend(seed, databases);
    let (result, history) = harness.run_recorded(&scenario).expect("the run happens");
    let checks = &result.validation.checks;
    let durability =
        checks.iter().find(|check| check.property == Property::Durability).expect("it is checked");
    assert_eq!(durability.verdict, Verdict::Violated, "{}", explained(&result, &history));
}
