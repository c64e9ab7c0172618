//! What any load must survive: a crash at any step, trouble on any link, a node that is hindered.

use harness_core::history::{ParticipantId, Point, Timeline};
use harness_core::{
    FailureConfig, FailureMode, LinkEffect, Load, NetworkFault, SlaRequirements, TestScenario, Trigger,
};
use rstest::rstest;

use crate::run;

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
            for nth in 1..=nth + 1 {
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
