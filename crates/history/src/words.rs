//! The words of two-phase commit that are neither ids nor events: votes, decisions, outcomes, and the kinds of
//! message, log record, lock and operation.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::Value;

/// A participant's answer to prepare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vote {
    /// Prepared: the branch can commit, and is bound to the coordinator's decision.
    Yes,
    /// The branch cannot commit and has been rolled back.
    No,
    /// The branch wrote nothing, is finished, and takes no part in phase two (X/Open XA, `XA_RDONLY`).
    ReadOnly,
}

impl fmt::Display for Vote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::ReadOnly => "read-only",
        })
    }
}

/// What becomes of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// All of it takes effect.
    Commit,
    /// None of it does.
    Abort,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Commit => "commit",
            Self::Abort => "abort",
        })
    }
}

/// What a client is told of its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is committed everywhere, or will be.
    Committed,
    /// It took effect nowhere and never will.
    Aborted,
    /// The coordinator could not tell, or the client lost it: everywhere or nowhere, but which is not known.
    Unknown,
    /// Some branches committed and others rolled back, by a participant's own (heuristic) decision.
    HeuristicMixed,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Committed => "committed",
            Self::Aborted => "aborted",
            Self::Unknown => "unknown",
            Self::HeuristicMixed => "heuristic mixed",
        })
    }
}

/// What a client asks of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpKind {
    /// Read the value.
    Read,
    /// Replace the value.
    Put,
    /// Add to the value: a read and a write in one.
    Add,
    /// Append to the list that the value stands for: a read and a write in one.
    Append,
}

impl OpKind {
    /// What a key holds after the operation with this value. Sums wrap: what is tested is atomicity, not arithmetic.
    ///
    /// A number stands for a list as its fingerprint, in which each element counts, and its place. No step leaves 64
    /// bits, so that a database computes the same in SQL.
    #[inline]
    pub fn apply(self, held: Value, value: Value) -> Value {
        match self {
            Self::Read => held,
            Self::Put => value,
            Self::Add => Value(held.0.wrapping_add(value.0)),
            Self::Append => {
                let shifted = held.0 % Self::LIST_PRIME * Self::LIST_FACTOR;
                Value((shifted + value.0 % Self::LIST_PRIME) % Self::LIST_PRIME)
            }
        }
    }

    /// The prime below which fingerprints of lists stay.
    pub const LIST_PRIME: i64 = 2_147_483_647;
    /// What the fingerprint of a list is multiplied by before an element is added: a multiplier that scatters well
    /// (Fishman and Moore, *An Exhaustive Analysis of Multiplicative Congruential Random Number Generators with
    /// Modulus 2^31 - 1*, 1986).
    pub const LIST_FACTOR: i64 = 950_706_376;
}

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockMode {
    /// With other readers.
    Shared,
    /// Alone.
    Exclusive,
}

impl fmt::Display for LockMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shared => "shared",
            Self::Exclusive => "exclusive",
        })
    }
}

/// What a log record is for, whatever its body says: enough for protocol points and write-ahead checks on a
/// coordinator that nobody here wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// A participant can commit this branch after any crash.
    Prepared,
    /// The decision: at the coordinator the transaction's, at a participant that of its branch.
    Decided(Decision),
    /// The coordinator has no more to do and may forget.
    Ended,
    /// Anything else: a checkpoint, an epoch.
    Other,
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prepared => f.write_str("prepared"),
            Self::Decided(decision) => write!(f, "decided {decision}"),
            Self::Ended => f.write_str("ended"),
            Self::Other => f.write_str("other"),
        }
    }
}

