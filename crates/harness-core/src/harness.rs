//! The harness: runs a scenario, judges its history while it is hot, and says whether all is as it must be.

use history::{Digest, Event, Header, History};
use validator::{CheckResult, CorrectnessValidator, Property, ValidationResult, Verdict};

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
        let mut judge = Judge::new(scenario, &self.header(scenario), keep);
        let report = self.simulator.run(scenario, self.seed, &mut judge)?;
        let Judge { validator, seen } = judge;
        let validation = validator.finish();
        tracing::debug!(scenario = scenario.name, seed = self.seed, events = validation.events, "ran");
        let metrics = seen.metrics.snapshot();
        let outcomes = Outcomes::of(&report.transactions);
        let sla_breaches = scenario.sla.breaches(&metrics);
        let mut failures = failures(scenario, &validation, &report, &outcomes, &seen);
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
            digest: seen.digest.to_string(),
            replay: format!(
                "2pc-test run-scenario {} -p {} --seed {}",
                scenario.name, scenario.participants, self.seed
            ),
        };
        Ok((result, seen.kept))
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
    seen: Seen,
}

/// What was seen beside what the validator judges.
struct Seen {
    metrics: MetricsCollector,
    digest: Digest,
    /// How often what the scenario states has happened.
    counts: Vec<(FactCount, u64)>,
    keep: Keep,
    kept: Vec<Event>,
}

impl Judge {
    fn new(scenario: &TestScenario, header: &Header, keep: Keep) -> Self {
        let seen = Seen {
            metrics: MetricsCollector::new(),
            digest: Digest::default(),
            counts: scenario.expect.counts.iter().map(|&(what, _)| (what, 0)).collect(),
            keep,
            kept: Vec::new(),
        };
        Self { validator: CorrectnessValidator::new(header), seen }
    }
}

impl Sink for Judge {
    fn take(&mut self, events: &[Event]) {
        for event in events {
            self.validator.observe(event);
        }
        self.seen.take(events);
    }
}

impl Sink for Seen {
    fn take(&mut self, events: &[Event]) {
        for event in events {
            self.metrics.observe(event);
            self.digest.add(event);
        }
        for (what, times) in &mut self.counts {
            *times += events.iter().filter(|event| what.counts(&event.fact)).count() as u64;
        }
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
    seen: &Seen,
) -> Vec<String> {
    let mut failures = Vec::new();
    let reported = &scenario.expect.reported;
    let is_expected =
        |check: &&CheckResult| check.verdict == Verdict::Violated && reported.contains(&check.property);
    let broken: Vec<&CheckResult> =
        validation.checks.iter().filter(|check| check.verdict != Verdict::Valid).collect();
    for check in broken.iter().filter(|check| !is_expected(check)) {
        failures.push(format!("{}: {}", check.property, check.verdict));
    }
    if broken.is_empty() && validation.verdict != Verdict::Valid {
        failures.push(validation.verdict.to_string());
    }
    if !reported.is_empty() && !broken.iter().any(is_expected) {
        let names: Vec<String> = reported.iter().map(Property::to_string).collect();
        failures.push(format!("expected a report that {} is violated, found none", names.join(" or ")));
    }
    let inert = scenario.failure_configs.iter().zip(&report.fired).filter(|&(_, &times)| times == 0);
    failures.extend(inert.map(|(fault, _)| format!("inert: {fault} never fired")));
    let expect = &scenario.expect;
    let outcomes = [
        ("committed", expect.committed, outcomes.committed),
        ("aborted", expect.aborted, outcomes.aborted),
        ("unknown", expect.unknown, outcomes.unknown),
        ("heuristic mixed", expect.heuristic_mixed, outcomes.heuristic_mixed),
        ("refused", expect.refused, outcomes.refused),
    ];
    for (name, expected, found) in outcomes {
        if let Some(expected) = expected.filter(|&expected| expected != found) {
            failures.push(format!("expected {expected} {name}, found {found}"));
        }
    }
    for (&(what, expected), &(_, found)) in expect.counts.iter().zip(&seen.counts) {
        if found != expected {
            failures.push(format!("expected {expected} {what}, found {found}"));
        }
    }
    if expect.blocked && seen.metrics.left_in_doubt == 0 {
        failures.push("expected blocked participants, but none is in doubt at the end".to_owned());
    }
    failures
}
