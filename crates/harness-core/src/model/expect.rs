//! What a scenario expects beside what must hold for every run.

use std::fmt;

use history::{Fact, Gid, Key, MessageKind, ParticipantId, RecordKind, Value};
use serde::{Deserialize, Serialize};
use validator::Property;

/// What a scenario expects to happen, exactly. What is not said is not checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    /// How many clients hear "committed".
    pub committed: Option<u64>,
    /// How many clients hear "aborted".
    pub aborted: Option<u64>,
    /// How many clients never hear what became of their transaction.
    pub unknown: Option<u64>,
    /// How many clients hear that some participants committed and others did not.
    pub heuristic_mixed: Option<u64>,
    /// How many transactions are refused.
    pub refused: Option<u64>,
    /// Branches are left in doubt at the end, because a node never comes back: at least one.
    pub blocked: bool,
    /// Faults that were drawn may strike nobody: an epoch of a longer run is short, and who is down is not killed.
    pub may_be_inert: bool,
    /// The properties that a fault no protocol can bear must break: nothing else may be reported, and at least one
    /// of these is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reported: Vec<Property>,
    /// How often something happens.
    pub counts: Vec<(FactCount, u64)>,
    /// What happens hangs on how the coordinator keeps time: which of two things at one instant comes first to it, and
    /// whether it believes a clock on the wall. With another one it may come out otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_the_clock: bool,
    /// What happens at least once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub happens: Vec<FactCount>,
    /// How large something may grow.
    pub at_most: Vec<(Gauge, u64)>,
    /// What stores hold at the end.
    pub stored: Vec<(ParticipantId, Key, Value)>,
}

impl Expect {
    /// The same of any coordinator that is right, instead of the reference: what clients are told and what is left at the
    /// end stays. How often a message is sent and what is logged how often is its own affair where something goes wrong,
    /// but not whether at all. Whether participants are told or have to ask is its own affair always, and so is the order
    /// in which they work, on which depends who waits for whom and reads what of whom.
    pub fn of_any_coordinator(mut self, undisturbed: bool) -> Self {
        if self.by_the_clock {
            (self.committed, self.aborted, self.counts) = (None, None, Vec::new());
        }
        for (what, times) in std::mem::take(&mut self.counts) {
            let exactly = match what {
                FactCount::LeftInDoubt | FactCount::LeftDown => true,
                FactCount::LockWaited | FactCount::ReadFrom(_) => continue,
                FactCount::Sent(
                    MessageKind::Inquire
                    | MessageKind::ReplyCommit
                    | MessageKind::ReplyAbort
                    | MessageKind::Recover
                    | MessageKind::Forget
                    | MessageKind::Deposed,
                )
                | FactCount::Appended(RecordKind::Ended | RecordKind::Other) => continue,
                FactCount::Sent(_) | FactCount::Appended(_) => undisturbed || times == 0,
            };
            if exactly {
                self.counts.push((what, times));
            } else {
                self.happens.push(what);
            }
        }
        self
    }
}

/// Something that must not grow without bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gauge {
    /// The records that the longest log holds.
    LogRecords,
    /// The transactions that are open at the coordinator, from the oldest of them on.
    OpenTransactions,
}

/// Something whose number of times a scenario may state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactCount {
    /// Messages of this kind that left a node.
    Sent(MessageKind),
    /// Records of this kind appended to any log.
    Appended(RecordKind),
    /// Branches that are in doubt at the end.
    LeftInDoubt,
    /// Nodes that are down at the end.
    LeftDown,
    /// Reads that saw what this transaction wrote; t0 wrote what nobody else did.
    ReadFrom(Gid),
    /// Locks that were not free when a branch wanted them.
    LockWaited,
}

impl FactCount {
    /// Whether this is one of those counted.
    pub(crate) fn counts(self, fact: &Fact) -> bool {
        match (self, *fact) {
            (Self::Sent(kind), Fact::Sent { message, .. }) => kind == message,
            (Self::Appended(kind), Fact::Appended { record, .. }) => kind == record,
            (Self::LeftInDoubt, Fact::LeftInDoubt { .. })
            | (Self::LeftDown, Fact::LeftDown)
            | (Self::LockWaited, Fact::LockWaited { .. }) => true,
            (Self::ReadFrom(gid), Fact::Read { writer, .. }) => gid == writer,
            _ => false,
        }
    }
}

impl fmt::Display for FactCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent(message) => write!(f, "messages \"{message}\" sent"),
            Self::Appended(record) => write!(f, "records \"{record}\" appended"),
            Self::LeftInDoubt => f.write_str("branches left in doubt"),
            Self::LeftDown => f.write_str("nodes left down"),
            Self::ReadFrom(gid) => write!(f, "reads of what {gid} wrote"),
            Self::LockWaited => f.write_str("waits for a lock"),
        }
    }
}

impl fmt::Display for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LogRecords => "records in a log",
            Self::OpenTransactions => "open transactions",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_any_coordinator_is_expected_what_matters_and_not_how_often_it_says_so() {
        let sent = FactCount::Sent;
        let expect = Expect {
            committed: Some(1),
            counts: vec![
                (sent(MessageKind::Commit), 6),
                (sent(MessageKind::Abort), 0),
                (sent(MessageKind::ReplyAbort), 3),
                (FactCount::LeftInDoubt, 2),
                (FactCount::LockWaited, 0),
            ],
            ..Expect::default()
        };
        let disturbed = expect.clone().of_any_coordinator(false);
        assert_eq!(disturbed.committed, Some(1));
        assert_eq!(disturbed.counts, [(sent(MessageKind::Abort), 0), (FactCount::LeftInDoubt, 2)]);
        assert_eq!(disturbed.happens, [sent(MessageKind::Commit)]);
        let undisturbed = expect.of_any_coordinator(true);
        let exact =
            [(sent(MessageKind::Commit), 6), (sent(MessageKind::Abort), 0), (FactCount::LeftInDoubt, 2)];
        assert_eq!((undisturbed.counts.as_slice(), undisturbed.happens.len()), (exact.as_slice(), 0));
    }
}
