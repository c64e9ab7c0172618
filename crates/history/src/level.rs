//! The levels of isolation, by name, weakest first. Which anomalies each rules out is for the validator to know.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What transactions are promised of each other; unless told otherwise, all that can be. It is about single keys, not
/// about predicates, so that repeatable read (Adya's PL-2.99) rules out the same as serializable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Writes have an order (Adya PL-1).
    ReadUncommitted,
    /// And only what is committed, and final, is read (Adya PL-2).
    ReadCommitted,
    /// And of another transaction either all writes are seen or none (Bailis et al., 2014).
    ReadAtomic,
    /// And who sees an effect sees its causes (Biswas and Enea, 2019).
    Causal,
    /// And no update is lost: what was read stays until the transaction is over (Adya PL-2.99).
    RepeatableRead,
    /// All reads are of one snapshot, and of two that write the same key one fails (Adya PL-SI).
    SnapshotIsolation,
    /// And the snapshot is no older than what the same client did last.
    StrongSessionSnapshotIsolation,
    /// And no older than anything that was over when the transaction began.
    StrongSnapshotIsolation,
    /// As if one after the other (Adya PL-3).
    Serializable,
    /// And each client's transactions in the client's order.
    StrongSessionSerializable,
    /// And all in the order of time: what was over before another began comes first (Herlihy and Wing, 1990).
    #[default]
    StrictSerializable,
}

impl Level {
    /// Every level.
    pub const ALL: [Self; 11] = [
        Self::ReadUncommitted,
        Self::ReadCommitted,
        Self::ReadAtomic,
        Self::Causal,
        Self::RepeatableRead,
        Self::SnapshotIsolation,
        Self::StrongSessionSnapshotIsolation,
        Self::StrongSnapshotIsolation,
        Self::Serializable,
        Self::StrongSessionSerializable,
        Self::StrictSerializable,
    ];
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ReadUncommitted => "read-uncommitted",
            Self::ReadCommitted => "read-committed",
            Self::ReadAtomic => "read-atomic",
            Self::Causal => "causal",
            Self::RepeatableRead => "repeatable-read",
            Self::SnapshotIsolation => "snapshot-isolation",
            Self::StrongSessionSnapshotIsolation => "strong-session-snapshot-isolation",
            Self::StrongSnapshotIsolation => "strong-snapshot-isolation",
            Self::Serializable => "serializable",
            Self::StrongSessionSerializable => "strong-session-serializable",
            Self::StrictSerializable => "strict-serializable",
        })
    }
}

/// The text names no level.
#[derive(Debug, PartialEq, Eq)]
pub struct ParseLevelError(String);

impl fmt::Display for ParseLevelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = Level::ALL.iter().map(Level::to_string).collect();
        write!(f, "\"{}\" is no level of isolation: expected one of {}", self.0, names.join(", "))
    }
}

impl std::error::Error for ParseLevelError {}

impl FromStr for Level {
    type Err = ParseLevelError;

    fn from_str(text: &str) -> Result<Self, ParseLevelError> {
        let named = Self::ALL.into_iter().find(|level| level.to_string() == text);
        named.ok_or_else(|| ParseLevelError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_prints_as_it_parses_and_as_it_is_written() {
        for level in Level::ALL {
            assert_eq!(level.to_string().parse(), Ok(level));
            let written = serde_json::to_string(&level).expect("a level is a word");
            assert_eq!(written, format!("\"{level}\""));
        }
        assert!("serialisable".parse::<Level>().is_err());
    }
}