/// What a message says, its parameters left out but for the one that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Coordinator to participant: do this work, under locks.
    Execute,
    /// Participant to coordinator: the work is done.
    Executed,
    /// Participant to coordinator: the work cannot be done, and the branch is rolled back.
    Failed,
    /// Coordinator to participant: vote.
    Prepare,
    /// Participant to coordinator: prepared.
    VoteYes,
    /// Participant to coordinator: rolled back.
    VoteNo,
    /// Participant to coordinator: nothing to commit, finished.
    VoteReadOnly,
    /// Coordinator to participant: the decision is commit.
    Commit,
    /// Coordinator to participant: the decision is abort.
    Abort,
    /// Coordinator to its only participant: decide yourself, and commit if you can.
    CommitOnePhase,
    /// Participant to coordinator: the commit is durable here.
    Acknowledge,
    /// Participant to coordinator: what became of this transaction?
    Inquire,
    /// Coordinator to participant, upon an inquiry: commit.
    ReplyCommit,
    /// Coordinator to participant, upon an inquiry: abort.
    ReplyAbort,
    /// Coordinator to participant, after a restart: inquire now about whatever is in doubt.
    Recover,
    /// Participant to coordinator: I committed by my own (heuristic) decision what you aborted.
    HeuristicCommit,
    /// Participant to coordinator: I rolled back by my own (heuristic) decision what you committed.
    HeuristicAbort,
    /// Coordinator to participant: your heuristic decision is reported, forget it.
    Forget,
    /// Participant to coordinator: another coordinator has taken over.
    Deposed,
}

impl MessageKind {
    /// Every kind, in the order of the protocol.
    pub const ALL: [Self; 19] = [
        Self::Execute,
        Self::Executed,
        Self::Failed,
        Self::Prepare,
        Self::VoteYes,
        Self::VoteNo,
        Self::VoteReadOnly,
        Self::Commit,
        Self::Abort,
        Self::CommitOnePhase,
        Self::Acknowledge,
        Self::Inquire,
        Self::ReplyCommit,
        Self::ReplyAbort,
        Self::Recover,
        Self::HeuristicCommit,
        Self::HeuristicAbort,
        Self::Forget,
        Self::Deposed,
    ];
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Execute => "execute",
            Self::Executed => "executed",
            Self::Failed => "failed",
            Self::Prepare => "prepare",
            Self::VoteYes => "vote yes",
            Self::VoteNo => "vote no",
            Self::VoteReadOnly => "vote read-only",
            Self::Commit => "commit",
            Self::Abort => "abort",
            Self::CommitOnePhase => "commit one-phase",
            Self::Acknowledge => "acknowledge",
            Self::Inquire => "inquire",
            Self::ReplyCommit => "reply commit",
            Self::ReplyAbort => "reply abort",
            Self::Recover => "recover",
            Self::HeuristicCommit => "heuristic commit",
            Self::HeuristicAbort => "heuristic abort",
            Self::Forget => "forget",
            Self::Deposed => "deposed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list of these elements.
    fn list<const N: usize>(elements: [i64; N]) -> i64 {
        elements.into_iter().fold(0, |held, element| OpKind::Append.apply(Value(held), Value(element)).0)
    }

    #[test]
    fn a_list_tells_what_was_appended_and_in_which_order() {
        let lists = [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]].map(list);
        let others = [list([1, 2]), list([1, 2, 3, 3]), list([2, 3]), list([]), list([0, 2, 2])];
        let all: std::collections::BTreeSet<i64> = lists.into_iter().chain(others).collect();
        assert_eq!(all.len(), lists.len() + others.len());
        // The same for ever: histories that were written once are judged by it.
        assert_eq!(list([1, 2, 3]), 2_030_439_926);
    }

    #[test]
    fn nothing_overflows_whatever_a_key_holds() {
        for held in [i64::MIN, -1, 0, 1, i64::MAX] {
            for value in [i64::MIN, -1, 0, 1, i64::MAX] {
                let made = OpKind::Append.apply(Value(held), Value(value)).0;
                assert!(made.abs() < OpKind::LIST_PRIME, "{held} {value} {made}");
                assert_eq!(OpKind::Add.apply(Value(held), Value(value)), Value(held.wrapping_add(value)));
            }
        }
    }
}
