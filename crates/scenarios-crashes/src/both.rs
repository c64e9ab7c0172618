//! Several nodes at once: many participants, a participant with its coordinator, and all of them in a power cut.

use harness_core::history::{MessageKind, Nanos, Point};
use harness_core::{DiskConditions, Load, NetworkConditions, TestScenario};

use crate::{TM, all_write, rm, three_or};

/// Each of them asks for itself, and hears the same.
pub fn half_of_the_participants_lost_after_voting_commit(participants: u32) -> TestScenario {
    let half = three_or(participants) / 2;
    lost_after_voting(half, all_write(participants, "Half of the participants die after their votes."))
}

/// Nobody is left but the coordinator, which is enough.
pub fn all_participants_lost_after_voting_commit(participants: u32) -> TestScenario {
    let all = three_or(participants);
    lost_after_voting(all, all_write(participants, "All participants die after their votes."))
}

fn lost_after_voting(lost: u32, scenario: TestScenario) -> TestScenario {
    let all = u64::from(scenario.participants);
    let scenario = scenario
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::ReplyCommit, lost.into())
        .expect_commit_records(all + 1)
        .may_wait_ms(500);
    (1..=lost).fold(scenario, |scenario, n| scenario.crash_at(rm(n), Point::AfterVoteSent))
}

/// The vote of the one and the votes counted by the other are lost together.
pub fn coordinator_and_participant_lost_before_decision_abort(participants: u32) -> TestScenario {
    let all = three_or(participants);
    all_write(
        participants,
        "A participant dies before its vote leaves, the coordinator with all other votes.",
    )
    .crash_at(rm(2), Point::AfterPrepareForced)
    .crash_at_nth(TM, Point::AfterVoteReceived, all - 1)
    .expect_outcomes(0, 1)
    .expect_sent(MessageKind::VoteYes, u64::from(all) - 1)
    .expect_commit_records(0)
    .may_abort()
}

/// What both logs say is enough to finish: a yes here, a commit there.
pub fn coordinator_and_participant_lost_after_decision_commit(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "A participant dies after its vote, the coordinator after its decision.")
        .crash_at(rm(2), Point::AfterVoteSent)
        .crash_at(TM, Point::AfterDecisionForced)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Abort, 0)
        .expect_commit_records(all + 1)
        .may_wait_ms(500)
}

/// In doubt with nobody to ask, it asks on.
pub fn participant_back_before_its_coordinator_asks_until_it_hears(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "A participant and the coordinator die, and the coordinator is away for longer.")
        .down_for_ms(100, rm(2), Point::AfterVoteSent)
        .down_for_ms(3_000, TM, Point::AfterDecisionForced)
        .expect_outcomes(1, 0)
        .expect_commit_records(all + 1)
        .may_wait_ms(500)
}

/// With nobody to tell, it tells on; the others end in time.
pub fn coordinator_back_before_its_participant_tells_until_it_is_heard(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "A participant and the coordinator die, and the participant is away for longer.")
        .down_for_ms(3_000, rm(2), Point::AfterVoteSent)
        .down_for_ms(100, TM, Point::AfterDecisionForced)
        .expect_outcomes(1, 0)
        .expect_commit_records(all + 1)
        .may_wait_ms(5_000)
}

/// Messages take 10 ms and syncs 4 ms, so that an instant is a step: votes are under way from 38 to 48 ms, commits from
/// 52 to 62 ms.
fn power_cut_at(ms: u64, participants: u32, description: &str) -> TestScenario {
    let mut scenario = all_write(participants, description).power_cut_at_ms(ms);
    let (latency, sync) = (Nanos::from_millis(10), Nanos::from_millis(4));
    scenario.network_conditions = NetworkConditions { latency_min: latency, latency_max: latency };
    scenario.disk_conditions = DiskConditions { sync_min: sync, sync_max: sync };
    scenario
}

/// All are bound and nothing is decided: the restarted coordinator knows of nothing, and says so.
pub fn power_cut_with_votes_on_their_way_aborts(participants: u32) -> TestScenario {
    power_cut_at(44, participants, "All nodes die at once while the votes are under way.")
        .expect_outcomes(0, 1)
        // Each asks when it has restarted, and again when the coordinator has.
        .expect_sent(MessageKind::ReplyAbort, 2 * u64::from(three_or(participants)))
        .expect_commit_records(0)
        .may_abort()
}

/// The decision is durable on one disk of all.
pub fn power_cut_with_commits_on_their_way_commits(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    power_cut_at(56, participants, "All nodes die at once while the commits are under way.")
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Abort, 0)
        .expect_sent(MessageKind::ReplyAbort, 0)
        .expect_commit_records(all + 1)
        .may_wait_ms(500)
}

fn transfers(participants: u32, description: &str) -> TestScenario {
    TestScenario::new(description, three_or(participants))
        .load(Load::transfers(300, 3))
        .in_flight(10)
        .expect_unknown(0)
        .may_abort()
        .may_wait_ms(5_000)
}

/// Whatever was under way, money is neither made nor lost, and every client is told the truth.
pub fn power_cut_under_load_conserves_the_total(participants: u32) -> TestScenario {
    transfers(participants, "All nodes die at once amid transfers.").power_cut_at_ms(10)
}

/// The second strikes amid what the first has left to settle.
pub fn three_power_cuts_under_load_conserve_the_total(participants: u32) -> TestScenario {
    transfers(participants, "All nodes die at once, three times, amid transfers.")
        .power_cut_at_ms(10)
        .power_cut_at_ms(111)
        .power_cut_at_ms(215)
}
