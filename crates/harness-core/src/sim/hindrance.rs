//! What is wrong with a node that is up: it is paused or slow, its disk is slow, or its clock is off.

use history::{FaultKind, Nanos};

use super::faults::Cause;
use super::queue::Happening;

/// What hinders a node at the moment.
#[derive(Debug, Default)]
pub(super) struct Hindrance {
    /// What happens to the node waits until it goes on, at this instant.
    pub(super) paused_until: Option<Nanos>,
    /// What waits until then.
    pub(super) parked: Vec<Happening>,
    /// All that it hears and says takes so much longer, until an instant.
    pub(super) slow: Lasting,
    /// Its syncs take so much longer, until an instant.
    pub(super) slow_sync: Lasting,
    pub(super) clock: Clock,
    /// It has room for so many prepared branches.
    pub(super) prepared_max: Option<u32>,
    /// Its next sync fails, because of this fault.
    pub(super) failing_sync: Option<Cause>,
    /// What has begun and changed nothing yet.
    pub(super) unfelt: Vec<(FaultKind, Cause)>,
    /// Its next append is cut short by a crash.
    pub(super) torn_append: Option<TornAppend>,
}

impl Hindrance {
    /// A pause is over: what has waited.
    pub(super) fn end_pause(&mut self) -> Vec<Happening> {
        self.paused_until = None;
        self.unfelt.retain(|&(kind, _)| kind != FaultKind::Pause);
        std::mem::take(&mut self.parked)
    }
}

/// A delay that lasts until an instant.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lasting {
    pub(super) by: Nanos,
    pub(super) until: Nanos,
}

impl Lasting {
    #[inline]
    pub(super) fn at(self, now: Nanos) -> Nanos {
        if now < self.until { self.by } else { Nanos::ZERO }
    }
}

/// A crash in the middle of an append.
#[derive(Clone, Copy, Debug)]
pub(super) struct TornAppend {
    pub(super) cause: Cause,
    pub(super) restart_after_ms: Option<u64>,
}

/// What clocks show when a run starts, so that they have somewhere to jump back to.
const CLOCK_START: Nanos = Nanos::from_secs(10 * 24 * 3_600);

/// A node's own clock: it may be off and run too fast or too slow.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    /// How far it was off when it was last set.
    offset_ns: i128,
    set_at: Nanos,
    /// How much too fast it runs, in millionths.
    drift_ppm: i32,
}

impl Clock {
    /// Whether it shows another time than it should.
    pub(super) fn is_off(&self, now: Nanos) -> bool {
        self.shows(now) != CLOCK_START + now
    }

    /// What the clock shows.
    #[inline]
    pub(super) fn shows(&self, now: Nanos) -> Nanos {
        if self.offset_ns == 0 && self.drift_ppm == 0 {
            return CLOCK_START + now;
        }
        let drifted = i128::from(now.since(self.set_at).0) * i128::from(self.drift_ppm) / 1_000_000;
        let shown = i128::from((CLOCK_START + now).0) + self.offset_ns + drifted;
        Nanos(u64::try_from(shown.max(0)).unwrap_or(u64::MAX))
    }

    /// How long a span that the clock measures really is, at least: a timer must not fire before its time by the
    /// clock that set it, or it would be set again for ever.
    #[inline]
    pub(super) fn real_span(&self, span: Nanos) -> Nanos {
        if self.drift_ppm == 0 {
            return span;
        }
        let rate = (1_000_000 + i64::from(self.drift_ppm.max(-999_999))).unsigned_abs();
        Nanos((u128::from(span.0) * 1_000_000).div_ceil(rate.into()) as u64)
    }

    /// The clock jumps and from now on drifts.
    pub(super) fn set(&mut self, now: Nanos, jump_ms: i64, drift_ppm: i32) {
        let shown = i128::from(self.shows(now).0);
        self.offset_ns = shown - i128::from((CLOCK_START + now).0) + i128::from(jump_ms) * 1_000_000;
        self.set_at = now;
        self.drift_ppm = drift_ppm;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Nanos {
        Nanos::from_millis(n)
    }

    #[test]
    fn a_clock_that_nobody_touched_shows_the_time() {
        let clock = Clock::default();
        assert_eq!((clock.shows(ms(5)), clock.real_span(ms(5))), (CLOCK_START + ms(5), ms(5)));
    }

    #[test]
    fn a_jump_stays_and_a_drift_grows() {
        let mut clock = Clock::default();
        clock.set(ms(100), 50, 0);
        assert_eq!(clock.shows(ms(200)), CLOCK_START + ms(250));
        clock.set(ms(200), 0, 100_000);
        assert_eq!([200, 300].map(|n| clock.shows(ms(n)).since(CLOCK_START)), [ms(250), ms(360)]);
        clock.set(ms(300), -460, -500_000);
        assert_eq!(CLOCK_START.since(clock.shows(ms(300))), ms(100), "before its start");
    }

    #[test]
    fn a_fast_clock_measures_short_spans() {
        let mut clock = Clock::default();
        clock.set(ms(0), 0, 1_000_000);
        assert_eq!(clock.real_span(ms(10)), ms(5));
        assert_eq!(clock.real_span(Nanos(1)), Nanos(1), "never nothing");
        clock.set(ms(0), 0, -500_000);
        assert_eq!(clock.real_span(ms(10)), ms(20));
    }

    #[test]
    fn slowness_ends() {
        let slow = Lasting { by: ms(3), until: ms(10) };
        assert_eq!((slow.at(ms(9)), slow.at(ms(10))), (ms(3), Nanos::ZERO));
    }
}
