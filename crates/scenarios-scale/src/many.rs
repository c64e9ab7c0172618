//! Very many transactions, one after another or at the same time.

use harness_core::history::{MessageKind, NodeId, Point};
use harness_core::{Gauge, Load, TestScenario};

use crate::three_or;

/// Ten thousand clients, each with a transaction of its own under way; the coordinator keeps one entry for each and no
/// more.
pub fn ten_thousand_in_flight_commit(participants: u32) -> TestScenario {
    TestScenario::new("Ten thousand transactions at the same time.", three_or(participants))
        .writing_apart(10_000, 3)
        .in_flight(10_000)
        .expect_outcomes(10_000, 0)
        .expect_at_most(Gauge::OpenTransactions, 10_000)
        .may_wait_ms(1_000)
}

/// What is not forgotten when it is over would be 100,000 by the end.
pub fn hundred_thousand_transactions_commit(participants: u32) -> TestScenario {
    TestScenario::new("A hundred thousand transfers, ten at a time.", three_or(participants))
        .load(Load { keys: 10_000 / three_or(participants).min(100), ..Load::transfers(100_000, 2) })
        .in_flight(10)
        .expect_outcomes(100_000, 0)
        .expect_at_most(Gauge::OpenTransactions, 100)
        .expect_at_most(Gauge::LogRecords, 5_000)
}

/// All are prepared when the coordinator dies, and all have to ask.
pub fn ten_thousand_branches_in_doubt_at_once_all_end(participants: u32) -> TestScenario {
    TestScenario::new("The coordinator dies with thousands of transactions voted on.", three_or(participants))
        .writing_apart(3_334, 3)
        .in_flight(3_334)
        .crash_at_nth(NodeId::COORDINATOR, Point::BeforeVoteReceived, 9_900)
        .expect_sent(MessageKind::Recover, three_or(participants).into())
        .expect_unknown(0)
        .may_abort()
        .may_wait_ms(5_000)
}
