//! `2pc-test mutants`: seeded bugs against the suite.

use crate::{passes, program};

#[test]
fn a_mutant_is_named_with_what_catches_it_and_when() {
    let told = passes(["mutants", "Commit after a missing vote", "heuristic-outcome-hidden"]);
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines[0].contains("Basic") && lines[0].ends_with("transactions  seconds  caught by"), "{told}");
    assert!(
        lines[1].starts_with("commit_after_a_missing_vote ") && lines[1].ends_with("unanimity"),
        "{told}"
    );
    assert!(
        lines[2].starts_with("heuristic_outcome_hidden ") && lines[2].ends_with("client truth"),
        "{told}"
    );
    assert_eq!(lines[4], "2 mutants: 2 killed, 2 by what they name");
}

#[test]
fn as_json_each_mutant_is_a_line() {
    let told = passes(["mutants", "decision_never_forced", "--json"]);
    let row: serde_json::Value = serde_json::from_str(told.trim_end()).expect("one line of JSON");
    assert_eq!((&row["name"], &row["survives"]), (&"decision_never_forced".into(), &false.into()));
    assert_eq!(row["caught_by"], serde_json::json!(["write-ahead"]));
    assert_eq!(row["categories"][0], serde_json::json!(["Basic", 1]));
    assert_eq!(row["transactions"], 1);
}

#[test]
fn a_mutant_that_is_unknown_is_answered_with_the_nearest() {
    let left = program(["mutants", "no_vote_swalowed"]).run();
    assert_eq!((left.code, left.out.as_str()), (Some(2), ""));
    assert_eq!(left.err, "error: there is no mutant \"no_vote_swalowed\"; did you mean no_vote_swallowed?\n");
    let left = program(["mutants", "xyzzy"]).run();
    assert_eq!(left.code, Some(2));
    assert!(left.err.ends_with("they are listed in docs/MUTANTS.md\n"), "{}", left.err);
}

#[test]
fn wrong_fail_points_are_told_before_anything_runs() {
    let left = program(["mutants", "no_vote_swallowed"]).env("FAILPOINTS", "x").run();
    assert_eq!((left.code, left.out.as_str()), (Some(2), ""));
    assert!(left.err.starts_with("error: FAILPOINTS: "), "{}", left.err);
}
