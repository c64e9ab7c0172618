//! What is yet to happen, in the order of (time, sequence).
//!
//! Timers are kept apart from the rest: there are several for each transaction and nearly all of them fire late,
//! when they have no effect. Those set for the same time span fire in the order in which they were set, so one
//! queue a span keeps them sorted for nothing.

use std::collections::VecDeque;

use history::{Gid, Nanos, NodeId};
use protocol::Timer;

use super::calendar::Calendar;
use super::faults::Cause;
use super::letters::Letter;

/// Something that is yet to happen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Happening {
    Delivery {
        from: NodeId,
        to: NodeId,
        letter: Letter,
    },
    SyncDone {
        node: NodeId,
        incarnation: u32,
    },
    TimerFired {
        node: NodeId,
        incarnation: u32,
        timer: Timer,
    },
    Restart {
        node: NodeId,
        incarnation: u32,
    },
    /// A message arrives damaged, and the receiver's checksum says so.
    DamagedArrival {
        from: NodeId,
        to: NodeId,
        letter: Letter,
    },
    /// A node goes on, unless it was paused for longer meanwhile.
    PauseEnds {
        node: NodeId,
    },
    /// An operator decides an in-doubt branch, because of the scenario's fault.
    Heuristic {
        node: NodeId,
        gid: Gid,
        cause: Cause,
    },
    /// A stand-by takes over from the leader.
    TakesOver {
        cause: Cause,
    },
    /// A disk takes records again.
    DiskFreed {
        node: NodeId,
    },
    /// The scenario's fault of this place begins on a node.
    FaultBegins {
        index: usize,
        node: NodeId,
    },
    /// The next fault of the seeded plan is drawn.
    PlanStrikes,
    /// So many clients come at once.
    ClientsCome {
        clients: u32,
    },
}

/// The order of all that is yet to happen.
#[derive(Debug)]
pub(super) struct Queue {
    /// Time, sequence and slot in one number: the cheapest thing to compare.
    calendar: Calendar,
    /// How many timers found no lane, and are in the calendar.
    timers_in_calendar: usize,
    slots: Vec<Happening>,
    free: Vec<u32>,
    sequence: u64,
    lanes: Vec<Lane>,
    /// The key of the earliest timer in a lane, and which lane that is.
    next_timer: (u128, usize),
}

/// The timers set for one time span.
#[derive(Debug)]
struct Lane {
    span: Nanos,
    timers: VecDeque<(u128, NodeId, u32, Timer)>,
}

/// The low bits of a key: what is left of it without them orders.
const SLOT_BITS: u32 = 24;
/// The key of nothing.
const NEVER: u128 = u128::MAX;
const SEQUENCE_BITS: u32 = 40;
/// A node that sets timers for more spans than this pays for them in the calendar.
const LANES_MAX: usize = 32;

impl Default for Queue {
    fn default() -> Self {
        Self {
            calendar: Calendar::default(),
            timers_in_calendar: 0,
            slots: Vec::new(),
            free: Vec::new(),
            sequence: 0,
            lanes: Vec::new(),
            next_timer: (NEVER, 0),
        }
    }
}

