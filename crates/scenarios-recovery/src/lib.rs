//! The category Recovery: what a node makes of what it finds when it comes back, and what others make of its absence.

pub mod disks;
pub mod heuristics;
pub mod takeovers;

use harness_core::TestScenario;
use harness_core::history::{NodeId, ParticipantId};

const TM: NodeId = NodeId::COORDINATOR;
/// The stand-by.
const TM2: NodeId = NodeId::STAND_BY;

fn rm(number: u32) -> NodeId {
    ParticipantId(number).into()
}

/// One transaction that writes on all participants, of which there are three at least.
fn all_write(participants: u32, description: &str) -> TestScenario {
    let all = participants.max(3);
    TestScenario::new(description, all).writing_to(all)
}

harness_core::catalog! {
    "Recovery": "What nodes make of what they find when they come back, and others of their absence.";
    disks::disk_full_at_prepare_aborts,
    disks::disk_full_at_commit_commits_when_there_is_room,
    disks::disk_full_at_the_decision_aborts,
    disks::disk_full_at_end_loses_nothing,
    disks::failing_sync_at_prepare_aborts,
    disks::failing_sync_at_the_decision_aborts,
    disks::failing_sync_at_commit_commits_once,
    disks::torn_prepare_is_no_promise,
    disks::torn_decision_aborts,
    disks::what_is_written_behind_a_torn_tail_survives_the_next_crash,
    disks::corrupt_participant_refuses_to_start,
    disks::corrupt_coordinator_refuses_to_start_and_blocks,
    disks::wiped_participant_loses_what_was_committed,
    disks::wiped_coordinator_breaks_its_word,
    disks::prepared_limit_makes_the_rest_vote_no,
    disks::lock_timeout_aborts,
    heuristics::heuristic_abort_of_a_commit_is_reported_mixed,
    heuristics::heuristic_commit_of_an_abort_is_reported_mixed,
    heuristics::heuristic_commit_of_a_commit_is_no_news,
    heuristics::heuristic_abort_of_an_abort_is_no_news,
    heuristics::heuristic_abort_survives_a_crash_of_the_participant,
    heuristics::heuristic_abort_is_reported_by_a_coordinator_that_dies_before_it_tells,
    heuristics::heuristic_report_that_is_lost_is_repeated,
    heuristics::heuristics_without_a_coordinator_are_found_by_the_validator,
    takeovers::stand_by_completes_a_commit_that_was_decided,
    takeovers::stand_by_aborts_what_was_not_decided,
    takeovers::stand_by_tells_the_rest_to_commit,
    takeovers::participant_that_missed_the_takeover_finds_the_stand_by,
    takeovers::coordinator_paused_before_its_decision_is_fenced_by_its_log,
    takeovers::coordinator_paused_after_its_decision_says_the_same_as_the_next,
    takeovers::older_coordinator_that_is_alive_is_told_that_it_is_deposed,
    takeovers::stand_by_lost_after_it_took_over_comes_back,
    takeovers::takeover_while_a_decision_is_written_agrees,
    takeovers::takeover_under_load_conserves_the_total,
}
