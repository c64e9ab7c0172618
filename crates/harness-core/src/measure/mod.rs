//! What a run is measured by: latencies in virtual time, counts, and what it cost the machine.

mod collector;
mod cost;
mod degradation;

pub use collector::{MetricsCollector, MetricsSnapshot};
pub use cost::Cost;
pub use degradation::{Degradation, Lost, Untouched};
