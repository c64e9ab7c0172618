//! Deadlines that pass at the very instant at which what they wait for arrives, a moment before or after, or many at
//! once. A timer that fires at the instant of an arrival was set before the message was sent, and comes first.

use harness_core::history::{MessageKind, Nanos};
use harness_core::{LinkEffect, Load, NetworkFault, TestScenario};

use crate::{aborts, all_write, at_a_steady_pace, commits, late_ms, rm, three_or};

fn in_steps(participants: u32, description: &str) -> TestScenario {
    at_a_steady_pace(all_write(participants, description))
}

/// Work is handed out at 0 ms and done everywhere else at 20 ms; the last report of it comes at 50 ms.
pub fn work_done_exactly_at_the_deadline_is_too_late(participants: u32) -> TestScenario {
    let mut scenario =
        in_steps(participants, "A participant reports its work when the deadline for it passes.")
            .network(late_ms(30, MessageKind::Executed, rm(2)))
            .expect_sent(MessageKind::Prepare, 0)
            .by_the_clock();
    scenario.coordinator.vote_timeout = Nanos::from_millis(50);
    aborts(scenario)
}

/// Votes are asked for at 20 ms; the last comes at 74 ms.
fn last_vote_at_74_ms(participants: u32, description: &str, timeout: Nanos) -> TestScenario {
    let all = three_or(participants);
    let mut scenario = in_steps(participants, description)
        .network(late_ms(30, MessageKind::VoteYes, rm(2)))
        .expect_sent(MessageKind::VoteYes, all.into());
    scenario.coordinator.vote_timeout = timeout;
    scenario
}

/// Who decides by the clock must not decide again by the vote.
pub fn vote_exactly_at_the_deadline_is_too_late(participants: u32) -> TestScenario {
    let timeout = Nanos::from_millis(54);
    aborts(last_vote_at_74_ms(participants, "The last yes comes when the deadline for it passes.", timeout))
        .by_the_clock()
}

/// A nanosecond is enough.
pub fn vote_just_before_the_deadline_counts(participants: u32) -> TestScenario {
    let timeout = Nanos(Nanos::from_millis(54).0 + 1);
    commits(last_vote_at_74_ms(participants, "The last yes comes a nanosecond before its deadline.", timeout))
}

/// It finds a transaction that is over.
pub fn vote_just_after_the_deadline_changes_nothing(participants: u32) -> TestScenario {
    let timeout = Nanos(Nanos::from_millis(54).0 - 1);
    aborts(last_vote_at_74_ms(participants, "The last yes comes a nanosecond after its deadline.", timeout))
        .by_the_clock()
}

/// Bound since 30 ms, it asks at 58 ms, when the commit arrives: the answer tells it nothing new.
pub fn commit_exactly_at_the_patience_of_a_participant_commits(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    let mut scenario =
        in_steps(participants, "The commit arrives when the participants lose their patience.")
            .expect_sent(MessageKind::Inquire, all)
            .expect_sent(MessageKind::ReplyCommit, all);
    scenario.participant.inquiry_first = Nanos::from_millis(28);
    commits(scenario)
}

/// Told at 48 ms, the participants are told again at 72 ms, when they are heard: they acknowledge twice.
pub fn acknowledgement_exactly_at_the_retry_ends_it(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    let mut scenario =
        in_steps(participants, "The acknowledgements come when the commit is due to be sent again.")
            .expect_sent(MessageKind::Commit, 2 * all)
            .expect_sent(MessageKind::Acknowledge, 2 * all)
            .by_the_clock();
    scenario.coordinator.retry_first = Nanos::from_millis(24);
    commits(scenario)
}

/// At work since 10 ms, they are asked to vote at 30 ms, when they have given up: they may, for they said nothing.
pub fn prepare_exactly_at_the_patience_of_a_participant_aborts(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    let mut scenario = in_steps(participants, "The prepares arrive when the participants give up.")
        .expect_sent(MessageKind::VoteNo, all);
    scenario.participant.idle_timeout = Nanos::from_millis(20);
    aborts(scenario)
}

/// A hundred transactions that begin at one instant and go on in step, so that their timers fire at one instant.
fn hundred_in_step(participants: u32, description: &str) -> TestScenario {
    at_a_steady_pace(TestScenario::new(description, three_or(participants)))
        .writing_apart(100, 3)
        .in_flight(100)
}

/// One timer watches them all: whoever it forgets waits for ever.
pub fn hundred_votes_overdue_at_once_all_abort(participants: u32) -> TestScenario {
    hundred_in_step(
        participants,
        "A vote on each of a hundred transactions is lost, and all are given up at once.",
    )
    .network(lost(MessageKind::VoteYes).sent_by(rm(2)))
    .expect_outcomes(0, 100)
    .expect_sent(MessageKind::Abort, 300)
    .expect_commit_records(0)
    .may_abort()
}

/// The same for those that have to be told again.
pub fn hundred_commits_overdue_at_once_are_all_told_again(participants: u32) -> TestScenario {
    hundred_in_step(
        participants,
        "A hundred acknowledgements are lost, and all commits are sent again at once.",
    )
    .network(lost(MessageKind::Acknowledge).sent_by(rm(2)).times(100))
    .expect_outcomes(100, 0)
    .expect_sent(MessageKind::Commit, 400)
    .expect_sent(MessageKind::Acknowledge, 400)
    .expect_commit_records(400)
    .may_wait_ms(500)
}

/// The same for those that have to ask.
pub fn hundred_in_doubt_at_once_all_ask(participants: u32) -> TestScenario {
    let hundred_ms = Nanos::from_millis(100);
    let mut scenario = hundred_in_step(
        participants,
        "A hundred commits are lost, and a participant asks for all of them at once.",
    )
    .network(lost(MessageKind::Commit).sent_to(rm(2)).times(100))
    .expect_outcomes(100, 0)
    .expect_sent(MessageKind::Inquire, 100)
    .expect_sent(MessageKind::ReplyCommit, 100)
    .expect_commit_records(400)
    .may_wait_ms(500);
    scenario.participant.inquiry_first = hundred_ms;
    scenario
}

/// All patience ends after 25.8 ms, and votes and acknowledgements take 24 to 26 ms: each wait is a race.
pub fn all_timers_at_once_conserve_the_total(participants: u32) -> TestScenario {
    let load = Load { keys: 5, ..Load::transfers(300, 3) };
    let description =
        "All timers measure one span, and what they wait for comes when they fire, amid transfers.";
    let mut scenario = at_a_steady_pace(TestScenario::new(description, three_or(participants)))
        .load(load)
        .in_flight(20)
        .network(NetworkFault::everywhere(LinkEffect::Delay { min_ms: 0, max_ms: 1 }))
        .expect_unknown(0)
        .may_abort()
        .may_wait_ms(5_000);
    let span = Nanos::from_micros(25_800);
    (scenario.coordinator.vote_timeout, scenario.coordinator.retry_first) = (span, span);
    scenario.coordinator.retry_longest = span;
    (scenario.participant.lock_timeout, scenario.participant.idle_timeout) = (span, span);
    (scenario.participant.inquiry_first, scenario.participant.inquiry_longest) = (span, span);
    scenario
}

fn lost(message: MessageKind) -> NetworkFault {
    NetworkFault::everywhere(LinkEffect::Lose { percent: 100 }).of(message)
}
