//! What a coordinator may do without, and which scenarios need it.

use std::fmt;

use harness_core::history::{MessageKind, Point};
use harness_core::{FactCount, FailureMode, Gauge, TestScenario, Trigger};

/// What not every coordinator does. All else every coordinator owes to its clients and participants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// The decision on a transaction with one participant is left to that participant.
    OnePhase,
    /// Who voted read-only hears no decision, and where all did nothing is logged.
    ReadOnly,
    /// Another coordinator can take over the log, and the older one halts.
    StandBy,
    /// Clients hear of a participant that decided by itself.
    Heuristics,
    /// Records say by their kinds what they hold. Where none does, as in a log of another system, the log is no evidence: the
    /// coordinator is judged by messages, stores and answers alone, and no fault strikes when it logs something.
    RecordKinds,
    /// A record of kind `Ended` is written when a transaction is over.
    EndRecord,
    /// The log is cut now and then, so that it stays short.
    ShortLog,
}

impl Feature {
    pub(super) fn is_needed_by(self, scenario: &TestScenario) -> bool {
        match self {
            Self::OnePhase => speaks_of(scenario, MessageKind::CommitOnePhase),
            Self::ReadOnly => speaks_of(scenario, MessageKind::VoteReadOnly),
            Self::StandBy => scenario.stand_bys() > 0,
            Self::Heuristics => strikes(scenario, |mode| matches!(mode, FailureMode::Heuristic { .. })),
            Self::RecordKinds => {
                let logs = |point| matches!(point, Point::BeforeDecisionForced | Point::AfterDecisionForced);
                strikes_at(scenario, logs) || Self::EndRecord.is_needed_by(scenario)
            }
            Self::EndRecord => {
                let ends = |point| matches!(point, Point::BeforeEndLogged | Point::AfterEndLogged);
                strikes_at(scenario, ends)
            }
            Self::ShortLog => scenario.expect.at_most.iter().any(|&(gauge, _)| gauge == Gauge::LogRecords),
        }
    }
}

/// Whether a message of this kind is expected, or struck by a fault.
fn speaks_of(scenario: &TestScenario, kind: MessageKind) -> bool {
    let sent = FactCount::Sent(kind);
    scenario.expect.counts.iter().any(|&(what, times)| what == sent && times > 0)
        || scenario.expect.happens.contains(&sent)
        || strikes(
            scenario,
            |mode| matches!(mode, FailureMode::Network(fault) if fault.messages.contains(&kind)),
        )
}

fn strikes(scenario: &TestScenario, is_one: impl Fn(&FailureMode) -> bool) -> bool {
    scenario.failure_configs.iter().any(|fault| is_one(&fault.mode))
}

fn strikes_at(scenario: &TestScenario, is_one: impl Fn(Point) -> bool) -> bool {
    let mut triggers = scenario.failure_configs.iter().map(|fault| fault.trigger);
    triggers.any(|trigger| matches!(trigger, Trigger::AtPoint { point, .. } if is_one(point)))
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnePhase => "one-phase commit",
            Self::ReadOnly => "the read-only optimisation",
            Self::StandBy => "a stand-by",
            Self::Heuristics => "reports of heuristic decisions",
            Self::RecordKinds => "records of known kinds",
            Self::EndRecord => "an end record",
            Self::ShortLog => "a log that is cut",
        })
    }
}
