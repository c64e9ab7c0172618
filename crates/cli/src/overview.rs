//! Many runs for a person: one line a scenario as it ends, then the totals, then what did not pass.

use std::fmt::Write;

use crate::exit::Status;
use crate::failure::Failure;
use crate::plan::Plan;
use crate::report::Report;
use crate::run::Ran;
use crate::screen::Screen;
use crate::summary::{Summary, Totals};
use crate::text::{self, count, latency, percent, span};

/// More than anybody reads; the others are in the summary.
const FAILURES_MAX: usize = 20;

/// One line a scenario, and totals.
pub(crate) struct Overview {
    verbose: bool,
    name_width: usize,
    participants: u32,
    seeds: u64,
    output: Option<String>,
    /// There is no time but real time.
    is_real: bool,
    line: Line,
    failures: Vec<String>,
    failed: usize,
}

/// A scenario with all its seeds.
#[derive(Default)]
struct Line {
    runs: u64,
    passed: u64,
    /// That of the first run that did not pass.
    status: Option<Status>,
    transactions: u64,
    virtual_ms: f64,
    wall_ms: f64,
}

impl Overview {
    pub(crate) fn new(verbose: bool) -> Self {
        Self {
            verbose,
            name_width: 0,
            participants: 0,
            seeds: 1,
            output: None,
            is_real: false,
            line: Line::default(),
            failures: Vec::new(),
            failed: 0,
        }
    }

    fn line(&self, ran: &Ran) -> String {
        let Line { runs, passed, status, transactions, virtual_ms, wall_ms } = self.line;
        let simulated =
            if self.is_real { String::new() } else { format!("  {:>9} virtual", span(virtual_ms)) };
        let mut text = format!(
            "{:<12}  {:<width$}  {transactions:>6} txn{simulated}  {:>9} real",
            status.unwrap_or(Status::Passed),
            ran.subject.name(),
            span(wall_ms),
            width = self.name_width,
        );
        if runs > 1 {
            let _ = write!(text, "  {passed} of {runs} seeds");
        } else if self.seeds > 1 {
            let _ = write!(text, "  seed {}", ran.seed);
        }
        let participants = ran.subject.participants();
        if participants != self.participants {
            let takes = if participants > self.participants { "at least" } else { "at most" };
            let _ = write!(text, "  takes {takes} {participants} participants");
        }
        text.push('\n');
        text
    }
}

impl Line {
    fn add(&mut self, ran: &Ran) {
        self.runs += 1;
        if ran.status == Status::Passed {
            self.passed += 1;
        } else {
            self.status.get_or_insert(ran.status);
        }
        if let Ok(result) = &ran.result {
            self.transactions += result.metrics.txn_count;
            self.virtual_ms += result.virtual_ms;
            self.wall_ms += result.duration_ms;
        }
    }
}

impl Report for Overview {
    fn begin(&mut self, screen: &mut Screen, plan: &Plan) -> Result<(), Failure> {
        self.name_width = plan.subjects.iter().map(|subject| subject.name().len()).max().unwrap_or(0);
        self.participants = plan.participants;
        self.seeds = plan.seeds;
        self.is_real = plan.engine.is_real();
        self.output = plan.output.as_ref().map(|output| output.display().to_string());
        let seeds = match plan.seeds {
            1 => format!("seed {}", plan.seed_first),
            seeds => format!("seeds {} to {}", plan.seed_first, plan.seed_first + (seeds - 1)),
        };
        let scenarios = count(plan.subjects.len() as u64, "scenario", "scenarios");
        let participants = count(plan.participants.into(), "participant", "participants");
        screen.print(format_args!("{scenarios}, {participants}, {seeds}\n\n"))
    }

    fn ran(&mut self, screen: &mut Screen, ran: &Ran) -> Result<(), Failure> {
        if ran.status != Status::Passed {
            self.failed += 1;
            if self.failures.len() < FAILURES_MAX {
                self.failures.push(text::failure(ran));
            }
        }
        self.line.add(ran);
        if !self.verbose && self.line.runs < self.seeds {
            return Ok(());
        }
        screen.print(self.line(ran))?;
        self.line = Line::default();
        match &ran.result {
            Ok(result) if self.verbose => screen.print(text::checks(result)),
            _ => Ok(()),
        }
    }

