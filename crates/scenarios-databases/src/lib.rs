//! The category Databases: what is known to go wrong with prepared transactions in PostgreSQL and MariaDB. Each scenario
//! runs in the simulator too, where it has to come out the same.

pub mod kills;
pub mod work;

harness_core::catalog! {
    "Databases": "Prepared transactions of real databases, under kill -9 and lost replies.";
    work::transfer_commits,
    work::transfers_conserve_the_total,
    work::branch_that_reads_takes_no_part_in_phase_two,
    work::single_database_commits_in_one_phase,
    work::repeated_gid_is_refused_by_a_database,
    kills::coordinator_killed_before_execute_is_sent,
    kills::coordinator_killed_before_prepare_is_sent,
    kills::coordinator_killed_after_prepare_is_sent,
    kills::coordinator_killed_before_a_vote_is_received,
    kills::coordinator_killed_after_a_vote_is_received,
    kills::coordinator_killed_before_its_decision_is_forced,
    kills::coordinator_killed_after_its_decision_is_forced,
    kills::coordinator_killed_before_its_decision_is_sent,
    kills::coordinator_killed_after_its_decision_is_sent,
    kills::coordinator_killed_before_its_answer,
    kills::coordinator_killed_after_its_answer,
    kills::coordinator_killed_before_an_acknowledgement_is_received,
    kills::coordinator_killed_after_an_acknowledgement_is_received,
    kills::coordinator_killed_before_end_is_logged,
    kills::coordinator_killed_after_end_is_logged,
    kills::coordinator_killed_again_before_it_reads_its_log,
    kills::coordinator_killed_again_after_it_has_read_its_log,
    kills::coordinator_killed_again_before_it_resends_its_decision,
    kills::coordinator_killed_for_good_blocks,
    kills::database_killed_before_its_work,
    kills::database_killed_after_its_work,
    kills::database_killed_before_it_prepares,
    kills::database_killed_once_prepared,
    kills::database_killed_after_its_vote,
    kills::database_killed_before_it_commits,
    kills::database_killed_once_committed,
    kills::database_killed_after_its_acknowledgement,
    kills::all_databases_killed_between_prepare_and_commit,
    kills::everybody_killed_between_prepare_and_commit,
}
