//! The suite against each mutant.

use std::collections::BTreeSet;

use harness_core::Cast;
use mutants::{Host, Mutant, catalogue, hunt, hunting_ground};
use rstest::rstest;

#[rstest]
#[case::of_the_coordinator(Host::Coordinator)]
#[case::of_participants(Host::Participant)]
fn each_mutant_is_killed_by_what_it_names(#[case] host: Host) {
    let ground = hunting_ground();
    for mutant in catalogue().iter().filter(|mutant| mutant.host == host) {
        let hunt = hunt(mutant, &ground, 0, true).expect("the scenarios can be run");
        assert!(hunt.kill.is_some(), "{}: not {}, but {:?}", mutant.name, mutant.caught_by, hunt.caught_by);
    }
}

#[test]
fn without_a_bug_nothing_is_caught() {
    let healthy = Mutant::none();
    let hunt = hunt(&healthy, &hunting_ground(), 1, false).expect("the scenarios can be run");
    assert!(!hunt.is_killed(), "{:?}", hunt.caught_by);
    let _: Cast = healthy.infect(Cast::reference());
}

#[test]
fn names_are_unique_and_say_the_bug_and_at_least_fifteen_were_seen_somewhere() {
    let all = catalogue();
    let names: BTreeSet<&str> = all.iter().map(|mutant| mutant.name).collect();
    assert_eq!(names.len(), all.len());
    assert!(all.len() >= 40, "{}", all.len());
    assert!(all.iter().filter(|mutant| mutant.seen.is_some()).count() >= 15);
    for mutant in all {
        let is_sentence = mutant.bug.starts_with(char::is_uppercase) && mutant.bug.ends_with('.');
        assert!(is_sentence, "{}: {}", mutant.name, mutant.bug);
    }
}
