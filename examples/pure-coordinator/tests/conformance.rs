//! The whole catalogue against this coordinator: `cargo test`, or `cargo nextest run`.
//!
//! What a coordinator does without, it says: `.without(Feature::OnePhase)`, or `.without(Feature::RecordKinds)` if its log
//! has records of its own kinds.

use pure_coordinator::Small;
use suite::conformance::{Conformance, Feature};

fn main() -> std::process::ExitCode {
    Conformance::of(|config| Small::new(*config))
        .without(Feature::OnePhase)
        .without(Feature::ReadOnly)
        .without(Feature::Heuristics)
        .without(Feature::ShortLog)
        .run()
}
