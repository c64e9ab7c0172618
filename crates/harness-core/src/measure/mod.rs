//! What a run is measured by: latencies in virtual time, counts, and what it cost the machine.

mod collector;
mod cost;
mod degradation;
mod tally;

pub use collector::{MetricsCollector, MetricsSnapshot};
pub use cost::Cost;
pub use degradation::{Degradation, Lost, Untouched};
pub use tally::{Spread, Tally};
