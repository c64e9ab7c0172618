//! Bugs in when and how the decision is written.

use std::collections::BTreeMap;

use harness_core::Property::{Agreement, ClientTruth, WriteAhead};
use harness_core::history::{Decision, Gid, NodeId, RecordKind};
use protocol::{Effect, Incident, Input, LogRecord, Message};

use super::{decided, is_commit, is_decision};
use crate::altered::{Bug, Turn};
use crate::kinds::{DoesFirst, Hears, Says, writes};
use crate::mutant::{Catcher, Mutant, coordinator};

pub(super) fn catalogue() -> Vec<Mutant> {
    [written_too_late(), relied_on_too_early()].concat()
}

fn written_too_late() -> Vec<Mutant> {
    vec![
        coordinator("decision_never_logged", "There is no decision log.", WriteAhead, || {
            writes(|record, forced| (!is_decision(&record)).then_some((record, forced)))
        })
        .without_log(Agreement)
        .seen("in practice, several home-grown coordinators"),
        coordinator("decision_never_forced", "The decision is written and not synced.", WriteAhead, || {
            writes(|record, forced| {
                let forced = forced && !is_decision(&record);
                Some((record, forced))
            })
        })
        .without_log(Agreement)
        .seen("dble #1192"),
        coordinator(
            "commit_sent_before_the_decision_is_durable",
            "Participants hear of the commit before it is in the log.",
            WriteAhead,
            || {
                let is_sent =
                    |effect: &Effect| matches!(effect, Effect::Send { message, .. } if is_commit(message));
                DoesFirst::new(is_sent, is_decision)
            },
        )
        .without_log(Agreement)
        .seen("dble #326"),
        coordinator(
            "client_told_before_the_decision_is_durable",
            "The client hears of the commit before it is in the log.",
            WriteAhead,
            || DoesFirst::new(|effect| matches!(effect, Effect::Answer { .. }), is_decision),
        )
        .without_log(ClientTruth),
    ]
}

fn relied_on_too_early() -> Vec<Mutant> {
    vec![
        coordinator(
            "inquiry_answered_before_the_decision_is_durable",
            "Who asked while votes came in hears of the commit before it is in the log.",
            WriteAhead,
            AnswersEarly::default,
        )
        .without_log(Agreement),
        coordinator(
            "full_disk_ignored",
            "A decision that could not be written is announced.",
            WriteAhead,
            || Hears(|input| (!matches!(input, Input::Befallen(Incident::DiskFull))).then_some(input)),
        )
        .without_log(Agreement)
        .seen("MariaDB, decision log full"),
        coordinator("failed_sync_ignored", "A decision whose sync failed is announced.", WriteAhead, || {
            Hears(|input| (!matches!(input, Input::Befallen(Incident::SyncFailed))).then_some(input))
        })
        .without_log(ClientTruth),
        coordinator(
            "log_truncated_too_early",
            "The log is truncated whenever a transaction is decided or ends, whatever else is open.",
            Agreement,
            || TruncatesEarly,
        ),
        coordinator(
            "decisions_never_collected",
            "No END is written and no log truncated.",
            Catcher::Expectation,
            || {
                Says(|effect| {
                    let is_end = |record: &LogRecord| record.kind == RecordKind::Ended;
                    let collects = match &effect {
                        Effect::Append { record, .. } => is_end(record),
                        Effect::Truncate { .. } => true,
                        _ => false,
                    };
                    (!collects).then_some(effect)
                })
            },
        )
        .seen("Citus #1614"),
    ]
}

/// Answers inquiries of those who asked too early, a moment too early.
#[derive(Default)]
struct AnswersEarly {
    asked: BTreeMap<Gid, Vec<NodeId>>,
}

impl Bug for AnswersEarly {
    fn hear(&mut self, input: Input<'static>, turn: &mut Turn<'_>) {
        if let Input::Received { from, message: Message::Inquire { gid }, .. } = input {
            self.asked.entry(gid).or_default().push(from);
        }
        turn.feed(input);
    }

    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        if let Some(gid) = decided(&effect).map(|record| record.gid) {
            for node in self.asked.remove(&gid).unwrap_or_default() {
                turn.send(node, Message::DecisionReply { gid, decision: Decision::Commit });
            }
        }
        turn.emit(effect);
    }
}

/// Keeps nothing that is older than the last decision or END.
struct TruncatesEarly;

impl Bug for TruncatesEarly {
    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        let ends = super::ended(&effect).is_some();
        let decides = super::decided(&effect).is_some();
        let decision = turn.effects().next_position();
        turn.emit(effect);
        if ends {
            let all = turn.effects().next_position();
            turn.effects().truncate(all);
        } else if decides {
            turn.effects().truncate(decision);
        }
    }
}
