//! A stand-by coordinator takes over the log of one that is dead, or that is thought to be: then two are alive at once,
//! and the older one must not be obeyed.

use harness_core::history::{MessageKind, Point};
use harness_core::{FailureConfig, FailureMode, LinkEffect, Load, NetworkFault, TestScenario, Trigger};

use crate::{TM, TM2, all_write, rm};

fn taken_over_at_ms(mut scenario: TestScenario, ms: u64) -> TestScenario {
    let (mode, trigger) = (FailureMode::Takeover, Trigger::AtMs(ms));
    scenario.failure_configs.push(FailureConfig { node: Some(TM), mode, trigger });
    scenario.may_wait_ms(5_000)
}

/// The decision is in the log, and the log is all that counts.
pub fn stand_by_completes_a_commit_that_was_decided(participants: u32) -> TestScenario {
    let scenario = all_write(participants, "The coordinator dies for good with its decision durable.")
        .never_returns_at(TM, Point::AfterDecisionForced, 1);
    taken_over_at_ms(scenario, 300).expect_outcomes(1, 0).expect_sent(MessageKind::Abort, 0)
}

/// What is not in the log was not decided: whoever is in doubt hears abort.
pub fn stand_by_aborts_what_was_not_decided(participants: u32) -> TestScenario {
    let scenario = all_write(participants, "The coordinator dies for good before its decision is durable.")
        .never_returns_at(TM, Point::BeforeDecisionForced, 1);
    taken_over_at_ms(scenario, 300).expect_outcomes(0, 1).expect_commit_records(0).may_abort()
}

/// Some have committed; the rest are told by the stand-by.
pub fn stand_by_tells_the_rest_to_commit(participants: u32) -> TestScenario {
    let scenario = all_write(participants, "The coordinator dies for good between two commits.")
        .never_returns_at(TM, Point::AfterDecisionSent, 1);
    taken_over_at_ms(scenario, 300).expect_outcomes(1, 0)
}

/// The stand-by's call is lost, and a participant in doubt finds it all the same: it asks one after the other.
pub fn participant_that_missed_the_takeover_finds_the_stand_by(participants: u32) -> TestScenario {
    let deaf =
        NetworkFault::everywhere(LinkEffect::Lose { percent: 100 }).of(MessageKind::Recover).sent_to(rm(2));
    let scenario = all_write(
        participants,
        "The coordinator dies undecided, and one participant misses the call of the next.",
    )
    .network(deaf)
    .never_returns_at(TM, Point::BeforeDecisionForced, 1);
    taken_over_at_ms(scenario, 300).expect_outcomes(0, 1).may_abort()
}

/// It wakes up with the votes in, and its decision is refused by the log that is no longer its own.
pub fn coordinator_paused_before_its_decision_is_fenced_by_its_log(participants: u32) -> TestScenario {
    let scenario =
        all_write(participants, "The coordinator pauses with votes coming in, and another takes over.")
            .fault_at(TM, FailureMode::Pause { for_ms: 1_000 }, Point::AfterVoteReceived, 1);
    taken_over_at_ms(scenario, 300).expect_outcomes(0, 1).expect_sent(MessageKind::Commit, 0).may_abort()
}

/// It wakes up and goes on with what it had decided: the stand-by has told everybody by then, and says the same.
pub fn coordinator_paused_after_its_decision_says_the_same_as_the_next(participants: u32) -> TestScenario {
    let scenario =
        all_write(participants, "The coordinator pauses with its decision durable, and another takes over.")
            .fault_at(TM, FailureMode::Pause { for_ms: 1_000 }, Point::AfterDecisionForced, 1);
    taken_over_at_ms(scenario, 300).expect_outcomes(1, 0)
}

/// What it repeats is refused by participants that know better, and so it learns.
pub fn older_coordinator_that_is_alive_is_told_that_it_is_deposed(participants: u32) -> TestScenario {
    let alone = NetworkFault::isolate(vec![TM]).lasting_ms(3_000);
    let scenario = all_write(
        participants,
        "The coordinator is cut off with its decision durable, another takes over, the link heals.",
    )
    .network_at(TM, Point::AfterDecisionForced, 1, alone);
    let all = scenario.participants.into();
    taken_over_at_ms(scenario, 500).expect_outcomes(1, 0).expect_sent(MessageKind::Deposed, all)
}

/// The stand-by can die too: its log is its own now.
pub fn stand_by_lost_after_it_took_over_comes_back(participants: u32) -> TestScenario {
    let scenario = all_write(
        participants,
        "The coordinator dies for good, and the stand-by dies amid its first commits.",
    )
    .never_returns_at(TM, Point::AfterDecisionForced, 1)
    .crash_at(TM2, Point::AfterDecisionSent);
    taken_over_at_ms(scenario, 300).expect_outcomes(1, 0)
}

/// What was on its way to the disk is there for the stand-by or is not, and both agree on it.
pub fn takeover_while_a_decision_is_written_agrees(participants: u32) -> TestScenario {
    all_write(participants, "A stand-by takes over while the decision is on its way to the disk.")
        .fault_at(TM, FailureMode::SlowSync { by_ms: 400, for_ms: 10_000 }, Point::BeforeDecisionForced, 1)
        .fault_at(TM, FailureMode::Takeover, Point::BeforeDecisionForced, 1)
        .may_wait_ms(5_000)
        .may_abort()
}

/// Clients go on with the stand-by, and the total stays what it was.
pub fn takeover_under_load_conserves_the_total(participants: u32) -> TestScenario {
    let all = participants.max(3);
    let scenario =
        TestScenario::new("Under load, a stand-by takes over from a coordinator that is alive.", all)
            .load(Load::transfers(500, 2))
            .in_flight(20);
    taken_over_at_ms(scenario, 20).may_abort()
}
