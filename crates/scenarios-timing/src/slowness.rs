//! Nodes to which everything takes longer, both what they hear and what they say.

use harness_core::history::{MessageKind, NodeId, Point};
use harness_core::{FailureConfig, FailureMode, Load, TestScenario, Trigger};

use crate::{TM, aborts, all_write, commits, rm, three_or};

fn slow(scenario: TestScenario, node: NodeId, by_ms: u64, point: Point) -> TestScenario {
    scenario.fault_at(node, FailureMode::SlowNode { by_ms, for_ms: 60_000 }, point, 1)
}

/// Slow from the start: what is asked of it arrives late, and so does its answer.
fn slow_from_the_start(mut scenario: TestScenario, node: NodeId, by_ms: u64) -> TestScenario {
    let mode = FailureMode::SlowNode { by_ms, for_ms: 60_000 };
    scenario.failure_configs.push(FailureConfig { node: Some(node), mode, trigger: Trigger::AtMs(0) });
    scenario
}

/// Everybody waits for the slowest, and the others ask in vain meanwhile.
pub fn slow_participant_under_the_timeout_commits(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    let scenario =
        all_write(participants, "Work and votes of a participant take 1.8 of the 2 s that they have.");
    commits(slow_from_the_start(scenario, rm(2), 900))
        .expect_sent(MessageKind::ReplyAbort, 0)
        // To the slow one again after 200, 600 and 1,400 ms.
        .expect_sent(MessageKind::Commit, all + 3)
        .may_wait_ms(2_000)
}

/// Its work is not done in time, so it is not asked to vote.
pub fn slow_participant_over_the_timeout_aborts(participants: u32) -> TestScenario {
    let scenario = all_write(participants, "The work of a participant takes 2.2 of the 2 s that it has.");
    aborts(slow_from_the_start(scenario, rm(2), 1_100)).expect_sent(MessageKind::Prepare, 0)
}

/// Late is not never.
pub fn participant_slow_to_vote_under_the_timeout_commits(participants: u32) -> TestScenario {
    let scenario = all_write(participants, "The vote of a participant takes 1.9 of the 2 s that it has.");
    commits(slow(scenario, rm(2), 1_900, Point::BeforePrepare))
        .expect_sent(MessageKind::ReplyAbort, 0)
        .may_wait_ms(5_000)
}

/// A yes that comes too late is none, and whoever gave it is told.
pub fn participant_slow_to_vote_over_the_timeout_aborts(participants: u32) -> TestScenario {
    let scenario = all_write(participants, "The vote of a participant takes 2.1 of the 2 s that it has.");
    aborts(slow(scenario, rm(2), 2_100, Point::BeforePrepare))
        .expect_sent(MessageKind::VoteYes, three_or(participants).into())
}

/// Its client has long heard of the commit.
pub fn participant_slow_to_acknowledge_is_told_again(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    let scenario = all_write(participants, "The acknowledgement of a participant takes 300 ms.");
    commits(slow(scenario, rm(2), 300, Point::BeforeAckSent))
        .expect_sent(MessageKind::Commit, all + 1)
        .may_wait_ms(1_000)
}

/// Slow for all alike, and in time for all.
pub fn slow_coordinator_commits(participants: u32) -> TestScenario {
    let scenario = all_write(participants, "All that the coordinator hears and says takes 400 ms longer.");
    commits(slow_from_the_start(scenario, TM, 400)).expect_sent(MessageKind::ReplyAbort, 0).may_wait_ms(2_000)
}

/// Locks are held for as long as the slowest takes, and those who wait for them too long give up. Among a thousand
/// participants the slow ones had nothing to do, with seed 0.
pub fn slow_participants_under_load_conserve_the_total(participants: u32) -> TestScenario {
    let load = Load { keys: 5, ..Load::transfers(200, 3) };
    let few = three_or(participants).min(5);
    let scenario = TestScenario::new("Two participants are slow amid transfers.", few)
        .load(load)
        .in_flight(10)
        .expect_unknown(0)
        .may_abort()
        .may_wait_ms(10_000);
    slow_from_the_start(slow_from_the_start(scenario, rm(1), 150), rm(2), 700)
}
