//! A coordinator whose records nobody else can read, as those of another system: it is judged all the same.

use harness_core::history::{Decision, Gid, Nanos, RecordKind};
use harness_core::{Coordinator, CoordinatorConfig};
use protocol::{Effect, Effects, Input, LogRecord, ReferenceCoordinator, StoredRecord};

use super::{Conformance, Feature, cast, trial};

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
    scenarios.map(|(scenario, _)| trial::run(&cast(&conformance.build), &scenario, 0))
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
