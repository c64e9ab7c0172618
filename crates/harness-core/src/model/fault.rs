//! What goes wrong: a [`FailureConfig`] says to which node, what, and when.

use std::fmt;

use history::{Decision, FaultKind, MessageKind, NodeId, Point};
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
    /// The node crashes again and again.
    CrashLoop {
        /// So many times.
        times: u32,
        /// It restarts after this long.
        down_ms: u64,
        /// It is up for this long before it crashes again.
        up_ms: u64,
    },
    /// A stand-by coordinator takes over the coordinator's log, whether or not that one is alive.
    Takeover,
    /// The participant's operator decides the branch that is in doubt by then.
    Heuristic {
        /// This way.
        decision: Decision,
    },
    /// A lock that the participant's branch needs is not granted in time.
    LockTimeout,
    /// The participant has room for no more than so many prepared branches, until everything heals.
    PreparedLimit {
        /// So many.
        most: u32,
    },
    /// The node finishes what it is doing, stops, and goes on where it was: what arrives waits, and its timers are
    /// late.
    Pause {
        /// For this long.
        for_ms: u64,
    },
    /// Everything that the node hears or says takes longer.
    SlowNode {
        /// By this.
        by_ms: u64,
        /// For this long.
        for_ms: u64,
    },
    /// The node's syncs take longer.
    SlowSync {
        /// By this.
        by_ms: u64,
        /// For this long.
        for_ms: u64,
    },
    /// The node's next sync fails, and what it covered is lost.
    FailingSync,
    /// The node's disk takes no more records.
    DiskFull {
        /// For this long.
        for_ms: u64,
    },
    /// The node crashes in the middle of its next append: the record is on disk in part.
    TornTail {
        /// It restarts after this long; `None` means never.
        restart_after_ms: Option<u64>,
    },
    /// The node crashes, and a record of its log that was durable can no longer be read. It refuses to start. Where no
    /// later record tells that one was durable, nothing happens.
    CorruptRecord {
        /// It tries to restart after this long; `None` means never.
        restart_after_ms: Option<u64>,
    },
    /// The node crashes and loses everything durable. Where its log is empty, nothing happens.
    Wiped {
        /// It restarts after this long; `None` means never.
        restart_after_ms: Option<u64>,
    },
    /// The node's clock jumps, and from then on drifts. Timers that are set already run on as they were set; those that
    /// are set from then on measure their time by the clock as it drifts.
    Clock {
        /// Forward by this, or backward if negative.
        jump_ms: i64,
        /// It runs too fast by so many millionths, or too slow if negative.
        drift_ppm: i32,
    },
    /// Something is wrong with some links, for some messages.
    Network(NetworkFault),
}

impl FailureMode {
    /// Its kind.
    pub fn kind(&self) -> FaultKind {
        match self {
            Self::Crash { .. } | Self::CrashLoop { .. } => FaultKind::Crash,
            Self::Takeover => FaultKind::Takeover,
            Self::Heuristic { .. } => FaultKind::Heuristic,
            Self::LockTimeout => FaultKind::LockTimeout,
            Self::PreparedLimit { .. } => FaultKind::PreparedLimit,
            Self::VoteNo => FaultKind::VoteNo,
            Self::Pause { .. } => FaultKind::Pause,
            Self::SlowNode { .. } => FaultKind::SlowNode,
            Self::SlowSync { .. } => FaultKind::SlowSync,
            Self::FailingSync => FaultKind::FailingSync,
            Self::DiskFull { .. } => FaultKind::DiskFull,
            Self::TornTail { .. } => FaultKind::TornTail,
            Self::CorruptRecord { .. } => FaultKind::CorruptRecord,
            Self::Wiped { .. } => FaultKind::Wiped,
            Self::Clock { .. } => FaultKind::Clock,
            Self::Network(fault) => fault.effect.kind(),
        }
    }

    /// What only a participant does that it is about, if it is about such a thing.
    fn of_participants(&self) -> Option<&'static str> {
        match self {
            Self::Heuristic { .. } => Some("decides by itself"),
            Self::PreparedLimit { .. } => Some("prepares branches"),
            _ => None,
        }
    }
}

/// What is wrong with which messages. It lasts until everything heals, unless it says for how long or how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkFault {
    /// Those that send; empty means anybody.
    #[serde(default)]
    pub from: Vec<NodeId>,
    /// Those that receive; empty means anybody.
    #[serde(default)]
    pub to: Vec<NodeId>,
    /// Whether the other direction is struck too.
    #[serde(default)]
    pub both_ways: bool,
    /// The kinds of message that are struck; empty means all.
    #[serde(default)]
    pub messages: Vec<MessageKind>,
    /// What happens to them.
    pub effect: LinkEffect,
    /// How many messages are struck; `None` means all.
    #[serde(default)]
    pub times: Option<u32>,
    /// How long it lasts.
    #[serde(default)]
    pub for_ms: Option<u64>,
    /// With this it comes and goes: so long on, so long off.
    #[serde(default)]
    pub flapping_ms: Option<u64>,
}

/// What happens to a message that is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkEffect {
    /// The link is cut: nothing passes.
    Cut,
    /// It is lost.
    Lose {
        /// So many of a hundred.
        percent: u32,
    },
    /// It takes longer, and the link keeps its order.
    Delay {
        /// By at least this.
        min_ms: u64,
        /// By at most this.
        max_ms: u64,
    },
    /// It arrives a second time, later.
    Duplicate {
        /// So many of a hundred.
        percent: u32,
        /// Up to this much later.
        within_ms: u64,
    },
    /// It leaves its place in the order of the link, so that others overtake it.
    Reorder {
        /// So many of a hundred.
        percent: u32,
        /// By up to this.
        within_ms: u64,
    },
    /// It arrives damaged, and the receiver drops it because the checksum is wrong.
    Corrupt {
        /// So many of a hundred.
        percent: u32,
    },
}

