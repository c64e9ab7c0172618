//! Each kind of load catches what is broken: a soak with mutants in it.

use std::collections::BTreeMap;

use harness_core::{Cast, LoadKind};
use rstest::rstest;
use soak::{Cluster, SoakPlan};

const KINDS: [LoadKind; 3] = [LoadKind::Transfers, LoadKind::Updates, LoadKind::Appends];

/// How many epochs a cluster of this cast has lived through of each kind, and how many of them this was said of.
fn said_of_epochs(cast: Cast, said: &str) -> BTreeMap<LoadKind, [u32; 2]> {
    let plan = SoakPlan {
        seed: 0,
        clusters: 1,
        participants: 10,
        duration: "2h".parse().expect("a span"),
        epoch: "6m".parse().expect("a span"),
        rate: "1/s".parse().expect("a rate"),
        faults: "10/min".parse().expect("a rate"),
        failpoints: None,
    };
    let mut cluster = Cluster::new(&plan, 0).cast(cast);
    let mut epochs = BTreeMap::new();
    while !cluster.is_over() {
        let record = cluster.live().expect("it can be run");
        let kind = plan.scenario(0, record.epoch).load.expect("each epoch has a load").kind;
        let [lived, of_those] = epochs.entry(kind).or_insert([0; 2]);
        *lived += 1;
        *of_those += u32::from(record.failures.iter().any(|failure| failure.starts_with(said)));
    }
    epochs
}

#[track_caller]
fn are_caught(mutant: &str, kinds: &[LoadKind]) {
    let all = mutants::catalogue();
    let mutant = all.iter().find(|other| other.name == mutant).expect("there is such a mutant");
    let epochs = said_of_epochs(mutant.infect(Cast::reference()), &mutant.caught_by.to_string());
    for kind in kinds {
        assert!(epochs[kind][1] > 0, "{mutant:?} withstands {kind:?}: {epochs:?}");
    }
}

#[test]
fn nothing_is_said_of_what_is_healthy() {
    let epochs = said_of_epochs(Cast::reference(), "");
    assert!(KINDS.iter().all(|kind| epochs[kind][0] > 1), "all kinds have their turn: {epochs:?}");
    assert!(epochs.values().all(|[_, said]| *said == 0), "{epochs:?}");
}

#[rstest]
#[case::votes("no_vote_swallowed")]
#[case::timeouts("late_yes_turns_an_abort_into_a_commit")]
#[case::decisions("abort_after_a_timeout_in_phase_two")]
#[case::recovery("undecided_recovered_as_commit")]
#[case::logs("client_told_before_the_decision_is_durable")]
#[case::promises("last_write_of_a_promise_lost")]
#[case::application("duplicate_commit_applied_again")]
#[case::locks("locks_released_at_prepare")]
#[case::conflicts("conflicts_ignored")]
fn each_kind_of_load_catches(#[case] mutant: &str) {
    are_caught(mutant, &KINDS);
}

/// Transfers read what they write, under the same lock, and nothing else.
#[test]
fn reads_without_locks_show_where_somebody_reads_only() {
    are_caught("reads_without_locks", &[LoadKind::Updates, LoadKind::Appends]);
}
