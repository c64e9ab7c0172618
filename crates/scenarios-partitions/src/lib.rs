//! The category Network Partitions: links that are cut, in both directions or one, for a while or in turns; and
//! messages that are lost, late, repeated, overtaken or damaged, kind by kind and many at a time.

pub mod cuts;
pub mod directions;
pub mod heals;
pub mod lates;
pub mod losses;
pub mod repeats;
pub mod storms;

use harness_core::history::{MessageKind, NodeId, ParticipantId};
use harness_core::{LinkEffect, Load, NetworkFault, TestScenario};

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

/// Many transactions that move money, of which each must end, and none may make or lose any.
fn transfers(participants: u32, description: &str) -> TestScenario {
    TestScenario::new(description, three_or(participants))
        .load(Load::transfers(200, 3))
        .in_flight(10)
        .expect_unknown(0)
        .may_abort()
        .may_wait_ms(10_000)
}

fn cut() -> NetworkFault {
    NetworkFault::everywhere(LinkEffect::Cut)
}

fn lost() -> NetworkFault {
    NetworkFault::everywhere(LinkEffect::Lose { percent: 100 })
}

/// Delays the first message of a kind to rm2, and lets those behind it pass.
fn overtaken(ms: u64, message: MessageKind, scenario: TestScenario) -> TestScenario {
    let [late, out_of_order] =
        [LinkEffect::Delay { min_ms: ms, max_ms: ms }, LinkEffect::Reorder { percent: 100, within_ms: 1 }]
            .map(|effect| NetworkFault::everywhere(effect).of(message).sent_to(rm(2)).times(1));
    scenario.network(late).network(out_of_order)
}

harness_core::catalog! {
    "Network Partitions": "Links are cut, and messages lost, late, repeated, overtaken or damaged.";
    cuts::participant_cut_off_before_prepare_aborts,
    cuts::participant_cut_off_while_voting_asks_and_aborts,
    cuts::participant_cut_off_after_its_vote_commits_when_healed,
    cuts::coordinator_cut_off_while_voting_aborts,
    cuts::coordinator_cut_off_after_its_decision_commits_when_healed,
    cuts::split_in_half_while_voting_aborts,
    cuts::split_in_half_after_decision_commits_when_healed,
    cuts::split_in_half_under_load_conserves_the_total,
    cuts::only_participant_cut_off_when_it_committed_commits,
    cuts::flapping_link_lets_the_commit_through,
    cuts::flapping_network_under_load_conserves_the_total,
    cuts::each_link_cut_in_turn_aborts_one_each,
    directions::participant_that_is_not_heard_aborts,
    directions::participant_that_does_not_hear_aborts,
    directions::participant_that_cannot_vote_hears_the_abort,
    directions::participant_that_cannot_be_told_asks_in_vain_and_commits,
    directions::participant_that_cannot_acknowledge_is_told_again,
    directions::coordinator_that_is_not_heard_commits_when_healed,
    directions::coordinator_that_does_not_hear_aborts,
    heals::prepare_cut_and_healed_before_the_timeout_hears_the_abort,
    heals::vote_cut_and_healed_before_the_timeout_hears_the_abort,
    heals::vote_cut_and_healed_after_the_timeout_asks,
    heals::commit_cut_and_healed_before_it_is_sent_again_is_heard,
    heals::commit_cut_and_healed_before_the_participant_asks_is_answered,
    losses::execute_lost_once_aborts,
    losses::executed_lost_once_aborts,
    losses::prepare_lost_once_aborts,
    losses::vote_lost_once_aborts,
    losses::no_vote_lost_once_aborts,
    losses::commit_lost_once_is_sent_again,
    losses::acknowledgement_lost_once_is_given_again,
    losses::abort_lost_once_is_asked_for,
    losses::inquiry_lost_once_is_asked_again,
    losses::abort_reply_lost_once_is_asked_for_again,
    losses::commit_reply_lost_once_leaves_it_to_the_commit,
    losses::recover_lost_leaves_it_to_patience,
    losses::one_phase_commit_lost_once_is_sent_again,
    losses::one_phase_answer_lost_once_is_given_again,
    storms::every_prepare_lost_aborts,
    storms::every_vote_lost_aborts,
    storms::every_commit_lost_twice_is_asked_for,
    storms::every_abort_lost_is_asked_for,
    storms::acknowledgement_lost_five_times_is_given_until_heard,
    storms::one_percent_loss_conserves_the_total,
    storms::ten_percent_loss_conserves_the_total,
    storms::thirty_percent_loss_conserves_the_total,
    storms::damaged_prepare_aborts,
    storms::damaged_vote_aborts,
    storms::damaged_commit_is_sent_again,
    storms::ten_percent_damage_conserves_the_total,
    lates::execute_past_the_timeout_is_rolled_back,
    lates::executed_past_the_timeout_changes_nothing,
    lates::prepare_past_the_timeout_binds_until_the_abort,
    lates::vote_after_the_abort_changes_nothing,
    lates::commit_past_its_retry_is_applied_once,
    lates::acknowledgement_past_the_retry_changes_nothing,
    lates::abort_past_the_patience_of_the_participant_is_asked_for,
    lates::inquiry_past_the_next_one_is_answered_twice,
    lates::reply_past_the_next_inquiry_comes_twice,
    lates::execute_after_the_abort_begins_nothing,
    lates::prepare_after_the_abort_is_answered_no,
    lates::commit_after_the_end_is_acknowledged_again,
    lates::link_hundred_times_slower_commits,
    lates::network_hundred_times_slower_commits_all,
    repeats::execute_twice_is_done_once,
    repeats::prepare_twice_is_one_promise,
    repeats::vote_twice_counts_once,
    repeats::vote_twice_does_not_stand_for_another,
    repeats::commit_twice_is_applied_once,
    repeats::acknowledgement_twice_changes_nothing,
    repeats::acknowledgement_twice_does_not_stand_for_another,
    repeats::abort_twice_changes_nothing,
    repeats::inquiry_twice_is_answered_twice,
    repeats::one_phase_commit_twice_is_decided_once,
    repeats::everything_twice_commits_all,
    repeats::everything_twice_much_later_commits_all,
    repeats::reordered_messages_commit_all,
    repeats::abort_that_overtakes_prepare_is_final,
    repeats::execute_that_overtakes_commit_waits_for_its_locks,
}
