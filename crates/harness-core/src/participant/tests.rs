//! What a virtual participant emits, step by step, told as a script: branches at work, votes and decisions. What it
//! makes of its log is in `recovery`, and of what befalls it in `incidents`.

mod incidents;
mod recovery;

use std::fmt::Write as _;
use std::sync::Arc;

use history::{Decision, Fact, Gid, Key, Nanos, NodeId, ParticipantId, Value, Vote};
use protocol::{
    Change, DistributedTransaction, Effect, Effects, Input, LogPosition, LogRecord, Message,
    Participant as _, Read, Refusal, StoredRecord, Timer, Write,
};

use super::{ParticipantState, VirtualParticipant, purpose};
use crate::model::ParticipantConfig;

const RM1: ParticipantId = ParticipantId(1);
const T1: Gid = Gid(1);
const T2: Gid = Gid(2);
const T3: Gid = Gid(3);

/// A participant whose log is a vector of which everything is durable at once.
struct Script {
    participant: VirtualParticipant,
    log: Vec<LogRecord>,
    /// How many records were dropped from the front of the log.
    dropped: u64,
    /// All records that were ever appended.
    written: Vec<LogRecord>,
    now: Nanos,
}

impl Script {
    fn new() -> Self {
        Self::restarted(Vec::new()).0
    }

    /// A participant that starts on this log, and what it emits at once.
    fn restarted(log: Vec<LogRecord>) -> (Self, String) {
        let participant = VirtualParticipant::new(RM1, ParticipantConfig::default());
        let mut script =
            Self { participant, log: log.clone(), dropped: 0, written: log.clone(), now: Nanos::ZERO };
        let stored: Vec<StoredRecord> = log.into_iter().map(StoredRecord::from).collect();
        let told = script.step(Input::Start { log: &stored, epoch: 1 });
        (script, told)
    }

    fn step(&mut self, input: Input<'_>) -> String {
        let mut effects = Effects::default();
        effects.reset(LogPosition(self.dropped + self.log.len() as u64));
        self.participant.step(self.now, input, &mut effects);
        let mut told = String::new();
        effects.drain().for_each(|effect| self.tell(effect, &mut told));
        told
    }

    fn tell(&mut self, effect: Effect, told: &mut String) {
        let _ = match effect {
            Effect::Append { record, forced } => {
                let how = if forced { "force" } else { "append" };
                let line = writeln!(told, "{how} {} {}", record.kind, record.gid);
                self.written.push(record.clone());
                self.log.push(record);
                line
            }
            Effect::Truncate { before } => {
                let count = before.0 - self.dropped;
                self.log.drain(..count as usize);
                self.dropped = before.0;
                writeln!(told, "drop {count} records")
            }
            Effect::DropTail { from } => {
                self.log.truncate((from.0 - self.dropped) as usize);
                writeln!(told, "drop the tail")
            }
            Effect::Halt(why) => writeln!(told, "halt: {why}"),
            Effect::Sync => writeln!(told, "sync"),
            Effect::Fail(failure) => writeln!(told, "{failure}"),
            Effect::Send { message, .. } => writeln!(told, "send {} {}", message.kind(), message.gid()),
            Effect::SetTimer { after, .. } => writeln!(told, "timer {after}"),
            Effect::Note(Fact::LockWaited { gid, key, mode }) => {
                writeln!(told, "{gid} waits for {mode} {key}")
            }
            Effect::Note(Fact::LockGranted { gid, key, mode }) => writeln!(told, "{gid} holds {mode} {key}"),
            Effect::Note(Fact::LocksReleased { gid }) => writeln!(told, "{gid} holds nothing"),
            Effect::Note(Fact::Read { gid, key, writer }) => writeln!(told, "{gid} reads {key} of {writer}"),
            Effect::Note(Fact::Wrote { gid, key, value }) => writeln!(told, "{gid} writes {key} = {value}"),
            Effect::Note(Fact::Applied { key, value, .. }) => writeln!(told, "apply {key} = {value}"),
            Effect::Note(Fact::Decided { gid, decision }) => writeln!(told, "note {decision} {gid}"),
            Effect::Note(_) | Effect::Answer { .. } | Effect::Refuse { .. } => Ok(()),
        };
    }

    fn hear(&mut self, message: Message) -> String {
        self.step(Input::Received { from: NodeId::COORDINATOR, epoch: 1, message })
    }

