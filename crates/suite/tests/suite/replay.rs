//! A run is a function of scenario and seed, to the byte, whoever listens and whether or not it went through a file.

use harness_core::history::{FileReader, FileWriter};
use harness_core::validator::validate;
use harness_core::{Cast, Simulator, TestScenario};
use rstest::rstest;

use crate::{run, scenarios};

#[test]
fn every_scenario_replays_to_the_byte() {
    for scenario in scenarios(10) {
        let [first, second] = [(); 2].map(|()| run(&scenario, 7));
        assert_eq!(first.0.digest, second.0.digest, "{}", scenario.name);
        assert!(first.1 == second.1, "{}: equal digests of different histories", scenario.name);
        assert_eq!(first.0.digest, first.1.digest().to_string(), "{}", scenario.name);
    }
}

/// A test for each category, because large histories take long to write and read.
#[rstest]
fn every_written_history_gets_the_same_verdict_when_it_is_read_back(
    #[values(0, 1, 2, 3, 4, 5, 6, 7)] category: usize,
) {
    let categories = suite::categories();
    assert_eq!(categories.len(), 8, "each has its test");
    let of_category = |scenario: &TestScenario| scenario.category == categories[category].name;
    for scenario in scenarios(3).into_iter().filter(of_category) {
        let (result, history) = run(&scenario, 3);
        let mut writer = FileWriter::new(Vec::new(), &history.header).expect("writing to memory");
        history.events.iter().for_each(|event| writer.write(event).expect("writing to memory"));
        let file = writer.finish().expect("writing to memory");
        let read =
            FileReader::new(&file[..]).and_then(FileReader::read_all).expect("what was written reads back");
        assert!(read == history, "{}: the file says something else", scenario.name);
        assert_eq!(validate(&read), result.validation, "{}", scenario.name);
    }
}

#[test]
fn a_history_does_not_depend_on_who_listens() {
    let scenario =
        suite::catalog(3).find_scenario_by_name("mixed transactions-all_END").expect("a known scenario");
    let mut events = Vec::new();
    Simulator::new(Cast::reference()).run(&scenario, 5, &mut events).expect("the run happens");
    assert!(run(&scenario, 5).1.events == events);
}
