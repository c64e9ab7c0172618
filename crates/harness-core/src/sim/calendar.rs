//! Keys in their order, by a calendar (R. Brown, *Calendar Queues: A Fast O(1) Priority Queue Implementation for the
//! Simulation Event Set Problem*, 1988): nearly all that is yet to happen happens soon, and a day of the calendar is so
//! short that few things fall on it. What is far off, or too much for a day, is in a heap.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A time in nanoseconds in the high half; the low half tells keys of one time apart.
pub(super) type Key = u128;

/// A day is 2 to the power of this nanoseconds: a fraction of a message's latency.
const DAY_BITS: u32 = 14;
/// How many days are kept apart.
const DAYS: u64 = 64;
/// So many keys of today are kept sorted; beyond, the heap does it.
const TODAY_MAX: usize = 32;

/// Keys, which come out in ascending order.
#[derive(Debug)]
pub(super) struct Calendar {
    /// The number of the day whose keys are sorted.
    day: u64,
    /// The keys of that day, the next one last.
    today: Vec<Key>,
    /// The keys of the days after, in no order, each day at the place of its number.
    days: [Vec<Key>; DAYS as usize],
    /// Which of them have any.
    occupied: u64,
    heap: BinaryHeap<Reverse<Key>>,
    len: usize,
}

impl Default for Calendar {
    fn default() -> Self {
        Self {
            day: 0,
            today: Vec::new(),
            days: std::array::from_fn(|_| Vec::new()),
            occupied: 0,
            heap: BinaryHeap::new(),
            len: 0,
        }
    }
}

impl Calendar {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn push(&mut self, key: Key) {
        self.len += 1;
        let day = day_of(key);
        if day > self.day && day - self.day < DAYS {
            self.days[(day % DAYS) as usize].push(key);
            self.occupied |= 1 << (day % DAYS);
        } else if day <= self.day && self.today.len() < TODAY_MAX {
            let place = self.today.partition_point(|&other| other > key);
            self.today.insert(place, key);
        } else {
            self.heap.push(Reverse(key));
        }
    }

    /// The least key.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<Key> {
        if self.today.is_empty() {
            self.turn_the_page();
        }
        let heap = self.heap.peek().map(|&Reverse(key)| key);
        match (self.today.last().copied(), heap) {
            (Some(today), Some(heap)) => Some(today.min(heap)),
            (today, heap) => today.or(heap),
        }
    }

    /// Takes out the least key, which was just looked at.
    #[inline]
    pub(super) fn pop(&mut self, key: Key) {
        self.len -= 1;
        if self.today.last() == Some(&key) {
            self.today.pop();
        } else {
            self.heap.pop();
        }
    }

    /// Goes on to the next day on which anything happens.
    #[inline]
    fn turn_the_page(&mut self) {
        if self.occupied == 0 {
            // What comes next is in the heap, and what follows from it comes soon after.
            if let Some(&Reverse(key)) = self.heap.peek() {
                self.day = self.day.max(day_of(key));
            }
            return;
        }
        let tomorrow = self.day + 1;
        let ahead = self.occupied.rotate_right((tomorrow % DAYS) as u32).trailing_zeros();
        self.day = tomorrow + u64::from(ahead);
        let place = self.day % DAYS;
        self.occupied &= !(1 << place);
        std::mem::swap(&mut self.today, &mut self.days[place as usize]);
        self.today.sort_unstable_by(|a, b| b.cmp(a));
    }
}

#[inline]
fn day_of(key: Key) -> u64 {
    (key >> 64) as u64 >> DAY_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(at: u64, sequence: u64) -> Key {
        u128::from(at) << 64 | u128::from(sequence)
    }

    /// A small linear congruential generator: any sequence will do, as long as it is always the same one.
    fn drawn(state: &mut u64) -> u64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *state >> 33
    }

    #[test]
    fn it_agrees_with_a_heap_whatever_the_spans() {
        let (mut ours, mut model) = (Calendar::default(), BinaryHeap::new());
        let (mut now, mut state) = (0, 7);
        for sequence in 0..200_000 {
            // At once, within the day, within the calendar, far off; for a while more comes than goes.
            let span = match drawn(&mut state) % 8 {
                0 => 0,
                1 | 2 => drawn(&mut state) % (1 << DAY_BITS),
                3..=6 => drawn(&mut state) % (1 << (DAY_BITS + 6)),
                _ => drawn(&mut state) << 8,
            };
            ours.push(key(now + span, sequence));
            model.push(Reverse(key(now + span, sequence)));
            let grows = sequence % 20_000 < 5_000;
            for _ in 0..if grows { 0 } else { 2 } {
                let next = ours.peek();
                assert_eq!(next, model.pop().map(|Reverse(key)| key));
                let Some(next) = next else { break };
                ours.pop(next);
                now = (next >> 64) as u64;
            }
            assert_eq!(ours.len(), model.len());
        }
        while let Some(Reverse(next)) = model.pop() {
            assert_eq!(ours.peek(), Some(next));
            ours.pop(next);
        }
        assert_eq!(ours.peek(), None);
    }

    #[test]
    fn what_comes_earlier_than_what_was_looked_at_comes_first() {
        let mut calendar = Calendar::default();
        calendar.push(key(50 << DAY_BITS, 0));
        assert_eq!(calendar.peek(), Some(key(50 << DAY_BITS, 0)));
        calendar.push(key(3, 1));
        calendar.push(key(20 << DAY_BITS, 2));
        for expected in [key(3, 1), key(20 << DAY_BITS, 2), key(50 << DAY_BITS, 0)] {
            assert_eq!(calendar.peek(), Some(expected));
            calendar.pop(expected);
        }
    }
}
