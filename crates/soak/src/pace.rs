//! Real time: an epoch takes as long as it says.

use std::time::Duration;

use harness_core::history::Event;
use harness_core::history::Nanos;
use harness_core::{Cost, Sink};

/// Holds a run back until what it hands on has had time to happen. It changes nothing of what happens.
pub(crate) struct Pace {
    start: Cost,
}

impl Pace {
    /// Virtual time begins now.
    pub(crate) fn start() -> Self {
        Self { start: Cost::start() }
    }

    /// Waits until so much has passed.
    #[expect(clippy::disallowed_methods, reason = "the point is to spend real time")]
    pub(crate) fn wait_until(&self, instant: Nanos) {
        let left = Duration::from_nanos(instant.0).saturating_sub(self.start.wall());
        if !left.is_zero() {
            std::thread::sleep(left);
        }
    }
}

impl Sink for Pace {
    fn take(&mut self, events: &[Event]) {
        if let Some(last) = events.last() {
            self.wait_until(last.at);
        }
    }
}
