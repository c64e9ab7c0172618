//! What was measured, in a form that adds up: counts, and latencies as counts by size. The sum of tallies is the tally
//! of all, whatever the order.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use hdrhistogram::Histogram;
use history::FaultKind;
use serde::{Deserialize, Serialize};

/// What was measured in one or more runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Transactions begun or refused.
    pub transactions: u64,
    /// Clients told "committed".
    pub committed: u64,
    /// Clients told "aborted".
    pub aborted: u64,
    /// Messages that left a node.
    pub messages: u64,
    /// Nodes that recovered after a crash, each time counted.
    pub recoveries: u64,
    /// Faults that struck, by kind.
    pub faults: BTreeMap<FaultKind, u64>,
    /// From the first prepare sent to the last vote heard.
    pub prepare: Spread,
    /// From the commit told to the client to the last acknowledgement.
    pub commit: Spread,
    /// From the client's request to its answer.
    pub total: Spread,
    /// From a restart to the last transaction settled from before the crash.
    pub recovery: Spread,
}

/// How often which latency was measured: by microseconds, of which the first seven binary digits count, so that no
/// latency is told by more than a sixty-fourth too low.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Spread(BTreeMap<u64, u64>);

const DIGITS: u32 = 7;

impl Tally {
    /// Faults that struck.
    pub fn faults_struck(&self) -> u64 {
        self.faults.values().sum()
    }
}

impl AddAssign<&Self> for Tally {
    fn add_assign(&mut self, other: &Self) {
        self.transactions += other.transactions;
        self.committed += other.committed;
        self.aborted += other.aborted;
        self.messages += other.messages;
        self.recoveries += other.recoveries;
        other.faults.iter().for_each(|(&kind, times)| *self.faults.entry(kind).or_default() += times);
        self.prepare += &other.prepare;
        self.commit += &other.commit;
        self.total += &other.total;
        self.recovery += &other.recovery;
    }
}

impl Spread {
    /// Counts a latency so many times.
    pub fn record(&mut self, micros: u64, times: u64) {
        let dropped = (u64::BITS - micros.leading_zeros()).saturating_sub(DIGITS);
        *self.0.entry(micros >> dropped << dropped).or_default() += times;
    }

    /// How many latencies were counted.
    pub fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// The latency, in milliseconds, that this share of all (from 0 to 1) stay within.
    pub fn quantile_ms(&self, share: f64) -> f64 {
        let rank = (self.count() as f64 * share).ceil().max(1.0) as u64;
        let mut passed = 0;
        let found = self.0.iter().find(|&(_, times)| {
            passed += times;
            passed >= rank
        });
        found.map_or(0.0, |(&micros, _)| micros as f64 / 1e3)
    }
}

impl From<&Histogram<u64>> for Spread {
    fn from(histogram: &Histogram<u64>) -> Self {
        let mut spread = Self::default();
        for bucket in histogram.iter_recorded() {
            spread.record(bucket.value_iterated_to(), bucket.count_at_value());
        }
        spread
    }
}

impl AddAssign<&Self> for Spread {
    fn add_assign(&mut self, other: &Self) {
        other.0.iter().for_each(|(&micros, times)| *self.0.entry(micros).or_default() += times);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_the_same_in_any_order_and_equal_to_counting_all_at_once() {
        let of = |latencies: &[u64]| {
            let mut tally = Tally { transactions: latencies.len() as u64, ..Tally::default() };
            latencies.iter().for_each(|&micros| tally.total.record(micros, 1));
            tally.faults.insert(FaultKind::Crash, 1);
            tally
        };
        let parts = [of(&[3, 4_000, 4_001]), of(&[4_000, 70_000_000]), of(&[])];
        let sum = |order: [usize; 3]| {
            let mut sum = Tally::default();
            order.into_iter().for_each(|part| sum += &parts[part]);
            sum
        };
        let all =
            Tally { faults: [(FaultKind::Crash, 3)].into(), ..of(&[3, 4_000, 4_001, 4_000, 70_000_000]) };
        assert!(sum([0, 1, 2]) == all && sum([2, 1, 0]) == all);
    }

    #[test]
    fn a_quantile_is_told_to_a_sixty_fourth() {
        let mut spread = Spread::default();
        (1..=10_000).for_each(|micros| spread.record(micros, 1));
        for (share, exact) in [(0.5, 5.0), (0.99, 9.9), (0.999, 9.99), (1.0, 10.0)] {
            let told = spread.quantile_ms(share);
            assert!(told <= exact && told > exact * 63.0 / 64.0, "{share}: {told}");
        }
        assert_eq!(Spread::default().quantile_ms(0.5), 0.0);
    }
}
