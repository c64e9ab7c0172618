//! What can go wrong, by name: the protocol steps at which a fault strikes, the kinds of fault, and why a message
//! was lost. Scenarios, the injector, the fail points and the reports all take their names from here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! points {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// A step of the protocol at which a fault can strike. Its name is the name of its fail point.
        ///
        /// A step is an instant between two things that a node does: "before" and "after" name the instant just
        /// before and just after. A step that happens once for each message or record is counted, so "the second
        /// prepare" is the second time that [`Point::BeforePrepareSent`] is passed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        pub enum Point {
            $($(#[$doc])* $variant,)+
        }

        impl Point {
            /// Every step, coordinator first, then participant, then recovery.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name, as in `coordinator::before_decision_forced`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

points! {
    /// An execute is about to leave the coordinator.
    BeforeExecuteSent = "coordinator::before_execute_sent",
    /// A prepare (or a one-phase commit) is about to leave the coordinator.
    BeforePrepareSent = "coordinator::before_prepare_sent",
    /// A prepare (or a one-phase commit) has left the coordinator.
    AfterPrepareSent = "coordinator::after_prepare_sent",
    /// A vote has arrived at the coordinator, which has not looked at it.
    BeforeVoteReceived = "coordinator::before_vote_received",
    /// The coordinator has taken a vote into account.
    AfterVoteReceived = "coordinator::after_vote_received",
    /// The coordinator is about to append its decision to its log.
    BeforeDecisionForced = "coordinator::before_decision_forced",
    /// The coordinator's decision is durable and nobody has heard of it.
    AfterDecisionForced = "coordinator::after_decision_forced",
    /// A commit or an abort is about to leave the coordinator.
    BeforeDecisionSent = "coordinator::before_decision_sent",
    /// A commit or an abort has left the coordinator.
    AfterDecisionSent = "coordinator::after_decision_sent",
    /// The client is about to be told the outcome.
    BeforeAnswer = "coordinator::before_answer",
    /// The client has been told the outcome.
    AfterAnswer = "coordinator::after_answer",
    /// An acknowledgement has arrived at the coordinator, which has not looked at it.
    BeforeAckReceived = "coordinator::before_ack_received",
    /// The coordinator has taken an acknowledgement into account.
    AfterAckReceived = "coordinator::after_ack_received",
    /// The coordinator is about to append its END record.
    BeforeEndLogged = "coordinator::before_end_logged",
    /// The coordinator has appended its END record (which is lazy: it may not be durable).
    AfterEndLogged = "coordinator::after_end_logged",
    /// Work has arrived at a participant, which has not begun it.
    BeforeExecute = "participant::before_execute",
    /// A participant has done its work (or queued for a lock) and has said nothing.
    AfterExecute = "participant::after_execute",
    /// A prepare (or a one-phase commit) has arrived at a participant, which has not looked at it.
    BeforePrepare = "participant::before_prepare",
    /// A participant is about to append its prepared record.
    BeforePrepareForced = "participant::before_prepare_forced",
    /// A participant's prepared record is durable and its vote has not left.
    AfterPrepareForced = "participant::after_prepare_forced",
    /// A vote is about to leave a participant.
    BeforeVoteSent = "participant::before_vote_sent",
    /// A vote has left a participant.
    AfterVoteSent = "participant::after_vote_sent",
    /// The decision has arrived at a participant, which has not looked at it.
    BeforeDecisionReceived = "participant::before_decision_received",
    /// A participant is about to append its commit record.
    BeforeCommitForced = "participant::before_commit_forced",
    /// A participant's commit record is durable and nothing was acknowledged.
    AfterCommitForced = "participant::after_commit_forced",
    /// An acknowledgement is about to leave a participant.
    BeforeAckSent = "participant::before_ack_sent",
    /// An acknowledgement has left a participant.
    AfterAckSent = "participant::after_ack_sent",
    /// A restarted node is about to read its log.
    BeforeLogRead = "recovery::before_log_read",
    /// A restarted node has read its log and nothing that follows from it has left.
    AfterLogRead = "recovery::after_log_read",
    /// A participant is about to ask what became of an in-doubt branch.
    BeforeInquiry = "recovery::before_inquiry",
    /// A participant has asked what became of an in-doubt branch.
    AfterInquiry = "recovery::after_inquiry",
    /// A coordinator is about to answer an inquiry.
    BeforeInquiryAnswered = "recovery::before_inquiry_answered",
    /// A restarted coordinator is about to send again a decision that it found in its log.
    BeforeDecisionResent = "recovery::before_decision_resent",
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<Point> for &'static str {
    fn from(point: Point) -> Self {
        point.name()
    }
}

/// The text names no protocol step.
#[derive(Debug, thiserror::Error)]
#[error("\"{0}\" is not a protocol step; the steps are {steps}", steps = Point::ALL.iter().map(|point| point.name()).collect::<Vec<_>>().join(", "))]
pub struct UnknownPoint(String);

impl FromStr for Point {
    type Err = UnknownPoint;

    fn from_str(text: &str) -> Result<Self, UnknownPoint> {
        let wanted = Self::ALL.iter().find(|point| point.name() == text);
        wanted.copied().ok_or_else(|| UnknownPoint(text.to_owned()))
    }
}

// Not from a `&str`: what is read as a stream, or has an escape in it, holds no text to borrow.
impl TryFrom<String> for Point {
    type Error = UnknownPoint;

    fn try_from(text: String) -> Result<Self, UnknownPoint> {
        text.parse()
    }
}

/// A kind of fault, its parameters left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// A node loses everything volatile.
    Crash,
    /// A participant votes no though it could have voted yes.
    VoteNo,
    /// A node stops for a while and goes on where it was; its timers are late.
    Pause,
    /// Everything that a node does takes longer.
    SlowNode,
    /// A node's clock is off, drifts or jumps.
    Clock,
    /// Messages are lost.
    Loss,
    /// Messages take longer.
    Delay,
    /// Messages arrive more than once.
    Duplicate,
    /// Messages overtake each other.
    Reorder,
    /// Messages arrive damaged.
    Corrupt,
    /// Some links carry nothing.
    Partition,
    /// A sync takes longer.
    SlowSync,
    /// A sync fails, and what it covered is not durable.
    FailingSync,
    /// A disk takes no more records.
    DiskFull,
    /// The last record before a crash is on disk in part.
    TornTail,
    /// A durable record can no longer be read.
    CorruptRecord,
    /// A node loses everything durable.
    Wiped,
    /// A lock is not granted in time.
    LockTimeout,
    /// A participant has no room for another prepared transaction.
    PreparedLimit,
    /// A participant decides an in-doubt branch by itself.
    Heuristic,
    /// A stand-by coordinator takes over, whether or not the one before it is alive.
    Takeover,
}

impl FaultKind {
    /// Every kind, in the order of the variants.
    pub const ALL: &[Self] = &[
        Self::Crash,
        Self::VoteNo,
        Self::Pause,
        Self::SlowNode,
        Self::Clock,
        Self::Loss,
        Self::Delay,
        Self::Duplicate,
        Self::Reorder,
        Self::Corrupt,
        Self::Partition,
        Self::SlowSync,
        Self::FailingSync,
        Self::DiskFull,
        Self::TornTail,
        Self::CorruptRecord,
        Self::Wiped,
        Self::LockTimeout,
        Self::PreparedLimit,
        Self::Heuristic,
        Self::Takeover,
    ];
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crash => "crash",
            Self::VoteNo => "vote no",
            Self::Pause => "pause",
            Self::SlowNode => "slow node",
            Self::Clock => "clock",
            Self::Loss => "loss",
            Self::Delay => "delay",
            Self::Duplicate => "duplicate",
            Self::Reorder => "reorder",
            Self::Corrupt => "corrupt",
            Self::Partition => "partition",
            Self::SlowSync => "slow sync",
            Self::FailingSync => "failing sync",
            Self::DiskFull => "disk full",
            Self::TornTail => "torn tail",
            Self::CorruptRecord => "corrupt record",
            Self::Wiped => "wiped",
            Self::LockTimeout => "lock timeout",
            Self::PreparedLimit => "prepared limit",
            Self::Heuristic => "heuristic",
            Self::Takeover => "takeover",
        })
    }
}

