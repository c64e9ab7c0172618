//! Messages that arrive after somebody's patience has run out, kind by kind; and links that are slow for all.

use harness_core::history::{MessageKind, ParticipantId};
use harness_core::{LinkEffect, NetworkFault, TestScenario};

use crate::{all_write, overtaken, rm, three_or};

fn late(ms: u64) -> NetworkFault {
    NetworkFault::everywhere(LinkEffect::Delay { min_ms: ms, max_ms: ms })
}

/// One message to or from rm2 is three seconds late, and the transaction aborts after two.
fn aborted_meanwhile(participants: u32, description: &str, late: NetworkFault) -> TestScenario {
    all_write(participants, description)
        .network(late.times(1))
        .expect_outcomes(0, 1)
        .expect_commit_records(0)
        .may_abort()
}

/// The abort waits behind it on the link: the work is done and rolled back.
pub fn execute_past_the_timeout_is_rolled_back(participants: u32) -> TestScenario {
    let late = late(3_000).of(MessageKind::Execute).sent_to(rm(2));
    aborted_meanwhile(participants, "An execute is late, and the abort behind it too.", late)
        .expect_sent(MessageKind::Executed, three_or(participants).into())
        .expect_sent(MessageKind::Prepare, 0)
}

/// Good news about a transaction that is over.
pub fn executed_past_the_timeout_changes_nothing(participants: u32) -> TestScenario {
    let late = late(3_000).of(MessageKind::Executed).sent_by(rm(2));
    aborted_meanwhile(participants, "A report of work done arrives after the abort.", late)
        .expect_sent(MessageKind::Prepare, 0)
}

/// Asked at last, the participant binds itself for the moment until the abort behind it arrives.
pub fn prepare_past_the_timeout_binds_until_the_abort(participants: u32) -> TestScenario {
    let late = late(3_000).of(MessageKind::Prepare).sent_to(rm(2));
    aborted_meanwhile(participants, "A prepare is late, and the abort behind it too.", late)
        .expect_sent(MessageKind::VoteYes, three_or(participants).into())
}

/// The last yes would complete the votes, had they not been given up.
pub fn vote_after_the_abort_changes_nothing(participants: u32) -> TestScenario {
    let late = late(3_000).of(MessageKind::VoteYes).sent_by(rm(2));
    aborted_meanwhile(participants, "The last yes arrives after the abort.", late)
        .expect_sent(MessageKind::VoteYes, three_or(participants).into())
        .expect_sent(MessageKind::Commit, 0)
}

/// Told twice by then, it commits once and acknowledges twice.
pub fn commit_past_its_retry_is_applied_once(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "A commit arrives when it has been sent again.")
        .network(late(300).of(MessageKind::Commit).sent_to(rm(2)).times(1))
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, all + 1)
        .expect_sent(MessageKind::Acknowledge, all + 1)
        .expect_commit_records(all + 1)
        .may_wait_ms(500)
}

/// The second acknowledgement arrives when the transaction is over and forgotten.
pub fn acknowledgement_past_the_retry_changes_nothing(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "An acknowledgement arrives when the commit has been sent again.")
        .network(late(300).of(MessageKind::Acknowledge).sent_by(rm(2)).times(1))
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, all + 1)
        .expect_sent(MessageKind::Acknowledge, all + 1)
        .expect_commit_records(all + 1)
        .may_wait_ms(500)
}

/// One no, and the abort that follows takes its time, or is lost, on its way to rm1.
fn one_no(participants: u32, description: &str) -> TestScenario {
    all_write(participants, description)
        .votes_no(ParticipantId(3))
        .expect_outcomes(0, 1)
        .expect_commit_records(0)
        .may_abort()
}

/// The participant has asked by then, and is told twice.
pub fn abort_past_the_patience_of_the_participant_is_asked_for(participants: u32) -> TestScenario {
    one_no(participants, "An abort arrives when the participant has asked for it.")
        .network(late(800).of(MessageKind::Abort).sent_to(rm(1)).times(1))
        .expect_sent(MessageKind::Inquire, 1)
        .expect_sent(MessageKind::ReplyAbort, 1)
}

/// Asked twice, it answers twice.
pub fn inquiry_past_the_next_one_is_answered_twice(participants: u32) -> TestScenario {
    one_no(participants, "An abort is lost, and the first question about it is slower than the second.")
        .lose(MessageKind::Abort, 1)
        .network(late(1_200).of(MessageKind::Inquire).times(1))
        .expect_sent(MessageKind::Inquire, 2)
        .expect_sent(MessageKind::ReplyAbort, 2)
}

/// Two answers to two questions, and they agree.
pub fn reply_past_the_next_inquiry_comes_twice(participants: u32) -> TestScenario {
    one_no(participants, "An abort is lost, and the answer about it takes longer than the patience.")
        .lose(MessageKind::Abort, 1)
        .network(late(1_200).of(MessageKind::ReplyAbort).times(1))
        .expect_sent(MessageKind::Inquire, 2)
        .expect_sent(MessageKind::ReplyAbort, 2)
}

/// Who has heard the abort has no work to begin, however late it comes.
pub fn execute_after_the_abort_begins_nothing(participants: u32) -> TestScenario {
    overtaken(3_000, MessageKind::Execute, all_write(participants, "An execute arrives after the abort."))
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::Failed, 1)
        .expect_sent(MessageKind::Prepare, 0)
        .expect_commit_records(0)
        .may_abort()
}

/// To promise now would be to promise for a transaction that everybody has forgotten.
pub fn prepare_after_the_abort_is_answered_no(participants: u32) -> TestScenario {
    overtaken(3_000, MessageKind::Prepare, all_write(participants, "A prepare arrives after the abort."))
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::VoteNo, 1)
        .expect_sent(MessageKind::VoteYes, u64::from(three_or(participants)) - 1)
        .expect_commit_records(0)
        .may_abort()
}

/// It was sent again meanwhile, acknowledged, and the transaction ended.
pub fn commit_after_the_end_is_acknowledged_again(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    overtaken(1_000, MessageKind::Commit, all_write(participants, "A commit arrives after the end."))
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, all + 1)
        .expect_sent(MessageKind::Acknowledge, all + 1)
        .expect_commit_records(all + 1)
        .may_wait_ms(500)
}

/// 10 to 50 ms each way, where others take 0.1 to 0.5.
fn hundred_times_slower() -> NetworkFault {
    NetworkFault::everywhere(LinkEffect::Delay { min_ms: 10, max_ms: 50 })
}

/// Slow is not dead: nobody's patience runs out.
pub fn link_hundred_times_slower_commits(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    let mut slow = hundred_times_slower().sent_by(rm(2));
    slow.both_ways = true;
    all_write(participants, "One link is a hundred times slower than the others.")
        .network(slow)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, all)
        .expect_sent(MessageKind::Inquire, 0)
        .expect_commit_records(all + 1)
        .may_wait_ms(200)
}

/// All wait for each other a hundred times as long, and nothing else changes.
pub fn network_hundred_times_slower_commits_all(participants: u32) -> TestScenario {
    TestScenario::new("All links are a hundred times slower than usual.", three_or(participants))
        .writing_apart(100, 3)
        .in_flight(10)
        .network(hundred_times_slower())
        .expect_outcomes(100, 0)
        .expect_commit_records(100 * (1 + 3))
        .may_wait_ms(200)
}
