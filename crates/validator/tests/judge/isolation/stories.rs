//! Isolation in whole histories: what a person is told, that a crash is no anomaly, and that an excerpt is judged alike.

use crate::LATE_COMMIT;
use crate::story::Story;
use history::Gid;
use validator::isolation::Level;
use validator::{Property, Verdict, excerpt, validate};

/// Two transfers that each look at the other's account: rm1 has the one, rm2 the other.
fn write_skew() -> Story {
    Story::new(
        "
        tm runs t1: rm1 read k1 0, rm2 put k2 5
        tm runs t2: rm2 read k2 0, rm1 put k1 7
        rm1 read t1 k1 t0
        rm2 read t2 k2 t0
        rm2 wrote t1 k2 5
        rm1 wrote t2 k1 7
        rm1 voted t1 read-only
        rm1 sent t1 vote-read-only tm
        tm heard t1 vote-read-only rm1
        rm2 prepares t1
        tm decides t1
        tm sent t1 commit rm2
        tm answered t1 committed
        rm2 commits t1 k2 5
        rm2 voted t2 read-only
        rm2 sent t2 vote-read-only tm
        tm heard t2 vote-read-only rm2
        rm1 prepares t2
        tm decides t2
        tm sent t2 commit rm1
        tm answered t2 committed
        rm1 commits t2 k1 7
        rm1 stored k1 7
        rm2 stored k2 5
        ",
    )
}

