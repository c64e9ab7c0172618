//! What a virtual participant makes of its log after a crash, and of one that it has shortened.

use history::{Decision, Gid, Key, NodeId, RecordKind};
use protocol::{Incident, Input, Message, Participant as _};

use super::{Script, T1, T2, T3};
use crate::participant::{ParticipantState, purpose};

/// What a restart makes of the log so far.
fn restart(script: &Script) -> Script {
    let (mut restarted, _) = Script::restarted(script.log.clone());
    restarted.now = script.now;
    restarted
}

#[test]
fn a_restart_takes_back_the_locks_of_what_is_prepared_and_inquires() {
    let (mut script, told) = Script::restarted(Script::prepared().log);
    insta::assert_snapshot!(told, @r"
    t1 holds exclusive k1
    send inquire t1
    timer 1000.000 ms
    ");
    assert_eq!(script.participant.in_doubt(), [T1]);
    assert_eq!(
        script.put(T2, &[(1, 6)]),
        "timer 5000.000 ms\nt2 waits for exclusive k1\ntimer 1000.000 ms\n"
    );
    assert_eq!(script.timer(Gid::INITIAL, purpose::IDLE), "note abort t2\n", "what is prepared is not idle");
    assert_eq!(script.prepare(T1), "send vote yes t1\n");
    insta::assert_snapshot!(script.commit(T1), @r"
    force decided commit t1
    apply k1 = 5
    note commit t1
    t1 holds nothing
    send acknowledge t1
    ");
}

/// Found by a random load with takeovers: after a crash the participant did the work of a transaction for the deposed
/// coordinator, and committed it, of which it had told the other that it cannot.
#[test]
fn whom_it_obeys_is_on_record_before_it_says_anything_to_it() {
    let from = NodeId::coordinator(1);
    let one_phase = || Message::CommitOnePhase { gid: T1, life: 0, low_water: T1 };
    let asked = || Input::Received { from, epoch: 2, message: one_phase() };
    let mut script = Script::new();
    assert_eq!(script.step(asked()), "force other t0\nsend vote no t1\n");
    assert_eq!(script.step(asked()), "send vote no t1\n", "it is the same");
    let mut script = restart(&script);
    assert_eq!(script.put(T1, &[(1, 5)]), "send deposed t0\n");
}

#[test]
fn it_obeys_nobody_new_while_there_is_no_room_to_record_it() {
    let asked = || Input::Received { from: NodeId::coordinator(1), epoch: 2, message: Message::Recover };
    let mut script = Script::prepared();
    script.step(Input::Befallen(Incident::DiskFull));
    assert_eq!(script.step(asked()), "");
    script.step(Input::Befallen(Incident::DiskFreed));
    assert_eq!(script.step(asked()), "force other t0\nsend inquire t1\n");
}

/// Found by a random load: the deposed coordinator told it to commit for ever.
#[test]
fn who_is_told_to_forget_what_it_decided_alone_remembers_who_is_in_charge() {
    let mut script = Script::prepared();
    script.step(Input::Befallen(Incident::Heuristic { gid: T1, decision: Decision::Abort }));
    let from = NodeId::coordinator(1);
    script.step(Input::Received { from, epoch: 2, message: Message::Forget { gid: T1 } });
    let mut script = restart(&script);
    assert_eq!(script.commit(T1), "send deposed t0\n");
}

#[test]
fn a_restart_forgets_what_was_not_prepared() {
    let mut script = Script::new();
    script.put(T1, &[(1, 5)]);
    let (mut script, told) = Script::restarted(script.log);
    assert_eq!((told.as_str(), script.participant.oldest_unsettled()), ("", None));
    assert_eq!(script.prepare(T1), "send vote no t1\n");
}

#[test]
fn a_restart_keeps_what_is_committed_and_drops_what_is_aborted() {
    let mut script = Script::prepared();
    script.commit(T1);
    script.put(T2, &[(1, 6), (2, 6)]);
    script.prepare(T2);
    script.abort(T2);
    let (mut script, told) = Script::restarted(script.log);
    assert_eq!((told.as_str(), script.contents()), ("", vec![(1, 5)]));
    assert!(script.participant.locks().is_empty());
    assert_eq!(script.participant.state(T1), ParticipantState::Finished(Decision::Commit));
    assert_eq!(script.participant.state(T2), ParticipantState::Finished(Decision::Abort));
    assert_eq!(script.prepare(T1), "", "it does not prepare again what is committed");
    assert_eq!(script.put(T2, &[(1, 7)]), "send failed t2\n");
}

#[test]
fn a_commit_record_that_is_lost_leaves_the_branch_in_doubt_and_the_repeated_commit_applies_again() {
    let mut script = Script::prepared();
    script.commit(T1);
    assert_eq!(script.log.pop().map(|record| record.kind), Some(RecordKind::Decided(Decision::Commit)));
    let (mut script, _) = Script::restarted(script.log);
    assert_eq!((script.participant.in_doubt(), script.contents()), (vec![T1], vec![]));
    assert!(script.commit(T1).contains("apply k1 = 5\n"));
    assert_eq!(script.contents(), [(1, 5)]);
}

#[test]
fn an_abort_record_that_is_lost_leaves_the_branch_in_doubt_and_it_hears_the_same() {
    let mut script = Script::prepared();
    script.abort(T1);
    script.log.pop();
    let (mut script, _) = Script::restarted(script.log);
    assert_eq!(script.participant.in_doubt(), [T1]);
    let reply = Message::DecisionReply { gid: T1, decision: Decision::Abort };
    assert_eq!(script.hear(reply), "append decided abort t1\nnote abort t1\nt1 holds nothing\n");
}

#[test]
fn after_a_restart_the_only_participant_answers_as_before() {
    let mut script = Script::new();
    script.put(T1, &[(1, 5), (1, 6)]);
    script.one_phase(T1);
    script.put(T2, &[(1, 7)]);
    let (mut script, _) = Script::restarted(script.log);
    assert_eq!(script.contents(), [(1, 6)]);
    assert_eq!(script.one_phase(T1), "send acknowledge t1\n");
    assert_eq!(script.one_phase(T2), "send vote no t2\n", "what it had not committed is lost");
}

/// Writes, commits and aborts until the log was cut, with t1 prepared all the while.
fn long_story() -> Script {
    let mut script = Script::new();
    script.put(T1, &[(1_000, 5), (1_001, 6)]);
    script.prepare(T1);
    for gid in (2..).map(Gid) {
        script.put(gid, &[(gid.0 % 10, i64::from(gid.0))]);
        script.prepare(gid);
        if gid.0 % 3 == 0 {
            script.abort(gid);
        } else {
            script.commit(gid);
        }
        if script.dropped > 0 && script.log.len() > 20 {
            return script;
        }
    }
    script
}

#[test]
fn a_log_that_was_cut_says_all_that_the_whole_one_said() {
    let script = long_story();
    assert!(script.log.len() < 40, "{} records are left", script.log.len());
    let restarted = restart(&script);
    let (before, after) = (&script.participant, &restarted.participant);
    assert_eq!(after.contents(), before.contents());
    assert_eq!(after.in_doubt(), [T1]);
    assert_eq!(after.locks(), [(T1, Key(1_000)), (T1, Key(1_001))]);
    for gid in (1..1_000).map(Gid) {
        assert_eq!(after.state(gid), before.state(gid), "{gid}");
    }
    let mut restarted = restart(&restarted);
    assert!(restarted.commit(T1).contains("apply k1000 = 5\napply k1001 = 6\n"));
}

#[test]
fn a_log_that_was_cut_still_knows_below_which_mark_nothing_begins() {
    let mut script = long_story();
    script.commit(T1);
    let open = Gid(100_000);
    script.hear(Message::Prepare { gid: open, life: 1, low_water: open });
    assert_eq!(script.participant.state(T3), ParticipantState::Unknown, "forgotten");
    let dropped = script.dropped;
    for gid in (open.0 + 1..).map(Gid) {
        script.put(gid, &[(1, 1)]);
        script.one_phase(gid);
        if script.dropped > dropped {
            break;
        }
    }
    let mut restarted = restart(&script);
    assert_eq!(restarted.put(T3, &[(1, 6)]), "send failed t3\n");
    assert_eq!(restarted.participant.state(Gid(99_999)), ParticipantState::Unknown);
    assert_eq!(restarted.participant.state(open), ParticipantState::Finished(Decision::Abort));
}

/// A crash may keep any first part of what was appended since the last sync: also the checkpoint without the copies
/// of prepared records behind it, while the old log is still there.
#[test]
fn a_checkpoint_that_survives_in_part_loses_nothing() {
    let mut script = Script::new();
    script.put(T1, &[(1_000, 5)]);
    script.prepare(T1);
    let mut gid = T1;
    while script.dropped == 0 {
        gid.0 += 1;
        script.put(gid, &[(1, 1)]);
        script.one_phase(gid);
    }
    let whole = script.written;
    assert_eq!(whole.last().map(|record| (record.kind, record.gid)), Some((RecordKind::Prepared, T1)));
    for cut in 0..=2 {
        let (restarted, _) = Script::restarted(whole[..whole.len() - cut].to_vec());
        assert_eq!(restarted.participant.in_doubt(), [T1], "without the last {cut} records");
        assert_eq!(restarted.participant.locks(), [(T1, Key(1_000))]);
        assert_eq!(restarted.contents(), [(1, 1)]);
    }
}

/// Found by reading: with as many branches prepared as a checkpoint is long, each step wrote another checkpoint.
#[test]
fn many_prepared_branches_do_not_make_every_step_a_checkpoint() {
    let mut script = Script::new();
    for gid in (1..=3_000).map(Gid) {
        script.put(gid, &[(gid.0, 1)]);
        script.prepare(gid);
    }
    assert!(script.written.len() < 9_000, "{} records written", script.written.len());
    assert_eq!(script.participant.in_doubt().len(), 3_000);
}

/// Read-only participants may have released their locks by then: what is read again under new locks may have changed.
#[test]
fn work_that_was_lost_in_a_crash_and_done_again_is_not_promised() {
    let prepare = |life| Message::Prepare { gid: T1, life, low_water: T1 };
    let mut script = Script::new();
    script.put(T1, &[(1, 5)]);
    assert_eq!(script.hear(prepare(7)), "send vote no t1\nnote abort t1\nt1 holds nothing\n");
    let mut script = Script::new();
    script.put(T1, &[(1, 5)]);
    let one_phase = Message::CommitOnePhase { gid: T1, life: 0, low_water: T1 };
    assert_eq!(script.hear(one_phase), "note abort t1\nt1 holds nothing\nsend vote no t1\n");
    let mut script = Script::prepared();
    assert_eq!(script.hear(prepare(7)), "send vote yes t1\n", "what is promised is promised");
}
