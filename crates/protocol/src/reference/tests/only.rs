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
