//! Consistency: what the committed transactions add up to.

use insta::assert_snapshot;
use validator::Property::Consistency;

use crate::{abort, commit};

#[test]
fn a_write_is_what_its_operations_make_of_the_key() {
    let wrong = commit().instead_of("rm1 applied t1 k1 5", "rm1 applied t1 k1 6");
    assert_snapshot!(wrong.instead_of("rm1 stored k1 5", "rm1 stored k1 6").breaks(Consistency), @r"
    consistency: rm1 sets k1 to 6 for t1, where a replay has 5
            0.002 ms  rm1  is to add k1 for t1 (value 5)
            0.025 ms  rm1  sets k1 to 6 for t1
    ");
    commit().keeps(Consistency);
}

#[test]
fn a_write_that_nobody_asked_for_is_inconsistent() {
    let more = commit().after("rm1 applied t1 k1 5", "rm1 applied t1 k9 1").then("rm1 stored k9 1");
    assert_snapshot!(more.breaks(Consistency), @r"
    consistency: rm1 sets k9 to 1 for t1, which nobody asked for
            0.026 ms  rm1  sets k9 to 1 for t1
    ");
}

#[test]
fn a_computed_value_is_what_a_replay_computes() {
    assert_snapshot!(commit().instead_of("rm2 wrote t1 k1 -5", "rm2 wrote t1 k1 5").breaks(Consistency), @r"
    consistency: rm2 computes 5 for k1 in t1, where a replay has -5
            0.004 ms  rm2  is to add k1 for t1 (value -5)
            0.006 ms  rm2  will set k1 to 5 if t1 commits
    ");
    // Operations on one key add up, and each step of the way may be announced.
    let twice = commit().after("rm1 asked t1 add k1 5", "rm1 asked t1 add k1 2");
    let twice = twice.after("rm1 wrote t1 k1 5", "rm1 wrote t1 k1 7");
    let twice = twice.instead_of("rm1 applied t1 k1 5", "rm1 applied t1 k1 7");
    twice.instead_of("rm1 stored k1 5", "rm1 stored k1 7").keeps(Consistency);
}

#[test]
fn a_lost_update_is_inconsistent() {
    let second = |value: i32| {
        format!(
            "
            tm runs t2: rm1 add k1 3
            rm1 wrote t2 k1 {value}
            tm sent t2 commit-one-phase rm1
            rm1 appended t2 commit
            rm1 applied t2 k1 {value}
            rm1 durable t2 commit
            rm1 sent t2 acknowledge tm
            tm answered t2 committed
            rm1 stored k1 {value}
            "
        )
    };
    commit().instead_of("rm1 stored k1 5", &second(8)).keeps(Consistency);
    assert_snapshot!(commit().instead_of("rm1 stored k1 5", &second(3)).breaks(Consistency), @r"
    consistency: rm1 computes 3 for k1 in t2, where a replay has 8
            0.025 ms  rm1  sets k1 to 5 for t1
            0.038 ms  rm1  is to add k1 for t2 (value 3)
            0.039 ms  rm1  will set k1 to 3 if t2 commits
    consistency: rm1 sets k1 to 3 for t2, where a replay has 8
            0.025 ms  rm1  sets k1 to 5 for t1
            0.038 ms  rm1  is to add k1 for t2 (value 3)
            0.042 ms  rm1  sets k1 to 3 for t2
    ");
}

#[test]
fn an_append_comes_after_what_the_list_held_and_only_once() {
    let appended = |value: i64| {
        let twice = commit().after("rm1 asked t1 add k1 5", "rm1 asked t1 append k1 2");
        let twice = twice.after("rm1 wrote t1 k1 5", &format!("rm1 wrote t1 k1 {value}"));
        let twice = twice.instead_of("rm1 applied t1 k1 5", &format!("rm1 applied t1 k1 {value}"));
        twice.instead_of("rm1 stored k1 5", &format!("rm1 stored k1 {value}"))
    };
    let append = |held: i64, element: i64| (held * 950_706_376 + element) % 2_147_483_647;
    appended(append(5, 2)).keeps(Consistency);
    for wrong in [append(2, 5), append(append(5, 2), 2), append(0, 2), 7, 2] {
        let told = appended(wrong).breaks(Consistency);
        assert!(
            told.contains(&format!("rm1 sets k1 to {wrong} for t1, where a replay has 458564588")),
            "{told}"
        );
    }
}

#[test]
fn a_write_that_did_not_commit_does_not_show() {
    assert_snapshot!(abort().then("rm1 stored k1 5").breaks(Consistency), @r"
    consistency: rm1 holds 5 in k1 at the end, where a replay of what committed has 0
            0.021 ms  rm1  holds 5 in k1 at the end
    ");
    abort().then("rm1 stored k1 0").keeps(Consistency);
}

#[test]
fn a_declared_total_is_conserved() {
    commit().conserved_total().keeps(Consistency);
    let more = commit().conserved_total().instead_of("rm1 asked t1 add k1 5", "rm1 asked t1 add k1 6");
    let more = more.instead_of("rm1 wrote t1 k1 5", "rm1 wrote t1 k1 6");
    let more = more.instead_of("rm1 applied t1 k1 5", "rm1 applied t1 k1 6");
    assert_snapshot!(more.instead_of("rm1 stored k1 5", "rm1 stored k1 6").breaks(Consistency), @r"
    consistency: the total over all participants is 1 at the end, not 0 as declared
            0.037 ms  rm2  holds -5 in k1 at the end
    ");
}

#[test]
fn what_an_earlier_run_left_is_what_this_one_starts_from() {
    let on_it = |value: i32| {
        let story = commit().before("tm begins t1 2", "rm2 inherited k2 9 t76\nrm1 inherited k1 100 t77");
        let story = story.instead_of("rm1 wrote t1 k1 5", &format!("rm1 wrote t1 k1 {value}"));
        let story = story.instead_of("rm1 applied t1 k1 5", &format!("rm1 applied t1 k1 {value}"));
        story.instead_of("rm1 stored k1 5", &format!("rm1 stored k1 {value}")).then("rm2 stored k2 9")
    };
    on_it(105).conserved_total().keeps(Consistency);
    assert!(on_it(5).breaks(Consistency).contains("rm1 sets k1 to 5 for t1, where a replay has 105"));
}
