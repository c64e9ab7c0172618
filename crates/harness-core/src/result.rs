//! What a run comes to: what its clients heard, whether that is right, and what it cost.

use std::fmt;

use history::{Gid, Nanos, Outcome};
use serde::{Deserialize, Serialize};
use validator::ValidationResult;

use crate::measure::{Degradation, MetricsSnapshot};
use crate::model::{SlaBreach, SlaRequirements};

/// The version of the layout of [`TestResult`] as JSON.
pub const SCHEMA_VERSION: u32 = 1;

/// Why a run produced no history.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The scenario contradicts itself or asks for what cannot be.
    #[error("the scenario cannot be run: {reason}")]
    Invalid {
        /// What is wrong and what to do about it.
        reason: String,
    },
    /// The scenario needs a fault that this build of the simulator cannot cause.
    #[error("the simulator cannot inject this fault: {fault}")]
    Unsupported {
        /// The fault.
        fault: String,
    },
    /// The scenario needs what this backend has not.
    #[error("unsupported: {backend} cannot do this: {need}")]
    BeyondBackend {
        /// Who cannot.
        backend: String,
        /// What.
        need: String,
    },
    /// What the backend runs on failed: a server did not start, a file could not be written.
    #[error("{0}")]
    Backend(String),
    /// The user did not want to wait for the end.
    #[error("interrupted")]
    Interrupted,
    /// The `FAILPOINTS` environment variable is wrong.
    #[error("FAILPOINTS: {reason}")]
    Failpoints {
        /// What is wrong and what to do about it.
        reason: String,
    },
}

/// What a client heard of its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionOutcome {
    /// It is committed.
    Committed,
    /// It is aborted.
    Aborted,
    /// It never heard.
    Unknown,
    /// Some branches committed and others rolled back, by a participant's own decision.
    HeuristicMixed,
    /// The id was used before, and nothing was done.
    Refused,
}

impl From<Outcome> for TransactionOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Committed => Self::Committed,
            Outcome::Aborted => Self::Aborted,
            Outcome::Unknown => Self::Unknown,
            Outcome::HeuristicMixed => Self::HeuristicMixed,
        }
    }
}

/// One client's view of its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionResult {
    /// The transaction.
    pub id: Gid,
    /// What the client heard last.
    pub outcome: TransactionOutcome,
    /// When the client began it, in virtual time.
    pub begun_at: Nanos,
    /// When the client heard of it.
    pub answered_at: Option<Nanos>,
}

/// How many clients heard what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcomes {
    /// "Committed".
    pub committed: u64,
    /// "Aborted".
    pub aborted: u64,
    /// Nothing.
    pub unknown: u64,
    /// That the outcome is mixed.
    pub heuristic_mixed: u64,
    /// That the id was used before.
    pub refused: u64,
}

impl Outcomes {
    /// Counts what clients heard.
    pub fn of(transactions: &[TransactionResult]) -> Self {
        let mut outcomes = Self::default();
        for transaction in transactions {
            *match transaction.outcome {
                TransactionOutcome::Committed => &mut outcomes.committed,
                TransactionOutcome::Aborted => &mut outcomes.aborted,
                TransactionOutcome::Unknown => &mut outcomes.unknown,
                TransactionOutcome::HeuristicMixed => &mut outcomes.heuristic_mixed,
                TransactionOutcome::Refused => &mut outcomes.refused,
            } += 1;
        }
        outcomes
    }
}

/// The result of one run of one scenario; as JSON, a `result_NNN_name.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TestResult {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Which scenario.
    pub scenario_name: String,
    /// Its category.
    pub category: String,
    /// The seed that the run is a function of, beside the scenario and the version of the program.
    pub seed: u64,
    /// How many participants there were.
    pub participants: u32,
    /// Whether everything is as it must be: no property broken, every expectation met, every fault fired, and the
    /// service level kept.
    pub passed: bool,
    /// Why it did not pass, one sentence each; empty if it did.
    pub failures: Vec<String>,
    /// How long the run took in real time.
    pub duration_ms: f64,
    /// How much virtual time passed in it.
    pub virtual_ms: f64,
    /// What clients heard.
    pub outcomes: Outcomes,
    /// What the validator says.
    pub validation: ValidationResult,
    /// What was measured.
    pub metrics: MetricsSnapshot,
    /// What the faults cost, where the scenario asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degradation: Option<Degradation>,
    /// What the metrics are held to.
    pub sla: SlaRequirements,
    /// Whether they hold.
    pub meets_sla: bool,
    /// Where they do not.
    pub sla_breaches: Vec<SlaBreach>,
    /// The fingerprint of the history.
    pub digest: String,
    /// The command that runs this again.
    pub replay: String,
}

impl fmt::Display for TestResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.passed { "passed" } else { "FAILED" };
        write!(f, "{} (seed {}): {verdict}", self.scenario_name, self.seed)
    }
}
