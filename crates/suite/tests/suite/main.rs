//! The catalog as a whole: every scenario passes, replays to the byte, and its written history is judged alike.

use harness_core::history::{FileReader, FileWriter, History, ParticipantId, Point, Timeline};
use harness_core::validator::validate;
use harness_core::{
    Cast, FailureConfig, FailureMode, LinkEffect, Load, NetworkFault, Simulator, SlaRequirements,
    TestHarnessConfig, TestResult, TestScenario, Trigger, TwoPhaseCommitTestHarness,
};
use rstest::rstest;

fn run(scenario: &TestScenario, seed: u64) -> (TestResult, History) {
    let harness = TwoPhaseCommitTestHarness::new(TestHarnessConfig { seed, cast: Cast::reference() });
    harness.run_recorded(scenario).unwrap_or_else(|error| panic!("{}: {error}", scenario.name))
}

#[rstest]
#[case::three(3)]
#[case::ten(10)]
#[case::hundred(100)]
fn every_scenario_passes(#[case] participants: u32) {
    for scenario in suite::catalog(participants).all_scenarios() {
        let (result, _) = run(&scenario, 0);
        assert!(result.passed, "{result}\n{:#?}\n{}\n{}", result.failures, result.validation, result.replay);
    }
}

#[rstest]
#[case::first(0..5)]
#[case::second(5..10)]
#[case::third(10..15)]
#[case::fourth(15..20)]
fn every_scenario_passes_whatever_the_seed(#[case] seeds: std::ops::Range<u64>) {
    for scenario in suite::catalog(3).all_scenarios() {
        for seed in seeds.clone() {
            let (result, _) = run(&scenario, seed);
            assert!(
                result.passed,
                "{result}\n{:#?}\n{}\n{}",
                result.failures, result.validation, result.replay
            );
        }
    }
}

#[test]
fn every_scenario_replays_to_the_byte() {
    for scenario in suite::catalog(10).all_scenarios() {
        let [first, second] = [(); 2].map(|()| run(&scenario, 7));
        assert_eq!(first.0.digest, second.0.digest, "{}", scenario.name);
        assert!(first.1 == second.1, "{}: equal digests of different histories", scenario.name);
        assert_eq!(first.0.digest, first.1.digest().to_string(), "{}", scenario.name);
    }
}

