//! The harness: runs a scenario, judges its history while it is hot, and says whether all is as it must be.

use history::{Digest, Event, Fact, Gid, Header, History, Key, NodeId, Value};
use validator::{CheckResult, CorrectnessValidator, Property, ValidationResult, Verdict};

use crate::measure::{Cost, Degradation, MetricsCollector, Tally};
use crate::model::{Expect, FactCount, Gauge, TestScenario};
use crate::result::{Outcomes, RunError, SCHEMA_VERSION, TestResult};
use crate::sim::{Backend, Cast, DurableState, RunReport, Simulator, Sink};

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
    backend: Box<dyn Backend>,
}

/// What an epoch comes to: one run in the life of a cluster.
pub struct Epoch {
    /// Its result.
    pub result: TestResult,
    /// What was measured, in a form that adds up.
    pub tally: Tally,
    /// The fingerprint of its history.
    pub digest: Digest,
    /// How many faults the seeded plan drew.
    pub faults_drawn: u64,
    /// What it leaves to the next epoch.
    pub state: DurableState,
}

impl TwoPhaseCommitTestHarness {
    /// A harness of this configuration, with the simulator.
    pub fn new(config: TestHarnessConfig) -> Self {
        Self::with_backend(config.seed, Simulator::new(config.cast))
    }

    /// A harness that lets somebody else run the scenarios.
    pub fn with_backend(seed: u64, backend: impl Backend + 'static) -> Self {
        Self { seed, backend: Box::new(backend) }
    }

    /// Runs a scenario and judges it. The history is judged as it comes and not kept.
    ///
    /// # Errors
    /// When the run did not happen.
    pub fn run_scenario(&self, scenario: &TestScenario) -> Result<TestResult, RunError> {
        if !self.backend.is_deterministic() {
            // What happened will not happen again: all of it is kept, in case it has to be shown.
            return self.run_recorded(scenario).map(|(result, _)| result);
        }
        let mut result = self.judge(scenario, None, &mut ())?.result;
        if result.validation.verdict == Verdict::Violated {
            // The evidence names events by their place: the same run again, to see which they were.
            let mut events = Vec::new();
            self.backend.run(scenario, self.seed, &mut events)?;
            result.validation.resolve(&events);
        }
        Ok(result)
    }

    /// Runs a scenario, judges it, and returns its history too.
    ///
    /// # Errors
    /// When the run did not happen.
    pub fn run_recorded(&self, scenario: &TestScenario) -> Result<(TestResult, History), RunError> {
        let mut events = Vec::new();
        let mut result = self.judge(scenario, None, &mut events)?.result;
        result.validation.resolve(&events);
        Ok((result, History { header: self.header(scenario), events }))
    }

    /// Runs a scenario on what an earlier one left, and judges it. The `beside` sink sees what the judges see.
    ///
    /// # Errors
    /// When the run did not happen.
    pub fn run_epoch(
        &self,
        scenario: &TestScenario,
        start: &DurableState,
        beside: &mut dyn Sink,
    ) -> Result<Epoch, RunError> {
        self.judge(scenario, Some(start), beside)
    }

    /// The same, with its history.
    ///
    /// # Errors
    /// When the run did not happen.
    pub fn run_epoch_recorded(
        &self,
        scenario: &TestScenario,
        start: &DurableState,
    ) -> Result<(Epoch, History), RunError> {
        let mut events = Vec::new();
        let mut epoch = self.judge(scenario, Some(start), &mut events)?;
        epoch.result.validation.resolve(&events);
        Ok((epoch, History { header: self.header(scenario), events }))
    }

    fn header(&self, scenario: &TestScenario) -> Header {
        Header {
            scenario: scenario.name.clone(),
            seed: self.seed,
            participants: scenario.participants,
            terms: scenario.terms.clone(),
        }
    }

    fn judge(
        &self,
        scenario: &TestScenario,
        start: Option<&DurableState>,
        beside: &mut dyn Sink,
    ) -> Result<Epoch, RunError> {
        let cost = Cost::start();
        let mut judge = Judge::new(scenario, &self.header(scenario), beside);
        let (report, mut state) = match start {
            None => (self.backend.run(scenario, self.seed, &mut judge)?, DurableState::default()),
            Some(start) => self.backend.go_on(scenario, self.seed, start, &mut judge)?,
        };
        let Judge { validator, seen, .. } = judge;
        let (validation, contents) = validator.finish_with_contents();
        state.contents = contents;
        tracing::debug!(scenario = scenario.name, seed = self.seed, events = validation.events, "ran");
        let mut metrics = seen.metrics.snapshot();
        (metrics.log_records_max, metrics.open_max) = (report.log_records_max, report.open_max);
        let outcomes = Outcomes::of(&report.transactions);
        let twin = scenario.twin.then(|| self.backend.run_twin(scenario, self.seed)).transpose()?;
        let degradation = twin.map(|twin| Degradation::between(&report, &twin.transactions, &seen.enlisted));
        // What real time takes is the machine's business, not the protocol's.
        let sla_breaches = if self.backend.is_deterministic() {
            scenario.sla.breaches(&metrics, degradation.as_ref())
        } else {
            Vec::new()
        };
        let mut failures = failures(scenario, &validation, &report, &outcomes, &seen);
        failures.extend(overgrown(scenario, &report).chain(misplaced(scenario, &seen)));
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
            degradation,
            sla: scenario.sla,
            meets_sla: sla_breaches.is_empty(),
            sla_breaches,
            digest: seen.digest.to_string(),
            replay: format!(
                "2pc-test run-scenario {} -p {} --seed {}",
                scenario.name, scenario.participants, self.seed
            ),
        };
        let (tally, faults_drawn) = (seen.metrics.tally(), report.drawn_by_plan);
        Ok(Epoch { result, tally, digest: seen.digest, faults_drawn, state })
    }
}

