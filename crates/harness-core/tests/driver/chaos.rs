//! Faults drawn from the seed: they are of the kinds that were asked for, they strike in the narrow windows, and the
//! same seed draws the same; and what they cost is measured against a run without them.

use std::collections::BTreeSet;
use std::mem;

use harness_core::history::{Fact, FaultKind, Gid, History, Key, Nanos, NodeId, ParticipantId, Value};
use harness_core::{
    Chaos, FactCount, Gauge, Load, SlaRequirements, TestHarnessConfig, TestResult, TestScenario,
    TwoPhaseCommitTestHarness, Untouched, Victims,
};

const KINDS: [FaultKind; 15] = [
    FaultKind::Crash,
    FaultKind::VoteNo,
    FaultKind::Pause,
    FaultKind::SlowNode,
    FaultKind::SlowSync,
    FaultKind::Clock,
    FaultKind::Loss,
    FaultKind::Delay,
    FaultKind::Duplicate,
    FaultKind::Reorder,
    FaultKind::Corrupt,
    FaultKind::Partition,
    FaultKind::FailingSync,
    FaultKind::DiskFull,
    FaultKind::TornTail,
];

fn under(chaos: Chaos) -> TestScenario {
    TestScenario::new("Transfers amid chaos.", 4)
        .load(Load::transfers(200, 3))
        .in_flight(5)
        .sla(SlaRequirements { commit_p99_max_ms: 60_000.0, ..SlaRequirements::chaos() })
        .chaos(chaos)
}

fn run(scenario: &TestScenario, seed: u64) -> (TestResult, History) {
    let harness = TwoPhaseCommitTestHarness::new(TestHarnessConfig { seed, ..TestHarnessConfig::default() });
    harness.run_recorded(scenario).expect("the scenario is valid")
}

fn fired(history: &History) -> BTreeSet<FaultKind> {
    let kinds = history.events.iter().filter_map(|event| match event.fact {
        Fact::FaultFired { kind, .. } => Some(kind),
        _ => None,
    });
    kinds.collect()
}

#[test]
fn a_plan_of_one_kind_causes_that_kind_and_no_other() {
    for kind in KINDS {
        for seed in 0..5 {
            let (result, history) = run(&under(Chaos::of(&[kind])), seed);
            assert!(result.passed, "{kind}, seed {seed}: {:#?}\n{}", result.failures, result.validation);
            assert_eq!(fired(&history), BTreeSet::from([kind]), "seed {seed}");
        }
    }
}

#[test]
fn the_same_seed_draws_the_same_faults_and_another_seed_others() {
    let scenario = under(Chaos { swarm: true, ..Chaos::of(&KINDS) });
    let digests: Vec<String> = [3, 3, 4].map(|seed| run(&scenario, seed).0.digest).into();
    assert_eq!(digests[0], digests[1]);
    assert_ne!(digests[0], digests[2]);
}

#[test]
fn a_swarm_leaves_out_kinds() {
    let scenario = under(Chaos { swarm: true, ..Chaos::of(&KINDS) });
    let all: Vec<BTreeSet<FaultKind>> = (0..20).map(|seed| fired(&run(&scenario, seed).1)).collect();
    assert!(KINDS.iter().all(|kind| all.iter().any(|kinds| kinds.contains(kind))), "{all:?}");
    assert!(KINDS.iter().all(|kind| all.iter().any(|kinds| !kinds.contains(kind))), "{all:?}");
}

/// What a node did last before each of its crashes, by the kind of fact: crashes at random instants come between steps,
/// after the last fact of one.
#[test]
fn crashes_strike_between_any_two_effects() {
    let mut before = BTreeSet::new();
    for seed in 0..100 {
        let (_, history) = run(&under(Chaos::of(&[FaultKind::Crash])), seed);
        for pair in history.events.windows(3) {
            if let (Fact::FaultFired { .. }, Fact::Crashed) = (pair[1].fact, pair[2].fact)
                && pair[0].node == pair[1].node
            {
                before.insert(format!("{:?}", mem::discriminant(&pair[0].fact)));
            }
        }
    }
    assert!(before.len() >= 12, "only after {before:?}");
}

