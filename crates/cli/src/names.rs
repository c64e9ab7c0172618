//! Finds scenarios and categories by names as people type them, and suggests others when there is none.

use ::mutants::Mutant;
use harness_core::{Category, ScenarioGenerator, TestScenario, same_name};

use crate::failure::Failure;

/// Fewer letters in common than this, and a suggestion is a guess.
const SIMILARITY_MIN: f64 = 0.7;
/// Less of the longer name being the same, and it is another one.
const SAME_MIN: f64 = 0.5;
/// Much less similar than the best, and a suggestion is noise.
const SIMILARITY_SPAN: f64 = 0.1;
const SUGGESTIONS_MAX: usize = 3;

/// The scenarios that are about real databases.
pub(crate) fn of_databases() -> Category {
    scenarios_databases::CATEGORY
}

/// All scenarios that this program knows.
pub(crate) fn catalog(participants: u32) -> ScenarioGenerator {
    let categories = suite::categories().into_iter().chain([of_databases()]);
    ScenarioGenerator::new(categories.collect(), participants)
}

pub(crate) fn scenario(catalog: &ScenarioGenerator, name: &str) -> Result<TestScenario, Failure> {
    catalog.find_scenario_by_name(name).ok_or_else(|| {
        if let Some(category) = catalog.categories().iter().find(|category| same_name(category.name, name)) {
            let name = category.name;
            return Failure::Usage(format!("{name} is a category: use run-category {name}"));
        }
        let names = catalog.categories().iter().flat_map(|category| category.entries).map(|entry| entry.name);
        Failure::Usage(unknown("scenario", name, names))
    })
}

pub(crate) fn category<'a>(catalog: &'a ScenarioGenerator, name: &str) -> Result<&'a Category, Failure> {
    catalog.categories().iter().find(|category| same_name(category.name, name)).ok_or_else(|| {
        let mut entries = catalog.categories().iter().flat_map(|category| category.entries);
        if let Some(entry) = entries.find(|entry| same_name(entry.name, name)) {
            let name = entry.name;
            return Failure::Usage(format!("{name} is a scenario: use run-scenario {name}"));
        }
        Failure::Usage(unknown("category", name, catalog.categories().iter().map(|category| category.name)))
    })
}

pub(crate) fn mutant(catalogue: &[Mutant], name: &str) -> Result<Mutant, Failure> {
    catalogue
        .iter()
        .find(|mutant| same_name(mutant.name, name))
        .cloned()
        .ok_or_else(|| Failure::Usage(unknown("mutant", name, catalogue.iter().map(|mutant| mutant.name))))
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    let suggested = match nearest(name, &known) {
        // Categories are few enough to name them all.
        none if none.is_empty() && what == "category" => format!("the categories are: {}", known.join(", ")),
        none if none.is_empty() && what == "mutant" => "they are listed in docs/MUTANTS.md".to_owned(),
        none if none.is_empty() => "see all with: 2pc-test list".to_owned(),
        nearest => format!("did you mean {}?", nearest.join(" or ")),
    };
    format!("there is no {what} \"{name}\"; {suggested}")
}

/// The most similar first; none where nothing is near.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Vec<&'a str> {
    let name = letters(name);
    let score = |known: &str| {
        let letters = letters(known);
        let contains = name.chars().count() >= 3 && letters.contains(&name);
        if contains {
            return 1.0;
        }
        // A few letters are found in any long name, in their order.
        let differs = strsim::normalized_damerau_levenshtein(&name, &letters) < SAME_MIN;
        if differs { 0.0 } else { strsim::jaro_winkler(&name, &letters) }
    };
    let mut scored: Vec<(f64, &str)> = known.iter().map(|&known| (score(known), known)).collect();
    scored.sort_by(|one, other| other.0.total_cmp(&one.0));
    let best = scored.first().map_or(0.0, |&(score, _)| score);
    let least = SIMILARITY_MIN.max(best - SIMILARITY_SPAN);
    scored
        .into_iter()
        .take_while(|&(score, _)| score >= least)
        .take(SUGGESTIONS_MAX)
        .map(|(_, known)| known)
        .collect()
}

fn letters(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 4] =
        ["simple_commit", "one_no_aborts", "all_no_aborts", "client_aborts_before_prepare"];

    #[test]
    fn what_was_mistyped_comes_first() {
        assert_eq!(nearest("Simple Comit", &KNOWN)[0], "simple_commit");
        assert_eq!(nearest("one-no-abort", &KNOWN)[0], "one_no_aborts");
    }

    #[test]
    fn a_part_of_a_name_finds_it() {
        assert_eq!(nearest("prepare", &KNOWN), ["client_aborts_before_prepare"]);
    }

    #[test]
    fn no_two_scenarios_share_a_name() {
        let catalog = catalog(1);
        let mut names: Vec<&str> = catalog
            .categories()
            .iter()
            .flat_map(|category| category.entries)
            .map(|entry| entry.name)
            .collect();
        names.sort_unstable();
        let shared: Vec<&str> =
            names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        assert_eq!(shared, [""; 0]);
    }

    #[test]
    fn nonsense_suggests_nothing() {
        assert_eq!(nearest("xyzzy", &KNOWN), [""; 0]);
        assert_eq!(nearest("", &KNOWN), [""; 0]);
        // They stand in this order in what is much longer.
        assert_eq!(nearest("cab", &KNOWN), [""; 0]);
    }
}
