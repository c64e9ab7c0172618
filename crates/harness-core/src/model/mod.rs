//! The scenario model: what is run, under which conditions, what goes wrong, and what is expected of it.

mod arrivals;
mod build;
mod chaos;
mod conditions;
mod expect;
mod fault;
mod load;
mod scenario;
mod sla;
mod swarm;

pub use arrivals::Arrivals;
pub use chaos::{Chaos, Victims};
pub use conditions::{DiskConditions, NetworkConditions, ParticipantConfig};
pub use expect::{Expect, FactCount, Gauge};
pub use fault::{FailureConfig, FailureMode, LinkEffect, NetworkFault, Trigger};
pub use load::{KeyChoice, Load, LoadKind};
pub use scenario::{InvalidScenario, KEYS_MAX, PARTICIPANTS_MAX, TestScenario};
pub use sla::{SlaBreach, SlaRequirements};
