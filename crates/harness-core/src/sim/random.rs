//! Randomness: one named, version-stable generator, one stream for each purpose, split from the seed.

use history::{Nanos, ParticipantId};
use rand_core::Rng as _;
use rand_pcg::Pcg32;

/// What a stream of random numbers is for. Streams are independent: drawing more for one purpose changes nothing
/// for the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Workload = 1,
    Network = 2,
    Disks = 3,
    Scenario = 4,
    Faults = 5,
    Plan = 6,
    Arrivals = 7,
}

/// A stream of random numbers for one purpose (PCG-XSH-RR 64/32; O'Neill, *PCG: A Family of Simple Fast
/// Space-Efficient Statistically Good Algorithms for Random Number Generation*, 2014).
#[derive(Clone, Debug)]
pub(crate) struct Random(Pcg32);

impl Random {
    pub(crate) fn new(seed: u64, purpose: Purpose) -> Self {
        // SplitMix64's finalizer, so that neighbouring seeds start far from each other.
        let mut state = seed.wrapping_add((purpose as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(Pcg32::new(state ^ (state >> 31), purpose as u64))
    }

    /// A number below `bound`, which is not 0. The bias of the multiply-shift is below `bound` in 2^32.
    #[inline]
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    /// A span from `min` to `max`, both included.
    #[inline]
    pub(crate) fn span(&mut self, min: Nanos, max: Nanos) -> Nanos {
        let width = max.0 - min.0;
        let drawn = match u32::try_from(width) {
            Ok(width) if width < u32::MAX => self.below(width + 1).into(),
            _ => ((u128::from(self.0.next_u64()) * (u128::from(width) + 1)) >> 64) as u64,
        };
        Nanos(min.0 + drawn)
    }

    /// `count` different participants of `participants`, in ascending order.
    pub(crate) fn distinct(&mut self, count: u32, participants: u32) -> Vec<ParticipantId> {
        let mut chosen: Vec<ParticipantId> = Vec::with_capacity(count as usize);
        // Floyd's algorithm: each subset is as likely as any other, with `count` draws.
        for last in participants - count + 1..=participants {
            let drawn = ParticipantId(1 + self.below(last));
            let new = match chosen.binary_search(&drawn) {
                Ok(_) => ParticipantId(last),
                Err(_) => drawn,
            };
            let place = chosen.partition_point(|&other| other < new);
            chosen.insert(place, new);
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_the_same_for_ever() {
        let draw = |seed, purpose| {
            let mut random = Random::new(seed, purpose);
            std::array::from_fn::<u32, 4, _>(|_| random.below(1_000_000))
        };
        let drawn = [
            draw(0, Purpose::Workload),
            draw(0, Purpose::Network),
            draw(1, Purpose::Workload),
            draw(u64::MAX, Purpose::Disks),
        ];
        insta::assert_snapshot!(format!("{drawn:?}"), @"[[475404, 555908, 872166, 834396], [569285, 811001, 120896, 679706], [584616, 76753, 800970, 678473], [160660, 992262, 936787, 543029]]");
    }

    #[test]
    fn every_participant_is_drawn_and_none_twice() {
        let mut random = Random::new(3, Purpose::Workload);
        let mut times = [0u32; 10];
        for _ in 0..10_000 {
            let chosen = random.distinct(3, 10);
            assert!(chosen.len() == 3 && chosen.windows(2).all(|pair| pair[0] < pair[1]));
            chosen.iter().for_each(|id| times[id.0 as usize - 1] += 1);
        }
        // 3,000 expected each, with a standard deviation of 46.
        assert!(times.iter().all(|&n| (2_750..3_250).contains(&n)), "{times:?}");
        assert_eq!(random.distinct(10, 10).len(), 10);
    }

    #[test]
    fn spans_cover_their_range() {
        let mut random = Random::new(5, Purpose::Network);
        let drawn: Vec<u64> = (0..1_000).map(|_| random.span(Nanos(10), Nanos(13)).0).collect();
        assert!((10..=13).all(|n| drawn.contains(&n)) && drawn.iter().all(|n| (10..=13).contains(n)));
        assert_eq!(random.span(Nanos(7), Nanos(7)), Nanos(7));
        let (min, max) = (Nanos::from_secs(1), Nanos::from_secs(60));
        let drawn: Vec<Nanos> = (0..100).map(|_| random.span(min, max)).collect();
        assert!(drawn.iter().all(|span| (min..=max).contains(span)));
        assert!(drawn.iter().any(|&span| span > Nanos::from_secs(50)), "wide spans are used whole");
    }
}
