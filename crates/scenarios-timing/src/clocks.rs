//! Clocks that are off from the start or jump: forward or back, the coordinator's or a participant's. No clock is
//! compared with another, so an offset changes nothing; a jump changes how long a wait seems.

use harness_core::history::{MessageKind, NodeId, Point};
use harness_core::{FailureConfig, FailureMode, LinkEffect, Load, NetworkFault, TestScenario, Trigger};

use crate::{TM, aborts, all_write, commits, late_ms, rm, three_or};

const HOUR_MS: i64 = 3_600_000;

fn jump(jump_ms: i64) -> FailureMode {
    FailureMode::Clock { jump_ms, drift_ppm: 0 }
}

fn off_from_the_start(mut scenario: TestScenario, node: NodeId, jump_ms: i64) -> TestScenario {
    let trigger = Trigger::AtMs(0);
    scenario.failure_configs.push(FailureConfig { node: Some(node), mode: jump(jump_ms), trigger });
    scenario
}

/// A timeout is a span, not a time of day.
pub fn coordinator_clock_ahead_commits(participants: u32) -> TestScenario {
    let scenario = all_write(participants, "The coordinator's clock is an hour ahead.");
    commits(off_from_the_start(scenario, TM, HOUR_MS))
}

/// The same on the other side of the truth.
pub fn coordinator_clock_behind_commits(participants: u32) -> TestScenario {
    let scenario = all_write(participants, "The coordinator's clock is an hour behind.");
    commits(off_from_the_start(scenario, TM, -HOUR_MS))
}

/// No participant learns a time from another node.
pub fn participant_clock_ahead_commits(participants: u32) -> TestScenario {
    let scenario = all_write(participants, "A participant's clock is an hour ahead.");
    commits(off_from_the_start(scenario, rm(2), HOUR_MS))
}

/// The same on the other side of the truth.
pub fn participant_clock_behind_commits(participants: u32) -> TestScenario {
    let scenario = all_write(participants, "A participant's clock is an hour behind.");
    commits(off_from_the_start(scenario, rm(2), -HOUR_MS))
}

/// Nobody agrees on the time, and all agree on the transaction.
pub fn all_clocks_apart_commit(participants: u32) -> TestScenario {
    let scenario = all_write(participants, "All clocks show different times, hours apart.");
    let [one, two, three] = [rm(1), rm(2), rm(3)];
    let clocks = [(TM, 2 * HOUR_MS), (one, -HOUR_MS), (two, HOUR_MS), (three, -3 * HOUR_MS)];
    commits(clocks.into_iter().fold(scenario, |scenario, (node, by)| off_from_the_start(scenario, node, by)))
}

/// Time seems up, and no timer has fired: the votes are in before it does.
pub fn coordinator_clock_jumps_forward_while_voting_commits(participants: u32) -> TestScenario {
    let all = three_or(participants);
    let scenario =
        all_write(participants, "The coordinator's clock jumps an hour ahead when all are asked to vote.");
    commits(scenario.fault_at(TM, jump(HOUR_MS), Point::AfterPrepareSent, all))
}

/// The timer set for the first transaction finds the second one overdue, which it is by the clock: an abort that was
/// not needed, and does no harm.
pub fn coordinator_clock_jumps_forward_gives_up_early_on_the_next(participants: u32) -> TestScenario {
    let all = three_or(participants);
    all_write(
        participants,
        "The coordinator's clock jumps ahead while it waits for the late vote of a second transaction.",
    )
    .writing_to(all)
    .network(late_ms(1_500, MessageKind::VoteYes, rm(1)))
    .network(late_ms(1_500, MessageKind::VoteYes, rm(2)).times(2))
    .fault_at(TM, jump(HOUR_MS), Point::AfterPrepareSent, 2 * all)
    .expect_outcomes(1, 1)
    .by_the_clock()
    .may_abort()
    .may_wait_ms(5_000)
}

