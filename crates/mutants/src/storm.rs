//! A random load against a mutant: how many transactions it takes until what must catch it does.
//!
//! A storm is many short rounds, of each of which the seed draws the load, the faults and how often they strike
//! ([`TestScenario::swarm`]): much shows only when a round is over, and what one fault hides shows where it is left out.

use std::collections::BTreeSet;

use harness_core::history::{Event, Header, Terms};
use harness_core::{
    Cast, CorrectnessValidator, RunError, RunReport, Simulator, Sink, TestScenario, ValidationResult, Verdict,
};

use crate::mutant::{Catcher, Mutant};
use crate::waste::Waste;

/// So many transactions must be enough.
pub const TRANSACTIONS_MAX: u64 = 5_000;

/// How many transactions a round has, in turn.
const ROUNDS: [u32; 16] = [10, 10, 10, 10, 10, 10, 10, 20, 10, 10, 10, 10, 10, 10, 10, 100];

/// No storm has more rounds, so that those of two seeds are never the same.
const ROUNDS_MAX: u64 = 10_000;

/// After how many transactions a mutant was caught by what it names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Storm {
    /// Judged with what logs hold.
    pub with_log: Option<u64>,
    /// Judged without, as a foreign system would be: by messages, stores and answers.
    pub without_log: Option<u64>,
}

/// One round, and what is wrong with it.
pub struct Round {
    /// What was run.
    pub scenario: TestScenario,
    /// With this seed.
    pub seed: u64,
    with_log: ValidationResult,
    without_log: ValidationResult,
    is_wasteful: bool,
    report: RunReport,
}

impl Round {
    /// What is wrong, as seen with what logs hold, or without.
    pub fn caught(&self, with_log: bool) -> BTreeSet<Catcher> {
        let broken = self.validation(with_log).checks.iter();
        let broken = broken.filter(|check| check.verdict == Verdict::Violated);
        let mut caught: BTreeSet<Catcher> = broken.map(|check| Catcher::Property(check.property)).collect();
        if self.is_wasteful || self.report.livelocked {
            caught.insert(Catcher::Expectation);
        }
        caught
    }

    /// The judgement, with what logs hold, or without.
    pub fn validation(&self, with_log: bool) -> &ValidationResult {
        if with_log { &self.with_log } else { &self.without_log }
    }

    /// How often a fault struck.
    pub fn faults(&self) -> u64 {
        self.report.fired_by_plan.into()
    }
}

/// Lets the storm of a seed loose on a mutant, round after round, until it is caught in both ways or has withstood all
/// transactions.
///
/// # Errors
/// When a run did not happen.
pub fn storm(mutant: &Mutant, seed: u64) -> Result<Storm, RunError> {
    let cast = mutant.infect(Cast::reference());
    let (mut storm, mut transactions) = (Storm::default(), 0);
    for number in 0..ROUNDS_MAX {
        if storm.with_log.is_some() && storm.without_log.is_some() {
            break;
        }
        let round = round(&cast, seed, number)?;
        transactions += round.scenario.transaction_count();
        if transactions > TRANSACTIONS_MAX {
            break;
        }
        if round.caught(true).contains(&mutant.caught_by) {
            storm.with_log.get_or_insert(transactions);
        }
        if round.caught(false).contains(&mutant.caught_without_log) {
            storm.without_log.get_or_insert(transactions);
        }
    }
    Ok(storm)
}

/// Runs one round of the storm of a seed.
///
/// # Errors
/// When the run did not happen.
pub fn round(cast: &Cast, seed: u64, number: u64) -> Result<Round, RunError> {
    let seed = seed.wrapping_mul(ROUNDS_MAX).wrapping_add(number);
    let scenario = TestScenario::swarm(ROUNDS[number as usize % ROUNDS.len()], seed);
    let header = Header {
        scenario: scenario.name.clone(),
        seed,
        participants: scenario.participants,
        terms: scenario.terms.clone(),
    };
    let terms = Terms { without_log: true, ..header.terms.clone() };
    let mut judge = Judge {
        with_log: CorrectnessValidator::new(&header),
        without_log: CorrectnessValidator::new(&Header { terms, ..header }),
        waste: Waste::default(),
    };
    let report = Simulator::new(cast.clone()).run(&scenario, seed, &mut judge)?;
    let (with_log, without_log) = (judge.with_log.finish(), judge.without_log.finish());
    Ok(Round { scenario, seed, with_log, without_log, is_wasteful: judge.waste.is_too_much(), report })
}

struct Judge {
    with_log: CorrectnessValidator,
    without_log: CorrectnessValidator,
    waste: Waste,
}

impl Sink for Judge {
    fn take(&mut self, events: &[Event]) {
        for event in events {
            self.with_log.observe(event);
            self.without_log.observe(event);
        }
        self.waste.take(events);
    }
}