/// Looks at each chunk of events while it is hot.
struct Judge<'a> {
    validator: CorrectnessValidator,
    seen: Seen,
    beside: &'a mut dyn Sink,
}

/// What was seen beside what the validator judges.
struct Seen {
    metrics: MetricsCollector,
    digest: Digest,
    /// How often what the scenario states has happened.
    counts: Vec<(FactCount, u64)>,
    /// Who takes part in what, if the run is compared with its twin.
    enlisted: Vec<(Gid, NodeId)>,
    is_compared: bool,
    /// What stores hold at the end, if the scenario says what they should.
    stored: Vec<(NodeId, Key, Value)>,
    is_stored_expected: bool,
}

/// What is counted: first what happens so often, then what happens at all.
fn counted(expect: &Expect) -> impl Iterator<Item = FactCount> {
    expect.counts.iter().map(|&(what, _)| what).chain(expect.happens.iter().copied())
}

impl<'a> Judge<'a> {
    fn new(scenario: &TestScenario, header: &Header, beside: &'a mut dyn Sink) -> Self {
        let seen = Seen {
            metrics: MetricsCollector::new(),
            digest: Digest::default(),
            counts: counted(&scenario.expect).map(|what| (what, 0)).collect(),
            enlisted: Vec::new(),
            is_compared: scenario.twin,
            stored: Vec::new(),
            is_stored_expected: !scenario.expect.stored.is_empty(),
        };
        Self { validator: CorrectnessValidator::new(header), seen, beside }
    }
}

impl Sink for Judge<'_> {
    fn take(&mut self, events: &[Event]) {
        // All look at an event before the next comes: what it is, is then guessed right by all but the first.
        for event in events {
            self.validator.observe(event);
            self.seen.metrics.observe(event);
            self.seen.digest.add(event);
        }
        self.seen.take(events);
        self.beside.take(events);
    }
}

impl Sink for Seen {
    fn take(&mut self, events: &[Event]) {
        for (what, times) in &mut self.counts {
            *times += events.iter().filter(|event| what.counts(&event.fact)).count() as u64;
        }
        if self.is_compared || self.is_stored_expected {
            self.note(events);
        }
    }
}

impl Seen {
    /// Keeps what the twin and the expectations are compared with.
    fn note(&mut self, events: &[Event]) {
        for event in events {
            match event.fact {
                Fact::Enlisted { gid } if self.is_compared => self.enlisted.push((gid, event.node)),
                Fact::Stored { key, value } if self.is_stored_expected => {
                    self.stored.push((event.node, key, value));
                }
                _ => {}
            }
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
    let inert = inert.filter(|_| !scenario.expect.may_be_inert);
    failures.extend(inert.map(|(fault, _)| format!("inert: {fault} never fired")));
    if scenario.chaos.is_some() && report.fired_by_plan == 0 && !scenario.expect.may_be_inert {
        failures.push("inert: no fault of the seeded plan ever fired".to_owned());
    }
    if report.livelocked {
        failures.push("livelock: nodes keep each other busy, and no client hears anything".to_owned());
    }
    if report.code_failures.is_empty() {
        // Else it may be at such a point that the code has failed.
        failures.extend(report.inert.iter().map(|point| format!("inert: {point} never fired")));
    }
    failures.extend(report.code_failures.iter().cloned());
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
    failures.extend(miscounted(expect, &seen.counts));
    if expect.blocked && seen.metrics.left_in_doubt == 0 {
        failures.push("expected blocked participants, but none is in doubt at the end".to_owned());
    }
    failures
}

/// What did not happen as often as it should.
fn miscounted(expect: &Expect, counts: &[(FactCount, u64)]) -> impl Iterator<Item = String> {
    let (exactly, at_all) = counts.split_at(expect.counts.len());
    let wrong = expect.counts.iter().zip(exactly).filter(|&(expected, found)| expected != found);
    let exactly =
        wrong.map(|((what, expected), (_, found))| format!("expected {expected} {what}, found {found}"));
    let at_all = at_all.iter().filter(|&&(_, found)| found == 0);
    exactly.chain(at_all.map(|(what, _)| format!("expected some {what}, found none")))
}

/// What grew beyond its bound.
fn overgrown(scenario: &TestScenario, report: &RunReport) -> impl Iterator<Item = String> {
    let (log_records, open) = (report.log_records_max, report.open_max);
    scenario.expect.at_most.iter().filter_map(move |&(what, most)| {
        let found = match what {
            Gauge::LogRecords => log_records,
            Gauge::OpenTransactions => open,
        };
        (found > most).then(|| format!("expected at most {most} {what}, found {found}"))
    })
}

/// What a store does not hold at the end, though it should.
fn misplaced(scenario: &TestScenario, seen: &Seen) -> impl Iterator<Item = String> {
    scenario.expect.stored.iter().filter_map(|&(participant, key, value)| {
        let node = NodeId::from(participant);
        let held = seen.stored.iter().find(|&&(other, at, _)| (other, at) == (node, key));
        let found = held.map_or(Value(0), |&(_, _, value)| value);
        (found != value).then(|| format!("expected {participant} to hold {value} for {key}, found {found}"))
    })
}
