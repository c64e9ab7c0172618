//! Nodes that are cut off in both directions: one participant, the coordinator, or half of all.

use harness_core::history::{MessageKind, Point};
use harness_core::{NetworkFault, TestScenario};

use crate::{TM, all_write, cut, rm, three_or, transfers};

/// Never asked to vote, it rolls back when it has waited enough; the coordinator does not wait for it.
pub fn participant_cut_off_before_prepare_aborts(participants: u32) -> TestScenario {
    all_write(participants, "A participant is cut off when its work is done, and nobody heals the link.")
        .network_at(rm(2), Point::AfterExecute, 1, NetworkFault::isolate(vec![rm(2)]))
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::VoteYes, u64::from(three_or(participants)) - 1)
        .expect_commit_records(0)
        .may_abort()
}

/// Its yes is lost, and so are the abort and the first questions about it.
pub fn participant_cut_off_while_voting_asks_and_aborts(participants: u32) -> TestScenario {
    all_write(participants, "A participant is cut off for three seconds when it votes.")
        .cut_off_for_ms(3_000, rm(2), Point::BeforeVoteSent)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::VoteYes, three_or(participants).into())
        .expect_sent(MessageKind::ReplyAbort, 1)
        .expect_commit_records(0)
        .may_abort()
}

/// Its yes counted, so the others go on without it, and it commits when it can be told.
pub fn participant_cut_off_after_its_vote_commits_when_healed(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "A participant is cut off for two seconds after its vote.")
        .cut_off_for_ms(2_000, rm(2), Point::AfterVoteSent)
        .expect_outcomes(1, 0)
        // In vain at once and after 200, 600 and 1,400 ms, then after 3,000.
        .expect_sent(MessageKind::Commit, all + 4)
        .expect_commit_records(all + 1)
        .may_wait_ms(5_000)
}

/// It hears no vote and decides alone, as it may; the others must wait for it, as they must.
pub fn coordinator_cut_off_while_voting_aborts(participants: u32) -> TestScenario {
    let all = three_or(participants);
    all_write(participants, "The coordinator is cut off for three seconds when it has asked for votes.")
        .network_at(TM, Point::AfterPrepareSent, all, NetworkFault::isolate(vec![TM]).lasting_ms(3_000))
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::ReplyAbort, all.into())
        .expect_commit_records(0)
        .may_abort()
}

/// It has told the client; the participants hold their locks until it reaches them.
pub fn coordinator_cut_off_after_its_decision_commits_when_healed(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "The coordinator is cut off for two seconds with a durable commit.")
        .cut_off_for_ms(2_000, TM, Point::AfterDecisionForced)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, 5 * all)
        .expect_sent(MessageKind::ReplyCommit, 0)
        .expect_commit_records(all + 1)
        .may_wait_ms(5_000)
}

/// One of two halves has the coordinator: it hears the abort at once, the other when it asks.
pub fn split_in_half_while_voting_aborts(participants: u32) -> TestScenario {
    let all = three_or(participants);
    all_write(participants, "Half of the participants are cut off for three seconds while they vote.")
        .network_at(TM, Point::AfterPrepareSent, all, half(all).lasting_ms(3_000))
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::ReplyAbort, (all / 2).into())
        .expect_commit_records(0)
        .may_abort()
}

/// One half commits while the other is in doubt: never does one abort.
pub fn split_in_half_after_decision_commits_when_healed(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "Half of the participants are cut off for two seconds when all have voted.")
        .network_at(TM, Point::AfterDecisionForced, 1, half(three_or(participants)).lasting_ms(2_000))
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, all + 4 * (all / 2))
        .expect_commit_records(all + 1)
        .may_wait_ms(5_000)
}

/// Transfers within one half go on; those across wait or abort, and no money is lost between.
pub fn split_in_half_under_load_conserves_the_total(participants: u32) -> TestScenario {
    let half = half(three_or(participants)).lasting_ms(3_000);
    transfers(participants, "Half of the participants are cut off for three seconds amid transfers.")
        .network_at_ms(5, half)
}

fn half(all: u32) -> NetworkFault {
    NetworkFault::isolate((1..=all / 2).map(rm).collect())
}

/// With the lost answer of the only participant the coordinator does not know what it decided: it asks until it does.
pub fn only_participant_cut_off_when_it_committed_commits(participants: u32) -> TestScenario {
    TestScenario::new("The only participant is cut off for a second when it has committed.", participants)
        .writing_to(1)
        .cut_off_for_ms(1_000, rm(1), Point::AfterCommitForced)
        .expect_outcomes(1, 0)
        // In vain after 200 and 600 ms, then after 1,400.
        .expect_sent(MessageKind::CommitOnePhase, 4)
        .expect_sent(MessageKind::Acknowledge, 2)
        .expect_commit_records(1)
        .may_wait_ms(5_000)
}

/// The link is cut when the commit is sent and whole when it is sent again.
pub fn flapping_link_lets_the_commit_through(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    let flapping = NetworkFault::isolate(vec![rm(2)]).flapping_ms(150).lasting_ms(2_000);
    all_write(participants, "A link is cut and whole in turns of 150 ms.")
        .network_at(rm(2), Point::AfterVoteSent, 1, flapping)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, all + 1)
        .expect_commit_records(all + 1)
        .may_wait_ms(500)
}

/// Any message may be the last of a while.
pub fn flapping_network_under_load_conserves_the_total(participants: u32) -> TestScenario {
    transfers(participants, "All links are cut and whole in turns of 7 ms amid transfers.")
        .network_at_ms(5, cut().flapping_ms(7).lasting_ms(3_000))
}

/// A ring of partial partitions: at any time the coordinator reaches all but one, each time another.
pub fn each_link_cut_in_turn_aborts_one_each(participants: u32) -> TestScenario {
    let all = three_or(participants);
    let ring = all.min(20);
    let scenario =
        TestScenario::new("Each link in turn is cut for a second before votes are asked for.", all)
            .writing_apart(ring + 1, ring)
            .expect_outcomes(1, ring.into())
            .expect_commit_records(u64::from(ring) + 1)
            .may_abort();
    (1..=ring).fold(scenario, |scenario, n| {
        let link = NetworkFault::isolate(vec![rm(n)]).lasting_ms(1_000);
        scenario.network_at(rm(n), Point::AfterExecute, n, link)
    })
}
