//! The arrow Scenario -> History: the scenario model, faults, the deterministic simulator, virtual participants,
//! metrics and service levels; and the harness that joins it to the validator, which it re-exports.

mod catalog;
#[cfg(feature = "failpoints")]
mod failpoints;
mod harness;
mod injector;
mod measure;
mod model;
mod participant;
mod result;
mod sim;
pub mod testing;

pub use catalog::{Category, Entry, ScenarioGenerator, same_name};
pub use harness::{Epoch, TestHarnessConfig, TwoPhaseCommitTestHarness};
pub use injector::{FailureInjector, Strike};
pub use measure::{Cost, Degradation, Lost, MetricsCollector, MetricsSnapshot, Spread, Tally, Untouched};
pub use model::{
    Arrivals, Chaos, DiskConditions, Expect, FactCount, FailureConfig, FailureMode, Gauge, InvalidScenario,
    KEYS_MAX, KeyChoice, LinkEffect, Load, LoadKind, NetworkConditions, NetworkFault, PARTICIPANTS_MAX,
    ParticipantConfig, SlaBreach, SlaRequirements, TestScenario, Trigger, Victims,
};
pub use participant::{Locking, ParticipantState, VirtualParticipant};
pub use result::{Outcomes, RunError, SCHEMA_VERSION, TestResult, TransactionOutcome, TransactionResult};
pub use sim::{Backend, Beginning, Cast, Clients, DurableState, RunReport, Simulator, Sink, steps};

// One name for all that a scenario's author needs.
pub use history;
pub use protocol::{Change, Coordinator, CoordinatorConfig, DistributedTransaction, Ending, Read, Write};
pub use validator::isolation::Level;
pub use validator::{self, CheckResult, CorrectnessValidator, Property, ValidationResult, Verdict};
