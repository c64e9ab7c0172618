//! The category Node Crashes: the participant, the coordinator, or both die at each step of the protocol, once or
//! again and again, and come back or do not. A crash loses what is volatile; of what was not synced any part
//! may have reached the disk.

pub mod both;
pub mod coordinator;
pub mod gone;
pub mod one_phase;
pub mod participant;
pub mod recovery;
pub mod tails;

use harness_core::TestScenario;
use harness_core::history::{NodeId, ParticipantId};

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

harness_core::catalog! {
    "Node Crashes": "The participant, the coordinator or both die, at each step of the protocol.";
    participant::participant_lost_before_work_aborts,
    participant::participant_lost_after_work_votes_no,
    participant::participant_lost_before_prepare_arrives_aborts,
    participant::participant_lost_before_prepare_is_durable_aborts,
    participant::participant_lost_after_prepare_is_durable_aborts,
    participant::participant_lost_before_its_vote_leaves_asks_and_aborts,
    participant::participant_lost_after_its_vote_asks_and_commits,
    participant::participant_lost_before_it_hears_the_decision_asks,
    participant::participant_lost_before_commit_is_durable_commits_once,
    participant::participant_lost_after_commit_is_durable_acknowledges_again,
    participant::participant_lost_before_its_acknowledgement_leaves_gives_it_again,
    participant::participant_lost_after_its_acknowledgement_is_done,
    coordinator::coordinator_lost_before_any_work_is_handed_out_aborts,
    coordinator::coordinator_lost_before_any_prepare_aborts,
    coordinator::coordinator_lost_between_prepares_aborts,
    coordinator::coordinator_lost_after_the_last_prepare_aborts,
    coordinator::coordinator_lost_with_some_votes_in_aborts,
    coordinator::coordinator_lost_before_the_last_vote_counts_aborts,
    coordinator::coordinator_lost_before_decision_is_durable_aborts,
    coordinator::coordinator_lost_while_decision_is_written_agrees,
    coordinator::coordinator_lost_before_it_answers_commits,
    coordinator::coordinator_lost_after_it_answered_commits,
    coordinator::coordinator_lost_before_any_commit_is_sent_commits,
    coordinator::coordinator_lost_between_two_commits_commits,
    coordinator::coordinator_lost_before_acknowledgements_tells_all_again,
    coordinator::coordinator_lost_with_some_acknowledgements_tells_all_again,
    coordinator::coordinator_lost_before_end_tells_all_again,
    coordinator::coordinator_lost_after_end_changes_nothing,
    recovery::participant_lost_twice_commits_once,
    recovery::participant_lost_while_reading_its_log_commits,
    recovery::participant_lost_before_it_asks_commits,
    recovery::participant_lost_after_it_asked_commits,
    recovery::coordinator_lost_while_reading_its_log_commits,
    recovery::coordinator_lost_before_it_sends_its_decision_again_commits,
    recovery::coordinator_lost_before_it_answers_an_inquiry_aborts,
    recovery::coordinator_lost_five_times_in_a_row_commits,
    gone::participant_never_back_before_its_vote_aborts,
    gone::participant_never_back_after_its_vote_commits_without_it,
    gone::coordinator_never_back_before_any_prepare_blocks_nobody,
    gone::coordinator_never_back_before_decision_blocks,
    gone::coordinator_never_back_after_decision_blocks,
    gone::coordinator_never_back_between_two_commits_blocks_the_rest,
    one_phase::only_participant_lost_before_it_commits_aborts,
    one_phase::only_participant_lost_after_it_committed_commits,
    one_phase::coordinator_lost_after_it_delegated_asks_the_participant,
    both::half_of_the_participants_lost_after_voting_commit,
    both::all_participants_lost_after_voting_commit,
    both::coordinator_and_participant_lost_before_decision_abort,
    both::coordinator_and_participant_lost_after_decision_commit,
    both::participant_back_before_its_coordinator_asks_until_it_hears,
    both::coordinator_back_before_its_participant_tells_until_it_is_heard,
    both::power_cut_with_votes_on_their_way_aborts,
    both::power_cut_with_commits_on_their_way_commits,
    both::power_cut_under_load_conserves_the_total,
    both::three_power_cuts_under_load_conserve_the_total,
    tails::participant_lost_with_prepares_unsynced_aborts,
    tails::participant_lost_with_commits_unsynced_commits_once,
    tails::participant_lost_with_aborts_unsynced_asks_again,
    tails::coordinator_lost_with_decisions_unsynced_agrees,
    tails::coordinator_lost_with_ends_unsynced_commits_all,
}