#[test]
fn every_written_history_gets_the_same_verdict_when_it_is_read_back() {
    for scenario in suite::catalog(10).all_scenarios() {
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
fn without_its_faults_a_scenario_that_declares_some_would_be_inert() {
    let catalog = suite::catalog(3);
    let faulty = catalog.all_scenarios().into_iter().filter(|scenario| !scenario.failure_configs.is_empty());
    let mut count = 0;
    for mut scenario in faulty {
        count += 1;
        // The same fault, at a time that never comes.
        for fault in &mut scenario.failure_configs {
            match &mut fault.trigger {
                Trigger::AtPoint { nth, .. } => *nth = 1_000_000,
                Trigger::AtMs(ms) => *ms = 1_000_000_000,
            }
        }
        let (result, _) = run(&scenario, 0);
        assert!(!result.passed, "{} passes without its faults", scenario.name);
        assert!(
            result.failures.iter().any(|failure| failure.starts_with("inert: ")),
            "{:?}",
            result.failures
        );
    }
    assert!(count > 0, "no scenario declares a fault");
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

#[test]
fn a_history_does_not_depend_on_who_listens() {
    let scenario =
        suite::catalog(3).find_scenario_by_name("mixed transactions-all_END").expect("a known scenario");
    let mut events = Vec::new();
    Simulator::new(Cast::reference()).run(&scenario, 5, &mut events).expect("the run happens");
    assert!(run(&scenario, 5).1.events == events);
}

/// A load in which every step is passed, once what belongs to recovery is reached.
fn loaded() -> TestScenario {
    let mut scenario = TestScenario::new("Transfers and mixed transactions, five at a time.", 3)
        .load(Load::transfers(300, 3))
        .in_flight(5)
        .sla(SlaRequirements::chaos());
    scenario.name = "loaded".to_owned();
    scenario
}

/// Crashes whoever passes the step for the n-th time.
fn crash_of_anybody(scenario: &mut TestScenario, point: Point, nth: u32) {
    let mode = FailureMode::Crash { restart_after_ms: Some(50) };
    scenario.failure_configs.push(FailureConfig {
        node: None,
        mode,
        trigger: Trigger::AtPoint { point, nth },
    });
}

#[rstest]
fn a_crash_at_any_step_is_survived(#[values(1, 2, 3, 7)] nth: u32, #[values(0, 1, 2)] seed: u64) {
    for &point in Point::ALL {
        let mut scenario = loaded();
        // Steps of recovery need somebody to recover, with a branch in doubt and a decision to be sent again.
        if point.name().starts_with("recovery::") {
            for nth in 1..=nth {
                crash_of_anybody(&mut scenario, Point::AfterVoteSent, 10 * nth);
                crash_of_anybody(&mut scenario, Point::AfterDecisionForced, 4 * nth);
            }
        }
        let nth = if point == Point::BeforeDecisionResent { 1 } else { nth };
        crash_of_anybody(&mut scenario, point, nth);
        let (result, history) = run(&scenario, seed);
        let story = Timeline::story(&history);
        assert!(result.passed, "{point} time {nth}: {:#?}\n{}\n{story}", result.failures, result.validation);
        assert!(result.metrics.recoveries_completed > 0, "{point}: nobody recovered");
    }
}

#[test]
fn a_no_of_any_participant_aborts() {
    for point in [Point::AfterExecute, Point::BeforePrepare] {
        for participant in 1..=3 {
            let mut scenario =
                TestScenario::new("One says no.", 3).writing_to(3).sla(SlaRequirements::chaos());
            scenario = scenario
                .fault_at(ParticipantId(participant).into(), FailureMode::VoteNo, point, 1)
                .expect_outcomes(0, 1);
            let (result, _) = run(&scenario, 0);
            assert!(result.passed, "{point} rm{participant}: {:#?}", result.failures);
        }
    }
}

fn everywhere(effect: LinkEffect) -> NetworkFault {
    NetworkFault { for_ms: Some(3_000), ..NetworkFault::everywhere(effect) }
}

#[rstest]
#[case::light_loss(everywhere(LinkEffect::Lose { percent: 1 }))]
#[case::heavy_loss(everywhere(LinkEffect::Lose { percent: 30 }))]
#[case::repeats(everywhere(LinkEffect::Duplicate { percent: 50, within_ms: 3_000 }))]
#[case::reorder(everywhere(LinkEffect::Reorder { percent: 50, within_ms: 20 }))]
#[case::late_messages(everywhere(LinkEffect::Reorder { percent: 10, within_ms: 3_000 }))]
#[case::damage(everywhere(LinkEffect::Corrupt { percent: 20 }))]
#[case::slow_links(everywhere(LinkEffect::Delay { min_ms: 10, max_ms: 50 }))]
#[case::split(NetworkFault { for_ms: Some(5_000), ..NetworkFault::isolate(vec![ParticipantId(1).into()]) })]
#[case::one_way(NetworkFault { to: vec![ParticipantId(1).into()], ..everywhere(LinkEffect::Cut) })]
#[case::other_way(NetworkFault { from: vec![ParticipantId(1).into()], ..everywhere(LinkEffect::Cut) })]
#[case::flapping(NetworkFault { flapping_ms: Some(7), ..everywhere(LinkEffect::Cut) })]
fn trouble_on_the_network_is_survived(#[case] fault: NetworkFault, #[values(0, 1, 2, 3, 4)] seed: u64) {
    for load in [Load::transfers(200, 3), Load { keys: 10, ..Load::mixed(200, 3) }] {
        let mut scenario =
            TestScenario::new("Trouble.", 3).load(load).in_flight(5).sla(SlaRequirements::chaos());
        let mode = FailureMode::Network(fault.clone());
        scenario.failure_configs.push(FailureConfig { node: None, mode, trigger: Trigger::AtMs(5) });
        crash_now_and_then(&mut scenario);
        let (result, history) = run(&scenario, seed);
        let story = Timeline::story(&history);
        assert!(result.passed, "{:#?}\n{}\n{story}", result.failures, result.validation);
    }
}

fn crash_now_and_then(scenario: &mut TestScenario) {
    for (node, ms) in [("tm", 40), ("rm1", 60), ("tm", 90), ("rm2", 91)] {
        let node = node.parse().ok();
        let mode = FailureMode::Crash { restart_after_ms: Some(20) };
        scenario.failure_configs.push(FailureConfig { node, mode, trigger: Trigger::AtMs(ms) });
    }
}

#[rstest]
#[case::short_pause(FailureMode::Pause { for_ms: 100 })]
#[case::long_pause(FailureMode::Pause { for_ms: 20_000 })]
#[case::pause_until_all_heals(FailureMode::Pause { for_ms: 10_000_000 })]
#[case::slow_node(FailureMode::SlowNode { by_ms: 30, for_ms: 10_000 })]
#[case::slower_than_the_timeout(FailureMode::SlowNode { by_ms: 3_000, for_ms: 10_000 })]
#[case::slow_sync(FailureMode::SlowSync { by_ms: 500, for_ms: 10_000 })]
#[case::jump_forward(FailureMode::Clock { jump_ms: 3_600_000, drift_ppm: 0 })]
#[case::jump_backward(FailureMode::Clock { jump_ms: -3_600_000, drift_ppm: 0 })]
#[case::fast_clock(FailureMode::Clock { jump_ms: 0, drift_ppm: 50_000_000 })]
#[case::slow_clock(FailureMode::Clock { jump_ms: 0, drift_ppm: -900_000 })]
fn a_node_that_is_hindered_is_survived(
    #[case] mode: FailureMode,
    #[values("tm", "rm1")] node: &str,
    #[values(0, 1, 2)] seed: u64,
) {
    for crashes in [false, true] {
        let load = Load { keys: 10, ..Load::mixed(200, 3) };
        // A pause that lasts until everything heals makes latencies of minutes.
        let hour = 3_600_000.0;
        let sla =
            SlaRequirements { prepare_p99_max_ms: hour, commit_p99_max_ms: hour, ..SlaRequirements::chaos() };
        let mut scenario = TestScenario::new("Trouble.", 3).load(load).in_flight(5).sla(sla);
        let node = node.parse().ok();
        scenario.failure_configs.push(FailureConfig { node, mode: mode.clone(), trigger: Trigger::AtMs(5) });
        if crashes {
            crash_now_and_then(&mut scenario);
        }
        let (result, history) = run(&scenario, seed);
        let story = Timeline::story(&history);
        assert!(result.passed, "{:#?}\n{}\n{story}", result.failures, result.validation);
    }
}
