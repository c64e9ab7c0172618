//! A run on what an earlier one has left: nothing is lost on the way, and what is lost is told.

use harness_core::history::{Fact, FaultKind, Gid, History, Key, Nanos, NodeId, Value};
use harness_core::{
    Arrivals, Cast, Chaos, DurableState, Epoch, Load, SlaRequirements, TestHarnessConfig, TestScenario,
    TwoPhaseCommitTestHarness, Verdict, Victims,
};
use protocol::{Effects, Input, Participant};

fn scenario() -> TestScenario {
    let chaos = Chaos {
        evenly: true,
        every_ms: 1_000,
        until_ms: 90_000,
        ..Chaos::of(Chaos::KINDS).on(Victims::AtWork)
    };
    let mut scenario = TestScenario::new("A hundred seconds.", 6)
        .load(Load { participants_min: 1, keys: 20, ..Load::transfers(200, 4) })
        .in_flight(20)
        .sla(SlaRequirements::chaos())
        .chaos(chaos);
    scenario.arrivals = Some(Arrivals { every: Nanos::from_millis(500), at_once_max: 8 });
    scenario
}

fn run(cast: &Cast, seed: u64, start: &DurableState) -> (Epoch, History) {
    let harness = TwoPhaseCommitTestHarness::new(TestHarnessConfig { seed, cast: cast.clone() });
    harness.run_epoch_recorded(&scenario(), start).expect("it can be run")
}

fn passes(seed: u64, start: &DurableState) -> (Epoch, History) {
    let (epoch, history) = run(&Cast::reference(), seed, start);
    assert!(epoch.result.passed, "{:?}\n{}", epoch.result.failures, epoch.result.validation);
    (epoch, history)
}

/// What stores hold at the end, and at the start.
fn held(history: &History, at_end: bool) -> Vec<(NodeId, Key, Value)> {
    let held = history.events.iter().filter_map(|event| match event.fact {
        Fact::Stored { key, value } if at_end => Some((event.node, key, value)),
        Fact::Inherited { key, value, .. } if !at_end => Some((event.node, key, value)),
        _ => None,
    });
    held.collect()
}

fn begun(history: &History) -> Vec<(Gid, Nanos)> {
    let begun = history.events.iter().filter_map(|event| match event.fact {
        Fact::Begun { gid, .. } => Some((gid, event.at)),
        _ => None,
    });
    begun.collect()
}

#[test]
fn a_run_goes_on_where_the_one_before_ended() {
    for seed in 0..5 {
        let (first, before) = passes(seed, &DurableState::default());
        let (second, after) = passes(seed + 100, &first.state);
        assert!(held(&before, false).is_empty());
        assert_eq!(held(&before, true), held(&after, false));
        let ids: Vec<Gid> = [begun(&before), begun(&after)].concat().iter().map(|&(gid, _)| gid).collect();
        assert!(ids.iter().map(|gid| gid.0).eq(1..=400), "ids ascend over both");
        let (again, same) = passes(seed + 100, &first.state);
        assert_eq!((again.digest, again.state), (second.digest, second.state));
        assert_eq!(same.events, after.events);
    }
}

/// Only its end differs: logs are shortened there.
#[test]
fn an_epoch_on_nothing_is_judged_like_any_run() {
    for seed in 0..3 {
        let (epoch, history) = passes(seed, &DurableState::default());
        let config = TestHarnessConfig { seed, ..TestHarnessConfig::default() };
        let (run, same) =
            TwoPhaseCommitTestHarness::new(config).run_recorded(&scenario()).expect("it can be run");
        assert_eq!(same.header, history.header);
        assert_eq!((begun(&same), held(&same, true)), (begun(&history), held(&history, true)));
        assert_eq!(run.validation.checks, epoch.result.validation.checks);
        assert_eq!(run.outcomes, epoch.result.outcomes);
    }
}

#[test]
fn what_a_run_leaves_is_what_its_stores_hold_and_no_longer_logs_than_that() {
    let mut state = DurableState::default();
    let mut sizes = Vec::new();
    for seed in 0..6 {
        state = passes(seed, &state).0.state;
        sizes.push(format!("{state:?}").len());
    }
    // All keys are in use after the second run at the latest; from there on nothing grows.
    let (least, most) = (sizes[2..].iter().min(), sizes[2..].iter().max());
    assert!(most < least.map(|least| least + least / 10).as_ref(), "{sizes:?}");
}

/// A participant that starts on an empty log, whatever is there.
struct Forgetful(Box<dyn Participant>);

impl Participant for Forgetful {
    fn step(&mut self, now: Nanos, input: Input<'_>, effects: &mut Effects) {
        let input = match input {
            Input::Start { epoch, .. } => Input::Start { log: &[], epoch },
            other => other,
        };
        self.0.step(now, input, effects);
    }

    fn oldest_unsettled(&self) -> Option<Gid> {
        self.0.oldest_unsettled()
    }

    fn in_doubt(&self) -> Vec<Gid> {
        self.0.in_doubt()
    }

    fn locks(&self) -> Vec<(Gid, Key)> {
        self.0.locks()
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        self.0.contents()
    }
}

#[test]
fn what_a_participant_forgets_between_two_runs_is_a_violation() {
    let (first, _) = passes(0, &DurableState::default());
    let forgetful = Cast::reference().around_participant(Forgetful);
    let (second, _) = run(&forgetful, 1, &first.state);
    assert_eq!(second.result.validation.verdict, Verdict::Violated);
    let broken = second.result.failures.join("\n");
    assert!(broken.contains("durability") && broken.contains("consistency"), "{broken}");
}

#[test]
fn clients_come_in_their_time_and_faults_strike_those_at_work() {
    let (epoch, history) = passes(3, &DurableState::default());
    assert_eq!(epoch.faults_drawn, 90);
    let begun = begun(&history);
    let middle = begun[100].1;
    assert!((Nanos::from_secs(46)..Nanos::from_secs(54)).contains(&middle), "{middle:?}");
    assert!(begun.windows(2).any(|pair| pair[0].1 == pair[1].1), "some come together");
    assert!(epoch.tally.faults.len() >= 14, "nearly all kinds have struck: {:?}", epoch.tally.faults);
    assert!(epoch.tally.recoveries > 5);
}

#[test]
fn a_cluster_of_another_size_or_with_stand_bys_cannot_go_on() {
    let (first, _) = passes(0, &DurableState::default());
    let harness = TwoPhaseCommitTestHarness::new(TestHarnessConfig::default());
    let other = TestScenario::new("Another size.", 3).writing_to(1);
    let error = harness.run_epoch(&other, &first.state, &mut ()).err().expect("it cannot be run");
    assert!(error.to_string().contains("the cluster has 6 participants, the scenario 3"), "{error}");
    let taken_over = TestScenario::new("A stand-by takes over.", 6).writing_to(1);
    let taken_over = taken_over.chaos(Chaos::of(&[FaultKind::Takeover]));
    let error = harness.run_epoch(&taken_over, &first.state, &mut ()).err().expect("it cannot be run");
    assert!(error.to_string().contains("leave takeovers out of an epoch"), "{error}");
    let fresh = first.state.with_new_disks();
    assert_eq!(fresh.participants(), None);
}
