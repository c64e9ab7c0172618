//! When something happened to one transaction, in four bytes, and how a log record came to be durable.

/// The place of an event in the history, counted from the first event of its transaction, so that a stream of any
/// length needs no more than 32 bits. Positions of one transaction compare as its events are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position(u32);

impl Position {
    /// It did not happen.
    pub(crate) const NEVER: Self = Self(0);
    /// It happened before the validator forgot the transaction's events and kept its outcome alone.
    pub(crate) const BEFORE: Self = Self(1);

    /// The position of event number `sequence` in a transaction whose first event has number `first`.
    #[inline]
    pub(crate) fn of(sequence: u64, first: u64) -> Self {
        Self(u32::try_from(sequence - first + 2).unwrap_or(u32::MAX))
    }

    /// The number of the event, if there is one and it is known.
    pub(crate) fn sequence(self, first: u64) -> Option<u64> {
        (self > Self::BEFORE).then(|| first + u64::from(self.0) - 2)
    }

    /// Whether it happened.
    #[inline]
    pub(crate) fn happened(self) -> bool {
        self != Self::NEVER
    }

    /// Whether it happened, and earlier than `other` (or `other` did not happen).
    #[inline]
    pub(crate) fn precedes(self, other: Self) -> bool {
        self.happened() && (self < other || !other.happened())
    }

    /// It happens now; only the first time counts.
    #[inline]
    pub(crate) fn mark(&mut self, now: Self) {
        if !self.happened() {
            *self = now;
        }
    }

    /// The earlier of the two that happened.
    #[inline]
    pub(crate) fn or_earlier(self, other: Self) -> Self {
        if self.precedes(other) { self } else { other }
    }
}

/// One kind of log record of one transaction on one node.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Logged {
    /// When it was handed to the log last.
    pub(crate) appended: Position,
    /// When it was durable first.
    pub(crate) durable: Position,
    /// How many copies of it may still be lost: a checkpoint writes a record again while the first may still be on
    /// its way to the disk.
    pending: u32,
}

impl Logged {
    /// Long since durable.
    pub(crate) const BEFORE: Self =
        Self { appended: Position::BEFORE, durable: Position::BEFORE, pending: 0 };

    /// It is handed to the log, perhaps once more.
    pub(crate) fn append(&mut self, now: Position) {
        self.appended = now;
        self.pending += 1;
    }

    /// One copy of it is durable.
    pub(crate) fn harden(&mut self, now: Position) {
        self.durable.mark(now);
        self.pending = self.pending.saturating_sub(1);
    }

    /// A crash lost a copy; whether that is one that might be lost.
    pub(crate) fn lose(&mut self) -> bool {
        let rightly = !self.durable.happened() || self.pending > 0;
        self.pending = self.pending.saturating_sub(1);
        self.appended = Position::NEVER;
        rightly
    }

    /// The node restarted and its log lost nothing more: what was appended has survived.
    pub(crate) fn survive(&mut self, now: Position) {
        if self.appended.happened() {
            self.durable.mark(now);
        }
        self.pending = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_keep_the_order_of_events_and_say_their_numbers() {
        let (first, later) = (Position::of(1_000, 1_000), Position::of(1_007, 1_000));
        assert!(first.precedes(later) && !later.precedes(first) && first.precedes(Position::NEVER));
        assert!(Position::BEFORE.precedes(first) && !Position::NEVER.precedes(first));
        assert_eq!((first.sequence(1_000), later.sequence(1_000)), (Some(1_000), Some(1_007)));
        assert_eq!((Position::NEVER.sequence(5), Position::BEFORE.sequence(5)), (None, None));
        assert_eq!(first.or_earlier(Position::NEVER), first);
        assert_eq!(Position::NEVER.or_earlier(later), later);
    }

    #[test]
    fn a_record_may_be_lost_only_while_it_is_not_durable() {
        let [one, two, three] = [1, 2, 3].map(|sequence| Position::of(sequence, 0));
        let mut record = Logged::default();
        record.append(one);
        assert!(record.lose());
        record.append(one);
        record.harden(two);
        assert!(!record.lose());
        record.append(three);
        assert!(record.lose());
        assert!(!record.lose());
    }

    #[test]
    fn of_two_copies_under_way_the_second_may_be_lost_when_the_first_is_durable() {
        let [one, two, three] = [1, 2, 3].map(|sequence| Position::of(sequence, 0));
        let mut record = Logged::default();
        record.append(one);
        record.append(two);
        record.harden(three);
        assert!(record.lose());
        assert!(!record.lose());
    }
}
