//! Nodes that stand still for a while, as in a long garbage collection or a virtual machine that is moved: what
//! arrives waits, timers are late, and the node does not know.

use harness_core::history::{MessageKind, NodeId, Point};
use harness_core::{FailureConfig, FailureMode, Load, TestScenario, Trigger};

use crate::{TM, aborts, all_write, commits, rm, three_or};

fn paused(scenario: TestScenario, node: NodeId, for_ms: u64, point: Point, nth: u32) -> TestScenario {
    scenario.fault_at(node, FailureMode::Pause { for_ms }, point, nth)
}

/// The participants owe nothing yet, and have given up when they are asked.
pub fn coordinator_paused_with_work_past_the_patience_of_participants_aborts(
    participants: u32,
) -> TestScenario {
    let all = three_or(participants);
    let scenario = all_write(participants, "The coordinator stands still for 6 s when all have work to do.");
    // That all work is done is what it hears first, before its own deadline.
    aborts(paused(scenario, TM, 6_000, Point::BeforeExecuteSent, all))
        .expect_sent(MessageKind::VoteNo, all.into())
        .may_wait_ms(100)
}

/// They owe their yes, and ask in vain; the votes are what it hears first when it goes on.
pub fn coordinator_paused_with_votes_past_the_patience_of_participants_commits(
    participants: u32,
) -> TestScenario {
    let all = three_or(participants);
    let scenario =
        all_write(participants, "The coordinator stands still for 6 s when all are asked to vote.");
    commits(paused(scenario, TM, 6_000, Point::AfterPrepareSent, all))
        .expect_sent(MessageKind::ReplyAbort, 0)
        .may_wait_ms(7_000)
}

/// Its decision is durable and its client told; the participants hear of it when it goes on.
pub fn coordinator_paused_after_its_decision_commits(participants: u32) -> TestScenario {
    let scenario =
        all_write(participants, "The coordinator stands still for 3 s with a commit on its way to the disk.");
    commits(paused(scenario, TM, 3_000, Point::BeforeDecisionForced, 1))
        .expect_sent(MessageKind::ReplyAbort, 0)
        .may_wait_ms(4_000)
}

/// A step is finished before a node stands still: all commits have left, and all acknowledgements wait.
pub fn coordinator_paused_between_two_commits_commits(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    let scenario =
        all_write(participants, "The coordinator stands still for 3 s while it sends its commits.");
    commits(paused(scenario, TM, 3_000, Point::AfterDecisionSent, 1))
        .expect_sent(MessageKind::Commit, all)
        .may_wait_ms(4_000)
}

/// Its report comes too late, and the abort waits behind the work.
pub fn participant_paused_before_its_work_aborts(participants: u32) -> TestScenario {
    let mut scenario = all_write(participants, "A participant stands still for 3 s when the run begins.");
    let mode = FailureMode::Pause { for_ms: 3_000 };
    scenario.failure_configs.push(FailureConfig { node: Some(rm(2)), mode, trigger: Trigger::AtMs(0) });
    aborts(scenario).expect_sent(MessageKind::Prepare, 0)
}

/// It votes yes three seconds later, to a coordinator that has decided.
pub fn participant_paused_before_it_is_asked_aborts(participants: u32) -> TestScenario {
    let all = three_or(participants);
    let scenario = all_write(participants, "A participant stands still for 3 s when its work is done.");
    aborts(paused(scenario, rm(2), 3_000, Point::AfterExecute, 1))
        .expect_sent(MessageKind::VoteYes, all.into())
}

/// The others need not wait for it; it finds the commit waiting, and need not ask.
pub fn participant_paused_after_its_vote_commits(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    let scenario = all_write(participants, "A participant stands still for 2.5 s after its vote.");
    commits(paused(scenario, rm(2), 2_500, Point::AfterVoteSent, 1))
        .expect_sent(MessageKind::Inquire, 0)
        // It is told again after 200, 600 and 1,400 ms, and acknowledges each time.
        .expect_sent(MessageKind::Commit, all + 3)
        .expect_sent(MessageKind::Acknowledge, all + 3)
        .may_wait_ms(4_000)
}

/// What waited for it is lost with all else that was volatile.
pub fn participant_paused_and_crashed_after_its_vote_commits(participants: u32) -> TestScenario {
    let scenario =
        all_write(participants, "A participant stands still after its vote, and dies before it goes on.");
    let mut scenario = paused(scenario, rm(2), 3_000, Point::AfterVoteSent, 1);
    let mode = FailureMode::Crash { restart_after_ms: Some(500) };
    scenario.failure_configs.push(FailureConfig { node: Some(rm(2)), mode, trigger: Trigger::AtMs(1_000) });
    commits(scenario).expect_sent(MessageKind::ReplyAbort, 0).may_wait_ms(4_000)
}

/// Nobody is there to hear the commit, for a while.
pub fn all_participants_paused_after_voting_commit(participants: u32) -> TestScenario {
    let all = three_or(participants);
    let scenario = all_write(participants, "All participants stand still for 2.5 s after their votes.");
    let pause = |scenario, n| paused(scenario, rm(n), 2_500, Point::AfterVoteSent, 1);
    commits((1..=all).fold(scenario, pause))
        .expect_sent(MessageKind::Commit, 4 * u64::from(all))
        .may_wait_ms(4_000)
}

/// By turns, the coordinator too. Among more participants some would have nothing to do when they stand still.
pub fn everybody_paused_under_load_conserves_the_total(participants: u32) -> TestScenario {
    let load = Load { keys: 5, ..Load::transfers(300, 3) };
    let mut scenario =
        TestScenario::new("Nodes stand still by turns amid transfers.", three_or(participants).min(10))
            .load(load)
            .in_flight(10)
            .expect_unknown(0)
            .may_abort()
            .may_wait_ms(10_000);
    for (n, ms) in [(0, 5), (1, 7), (2, 3_000), (3, 3_010), (0, 2_510)] {
        let node = if n == 0 { TM } else { rm(n) };
        let (mode, trigger) = (FailureMode::Pause { for_ms: 2_500 }, Trigger::AtMs(ms));
        scenario.failure_configs.push(FailureConfig { node: Some(node), mode, trigger });
    }
    scenario
}
