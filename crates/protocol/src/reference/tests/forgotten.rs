//! What a participant has forgotten, or was told to.

use history::Decision;

use super::{Script, T1};
use crate::message::{Message, Refusal};

/// Found by a random load with takeovers: a predecessor that did not know that it was deposed had let the participant
/// forget what its successor was still asked for.
#[test]
fn what_the_only_participant_has_forgotten_nobody_can_tell() {
    let forgotten = || Message::Failed { gid: T1, why: Refusal::Forgotten };
    let mut delegated = Script::new();
    delegated.begin(1);
    delegated.hear(1, Message::Executed { gid: T1, life: 1 });
    assert_eq!(delegated.hear(1, forgotten()), "answer t1 unknown\n");
    assert_eq!(Script::collecting().hear(1, forgotten()), "", "it was not asked to decide");
}

/// Found by a random load with operators: told to forget what it did, the participant never acknowledges the commit.
#[test]
fn after_a_restart_nobody_waits_for_one_that_decided_otherwise_and_was_told_to_forget() {
    let mut script = Script::committing();
    let otherwise = || Message::Heuristic { gid: T1, decision: Decision::Abort };
    let told = "force other t1\nanswer t1 heuristic mixed\nsend forget t1 to rm1\n";
    assert_eq!(script.hear(1, otherwise()), told);
    assert_eq!(script.hear(1, otherwise()), "send forget t1 to rm1\n", "once is enough");
    let mut restarted = Script::new();
    let told = restarted.start(&script.log);
    assert!(told.contains("send commit t1 to rm2") && !told.contains("send commit t1 to rm1"), "{told}");
    assert_eq!(restarted.hear(2, Message::Acknowledge { gid: T1 }), "append ended t1\n");
}
