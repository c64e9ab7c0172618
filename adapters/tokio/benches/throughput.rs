//! Transactions for each second of processor time with a coordinator on tokio, in runs that are judged as any other. The
//! coordinator is the short one of the tests: with participants that never fail it does what any other has to do.

use std::io::Write as _;

use adapter_tokio::Adapter;
use harness_core::{Cast, Cost, Load, TestHarnessConfig, TestScenario, TwoPhaseCommitTestHarness};

#[path = "../tests/adapter/plain.rs"]
mod plain;

const TRANSACTIONS: u32 = 100_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{TRANSACTIONS} transfers over 3 participants each, best of 5 runs, one core")?;
    for (participants, clients) in [(3, 1), (100, 100)] {
        let scenario = TestScenario::new("As many as it can.", participants)
            .load(Load::transfers(TRANSACTIONS, 3))
            .in_flight(clients);
        let on_tokio = Cast::reference().with_coordinator(Adapter::<plain::Plain>::new);
        for (what, cast) in [("on tokio", on_tokio), ("the reference", Cast::reference())] {
            let harness = TwoPhaseCommitTestHarness::new(TestHarnessConfig { seed: 0, cast });
            let mut least = f64::INFINITY;
            for _ in 0..5 {
                let cost = Cost::start();
                harness.run_scenario(&scenario)?;
                least = least.min(cost.cpu().as_secs_f64());
            }
            let rate = f64::from(TRANSACTIONS) / least;
            writeln!(
                out,
                "{participants:>4} participants, {clients:>4} in flight, {what:<13}: {rate:>10.0} transactions a CPU second"
            )?;
        }
    }
    Ok(())
}
