//! Crashes during recovery, and crashes after it: a restart that fails must cost nothing but time.

use harness_core::TestScenario;
use harness_core::history::{MessageKind, Point};

use crate::{TM, all_write, rm, three_or};

/// Bound by its vote through two lives, it commits in the third.
pub fn participant_lost_twice_commits_once(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "A participant dies after its vote, and again when it hears of the commit.")
        .crash_at(rm(2), Point::AfterVoteSent)
        .crash_at(rm(2), Point::BeforeCommitForced)
        .expect_outcomes(1, 0)
        .expect_commit_records(all + 1)
        .may_wait_ms(1_000)
}

/// Reading a log changes nothing, so it can be read again.
pub fn participant_lost_while_reading_its_log_commits(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "A participant in doubt dies before and after reading its log.")
        .crash_at(rm(2), Point::AfterVoteSent)
        .crash_at(rm(2), Point::BeforeLogRead)
        .crash_at(rm(2), Point::AfterLogRead)
        .expect_outcomes(1, 0)
        .expect_commit_records(all + 1)
        .may_wait_ms(1_000)
}

/// A question that was not asked is asked in the next life.
pub fn participant_lost_before_it_asks_commits(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "A participant in doubt dies before it asks.")
        .crash_at(rm(2), Point::AfterVoteSent)
        .crash_at(rm(2), Point::BeforeInquiry)
        .expect_outcomes(1, 0)
        .expect_commit_records(all + 1)
        .may_wait_ms(1_000)
}

/// The answer finds nobody: the question is asked again, or the coordinator tells by itself.
pub fn participant_lost_after_it_asked_commits(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "A participant in doubt dies after it has asked.")
        .crash_at(rm(2), Point::AfterVoteSent)
        .crash_at(rm(2), Point::AfterInquiry)
        .expect_outcomes(1, 0)
        .expect_commit_records(all + 1)
        .may_wait_ms(1_000)
}

/// The decision is as durable after two failed restarts as after none.
pub fn coordinator_lost_while_reading_its_log_commits(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "The coordinator, decided, dies before and after reading its log.")
        .crash_at(TM, Point::AfterDecisionForced)
        .crash_at(TM, Point::BeforeLogRead)
        .crash_at(TM, Point::AfterLogRead)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, all)
        .expect_commit_records(all + 1)
        .may_wait_ms(1_000)
}

/// It has read its decision and has told nobody.
pub fn coordinator_lost_before_it_sends_its_decision_again_commits(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "The coordinator dies again before it sends the decision that it found.")
        .crash_at(TM, Point::AfterDecisionForced)
        .crash_at(TM, Point::BeforeDecisionResent)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, all)
        .expect_commit_records(all + 1)
        .may_wait_ms(1_000)
}

/// A presumption is no decision: it needs no record, and the next life presumes the same.
pub fn coordinator_lost_before_it_answers_an_inquiry_aborts(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "The coordinator, undecided, dies again when the first participant asks.")
        .crash_at(TM, Point::BeforeDecisionForced)
        .crash_at(TM, Point::BeforeInquiryAnswered)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::ReplyAbort, all)
        .expect_commit_records(0)
        .may_abort()
}

/// A crash loop: each life gets as far as its log, until one goes on.
pub fn coordinator_lost_five_times_in_a_row_commits(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    let scenario = all_write(participants, "The coordinator, decided, dies five times in a row.")
        .crash_at(TM, Point::AfterDecisionForced)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Abort, 0)
        .expect_commit_records(all + 1)
        .may_wait_ms(1_000);
    (1..=4).fold(scenario, |scenario, nth| scenario.crash_at_nth(TM, Point::AfterLogRead, nth))
}
