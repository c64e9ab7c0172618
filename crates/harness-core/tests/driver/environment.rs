//! `FAILPOINTS` in the environment works for anybody. A variable belongs to a whole process, so the test starts itself
//! again with it.

use std::ffi::OsStr;
use std::fmt::Debug;
use std::os::unix::ffi::OsStrExt as _;

use harness_core::history::Fact;
use harness_core::{Cast, RunError, Simulator, TestScenario};

/// Runs one test of this program in a process of its own, with these variables.
pub(crate) fn again<const N: usize>(test: &str, variables: [(&str, impl AsRef<OsStr> + Debug); N]) {
    let this = std::env::current_exe().expect("a test knows its program");
    let mut command = std::process::Command::new(this);
    let output = command
        .args(["--exact", test])
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .output()
        .expect("its own program starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{variables:?}:\n{said}");
}

/// How often a fault fired in a run that has none of its own.
fn fired() -> Result<usize, RunError> {
    let scenario = TestScenario::new("Nothing goes wrong by itself.", 3).writing_to(3);
    let mut events = Vec::new();
    Simulator::new(Cast::reference()).run(&scenario, 0, &mut events)?;
    Ok(events.iter().filter(|event| matches!(event.fact, Fact::FaultFired { .. })).count())
}

#[test]
fn fail_points_of_the_environment_strike_and_wrong_ones_stop_the_run() {
    const EXPECTED: &str = "FAULTS_EXPECTED";
    if let Ok(expected) = std::env::var(EXPECTED) {
        let came = fired().map_or_else(|error| error.to_string(), |times| times.to_string());
        return assert!(came.contains(&expected), "{came}");
    }
    assert_eq!(fired().expect("nothing is configured"), 0);
    let cases = [
        ("participant::after_vote_sent=1*off->2*return(crash 50)", "2"),
        ("coordinator::after_decision_forced@tm=1*return(crash)", "1"),
        ("participant::before_prepare@rm2=1*return(vote no); ", "1"),
        ("participant::after_lunch=off", "\"participant::after_lunch\" is not a protocol step"),
        ("participant::before_prepare@rm2=1*return(slow sync 20)", "1"),
        ("participant::before_vote_sent@rm2=1*return(delay 1)", "3"),
        (
            "participant::before_prepare=1*return(heuristic)",
            "\"heuristic\" is no fault that can be caused here",
        ),
        ("participant::before_prepare=1*return(burn)", "use one of crash [MS|never], vote no, pause MS,"),
        ("participant::before_vote_sent=1*return(lock timeout)", "cannot change the vote"),
        ("participant::before_prepare=1* off", "FAILPOINTS: \"1* off\" is not allowed"),
        ("participant::before_prepare=panic", "FAILPOINTS: \"panic\" is not allowed"),
    ];
    let name = "environment::fail_points_of_the_environment_strike_and_wrong_ones_stop_the_run";
    for (failpoints, expected) in cases {
        again(name, [("FAILPOINTS", failpoints), (EXPECTED, expected)]);
    }
    let unreadable = OsStr::from_bytes(b"\xff");
    again(name, [("FAILPOINTS", unreadable), (EXPECTED, OsStr::new("FAILPOINTS: it is not valid UTF-8"))]);
}
