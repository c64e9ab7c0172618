//! How many transactions the validator judges in a second of CPU: a clean stream, generated in chunks as it goes, so
//! that the events are as hot as those of a simulator. Generating is not counted.
#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use history::{
    Decision, Event, Fact, Gid, Header, Key, LockMode, MessageKind, Nanos, NodeId, OpKind, Outcome,
    ParticipantId, RecordKind, Value, Vote,
};
use nix::sys::resource::{UsageWho, getrusage};
use validator::{CorrectnessValidator, ValidationResult};

const TM: NodeId = NodeId::COORDINATOR;
/// So many events are generated at a time, at most: what fits a cache.
const CHUNK: usize = 4_096;

fn main() {
    println!("participants  in flight  transactions  events each  transactions for each CPU second");
    for (participants, in_flight, transactions) in
        [(3, 1, 1_000_000), (3, 100, 1_000_000), (100, 100, 30_000)]
    {
        let (result, seconds) = run(participants, in_flight, transactions);
        assert!(result.is_valid(), "{result}");
        let rate = f64::from(transactions) / seconds;
        let each = result.events / u64::from(transactions);
        println!("{participants:>12}  {in_flight:>9}  {transactions:>12}  {each:>11}  {rate:.0}");
    }
}

/// Judges so many transactions, so many of them interleaved at a time.
fn run(participants: u32, in_flight: u32, transactions: u32) -> (ValidationResult, f64) {
    let mut validator = CorrectnessValidator::new(&Header::default());
    let mut chunk = Vec::new();
    let mut seconds = 0.0;
    let mut judge = |chunk: &mut Vec<Event>| {
        let before = cpu_seconds();
        chunk.iter().for_each(|event| validator.observe(event));
        seconds += cpu_seconds() - before;
        chunk.clear();
    };
    for first in (1..=transactions).step_by(in_flight as usize) {
        for step in 0..10 {
            for gid in first..first + in_flight {
                emit(step, Gid(gid), participants, &mut chunk);
                if chunk.len() >= CHUNK {
                    judge(&mut chunk);
                }
            }
        }
    }
    for gid in transactions.saturating_sub(999).max(1)..=transactions {
        (1..=participants).for_each(|n| stored(Gid(gid), rm(n), &mut chunk));
    }
    judge(&mut chunk);
    let before = cpu_seconds();
    let result = validator.finish();
    (result, seconds + cpu_seconds() - before)
}

fn cpu_seconds() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the process may ask about itself");
    [usage.user_time(), usage.system_time()]
        .iter()
        .map(|t| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6)
        .sum()
}

fn rm(n: u32) -> NodeId {
    ParticipantId(n).into()
}

fn key(gid: Gid) -> Key {
    Key(gid.0 % 1_000)
}

fn stored(gid: Gid, node: NodeId, out: &mut Vec<Event>) {
    out.push(Event {
        at: Nanos(0),
        node,
        fact: Fact::Stored { key: key(gid), value: Value(i64::from(gid.0)) },
    });
}

/// The events of one step of a transaction that commits.
fn emit(step: u32, gid: Gid, participants: u32, out: &mut Vec<Event>) {
    let at = Nanos(u64::from(gid.0) * 1_000);
    let (key, value) = (key(gid), Value(i64::from(gid.0)));
    let mut note = |node, fact| out.push(Event { at, node, fact });
    let (prepared, commit) = (RecordKind::Prepared, RecordKind::Decided(Decision::Commit));
    if step == 0 {
        note(TM, Fact::Begun { gid, participants });
    }
    if step == 6 {
        note(TM, Fact::Decided { gid, decision: Decision::Commit });
        note(TM, Fact::Appended { gid, record: commit, forced: true });
        note(TM, Fact::Durable { gid, record: commit });
    }
    for node in (1..=participants).map(rm) {
        let mut message = |from, to, message| {
            note(from, Fact::Sent { to, gid, message });
            note(to, Fact::Delivered { from, gid, message });
        };
        match step {
            1 => message(TM, node, MessageKind::Execute),
            3 => {
                message(node, TM, MessageKind::Executed);
                message(TM, node, MessageKind::Prepare);
            }
            5 => message(node, TM, MessageKind::VoteYes),
            7 => message(TM, node, MessageKind::Commit),
            9 => message(node, TM, MessageKind::Acknowledge),
            _ => {}
        }
        match step {
            0 => {
                note(node, Fact::Enlisted { gid });
                note(node, Fact::Asked { gid, key, op: OpKind::Put, value });
            }
            2 => {
                note(node, Fact::LockGranted { gid, key, mode: LockMode::Exclusive });
                note(node, Fact::Wrote { gid, key, value });
            }
            4 => {
                note(node, Fact::Appended { gid, record: prepared, forced: true });
                note(node, Fact::Voted { gid, vote: Vote::Yes });
                note(node, Fact::Durable { gid, record: prepared });
            }
            8 => {
                note(node, Fact::Appended { gid, record: commit, forced: true });
                note(node, Fact::Applied { gid, key, value });
                note(node, Fact::LocksReleased { gid });
                note(node, Fact::Decided { gid, decision: Decision::Commit });
                note(node, Fact::Durable { gid, record: commit });
            }
            _ => {}
        }
    }
    if step == 7 {
        note(TM, Fact::Answered { gid, outcome: Outcome::Committed });
    }
    if step == 9 {
        note(TM, Fact::Appended { gid, record: RecordKind::Ended, forced: false });
        note(TM, Fact::Durable { gid, record: RecordKind::Ended });
    }
}
