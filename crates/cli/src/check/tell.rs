//! How a judgement is told: in words, or as one line of JSON.

use std::fmt::Write;
use std::path::Path;

use history::Timeline;
use serde::Serialize;
use validator::Verdict;
use validator::black_box::{Check, Report};

use super::{Judged, JudgedRun};
use crate::concerned::concerned;
use crate::text::{count, told};

/// One file as JSON.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    pub(super) file: &'a Path,
    #[serde(flatten)]
    pub(super) judged: &'a Judged,
}

/// One file in words.
pub(super) fn text(path: &Path, judged: &Judged, verbose: bool) -> String {
    let mut text = String::new();
    match judged {
        Judged::Run(judged) => {
            let _ = writeln!(text, "{}: {}", path.display(), judged.result.verdict);
            run(judged, verbose, &mut text);
        }
        Judged::Clients(report) => {
            let _ = writeln!(text, "{}: {}", path.display(), report.verdict);
            clients(report, verbose, &mut text);
        }
    }
    text
}

fn run(judged: &JudgedRun, verbose: bool, text: &mut String) {
    let JudgedRun { header, result, history } = judged;
    let participants = count(header.participants.into(), "participant", "participants");
    let _ = writeln!(text, "  run             {}, {participants}, seed {}", header.scenario, header.seed);
    let but = if header.terms.without_log { " but write-ahead" } else { "" };
    let _ = writeln!(text, "  held to         all properties{but}, isolation at {}", header.terms.isolation);
    let _ = writeln!(text, "  transactions    {}", result.transactions);
    let _ = writeln!(text, "  events          {}", result.events);
    let violated = result.checks.iter().filter(|check| check.violated > 0).count();
    let _ = writeln!(text, "  properties      {} checked, {violated} violated", result.checks.len());
    text.extend(result.checks.iter().map(told));
    if let Some(history) = history.as_ref().filter(|_| verbose) {
        let _ = write!(text, "\n{}", Timeline::full(&concerned(history, result)));
    }
}

fn clients(report: &Report, verbose: bool, text: &mut String) {
    let counts = &report.counts;
    let _ = writeln!(text, "  held to         {} ({})", report.promise, report.model);
    let _ = writeln!(
        text,
        "  transactions    {} ({} committed, {} aborted, {} unknown)",
        counts.transactions(),
        counts.committed,
        counts.aborted,
        counts.unknown
    );
    let _ = writeln!(
        text,
        "  operations      {}, {}",
        count(counts.reads, "read", "reads"),
        count(counts.writes, "write", "writes")
    );
    if report.model != "bank" {
        let _ = writeln!(
            text,
            "  dependencies    {} ({} write-write, {} write-read, {} read-write, {} process, {} real-time)",
            counts.edges(),
            counts.write_write,
            counts.write_read,
            counts.read_write,
            counts.process,
            counts.real_time
        );
    }
    let ruled_out = report.found.iter().filter(|check| check.ruled_out).count();
    let _ = writeln!(text, "  properties      {} checked, {ruled_out} violated", report.properties);
    for note in &report.notes {
        let _ = writeln!(text, "  note            {note}");
    }
    for check in report.found.iter().filter(|check| check.ruled_out || verbose) {
        evidence(check, text);
    }
    let permitted: Vec<String> = report
        .found
        .iter()
        .filter(|check| !check.ruled_out)
        .map(|check| format!("{} ({})", check.anomaly, check.found.count))
        .collect();
    if !permitted.is_empty() {
        let _ = writeln!(text, "  found, and permitted here: {}", permitted.join(", "));
    }
    if verbose && report.verdict != Verdict::Valid && !report.timeline.is_empty() {
        let _ = writeln!(text, "  in the order of time:");
        for line in &report.timeline {
            let _ = writeln!(text, "    {line}");
        }
    }
}

fn evidence(check: &Check, text: &mut String) {
    let _ = writeln!(text, "  {}: {} found; {}", check.anomaly, check.found.count, check.meaning);
    for (index, finding) in check.found.told.iter().enumerate() {
        if index > 0 {
            let _ = writeln!(text, "    and");
        }
        for line in &finding.story {
            let _ = writeln!(text, "    {line}");
        }
        if !finding.shortest {
            let _ = writeln!(text, "    (shortest found, not proven minimal)");
        }
    }
    match check.found.count.saturating_sub(check.found.told.len() as u64) {
        0 => {}
        more => {
            let _ = writeln!(text, "    and {more} more");
        }
    }
}
