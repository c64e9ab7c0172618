//! The category Basic: two-phase commit with nothing unusual. Who votes what, how large it gets, and the crashes
//! that every user knows by heart.

pub mod crashes;
pub mod sizes;
pub mod votes;

harness_core::catalog! {
    "Basic": "Two-phase commit with nothing unusual: votes, sizes, and one crash at a time.";
    votes::simple_commit_three_participants,
    votes::all_yes_commits,
    votes::one_no_aborts,
    votes::all_no_aborts,
    votes::single_participant_commits_in_one_phase,
    votes::read_only_participant_skips_phase_two,
    votes::all_read_only_writes_no_decision,
    votes::mixed_transactions_all_end,
    votes::empty_write_set_commits,
    votes::client_aborts_before_prepare,
    votes::repeated_gid_is_refused,
    votes::repeated_gid_is_refused_after_a_restart,
    crashes::single_participant_crash,
    crashes::coordinator_crash_after_prepare,
    crashes::coordinator_crash_before_decision_is_durable,
    sizes::thousand_keys_in_one_transaction,
    sizes::ten_thousand_transactions_in_sequence,
    sizes::hundred_in_flight,
    sizes::hundred_participants_in_one_transaction,
    sizes::thousand_participants_in_one_transaction,
}
