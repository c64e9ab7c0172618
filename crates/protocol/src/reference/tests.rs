//! What the reference coordinator emits, step by step, told as a script.

use std::fmt::Write as _;
use std::sync::Arc;

use history::{Decision, Fact, Gid, Nanos, NodeId, ParticipantId, RecordKind, Vote};

use super::{CoordinatorConfig, ReferenceCoordinator, purpose};
use crate::effects::{Effect, Effects, LogPosition, Timer};
use crate::log::{LogRecord, StoredRecord};
use crate::message::{Message, Refusal};
use crate::node::{ClientRequest, Coordinator as _, Input};
use crate::transaction::{DistributedTransaction, Ending};

mod forgotten;
mod only;

const T1: Gid = Gid(1);

/// A coordinator whose log is a vector, and what it emitted in its last step.
struct Script {
    coordinator: ReferenceCoordinator,
    log: Vec<LogRecord>,
    now: Nanos,
}

impl Script {
    fn new() -> Self {
        Self::restarted(Vec::new())
    }

    fn restarted(log: Vec<LogRecord>) -> Self {
        Self::with(CoordinatorConfig { participants: 2, ..CoordinatorConfig::default() }, log)
    }

    fn with(config: CoordinatorConfig, log: Vec<LogRecord>) -> Self {
        let mut script =
            Self { coordinator: ReferenceCoordinator::new(config), log: Vec::new(), now: Nanos::ZERO };
        script.start(&log);
        script
    }

    fn start(&mut self, log: &[LogRecord]) -> String {
        let stored: Vec<StoredRecord> = log.iter().cloned().map(StoredRecord::from).collect();
        self.step_on(log, Input::Start { log: &stored, epoch: 1 + u32::from(!log.is_empty()) })
    }

    fn step(&mut self, input: Input<'_>) -> String {
        let log = std::mem::take(&mut self.log);
        self.step_on(&log, input)
    }

    fn step_on(&mut self, log: &[LogRecord], input: Input<'_>) -> String {
        let mut effects = Effects::default();
        effects.reset(LogPosition(log.len() as u64));
        self.coordinator.step(self.now, input, &mut effects);
        self.log = log.to_vec();
        let mut told = String::new();
        for effect in effects.drain() {
            match effect {
                Effect::Append { record, forced } => {
                    let how = if forced { "force" } else { "append" };
                    let _ = writeln!(told, "{how} {} {}", record.kind, record.gid);
                    self.log.push(record);
                }
                Effect::Send { to, message } => {
                    let _ = writeln!(told, "send {} {} to {to}", message.kind(), message.gid());
                }
                Effect::DropTail { from } => {
                    let _ = writeln!(told, "drop the tail from {}", from.0);
                }
                Effect::Halt(why) => {
                    let _ = writeln!(told, "halt: {why}");
                }
                Effect::Sync => {
                    let _ = writeln!(told, "sync");
                }
                Effect::Fail(failure) => {
                    let _ = writeln!(told, "{failure}");
                }
                Effect::Answer { gid, outcome } => {
                    let _ = writeln!(told, "answer {gid} {outcome}");
                }
                Effect::Refuse { gid } => {
                    let _ = writeln!(told, "refuse {gid}");
                }
                Effect::SetTimer { after, .. } => {
                    let _ = writeln!(told, "timer {after}");
                }
                Effect::Note(Fact::Decided { gid, decision }) => {
                    let _ = writeln!(told, "note {decision} {gid}");
                }
                Effect::Note(_) | Effect::Truncate { .. } => {}
            }
        }
        told
    }

    fn begin(&mut self, participants: u32) -> String {
        self.step(Input::Asked(ClientRequest::Begin(transaction(participants))))
    }

    fn hear(&mut self, participant: u32, message: Message) -> String {
        self.step(Input::Received { from: ParticipantId(participant).into(), epoch: 0, message })
    }

    fn vote(&mut self, participant: u32, vote: Vote) -> String {
        self.hear(participant, Message::Vote { gid: T1, vote })
    }

    /// The timer fires when it is due: an hour is late enough for any.
    fn timer(&mut self, purpose: u32) -> String {
        self.now = Nanos::from_secs(3_600);
        self.step(Input::TimerFired(Timer { gid: T1, purpose }))
    }

    /// Two participants have done their work and were asked to vote.
    fn collecting() -> Self {
        let mut script = Self::new();
        script.begin(2);
        script.hear(1, Message::Executed { gid: T1, life: 1 });
        script.hear(2, Message::Executed { gid: T1, life: 1 });
        script
    }

    /// Both voted yes.
    fn committing() -> Self {
        let mut script = Self::collecting();
        script.vote(1, Vote::Yes);
        script.vote(2, Vote::Yes);
        script
    }
}

