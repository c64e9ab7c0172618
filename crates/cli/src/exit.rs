//! What the program's exit code says, and the verdict on a run that it follows from.

use std::fmt;
use std::process::ExitCode;

use harness_core::{RunError, TestResult, Verdict};
use serde::Serialize;

/// An exit code, from the least to the most that the user must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Everything is valid.
    Valid,
    /// The history of a run does not tell whether it is valid.
    Inconclusive,
    /// A run did not happen, or its result could not be told.
    NotRun,
    /// The program was called wrongly, and nothing was run; or a file is no history.
    Usage,
    /// A property was violated, or a scenario did not pass for another reason.
    Violated,
    /// The user did not want to wait.
    Interrupted,
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Valid => 0,
            Self::Violated => 1,
            Self::Usage => 2,
            Self::NotRun => 3,
            Self::Inconclusive => 4,
            // As a shell says of a program that Ctrl-C has ended.
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// What became of a run, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// Everything is as it must be.
    Passed,
    /// A property was violated.
    Violated,
    /// An expectation, a fault or the service level failed.
    Failed,
    /// The history does not tell whether a property holds, and nothing else is wrong.
    Inconclusive,
    /// This build cannot cause the scenario's faults.
    Unsupported,
    /// The run did not happen for another reason.
    NotRun,
}

impl Status {
    pub(crate) fn of(result: &TestResult) -> Self {
        let checks = &result.validation.checks;
        let inconclusive =
            checks.iter().filter(|check| matches!(check.verdict, Verdict::Inconclusive(_))).count();
        match result.validation.verdict {
            // What the scenario expects to be reported is no failure of it.
            _ if result.passed => Self::Passed,
            Verdict::Violated => Self::Violated,
            // Each inconclusive check is one of the failures: are there others?
            Verdict::Inconclusive(_) if result.failures.len() <= inconclusive => Self::Inconclusive,
            _ => Self::Failed,
        }
    }

    pub(crate) fn of_error(error: &RunError) -> Self {
        match error {
            RunError::Unsupported { .. } | RunError::BeyondBackend { .. } => Self::Unsupported,
            _ => Self::NotRun,
        }
    }

    pub(crate) fn exit(self) -> Exit {
        match self {
            Self::Passed => Exit::Valid,
            Self::Violated | Self::Failed => Exit::Violated,
            Self::Inconclusive => Exit::Inconclusive,
            Self::Unsupported | Self::NotRun => Exit::NotRun,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "passed",
            Self::Violated => "VIOLATED",
            Self::Failed => "FAILED",
            Self::Inconclusive => "INCONCLUSIVE",
            Self::Unsupported => "UNSUPPORTED",
            Self::NotRun => "NOT RUN",
        })
    }
}

#[cfg(test)]
mod tests {
    use harness_core::{TestHarnessConfig, TestScenario, TwoPhaseCommitTestHarness};

    use super::*;

    #[test]
    fn a_result_is_inconclusive_only_if_nothing_else_is_wrong() {
        let harness = TwoPhaseCommitTestHarness::new(TestHarnessConfig::default());
        let scenario = TestScenario::new("One transaction.", 1).writing_to(1);
        let mut result = harness.run_scenario(&scenario).expect("it can be run");
        assert_eq!(Status::of(&result), Status::Passed);
        let inconclusive = Verdict::Inconclusive("a node is down".to_owned());
        result.passed = false;
        result.validation.verdict = inconclusive.clone();
        result.validation.checks[0].verdict = inconclusive;
        result.failures.push("agreement: inconclusive: a node is down".to_owned());
        assert_eq!(Status::of(&result), Status::Inconclusive);
        result.failures.push("expected 1 committed, found 0".to_owned());
        assert_eq!(Status::of(&result), Status::Failed);
        result.validation.verdict = Verdict::Violated;
        assert_eq!(Status::of(&result), Status::Violated);
    }

    #[test]
    fn of_several_runs_the_one_that_matters_most_decides() {
        let worst = |statuses: &[Status]| statuses.iter().map(|status| status.exit()).max().map(Exit::code);
        assert_eq!(worst(&[Status::Passed, Status::Inconclusive]), Some(4));
        assert_eq!(worst(&[Status::Inconclusive, Status::Unsupported, Status::Passed]), Some(3));
        assert_eq!(worst(&[Status::Failed, Status::NotRun, Status::Inconclusive]), Some(1));
    }
}
