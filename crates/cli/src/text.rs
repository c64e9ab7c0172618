//! What several reports say in the same words.

use std::fmt::Write;

use harness_core::{CheckResult, Degradation, Lost, TestResult, Untouched, Verdict};

use crate::run::Ran;

/// Milliseconds in the unit that suits them.
pub(crate) fn span(ms: f64) -> String {
    match ms {
        ..0.9995 => format!("{ms:.2} ms"),
        ..999.95 => format!("{ms:.1} ms"),
        ..120_000.0 => format!("{:.2} s", ms / 1e3),
        ..7_200_000.0 => format!("{:.1} min", ms / 60e3),
        _ => format!("{:.1} h", ms / 3_600e3),
    }
}

/// A latency, of which 0 means that there was nothing to measure.
pub(crate) fn latency(ms: f64) -> String {
    if ms == 0.0 { "none".to_owned() } else { span(ms) }
}

/// "1 message", "2 messages".
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// What faults cost, against the twin of the run without them.
pub(crate) fn degradation(degradation: &Degradation) -> String {
    let untouched = match degradation.untouched {
        Untouched::Lost(lost) => format!("{} where no faulty node is touched", share_lost(&lost)),
        Untouched::CoordinatorStruck => "nobody is untouched: the coordinator was struck".to_owned(),
        Untouched::TooFew(few) => {
            format!("too few are untouched: {}", count(few, "transaction", "transactions"))
        }
    };
    format!("{}; {untouched}", share_lost(&degradation.all))
}

fn share_lost(lost: &Lost) -> String {
    format!("throughput {}, p99 {}", percent(-lost.throughput), percent(lost.p99))
}

/// By how much something has changed.
pub(crate) fn percent(share: f64) -> String {
    let tenths = (share * 1e3).round();
    if tenths == 0.0 { "0.0 %".to_owned() } else { format!("{:+.1} %", tenths / 10.0) }
}

/// Why a run did not pass: a line for each reason, the evidence, and how to see it again.
pub(crate) fn failure(ran: &Ran) -> String {
    let mut text = format!("{} (seed {}): {}\n", ran.subject.name(), ran.seed, ran.status);
    match &ran.result {
        Ok(result) => text.push_str(&reasons(result)),
        Err(reason) => {
            let _ = writeln!(text, "  {reason}");
        }
    }
    if let Some(history) = history(ran) {
        let _ = writeln!(text, "  {history}");
    }
    let _ = writeln!(text, "  to see it again: {}", ran.replay.here());
    text
}

/// How to look at what happened in a run that does not come again.
pub(crate) fn history(ran: &Ran) -> Option<String> {
    let file = ran.kept.as_ref()?.display();
    Some(format!("its history: {file}; \"2pc-test check -v {file}\" shows it"))
}

/// Everything that is not as it must be, with the evidence.
pub(crate) fn reasons(result: &TestResult) -> String {
    let broken = result.validation.checks.iter().filter(|check| check.verdict != Verdict::Valid);
    missed(result).chain(broken.map(told)).collect()
}

/// Every property that was judged, with the evidence, after everything else that is not as it must be.
pub(crate) fn checks(result: &TestResult) -> String {
    missed(result).chain(result.validation.checks.iter().map(told)).collect()
}

/// All violations are counted, and the first of them are kept.
pub(crate) fn told(check: &CheckResult) -> String {
    let mut text = check.to_string();
    match check.violated.saturating_sub(check.violations.len() as u64) {
        0 => {}
        more => {
            let _ = writeln!(text, "    and {more} more");
        }
    }
    text
}

/// Why a run did not pass beside what the validator says, which is among the failures, too, but without evidence.
fn missed(result: &TestResult) -> impl Iterator<Item = String> {
    let checks = &result.validation.checks;
    let is_check = |failure: &&String| {
        checks.iter().any(|check| **failure == format!("{}: {}", check.property, check.verdict))
    };
    result.failures.iter().filter(move |failure| !is_check(failure)).map(|failure| format!("  {failure}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_has_a_sign_and_nothing_has_none() {
        let lost = |throughput, p99| Lost { transactions: 100, throughput, p99 };
        let mut told = Degradation { all: lost(0.25, 3.0), untouched: Untouched::Lost(lost(-0.0001, 0.02)) };
        insta::assert_snapshot!(degradation(&told), @"throughput -25.0 %, p99 +300.0 %; throughput 0.0 %, p99 +2.0 % where no faulty node is touched");
        told.untouched = Untouched::CoordinatorStruck;
        insta::assert_snapshot!(degradation(&told), @"throughput -25.0 %, p99 +300.0 %; nobody is untouched: the coordinator was struck");
        told.untouched = Untouched::TooFew(1);
        insta::assert_snapshot!(degradation(&told), @"throughput -25.0 %, p99 +300.0 %; too few are untouched: 1 transaction");
    }

    #[test]
    fn a_span_has_about_three_digits_in_each_unit() {
        let spans = [0.0, 0.054, 0.9999, 12.34, 999.99, 1_234.0, 130_000.0, 7_257_600_000.0];
        let spans = spans.map(span).join(", ");
        insta::assert_snapshot!(spans, @"0.00 ms, 0.05 ms, 1.0 ms, 12.3 ms, 1.00 s, 1.23 s, 2.2 min, 2016.0 h");
    }
}
