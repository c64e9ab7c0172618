//! Which clusters this machine runs, of all that a soak has.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of a number of shards, counted from 1: the clusters are dealt out one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    number: u32,
    of: u32,
}

/// Why a text is no shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("use a number from 1 to how many shards there are, and how many, such as 1/4")]
pub struct ParseShardError;

impl Shard {
    /// Everything on one machine.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// Whether the cluster of this number, counted from 0, is one of its own.
    pub fn has(self, cluster: u32) -> bool {
        cluster % self.of == self.number - 1
    }

    /// All of so many.
    pub(crate) fn all_of(count: u32) -> impl Iterator<Item = Self> {
        (1..=count).map(move |number| Self { number, of: count })
    }

    /// How many there are.
    pub fn count(self) -> u32 {
        self.of
    }
}

impl FromStr for Shard {
    type Err = ParseShardError;

    fn from_str(text: &str) -> Result<Self, ParseShardError> {
        let (number, of) = text.split_once('/').ok_or(ParseShardError)?;
        let parse = |text: &str| text.parse::<u32>().map_err(|_| ParseShardError);
        let (number, of) = (parse(number)?, parse(of)?);
        if number == 0 || number > of { Err(ParseShardError) } else { Ok(Self { number, of }) }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cluster_has_one_shard() {
        let shards: Vec<Shard> = ["1/3", "2/3", "3/3"].map(|text| text.parse().expect(text)).into();
        for cluster in 0..10 {
            assert_eq!(shards.iter().filter(|shard| shard.has(cluster)).count(), 1);
        }
        assert!((0..10).all(|cluster| Shard::WHOLE.has(cluster)));
        for wrong in ["", "1", "0/2", "3/2", "a/b", "1/0", "-1/2"] {
            assert_eq!(wrong.parse::<Shard>(), Err(ParseShardError), "{wrong}");
        }
    }
}