    fn finish(&mut self, screen: &mut Screen, summary: &Summary) -> Result<(), Failure> {
        screen.print(totals(summary, self.is_real))?;
        if let Some(output) = self.output.as_ref().filter(|_| !summary.stopped) {
            screen.print(format_args!("results in {output}\n"))?;
        }
        for failure in &self.failures {
            screen.print(format_args!("\n{failure}"))?;
        }
        match self.failed - self.failures.len() {
            0 => Ok(()),
            more => {
                let place = match &self.output {
                    Some(output) => format!("{output}/summary.json"),
                    None => "the summary of --json".to_owned(),
                };
                screen.print(format_args!("\nand {more} more that did not pass: see {place}\n"))
            }
        }
    }
}

/// The worst of what faults cost.
fn degradation(metrics: &Totals) -> String {
    let compared = count(metrics.compared, "run", "runs");
    let lost = percent(-metrics.throughput_lost_max);
    let untouched = match metrics.compared_untouched {
        0 => "nothing is left untouched".to_owned(),
        runs => format!(
            "where no faulty node is touched ({}), throughput {} and p99 {}",
            count(runs, "run", "runs"),
            percent(-metrics.untouched_throughput_lost_max),
            percent(metrics.untouched_p99_lost_max)
        ),
    };
    format!("against fault-free twins ({compared}), at worst: throughput {lost}; {untouched}")
}

fn totals(summary: &Summary, is_real: bool) -> String {
    let runs = &summary.runs;
    let Totals { txn_count, txn_committed, txn_aborted, txn_failed, .. } = summary.metrics;
    let metrics = &summary.metrics;
    let mut text = format!("\n{}: {} passed", count(runs.total, "run", "runs"), runs.passed);
    for (number, what) in [
        (runs.failed, "failed"),
        (runs.inconclusive, "inconclusive"),
        (runs.unsupported, "unsupported"),
        (runs.not_run, "did not happen"),
    ] {
        if number > 0 {
            let _ = write!(text, ", {number} {what}");
        }
    }
    let _ = writeln!(text, "; pass rate {:.1} %", summary.pass_rate * 100.0);
    let transactions = count(txn_count, "transaction", "transactions");
    let _ = write!(text, "{transactions}: {txn_committed} committed, {txn_aborted} aborted");
    if txn_failed > 0 {
        let _ = write!(text, ", {txn_failed} neither (refused, without an answer or mixed)");
    }
    let _ = writeln!(text, "; abort rate {:.1} %", metrics.abort_rate * 100.0);
    // A recovery that finds nothing to do takes no time, so its latency does not tell whether there was one.
    let recovery = match metrics.recoveries_completed {
        0 => "none".to_owned(),
        _ => span(metrics.recovery_p99_max_ms),
    };
    let _ = writeln!(
        text,
        "highest p99: prepare {}, commit {}, total {}, recovery {recovery}",
        latency(metrics.prepare_p99_max_ms),
        latency(metrics.commit_p99_max_ms),
        latency(metrics.total_p99_max_ms)
    );
    let _ = writeln!(
        text,
        "{}, {}, {}",
        count(metrics.messages_sent, "message", "messages"),
        count(metrics.failures_injected, "fault", "faults"),
        count(metrics.recoveries_completed, "recovery", "recoveries"),
    );
    if metrics.compared > 0 {
        let _ = writeln!(text, "{}", degradation(metrics));
    }
    let simulated = match is_real {
        true => String::new(),
        false => format!("{} of virtual time in ", span(metrics.virtual_ms)),
    };
    let _ = writeln!(
        text,
        "{simulated}{} of real time, {} of processor time, {:.0} MiB of memory",
        span(metrics.wall_ms),
        span(metrics.cpu_ms),
        metrics.peak_memory_mb
    );
    text
}
