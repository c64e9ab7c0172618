//! What a virtual participant makes of what befalls its node or its resource.

use history::{Decision, Gid};
use protocol::{Incident, Input, Participant as _, StoredRecord};

use super::{RM1, Script, T1, T2, VirtualParticipant};
use crate::model::ParticipantConfig;

fn befall(script: &mut Script, incident: Incident) -> String {
    script.step(Input::Befallen(incident))
}

#[test]
fn a_branch_that_cannot_be_prepared_votes_no_unless_it_has_promised() {
    let mut script = Script::new();
    script.put(T1, &[(1, 5)]);
    befall(&mut script, Incident::CannotPrepare(T1));
    assert_eq!(script.prepare(T1), "send vote no t1\nnote abort t1\nt1 holds nothing\n");
    let mut script = Script::prepared();
    befall(&mut script, Incident::CannotPrepare(T1));
    assert_eq!(script.prepare(T1), "send vote yes t1\n", "what is promised is promised");
}

#[test]
fn a_full_disk_makes_the_vote_a_no_but_for_one_who_writes_nothing() {
    let mut script = Script::new();
    befall(&mut script, Incident::DiskFull);
    script.put(T1, &[(1, 5)]);
    assert_eq!(script.prepare(T1), "send vote no t1\nnote abort t1\nt1 holds nothing\n");
    script.read(T2, 1);
    assert_eq!(script.prepare(T2), "send vote read-only t2\nnote commit t2\nt2 holds nothing\n");
    befall(&mut script, Incident::DiskFreed);
    script.put(Gid(3), &[(1, 5)]);
    assert!(script.prepare(Gid(3)).contains("vote yes"));
}

#[test]
fn a_commit_waits_for_room_and_an_abort_needs_none() {
    let mut script = Script::prepared();
    befall(&mut script, Incident::DiskFull);
    assert_eq!(script.commit(T1), "", "to be said again");
    befall(&mut script, Incident::DiskFreed);
    assert!(script.commit(T1).starts_with("force decided commit t1"));
    let mut script = Script::prepared();
    befall(&mut script, Incident::DiskFull);
    assert_eq!(script.abort(T1), "note abort t1\nt1 holds nothing\n");
    assert_eq!(
        befall(&mut script, Incident::DiskFreed),
        "append decided abort t1\n",
        "or the next branch on its keys would not be the only one prepared after a crash"
    );
}

#[test]
fn the_only_participant_rolls_back_what_it_cannot_log() {
    let mut script = Script::new();
    script.put(T1, &[(1, 5)]);
    befall(&mut script, Incident::DiskFull);
    let told = script.one_phase(T1);
    assert_eq!(told, "note abort t1\nt1 holds nothing\nsend vote no t1\n");
}

#[test]
fn a_failed_sync_stops_it() {
    assert_eq!(befall(&mut Script::prepared(), Incident::SyncFailed), "halt: its disk failed to sync\n");
}

#[test]
fn a_torn_record_is_dropped_and_a_damaged_one_that_was_durable_stops_it() {
    let written = Script::prepared().log;
    let record = written.first().expect("it has prepared").clone();
    let torn = StoredRecord { intact: false, ..record.clone().into() };
    let start = |log: &[StoredRecord]| {
        let participant = VirtualParticipant::new(RM1, ParticipantConfig::default());
        let records = log.iter().map(|stored| stored.record.clone()).collect();
        let mut script = Script { participant, log: records, ..Script::new() };
        let told = script.step(Input::Start { log, epoch: 1 });
        (told, script.participant.in_doubt())
    };
    assert_eq!(start(std::slice::from_ref(&torn)), ("drop the tail\n".to_owned(), vec![]));
    let damaged = "halt: a record of its log is damaged\n".to_owned();
    assert_eq!(start(&[torn, record.into()]), (damaged, vec![]));
}

/// Found by a random load with operators: a crash kept the half that said who had decided, and lost the decision.
#[test]
fn a_decision_taken_alone_is_one_record_and_is_in_doubt_until_the_coordinator_agrees() {
    for (decision, told) in
        [(Decision::Commit, "force decided commit t1"), (Decision::Abort, "force decided abort t1")]
    {
        let mut script = Script::prepared();
        let before = script.log.len();
        assert!(befall(&mut script, Incident::Heuristic { gid: T1, decision }).starts_with(told));
        assert_eq!(script.log.len(), before + 1);
        let log: Vec<StoredRecord> = script.log.iter().cloned().map(StoredRecord::from).collect();
        let mut restarted = Script { log: script.log.clone(), ..Script::new() };
        let asks = restarted.step(Input::Start { log: &log, epoch: 2 });
        assert!(asks.contains("send inquire t1") && restarted.participant.in_doubt().is_empty(), "{asks}");
    }
}

/// Found by a random load with operators: the coordinator had forgotten the commit, and the participant had not.
#[test]
fn that_the_coordinator_agrees_is_on_record_before_it_is_acknowledged() {
    let mut script = Script::prepared();
    befall(&mut script, Incident::Heuristic { gid: T1, decision: Decision::Commit });
    befall(&mut script, Incident::DiskFull);
    assert_eq!(script.commit(T1), "", "to be said again");
    befall(&mut script, Incident::DiskFreed);
    assert_eq!(script.commit(T1), "force other t1\nsend acknowledge t1\n");
    let mut full = Script::prepared();
    befall(&mut full, Incident::DiskFull);
    assert_eq!(
        befall(&mut full, Incident::Heuristic { gid: T1, decision: Decision::Abort }),
        "",
        "not to be kept"
    );
}
