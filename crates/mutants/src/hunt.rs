//! The suite against a mutant: which scenarios kill it, and by what.

use std::collections::BTreeSet;
use std::fmt;

use harness_core::{
    Cast, Category, Cost, RunError, TestHarnessConfig, TestResult, TestScenario, TwoPhaseCommitTestHarness,
    Verdict,
};

use crate::mutant::{Catcher, Mutant};

/// What the suite makes of a mutant.
#[derive(Clone, Debug)]
pub struct Hunt {
    /// By category, in their order.
    pub cells: Vec<Cell>,
    /// The first kill by what the mutant names.
    pub kill: Option<Kill>,
    /// All that caught it anywhere.
    pub caught_by: BTreeSet<Catcher>,
}

/// One category against a mutant.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// How many scenarios ran.
    pub ran: u32,
    /// How many of them killed it by what it names.
    pub killed: u32,
    /// Which of them did first, counted from 1.
    pub first: Option<u32>,
    /// How many killed it by something else only.
    pub killed_otherwise: u32,
}

/// After how many scenarios it was killed; `-` for never, `o` for otherwise only.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.first, self.killed_otherwise) {
            (Some(first), _) => f.pad(&first.to_string()),
            (None, 0) => f.pad("-"),
            (None, _) => f.pad("o"),
        }
    }
}

/// The first kill.
#[derive(Clone, Debug)]
pub struct Kill {
    /// By this scenario.
    pub scenario: String,
    /// After so many transactions, those of the scenarios before it included.
    pub transactions: u64,
    /// After so many seconds of processor time.
    pub seconds: f64,
}

impl Hunt {
    /// Whether it was killed at all.
    pub fn is_killed(&self) -> bool {
        !self.caught_by.is_empty()
    }
}

/// The scenarios that mutants are let loose on, by category, at three participants: all but those that are long and
/// those that hold nothing against a mutant because they expect that promises are broken.
pub fn hunting_ground() -> Vec<(Category, Vec<TestScenario>)> {
    const TRANSACTIONS_MAX: u64 = 1_000;
    let of = |category: Category| {
        let scenarios = category.entries.iter().map(|entry| category.build(entry, 3));
        let scenarios = scenarios.filter(|scenario| scenario.transaction_count() <= TRANSACTIONS_MAX);
        (category, scenarios.collect())
    };
    suite::categories().into_iter().map(of).collect()
}

/// Runs every scenario of the ground against a mutant, with one seed; or, if it is to be quick, those of a category
/// up to the first that kills it by what it names.
///
/// # Errors
/// When a run did not happen.
pub fn hunt(
    mutant: &Mutant,
    ground: &[(Category, Vec<TestScenario>)],
    seed: u64,
    quick: bool,
) -> Result<Hunt, RunError> {
    let cast = mutant.infect(Cast::reference());
    let harness = TwoPhaseCommitTestHarness::new(TestHarnessConfig { seed, cast });
    let cost = Cost::start();
    let (mut transactions, mut kill) = (0, None);
    let mut caught_by = BTreeSet::new();
    let mut cells = Vec::new();
    for (_, scenarios) in ground {
        let mut cell = Cell::default();
        for scenario in scenarios {
            let result = harness.run_scenario(scenario)?;
            transactions += scenario.transaction_count();
            cell.ran += 1;
            let caught = caught(&result, scenario);
            if caught.contains(&mutant.caught_by) {
                cell.killed += 1;
                cell.first.get_or_insert(cell.ran);
                let seconds = || cost.cpu().as_secs_f64();
                kill.get_or_insert_with(|| Kill {
                    scenario: scenario.name.clone(),
                    transactions,
                    seconds: seconds(),
                });
            } else if !caught.is_empty() {
                cell.killed_otherwise += 1;
            }
            caught_by.extend(caught);
            if quick && cell.killed > 0 {
                break;
            }
        }
        cells.push(cell);
    }
    Ok(Hunt { cells, kill, caught_by })
}

/// What is wrong with a run. A fault that does not fire is not held against anybody here: another bug than the one
/// that the scenario is about can keep it from firing.
fn caught(result: &TestResult, scenario: &TestScenario) -> BTreeSet<Catcher> {
    let broken = result.validation.checks.iter().filter(|check| {
        check.verdict == Verdict::Violated && !scenario.expect.reported.contains(&check.property)
    });
    let mut caught: BTreeSet<Catcher> = broken.map(|check| Catcher::Property(check.property)).collect();
    if result.failures.iter().any(|failure| failure.starts_with("expected ")) {
        caught.insert(Catcher::Expectation);
    }
    caught
}