#[test]
fn a_power_cut_strikes_all_nodes_at_one_instant() {
    let (result, history) = run(&under(Chaos::of(&[FaultKind::Crash]).on(Victims::Everybody)), 1);
    assert!(result.passed, "{:#?}", result.failures);
    let crashes: Vec<(Nanos, NodeId)> = history
        .events
        .iter()
        .filter_map(|event| matches!(event.fact, Fact::Crashed).then_some((event.at, event.node)))
        .collect();
    assert!(crashes.chunks(5).all(|cut| cut.len() == 5 && cut.iter().all(|&(at, _)| at == cut[0].0)));
}

#[test]
fn a_plan_of_which_nothing_fires_fails() {
    let never = Chaos { from_ms: 1_000_000_000, ..Chaos::of(&KINDS) };
    let (result, history) = run(&under(never), 0);
    assert_eq!(result.failures, ["inert: no fault of the seeded plan ever fired"]);
    assert!(fired(&history).is_empty());
}

/// One key a participant: whoever waits for a lock of a participant that is cut off is hit, though it does not touch it.
#[test]
fn what_spreads_to_others_breaks_the_service_level() {
    let chaos = Chaos::of(&[FaultKind::Partition]).on(Victims::Participants(1));
    let mut scenario = under(chaos);
    scenario.load = Some(Load { keys: 1, ..Load::transfers(2_000, 2) });
    let (result, _) = run(&scenario, 0);
    let degradation = result.degradation.expect("it has a twin");
    assert!(degradation.all.throughput > 0.5, "{degradation:?}");
    assert!(matches!(degradation.untouched, Untouched::Lost(lost) if lost.throughput > 0.05));
    assert!(!result.meets_sla && !result.passed);
    let breach = "service level: untouched_throughput_lost is ";
    assert!(result.failures.iter().any(|failure| failure.starts_with(breach)), "{:?}", result.failures);
}

#[test]
fn where_the_coordinator_is_struck_nobody_is_untouched() {
    let (result, _) = run(&under(Chaos::of(&[FaultKind::Pause]).on(Victims::Everybody)), 0);
    let degradation = result.degradation.expect("it has a twin");
    assert_eq!(degradation.untouched, Untouched::CoordinatorStruck);
}

#[test]
fn an_expectation_of_counts_bounds_and_values_fails_where_it_is_wrong() {
    let told = |scenario: TestScenario| run(&scenario, 0).0.failures;
    let plain = || TestScenario::new("Two write the same key.", 3).writing_to(2).writing_to(2);
    let right = plain()
        .expect_count(FactCount::LockWaited, 0)
        .expect_count(FactCount::ReadFrom(Gid(1)), 0)
        .expect_at_most(Gauge::LogRecords, 4)
        .expect_at_most(Gauge::OpenTransactions, 2)
        .expect_stored(ParticipantId(2), Key(1), Value(2));
    assert!(told(right).is_empty());
    let wrong = plain()
        .expect_count(FactCount::LockWaited, 1)
        .expect_count(FactCount::ReadFrom(Gid(1)), 1)
        .expect_at_most(Gauge::LogRecords, 3)
        .expect_at_most(Gauge::OpenTransactions, 1)
        .expect_stored(ParticipantId(2), Key(1), Value(3))
        .expect_stored(ParticipantId(3), Key(1), Value(3));
    assert_eq!(
        told(wrong),
        [
            "expected 1 waits for a lock, found 0",
            "expected 1 reads of what t1 wrote, found 0",
            "expected at most 3 records in a log, found 4",
            "expected at most 1 open transactions, found 2",
            "expected rm2 to hold 3 for k1, found 2",
            "expected rm3 to hold 3 for k1, found 0",
        ]
    );
}
