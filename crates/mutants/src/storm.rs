//! A random load with crashes at steps against a mutant: how many transactions it takes until a property is broken.

use harness_core::history::{Event, FaultKind, Header};
use harness_core::{
    Cast, Chaos, CorrectnessValidator, Load, RunError, Simulator, Sink, TestScenario, Verdict,
};

use crate::mutant::Mutant;

/// So many transactions must be enough.
pub const TRANSACTIONS_MAX: u32 = 5_000;

/// Loads of so many transactions are tried, one after another.
const SIZES: [u32; 7] = [50, 100, 200, 500, 1_000, 2_000, TRANSACTIONS_MAX];

/// How many transactions of the seed's storm it takes, in steps, until a property is broken; judged with what logs hold,
/// or without, as a system would be of which only messages, stores and answers are seen.
///
/// # Errors
/// When a run did not happen.
pub fn storm(mutant: &Mutant, seed: u64, with_log: bool) -> Result<Option<u32>, RunError> {
    let simulator = Simulator::new(mutant.infect(Cast::reference()));
    for transactions in SIZES {
        let scenario = scenario(transactions);
        let header = Header {
            scenario: scenario.name.clone(),
            seed,
            participants: scenario.participants,
            terms: scenario.terms.clone(),
        };
        let validator = if with_log {
            CorrectnessValidator::new(&header)
        } else {
            CorrectnessValidator::without_log(&header)
        };
        let mut judge = Judge(validator);
        simulator.run(&scenario, seed, &mut judge)?;
        if judge.0.finish().verdict == Verdict::Violated {
            return Ok(Some(transactions));
        }
    }
    Ok(None)
}

fn scenario(transactions: u32) -> TestScenario {
    let chaos = Chaos {
        until_ms: 1_000_000,
        ..Chaos::of(&[
            FaultKind::Crash,
            FaultKind::Crash,
            FaultKind::Crash,
            FaultKind::VoteNo,
            FaultKind::TornTail,
            FaultKind::FailingSync,
            FaultKind::DiskFull,
            FaultKind::Loss,
            FaultKind::Duplicate,
        ])
    };
    TestScenario::new("A random load, and crashes between any two effects.", 3)
        .load(Load { keys: 20, ..Load::mixed(transactions, 3) })
        .in_flight(5)
        .chaos(chaos)
}

struct Judge(CorrectnessValidator);

impl Sink for Judge {
    fn take(&mut self, events: &[Event]) {
        events.iter().for_each(|event| self.0.observe(event));
    }
}