#[test]
fn write_skew_is_told_as_a_story() {
    insta::assert_snapshot!(write_skew().breaks(Property::Isolation), @r#"
    isolation: write skew: t1 read k1 of rm1 before t2 wrote it, t2 read k2 of rm2 before t1 wrote it
            0.010 ms  rm1  reads k1 for t1 as t0 left it
            0.011 ms  rm2  reads k2 for t2 as t0 left it
            0.014 ms  rm1  votes read-only on t1
            0.018 ms  rm2  votes yes on t1
            0.019 ms  rm2  has "prepared" of t1 durable
            0.022 ms  tm   decides to commit t1
            0.024 ms  tm   has "decided commit" of t1 durable
            0.026 ms  tm   tells the client: t1 committed
            0.029 ms  rm2  sets k2 to 5 for t1
            0.030 ms  rm2  commits t1
            0.031 ms  rm2  has "decided commit" of t1 durable
            0.033 ms  rm2  votes read-only on t2
            0.037 ms  rm1  votes yes on t2
            0.038 ms  rm1  has "prepared" of t2 durable
            0.041 ms  tm   decides to commit t2
            0.043 ms  tm   has "decided commit" of t2 durable
            0.045 ms  tm   tells the client: t2 committed
            0.048 ms  rm1  sets k1 to 7 for t2
            0.049 ms  rm1  commits t2
            0.050 ms  rm1  has "decided commit" of t2 durable
    "#);
}

#[test]
fn without_the_early_read_there_is_no_skew() {
    let story = write_skew().without("rm2 read t2 k2 t0").after("rm2 applied t1 k2 5", "rm2 read t2 k2 t1");
    story.keeps(Property::Isolation);
}

#[test]
fn snapshot_isolation_permits_write_skew() {
    let mut history = write_skew().history();
    let mut judged = |level| {
        history.header.terms.isolation = level;
        validate(&history).verdict
    };
    assert_eq!(judged(Level::SnapshotIsolation), Verdict::Valid);
    assert_eq!(judged(Level::Serializable), Verdict::Violated);
}

/// Found by a random load with operators: an abort was lost in a crash, others read what it had set free, and then an
/// operator commits a part.
#[test]
fn a_transaction_of_which_an_operator_commits_a_part_is_in_no_cycle() {
    let part = Story::new(&format!(
        "
        tm runs t1: rm2 read k2 0, rm1 put k1 5
        rm2 read t1 k2 t0
        rm1 wrote t1 k1 5
        rm2 voted t1 read-only
        rm2 sent t1 vote-read-only tm
        tm heard t1 vote-read-only rm2
        rm1 prepares t1
        tm decided t1 abort
        tm sent t1 abort rm1
        tm answered t1 aborted
        rm1 heard t1 abort tm
        rm1 appended t1 abort
        rm1 decided t1 abort
        tm runs t2: rm1 read k1 0, rm2 put k2 7
        rm1 read t2 k1 t0
        rm2 wrote t2 k2 7
        rm1 voted t2 read-only
        rm1 sent t2 vote-read-only tm
        tm heard t2 vote-read-only rm1
        rm2 prepares t2
        tm decides t2
        tm sent t2 commit rm2
        tm answered t2 committed
        rm2 commits t2 k2 7
        {LATE_COMMIT}
        rm1 stored k1 5
        rm2 stored k2 7
        "
    ));
    let result = part.judge();
    assert_eq!(result.verdict, Verdict::Valid, "{result}");
}

/// A second transaction reads a key that the first one has written, but for its decision.
fn read_of_what_aborts(writer: &str) -> Story {
    let read = format!(
        "
        tm runs t2: rm1 read k1 0
        rm1 read t2 k1 {writer}
        tm sent t2 commit-one-phase rm1
        rm1 heard t2 commit-one-phase tm
        rm1 voted t2 read-only
        rm1 sent t2 vote-read-only tm
        tm answered t2 committed
        "
    );
    crate::abort().after("rm1 wrote t1 k1 5", &read)
}

#[test]
fn what_aborts_may_not_be_read() {
    read_of_what_aborts("t0").keeps(Property::Isolation);
    insta::assert_snapshot!(read_of_what_aborts("t1").breaks(Property::Isolation), @r#"
    isolation: G1a: t2 read k1 of rm1 as t1 left it, which aborted
            0.009 ms  rm1  reads k1 for t2 as t1 left it
            0.012 ms  rm1  votes read-only on t2
            0.014 ms  tm   tells the client: t2 committed
            0.016 ms  rm1  votes yes on t1
            0.017 ms  rm1  has "prepared" of t1 durable
            0.020 ms  rm2  votes no on t1
            0.021 ms  rm2  aborts t1
            0.024 ms  tm   decides to abort t1
            0.026 ms  tm   tells the client: t1 aborted
            0.029 ms  rm1  aborts t1
    "#);
}

#[test]
fn what_a_crash_undid_and_recovery_did_again_is_one_version() {
    let story = crate::commit().without("rm1 durable t1 commit").without("rm1 sent t1 acknowledge tm").after(
        "rm1 decided t1 commit",
        "
            rm1 crashed
            rm1 lost t1 commit
            rm1 restarted
            rm1 commits t1 k1 5
            tm runs t2: rm1 read k1 0
            rm1 read t2 k1 t1
            tm sent t2 commit-one-phase rm1
            rm1 heard t2 commit-one-phase tm
            rm1 voted t2 read-only
            rm1 sent t2 vote-read-only tm
            tm answered t2 committed
            ",
    );
    story.keeps(Property::Isolation);
}

#[test]
fn an_excerpt_is_judged_like_the_whole() {
    // A third transaction wrote before both, and a fourth after them.
    let story = write_skew()
        .before(
            "tm begins t1 2",
            "
            tm runs t3: rm2 add k2 1
            rm2 wrote t3 k2 1
            tm sent t3 commit-one-phase rm2
            rm2 heard t3 commit-one-phase tm
            rm2 appended t3 commit
            rm2 applied t3 k2 1
            rm2 decided t3 commit
            rm2 durable t3 commit
            rm2 sent t3 acknowledge tm
            tm heard t3 acknowledge rm2
            tm answered t3 committed
            ",
        )
        .instead_of("rm2 read t2 k2 t0", "rm2 read t2 k2 t3")
        .instead_of("rm2 asked t1 put k2 5", "rm2 asked t1 add k2 4");
    let history = story.history();
    let whole = validate(&history);
    let (property, violation) = whole.violations().next().expect("it is skewed");
    assert_eq!((property, whole.violations().count()), (Property::Isolation, 1));
    let cut = excerpt(&history, &whole).expect("it is violated");
    let gids: Vec<Option<Gid>> = cut.events.iter().map(|event| event.fact.gid()).collect();
    assert!(!gids.contains(&Some(Gid(3))) && cut.events.len() < history.events.len());
    let judged = validate(&cut);
    let (property, again) = judged.violations().next().expect("it is skewed still");
    assert_eq!((property, judged.violations().count()), (Property::Isolation, 1), "{judged}");
    assert_eq!(again.claim, violation.claim);
}
