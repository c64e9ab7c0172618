//! Each anomaly that must not happen does happen where participants keep transactions apart too little, and its
//! scenario says so.

use std::collections::BTreeMap;

use harness_core::history::{Fact, Gid, Key, Nanos, Value};
use harness_core::{
    Cast, Locking, Property, TestHarnessConfig, TwoPhaseCommitTestHarness, Verdict, VirtualParticipant,
};
use protocol::{Effect, Effects, Input, Participant};
use rstest::rstest;

/// A participant whose reads see what was written last, committed or not.
struct DirtyReads {
    inside: VirtualParticipant,
    wrote: BTreeMap<Key, Gid>,
    effects: Effects,
}

impl Participant for DirtyReads {
    fn step(&mut self, now: Nanos, input: Input<'_>, effects: &mut Effects) {
        self.effects.reset(effects.next_position());
        self.inside.step(now, input, &mut self.effects);
        for mut effect in self.effects.drain() {
            match &mut effect {
                Effect::Note(Fact::Wrote { gid, key, .. }) => {
                    self.wrote.insert(*key, *gid);
                }
                Effect::Note(Fact::Read { key, writer, .. }) => {
                    *writer = self.wrote.get(key).copied().unwrap_or(*writer);
                }
                _ => {}
            }
            effects.push(effect);
        }
    }

    fn oldest_unsettled(&self) -> Option<Gid> {
        self.inside.oldest_unsettled()
    }

    fn in_doubt(&self) -> Vec<Gid> {
        self.inside.in_doubt()
    }

    fn locks(&self) -> Vec<(Gid, Key)> {
        self.inside.locks()
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        self.inside.contents()
    }
}

/// How participants fail to keep transactions apart.
#[derive(Clone, Copy, Debug)]
enum Broken {
    Locks(Locking),
    DirtyReads,
}

/// What is wrong with a run of a scenario, and whether isolation is.
fn run(scenario: &str, broken: Broken) -> (Vec<String>, bool) {
    let scenario = suite::catalog(3).find_scenario_by_name(scenario).expect("it is in the catalogue");
    let cast = match broken {
        Broken::Locks(locking) => Cast::reference()
            .with_participant(move |id, config| VirtualParticipant::new(id, *config).locking(locking)),
        Broken::DirtyReads => Cast::reference().with_participant(|id, config| DirtyReads {
            inside: VirtualParticipant::new(id, *config).locking(Locking::WritesOnly),
            wrote: BTreeMap::new(),
            effects: Effects::default(),
        }),
    };
    let harness = TwoPhaseCommitTestHarness::new(TestHarnessConfig { seed: 0, cast });
    let result = harness.run_scenario(&scenario).expect("the scenario can be run");
    let isolation = result.validation.check(Property::Isolation).expect("it is judged");
    (result.failures, isolation.verdict == Verdict::Violated)
}

#[rstest]
#[case::lost_update("lost_update_does_not_happen", Broken::Locks(Locking::Nothing))]
#[case::lost_update_of_many(
    "lost_update_of_a_hundred_clients_does_not_happen",
    Broken::Locks(Locking::Nothing)
)]
#[case::write_skew("write_skew_does_not_happen", Broken::Locks(Locking::WritesOnly))]
#[case::write_skew_in_turn(
    "write_skew_in_opposite_orders_does_not_happen",
    Broken::Locks(Locking::WritesOnly)
)]
#[case::dirty_read_of_an_abort("dirty_read_of_an_abort_does_not_happen", Broken::DirtyReads)]
#[case::fractured_read("fractured_read_of_a_late_commit_does_not_happen", Broken::Locks(Locking::WritesOnly))]
#[case::unrepeatable_read("read_is_repeatable", Broken::Locks(Locking::Nothing))]
fn where_they_are_kept_apart_too_little_the_anomaly_happens(#[case] scenario: &str, #[case] broken: Broken) {
    let (failures, isolation) = run(scenario, Broken::Locks(Locking::Strict));
    assert!(failures.is_empty() && !isolation, "{failures:?}");
    let (failures, isolation) = run(scenario, broken);
    assert!(isolation, "{failures:?}");
}

/// Here nothing is disturbed yet, but somebody did not wait who must: with other timing he would have been.
#[rstest]
#[case::dirty_write("dirty_write_does_not_happen", Broken::Locks(Locking::Nothing))]
#[case::dirty_read("dirty_read_of_an_undecided_commit_does_not_happen", Broken::DirtyReads)]
#[case::early_read(
    "dirty_read_of_an_undecided_commit_does_not_happen",
    Broken::Locks(Locking::UntilPrepared)
)]
#[case::fractured_read("fractured_read_does_not_happen", Broken::Locks(Locking::WritesOnly))]
#[case::fractured_read_in_turn(
    "fractured_read_in_opposite_orders_does_not_happen",
    Broken::Locks(Locking::WritesOnly)
)]
fn where_nobody_waits_a_scenario_says_so(#[case] scenario: &str, #[case] broken: Broken) {
    let (failures, _) = run(scenario, broken);
    assert!(failures.iter().any(|failure| failure.starts_with("expected ")), "{failures:?}");
}
