//! The only participant of a transaction.

use std::sync::Arc;

use super::*;

#[test]
fn the_only_participant_decides_by_itself() {
    let only = || {
        let mut script = Script::new();
        script.begin(1);
        let told = script.hear(1, Message::Executed { gid: T1, life: 1 });
        assert_eq!(told, "send commit one-phase t1 to rm1\ntimer 200.000 ms\n");
        script
    };
    assert_eq!(only().hear(1, Message::Acknowledge { gid: T1 }), "note commit t1\nanswer t1 committed\n");
    assert_eq!(only().vote(1, Vote::No), "note abort t1\nanswer t1 aborted\n");
    assert_eq!(only().vote(1, Vote::ReadOnly), "note commit t1\nanswer t1 committed\n");
    assert_eq!(only().timer(purpose::FIRST_RETRY), "send commit one-phase t1 to rm1\ntimer 400.000 ms\n");
}

#[test]
fn after_a_restart_the_only_participant_is_asked_what_it_did() {
    let mut before = Script::new();
    before.begin(1);
    before.hear(1, Message::Executed { gid: T1, life: 1 });
    let mut script = Script::restarted(before.log);
    let asked = Input::Asked(ClientRequest::Outcome(transaction(1)));
    assert_eq!(script.step(asked), "send commit one-phase t1 to rm1\ntimer 200.000 ms\n");
    assert_eq!(script.hear(1, Message::Acknowledge { gid: T1 }), "note commit t1\nanswer t1 committed\n");
}

/// Found by a random load that uses ids again: the earlier transaction was committed before a restart, and the client
/// of the later one was told that it aborted.
#[test]
fn a_restarted_coordinator_does_not_abort_for_a_silent_only_participant_that_may_have_committed_the_id_before()
 {
    let silent = |mut script: Script, participants| {
        script.begin(participants);
        let told = script.timer(purpose::EXECUTE_DEADLINE);
        (script, told)
    };
    // A checkpoint that was taken before any id was used.
    let restarted = || Script::restarted(vec![LogRecord::new(RecordKind::Other, Gid::INITIAL)]);
    let overdue = || {
        let (mut script, told) = silent(restarted(), 1);
        assert_eq!(told, "send commit one-phase t1 to rm1\ntimer 400.000 ms\n");
        assert_eq!(script.timer(purpose::RETRY), "send commit one-phase t1 to rm1\ntimer 800.000 ms\n");
        script
    };
    assert_eq!(overdue().hear(1, Message::Acknowledge { gid: T1 }), "refuse t1\n");
    let failed = |why| overdue().hear(1, Message::Failed { gid: T1, why });
    assert_eq!(failed(Refusal::Repeated), "refuse t1\n");
    assert_eq!(failed(Refusal::Forgotten), "answer t1 unknown\n");
    let aborted = "note abort t1\nanswer t1 aborted\n";
    assert_eq!(overdue().vote(1, Vote::No), aborted);
    assert_eq!(failed(Refusal::Unable), aborted);
    assert_eq!(overdue().hear(1, Message::Executed { gid: T1, life: 1 }), "", "it is told to end that");
    let (_, told) = silent(Script::new(), 1);
    assert_eq!(told, format!("send abort t1 to rm1\n{aborted}"), "nothing was used before");
    let (_, told) = silent(restarted(), 2);
    assert_eq!(
        told,
        format!("send abort t1 to rm1\nsend abort t1 to rm2\n{aborted}"),
        "it would be in the log"
    );
}

#[test]
fn where_one_phase_is_not_wanted_the_only_participant_is_one_like_others() {
    let config = CoordinatorConfig { participants: 1, one_phase: false, ..CoordinatorConfig::default() };
    let mut script = Script::with(config, Vec::new());
    script.begin(1);
    let told = script.hear(1, Message::Executed { gid: T1, life: 1 });
    assert_eq!(told, "send prepare t1 to rm1\ntimer 2000.000 ms\n");
    let mut again = Script::with(config, script.log);
    let asked = Input::Asked(ClientRequest::Outcome(transaction(1)));
    assert_eq!(again.step(asked), "answer t1 aborted\n", "presumed abort");
}

/// The participant may have done the work and be idle: asked to commit, it would.
#[test]
fn after_a_restart_a_client_that_wanted_to_abort_hears_that_it_did() {
    let mut wanted = Arc::unwrap_or_clone(transaction(1));
    wanted.ending = Ending::Abort;
    let wanted = Arc::new(wanted);
    let mut before = Script::new();
    before.step(Input::Asked(ClientRequest::Begin(Arc::clone(&wanted))));
    let mut script = Script::restarted(before.log);
    let told = script.step(Input::Asked(ClientRequest::Outcome(wanted)));
    assert_eq!(told, "answer t1 aborted\n");
}
