//! What goes wrong: a [`FailureConfig`] says to which node, what, and when.

use std::fmt;

use history::{FaultKind, NodeId, Point};
use serde::{Deserialize, Serialize};

/// One fault of a scenario. A fault that never fires fails its scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailureConfig {
    /// Whom it strikes; nobody named means whoever passes the trigger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
    /// What happens.
    pub mode: FailureMode,
    /// When.
    pub trigger: Trigger,
}

/// What a fault does. All times are virtual milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureMode {
    /// The node loses everything volatile, and is started again.
    Crash {
        /// After this long; `None` means never, not even when everything heals.
        restart_after_ms: Option<u64>,
    },
    /// The participant votes no though it could have voted yes.
    VoteNo,
    /// Any other kind of fault; this version of the simulator does not cause it.
    Other(FaultKind),
}

impl FailureMode {
    /// Its kind.
    pub fn kind(&self) -> FaultKind {
        match self {
            Self::Crash { .. } => FaultKind::Crash,
            Self::VoteNo => FaultKind::VoteNo,
            Self::Other(kind) => *kind,
        }
    }
}

/// When a fault fires. It fires once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// When the node passes a protocol step.
    AtPoint {
        /// The step.
        point: Point,
        /// For the n-th time, counted from 1.
        nth: u32,
    },
}

impl FailureConfig {
    /// Whether this can happen at all: `Err` says why not.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Trigger::AtPoint { point, nth } = self.trigger;
        if nth == 0 {
            return Err(format!("{self} would never fire: steps are counted from 1"));
        }
        let votes_no_at = [Point::AfterExecute, Point::BeforePrepare];
        if self.mode == FailureMode::VoteNo && !votes_no_at.contains(&point) {
            let steps = votes_no_at.map(Point::name).join(", ");
            return Err(format!("{self} cannot change the vote: use one of {steps}"));
        }
        let passed_by = |node: NodeId| match point.name().split_once("::") {
            Some(("coordinator", _)) => node.is_coordinator(),
            Some(("participant", _)) => !node.is_coordinator(),
            _ => true,
        };
        if self.node.is_some_and(|node| !passed_by(node)) {
            return Err(format!("{self} would never fire: that node does not pass that step"));
        }
        Ok(())
    }
}

impl fmt::Display for FailureConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.mode.kind())?;
        match self.node {
            Some(node) => write!(f, " of {node}")?,
            None => f.write_str(" of any node")?,
        }
        let Trigger::AtPoint { point, nth } = self.trigger;
        write!(f, " at {point}")?;
        if nth == 1 { Ok(()) } else { write!(f, " (time {nth})") }
    }
}
