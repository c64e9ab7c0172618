//! What a judgement says: a verdict on the run, one on each property, and the evidence for what was violated.

use std::borrow::Borrow;
use std::fmt;

use history::{Event, Fact, Gid, NodeId, RecordKind};
use serde::{Deserialize, Serialize};

use crate::property::Property;

/// Whether a promise was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was kept wherever it applied.
    Valid,
    /// It was broken.
    Violated,
    /// The history does not tell, for this reason.
    Inconclusive(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Valid => f.pad("valid"),
            Self::Violated => f.pad("VIOLATED"),
            Self::Inconclusive(reason) => write!(f, "inconclusive: {reason}"),
        }
    }
}

/// The judgement of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidationResult {
    /// Violated if any check is, else inconclusive if any check is, else valid.
    pub verdict: Verdict,
    /// How many transactions were begun.
    pub transactions: u64,
    /// How many events were seen.
    pub events: u64,
    /// One for each property that was judged, in the order of [`Property::ALL`].
    pub checks: Vec<CheckResult>,
}

/// The judgement of a run under one property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// The promise.
    pub property: Property,
    /// Whether it was kept.
    pub verdict: Verdict,
    /// How often it applied and was looked at: a check of nothing is no check.
    pub checked: u64,
    /// How often it applied and could not be looked at, for example because a node is down at the end.
    pub not_checked: u64,
    /// What is left blocked at the end of a run whose terms permit that.
    pub blocked: u64,
    /// How often it was broken.
    pub violated: u64,
    /// The first violations, not necessarily all.
    pub violations: Vec<Violation>,
}

/// One way in which a promise was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The transaction that this is about, if it is about one.
    pub gid: Option<Gid>,
    /// All transactions that this is about, if it is about what they did to each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transactions: Vec<Gid>,
    /// The nodes that this is about.
    pub nodes: Vec<NodeId>,
    /// What is wrong, in one sentence.
    pub claim: String,
    /// The shortest list of events, in order, that cannot all be true if the promise was kept.
    pub evidence: Vec<Evidence>,
}

/// An event that proves something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The event's place in the history, counted from 0.
    pub sequence: u64,
    /// The event itself, once resolved: see [`ValidationResult::resolve`].
    pub event: Option<Event>,
}

impl ValidationResult {
    /// Whether the run kept every promise.
    pub fn is_valid(&self) -> bool {
        self.verdict == Verdict::Valid
    }

    /// The judgement under one property, if it was judged.
    pub fn check(&self, property: Property) -> Option<&CheckResult> {
        self.checks.iter().find(|check| check.property == property)
    }

    /// All violations that are kept, with their properties.
    pub fn violations(&self) -> impl Iterator<Item = (Property, &Violation)> {
        self.checks
            .iter()
            .flat_map(|check| check.violations.iter().map(|violation| (check.property, violation)))
    }

    /// Puts the events into the evidence, given the same history once more from its start; and beside the reads and
    /// writes of transactions that disturbed each other their votes, log records, decisions and answers. It reads no
    /// further than the last event that it needs, which for the latter may be any.
    pub fn resolve<E: Borrow<Event>>(&mut self, events: impl IntoIterator<Item = E>) {
        let mut beside: Vec<(Gid, Vec<Evidence>)> = self
            .violations()
            .flat_map(|(_, violation)| &violation.transactions)
            .map(|&gid| (gid, Vec::new()))
            .collect();
        beside.sort_unstable_by_key(|&(gid, _)| gid);
        beside.dedup_by_key(|&mut (gid, _)| gid);
        let violations = self.checks.iter_mut().flat_map(|check| &mut check.violations);
        let mut wanted: Vec<&mut Evidence> =
            violations.flat_map(|violation| &mut violation.evidence).collect();
        wanted.sort_by_key(|evidence| evidence.sequence);
        let mut wanted = wanted.into_iter().peekable();
        let mut events = (0..).zip(events);
        while (wanted.peek().is_some() || !beside.is_empty())
            && let Some((sequence, event)) = events.next()
        {
            let event = *event.borrow();
            while let Some(evidence) = wanted.next_if(|evidence| evidence.sequence == sequence) {
                evidence.event = Some(event);
            }
            if let Some(gid) = event.fact.gid().filter(|_| is_told_beside(&event.fact))
                && let Ok(at) = beside.binary_search_by_key(&gid, |&(gid, _)| gid)
            {
                beside[at].1.push(Evidence { sequence, event: Some(event) });
            }
        }
        for violation in self.checks.iter_mut().flat_map(|check| &mut check.violations) {
            let own = beside.iter().filter(|(gid, _)| violation.transactions.contains(gid));
            violation.evidence.extend(own.flat_map(|(_, evidence)| evidence));
            violation.evidence.sort_unstable_by_key(|evidence| evidence.sequence);
            violation.evidence.dedup_by_key(|evidence| evidence.sequence);
        }
    }
}

/// How a transaction ended, where, and who knew.
fn is_told_beside(fact: &Fact) -> bool {
    match fact {
        Fact::Voted { .. } | Fact::Decided { .. } | Fact::Answered { .. } => true,
        Fact::Durable { record, .. } => matches!(record, RecordKind::Prepared | RecordKind::Decided(_)),
        _ => false,
    }
}

impl fmt::Display for ValidationResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {} transactions, {} events", self.verdict, self.transactions, self.events)?;
        self.checks.iter().try_for_each(|check| check.fmt(f))
    }
}

impl fmt::Display for CheckResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {:<17}  {:<8}  {} checked", self.property, self.verdict, self.checked)?;
        for (count, what) in
            [(self.not_checked, "not checked"), (self.blocked, "blocked"), (self.violated, "violated")]
        {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        writeln!(f)?;
        for violation in &self.violations {
            for line in violation.to_string().lines() {
                writeln!(f, "    {line}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.claim)?;
        self.evidence.iter().try_for_each(|evidence| writeln!(f, "  {evidence}"))
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.event {
            Some(event) => write!(f, "{:>14}  {event}", event.at.to_string()),
            None => write!(f, "event {}", self.sequence),
        }
    }
}
