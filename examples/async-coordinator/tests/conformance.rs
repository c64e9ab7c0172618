//! The whole catalogue against this coordinator: `cargo test`, or `cargo nextest run`.
//!
//! What a coordinator does without, it says: `.without(Feature::OnePhase)`, or `.without(Feature::RecordKinds)` if its log
//! has records of its own kinds.

use adapter_tokio::Adapter;
use async_coordinator::TwoPhase;
use suite::conformance::Conformance;

fn main() -> std::process::ExitCode {
    Conformance::of(Adapter::<TwoPhase>::new).repeating("BUG").run()
}