/// Why a node stops by itself rather than go on with what it cannot rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HaltReason {
    /// A sync failed: what it covered is neither durable nor known not to be, and only reading the log again tells.
    SyncFailed,
    /// A record of its log is damaged that was durable: to start without it would be to guess.
    LogDamaged,
    /// Another coordinator has taken over its log.
    Deposed,
    /// Its code panicked, or goes on for ever.
    Failed,
}

impl fmt::Display for HaltReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SyncFailed => "its disk failed to sync",
            Self::LogDamaged => "a record of its log is damaged",
            Self::Deposed => "another coordinator has taken over",
            Self::Failed => "its code failed",
        })
    }
}

/// Why a message that was sent did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// The receiver was down.
    NodeDown,
    /// The network lost it.
    Lost,
    /// The link was cut.
    Partitioned,
    /// It arrived damaged, and the checksum said so.
    Corrupted,
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NodeDown => "the receiver is down",
            Self::Lost => "lost",
            Self::Partitioned => "the link is cut",
            Self::Corrupted => "damaged",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_fault_is_listed() {
        assert!(FaultKind::ALL.iter().enumerate().all(|(index, &kind)| kind as usize == index));
        let last = FaultKind::ALL.last().expect("there are kinds");
        assert_eq!(*last, FaultKind::Takeover, "a kind added behind it belongs in the list");
    }

    #[test]
    fn a_point_prints_as_it_parses_and_no_two_share_a_name() {
        for (index, &point) in Point::ALL.iter().enumerate() {
            assert_eq!(point.name().parse::<Point>().expect("a point"), point);
            assert_eq!(point as usize, index);
        }
        assert!("coordinator::before_lunch".parse::<Point>().is_err());
    }

    #[test]
    fn a_point_is_read_from_whatever_holds_its_name() {
        let text = "\"coordinator::before_\\u0061nswer\"";
        assert_eq!(serde_json::from_str::<Point>(text).expect("an escape is a letter"), Point::BeforeAnswer);
        let value = serde_json::to_value(Point::BeforeAnswer).expect("a point is a word");
        assert_eq!(serde_json::from_value::<Point>(value).expect("a word"), Point::BeforeAnswer);
        assert!(serde_json::from_str::<Point>("\"coordinator::before_lunch\"").is_err());
    }
}
