//! Disks that stall: what must be durable before it is said is said late.

use harness_core::history::{MessageKind, NodeId, Point};
use harness_core::{FailureConfig, FailureMode, Load, TestScenario, Trigger};

use crate::{TM, aborts, all_write, commits, rm, three_or};

fn stalled(scenario: TestScenario, node: NodeId, by_ms: u64, point: Point) -> TestScenario {
    // Only what is appended at this step is slow: the next sync is none of it.
    scenario.fault_at(node, FailureMode::SlowSync { by_ms, for_ms: 1 }, point, 1)
}

/// The vote waits for the disk, and the coordinator for the vote.
pub fn sync_stall_of_a_vote_under_the_timeout_commits(participants: u32) -> TestScenario {
    let scenario = all_write(participants, "The sync of a prepared record takes 1.5 s.");
    commits(stalled(scenario, rm(2), 1_500, Point::BeforePrepareForced))
        .expect_sent(MessageKind::ReplyAbort, 0)
        .may_wait_ms(2_000)
}

/// Its yes leaves after the abort has arrived: nothing that a node said before may be taken back by what it hears.
pub fn sync_stall_of_a_vote_over_the_timeout_aborts(participants: u32) -> TestScenario {
    let scenario = all_write(participants, "The sync of a prepared record takes 3 s.");
    aborts(stalled(scenario, rm(2), 3_000, Point::BeforePrepareForced))
        .expect_sent(MessageKind::VoteYes, three_or(participants).into())
}

/// Neither the client nor a participant that asks may hear of a commit that a crash could undo.
pub fn sync_stall_of_the_decision_lets_nobody_hear_of_it(participants: u32) -> TestScenario {
    let scenario =
        all_write(participants, "The sync of the decision takes 3 s, and the participants ask meanwhile.");
    commits(stalled(scenario, TM, 3_000, Point::BeforeDecisionForced))
        .expect_sent(MessageKind::ReplyAbort, 0)
        .may_wait_ms(1_000)
}

/// What the disk did not finish may be there or not: all that counts is that nobody has heard of it.
pub fn sync_stall_of_the_decision_and_a_crash_agree(participants: u32) -> TestScenario {
    let scenario =
        all_write(participants, "The sync of the decision takes 3 s, and the coordinator dies meanwhile.");
    let mut scenario = stalled(scenario, TM, 3_000, Point::BeforeDecisionForced).expect_unknown(0);
    let mode = FailureMode::Crash { restart_after_ms: Some(100) };
    scenario.failure_configs.push(FailureConfig { node: Some(TM), mode, trigger: Trigger::AtMs(1_000) });
    scenario.may_abort().may_wait_ms(2_000)
}

/// It has committed in memory; it says so when it has on disk.
pub fn sync_stall_of_a_commit_is_acknowledged_late(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    let scenario = all_write(participants, "The sync of a commit record takes 1 s.");
    commits(stalled(scenario, rm(2), 1_000, Point::BeforeCommitForced))
        .expect_sent(MessageKind::Commit, all + 2)
        .may_wait_ms(1_500)
}

/// All that one disk holds up holds up others: locks, clients, recovery. Among more participants some would have
/// nothing to sync while their disks stall: among ten, one had not with seed 3.
pub fn sync_stalls_under_load_conserve_the_total(participants: u32) -> TestScenario {
    let load = Load { keys: 5, ..Load::transfers(300, 3) };
    let mut scenario =
        TestScenario::new("Disks stall by turns amid transfers.", three_or(participants).min(5))
            .load(load)
            .in_flight(10)
            .expect_unknown(0)
            .may_abort()
            .may_wait_ms(10_000);
    for (n, by_ms) in [(0, 100), (1, 800), (2, 2_500), (3, 40)] {
        let node = if n == 0 { TM } else { rm(n) };
        let (mode, trigger) =
            (FailureMode::SlowSync { by_ms, for_ms: 6_000 }, Trigger::AtMs(5 + 7 * u64::from(n)));
        scenario.failure_configs.push(FailureConfig { node: Some(node), mode, trigger });
    }
    scenario
}
