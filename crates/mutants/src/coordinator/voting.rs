//! Bugs in how votes are collected.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use harness_core::Property::{Agreement, NonTriviality, Termination, Unanimity};
use harness_core::history::{Gid, NodeId, Vote};
use protocol::{ClientRequest, DistributedTransaction, Effect, Ending, Input, Message, Timer};

use super::{Recipients, decided, is_prepare};
use crate::altered::{Bug, Turn, alarm};
use crate::kinds::{Hears, hears};
use crate::mutant::{Mutant, coordinator};

pub(super) fn catalogue() -> Vec<Mutant> {
    [counted_wrongly(), not_what_was_asked_for()].concat()
}

fn counted_wrongly() -> Vec<Mutant> {
    vec![
        coordinator("no_vote_swallowed", "A no is counted as a yes.", Unanimity, || {
            hears(|message| Some(counted_as(message, Vote::No, Vote::Yes)))
        })
        .seen("Seata #7997"),
        coordinator(
            "commit_after_a_missing_vote",
            "The first yes of a transaction decides it.",
            Unanimity,
            || CountsFor { trigger: Trigger::AnyYes, ..CountsFor::default() },
        ),
        coordinator(
            "vote_timeout_counted_as_yes",
            "Who has not voted in time is taken to agree.",
            Unanimity,
            || CountsFor { trigger: Trigger::Timeout, ..CountsFor::default() },
        ),
        coordinator(
            "duplicate_vote_counted_twice",
            "A yes that arrives again is counted again.",
            Unanimity,
            || CountsFor { trigger: Trigger::SecondYes, ..CountsFor::default() },
        ),
        coordinator(
            "votes_of_two_transactions_mixed_up",
            "A vote is counted for another transaction that waits for the same participant.",
            Unanimity,
            MixesUp::default,
        )
        .seen("CockroachDB #152010"),
    ]
}

fn not_what_was_asked_for() -> Vec<Mutant> {
    vec![
        coordinator(
            "read_only_vote_counted_as_no",
            "Who has nothing to commit is taken to refuse.",
            NonTriviality,
            || hears(|message| Some(counted_as(message, Vote::ReadOnly, Vote::No))),
        ),
        coordinator(
            "late_yes_turns_an_abort_into_a_commit",
            "A yes that arrives after the abort makes it a commit.",
            Agreement,
            LateYes::default,
        ),
        coordinator("vote_timeout_missing", "Votes are waited for without end.", Termination, || {
            Hears(|input| (!is_deadline(&input)).then_some(input))
        })
        .seen("Molly, 2pc"),
        coordinator(
            "client_abort_ignored",
            "A client that asks to abort is taken to ask to commit.",
            Unanimity,
            || Hears(|input| Some(wanting_a_commit(input))),
        ),
        coordinator(
            "one_phase_with_two_participants",
            "The one-phase optimisation is used with two participants.",
            Unanimity,
            || OnePhase::of(2),
        ),
        coordinator(
            "no_prepare_phase",
            "Participants are told to commit one by one, and none is asked whether it can.",
            Unanimity,
            || OnePhase::of(usize::MAX),
        )
        .seen("postgres_fdw, documentation"),
    ]
}

fn counted_as(message: Message, from: Vote, to: Vote) -> Message {
    match message {
        Message::Vote { gid, vote } if vote == from => Message::Vote { gid, vote: to },
        other => other,
    }
}

/// Whether a timer of the reference coordinator fires that bounds phase one.
fn is_deadline(input: &Input<'_>) -> bool {
    matches!(input, Input::TimerFired(Timer { purpose: 0 | 1, .. }))
}

fn wanting_a_commit(input: Input<'static>) -> Input<'static> {
    let Input::Asked(ClientRequest::Begin(transaction)) = input else { return input };
    let ending = Ending::Commit;
    let wanted = DistributedTransaction { ending, ..DistributedTransaction::clone(&transaction) };
    Input::Asked(ClientRequest::Begin(Arc::new(wanted)))
}

/// When a yes is counted that nobody gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Trigger {
    #[default]
    AnyYes,
    SecondYes,
    Timeout,
}

/// Counts yes for participants that have not said so.
#[derive(Default)]
struct CountsFor {
    trigger: Trigger,
    asked: Recipients,
    heard: BTreeSet<(Gid, NodeId)>,
}

impl CountsFor {
    const PATIENCE_MS: u64 = 500;

    fn missing(&self, gid: Gid) -> Vec<NodeId> {
        self.asked.of(gid).into_iter().filter(|&node| !self.heard.contains(&(gid, node))).collect()
    }

