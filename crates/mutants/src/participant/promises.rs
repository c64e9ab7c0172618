//! Bugs in votes, and in what follows from them.

use std::collections::{BTreeMap, BTreeSet};

use harness_core::Property::{Agreement, ClientTruth, Durability, NothingLeftOver, Termination, WriteAhead};
use harness_core::history::{Decision, Fact, Gid, NodeId, Vote};
use protocol::{Effect, Incident, Input, Message};

use super::{COMMITTED, is_prepared, is_yes};
use crate::altered::{Bug, Turn, alarm};
use crate::kinds::{DoesFirst, Hears, sends, writes};
use crate::mutant::{Mutant, participant};

pub(super) fn catalogue() -> Vec<Mutant> {
    [not_kept_safe(), not_kept(), wrong_votes(), silence()].concat()
}

fn not_kept_safe() -> Vec<Mutant> {
    vec![
        participant(
            "yes_before_the_prepare_record_is_durable",
            "The vote leaves before the promise is in the log.",
            WriteAhead,
            || DoesFirst::new(is_yes, is_prepared),
        )
        .without_log(ClientTruth)
        .seen("MySQL #98709"),
        participant("prepare_never_forced", "The promise is written and not synced.", WriteAhead, || {
            writes(|record, forced| {
                let forced = forced && !is_prepared(&record);
                Some((record, forced))
            })
        })
        .without_log(ClientTruth),
        participant(
            "commit_acknowledged_before_it_is_durable",
            "The acknowledgement leaves before the commit is in the log.",
            WriteAhead,
            || {
                let is_sent = |effect: &Effect| {
                    matches!(effect, Effect::Send { message: Message::Acknowledge { .. }, .. })
                };
                DoesFirst::new(is_sent, |record| record.kind == COMMITTED)
            },
        )
        .without_log(ClientTruth)
        .seen("MySQL #98288"),
        participant("yes_with_a_full_disk", "It promises what it cannot write.", WriteAhead, || {
            Hears(|input| (!matches!(input, Input::Befallen(Incident::DiskFull))).then_some(input))
        })
        .without_log(Durability),
        participant("yes_after_a_failed_sync", "It promises what it failed to write.", WriteAhead, || {
            Hears(|input| (!matches!(input, Input::Befallen(Incident::SyncFailed))).then_some(input))
        })
        .without_log(ClientTruth),
    ]
}

fn not_kept() -> Vec<Mutant> {
    vec![
        participant("aborts_alone_after_yes", "In doubt for 300 ms, it rolls back.", Agreement, || {
            Impatient::new(Decision::Abort)
        })
        .seen("MongoDB SERVER-105751, by age"),
        participant("commits_alone_after_yes", "In doubt for 300 ms, it commits.", Agreement, || {
            Impatient::new(Decision::Commit)
        }),
        participant(
            "commits_when_it_votes",
            "What it promises to commit it commits at once.",
            Agreement,
            || CommitsAtOnce,
        )
        .seen("PostgreSQL d8dbeb04"),
    ]
}

fn wrong_votes() -> Vec<Mutant> {
    vec![
        participant(
            "rolled_back_prepare_reported_yes",
            "What it cannot promise it promises.",
            ClientTruth,
            || {
                sends(|message| {
                    Some(match message {
                        Message::Vote { gid, vote: Vote::No } => Message::Vote { gid, vote: Vote::Yes },
                        other => other,
                    })
                })
            },
        )
        .seen("psycopg2 #1213"),
        participant(
            "prepare_of_an_aborted_gid_answered_yes",
            "Asked for its vote on what it has rolled back, it says yes.",
            WriteAhead,
            Forgetful::default,
        )
        .without_log(ClientTruth),
        participant(
            "writes_voted_read_only",
            "It says that it wrote nothing, and forgets what it wrote.",
            ClientTruth,
            ReadOnly::default,
        )
        .seen("in practice, XA drivers after a failed statement"),
    ]
}

fn silence() -> Vec<Mutant> {
    vec![
        participant("never_inquires", "In doubt, it asks nobody.", Termination, || {
            sends(|message| (!matches!(message, Message::Inquire { .. })).then_some(message))
        })
        .seen("btm #53"),
        participant(
            "keeps_in_doubt_for_ever",
            "What it asked about and is told it does not hear.",
            Termination,
            Deaf::default,
        ),
        participant(
            "repeated_commit_not_acknowledged",
            "A commit that it has heard before it does not acknowledge again.",
            NothingLeftOver,
            AcknowledgesOnce::default,
        ),
        participant(
            "heuristic_decision_kept_secret",
            "It tells nobody that it decided by itself, and otherwise.",
            ClientTruth,
            || sends(|message| (!matches!(message, Message::Heuristic { .. })).then_some(message)),
        ),
    ]
}

