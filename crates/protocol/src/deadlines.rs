//! Deadlines of many transactions behind one timer.
//!
//! A protocol sets a deadline for every wait and nearly all of them are over before they matter. Deadlines of the
//! same span fall due in the order in which they were set, so a queue keeps them sorted, one timer watches its
//! front, and a wait that is over costs nothing but its place in the queue.

use std::collections::VecDeque;

use history::{Gid, Nanos};

use crate::effects::Effects;

/// The deadlines of one purpose, all of the same span.
#[derive(Clone, Debug)]
pub struct Deadlines {
    span: Nanos,
    purpose: u32,
    queue: VecDeque<(Nanos, Gid)>,
    /// The length at which those at the front that are over are forgotten.
    sweep_at: usize,
    watched: bool,
}

/// So many deadlines may pile up, at the least.
const PILE: usize = 16;

impl Deadlines {
    /// No deadlines yet. Their timer carries `purpose`, and [`Gid::INITIAL`].
    pub fn new(span: Nanos, purpose: u32) -> Self {
        Self { span, purpose, queue: VecDeque::new(), sweep_at: PILE, watched: false }
    }

    /// Sets a deadline for a transaction. Each time that the queue has doubled it forgets those at the front that are no
    /// longer `waiting`: it stays about as short as what is under way, and looks at hardly any of it.
    #[inline]
    pub fn set(&mut self, now: Nanos, gid: Gid, waiting: impl Fn(Gid) -> bool, effects: &mut Effects) {
        if self.queue.len() >= self.sweep_at {
            let over = self.queue.iter().take_while(|&&(_, gid)| !waiting(gid)).count();
            self.queue.drain(..over);
            self.sweep_at = PILE.max(2 * self.queue.len());
        }
        self.queue.push_back((now + self.span, gid));
        if !self.watched {
            self.watched = true;
            effects.set_timer(self.span, Gid::INITIAL, self.purpose);
        }
    }

    /// To be called until it returns `None` when the timer fires: the next transaction whose deadline has passed
    /// while it was still `waiting`. With `None` the timer is set again if it is needed.
    pub fn next_passed(
        &mut self,
        now: Nanos,
        waiting: impl Fn(Gid) -> bool,
        effects: &mut Effects,
    ) -> Option<Gid> {
        while let Some(&(deadline, gid)) = self.queue.front() {
            if !waiting(gid) {
                self.queue.pop_front();
            } else if deadline <= now || deadline.since(now) > self.span {
                // Nothing can be further away than its span, unless the clock jumped back: then it has waited.
                self.queue.pop_front();
                return Some(gid);
            } else {
                effects.set_timer(deadline.since(now), Gid::INITIAL, self.purpose);
                return None;
            }
        }
        self.watched = false;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effects::Effect;

    #[test]
    fn a_clock_that_jumps_back_does_not_put_a_deadline_off_for_ever() {
        let mut effects = Effects::default();
        let mut deadlines = Deadlines::new(Nanos(10), 7);
        deadlines.set(Nanos(1_000), Gid(1), |_| true, &mut effects);
        assert_eq!(deadlines.next_passed(Nanos(5), |_| true, &mut effects), Some(Gid(1)));
    }

    fn timers(effects: &mut Effects) -> Vec<u64> {
        let timers = effects.drain().filter_map(|effect| match effect {
            Effect::SetTimer { after, .. } => Some(after.0),
            _ => None,
        });
        timers.collect()
    }

    #[test]
    fn one_timer_watches_all_and_what_is_over_is_passed_by() {
        let mut effects = Effects::default();
        let mut deadlines = Deadlines::new(Nanos(10), 7);
        for (now, gid) in [(0, 1), (1, 2), (3, 3), (5, 4)] {
            deadlines.set(Nanos(now), Gid(gid), |_| true, &mut effects);
        }
        assert_eq!(timers(&mut effects), [10]);
        let waiting = |gid: Gid| gid != Gid(1) && gid != Gid(2);
        assert_eq!(deadlines.next_passed(Nanos(10), waiting, &mut effects), None);
        assert_eq!(timers(&mut effects), [3], "until the deadline of the first that still waits");
        assert_eq!(deadlines.next_passed(Nanos(15), waiting, &mut effects), Some(Gid(3)));
        assert_eq!(deadlines.next_passed(Nanos(15), waiting, &mut effects), Some(Gid(4)));
        assert_eq!(deadlines.next_passed(Nanos(15), waiting, &mut effects), None);
        assert_eq!(timers(&mut effects), [] as [u64; 0]);
        deadlines.set(Nanos(20), Gid(5), |_| true, &mut effects);
        assert_eq!(timers(&mut effects), [10], "watched again");
        for gid in 6..1_000 {
            deadlines.set(Nanos(21), Gid(gid), |other| gid < other.0 + 3, &mut effects);
        }
        assert!(deadlines.queue.len() <= PILE, "what is over does not pile up: {}", deadlines.queue.len());
    }
}
