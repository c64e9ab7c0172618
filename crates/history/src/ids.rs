//! Identities and quantities: nodes, transactions, keys, values and virtual time. All are small and `Copy`,
//! because a soak records tens of millions of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A participant, counted from 1; prints as `rm1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ParticipantId(pub u32);

impl fmt::Display for ParticipantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rm{}", self.0)
    }
}

/// Any node of a run: a coordinator (`tm`, and `tm2`, .. for stand-bys) or a participant (`rm1`, ..).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// The first coordinator, `tm`.
    pub const COORDINATOR: Self = Self(0);
    /// The first stand-by coordinator, `tm2`.
    pub const STAND_BY: Self = Self(Self::STAND_BY_BIT | 1);
    const STAND_BY_BIT: u32 = 1 << 31;

    /// The `n`-th coordinator, counted from 0: `tm`, `tm2`, `tm3`, ..
    pub fn coordinator(n: u32) -> Self {
        if n == 0 { Self::COORDINATOR } else { Self(Self::STAND_BY_BIT | n) }
    }

    /// Whether this node coordinates.
    #[inline]
    pub fn is_coordinator(self) -> bool {
        // 0 and the stand-bys, in one comparison: it is asked several times for each message.
        self.0.wrapping_sub(1) >= Self::STAND_BY_BIT - 1
    }

    /// Whether this node is a stand-by coordinator.
    #[inline]
    pub fn is_stand_by(self) -> bool {
        self.0 & Self::STAND_BY_BIT != 0
    }

    /// The participant that this node is, if it is one.
    #[inline]
    pub fn participant(self) -> Option<ParticipantId> {
        (!self.is_coordinator()).then_some(ParticipantId(self.0))
    }

    /// The number of a coordinator (0 for the first) or of a participant (1 for the first).
    #[inline]
    pub fn number(self) -> u32 {
        self.0 & !Self::STAND_BY_BIT
    }
}

impl From<ParticipantId> for NodeId {
    #[inline]
    fn from(participant: ParticipantId) -> Self {
        assert!(participant.0 > 0 && participant.0 < Self::STAND_BY_BIT, "participants count from 1");
        Self(participant.0)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.participant() {
            Some(participant) => participant.fmt(f),
            None if self.0 == 0 => f.write_str("tm"),
            None => write!(f, "tm{}", self.number() + 1),
        }
    }
}

/// The text is no node's name.
#[derive(Debug, thiserror::Error)]
#[error(
    "\"{0}\" is not a node: expected tm, tm2 and so on for a coordinator, or rm1, rm2 and so on for a participant"
)]
pub struct ParseNodeError(String);

impl FromStr for NodeId {
    type Err = ParseNodeError;

    fn from_str(text: &str) -> Result<Self, ParseNodeError> {
        let numbered = |digits: &str, first: u32| {
            digits
                .parse::<u32>()
                .ok()
                .filter(|&n| n >= first && n < Self::STAND_BY_BIT && !digits.starts_with('+'))
        };
        if text == "tm" {
            return Ok(Self::COORDINATOR);
        }
        let node = match (text.strip_prefix("tm"), text.strip_prefix("rm")) {
            (Some(digits), _) => numbered(digits, 2).map(|n| Self::coordinator(n - 1)),
            (_, Some(digits)) => numbered(digits, 1).map(Self),
            _ => None,
        };
        node.ok_or_else(|| ParseNodeError(text.to_owned()))
    }
}

impl Serialize for NodeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NodeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl serde::de::Visitor<'_> for Name {
            type Value = NodeId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a node's name, such as \"tm\" or \"rm1\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<NodeId, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Name)
    }
}

/// The global id of a transaction; prints as `t1`. Ids are dense: structures indexed by them stay small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Gid(pub u32);

impl Gid {
    /// Writer of the initial version of every key; no transaction has this id.
    pub const INITIAL: Self = Self(0);
}

impl fmt::Display for Gid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t{}", self.0)
    }
}

/// A key of one participant's store; prints as `k7`. The same key on two participants is two items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(pub u32);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "k{}", self.0)
    }
}

/// The value of a key. A key that nobody wrote reads as 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "i64", into = "i64")]
// Alignment 4 keeps an event at 32 bytes.
#[repr(Rust, packed(4))]
pub struct Value(pub i64);

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self(number)
    }
}

impl From<Value> for i64 {
    fn from(value: Value) -> Self {
        value.0
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0;
        number.fmt(f)
    }
}

/// Virtual nanoseconds: an instant counted from the start of the run, or a span between two instants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nanos(pub u64);

impl Nanos {
    /// The start of a run, or an empty span.
    pub const ZERO: Self = Self(0);

    /// A span of `n` microseconds.
    pub const fn from_micros(n: u64) -> Self {
        Self(n.saturating_mul(1_000))
    }

    /// A span of `n` milliseconds.
    pub const fn from_millis(n: u64) -> Self {
        Self(n.saturating_mul(1_000_000))
    }

    /// A span of `n` seconds.
    pub const fn from_secs(n: u64) -> Self {
        Self(n.saturating_mul(1_000_000_000))
    }

    /// This span in milliseconds.
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The span since `earlier`, or zero if that is later.
    #[inline]
    pub fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add for Nanos {
    type Output = Self;

    /// Saturates: the end of time is 584 years after the start.
    #[inline]
    fn add(self, span: Self) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} ms", self.0 / 1_000_000, self.0 / 1_000 % 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_prints_as_it_parses() {
        for name in ["tm", "tm2", "tm9", "rm1", "rm5000"] {
            assert_eq!(name.parse::<NodeId>().expect("a node").to_string(), name);
        }
        assert!("tm2".parse::<NodeId>().expect("a node").is_coordinator());
        assert_eq!("rm3".parse::<NodeId>().expect("a node"), ParticipantId(3).into());
    }

    #[test]
    fn a_name_of_no_node_is_refused() {
        for name in ["", "tm1", "tm0", "rm0", "rm", "rm+1", "rm-1", "client", "rm4294967295"] {
            assert!(name.parse::<NodeId>().is_err(), "{name} was accepted");
        }
    }

    #[test]
    fn time_prints_in_milliseconds() {
        assert_eq!(Nanos(12_345_678).to_string(), "12.345 ms");
        assert_eq!(Nanos::from_micros(5).to_string(), "0.005 ms");
    }
}
