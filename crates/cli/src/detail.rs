//! One run for a person: what clients heard, what the validator says, what was measured, and on request every event.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write;

use harness_core::history::{Event, Gid, History, Timeline};
use harness_core::{MetricsSnapshot, Outcomes, TestResult, ValidationResult};

use crate::failure::Failure;
use crate::plan::Plan;
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
}

impl Report for Detail {
    fn begin(&mut self, _screen: &mut Screen, plan: &Plan) -> Result<(), Failure> {
        self.participants = plan.participants;
        Ok(())
    }

    fn ran(&mut self, screen: &mut Screen, ran: &Ran) -> Result<(), Failure> {
        let Ok(result) = &ran.result else { return screen.print(text::failure(ran)) };
        if let Some(history) = &ran.history {
            screen.print(Timeline::full(&told(history, &result.validation)))?;
            screen.print("\n")?;
        }
        screen.print(self.heading(ran, result))?;
        screen.print(body(result))?;
        let judged = if ran.history.is_some() { text::checks(result) } else { text::reasons(result) };
        if !judged.is_empty() {
            screen.print(format_args!("\n{judged}"))?;
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
            let _ = writeln!(text, "  it needs {participants}, {} were asked for", self.participants);
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

/// What is worth reading of a history: all of it, unless transactions disturbed each other and nothing else is wrong.
/// Then it is what happened to these, and to the nodes.
fn told<'a>(history: &'a History, validation: &ValidationResult) -> Cow<'a, History> {
    if validation.violations().any(|(_, violation)| violation.transactions.is_empty()) {
        return Cow::Borrowed(history);
    }
    let told: BTreeSet<Gid> =
        validation.violations().flat_map(|(_, violation)| &violation.transactions).copied().collect();
    if told.is_empty() {
        return Cow::Borrowed(history);
    }
    let concerns = |event: &&Event| event.fact.gid().is_none_or(|gid| told.contains(&gid));
    let events = history.events.iter().filter(concerns).copied().collect();
    Cow::Owned(History { header: history.header.clone(), events })
}

fn body(result: &TestResult) -> String {
    let metrics = &result.metrics;
    let mut text = String::new();
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<10}{value}");
    };
    row("outcomes", &outcomes(&result.outcomes));
    row("verdict", &result.validation.verdict.to_string());
    if let Some(degradation) = &result.degradation {
        row("degraded", &text::degradation(degradation));
    }
    row("sla", if result.meets_sla { "met" } else { "NOT MET" });
    for (name, latency) in latencies(metrics) {
        row(name, &latency);
    }
    let messages = count(metrics.messages_sent, "message", "messages");
    let faults = count(metrics.failures_injected, "fault", "faults");
    let recoveries = count(metrics.recoveries_completed, "recovery", "recoveries");
    row("happened", &format!("{messages}, {faults}, {recoveries}"));
    let (virtually, really) = (span(result.virtual_ms), span(result.duration_ms));
    row("took", &format!("{virtually} of virtual time in {really} of real time"));
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

#[cfg(test)]
mod tests {
    use super::*;
    use harness_core::history::{Fact, Header, Key, Nanos, NodeId, OpKind, ParticipantId, Value};
    use harness_core::validator::validate;

    /// Transactions that each read k1 before the one before them wrote it, so that it has overwritten that unseen.
    fn history(read_from: [u32; 3]) -> History {
        let (rm1, mut events) = (NodeId::from(ParticipantId(1)), Vec::new());
        let mut note = |node, fact| events.push(Event { at: Nanos::ZERO, node, fact });
        let (key, value) = (Key(1), Value(1));
        for gid in (1..=3).map(Gid) {
            note(NodeId::COORDINATOR, Fact::Begun { gid, participants: 1 });
            note(rm1, Fact::Asked { gid, key, op: OpKind::Put, value });
        }
        for (gid, writer) in (1..=3).map(Gid).zip(read_from) {
            note(rm1, Fact::Read { gid, key, writer: Gid(writer) });
            note(rm1, Fact::Applied { gid, key, value });
        }
        note(rm1, Fact::Crashed);
        History { header: Header::default(), events }
    }

    #[test]
    fn of_transactions_that_disturbed_each_other_the_others_are_left_out() {
        let lost = history([0, 1, 1]);
        let mut validation = validate(&lost);
        for check in &mut validation.checks {
            check.violations.retain(|violation| !violation.transactions.is_empty());
        }
        let gids: BTreeSet<Option<Gid>> =
            told(&lost, &validation).events.iter().map(|event| event.fact.gid()).collect();
        assert_eq!(gids, BTreeSet::from([None, Some(Gid(2)), Some(Gid(3))]));
    }

    #[test]
    fn where_anything_else_is_wrong_all_is_told() {
        let lost = history([0, 1, 1]);
        let validation = validate(&lost);
        assert!(validation.violations().any(|(_, violation)| violation.transactions.is_empty()));
        assert_eq!(told(&lost, &validation).events.len(), lost.events.len());
    }
}
