//! The committed transactions that a cycle may still need, and the spans of the serial order in which there may be one.
//!
//! A cycle goes up the order by edges that point forward and comes down by edges that point backward. So all of it lies
//! within the spans of its backward edges, from the greater number to the lesser.

use std::collections::VecDeque;

use history::Gid;

use super::live::{Live, Read};

/// A committed transaction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Committed {
    pub(super) gid: Gid,
    pub(super) number: u64,
    pub(super) begun: u64,
    /// When its client knew.
    pub(super) answered: Option<u64>,
    reads: u32,
}

impl Committed {
    /// Something that was written at this place in the order, and nothing else.
    pub(super) fn part(gid: Gid, number: u64) -> Self {
        Self { gid, number, begun: 0, answered: None, reads: 0 }
    }
}

/// Numbers from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) first: u64,
    pub(super) last: u64,
}

/// The last committed transactions, and what is suspected of them.
#[derive(Debug)]
pub(super) struct Window {
    size: usize,
    committed: VecDeque<Committed>,
    reads: VecDeque<Read>,
    /// The greatest number that was forgotten.
    horizon: u64,
    /// Spans in which a cycle was not yet looked for.
    pending: Vec<Span>,
    /// The least number in them.
    least: u64,
    /// So many transactions were over since the first of them was suspected.
    waited: usize,
    /// Spans in which one was, ascending and apart.
    searched: Vec<Span>,
    /// The greatest number of a span that was searched and is forgotten.
    closed: u64,
    /// Whether an edge came that needs what is forgotten.
    pub(super) outgrown: bool,
}

impl Window {
    /// A window of so many transactions.
    pub(super) fn new(size: usize) -> Self {
        Self {
            size,
            committed: VecDeque::new(),
            reads: VecDeque::new(),
            horizon: 0,
            pending: Vec::new(),
            least: u64::MAX,
            waited: 0,
            searched: Vec::new(),
            closed: 0,
            outgrown: false,
        }
    }

    /// How many transactions it holds.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// An edge points backward, from the greater number to the lesser.
    pub(super) fn suspect(&mut self, from: u64, to: u64) {
        self.pend(Span { first: to, last: from });
    }

    /// A committed transaction is over. What it returns is the greatest number that is forgotten, if that has changed.
    #[inline]
    pub(super) fn push(&mut self, live: &Live, number: u64) -> Option<u64> {
        let (gid, begun, answered) = (live.gid, live.begun, live.answered);
        let reads = live.reads.len() as u32;
        self.committed.push_back(Committed { gid, number, begun, answered, reads });
        self.reads.extend(&live.reads);
        if !self.searched.is_empty() || number <= self.closed {
            self.look_again(number);
        }
        self.waited += usize::from(!self.pending.is_empty());
        if self.committed.len() <= self.size {
            return None;
        }
        let forgotten = self.committed.pop_front()?;
        self.reads.drain(..forgotten.reads as usize);
        self.horizon = self.horizon.max(forgotten.number);
        Some(self.horizon)
    }

    /// Whether it is time to look for cycles: what the suspects wait for has most probably come, and nothing of theirs
    /// is forgotten yet.
    #[inline]
    pub(super) fn is_due(&self) -> bool {
        !self.pending.is_empty() && (self.waited > self.size / 4 || self.is_full())
    }

    fn is_full(&self) -> bool {
        self.committed.len() == self.size
            && self.committed.front().is_some_and(|next| next.number >= self.least)
    }

    fn pend(&mut self, span: Span) {
        self.least = self.least.min(span.first);
        self.pending.push(span);
    }

    /// The spans that must be searched, joined with those searched before that they touch.
    pub(super) fn due(&mut self) -> Vec<Span> {
        let pending = std::mem::take(&mut self.pending);
        (self.waited, self.least) = (0, u64::MAX);
        let horizon = self.horizon;
        let (kept, left): (Vec<Span>, Vec<Span>) = self.searched.iter().partition(|span| span.last > horizon);
        self.closed = left.iter().map(|span| span.last).fold(self.closed, u64::max);
        self.searched = joined(kept.into_iter().chain(pending.iter().copied()).collect());
        let mut due = self.searched.clone();
        let pending = joined(pending);
        due.retain(|span| {
            let at = pending.partition_point(|other| other.last < span.first);
            pending.get(at).is_some_and(|other| other.first <= span.last)
        });
        self.outgrown |= due.iter().any(|span| span.first <= horizon);
        due
    }

    /// The transactions within some of these spans, and their reads.
    pub(super) fn within(&self, spans: &[Span]) -> Vec<(Committed, Vec<Read>)> {
        let mut reads = self.reads.iter();
        let mut within = Vec::new();
        for &committed in &self.committed {
            let own = reads.by_ref().take(committed.reads as usize);
            if has(spans, committed.number) {
                within.push((committed, own.copied().collect()));
            } else {
                own.for_each(drop);
            }
        }
        within
    }

    /// Whether a span may be searched again that has this number.
    pub(super) fn remembers(&self, number: u64) -> bool {
        has(&self.searched, number)
    }

    /// A transaction that came late may close a cycle where none was found.
    pub(super) fn look_again(&mut self, number: u64) {
        self.outgrown |= number <= self.closed;
        let at = self.searched.partition_point(|span| span.last < number);
        if let Some(&span) = self.searched.get(at).filter(|span| span.has(number)) {
            self.pend(span);
        }
    }
}

impl Span {
    fn has(&self, number: u64) -> bool {
        self.first <= number && number <= self.last
    }
}

/// Whether one of these spans, which are ascending and apart, has the number.
pub(super) fn has(spans: &[Span], number: u64) -> bool {
    let at = spans.partition_point(|span| span.last < number);
    spans.get(at).is_some_and(|span| span.has(number))
}

/// The same numbers in spans that are ascending and apart.
fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.first <= last.last => last.last = last.last.max(span.last),
            _ => joined.push(span),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(first: u64, last: u64) -> Span {
        Span { first, last }
    }

    #[test]
    fn spans_that_touch_are_joined_and_searched_again() {
        let mut window = Window::new(10);
        window.suspect(5, 2);
        window.suspect(40, 30);
        assert_eq!(window.due(), [span(2, 5), span(30, 40)]);
        window.suspect(8, 4);
        assert_eq!(window.due(), [span(2, 8)], "the other has not changed");
        assert!(window.due().is_empty() && !window.outgrown);
        assert!(has(&window.searched, 35) && !has(&window.searched, 20));
    }
}
