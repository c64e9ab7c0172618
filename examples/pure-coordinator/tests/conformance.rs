//! The whole catalogue against this coordinator: `cargo test`, or `cargo nextest run`.

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
