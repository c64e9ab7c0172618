//! Bugs in what a coordinator makes of its log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use harness_core::Property::{Agreement, ClientTruth, Stability, Termination};
use harness_core::history::{Gid, HaltReason, NodeId, Outcome, RecordKind};
use protocol::{ClientRequest, DistributedTransaction, Effect, Input, Message, StoredRecord};

use super::{is_decision, named, naming};
use crate::altered::{Bug, Turn};
use crate::kinds::Reads;
use crate::mutant::{Mutant, coordinator};

pub(super) fn catalogue() -> Vec<Mutant> {
    vec![
        coordinator(
            "participants_forgotten_on_recovery",
            "Of those who have yet to hear of a commit, the first is remembered.",
            Agreement,
            || {
                Reads(|log| {
                    for stored in log.iter_mut().filter(|stored| is_decision(&stored.record)) {
                        let first = named(&stored.record).into_iter().take(1).collect::<Vec<_>>();
                        stored.record = naming(stored.record.gid, &first);
                    }
                })
            },
        )
        .seen("ballerina #27653"),
        coordinator(
            "undecided_recovered_as_commit",
            "What the log knows nothing of is committed after a restart.",
            ClientTruth,
            Presumes::default,
        )
        .seen("MDEV-28461"),
        coordinator(
            "decision_recovered_as_abort",
            "What was committed and not ended is forgotten after a restart.",
            Agreement,
            || {
                Reads(|log| {
                    let open = open(log);
                    log.retain(|stored| !(is_decision(&stored.record) && open.contains(&stored.record.gid)));
                })
            },
        )
        .seen("in practice, a recovery that forgets without reaching the participants"),
        coordinator(
            "decided_is_aborted_after_restart",
            "What was committed and not ended is rolled back after a restart.",
            Stability,
            || RollsBack,
        )
        .seen("Narayana JBTM-2885"),
        coordinator(
            "torn_tail_stops_recovery",
            "A coordinator whose log ends in the middle of a record does not start.",
            Termination,
            || StopsAtDamage,
        )
        .seen("MySQL #115047"),
    ]
}

/// The transactions that are committed and not ended.
fn open(log: &[StoredRecord]) -> BTreeSet<Gid> {
    let gids = |kind| {
        let of_kind = log.iter().filter(move |stored| stored.record.kind == kind);
        of_kind.map(|stored| stored.record.gid).collect::<BTreeSet<_>>()
    };
    &gids(super::COMMITTED) - &gids(RecordKind::Ended)
}

/// Presumed commit, without what that would need.
#[derive(Default)]
struct Presumes {
    asked: BTreeMap<Gid, Arc<DistributedTransaction>>,
}

impl Bug for Presumes {
    fn hear(&mut self, input: Input<'static>, turn: &mut Turn<'_>) {
        if let Input::Asked(ClientRequest::Outcome(transaction)) = &input {
            self.asked.insert(transaction.id, Arc::clone(transaction));
        }
        turn.feed(input);
    }

    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        let Effect::Answer { gid, outcome: Outcome::Aborted } = effect else { return turn.emit(effect) };
        let Some(transaction) = self.asked.remove(&gid) else { return turn.emit(effect) };
        let nodes: Vec<NodeId> = transaction.participant_ids.iter().map(|&id| id.into()).collect();
        turn.effects().force(naming(gid, &nodes));
        nodes.iter().for_each(|&node| turn.send(node, Message::Commit { gid }));
        turn.emit(Effect::Answer { gid, outcome: Outcome::Committed });
    }
}

/// Undoes what is not over.
struct RollsBack;

impl Bug for RollsBack {
    fn read(&mut self, log: &mut Vec<StoredRecord>, _epoch: u32, turn: &mut Turn<'_>) {
        let open = open(log);
        let is_open =
            |stored: &StoredRecord| is_decision(&stored.record) && open.contains(&stored.record.gid);
        for stored in log.iter().filter(|&stored| is_open(stored)) {
            let gid = stored.record.gid;
            named(&stored.record).into_iter().for_each(|node| turn.send(node, Message::Abort { gid }));
        }
        log.retain(|stored| !is_open(stored));
    }
}

/// Does not tell a torn tail from a damaged log.
struct StopsAtDamage;

impl Bug for StopsAtDamage {
    fn read(&mut self, log: &mut Vec<StoredRecord>, _epoch: u32, turn: &mut Turn<'_>) {
        if log.iter().any(|stored| !stored.intact) {
            turn.effects().halt(HaltReason::LogDamaged);
        }
    }
}