fn transaction(participants: u32) -> Arc<DistributedTransaction> {
    Arc::new(DistributedTransaction::new(T1, (1..=participants).map(ParticipantId).collect()))
}

#[test]
fn a_commit_is_forced_before_anyone_hears_of_it() {
    let mut script = Script::collecting();
    assert_eq!(script.vote(1, Vote::Yes), "");
    insta::assert_snapshot!(script.vote(2, Vote::Yes), @r"
    force decided commit t1
    note commit t1
    answer t1 committed
    send commit t1 to rm1
    send commit t1 to rm2
    timer 200.000 ms
    ");
}

#[test]
fn it_forgets_after_the_last_acknowledgement_and_not_before() {
    let mut script = Script::committing();
    assert_eq!(script.hear(1, Message::Acknowledge { gid: T1 }), "");
    assert_eq!(
        script.hear(1, Message::Acknowledge { gid: T1 }),
        "",
        "a repeated acknowledgement counts once"
    );
    assert_eq!(script.coordinator.oldest_unsettled(), Some(T1));
    assert_eq!(script.hear(2, Message::Acknowledge { gid: T1 }), "append ended t1\n");
    assert_eq!(script.coordinator.oldest_unsettled(), None);
}

#[test]
fn a_no_aborts_and_nobody_waits_for_it() {
    let mut script = Script::collecting();
    insta::assert_snapshot!(script.vote(1, Vote::No), @r"
    send abort t1 to rm2
    note abort t1
    answer t1 aborted
    ");
    assert_eq!(script.vote(2, Vote::Yes), "", "a late yes changes nothing");
}

#[test]
fn a_repeated_yes_is_one_yes() {
    let mut script = Script::collecting();
    script.vote(1, Vote::Yes);
    assert_eq!(script.vote(1, Vote::Yes), "");
}

#[test]
fn a_vote_that_does_not_come_aborts_at_the_deadline_and_a_late_deadline_does_nothing() {
    let mut script = Script::collecting();
    script.vote(1, Vote::Yes);
    assert_eq!(script.timer(purpose::EXECUTE_DEADLINE), "", "that phase is over");
    insta::assert_snapshot!(script.timer(purpose::VOTE_DEADLINE), @r"
    send abort t1 to rm1
    send abort t1 to rm2
    note abort t1
    answer t1 aborted
    ");
    assert_eq!(Script::committing().timer(purpose::VOTE_DEADLINE), "");
}

#[test]
fn read_only_participants_hear_no_decision() {
    let mut script = Script::collecting();
    script.vote(1, Vote::ReadOnly);
    insta::assert_snapshot!(script.vote(2, Vote::Yes), @r"
    force decided commit t1
    note commit t1
    answer t1 committed
    send commit t1 to rm2
    timer 200.000 ms
    ");
    let mut script = Script::collecting();
    script.vote(1, Vote::ReadOnly);
    assert_eq!(script.vote(2, Vote::ReadOnly), "note commit t1\nanswer t1 committed\n", "and no record");
}

#[test]
fn a_decision_is_sent_again_at_longer_and_longer_intervals_to_those_who_are_silent() {
    let mut script = Script::committing();
    script.hear(1, Message::Acknowledge { gid: T1 });
    assert_eq!(script.timer(purpose::FIRST_RETRY), "send commit t1 to rm2\ntimer 400.000 ms\n");
    assert_eq!(script.timer(purpose::RETRY), "send commit t1 to rm2\ntimer 800.000 ms\n");
    for _ in 0..100 {
        script.timer(purpose::RETRY);
    }
    assert_eq!(script.timer(purpose::RETRY), "send commit t1 to rm2\ntimer 5000.000 ms\n");
}

#[test]
fn an_inquiry_is_answered_only_when_the_answer_is_known() {
    let inquire = || Message::Inquire { gid: T1 };
    assert_eq!(Script::collecting().hear(1, inquire()), "");
    assert_eq!(Script::committing().hear(1, inquire()), "send reply commit t1 to rm1\n");
    assert_eq!(Script::new().hear(1, inquire()), "send reply abort t1 to rm1\n", "presumed abort");
}

#[test]
fn a_client_may_abort_before_prepare() {
    let mut script = Script::new();
    let mut transaction = Arc::unwrap_or_clone(transaction(2));
    transaction.ending = Ending::Abort;
    script.step(Input::Asked(ClientRequest::Begin(Arc::new(transaction))));
    script.hear(1, Message::Executed { gid: T1, life: 1 });
    insta::assert_snapshot!(script.hear(2, Message::Executed { gid: T1, life: 1 }), @r"
    send abort t1 to rm1
    send abort t1 to rm2
    note abort t1
    answer t1 aborted
    ");
}

#[test]
fn an_id_that_a_participant_has_finished_is_refused_while_its_work_is_awaited() {
    let repeated = || Message::Failed { gid: T1, why: Refusal::Repeated };
    let mut executing = Script::new();
    executing.begin(2);
    assert_eq!(executing.hear(1, repeated()), "send abort t1 to rm2\nrefuse t1\n");
    assert_eq!(Script::collecting().hear(1, repeated()), "", "it may have voted read-only");
    let mut delegated = Script::new();
    delegated.begin(1);
    delegated.hear(1, Message::Executed { gid: T1, life: 1 });
    assert_eq!(delegated.hear(1, repeated()), "", "it may have committed, and the acknowledgement be late");
    let unable = Message::Failed { gid: T1, why: Refusal::Unable };
    assert_eq!(delegated.hear(1, unable), "note abort t1\nanswer t1 aborted\n");
}

#[test]
fn a_transaction_of_nobody_ends_as_its_client_wants() {
    for (ending, answer) in
        [(Ending::Commit, "answer t1 committed\n"), (Ending::Abort, "answer t1 aborted\n")]
    {
        let wanted = DistributedTransaction { ending, ..Arc::unwrap_or_clone(transaction(0)) };
        assert_eq!(Script::new().step(Input::Asked(ClientRequest::Begin(Arc::new(wanted)))), answer);
    }
}

#[test]
fn a_used_id_is_refused_whatever_became_of_it() {
    let mut script = Script::committing();
    assert_eq!(script.begin(2), "refuse t1\n");
    let mut script = Script::collecting();
    script.vote(1, Vote::No);
    assert_eq!(script.begin(2), "refuse t1\n");
}

#[test]
fn a_restart_announces_what_is_decided_and_calls_on_the_rest() {
    let mut script = Script::committing();
    let log = std::mem::take(&mut script.log);
    let mut script = Script::new();
    insta::assert_snapshot!(script.start(&log), @r"
    send commit t1 to rm1
    send commit t1 to rm2
    timer 200.000 ms
    send recover t0 to rm1
    send recover t0 to rm2
    ");
    let asked = Input::Asked(ClientRequest::Outcome(transaction(2)));
    assert_eq!(script.step(asked), "answer t1 committed\n");
}

#[test]
fn a_restart_presumes_abort_for_what_it_does_not_know() {
    let mut before = Script::collecting();
    before.vote(1, Vote::Yes);
    let mut script = Script::restarted(before.log);
    let asked = Input::Asked(ClientRequest::Outcome(transaction(2)));
    assert_eq!(script.step(asked), "answer t1 aborted\n");
    assert_eq!(script.hear(1, Message::Inquire { gid: T1 }), "send reply abort t1 to rm1\n");
    assert_eq!(script.vote(2, Vote::Yes), "");
}

#[test]
fn a_checkpoint_keeps_the_epoch_and_every_open_decision() {
    let mut script = Script::committing();
    let mut truncated_at = None;
    for gid in 2..2000 {
        let mut effects = Effects::default();
        let mut run = |input: Input<'_>| {
            effects.reset(LogPosition(script.log.len() as u64));
            script.coordinator.step(Nanos::ZERO, input, &mut effects);
            for effect in effects.drain() {
                match effect {
                    Effect::Append { record, .. } => script.log.push(record),
                    Effect::Truncate { before } => truncated_at = Some(before.0 as usize),
                    _ => {}
                }
            }
        };
        let gid = Gid(gid);
        let participant_ids = vec![ParticipantId(1), ParticipantId(2)];
        let transaction = Arc::new(DistributedTransaction::new(gid, participant_ids));
        run(Input::Asked(ClientRequest::Begin(transaction)));
        let answers = [
            Message::Executed { gid, life: 1 },
            Message::Vote { gid, vote: Vote::Yes },
            Message::Acknowledge { gid },
        ];
        for message in answers {
            for from in [1, 2].map(|n| NodeId::from(ParticipantId(n))) {
                run(Input::Received { from, epoch: 0, message: message.clone() });
            }
        }
    }
    let kept = script.log.split_off(truncated_at.expect("the log was truncated"));
    assert!(kept.len() < 1100);
    assert!(
        kept.iter().any(|record| record.kind == RecordKind::Decided(Decision::Commit) && record.gid == T1)
    );
    let mut script = Script::restarted(kept);
    assert_eq!(script.coordinator.epoch, 2);
    assert_eq!(script.coordinator.oldest_unsettled(), Some(T1));
    assert_eq!(script.begin(2), "refuse t1\n");
}
