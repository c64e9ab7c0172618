//! The category Timing Anomalies: nodes that are slow or stand still, clocks that are wrong, disks that stall, links
//! that are fast or slow, and deadlines that pass at the same instant as what they wait for.

pub mod clocks;
pub mod deadlines;
pub mod drifts;
pub mod latencies;
pub mod pauses;
pub mod slowness;
pub mod stalls;

use harness_core::history::{MessageKind, Nanos, NodeId, ParticipantId};
use harness_core::{DiskConditions, LinkEffect, NetworkConditions, NetworkFault, TestScenario};

const TM: NodeId = NodeId::COORDINATOR;

fn rm(number: u32) -> NodeId {
    ParticipantId(number).into()
}

/// The number of participants of a scenario that needs three.
fn three_or(participants: u32) -> u32 {
    participants.max(3)
}

/// One transaction that writes on all participants.
fn all_write(participants: u32, description: &str) -> TestScenario {
    let all = three_or(participants);
    TestScenario::new(description, all).writing_to(all)
}

/// What is expected of it when it commits: one decision, and one record of each participant.
fn commits(scenario: TestScenario) -> TestScenario {
    let records = u64::from(scenario.participants) + 1;
    scenario.expect_outcomes(1, 0).expect_sent(MessageKind::Abort, 0).expect_commit_records(records)
}

/// What is expected of it when it aborts: nobody has a record of a commit.
fn aborts(scenario: TestScenario) -> TestScenario {
    scenario.expect_outcomes(0, 1).expect_sent(MessageKind::Commit, 0).expect_commit_records(0).may_abort()
}

/// Messages take 10 ms and syncs 4 ms, so that an instant is a step: participants hear of their work at 10 ms and
/// are asked for their votes at 30 ms, the votes are in at 44 ms, the decision is durable at 48 ms and arrives at 58
/// ms, and the acknowledgements are in at 72 ms.
fn at_a_steady_pace(mut scenario: TestScenario) -> TestScenario {
    let (latency, sync) = (Nanos::from_millis(10), Nanos::from_millis(4));
    scenario.network_conditions = NetworkConditions { latency_min: latency, latency_max: latency };
    scenario.disk_conditions = DiskConditions { sync_min: sync, sync_max: sync };
    scenario
}

/// The first message of this kind by a node takes so much longer.
fn late_ms(ms: u64, message: MessageKind, by: NodeId) -> NetworkFault {
    let effect = LinkEffect::Delay { min_ms: ms, max_ms: ms };
    NetworkFault::everywhere(effect).of(message).sent_by(by).times(1)
}

harness_core::catalog! {
    "Timing Anomalies": "Nodes, clocks, disks and links are late, early, or wrong about the time.";
    slowness::slow_participant_under_the_timeout_commits,
    slowness::slow_participant_over_the_timeout_aborts,
    slowness::participant_slow_to_vote_under_the_timeout_commits,
    slowness::participant_slow_to_vote_over_the_timeout_aborts,
    slowness::participant_slow_to_acknowledge_is_told_again,
    slowness::slow_coordinator_commits,
    slowness::slow_participants_under_load_conserve_the_total,
    deadlines::work_done_exactly_at_the_deadline_is_too_late,
    deadlines::vote_exactly_at_the_deadline_is_too_late,
    deadlines::vote_just_before_the_deadline_counts,
    deadlines::vote_just_after_the_deadline_changes_nothing,
    deadlines::commit_exactly_at_the_patience_of_a_participant_commits,
    deadlines::acknowledgement_exactly_at_the_retry_ends_it,
    deadlines::prepare_exactly_at_the_patience_of_a_participant_aborts,
    deadlines::hundred_votes_overdue_at_once_all_abort,
    deadlines::hundred_commits_overdue_at_once_are_all_told_again,
    deadlines::hundred_in_doubt_at_once_all_ask,
    deadlines::all_timers_at_once_conserve_the_total,
    clocks::coordinator_clock_ahead_commits,
    clocks::coordinator_clock_behind_commits,
    clocks::participant_clock_ahead_commits,
    clocks::participant_clock_behind_commits,
    clocks::all_clocks_apart_commit,
    clocks::coordinator_clock_jumps_forward_while_voting_commits,
    clocks::coordinator_clock_jumps_forward_gives_up_early_on_the_next,
    clocks::coordinator_clock_jumps_back_while_voting_waits_longer,
    clocks::coordinator_clock_jumps_far_back_while_voting_aborts_in_time,
    clocks::participant_clock_jumps_forward_in_doubt_asks_early,
    clocks::participant_clock_jumps_back_in_doubt_asks_late,
    clocks::participant_clock_jumps_far_back_before_prepare_aborts_in_time,
    clocks::clocks_that_jump_under_load_conserve_the_total,
    drifts::coordinator_clock_too_fast_gives_up_too_early,
    drifts::coordinator_clock_too_slow_waits_longer,
    drifts::coordinator_clock_too_fast_tells_again_too_early,
    drifts::participant_clock_too_fast_aborts_before_it_is_asked,
    drifts::participant_clock_too_fast_asks_often_and_commits,
    drifts::participant_clock_too_slow_asks_late,
    drifts::clocks_that_drift_apart_under_load_conserve_the_total,
    pauses::coordinator_paused_with_work_past_the_patience_of_participants_aborts,
    pauses::coordinator_paused_with_votes_past_the_patience_of_participants_commits,
    pauses::coordinator_paused_after_its_decision_commits,
    pauses::coordinator_paused_between_two_commits_commits,
    pauses::participant_paused_before_its_work_aborts,
    pauses::participant_paused_before_it_is_asked_aborts,
    pauses::participant_paused_after_its_vote_commits,
    pauses::participant_paused_and_crashed_after_its_vote_commits,
    pauses::all_participants_paused_after_voting_commit,
    pauses::everybody_paused_under_load_conserves_the_total,
    stalls::sync_stall_of_a_vote_under_the_timeout_commits,
    stalls::sync_stall_of_a_vote_over_the_timeout_aborts,
    stalls::sync_stall_of_the_decision_lets_nobody_hear_of_it,
    stalls::sync_stall_of_the_decision_and_a_crash_agree,
    stalls::sync_stall_of_a_commit_is_acknowledged_late,
    stalls::sync_stalls_under_load_conserve_the_total,
    latencies::latency_zero_commits,
    latencies::latency_zero_under_load_commits_all,
    latencies::latency_of_six_hundred_ms_commits,
    latencies::latency_over_the_timeout_aborts,
    latencies::latency_of_six_hundred_ms_under_load_conserves_the_total,
    latencies::latency_spike_in_phase_two_commits,
    latencies::latency_spike_in_phase_one_aborts,
}
