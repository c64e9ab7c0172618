//! What is wrong with a run of a mutant shows in a small excerpt of its history, whatever is wrong.

use std::collections::BTreeSet;

use harness_core::history::{Event, History};
use harness_core::validator::{excerpt, validate};
use harness_core::{
    Cast, Property, TestHarnessConfig, TestScenario, TwoPhaseCommitTestHarness, ValidationResult,
};
use mutants::{Mutant, catalogue, hunting_ground};

/// The judgement of the first run in which the mutant breaks a property, and its history.
fn killed(mutant: &Mutant, scenarios: &[&TestScenario]) -> Option<(ValidationResult, History)> {
    let cast = mutant.infect(Cast::reference());
    let harness = TwoPhaseCommitTestHarness::new(TestHarnessConfig { seed: 0, cast });
    let breaks = |scenario: &TestScenario| {
        let result = harness.run_scenario(scenario).expect("the scenario can be run");
        result
            .validation
            .checks
            .iter()
            .any(|check| mutant.caught_by == check.property.into() && check.violated > 0)
    };
    let scenario = scenarios.iter().find(|scenario| breaks(scenario))?;
    let (result, history) = harness.run_recorded(scenario).expect("the scenario can be run");
    Some((result.validation, history))
}

/// The first violation of a property.
fn claim(judged: &ValidationResult, property: Property) -> Option<&str> {
    let check = judged.check(property).expect("all are judged");
    check.violations.first().map(|first| first.claim.as_str())
}

/// The events that prove the first violation.
fn evidence<'a>(history: &'a History, judged: &'a ValidationResult) -> impl Iterator<Item = &'a Event> {
    let first = judged.violations().next().expect("it is violated").1;
    first.evidence.iter().map(|evidence| &history.events[evidence.sequence as usize])
}

#[test]
fn an_excerpt_shows_what_the_whole_does_for_each_property_that_any_mutant_breaks() {
    let ground = hunting_ground();
    let scenarios: Vec<&TestScenario> = ground.iter().flat_map(|(_, scenarios)| scenarios).collect();
    let mut shown = BTreeSet::new();
    for mutant in catalogue() {
        // Two break no property, but expectations.
        let Some((mut judged, history)) = killed(&mutant, &scenarios) else { continue };
        // What it names, and what no other has shown yet: more would take a minute.
        let asked = |property: &Property| mutant.caught_by == (*property).into() || !shown.contains(property);
        let asked: Vec<Property> = Property::ALL.into_iter().filter(asked).collect();
        for property in asked {
            // A total that is not conserved is about all transactions.
            let Some(wrong) = claim(&judged, property).filter(|wrong| !wrong.starts_with("the total")) else {
                continue;
            };
            let wrong = wrong.to_owned();
            // An excerpt shows the first violation.
            judged.checks.sort_by_key(|check| check.property != property);
            let cut = excerpt(&history, &judged).expect("it is violated");
            let again = validate(&cut);
            assert_eq!(claim(&again, property), Some(wrong.as_str()), "{}:\n{again}", mutant.name);
            let shows = |event: &Event| event.fact.gid().is_some() || cut.events.contains(event);
            assert!(evidence(&history, &judged).all(shows), "{}: it happens for no reason", mutant.name);
            let (whole, small) = (history.events.len(), cut.events.len());
            assert!(small <= whole.min(250), "{}: {small} events show {property}", mutant.name);
            shown.insert(property);
        }
    }
    assert_eq!(shown, BTreeSet::from(Property::ALL));
}
