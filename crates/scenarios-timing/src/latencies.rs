//! Links that are infinitely fast, as slow as around the world by satellite, or slow from one moment on.

use harness_core::history::{MessageKind, Nanos, Point};
use harness_core::{DiskConditions, LinkEffect, Load, NetworkConditions, NetworkFault, TestScenario};

use crate::{TM, aborts, all_write, commits, three_or};

fn latency_ms(ms: u64, mut scenario: TestScenario) -> TestScenario {
    let latency = Nanos::from_millis(ms);
    scenario.network_conditions = NetworkConditions { latency_min: latency, latency_max: latency };
    scenario
}

/// Nor do disks take any time: cause and effect are one instant, and keep their order.
fn at_one_instant(scenario: TestScenario) -> TestScenario {
    let mut scenario = latency_ms(0, scenario);
    scenario.disk_conditions = DiskConditions { sync_min: Nanos::ZERO, sync_max: Nanos::ZERO };
    scenario
}

/// Everything happens at once, and in order.
pub fn latency_zero_commits(participants: u32) -> TestScenario {
    commits(at_one_instant(all_write(participants, "Messages and syncs take no time.")))
}

/// A whole load at one instant.
pub fn latency_zero_under_load_commits_all(participants: u32) -> TestScenario {
    let scenario =
        TestScenario::new("Messages and syncs take no time amid transfers.", three_or(participants))
            .load(Load::transfers(500, 3))
            .in_flight(10)
            .expect_outcomes(500, 0);
    at_one_instant(scenario)
}

/// Each phase takes 1.2 of the 2 s that it has, and the participants ask before they are told.
pub fn latency_of_six_hundred_ms_commits(participants: u32) -> TestScenario {
    let scenario = latency_ms(600, all_write(participants, "Each message takes 600 ms."));
    commits(scenario).expect_sent(MessageKind::ReplyAbort, 0).may_wait_ms(2_000)
}

/// A coordinator that is configured for another network commits nothing, and harms nobody.
pub fn latency_over_the_timeout_aborts(participants: u32) -> TestScenario {
    aborts(latency_ms(1_100, all_write(participants, "Each message takes 1.1 s: an answer takes too long.")))
        .expect_sent(MessageKind::Prepare, 0)
}

/// Locks are held for seconds, and who waits for them gives up after one.
pub fn latency_of_six_hundred_ms_under_load_conserves_the_total(participants: u32) -> TestScenario {
    let load = Load { keys: 20, ..Load::transfers(200, 3) };
    let scenario = TestScenario::new("Each message takes 600 ms amid transfers.", three_or(participants))
        .load(load)
        .in_flight(10)
        .expect_unknown(0)
        .may_abort()
        .may_wait_ms(10_000);
    latency_ms(600, scenario)
}

/// Decided before it got slow: nothing can go wrong any more, only late.
pub fn latency_spike_in_phase_two_commits(participants: u32) -> TestScenario {
    let spike = NetworkFault::everywhere(LinkEffect::Delay { min_ms: 2_500, max_ms: 2_500 });
    let scenario = all_write(participants, "Messages take 2.5 s from the decision on.").network_at(
        TM,
        Point::AfterDecisionForced,
        1,
        spike.lasting_ms(10_000),
    );
    commits(scenario).expect_sent(MessageKind::ReplyAbort, 0).may_wait_ms(10_000)
}

/// Asked before it got slow: the votes are too late, and the abort takes its time.
pub fn latency_spike_in_phase_one_aborts(participants: u32) -> TestScenario {
    let all = three_or(participants);
    let spike = NetworkFault::everywhere(LinkEffect::Delay { min_ms: 2_500, max_ms: 2_500 });
    let scenario = all_write(participants, "Messages take 2.5 s once all are asked to vote.").network_at(
        TM,
        Point::AfterPrepareSent,
        all,
        spike.lasting_ms(10_000),
    );
    aborts(scenario).expect_sent(MessageKind::VoteYes, all.into())
}