fn vote_lost(participants: u32, description: &str) -> TestScenario {
    let lost = NetworkFault::everywhere(LinkEffect::Lose { percent: 100 });
    all_write(participants, description).network(lost.of(MessageKind::VoteYes).sent_by(rm(2)).times(1))
}

/// By the clock the wait begins anew, once.
pub fn coordinator_clock_jumps_back_while_voting_waits_longer(participants: u32) -> TestScenario {
    let all = three_or(participants);
    let scenario = vote_lost(
        participants,
        "A yes is lost, and the clock of the coordinator that waits for it jumps back 1.5 s.",
    );
    aborts(scenario.fault_at(TM, jump(-1_500), Point::AfterPrepareSent, all))
}

/// A wait that seems longer than it can be is over: nobody stays in doubt for an hour.
pub fn coordinator_clock_jumps_far_back_while_voting_aborts_in_time(participants: u32) -> TestScenario {
    let all = three_or(participants);
    let scenario = vote_lost(
        participants,
        "A yes is lost, and the clock of the coordinator that waits for it jumps back an hour.",
    );
    aborts(scenario.fault_at(TM, jump(-HOUR_MS), Point::AfterPrepareSent, all))
}

/// The coordinator has not decided, so it does not answer.
pub fn participant_clock_jumps_forward_in_doubt_asks_early(participants: u32) -> TestScenario {
    let scenario = all_write(
        participants,
        "A vote is late, and the clock of a participant in doubt jumps an hour ahead.",
    )
    .network(late_ms(700, MessageKind::VoteYes, rm(1)));
    commits(scenario.fault_at(rm(2), jump(HOUR_MS), Point::AfterVoteSent, 1)).may_wait_ms(1_000)
}

/// It would wait for an hour, if a wait could be that long.
pub fn participant_clock_jumps_back_in_doubt_asks_late(participants: u32) -> TestScenario {
    let lost = NetworkFault::everywhere(LinkEffect::Lose { percent: 100 }).of(MessageKind::Commit);
    let scenario = all_write(
        participants,
        "Commits are lost, and the clock of the participant that misses them jumps back.",
    )
    .network(lost.sent_to(rm(2)).times(4))
    .fault_at(rm(2), jump(-HOUR_MS), Point::AfterVoteSent, 1);
    commits(scenario).expect_sent(MessageKind::Inquire, 1).may_wait_ms(1_000)
}

/// Never asked to vote, it gives up after its patience, not an hour later.
pub fn participant_clock_jumps_far_back_before_prepare_aborts_in_time(participants: u32) -> TestScenario {
    let scenario = all_write(
        participants,
        "The clock of a participant that is cut off jumps back before it is asked to vote.",
    )
    .network_at(rm(2), Point::AfterExecute, 1, NetworkFault::isolate(vec![rm(2)]))
    .fault_at(rm(2), jump(-HOUR_MS), Point::BeforeExecute, 1);
    aborts(scenario)
}

/// To and fro, on all sides. Among a thousand participants nobody looked at some of the clocks in time, with seed 0.
pub fn clocks_that_jump_under_load_conserve_the_total(participants: u32) -> TestScenario {
    let few = three_or(participants).min(5);
    let load = Load { keys: 5, ..Load::transfers(300, 3) };
    let mut scenario = TestScenario::new("All clocks jump, to and fro, amid transfers.", few)
        .load(load)
        .in_flight(10)
        .expect_unknown(0)
        .may_abort()
        .may_wait_ms(5_000);
    for n in 0..12u32 {
        let mode = jump(HOUR_MS * [1, -2, 3, -1][n as usize % 4]);
        let node = if n % 4 == 0 { TM } else { rm(n % 4) };
        let trigger = Trigger::AtMs(2 + 3 * u64::from(n));
        scenario.failure_configs.push(FailureConfig { node: Some(node), mode, trigger });
    }
    scenario
}
