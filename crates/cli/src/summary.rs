//! What all runs of a command come to; as JSON, `summary.json`.

use std::path::PathBuf;

use harness_core::{Cost, Degradation, MetricsSnapshot, SCHEMA_VERSION, Untouched};
use serde::Serialize;

use crate::exit::{Exit, Status};
use crate::plan::Plan;
use crate::run::Ran;

/// The program's name: who finds it in a `summary.json` may replace that file.
pub(crate) const PROGRAM: &str = "2pc-test";

/// All runs of a command in sums.
#[derive(Serialize)]
pub(crate) struct Summary {
    schema_version: u32,
    program: &'static str,
    version: &'static str,
    /// As many as were asked for.
    pub(crate) participants: u32,
    pub(crate) seed: u64,
    pub(crate) seeds: u64,
    pub(crate) passed: bool,
    exit_code: u8,
    pub(crate) runs: Counts,
    /// Runs that passed among those that are supported, from 0 to 1.
    pub(crate) pass_rate: f64,
    pub(crate) metrics: Totals,
    /// In the order in which they ran.
    scenarios: Vec<Row>,
    /// Runs that did not pass.
    failures: Vec<FailedRun>,
    #[serde(skip)]
    exit: Exit,
    /// Whether the program could not do all that it was asked to.
    #[serde(skip)]
    pub(crate) stopped: bool,
    #[serde(skip)]
    cost: Cost,
}

/// Runs, by what became of them.
#[derive(Default, Serialize)]
pub(crate) struct Counts {
    pub(crate) total: u64,
    pub(crate) passed: u64,
    /// Violated, or failed for another reason.
    pub(crate) failed: u64,
    pub(crate) inconclusive: u64,
    /// This build, or the database, cannot cause the scenario's faults.
    pub(crate) unsupported: u64,
    /// Did not happen for another reason.
    pub(crate) not_run: u64,
}

/// The metrics of all runs: sums of what can be added, and the highest of the rest.
#[derive(Default, Serialize)]
pub(crate) struct Totals {
    pub(crate) txn_count: u64,
    pub(crate) txn_committed: u64,
    pub(crate) txn_aborted: u64,
    pub(crate) txn_failed: u64,
    pub(crate) abort_rate: f64,
    pub(crate) prepare_p99_max_ms: f64,
    pub(crate) commit_p99_max_ms: f64,
    pub(crate) total_p99_max_ms: f64,
    pub(crate) recovery_p99_max_ms: f64,
    pub(crate) messages_sent: u64,
    pub(crate) failures_injected: u64,
    pub(crate) recoveries_completed: u64,
    /// Runs that were compared with their fault-free twins.
    pub(crate) compared: u64,
    /// The largest share of throughput that one of them lost.
    pub(crate) throughput_lost_max: f64,
    /// Those of them in which enough transactions touched no node that a fault struck.
    pub(crate) compared_untouched: u64,
    /// The largest share of throughput that those transactions lost.
    pub(crate) untouched_throughput_lost_max: f64,
    /// The largest share by which their 99th percentile grew.
    pub(crate) untouched_p99_lost_max: f64,
    pub(crate) virtual_ms: f64,
    pub(crate) wall_ms: f64,
    pub(crate) cpu_ms: f64,
    pub(crate) peak_memory_mb: f64,
}

/// One scenario with all its seeds.
#[derive(Serialize)]
struct Row {
    scenario_name: String,
    category: String,
    /// As many as it ran with.
    participants: u32,
    runs: u64,
    passed: u64,
}

/// A run that did not pass.
#[derive(Serialize)]
pub(crate) struct FailedRun {
    scenario_name: String,
    seed: u64,
    status: Status,
    failures: Vec<String>,
    /// The file that has the evidence, if the run happened and results were written.
    file: Option<String>,
    /// The file that has the history, if it cannot be had again.
    history: Option<PathBuf>,
    replay: String,
}

