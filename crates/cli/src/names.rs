//! Finds scenarios and categories by names as people type them, and suggests others when there is none.

use harness_core::{Category, ScenarioGenerator, TestScenario, same_name};

use crate::failure::Failure;

/// Fewer letters in common than this, and a suggestion is a guess.
const SIMILARITY_MIN: f64 = 0.7;
const SUGGESTIONS_MAX: usize = 3;

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

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let all = "2pc-test list shows all";
    match nearest(name, known)[..] {
        [] => format!("there is no {what} \"{name}\"; {all}"),
        [nearest] => format!("there is no {what} \"{name}\"; the nearest is {nearest}; {all}"),
        ref several => {
            format!("there is no {what} \"{name}\"; the nearest are {}; {all}", several.join(", "))
        }
    }
}

/// The most similar first.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let name = letters(name);
    let mut scored: Vec<(f64, &str)> = known
        .map(|known| {
            let letters = letters(known);
            let contains = name.chars().count() >= 3 && letters.contains(&name);
            let similarity = if contains { 1.0 } else { strsim::jaro_winkler(&name, &letters) };
            (similarity, known)
        })
        .filter(|&(similarity, _)| similarity >= SIMILARITY_MIN)
        .collect();
    scored.sort_by(|one, other| other.0.total_cmp(&one.0));
    scored.truncate(SUGGESTIONS_MAX);
    scored.into_iter().map(|(_, known)| known).collect()
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
        assert_eq!(nearest("Simple Comit", KNOWN.into_iter())[0], "simple_commit");
        assert_eq!(nearest("one-no-abort", KNOWN.into_iter())[0], "one_no_aborts");
    }

    #[test]
    fn a_part_of_a_name_finds_it() {
        assert_eq!(nearest("prepare", KNOWN.into_iter()), ["client_aborts_before_prepare"]);
    }

    #[test]
    fn nonsense_suggests_nothing() {
        assert_eq!(nearest("xyzzy", KNOWN.into_iter()), [""; 0]);
        assert_eq!(nearest("", KNOWN.into_iter()), [""; 0]);
    }
}