impl Queue {
    // What happens is made in its slot, not copied there.
    #[inline(always)]
    pub(super) fn push(&mut self, at: Nanos, happening: Happening) {
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = happening;
                slot
            }
            None => {
                self.slots.push(happening);
                self.slots.len() as u32 - 1
            }
        };
        assert!(slot < 1 << SLOT_BITS, "fewer than 2^24 things are under way at a time");
        let key = self.next_key(at) | u128::from(slot);
        self.calendar.push(key);
    }

    pub(super) fn set_timer(
        &mut self,
        now: Nanos,
        span: Nanos,
        node: NodeId,
        incarnation: u32,
        timer: Timer,
    ) {
        let lane = match self.lanes.iter().position(|lane| lane.span == span) {
            Some(lane) => lane,
            None if self.lanes.len() < LANES_MAX => {
                self.lanes.push(Lane { span, timers: VecDeque::new() });
                self.lanes.len() - 1
            }
            None => {
                self.timers_in_calendar += 1;
                return self.push(now + span, Happening::TimerFired { node, incarnation, timer });
            }
        };
        let key = self.next_key(now + span);
        self.lanes[lane].timers.push_back((key, node, incarnation, timer));
        self.next_timer = self.next_timer.min((key, lane));
    }

    /// Takes out the next thing to happen, unless it happens after `limit`.
    pub(super) fn pop(&mut self, limit: Nanos) -> Option<(Nanos, Happening)> {
        let next = self.calendar.peek().unwrap_or(NEVER);
        let (timer, lane) = self.next_timer;
        let earliest = next.min(timer);
        if at(earliest) > limit || earliest == NEVER {
            return None;
        }
        if timer < next {
            return Some(self.pop_timer(lane));
        }
        self.calendar.pop(next);
        let slot = next as u32 & ((1 << SLOT_BITS) - 1);
        self.free.push(slot);
        let happening = self.slots[slot as usize];
        self.timers_in_calendar -= usize::from(matches!(happening, Happening::TimerFired { .. }));
        Some((at(next), happening))
    }

    /// Whether nothing but timers is left to happen.
    pub(super) fn only_timers(&self) -> bool {
        self.calendar.len() == self.timers_in_calendar
    }

    fn pop_timer(&mut self, lane: usize) -> (Nanos, Happening) {
        let (key, node, incarnation, timer) =
            self.lanes[lane].timers.pop_front().expect("the next timer is the first of its lane");
        let firsts = self.lanes.iter().enumerate();
        let firsts = firsts.filter_map(|(index, lane)| Some((lane.timers.front()?.0, index)));
        self.next_timer = firsts.min().unwrap_or((NEVER, 0));
        (at(key), Happening::TimerFired { node, incarnation, timer })
    }

    fn next_key(&mut self, at: Nanos) -> u128 {
        self.sequence += 1;
        assert!(self.sequence < 1 << SEQUENCE_BITS, "fewer than 2^40 things happen in a run");
        (u128::from(at.0) << 64) | (u128::from(self.sequence) << SLOT_BITS)
    }
}

fn at(key: u128) -> Nanos {
    Nanos((key >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use history::Gid;

    fn restart(incarnation: u32) -> Happening {
        Happening::Restart { node: NodeId::COORDINATOR, incarnation }
    }

    fn timer(gid: u32) -> Timer {
        Timer { gid: Gid(gid), purpose: 0 }
    }

    fn drained(mut queue: Queue) -> Vec<(u64, u32)> {
        std::iter::from_fn(|| {
            let (at, happening) = queue.pop(Nanos(u64::MAX))?;
            match happening {
                Happening::Restart { incarnation, .. } => Some((at.0, incarnation)),
                Happening::TimerFired { timer, .. } => Some((at.0, timer.gid.0)),
                _ => None,
            }
        })
        .collect()
    }

    #[test]
    fn the_earliest_comes_first_and_of_two_at_once_the_one_set_first() {
        let mut queue = Queue::default();
        queue.push(Nanos(5), restart(1));
        queue.set_timer(Nanos(0), Nanos(5), NodeId::COORDINATOR, 0, timer(2));
        queue.push(Nanos(5), restart(3));
        queue.push(Nanos(4), restart(4));
        queue.set_timer(Nanos(3), Nanos(1), NodeId::COORDINATOR, 0, timer(5));
        queue.set_timer(Nanos(1), Nanos(5), NodeId::COORDINATOR, 0, timer(6));
        assert_eq!(drained(queue), [(4, 4), (4, 5), (5, 1), (5, 2), (5, 3), (6, 6)]);
    }

    #[test]
    fn timers_of_more_spans_than_lanes_still_come_in_order() {
        let mut queue = Queue::default();
        for n in (1..=100).rev() {
            queue.set_timer(Nanos(0), Nanos(u64::from(n)), NodeId::COORDINATOR, 0, timer(n));
        }
        assert!(queue.only_timers());
        queue.push(Nanos(0), restart(0));
        assert!(!queue.only_timers());
        assert!(queue.pop(Nanos(0)).is_some() && queue.only_timers());
        let expected: Vec<(u64, u32)> = (1..=100).map(|n| (u64::from(n), n)).collect();
        assert_eq!(drained(queue), expected);
    }

    #[test]
    fn nothing_is_taken_out_before_its_time() {
        let mut queue = Queue::default();
        queue.push(Nanos(5), restart(1));
        queue.set_timer(Nanos(0), Nanos(3), NodeId::COORDINATOR, 0, timer(2));
        assert!(queue.pop(Nanos(2)).is_none());
        assert!(queue.pop(Nanos(4)).is_some());
        assert!(queue.pop(Nanos(4)).is_none());
    }

    #[test]
    fn slots_are_used_again() {
        let mut queue = Queue::default();
        for n in 0..1_000 {
            queue.push(Nanos(n), restart(0));
            assert!(queue.pop(Nanos(n)).is_some() && queue.pop(Nanos(u64::MAX)).is_none());
        }
        assert_eq!(queue.slots.len(), 1);
    }
}
