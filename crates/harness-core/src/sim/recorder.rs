//! What has happened, on its way to whoever looks at it.

use history::{Event, Fact, Nanos, NodeId};

use super::Sink;

/// Events are handed on in chunks: so long that simulation and judges, each of which takes the caches for itself, seldom
/// take turns, and so short that a chunk is still in the second-level cache when it is looked at.
const CHUNK: usize = 1_024;

/// Writes down events and hands them on.
pub(super) struct Recorder<'a> {
    /// What was written down and not handed on, up to `length`.
    chunk: Box<[Event]>,
    length: usize,
    sink: &'a mut dyn Sink,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(sink: &'a mut dyn Sink) -> Self {
        let nothing = Event { at: Nanos::ZERO, node: NodeId::COORDINATOR, fact: Fact::Healed };
        Self { chunk: vec![nothing; CHUNK].into(), length: 0, sink }
    }

    #[inline(always)]
    pub(super) fn record(&mut self, at: Nanos, node: NodeId, fact: Fact) {
        // Written where it stays: one that is made elsewhere and copied here waits for its own bytes.
        let event = &mut self.chunk[self.length];
        (event.at, event.node) = (at, node);
        event.fact = fact;
        self.length += 1;
        if self.length == CHUNK {
            self.hand_on();
        }
    }

    pub(super) fn hand_on(&mut self) {
        self.sink.take(&self.chunk[..self.length]);
        self.length = 0;
    }
}
