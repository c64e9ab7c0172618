//! Clocks that run too fast or too slow: every wait by them is too short or too long.

use harness_core::history::{MessageKind, NodeId, Point};
use harness_core::{FailureConfig, FailureMode, LinkEffect, Load, NetworkFault, TestScenario, Trigger};

use crate::{TM, aborts, all_write, at_a_steady_pace, commits, late_ms, rm, three_or};

/// Fifty seconds pass on it in one.
const FIFTY_TIMES: i32 = 49_000_000;
/// One second passes on it in ten.
const A_TENTH: i32 = -900_000;

fn drifting(mut scenario: TestScenario, node: NodeId, drift_ppm: i32) -> TestScenario {
    let mode = FailureMode::Clock { jump_ms: 0, drift_ppm };
    scenario.failure_configs.push(FailureConfig { node: Some(node), mode, trigger: Trigger::AtMs(0) });
    scenario
}

fn in_steps(participants: u32, description: &str) -> TestScenario {
    at_a_steady_pace(all_write(participants, description))
}

/// Its two seconds are 40 ms: enough for all votes but one.
pub fn coordinator_clock_too_fast_gives_up_too_early(participants: u32) -> TestScenario {
    let scenario =
        in_steps(participants, "The coordinator's clock runs fifty times too fast, and a vote takes 64 ms.")
            .network(late_ms(40, MessageKind::VoteYes, rm(2)));
    aborts(drifting(scenario, TM, FIFTY_TIMES))
        .expect_sent(MessageKind::VoteYes, three_or(participants).into())
}

/// Its two seconds are twenty: a vote that takes five is in time, though the participants have long begun to ask.
pub fn coordinator_clock_too_slow_waits_longer(participants: u32) -> TestScenario {
    let scenario =
        in_steps(participants, "The coordinator's clock runs ten times too slow, and a vote takes 5 s.")
            .network(late_ms(5_000, MessageKind::VoteYes, rm(2)));
    commits(drifting(scenario, TM, A_TENTH)).expect_sent(MessageKind::ReplyAbort, 0).may_wait_ms(10_000)
}

/// Its 200 ms are four: whoever is told before it could answer answers each time.
pub fn coordinator_clock_too_fast_tells_again_too_early(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    let scenario =
        in_steps(participants, "The coordinator's clock runs fifty times too fast: it repeats its commits.");
    // Decided at 44 ms: told at 48 ms, and again at 48, 56 and 72 ms, when the first are heard.
    commits(drifting(scenario, TM, FIFTY_TIMES))
        .expect_sent(MessageKind::Commit, 4 * all)
        .expect_sent(MessageKind::Acknowledge, 4 * all)
}

/// Its five seconds are 100 ms, and another participant takes 150 for its work.
pub fn participant_clock_too_fast_aborts_before_it_is_asked(participants: u32) -> TestScenario {
    let scenario = in_steps(
        participants,
        "A participant's clock runs fifty times too fast, and the work of another takes 150 ms.",
    )
    .network(late_ms(150, MessageKind::Executed, rm(1)));
    aborts(drifting(scenario, rm(2), FIFTY_TIMES)).expect_sent(MessageKind::VoteNo, 1)
}

/// Its half second is 10 ms: it asks, and is not answered before there is an answer.
pub fn participant_clock_too_fast_asks_often_and_commits(participants: u32) -> TestScenario {
    let scenario = in_steps(
        participants,
        "A participant's clock runs fifty times too fast, and the vote of another is late.",
    )
    .network(late_ms(150, MessageKind::VoteYes, rm(1)));
    commits(drifting(scenario, rm(2), FIFTY_TIMES)).expect_sent(MessageKind::ReplyAbort, 0).may_wait_ms(500)
}

/// Its half second is five: the coordinator tells it first.
pub fn participant_clock_too_slow_asks_late(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    let lost = NetworkFault::everywhere(LinkEffect::Lose { percent: 100 }).of(MessageKind::Commit);
    let scenario = in_steps(
        participants,
        "A participant's clock runs ten times too slow, and three commits to it are lost.",
    )
    .network(lost.sent_to(rm(2)).times(3));
    commits(drifting(scenario, rm(2), A_TENTH))
        .expect_sent(MessageKind::Inquire, 0)
        .expect_sent(MessageKind::Commit, all + 3)
        .may_wait_ms(2_000)
}

/// Each has its own time, and crashes begin the recovery of each at another.
pub fn clocks_that_drift_apart_under_load_conserve_the_total(participants: u32) -> TestScenario {
    let load = Load { keys: 5, ..Load::transfers(300, 3) };
    let scenario =
        TestScenario::new("All clocks drift apart amid transfers and crashes.", three_or(participants))
            .load(load)
            .in_flight(10)
            .crash_at_nth(TM, Point::AfterDecisionForced, 20)
            .expect_unknown(0)
            .may_abort()
            .may_wait_ms(20_000);
    let clocks = [(TM, 20_000_000), (rm(1), FIFTY_TIMES), (rm(2), A_TENTH), (rm(3), -500_000)];
    clocks.into_iter().fold(scenario, |scenario, (node, drift)| drifting(scenario, node, drift))
}
