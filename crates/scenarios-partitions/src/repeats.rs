//! Messages that arrive twice, kind by kind and all at once, and messages that overtake each other.

use harness_core::history::{MessageKind, ParticipantId, RecordKind};
use harness_core::{LinkEffect, NetworkFault, TestScenario};

use crate::{all_write, lost, overtaken, rm, three_or};

fn twice_within_ms(within_ms: u64) -> NetworkFault {
    NetworkFault::everywhere(LinkEffect::Duplicate { percent: 100, within_ms })
}

fn committed(participants: u32, description: &str) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, description).expect_outcomes(1, 0).expect_commit_records(all + 1)
}

/// Work that is done or under way is not begun again.
pub fn execute_twice_is_done_once(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    committed(participants, "Each execute arrives twice.")
        .network(twice_within_ms(20).of(MessageKind::Execute))
        .expect_sent(MessageKind::Executed, all)
}

/// Asked twice, a participant promises once, whatever it says.
pub fn prepare_twice_is_one_promise(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    committed(participants, "Each prepare arrives twice.")
        .network(twice_within_ms(20).of(MessageKind::Prepare))
        .expect_sent(MessageKind::VoteNo, 0)
        .expect_records(RecordKind::Prepared, all)
}

/// Votes are counted by who gave them.
pub fn vote_twice_counts_once(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    committed(participants, "Each yes arrives twice.")
        .network(twice_within_ms(20).of(MessageKind::VoteYes))
        .expect_sent(MessageKind::Commit, all)
}

/// Where votes were counted by their number, one that comes twice would complete them.
pub fn vote_twice_does_not_stand_for_another(participants: u32) -> TestScenario {
    all_write(participants, "One yes arrives twice, and another not at all.")
        .network(twice_within_ms(20).of(MessageKind::VoteYes).sent_by(rm(1)))
        .network(lost().of(MessageKind::VoteYes).sent_by(rm(2)))
        .expect_outcomes(0, 1)
        .expect_commit_records(0)
        .may_abort()
}

/// Told twice, a participant applies its writes once and acknowledges twice.
pub fn commit_twice_is_applied_once(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    committed(participants, "Each commit arrives twice.")
        .network(twice_within_ms(20).of(MessageKind::Commit))
        .expect_sent(MessageKind::Commit, all)
        .expect_sent(MessageKind::Acknowledge, 2 * all)
}

/// The second finds a transaction that is over, or another's that is not.
pub fn acknowledgement_twice_changes_nothing(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    committed(participants, "Each acknowledgement arrives twice.")
        .network(twice_within_ms(20).of(MessageKind::Acknowledge))
        .expect_sent(MessageKind::Commit, all)
        .expect_records(RecordKind::Ended, 1)
}

/// Whoever has not acknowledged is told again, however many acknowledgements there are.
pub fn acknowledgement_twice_does_not_stand_for_another(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    committed(participants, "One acknowledgement arrives twice, and another not at all.")
        .network(twice_within_ms(20).of(MessageKind::Acknowledge).sent_by(rm(1)))
        .network(lost().of(MessageKind::Acknowledge).sent_by(rm(2)).times(1))
        .expect_sent(MessageKind::Commit, all + 1)
        .may_wait_ms(500)
}

/// The second abort finds nothing to roll back.
pub fn abort_twice_changes_nothing(participants: u32) -> TestScenario {
    let others = u64::from(three_or(participants)) - 1;
    all_write(participants, "One votes no, and each abort arrives twice.")
        .votes_no(ParticipantId(3))
        .network(twice_within_ms(20).of(MessageKind::Abort))
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::Abort, others)
        .expect_commit_records(0)
        .may_abort()
}

/// A question that arrives twice is answered twice, and the answers agree.
pub fn inquiry_twice_is_answered_twice(participants: u32) -> TestScenario {
    all_write(participants, "An abort is lost, and the question about it arrives twice.")
        .votes_no(ParticipantId(3))
        .lose(MessageKind::Abort, 1)
        .network(twice_within_ms(20).of(MessageKind::Inquire))
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::Inquire, 1)
        .expect_sent(MessageKind::ReplyAbort, 2)
        .expect_commit_records(0)
        .may_abort()
}

/// The only participant decides once, and says so twice.
pub fn one_phase_commit_twice_is_decided_once(participants: u32) -> TestScenario {
    TestScenario::new("The commit to the only participant arrives twice.", participants.max(1))
        .writing_to(1)
        .network(twice_within_ms(20).of(MessageKind::CommitOnePhase))
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::CommitOnePhase, 1)
        .expect_sent(MessageKind::Acknowledge, 2)
        .expect_commit_records(1)
}

/// A hundred transactions that share no key: nothing but the network can abort one.
fn hundred_apart(participants: u32, description: &str) -> TestScenario {
    TestScenario::new(description, three_or(participants))
        .writing_apart(100, 3)
        .in_flight(10)
        .expect_outcomes(100, 0)
        .expect_commit_records(100 * (1 + 3))
}

/// Repeats cost time and never a transaction.
pub fn everything_twice_commits_all(participants: u32) -> TestScenario {
    hundred_apart(participants, "Every message arrives twice.").network(twice_within_ms(20))
}

/// What comes again when it is long over must find that it is over, though it was forgotten.
pub fn everything_twice_much_later_commits_all(participants: u32) -> TestScenario {
    hundred_apart(participants, "Every message arrives a second time, up to five seconds later.")
        .network(twice_within_ms(5_000))
}

/// Where the protocol needs an order it makes one: nothing is asked before what must come first is known.
pub fn reordered_messages_commit_all(participants: u32) -> TestScenario {
    hundred_apart(participants, "Half of the messages are overtaken by others.")
        .network(NetworkFault::everywhere(LinkEffect::Reorder { percent: 50, within_ms: 20 }))
        .may_wait_ms(500)
}

/// The abort of another's no arrives first: there is nothing left to prepare.
pub fn abort_that_overtakes_prepare_is_final(participants: u32) -> TestScenario {
    let scenario = all_write(participants, "One votes no, and the abort overtakes the prepare of another.");
    overtaken(100, MessageKind::Prepare, scenario.votes_no(ParticipantId(3)))
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::VoteNo, 2)
        .expect_commit_records(0)
        .may_abort()
}

/// Its client has heard of the first commit, and begins the second transaction before a participant has: the locks
/// keep the order that the network does not.
pub fn execute_that_overtakes_commit_waits_for_its_locks(participants: u32) -> TestScenario {
    let all = three_or(participants);
    let scenario = all_write(participants, "Work of the next transaction overtakes the commit of the last.");
    overtaken(100, MessageKind::Commit, scenario.writing_to(all))
        .expect_outcomes(2, 0)
        .expect_commit_records(2 * (u64::from(all) + 1))
        .may_wait_ms(500)
}
