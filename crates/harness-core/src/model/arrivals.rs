//! When clients come: an open load, whose rate does not depend on how fast anybody answers.

use history::Nanos;
use serde::{Deserialize, Serialize};

use crate::sim::Random;

/// When clients come, each with one transaction, if it is not when another has heard of its last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrivals {
    /// One in each such span, on average; of several at once, all in as many spans.
    pub every: Nanos,
    /// At most so many come at the same instant. Few come as often as many, by octaves: where nobody meets anybody,
    /// nothing is tested of what transactions do to each other.
    pub at_once_max: u32,
}

impl Arrivals {
    /// Draws how long after the start of their first span the next clients come, of whom so many are left, and how many.
    pub(crate) fn draw(&self, left: u64, random: &mut Random) -> (Nanos, u32) {
        let octave = 1 << random.below(self.at_once_max.ilog2() + 1);
        let clients = (octave + random.below(octave)).min(self.at_once_max);
        let clients = u32::try_from(left).map_or(clients, |left| clients.min(left));
        (random.span(Nanos::ZERO, Nanos(u64::from(clients) * self.every.0 - 1)), clients)
    }

    pub(super) fn mistake(&self) -> Option<String> {
        let Self { every, at_once_max } = self;
        if *every == Nanos::ZERO {
            return Some("arrivals.every is 0: leave out arrivals for clients that do not wait".to_owned());
        }
        (*at_once_max == 0)
            .then(|| "arrivals.at_once_max is 0: at least one client comes at a time".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Purpose;

    #[test]
    fn clients_come_within_their_spans_alone_and_in_crowds() {
        let arrivals = Arrivals { every: Nanos(100), at_once_max: 12 };
        let mut random = Random::new(1, Purpose::Arrivals);
        let mut crowds = [0; 13];
        for _ in 0..4_000 {
            let (after, clients) = arrivals.draw(u64::MAX, &mut random);
            assert!(after < Nanos(u64::from(clients) * 100));
            crowds[clients as usize] += 1;
        }
        assert!(crowds[0] == 0 && crowds[1..].iter().all(|&times| times > 50), "{crowds:?}");
        assert!(arrivals.draw(1, &mut random).1 == 1, "no more come than are left");
    }
}