impl Summary {
    pub(crate) fn new(plan: &Plan) -> Self {
        let row = |subject: &crate::plan::Subject| Row {
            scenario_name: subject.name().to_owned(),
            category: subject.category().to_owned(),
            participants: subject.participants(),
            runs: 0,
            passed: 0,
        };
        Self {
            schema_version: SCHEMA_VERSION,
            program: PROGRAM,
            version: env!("CARGO_PKG_VERSION"),
            participants: plan.participants,
            seed: plan.seed_first,
            seeds: plan.seeds,
            passed: true,
            exit_code: 0,
            runs: Counts::default(),
            pass_rate: 0.0,
            metrics: Totals::default(),
            scenarios: plan.subjects.iter().map(row).collect(),
            failures: Vec::new(),
            exit: Exit::Valid,
            stopped: false,
            cost: Cost::start(),
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    pub(crate) fn add(&mut self, ran: &Ran) {
        self.exit = self.exit.max(ran.status.exit());
        self.runs.add(ran.status);
        let passed = u64::from(ran.status == Status::Passed);
        if let Some(row) = self.scenarios.iter_mut().find(|row| row.scenario_name == ran.subject.name()) {
            row.runs += 1;
            row.passed += passed;
        }
        if let Ok(result) = &ran.result {
            self.metrics.add(&result.metrics);
            self.metrics.add_degradation(result.degradation.as_ref());
        }
        if ran.status != Status::Passed {
            self.failures.push(FailedRun::of(ran));
        }
    }

    /// Notes that the rest does not happen. What was found before counts as it would have.
    pub(crate) fn stop(&mut self, exit: Exit) {
        self.exit = self.exit.max(exit);
        self.stopped = true;
        self.finish();
    }

    /// Works out what takes all runs to know.
    pub(crate) fn finish(&mut self) {
        self.passed = self.exit == Exit::Valid;
        self.exit_code = self.exit.code();
        self.pass_rate = self.runs.pass_rate();
        let metrics = &mut self.metrics;
        metrics.abort_rate = ratio(metrics.txn_aborted, metrics.txn_committed + metrics.txn_aborted);
        metrics.wall_ms = self.cost.wall().as_secs_f64() * 1e3;
        metrics.cpu_ms = self.cost.cpu().as_secs_f64() * 1e3;
        metrics.peak_memory_mb = Cost::peak_memory() as f64 / (1 << 20) as f64;
    }
}

impl FailedRun {
    pub(crate) fn of(ran: &Ran) -> Self {
        Self {
            scenario_name: ran.subject.name().to_owned(),
            seed: ran.seed,
            status: ran.status,
            failures: match &ran.result {
                Ok(result) => result.failures.clone(),
                Err(reason) => vec![reason.clone()],
            },
            file: ran.file.clone(),
            history: ran.kept.clone(),
            replay: ran.replay.anywhere(),
        }
    }
}

impl Counts {
    fn add(&mut self, status: Status) {
        self.total += 1;
        *match status {
            Status::Passed => &mut self.passed,
            Status::Violated | Status::Failed => &mut self.failed,
            Status::Inconclusive => &mut self.inconclusive,
            Status::Unsupported => &mut self.unsupported,
            Status::NotRun => &mut self.not_run,
        } += 1;
    }

    fn pass_rate(&self) -> f64 {
        ratio(self.passed, self.total - self.unsupported)
    }
}

impl Totals {
    fn add(&mut self, metrics: &MetricsSnapshot) {
        self.txn_count += metrics.txn_count;
        self.txn_committed += metrics.txn_committed;
        self.txn_aborted += metrics.txn_aborted;
        self.txn_failed += metrics.txn_failed;
        self.prepare_p99_max_ms = self.prepare_p99_max_ms.max(metrics.prepare_p99_ms);
        self.commit_p99_max_ms = self.commit_p99_max_ms.max(metrics.commit_p99_ms);
        self.total_p99_max_ms = self.total_p99_max_ms.max(metrics.total_p99_ms);
        self.recovery_p99_max_ms = self.recovery_p99_max_ms.max(metrics.recovery_p99_ms);
        self.messages_sent += metrics.messages_sent;
        self.failures_injected += metrics.failures_injected;
        self.recoveries_completed += metrics.recoveries_completed;
        self.virtual_ms += metrics.virtual_ms;
    }

    fn add_degradation(&mut self, degradation: Option<&Degradation>) {
        let Some(degradation) = degradation else { return };
        self.compared += 1;
        self.throughput_lost_max = self.throughput_lost_max.max(degradation.all.throughput);
        if let Untouched::Lost(lost) = degradation.untouched {
            self.compared_untouched += 1;
            self.untouched_throughput_lost_max = self.untouched_throughput_lost_max.max(lost.throughput);
            self.untouched_p99_lost_max = self.untouched_p99_lost_max.max(lost.p99);
        }
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unsupported_has_neither_passed_nor_failed_to() {
        let mut counts = Counts::default();
        [Status::Passed, Status::Unsupported].into_iter().for_each(|status| counts.add(status));
        assert_eq!((counts.unsupported, counts.not_run, counts.pass_rate()), (1, 0, 1.0));
        counts.add(Status::NotRun);
        assert_eq!((counts.unsupported, counts.not_run, counts.pass_rate()), (1, 1, 0.5));
    }
}