impl LinkEffect {
    /// The kind of fault that it is.
    pub fn kind(self) -> FaultKind {
        match self {
            Self::Cut => FaultKind::Partition,
            Self::Lose { .. } => FaultKind::Loss,
            Self::Delay { .. } => FaultKind::Delay,
            Self::Duplicate { .. } => FaultKind::Duplicate,
            Self::Reorder { .. } => FaultKind::Reorder,
            Self::Corrupt { .. } => FaultKind::Corrupt,
        }
    }
}

impl NetworkFault {
    /// Strikes all messages on all links.
    pub fn everywhere(effect: LinkEffect) -> Self {
        let (from, to, messages) = (Vec::new(), Vec::new(), Vec::new());
        Self { from, to, both_ways: false, messages, effect, times: None, for_ms: None, flapping_ms: None }
    }

    /// Cuts these nodes off from all others, in both directions.
    pub fn isolate(nodes: Vec<NodeId>) -> Self {
        Self { from: nodes, both_ways: true, ..Self::everywhere(LinkEffect::Cut) }
    }

    /// What makes no sense in it and what to do about it, if anything does.
    fn mistake(&self) -> Option<&'static str> {
        if self.flapping_ms == Some(0) {
            return Some("comes and goes in no time: set flapping_ms to 1 or more");
        }
        let (percent, within_ms) = match self.effect {
            LinkEffect::Cut => (100, 1),
            LinkEffect::Delay { min_ms, max_ms } if min_ms > max_ms => {
                return Some("has min_ms above max_ms: swap them");
            }
            LinkEffect::Delay { .. } => (100, 1),
            LinkEffect::Lose { percent } | LinkEffect::Corrupt { percent } => (percent, 1),
            LinkEffect::Duplicate { percent, within_ms } | LinkEffect::Reorder { percent, within_ms } => {
                (percent, within_ms)
            }
        };
        match (percent, within_ms) {
            (1..=100, 0) => Some("has no time to happen: set within_ms to 1 or more"),
            (1..=100, _) => None,
            _ => Some("has no such chance: set percent from 1 to 100"),
        }
    }

    /// Whether it strikes this message, chance, times and duration left aside.
    pub fn strikes(&self, from: NodeId, to: NodeId, message: MessageKind) -> bool {
        let includes = |nodes: &[NodeId], node| nodes.is_empty() || nodes.contains(&node);
        let forward = includes(&self.from, from) && includes(&self.to, to);
        let backward = self.both_ways && includes(&self.from, to) && includes(&self.to, from);
        (forward || backward) && (self.messages.is_empty() || self.messages.contains(&message))
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
    /// At an instant of virtual time.
    AtMs(u64),
}

impl FailureConfig {
    /// Whether this can happen at all: `Err` says why not.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.mode != FailureMode::VoteNo
            && !matches!(self.mode, FailureMode::Network(_))
            && self.strikes_nobody()
        {
            return Err(format!("{self} strikes nobody: name a node"));
        }
        if let FailureMode::CrashLoop { times: 0, .. } = self.mode {
            return Err(format!("{self} happens no times: set times to 1 or more"));
        }
        if let FailureMode::Network(fault) = &self.mode
            && let Some(mistake) = fault.mistake()
        {
            return Err(format!("{self} {mistake}"));
        }
        if let (true, Some(does)) = (self.strikes_coordinators(), self.mode.of_participants()) {
            return Err(format!("{self} would never fire: only a participant {does}"));
        }
        let Trigger::AtPoint { point, nth } = self.trigger else {
            return match self.mode {
                FailureMode::VoteNo | FailureMode::LockTimeout | FailureMode::Heuristic { .. } => {
                    Err(format!("{self} is about no transaction: use a protocol step"))
                }
                _ => Ok(()),
            };
        };
        if nth == 0 {
            return Err(format!("{self} would never fire: steps are counted from 1"));
        }
        let before_vote = [Point::AfterExecute, Point::BeforePrepare];
        let changes_vote = matches!(self.mode, FailureMode::VoteNo | FailureMode::LockTimeout);
        if changes_vote && !before_vote.contains(&point) {
            let steps = before_vote.map(Point::name).join(", ");
            return Err(format!("{self} cannot change the vote: use one of {steps}"));
        }
        let takes_over = self.mode == FailureMode::Takeover;
        if takes_over && self.node.is_none_or(|node| !node.is_coordinator()) {
            return Err(format!("{self} strikes no coordinator: name one"));
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

    fn strikes_coordinators(&self) -> bool {
        match (self.node, self.trigger) {
            (Some(node), _) => node.is_coordinator(),
            (None, Trigger::AtPoint { point, .. }) => point.name().starts_with("coordinator::"),
            (None, Trigger::AtMs(_)) => false,
        }
    }

    fn strikes_nobody(&self) -> bool {
        self.node.is_none() && matches!(self.trigger, Trigger::AtMs(_))
    }
}

impl fmt::Display for FailureConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.mode.kind())?;
        match (self.node, &self.mode) {
            (Some(node), _) => write!(f, " of {node}")?,
            (None, FailureMode::Network(_)) => {}
            (None, _) => f.write_str(" of any node")?,
        }
        match self.trigger {
            Trigger::AtPoint { point, nth: 1 } => write!(f, " at {point}"),
            Trigger::AtPoint { point, nth } => write!(f, " at {point} (time {nth})"),
            Trigger::AtMs(ms) => write!(f, " at {ms} ms"),
        }
    }
}
