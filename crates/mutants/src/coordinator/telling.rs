//! Bugs in phase two: who is told what, how often, and what is made of the answers.

use std::collections::{BTreeMap, BTreeSet};

use harness_core::Property::{Agreement, ClientTruth, NothingLeftOver, Stability, WriteAhead};
use harness_core::history::{Decision, Gid, NodeId, Outcome, Vote};
use protocol::{Effect, Incident, Input, Message};

use super::{Recipients, decided, ended, is_commit, is_prepare, named, naming};
use crate::altered::{Bug, Turn, alarm};
use crate::kinds::{Hears, Says, hears};
use crate::mutant::{Catcher, Mutant, coordinator};

pub(super) fn catalogue() -> Vec<Mutant> {
    [told_wrongly(), kept_secret(), told_too_little()].concat()
}

fn told_wrongly() -> Vec<Mutant> {
    vec![
        coordinator(
            "client_told_aborted_after_a_timeout_in_phase_two",
            "A client whose commit is not acknowledged in time is told that it aborted.",
            ClientTruth,
            TellsLate::default,
        )
        .seen("aphyr, Call me maybe: Postgres"),
        coordinator(
            "abort_after_a_timeout_in_phase_two",
            "Participants that do not acknowledge the commit in time are told to abort.",
            Stability,
            GivesUp::default,
        )
        .seen("Atomikos #239"),
        coordinator(
            "unknown_gid_answered_commit",
            "Who asks about a transaction that is not known hears commit.",
            Agreement,
            || Says(|effect| Some(answered_commit(effect))),
        )
        .seen("MongoDB SERVER-105751"),
        coordinator(
            "open_vote_answered_abort",
            "Who asks while votes come in hears abort.",
            Agreement,
            AnswersAbort::default,
        )
        .seen("Citus #1030"),
    ]
}

fn kept_secret() -> Vec<Mutant> {
    vec![
        coordinator(
            "repeated_gid_told_aborted",
            "Who uses an id again is told that it aborted.",
            ClientTruth,
            || {
                Says(|effect| {
                    Some(match effect {
                        Effect::Refuse { gid } => Effect::Answer { gid, outcome: Outcome::Aborted },
                        other => other,
                    })
                })
            },
        )
        .seen("RocksDB #6418"),
        coordinator(
            "heuristic_outcome_hidden",
            "Nobody hears that a participant decided otherwise by itself.",
            ClientTruth,
            || {
                Says(|effect| {
                    let hidden = matches!(effect, Effect::Answer { outcome: Outcome::HeuristicMixed, .. });
                    (!hidden).then_some(effect)
                })
            },
        ),
        coordinator(
            "deposed_coordinator_goes_on",
            "It does not stop when another has taken over.",
            WriteAhead,
            || {
                Hears(|input| {
                    let deposed = matches!(
                        input,
                        Input::Befallen(Incident::Deposed)
                            | Input::Received { message: Message::Deposed { .. }, .. }
                    );
                    (!deposed).then_some(input)
                })
            },
        )
        .without_log(Agreement)
        .seen("Citus #2095"),
    ]
}

fn told_too_little() -> Vec<Mutant> {
    vec![
        coordinator(
            "end_before_all_acknowledgements",
            "The first acknowledgement ends a transaction.",
            Agreement,
            EndsEarly::default,
        )
        .seen("in practice, a decision forgotten before all participants had it"),
        coordinator(
            "last_participant_not_told",
            "The last participant hears no decision and is not waited for.",
            Agreement,
            SkipsLast::default,
        ),
        coordinator(
            "decision_sent_once",
            "A commit that is lost is not sent again.",
            NothingLeftOver,
            || {
                let mut sent = BTreeSet::new();
                Says(move |effect| match effect {
                    Effect::Send { to, message: Message::Commit { gid } } if !sent.insert((gid, to)) => None,
                    other => Some(other),
                })
            },
        )
        .seen("dble #1095"),
        coordinator(
            "retries_without_end",
            "Acknowledgements are not heard, and commits sent for ever.",
            NothingLeftOver,
            || hears(|message| (!matches!(message, Message::Acknowledge { .. })).then_some(message)),
        )
        .seen("Seata #5832"),
        coordinator(
            "read_only_vote_needs_phase_two",
            "Who has nothing to commit is told to commit it.",
            Catcher::Expectation,
            || {
                hears(|message| {
                    Some(match message {
                        Message::Vote { gid, vote: Vote::ReadOnly } => Message::Vote { gid, vote: Vote::Yes },
                        other => other,
                    })
                })
            },
        ),
    ]
}

