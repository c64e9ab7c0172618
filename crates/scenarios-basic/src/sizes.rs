//! How large it gets.

use harness_core::history::{Gid, Key, MessageKind, ParticipantId, Value};
use harness_core::{Change, DistributedTransaction, Load, TestScenario, Write};

/// A prepared record must hold all that a commit needs, however much that is.
pub fn thousand_keys_in_one_transaction(participants: u32) -> TestScenario {
    let participants = participants.max(3);
    let mut transaction = DistributedTransaction::new(Gid(1), (1..=3).map(ParticipantId).collect());
    for n in 0..1_000 {
        let (participant, value) = (ParticipantId(1 + n % 3), Value(i64::from(n)));
        transaction.writes.push(Write { participant, key: Key(n), value, change: Change::Put });
    }
    TestScenario::new("One transaction writes a thousand keys.", participants)
        .transaction(transaction)
        .expect_outcomes(1, 0)
}

/// What is not forgotten in time grows: logs, tables of finished transactions, locks.
pub fn ten_thousand_transactions_in_sequence(participants: u32) -> TestScenario {
    let participants = participants.max(3);
    TestScenario::new("Ten thousand transfers, one after the other.", participants)
        .load(Load::transfers(10_000, 3))
        .expect_outcomes(10_000, 0)
}

/// Transactions that run at the same time share links, disks and locks, but not votes.
pub fn hundred_in_flight(participants: u32) -> TestScenario {
    let participants = participants.max(3);
    TestScenario::new("A thousand transfers, a hundred at a time.", participants)
        .load(Load::transfers(1_000, 3))
        .in_flight(100)
        .expect_outcomes(1_000, 0)
}

/// All of a hundred must agree, and each must hear of it.
pub fn hundred_participants_in_one_transaction(participants: u32) -> TestScenario {
    wide("One transaction over a hundred participants.", participants, 100)
}

/// The same, ten times as wide.
pub fn thousand_participants_in_one_transaction(participants: u32) -> TestScenario {
    wide("One transaction over a thousand participants.", participants, 1_000)
}

fn wide(description: &str, participants: u32, width: u32) -> TestScenario {
    TestScenario::new(description, participants.max(width))
        .writing_to(width)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Acknowledge, width.into())
}
