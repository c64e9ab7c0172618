//! The list of properties, by name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A promise that a run is held to. AC1 to AC5 are those of Bernstein, Hadzilacos and Goodman (1987), chapter 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Property {
    /// No two nodes that decide reach different decisions (AC1).
    Agreement,
    /// No node reverses its decision (AC2).
    Stability,
    /// A transaction commits only if all participants voted for it (AC3).
    Unanimity,
    /// Without failures, what everybody voted for commits (AC4).
    NonTriviality,
    /// Once failures are repaired, everything is decided and every client is answered (AC5).
    Termination,
    /// What a message promises is durable before it leaves.
    WriteAhead,
    /// What a client is told is so.
    ClientTruth,
    /// What is committed is still there at the end.
    Durability,
    /// What is committed took effect once.
    ExactlyOnce,
    /// The final state is what the committed transactions add up to.
    Consistency,
    /// The committed transactions did not disturb each other.
    Isolation,
    /// No branch is in doubt and no lock is held at the end.
    NothingLeftOver,
}

impl Property {
    /// Every property, in the order of the reports.
    pub const ALL: [Self; 12] = [
        Self::Agreement,
        Self::Stability,
        Self::Unanimity,
        Self::NonTriviality,
        Self::Termination,
        Self::WriteAhead,
        Self::ClientTruth,
        Self::Durability,
        Self::ExactlyOnce,
        Self::Consistency,
        Self::Isolation,
        Self::NothingLeftOver,
    ];
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Agreement => "agreement",
            Self::Stability => "stability",
            Self::Unanimity => "unanimity",
            Self::NonTriviality => "non-triviality",
            Self::Termination => "termination",
            Self::WriteAhead => "write-ahead",
            Self::ClientTruth => "client truth",
            Self::Durability => "durability",
            Self::ExactlyOnce => "exactly once",
            Self::Consistency => "consistency",
            Self::Isolation => "isolation",
            Self::NothingLeftOver => "nothing left over",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_the_order_of_the_variants() {
        assert!(Property::ALL.iter().enumerate().all(|(index, &property)| property as usize == index));
    }
}
