//! A coordinator whose records nobody else can read, as those of another system: it is judged all the same.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::thread;

use harness_core::history::{Decision, Gid, Nanos, RecordKind};
use harness_core::{Coordinator, CoordinatorConfig};
use protocol::{Effect, Effects, Input, LogRecord, ReferenceCoordinator, StoredRecord};

use super::{Conformance, Feature, trial};

/// The reference, which writes the kinds of its records into their bodies.
struct Foreign<const SYNCS: bool>(ReferenceCoordinator);

const KINDS: [RecordKind; 5] = [
    RecordKind::Prepared,
    RecordKind::Decided(Decision::Commit),
    RecordKind::Decided(Decision::Abort),
    RecordKind::Ended,
    RecordKind::Other,
];

fn hidden(record: &mut LogRecord) {
    let kind = KINDS.iter().position(|&kind| kind == record.kind).expect("all kinds are listed");
    record.body.push(kind as u8);
    record.kind = RecordKind::Other;
}

fn shown(stored: &StoredRecord) -> StoredRecord {
    let mut stored = stored.clone();
    // Of a damaged record nothing can be relied on.
    let kind = stored.record.body.pop().and_then(|kind| KINDS.get(usize::from(kind)));
    stored.record.kind = kind.copied().unwrap_or(RecordKind::Other);
    stored
}

impl<const SYNCS: bool> Coordinator for Foreign<SYNCS> {
    fn step(&mut self, now: Nanos, input: Input<'_>, effects: &mut Effects) {
        match input {
            Input::Start { log, epoch } => {
                let log: Vec<StoredRecord> = log.iter().map(shown).collect();
                self.0.step(now, Input::Start { log: &log, epoch }, effects);
            }
            input => self.0.step(now, input, effects),
        }
        for effect in effects.in_place() {
            if let Effect::Append { record, forced } = effect {
                hidden(record);
                *forced &= SYNCS;
            }
        }
    }

    fn oldest_unsettled(&self) -> Option<Gid> {
        self.0.oldest_unsettled()
    }
}

fn foreign<const SYNCS: bool>() -> Conformance {
    let build = |config: &CoordinatorConfig| Foreign::<SYNCS>(ReferenceCoordinator::new(*config));
    Conformance::of(build).without(Feature::RecordKinds)
}

/// What is said of each scenario that does not pass, and nothing of one that does.
fn results(conformance: &Conformance) -> impl Iterator<Item = Result<(), String>> {
    let scenarios = conformance.scenarios(3).into_iter().filter(|(_, missing)| missing.is_none());
    scenarios.map(|(scenario, _)| trial::run(&conformance.build, &scenario, 0))
}

#[test]
fn a_coordinator_passes_whose_records_nobody_can_read() {
    let results: Vec<Result<(), String>> = results(&foreign::<true>()).collect();
    assert!(results.len() > 250, "{}", results.len());
    let failures: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_bug_in_what_nobody_can_read_is_seen_by_what_comes_of_it() {
    let mut seen = [("agreement: VIOLATED", false), ("client truth: VIOLATED", false)];
    for failure in results(&foreign::<false>()).filter_map(Result::err) {
        assert!(!failure.contains("write-ahead"), "{failure}");
        seen.iter_mut().for_each(|(property, is_seen)| *is_seen |= failure.contains(*property));
        if seen.iter().all(|&(_, is_seen)| is_seen) {
            return;
        }
    }
    panic!("{seen:?}");
}

/// A run that never ends cannot tell its name: whoever ends its process finds it at the thread.
#[test]
fn a_run_has_a_thread_that_is_named_after_it() {
    let names = Arc::new(Mutex::new(BTreeSet::new()));
    let noted = Arc::clone(&names);
    let conformance = Conformance::of(move |config: &CoordinatorConfig| {
        let name = thread::current().name().unwrap_or_default().to_owned();
        noted.lock().expect("nobody panicked").insert(name);
        ReferenceCoordinator::new(*config)
    });
    let (scenario, _) = conformance.scenarios(3).swap_remove(0);
    trial::run(&conformance.build, &scenario, 7).expect("it passes");
    trial::replays(&conformance.build, std::slice::from_ref(&scenario), 8).expect("it replays");
    let expected = [7, 8].map(|seed| format!("basic::{} with 3 participants, seed {seed}", scenario.name));
    assert_eq!(*names.lock().expect("nobody panicked"), BTreeSet::from(expected));
}
