//! The random load without a seeded bug: nothing is caught.

use std::collections::BTreeSet;

use harness_core::Cast;
use mutants::{Round, round};
use rstest::rstest;

/// Rounds in which something was, by what was wrong, of which there is a test where that was put right: what a seed draws
/// may change.
#[rstest]
#[case::coordinator_told_aborted_what_an_only_participant_had_committed(1118, 111)]
#[case::participant_forgot_in_a_crash_who_was_deposed(798, 628)]
#[case::validator_held_isolation_against_what_operators_tore_apart(229, 623)]
#[case::validator_held_it_against_them_with_transfers(1331, 495)]
#[case::validator_had_forgotten_what_an_operator_committed_late(1525, 303)]
#[case::validator_bound_a_participant_to_an_abort_that_nobody_heard_of(11, 76)]
#[case::validator_took_unknown_for_aborted_where_all_had_only_read(1315, 399)]
#[case::validator_held_a_vote_to_be_given_that_left_when_all_was_over(2558, 495)]
#[case::validator_forgot_that_operators_had_decided(3504, 271)]
fn a_round_that_once_failed_passes(#[case] seed: u64, #[case] number: u64) {
    run(seed, number);
}

#[test]
fn nothing_is_caught_where_no_bug_is_seeded() {
    let seeds = 0..20;
    seeds.for_each(|seed| _ = storm(seed, 500));
}

/// A million transactions of a hundred seeds.
#[test]
fn a_million_transactions_break_nothing_soak() {
    let seeds = 100..200;
    let transactions: u64 = seeds.map(|seed| storm(seed, 640)).sum();
    assert!(transactions >= 1_000_000, "{transactions}");
}

/// Runs so many rounds of a storm, and says how many transactions they had.
fn storm(seed: u64, rounds: u64) -> u64 {
    let (mut transactions, mut faults) = (0, 0);
    for number in 0..rounds {
        let round = run(seed, number);
        transactions += round.scenario.transaction_count();
        faults += round.faults();
    }
    assert!(faults > transactions, "{faults} faults in {transactions} transactions");
    transactions
}

fn run(seed: u64, number: u64) -> Round {
    let round = round(&Cast::reference(), seed, number).expect("the round can be run");
    for with_log in [true, false] {
        let caught = round.caught(with_log);
        assert_eq!(caught, BTreeSet::new(), "seed {seed}, round {number}: {}", round.validation(with_log));
    }
    round
}