/// Decides by itself when it has waited long enough.
struct Impatient {
    decision: Decision,
    waiting: BTreeMap<Gid, NodeId>,
}

impl Impatient {
    const PATIENCE_MS: u64 = 300;

    fn new(decision: Decision) -> Self {
        Self { decision, waiting: BTreeMap::new() }
    }
}

impl Bug for Impatient {
    fn hear(&mut self, input: Input<'static>, turn: &mut Turn<'_>) {
        let Some(gid) = alarm(&input) else { return turn.feed(input) };
        if let Some(coordinator) = self.waiting.remove(&gid) {
            turn.feed_message(coordinator, decision_message(gid, self.decision));
        }
    }

    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        match effect {
            Effect::Send { to, message: Message::Vote { gid, vote: Vote::Yes } } => {
                self.waiting.insert(gid, to);
                turn.wake(gid, Self::PATIENCE_MS);
            }
            Effect::Note(Fact::Decided { gid, .. }) => {
                self.waiting.remove(&gid);
            }
            _ => {}
        }
        turn.emit(effect);
    }
}

fn decision_message(gid: Gid, decision: Decision) -> Message {
    match decision {
        Decision::Commit => Message::Commit { gid },
        Decision::Abort => Message::Abort { gid },
    }
}

/// Commits what it prepares.
struct CommitsAtOnce;

impl Bug for CommitsAtOnce {
    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        if let Effect::Send { to, message: Message::Vote { gid, vote: Vote::Yes } } = effect {
            turn.feed_message(to, Message::Commit { gid });
        }
        turn.emit(effect);
    }
}

/// Takes what it has rolled back for what it has prepared.
#[derive(Default)]
struct Forgetful {
    aborted: BTreeSet<Gid>,
}

impl Bug for Forgetful {
    fn hear(&mut self, input: Input<'static>, turn: &mut Turn<'_>) {
        match input {
            Input::Received { from, message: Message::Prepare { gid, .. }, .. }
                if self.aborted.contains(&gid) =>
            {
                turn.send(from, Message::Vote { gid, vote: Vote::Yes });
            }
            other => turn.feed(other),
        }
    }

    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        if let Effect::Note(Fact::Decided { gid, decision: Decision::Abort }) = effect {
            self.aborted.insert(gid);
        }
        turn.emit(effect);
    }
}

/// Has nothing to commit, whatever it did.
#[derive(Default)]
struct ReadOnly {
    lost: BTreeSet<Gid>,
}

impl Bug for ReadOnly {
    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        match effect {
            Effect::Send { to, message: Message::Vote { gid, vote: Vote::Yes } } => {
                turn.send(to, Message::Vote { gid, vote: Vote::ReadOnly });
                if self.lost.insert(gid) {
                    turn.feed_message(to, Message::Abort { gid });
                }
            }
            other => turn.emit(other),
        }
    }
}

/// Hears no decision about what it has asked about.
#[derive(Default)]
struct Deaf {
    asked: BTreeSet<Gid>,
}

impl Bug for Deaf {
    fn hear(&mut self, input: Input<'static>, turn: &mut Turn<'_>) {
        if let Input::Received {
            message: Message::Commit { gid } | Message::Abort { gid } | Message::DecisionReply { gid, .. },
            ..
        } = input
            && self.asked.contains(&gid)
        {
            return;
        }
        turn.feed(input);
    }

    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        if let Effect::Send { message: Message::Inquire { gid }, .. } = effect {
            self.asked.insert(gid);
        }
        turn.emit(effect);
    }
}

/// Acknowledges what it does, and not what it has done.
#[derive(Default)]
struct AcknowledgesOnce {
    done: BTreeSet<Gid>,
    heard: Option<Gid>,
}

impl Bug for AcknowledgesOnce {
    fn hear(&mut self, input: Input<'static>, turn: &mut Turn<'_>) {
        self.heard = match input {
            Input::Received { message: Message::Commit { gid }, .. } => Some(gid),
            _ => None,
        };
        turn.feed(input);
    }

    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        if let Effect::Note(Fact::Decided { gid, .. }) = effect {
            self.done.insert(gid);
        }
        let acknowledges = matches!(effect, Effect::Send { message: Message::Acknowledge { .. }, .. });
        if acknowledges && self.heard.is_some_and(|gid| !self.done.remove(&gid)) {
            return;
        }
        turn.emit(effect);
    }
}
