//! The harness: runs a scenario, judges its history while it is hot, and says whether all is as it must be.

use history::{Digest, Event, Fact, Header, History, MessageKind, RecordKind};
use validator::{CorrectnessValidator, ValidationResult, Verdict};

use crate::measure::{Cost, MetricsCollector};
use crate::model::{FactCount, TestScenario};
use crate::result::{Outcomes, RunError, SCHEMA_VERSION, TestResult};
use crate::sim::{Cast, RunReport, Simulator, Sink};

/// How a harness runs scenarios.
#[derive(Clone)]
pub struct TestHarnessConfig {
    /// The seed of all runs.
    pub seed: u64,
    /// The state machines under test.
    pub cast: Cast,
}

impl Default for TestHarnessConfig {
    fn default() -> Self {
        Self { seed: 0, cast: Cast::reference() }
    }
}

/// Runs scenarios and judges them.
pub struct TwoPhaseCommitTestHarness {
    seed: u64,
    simulator: Simulator,
}

impl TwoPhaseCommitTestHarness {
    /// A harness of this configuration.
    pub fn new(config: TestHarnessConfig) -> Self {
        Self { seed: config.seed, simulator: Simulator::new(config.cast) }
    }

    /// Runs a scenario and judges it. The history is judged as it comes and not kept.
    ///
    /// # Errors
    /// When the run did not happen.
    pub fn run_scenario(&self, scenario: &TestScenario) -> Result<TestResult, RunError> {
        let (mut result, _) = self.judge(scenario, Keep::Nothing)?;
        if result.validation.verdict == Verdict::Violated {
            // The evidence names events by their place: the same run again, to see which they were.
            let mut events = Vec::new();
            self.simulator.run(scenario, self.seed, &mut events)?;
            result.validation.resolve(&events);
        }
        Ok(result)
    }

    /// Runs a scenario, judges it, and returns its history too.
    ///
    /// # Errors
    /// When the run did not happen.
    pub fn run_recorded(&self, scenario: &TestScenario) -> Result<(TestResult, History), RunError> {
        let (mut result, events) = self.judge(scenario, Keep::Everything)?;
        result.validation.resolve(&events);
        Ok((result, History { header: self.header(scenario), events }))
    }

    fn header(&self, scenario: &TestScenario) -> Header {
        Header {
            scenario: scenario.name.clone(),
            seed: self.seed,
            participants: scenario.participants,
            terms: scenario.terms.clone(),
        }
    }

    fn judge(&self, scenario: &TestScenario, keep: Keep) -> Result<(TestResult, Vec<Event>), RunError> {
        let cost = Cost::start();
        let mut judge = Judge::new(&self.header(scenario), keep);
        let report = self.simulator.run(scenario, self.seed, &mut judge)?;
        tracing::debug!(scenario = scenario.name, seed = self.seed, events = judge.events, "ran");
        let validation = judge.validator.finish();
        let metrics = judge.metrics.snapshot();
        let outcomes = Outcomes::of(&report.transactions);
        let sla_breaches = scenario.sla.breaches(&metrics);
        let mut failures = failures(scenario, &validation, &report, &outcomes, &judge.counts);
        failures.extend(sla_breaches.iter().map(|breach| format!("service level: {breach}")));
        let result = TestResult {
            schema_version: SCHEMA_VERSION,
            scenario_name: scenario.name.clone(),
            category: scenario.category.clone(),
            seed: self.seed,
            participants: scenario.participants,
            passed: failures.is_empty(),
            failures,
            duration_ms: cost.wall().as_secs_f64() * 1e3,
            virtual_ms: metrics.virtual_ms,
            outcomes,
            validation,
            metrics,
            sla: scenario.sla,
            meets_sla: sla_breaches.is_empty(),
            sla_breaches,
            digest: judge.digest.to_string(),
            replay: format!(
                "2pc-test run-scenario {} -p {} --seed {}",
                scenario.name, scenario.participants, self.seed
            ),
        };
        Ok((result, judge.kept))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Nothing,
    Everything,
}

/// Looks at each chunk of events while it is hot.
struct Judge {
    validator: CorrectnessValidator,
    metrics: MetricsCollector,
    counts: Counts,
    digest: Digest,
    keep: Keep,
    kept: Vec<Event>,
    events: u64,
}

/// How often what a scenario may state has happened.
#[derive(Default)]
struct Counts {
    sent: [u64; MessageKind::ALL.len()],
    appended: std::collections::BTreeMap<RecordKind, u64>,
    left_in_doubt: u64,
}

impl Counts {
    fn observe(&mut self, event: &Event) {
        match event.fact {
            Fact::Sent { message, .. } => self.sent[message as usize] += 1,
            Fact::Appended { record, .. } => *self.appended.entry(record).or_default() += 1,
            Fact::LeftInDoubt { .. } => self.left_in_doubt += 1,
            _ => {}
        }
    }

    fn of(&self, what: FactCount) -> u64 {
        match what {
            FactCount::Sent(message) => self.sent[message as usize],
            FactCount::Appended(record) => self.appended.get(&record).copied().unwrap_or(0),
        }
    }
}

impl Judge {
    fn new(header: &Header, keep: Keep) -> Self {
        Self {
            validator: CorrectnessValidator::new(header),
            metrics: MetricsCollector::new(),
            counts: Counts::default(),
            digest: Digest::default(),
            keep,
            kept: Vec::new(),
            events: 0,
        }
    }
}

impl Sink for Judge {
    fn take(&mut self, events: &[Event]) {
        for event in events {
            self.validator.observe(event);
        }
        for event in events {
            self.metrics.observe(event);
            self.counts.observe(event);
            self.digest.add(event);
        }
        self.events += events.len() as u64;
        if self.keep == Keep::Everything {
            self.kept.extend_from_slice(events);
        }
    }
}

/// Everything that is not as it must be, one sentence each.
fn failures(
    scenario: &TestScenario,
    validation: &ValidationResult,
    report: &RunReport,
    outcomes: &Outcomes,
    counts: &Counts,
) -> Vec<String> {
    let mut failures = Vec::new();
    for check in validation.checks.iter().filter(|check| check.verdict != Verdict::Valid) {
        failures.push(format!("{}: {}", check.property, check.verdict));
    }
    let inert = scenario.failure_configs.iter().zip(&report.fired).filter(|&(_, &times)| times == 0);
    failures.extend(inert.map(|(fault, _)| format!("inert: {fault} never fired")));
    let expect = &scenario.expect;
    let outcomes = [
        ("committed", expect.committed, outcomes.committed),
        ("aborted", expect.aborted, outcomes.aborted),
        ("unknown", expect.unknown, outcomes.unknown),
        ("refused", expect.refused, outcomes.refused),
    ];
    for (name, expected, found) in outcomes {
        if let Some(expected) = expected.filter(|&expected| expected != found) {
            failures.push(format!("expected {expected} {name}, found {found}"));
        }
    }
    for &(what, expected) in &expect.counts {
        let found = counts.of(what);
        if found != expected {
            failures.push(format!("expected {expected} {what}, found {found}"));
        }
    }
    if expect.blocked && counts.left_in_doubt == 0 {
        failures.push("expected blocked participants, but none is in doubt at the end".to_owned());
    }
    failures
}
