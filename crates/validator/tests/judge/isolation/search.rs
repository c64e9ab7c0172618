//! The checker and a search through all orders say the same of every small history, at every level.

use super::brute::Facts;
use super::random::{Faults, Random, Step, history, judge};
use validator::isolation::Level;

const KEYS: usize = 3;

fn drawn(seed: u64, transactions: usize) -> Vec<Step> {
    let mut random = Random::new(seed);
    let faults = [
        Faults { stale: 0, dirty: 0, aborts: 10 },
        Faults { stale: 40, dirty: 0, aborts: 0 },
        Faults { stale: 15, dirty: 5, aborts: 10 },
        Faults { stale: 0, dirty: 30, aborts: 20 },
    ];
    let faults = faults[random.below(4)];
    let transactions = 2 + random.below(transactions - 1);
    history(&mut random, transactions, KEYS, faults)
}

/// Compares at a level; returns how many were permitted and how many were not.
fn compare(level: Level, transactions: usize, histories: u64) -> [u64; 2] {
    let mut seen = [0; 2];
    for seed in 0..histories {
        let steps = drawn(seed, transactions);
        let permitted = Facts::of(&steps, KEYS).is(level);
        let judgement = judge(&steps, level, 100);
        assert_eq!(judgement.is_valid(), permitted, "{level}, seed {seed}: {steps:#?}\n{judgement:#?}");
        assert_eq!(judgement.unclear, None);
        seen[usize::from(permitted)] += 1;
    }
    seen
}

#[track_caller]
fn agrees(level: Level, transactions: usize, histories: u64) {
    let [violated, permitted] = compare(level, transactions, histories);
    assert!(violated > histories / 100 && permitted > histories / 100, "{violated} and {permitted}");
}

#[test]
fn strict_serializability_is_that_of_all_orders() {
    agrees(Level::StrictSerializable, 6, 6_000);
}

#[test]
fn serializability_is_that_of_all_orders() {
    agrees(Level::Serializable, 6, 6_000);
    agrees(Level::RepeatableRead, 5, 1_000);
    agrees(Level::StrongSessionSerializable, 5, 1_000);
}

#[test]
fn snapshot_isolation_is_that_of_all_snapshots() {
    agrees(Level::SnapshotIsolation, 5, 4_000);
    agrees(Level::StrongSnapshotIsolation, 5, 4_000);
    agrees(Level::StrongSessionSnapshotIsolation, 4, 1_000);
}

#[test]
fn the_weak_levels_are_those_of_their_definitions() {
    agrees(Level::Causal, 6, 4_000);
    agrees(Level::ReadAtomic, 6, 4_000);
    agrees(Level::ReadCommitted, 6, 4_000);
}

#[test]
fn writes_in_a_circle_cannot_come_from_commits_in_an_order() {
    let [violated, permitted] = compare(Level::ReadUncommitted, 5, 1_000);
    assert_eq!((violated, permitted), (0, 1_000));
}

#[test]
fn a_window_that_is_too_small_is_unclear_and_never_wrong() {
    let (mut unclear, mut violated) = (0, 0);
    for seed in 0..4_000 {
        let steps = drawn(seed, 6);
        for level in [Level::Serializable, Level::StrictSerializable, Level::SnapshotIsolation] {
            let permitted = Facts::of(&steps, KEYS).is(level);
            for window in [1, 2, 3] {
                let judgement = judge(&steps, level, window);
                unclear += u64::from(judgement.unclear.is_some());
                violated += judgement.violated();
                if judgement.violated() > 0 {
                    assert!(!permitted, "{level}, window {window}, seed {seed}: {steps:#?}\n{judgement:#?}");
                } else if judgement.unclear.is_none() {
                    assert!(permitted, "{level}, window {window}, seed {seed}: {steps:#?}\n{judgement:#?}");
                }
            }
        }
    }
    assert!(unclear > 500 && violated > 500, "{unclear} unclear, {violated} violated");
}
