//! The arrow `History -> Verdict`: whether a run of two-phase commit kept its promises, with evidence where not.
//!
//! [`CorrectnessValidator`] judges a stream of events in one pass and in bounded memory; [`validate`] judges a whole
//! [`History`] and puts the events into the evidence. A property is a file under `properties/`, whose first line is
//! its definition. Isolation has a module of its own, because it is about all transactions at once: [`isolation`].
//!
//! [`black_box`] judges histories of another kind: what the clients of any database saw.

pub mod black_box;
mod branch;
mod dense;
mod excerpt;
mod findings;
mod gid_index;
pub mod isolation;
mod position;
mod properties;
mod property;
mod result;
mod run;
mod transaction;
mod transactions;
mod validator;

use history::History;

pub use excerpt::excerpt;
pub use property::Property;
pub use result::{CheckResult, Evidence, ValidationResult, Verdict, Violation};
pub use run::Held;
pub use validator::CorrectnessValidator;

/// Judges a whole history, and resolves the evidence to its events.
pub fn validate(history: &History) -> ValidationResult {
    let mut validator = CorrectnessValidator::new(&history.header);
    history.events.iter().for_each(|event| validator.observe(event));
    let mut result = validator.finish();
    result.resolve(&history.events);
    result
}