    fn count(&mut self, gid: Gid, most: usize, turn: &mut Turn<'_>) {
        for node in self.missing(gid).into_iter().take(most) {
            self.heard.insert((gid, node));
            turn.feed_message(node, Message::Vote { gid, vote: Vote::Yes });
        }
    }
}

impl Bug for CountsFor {
    fn hear(&mut self, input: Input<'static>, turn: &mut Turn<'_>) {
        if let Some(gid) = alarm(&input) {
            return self.count(gid, usize::MAX, turn);
        }
        if let Input::Received { from, message: Message::Vote { gid, vote: Vote::Yes }, .. } = input {
            let first = self.heard.insert((gid, from));
            match self.trigger {
                Trigger::AnyYes => self.count(gid, usize::MAX, turn),
                Trigger::SecondYes if !first => self.count(gid, 1, turn),
                _ => {}
            }
        }
        turn.feed(input);
    }

    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        if let Effect::Send { message: Message::Prepare { gid, .. }, .. } = effect
            && self.trigger == Trigger::Timeout
            && self.asked.of(gid).is_empty()
        {
            turn.wake(gid, Self::PATIENCE_MS);
        }
        self.asked.note(&effect, is_prepare);
        turn.emit(effect);
    }
}

/// Counts votes for another transaction, where there is one.
#[derive(Default)]
struct MixesUp {
    awaited: BTreeMap<NodeId, BTreeSet<Gid>>,
}

impl Bug for MixesUp {
    fn hear(&mut self, input: Input<'static>, turn: &mut Turn<'_>) {
        let Input::Received { from, message: Message::Vote { gid, vote }, .. } = input else {
            return turn.feed(input);
        };
        let awaited = self.awaited.entry(from).or_default();
        awaited.remove(&gid);
        let other = awaited.pop_first();
        turn.feed_message(from, Message::Vote { gid: other.unwrap_or(gid), vote });
        if other.is_some() {
            awaited.insert(gid);
        }
    }

    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        match effect {
            Effect::Send { to, message: Message::Prepare { gid, .. } } => {
                self.awaited.entry(to).or_default().insert(gid);
            }
            Effect::Answer { gid, .. } => self.awaited.values_mut().for_each(|gids| {
                gids.remove(&gid);
            }),
            _ => {}
        }
        turn.emit(effect);
    }
}

/// Commits what it has aborted.
#[derive(Default)]
struct LateYes {
    asked: Recipients,
    aborted: BTreeSet<Gid>,
}

impl Bug for LateYes {
    fn hear(&mut self, input: Input<'static>, turn: &mut Turn<'_>) {
        if let Input::Received { message: Message::Vote { gid, vote: Vote::Yes }, .. } = input
            && self.aborted.contains(&gid)
        {
            self.asked.of(gid).into_iter().for_each(|node| turn.send(node, Message::Commit { gid }));
        }
        turn.feed(input);
    }

    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        self.asked.note(&effect, is_prepare);
        if let Effect::Send { message: Message::Abort { gid }, .. } = effect {
            self.aborted.insert(gid);
        }
        turn.emit(effect);
    }
}

/// Leaves the decision to each of several participants.
struct OnePhase {
    most: usize,
    enlisted: BTreeMap<Gid, usize>,
}

impl OnePhase {
    fn of(most: usize) -> Self {
        Self { most, enlisted: BTreeMap::new() }
    }
}

impl Bug for OnePhase {
    fn hear(&mut self, input: Input<'static>, turn: &mut Turn<'_>) {
        match input {
            Input::Received { from, message: Message::Acknowledge { gid }, .. }
                if self.enlisted.get(&gid).is_some_and(|&count| count > 1 && count <= self.most) =>
            {
                turn.feed_message(from, Message::Vote { gid, vote: Vote::ReadOnly });
            }
            Input::Asked(ClientRequest::Begin(ref transaction)) => {
                self.enlisted.insert(transaction.id, transaction.participant_ids.len());
                turn.feed(input);
            }
            other => turn.feed(other),
        }
    }

    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        match effect {
            Effect::Send { to, message: Message::Prepare { gid, life, low_water } }
                if self.enlisted.get(&gid).is_some_and(|&count| count <= self.most) =>
            {
                turn.send(to, Message::CommitOnePhase { gid, life, low_water });
            }
            other => {
                debug_assert!(
                    decided(&other).is_none() || self.most < usize::MAX,
                    "nobody is asked to prepare"
                );
                turn.emit(other);
            }
        }
    }
}
