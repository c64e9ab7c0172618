//! Transactions and messages for each second of processor time, with everything on: log and syncs, history,
//! validation, metrics, and (in a build with fail points) a fault that is armed and does not fire.

use std::io::Write as _;

use harness_core::history::{NodeId, Point};
use harness_core::{
    Cast, Cost, FailureMode, Load, Simulator, TestHarnessConfig, TestScenario, TwoPhaseCommitTestHarness,
};

const TRANSACTIONS: u32 = 300_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    let armed = cfg!(feature = "failpoints");
    writeln!(out, "{TRANSACTIONS} transfers over 3 participants each, best of 5 runs, one core")?;
    writeln!(out, "fail points: {}", if armed { "compiled in, one armed" } else { "compiled out" })?;
    for (participants, clients) in [(3, 1), (100, 100)] {
        let mut scenario = TestScenario::new("As many as it can.", participants)
            .load(Load::transfers(TRANSACTIONS, 3))
            .in_flight(clients);
        let harness = TwoPhaseCommitTestHarness::new(TestHarnessConfig::default());
        let unarmed = best(|| Ok(harness.run_scenario(&scenario)?.metrics.messages_sent))?;
        report(&mut out, participants, clients, "judged", unarmed)?;
        if armed {
            let never = FailureMode::Crash { restart_after_ms: None };
            scenario = scenario.fault_at(NodeId::COORDINATOR, never, Point::AfterVoteReceived, u32::MAX);
            let armed = best(|| Ok(harness.run_scenario(&scenario)?.metrics.messages_sent))?;
            report(&mut out, participants, clients, "judged, armed", armed)?;
            scenario.failure_configs.clear();
        }
        let simulator = Simulator::new(Cast::reference());
        let bare = best(|| {
            simulator.run(&scenario, 0, &mut ())?;
            Ok(unarmed.1)
        })?;
        report(&mut out, participants, clients, "simulation alone", bare)?;
    }
    Ok(())
}

type Measured = (f64, u64);

/// The least processor time of five runs, and the messages of one.
fn best(
    mut run: impl FnMut() -> Result<u64, Box<dyn std::error::Error>>,
) -> Result<Measured, Box<dyn std::error::Error>> {
    let mut best = (f64::INFINITY, 0);
    for _ in 0..5 {
        let cost = Cost::start();
        let messages = run()?;
        best = (best.0.min(cost.cpu().as_secs_f64()), messages);
    }
    Ok(best)
}

fn report(
    out: &mut impl std::io::Write,
    participants: u32,
    clients: u32,
    what: &str,
    (seconds, messages): Measured,
) -> std::io::Result<()> {
    let transactions = f64::from(TRANSACTIONS) / seconds;
    let messages = messages as f64 / seconds;
    writeln!(
        out,
        "{participants:>4} participants, {clients:>4} in flight, {what:<17}: {transactions:>10.0} transactions and {messages:>11.0} messages a CPU second"
    )
}
