//! Twelve weeks, each of which is a test: parts of them can run on several machines.

use harness_core::Cost;
use rstest::rstest;
use soak::{Cluster, SoakPlan};

/// What must be enough memory, however long a soak goes on.
const MEMORY_MAX: u64 = 128 << 20;

#[rstest]
fn a_week_passes_soak(#[values(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)] week: u32) {
    let plan = SoakPlan {
        seed: 0,
        clusters: 12,
        participants: 100,
        duration: "1w".parse().expect("a span"),
        epoch: "1h".parse().expect("a span"),
        rate: "1/s".parse().expect("a rate"),
        faults: "1/min".parse().expect("a rate"),
        failpoints: None,
    };
    let mut cluster = Cluster::new(&plan, week - 1);
    let (mut transactions, mut faults) = (0, 0);
    while !cluster.is_over() {
        let record = cluster.live().expect("it can be run");
        assert!(record.passed(), "epoch {} (seed {}): {:?}", record.epoch, record.seed, record.failures);
        (transactions, faults) = (transactions + record.tally.transactions, faults + record.faults_drawn);
    }
    assert_eq!((transactions, faults), (7 * 24 * 3_600, 7 * 24 * 60));
    assert!(Cost::peak_memory() < MEMORY_MAX, "{} bytes", Cost::peak_memory());
}
