//! Named scenarios: a category is a list that the tests and the program both read, and a generator serves them by
//! name, or draws new ones from a seed.

use history::Point;

use crate::model::{FailureConfig, FailureMode, Load, LoadKind, SlaRequirements, TestScenario, Trigger};
use crate::result::RunError;
use crate::sim::{Cast, Purpose, Random, Simulator};

/// A named scenario, for any number of participants.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// A claim, in snake case.
    pub name: &'static str,
    /// Builds it for so many participants, or for as many as it needs.
    pub build: fn(u32) -> TestScenario,
}

/// A list of scenarios about one thing.
#[derive(Clone, Copy, Debug)]
pub struct Category {
    /// What they are about.
    pub name: &'static str,
    /// The same in one sentence.
    pub description: &'static str,
    /// The scenarios, in the order in which they are listed and run.
    pub entries: &'static [Entry],
}

impl Category {
    /// Builds one of its scenarios.
    pub fn build(&self, entry: &Entry, participants: u32) -> TestScenario {
        let mut scenario = (entry.build)(participants);
        entry.name.clone_into(&mut scenario.name);
        self.name.clone_into(&mut scenario.category);
        scenario
    }
}

/// Declares a crate's `CATEGORY`: its name, what it is about, and its scenarios, which are functions from a number
/// of participants. A scenario's name is that of its function, and it is the name of its tests too: each runs at
/// several sizes and seeds, and a short one is told as a story, which is reviewed as a snapshot.
///
/// The crate has `insta`, `rstest` and `test-log` among its dev-dependencies and a feature `failpoints`.
#[macro_export]
macro_rules! catalog {
    ($category:literal: $description:literal; $($module:ident::$name:ident),+ $(,)?) => {
        #[doc = $description]
        pub const CATEGORY: $crate::Category = $crate::Category {
            name: $category,
            description: $description,
            entries: &[$($crate::Entry { name: stringify!($name), build: $module::$name }),+],
        };

        #[cfg(all(test, feature = "failpoints"))]
        mod passes {
            use rstest::rstest;

            $(
                #[rstest]
                #[case::of_three(3)]
                #[case::of_ten(10)]
                #[case::of_hundred(100)]
                #[test_log::test]
                fn $name(#[case] participants: u32, #[values(0, 1)] seed: u64) {
                    $crate::testing::assert_passes(&super::CATEGORY, stringify!($name), participants, seed);
                }
            )+
        }

        #[cfg(all(test, feature = "failpoints"))]
        mod story {
            $(
                #[test_log::test]
                fn $name() {
                    let story = $crate::testing::story(&super::CATEGORY, stringify!($name));
                    insta::assert_snapshot!(stringify!($name), story);
                }
            )+
        }
    };
}

/// Serves scenarios by name, and draws new ones.
#[derive(Clone, Debug)]
pub struct ScenarioGenerator {
    categories: Vec<Category>,
    participants: u32,
}

impl ScenarioGenerator {
    /// Serves these categories at so many participants.
    pub fn new(categories: Vec<Category>, participants: u32) -> Self {
        Self { categories, participants }
    }

    /// The categories, in order.
    pub fn categories(&self) -> &[Category] {
        &self.categories
    }

    /// All scenarios, category by category.
    pub fn all_scenarios(&self) -> Vec<TestScenario> {
        self.categories.iter().flat_map(|category| self.scenarios_of(category)).collect()
    }

    /// The scenarios of a category, whose name may be written in any case and with any of space, hyphen and
    /// underscore, or `None` if there is no such category.
    pub fn scenarios_by_category(&self, name: &str) -> Option<Vec<TestScenario>> {
        let category = self.categories.iter().find(|category| same_name(category.name, name))?;
        Some(self.scenarios_of(category).collect())
    }

    /// The scenario of that name, written as freely as that of a category, or `None` if there is none.
    pub fn find_scenario_by_name(&self, name: &str) -> Option<TestScenario> {
        let entries =
            self.categories.iter().flat_map(|category| category.entries.iter().map(move |it| (category, it)));
        let (category, entry) = entries.into_iter().find(|(_, entry)| same_name(entry.name, name))?;
        Some(category.build(entry, self.participants))
    }

    /// Draws a scenario: transactions of all sorts, and one to three crashes at protocol steps that they pass.
    ///
    /// # Errors
    /// When the numbers make no scenario that can be run.
    pub fn generate_random_scenario(
        participants: u32,
        transactions: u32,
        seed: u64,
    ) -> Result<TestScenario, RunError> {
        let mut random = Random::new(seed, Purpose::Scenario);
        let description = "Transactions of all sorts, and crashes at protocol steps, drawn from the seed.";
        let kind = if random.below(2) == 0 { LoadKind::Transfers } else { LoadKind::Mixed };
        let load =
            Load { kind, keys: 1 + random.below(100), ..Load::mixed(transactions, participants.min(5)) };
        let mut scenario = TestScenario::new(description, participants)
            .load(load)
            .in_flight(1 + random.below(8))
            .sla(SlaRequirements::chaos());
        scenario.name = format!("random_{seed}");
        "Random".clone_into(&mut scenario.category);
        scenario.check().map_err(|invalid| RunError::Invalid { reason: invalid.to_string() })?;
        if cfg!(feature = "failpoints") {
            for _ in 0..=random.below(3) {
                scenario = with_random_crash(scenario, &mut random);
            }
            keep_what_fires(&mut scenario, seed)?;
        }
        Ok(scenario)
    }

    fn scenarios_of<'a>(&'a self, category: &'a Category) -> impl Iterator<Item = TestScenario> + 'a {
        category.entries.iter().map(|entry| category.build(entry, self.participants))
    }
}

/// Of whoever passes the step, because a node that takes part in nothing passes none.
fn with_random_crash(mut scenario: TestScenario, random: &mut Random) -> TestScenario {
    let point = Point::ALL[random.below(Point::ALL.len() as u32) as usize];
    let mode = FailureMode::Crash { restart_after_ms: Some(u64::from(random.below(2_000))) };
    let passings = u32::try_from(scenario.transaction_count()).unwrap_or(u32::MAX).clamp(1, 1_000);
    let trigger = Trigger::AtPoint { point, nth: 1 + random.below(passings) };
    scenario.failure_configs.push(FailureConfig { node: None, mode, trigger });
    scenario
}

/// A fault that never fires fails its scenario, so one that was drawn and does not is taken out. Taking one out
/// can change nothing for the others: it did nothing.
fn keep_what_fires(scenario: &mut TestScenario, seed: u64) -> Result<(), RunError> {
    let report = Simulator::new(Cast::reference()).run(scenario, seed, &mut ())?;
    let mut fired = report.fired.iter();
    scenario.failure_configs.retain(|_| fired.next().is_some_and(|&times| times > 0));
    Ok(())
}

/// Compares names without regard to case, spaces, hyphens and underscores.
pub fn same_name(one: &str, other: &str) -> bool {
    let letters = |name: &str| -> String {
        name.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).flat_map(char::to_lowercase).collect()
    };
    letters(one) == letters(other)
}
