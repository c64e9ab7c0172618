//! The whole catalogue against this coordinator: `cargo test`, or `cargo nextest run`.

use adapter_tokio::Adapter;
use async_coordinator::TwoPhase;
use suite::conformance::Conformance;

fn main() -> std::process::ExitCode {
    Conformance::of(Adapter::<TwoPhase>::new).repeating("BUG").run()
}
