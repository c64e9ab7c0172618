//! The category Scale: what is large in participants, transactions, clients or keys, and how large it may make logs and
//! memory.

pub mod bounds;
pub mod many;
pub mod wide;

/// The number of participants of a scenario that needs three.
fn three_or(participants: u32) -> u32 {
    participants.max(3)
}

harness_core::catalog! {
    "Scale": "Many participants, transactions and clients, and logs and memory that stay bounded.";
    wide::thousand_participants_all_vote,
    wide::five_thousand_participants_all_vote,
    wide::one_no_of_a_thousand_aborts_all,
    wide::coordinator_lost_with_a_thousand_prepared_recovers_all,
    many::ten_thousand_in_flight_commit,
    many::hundred_thousand_transactions_commit,
    many::ten_thousand_branches_in_doubt_at_once_all_end,
    bounds::log_of_a_busy_key_stays_short,
    bounds::log_stays_short_under_many_clients,
    bounds::log_stays_short_while_a_participant_is_away,
    bounds::log_stays_short_through_crashes,
    bounds::aborts_leave_nothing_in_the_log,
}