    fn prepare(&mut self, gid: Gid) -> String {
        self.hear(Message::Prepare { gid, life: 1, low_water: T1 })
    }

    fn one_phase(&mut self, gid: Gid) -> String {
        self.hear(Message::CommitOnePhase { gid, life: 1, low_water: T1 })
    }

    fn commit(&mut self, gid: Gid) -> String {
        self.hear(Message::Commit { gid })
    }

    fn abort(&mut self, gid: Gid) -> String {
        self.hear(Message::Abort { gid })
    }

    /// The timer fires when it is due: an hour is late enough for any.
    fn timer(&mut self, gid: Gid, purpose: u32) -> String {
        self.now = Nanos::from_secs(3_600);
        self.step(Input::TimerFired(Timer { gid, purpose }))
    }

    fn put(&mut self, gid: Gid, writes: &[(u32, i64)]) -> String {
        let writes = writes.iter().map(|&(key, value)| write(key, value, Change::Put));
        self.hear(execute(gid, &[], writes.collect()))
    }

    fn read(&mut self, gid: Gid, key: u32) -> String {
        self.hear(execute(gid, &[key], Vec::new()))
    }

    /// A branch that has written k1 = 5 and voted yes.
    fn prepared() -> Self {
        let mut script = Self::new();
        script.put(T1, &[(1, 5)]);
        script.prepare(T1);
        script
    }

    fn contents(&self) -> Vec<(u32, i64)> {
        self.participant.contents().iter().map(|&(key, value)| (key.0, value.0)).collect()
    }
}

fn execute(gid: Gid, reads: &[u32], writes: Vec<Write>) -> Message {
    let mut transaction = DistributedTransaction::new(gid, vec![RM1]);
    transaction.reads = reads.iter().map(|&key| Read { participant: RM1, key: Key(key) }).collect();
    transaction.writes = writes;
    Message::Execute { transaction: Arc::new(transaction) }
}

fn write(key: u32, value: i64, change: Change) -> Write {
    Write { participant: RM1, key: Key(key), value: Value(value), change }
}

