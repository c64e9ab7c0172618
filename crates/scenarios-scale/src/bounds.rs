//! Logs that are cut as the work goes on: what is over is dropped, what is open is kept, however long it goes on.

use harness_core::history::{NodeId, ParticipantId, Point};
use harness_core::{FailureConfig, FailureMode, Gauge, Load, TestScenario, Trigger};

use crate::three_or;

fn transfers(participants: u32, description: &str, transactions: u32) -> TestScenario {
    TestScenario::new(description, three_or(participants))
        .load(Load { keys: 10, ..Load::transfers(transactions, 3) })
        .may_wait_ms(10_000)
}

/// Three records for each of 5,000 transactions pass through each log. A client begins its next transaction when it is
/// answered, half a millisecond at least after the last one, and the acknowledgement of a commit takes up to 1.4 (two
/// messages, and a sync behind another): four can be open, and no more.
pub fn log_of_a_busy_key_stays_short(participants: u32) -> TestScenario {
    transfers(participants, "Five thousand transfers over a few keys, one at a time.", 5_000)
        .expect_outcomes(5_000, 0)
        .expect_at_most(Gauge::OpenTransactions, 4)
        .expect_at_most(Gauge::LogRecords, 1_100)
}

/// A checkpoint has to keep what is open, and no more.
pub fn log_stays_short_under_many_clients(participants: u32) -> TestScenario {
    let mut scenario = transfers(participants, "Five thousand transfers, two hundred at a time.", 5_000);
    scenario.load = Some(Load { keys: 1_000, ..Load::transfers(5_000, 3) });
    scenario
        .in_flight(200)
        .expect_outcomes(5_000, 0)
        .expect_at_most(Gauge::OpenTransactions, 2_000)
        .expect_at_most(Gauge::LogRecords, 3_500)
}

/// What waits for the one that is away is written again and again, and all else is dropped.
pub fn log_stays_short_while_a_participant_is_away(participants: u32) -> TestScenario {
    let mut scenario = transfers(participants, "A participant is away amid transfers among all.", 3_000)
        .in_flight(10)
        .expect_unknown(0)
        .expect_at_most(Gauge::LogRecords, 2_000)
        .may_abort();
    let mode = FailureMode::Crash { restart_after_ms: Some(20_000) };
    let (node, trigger) = (Some(ParticipantId(1).into()), Trigger::AtMs(50));
    scenario.failure_configs.push(FailureConfig { node, mode, trigger });
    scenario
}

/// A log that is read again at each restart must not have grown by it.
pub fn log_stays_short_through_crashes(participants: u32) -> TestScenario {
    let scenario = transfers(participants, "The coordinator dies ten times amid transfers.", 3_000)
        .in_flight(10)
        .expect_unknown(0)
        .expect_at_most(Gauge::LogRecords, 2_000)
        .may_abort();
    (1..=10).fold(scenario, |scenario, n| {
        scenario.crash_at_nth(NodeId::COORDINATOR, Point::AfterDecisionForced, 200 * n)
    })
}

/// Presumed abort: what was not decided was not written, and what voted no neither.
pub fn aborts_leave_nothing_in_the_log(participants: u32) -> TestScenario {
    let all = three_or(participants);
    let scenario =
        (0..300).fold(TestScenario::new("Three hundred transactions abort.", all), |it, _| it.writing_to(3));
    (1..=300)
        .fold(scenario, |scenario, nth| {
            let rm2 = ParticipantId(2).into();
            scenario.fault_at(rm2, FailureMode::VoteNo, Point::BeforePrepare, nth)
        })
        .expect_outcomes(0, 300)
        .expect_at_most(Gauge::LogRecords, 700)
        .expect_commit_records(0)
        .may_abort()
}