fn answered_commit(effect: Effect) -> Effect {
    match effect {
        Effect::Send { to, message: Message::DecisionReply { gid, decision: Decision::Abort } } => {
            Effect::Send { to, message: Message::DecisionReply { gid, decision: Decision::Commit } }
        }
        other => other,
    }
}

/// Tells the client when all have acknowledged, or something else when its patience runs out.
#[derive(Default)]
struct TellsLate {
    held: BTreeSet<Gid>,
}

const PATIENCE_MS: u64 = 100;

impl Bug for TellsLate {
    fn hear(&mut self, input: Input<'static>, turn: &mut Turn<'_>) {
        match alarm(&input) {
            Some(gid) if self.held.remove(&gid) => {
                turn.emit(Effect::Answer { gid, outcome: Outcome::Aborted });
            }
            Some(_) => {}
            None => turn.feed(input),
        }
    }

    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        if let Some(gid) = decided(&effect).map(|record| record.gid) {
            self.held.insert(gid);
            turn.wake(gid, PATIENCE_MS);
        }
        match effect {
            Effect::Answer { gid, outcome: Outcome::Committed } if self.held.contains(&gid) => {}
            other => {
                let over = ended(&other);
                turn.emit(other);
                if let Some(gid) = over.filter(|gid| self.held.remove(gid)) {
                    turn.emit(Effect::Answer { gid, outcome: Outcome::Committed });
                }
            }
        }
    }
}

/// Aborts what it has decided to commit.
#[derive(Default)]
struct GivesUp {
    waiting: BTreeMap<Gid, BTreeSet<NodeId>>,
}

impl Bug for GivesUp {
    fn hear(&mut self, input: Input<'static>, turn: &mut Turn<'_>) {
        if let Input::Received { from, message: Message::Acknowledge { gid }, .. } = input
            && let Some(nodes) = self.waiting.get_mut(&gid)
        {
            nodes.remove(&from);
        }
        let Some(gid) = alarm(&input) else { return turn.feed(input) };
        for node in self.waiting.remove(&gid).unwrap_or_default() {
            turn.send(node, Message::Abort { gid });
            turn.feed_message(node, Message::Acknowledge { gid });
        }
    }

    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        if let Some(record) = decided(&effect) {
            self.waiting.insert(record.gid, named(record).into_iter().collect());
            turn.wake(record.gid, PATIENCE_MS);
        }
        turn.emit(effect);
    }
}

/// Presumes an abort of what it has not decided.
#[derive(Default)]
struct AnswersAbort {
    collecting: BTreeSet<Gid>,
}

impl Bug for AnswersAbort {
    fn hear(&mut self, input: Input<'static>, turn: &mut Turn<'_>) {
        if let Input::Received { from, message: Message::Inquire { gid }, .. } = input
            && self.collecting.contains(&gid)
        {
            turn.send(from, Message::DecisionReply { gid, decision: Decision::Abort });
        }
        turn.feed(input);
    }

    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        match effect {
            Effect::Send { ref message, .. } if is_prepare(message) => {
                self.collecting.insert(message.gid());
            }
            Effect::Answer { gid, .. } => {
                self.collecting.remove(&gid);
            }
            _ => {}
        }
        turn.emit(effect);
    }
}

/// Takes one acknowledgement for all.
#[derive(Default)]
struct EndsEarly {
    told: Recipients,
}

impl Bug for EndsEarly {
    fn hear(&mut self, input: Input<'static>, turn: &mut Turn<'_>) {
        if let Input::Received { message: Message::Acknowledge { gid }, .. } = input {
            for node in self.told.of(gid) {
                turn.feed_message(node, Message::Acknowledge { gid });
            }
        }
        turn.feed(input);
    }

    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        self.told.note(&effect, is_commit);
        turn.emit(effect);
    }
}

/// Counts participants up to the last, exclusively.
#[derive(Default)]
struct SkipsLast {
    last: BTreeMap<Gid, NodeId>,
}

impl Bug for SkipsLast {
    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        if let Effect::Append { record, forced } = &effect
            && decided(&effect).is_some()
            && let [rest @ .., last] = &named(record)[..]
            && !rest.is_empty()
        {
            self.last.insert(record.gid, *last);
            turn.feed_message(*last, Message::Acknowledge { gid: record.gid });
            return turn.emit(Effect::Append { record: naming(record.gid, rest), forced: *forced });
        }
        match effect {
            Effect::Send { to, message: Message::Commit { gid } } if self.last.get(&gid) == Some(&to) => {}
            other => turn.emit(other),
        }
    }
}