#[test]
fn a_yes_is_said_after_the_prepared_record_is_forced() {
    let mut script = Script::new();
    script.put(T1, &[(1, 5)]);
    insta::assert_snapshot!(script.prepare(T1), @r"
    force prepared t1
    send vote yes t1
    timer 500.000 ms
    ");
    assert_eq!(script.participant.in_doubt(), [T1]);
    assert_eq!(script.participant.locks(), [(T1, Key(1))], "locks are kept until the decision");
    assert_eq!(script.prepare(T1), "send vote yes t1\n", "asked again, it says the same and logs nothing");
}

#[test]
fn a_commit_is_acknowledged_after_its_record_is_forced() {
    let mut script = Script::prepared();
    insta::assert_snapshot!(script.commit(T1), @r"
    force decided commit t1
    apply k1 = 5
    note commit t1
    t1 holds nothing
    send acknowledge t1
    ");
    assert_eq!(script.participant.oldest_unsettled(), None);
    assert_eq!(script.commit(T1), "send acknowledge t1\n", "a repeated commit is acknowledged, not applied");
}

#[test]
fn a_read_only_branch_votes_read_only_and_writes_no_record() {
    let mut script = Script::new();
    script.read(T1, 1);
    assert_eq!(script.prepare(T1), "send vote read-only t1\nnote commit t1\nt1 holds nothing\n");
    assert!(script.log.is_empty());
    let without_work = script.put(T2, &[]);
    assert_eq!(without_work, "send executed t2\n");
    assert_eq!(script.prepare(T2), "send vote read-only t2\nnote commit t2\n");
    assert_eq!(script.prepare(T2), "", "it has voted");
}

#[test]
fn a_prepare_of_an_unknown_transaction_is_a_no_and_a_late_execute_of_it_never_begins() {
    let mut script = Script::new();
    assert_eq!(script.prepare(T1), "send vote no t1\n");
    assert_eq!(script.put(T1, &[(1, 5)]), "send failed t1\n");
    assert!(script.participant.locks().is_empty());
    assert_eq!(script.prepare(T1), "send vote no t1\n");
}

#[test]
fn a_repeated_prepare_after_the_commit_does_not_prepare_again() {
    let mut script = Script::prepared();
    script.commit(T1);
    assert_eq!(script.prepare(T1), "");
    assert_eq!(script.put(T1, &[(1, 5)]), "send failed t1\n", "nor does a repeated execute begin again");
    assert_eq!(script.participant.state(T1), ParticipantState::Finished(Decision::Commit));
}

#[test]
fn a_commit_of_a_transaction_that_was_forgotten_is_acknowledged() {
    let mut script = Script::prepared();
    script.commit(T1);
    script.put(T2, &[(2, 6)]);
    script.hear(Message::Prepare { gid: T2, life: 1, low_water: T2 });
    assert_eq!(script.participant.state(T1), ParticipantState::Unknown, "it is below the low-water mark");
    assert_eq!(script.commit(T1), "send acknowledge t1\n");
    assert_eq!(script.put(T1, &[(1, 7)]), "send failed t1\n", "a late execute is too late all the same");
    assert_eq!(script.hear(Message::Prepare { gid: T1, life: 1, low_water: T1 }), "send vote no t1\n");
}

#[test]
fn what_is_at_the_low_water_mark_is_remembered() {
    let mut script = Script::prepared();
    script.commit(T1);
    script.hear(Message::Prepare { gid: T2, life: 1, low_water: T1 });
    assert_eq!(script.participant.state(T1), ParticipantState::Finished(Decision::Commit));
    assert_eq!(script.participant.state(T2), ParticipantState::Finished(Decision::Abort));
}

#[test]
fn a_commit_before_the_vote_or_after_an_abort_is_not_acknowledged() {
    let mut script = Script::new();
    script.put(T1, &[(1, 5)]);
    assert_eq!(script.commit(T1), "");
    script.abort(T1);
    assert_eq!(script.commit(T1), "");
    assert_eq!(script.contents(), []);
}

#[test]
fn an_abort_before_the_work_leaves_nothing_hanging() {
    let mut script = Script::new();
    assert_eq!(script.abort(T1), "");
    assert_eq!(script.put(T1, &[(1, 5)]), "send failed t1\n");
    assert_eq!((script.participant.oldest_unsettled(), script.participant.locks().len()), (None, 0));
}

#[test]
fn an_abort_after_the_vote_is_logged_lazily_and_frees_the_locks() {
    let mut script = Script::prepared();
    script.put(T2, &[(1, 6)]);
    insta::assert_snapshot!(script.abort(T1), @r"
    append decided abort t1
    note abort t1
    t1 holds nothing
    t2 holds exclusive k1
    t2 writes k1 = 6
    send executed t2
    ");
    assert_eq!(script.contents(), [], "nothing was applied");
    assert_eq!(script.abort(T2), "note abort t2\nt2 holds nothing\n", "before the vote there is no record");
}

#[test]
fn a_lock_that_does_not_come_in_time_fails_the_branch_and_lets_those_behind_pass() {
    let mut script = Script::new();
    script.read(T1, 1);
    insta::assert_snapshot!(script.put(T2, &[(1, 6)]), @r"
    t2 waits for exclusive k1
    timer 1000.000 ms
    ");
    assert_eq!(script.read(T3, 1), "t3 waits for shared k1\ntimer 1000.000 ms\n", "nobody overtakes");
    assert_eq!(
        script.prepare(T2),
        "send vote no t2\nnote abort t2\nt3 holds shared k1\nt3 reads k1 of t0\nsend executed t3\n"
    );
    let mut script = Script::new();
    script.read(T1, 1);
    script.put(T2, &[(1, 6)]);
    script.read(T3, 1);
    insta::assert_snapshot!(script.timer(T2, purpose::LOCK), @r"
    send failed t2
    note abort t2
    t3 holds shared k1
    t3 reads k1 of t0
    send executed t3
    ");
    assert_eq!(script.timer(T3, purpose::LOCK), "", "it came in time");
    assert_eq!(script.participant.locks(), [(T1, Key(1)), (T3, Key(1))]);
}

#[test]
fn each_lock_is_waited_for_as_long_as_the_first() {
    let mut script = Script::new();
    script.put(T1, &[(1, 5)]);
    script.put(T2, &[(2, 5)]);
    assert_eq!(script.put(T3, &[(1, 6), (2, 6)]), "t3 waits for exclusive k1\ntimer 1000.000 ms\n");
    script.abort(T1);
    assert_eq!(script.participant.state(T3), ParticipantState::Waiting, "for k2 now");
    assert_eq!(script.timer(T3, purpose::LOCK), "", "the timer of k1 is over with k1");
    assert!(script.timer(T3, purpose::LOCK + 1).starts_with("send failed t3\n"));
}

#[test]
fn an_idle_branch_aborts_alone_before_its_vote_and_never_after() {
    let mut script = Script::new();
    script.put(T1, &[(1, 5)]);
    assert_eq!(script.timer(Gid::INITIAL, purpose::IDLE), "note abort t1\nt1 holds nothing\n");
    assert_eq!(script.prepare(T1), "send vote no t1\n");
    let mut script = Script::prepared();
    assert_eq!(script.timer(Gid::INITIAL, purpose::IDLE), "");
    assert_eq!(script.participant.state(T1), ParticipantState::Prepared);
}

#[test]
fn a_branch_in_doubt_inquires_at_longer_and_longer_intervals() {
    let mut script = Script::prepared();
    let first = script.timer(Gid::INITIAL, purpose::FIRST_INQUIRY);
    assert_eq!(first, "send inquire t1\ntimer 1000.000 ms\n");
    assert_eq!(script.timer(T1, purpose::INQUIRY + 1), "send inquire t1\ntimer 2000.000 ms\n");
    assert_eq!(script.timer(T1, purpose::INQUIRY + 2), "send inquire t1\ntimer 2000.000 ms\n", "the longest");
    assert_eq!(script.hear(Message::Recover), "send inquire t1\n", "and when the coordinator calls");
    let reply = Message::DecisionReply { gid: T1, decision: Decision::Commit };
    assert!(script.hear(reply).ends_with("send acknowledge t1\n"));
    assert_eq!(script.timer(T1, purpose::INQUIRY + 3), "");
    assert_eq!(script.hear(Message::Recover), "");
}

#[test]
fn the_only_participant_that_is_asked_twice_answers_the_same() {
    let mut script = Script::new();
    script.put(T1, &[(1, 5)]);
    insta::assert_snapshot!(script.one_phase(T1), @r"
    force decided commit t1
    apply k1 = 5
    note commit t1
    t1 holds nothing
    send acknowledge t1
    ");
    assert_eq!(script.one_phase(T1), "send acknowledge t1\n");
    assert_eq!(script.one_phase(T2), "send vote no t2\n");
    assert_eq!(script.put(T2, &[(1, 6)]), "send failed t2\n");
    assert_eq!(script.one_phase(T2), "send vote no t2\n");
    script.read(T3, 1);
    assert_eq!(script.one_phase(T3), "note commit t3\nt3 holds nothing\nsend vote read-only t3\n");
    assert_eq!(script.one_phase(T3), "send acknowledge t3\n", "committed, in other words");
}

#[test]
fn a_branch_that_has_promised_is_not_decided_in_one_phase() {
    let mut script = Script::prepared();
    assert_eq!(script.one_phase(T1), "");
    assert_eq!(script.participant.state(T1), ParticipantState::Prepared);
}

#[test]
fn a_branch_sees_its_own_writes_and_the_last_of_them_counts() {
    let mut script = Script::prepared();
    script.commit(T1);
    let writes = vec![
        write(1, 3, Change::Add),
        write(2, 7, Change::Put),
        write(2, 1, Change::Add),
        write(1, 9, Change::Put),
    ];
    insta::assert_snapshot!(script.hear(execute(T2, &[1], writes)), @r"
    t2 holds exclusive k1
    t2 holds exclusive k2
    t2 reads k1 of t1
    t2 reads k1 of t1
    t2 writes k1 = 8
    t2 writes k2 = 7
    t2 reads k2 of t2
    t2 writes k2 = 8
    t2 writes k1 = 9
    send executed t2
    ");
    assert_eq!(script.contents(), [(1, 5)], "until it commits");
    script.prepare(T2);
    script.commit(T2);
    assert_eq!(script.contents(), [(1, 9), (2, 8)]);
}

#[test]
fn a_repeated_execute_changes_nothing() {
    let mut script = Script::new();
    script.put(T1, &[(1, 5)]);
    assert_eq!(script.put(T1, &[(1, 6)]), "");
    script.prepare(T1);
    assert_eq!(script.put(T1, &[(1, 7)]), "");
    script.commit(T1);
    assert_eq!(script.contents(), [(1, 5)]);
    let failed = Message::Failed { gid: T1, why: Refusal::Unable };
    assert_eq!(script.hear(failed), "", "what only a coordinator hears is no news");
    assert_eq!(script.hear(Message::Vote { gid: T1, vote: Vote::No }), "");
}
