//! One run for a person: what clients heard, what the validator says, what was measured, and on request every event.

use std::fmt::Write;

use harness_core::history::Timeline;
use harness_core::{MetricsSnapshot, Outcomes, TestResult, Verdict};

use crate::concerned::concerned;
use crate::failure::Failure;
use crate::plan::{Format, Plan};
use crate::report::Report;
use crate::run::Ran;
use crate::screen::Screen;
use crate::summary::Summary;
use crate::text::{self, count, span};

/// All about each run.
#[derive(Default)]
pub(crate) struct Detail {
    /// As many as were asked for.
    participants: u32,
    timeline: bool,
    /// There is no time but real time.
    is_real: bool,
}

impl Report for Detail {
    fn begin(&mut self, _screen: &mut Screen, plan: &Plan) -> Result<(), Failure> {
        self.participants = plan.participants;
        self.is_real = plan.engine.is_real();
        self.timeline = plan.format == Format::Detail { timeline: true };
        Ok(())
    }

    fn ran(&mut self, screen: &mut Screen, ran: &Ran) -> Result<(), Failure> {
        let Ok(result) = &ran.result else { return screen.print(text::failure(ran)) };
        if let Some(history) = ran.history.as_ref().filter(|_| self.timeline) {
            screen.print(Timeline::full(&concerned(history, &result.validation)))?;
            screen.print("\n")?;
        }
        screen.print(self.heading(ran, result))?;
        screen.print(body(result, self.is_real))?;
        let judged = if self.timeline { text::checks(result) } else { text::reasons(result) };
        if !judged.is_empty() {
            screen.print(format_args!("\n{judged}"))?;
        }
        if let Some(history) = text::history(ran) {
            screen.print(format_args!("\n{history}\n"))?;
        }
        screen.print(format_args!("\nto see it again: {}\n", ran.replay.here()))
    }

    fn finish(&mut self, _screen: &mut Screen, _summary: &Summary) -> Result<(), Failure> {
        Ok(())
    }
}

impl Detail {
    fn heading(&self, ran: &Ran, result: &TestResult) -> String {
        let participants = count(result.participants.into(), "participant", "participants");
        let mut text =
            format!("{}: {} with {participants}, seed {}\n", result.scenario_name, ran.status, ran.seed);
        if result.participants != self.participants {
            let takes = if result.participants > self.participants { "at least" } else { "at most" };
            let _ = writeln!(text, "  it takes {takes} {participants}, {} were asked for", self.participants);
        }
        if let Some(scenario) = &ran.scenario {
            let _ = writeln!(text, "  {}", scenario.description);
            for fault in &scenario.failure_configs {
                let _ = writeln!(text, "  fault: {fault}");
            }
            if let Some(chaos) = &scenario.chaos {
                let _ = writeln!(text, "  faults drawn from the seed: {chaos}");
            }
        }
        text.push('\n');
        text
    }
}

fn body(result: &TestResult, is_real: bool) -> String {
    let metrics = &result.metrics;
    let mut text = String::new();
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<10}{value}");
    };
    row("outcomes", &outcomes(&result.outcomes));
    let verdict = &result.validation.verdict;
    let expected = if result.passed && *verdict != Verdict::Valid { ", as the scenario expects" } else { "" };
    row("verdict", &format!("{verdict}{expected}"));
    if let Some(degradation) = &result.degradation {
        row("degraded", &text::degradation(degradation));
    }
    if !is_real {
        row("sla", if result.meets_sla { "met" } else { "NOT MET" });
    }
    for (name, latency) in latencies(metrics) {
        row(name, &latency);
    }
    let messages = count(metrics.messages_sent, "message", "messages");
    let faults = count(metrics.failures_injected, "fault", "faults");
    let recoveries = count(metrics.recoveries_completed, "recovery", "recoveries");
    row("happened", &format!("{messages}, {faults}, {recoveries}"));
    let (virtually, really) = (span(result.virtual_ms), span(result.duration_ms));
    let simulated = if is_real { String::new() } else { format!("{virtually} of virtual time in ") };
    row("took", &format!("{simulated}{really} of real time"));
    text
}

fn outcomes(outcomes: &Outcomes) -> String {
    let Outcomes { committed, aborted, unknown, heuristic_mixed, refused } = *outcomes;
    let mut text = format!("{committed} committed, {aborted} aborted");
    for (number, what) in
        [(unknown, "without an answer"), (heuristic_mixed, "mixed by heuristics"), (refused, "refused")]
    {
        if number > 0 {
            let _ = write!(text, ", {number} {what}");
        }
    }
    text
}

fn latencies(metrics: &MetricsSnapshot) -> Vec<(&'static str, String)> {
    let MetricsSnapshot { prepare_p50_ms, prepare_p99_ms, prepare_p999_ms, .. } = *metrics;
    let MetricsSnapshot { commit_p50_ms, commit_p99_ms, commit_p999_ms, .. } = *metrics;
    let MetricsSnapshot { total_p50_ms, total_p99_ms, total_p999_ms, .. } = *metrics;
    let MetricsSnapshot { recovery_p50_ms, recovery_p99_ms, recoveries_completed, .. } = *metrics;
    // A recovery that finds nothing to do takes no time; the others take some, if there were any.
    let quantiles = [
        ("prepare", prepare_p50_ms, prepare_p99_ms, Some(prepare_p999_ms), prepare_p99_ms > 0.0),
        ("commit", commit_p50_ms, commit_p99_ms, Some(commit_p999_ms), commit_p99_ms > 0.0),
        ("total", total_p50_ms, total_p99_ms, Some(total_p999_ms), total_p99_ms > 0.0),
        ("recovery", recovery_p50_ms, recovery_p99_ms, None, recoveries_completed > 0),
    ];
    let measured = quantiles.into_iter().filter(|&(.., is_measured)| is_measured);
    let told = measured.map(|(name, p50, p99, p999, _)| {
        let last = p999.map(|p999| format!(", p99.9 {}", span(p999))).unwrap_or_default();
        (name, format!("p50 {}, p99 {}{last}", span(p50), span(p99)))
    });
    told.collect()
}
