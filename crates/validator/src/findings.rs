//! Where the properties put what they found: counts for all of it, violations up to a cap.

use crate::property::Property;
use crate::result::{CheckResult, Verdict, Violation};

/// So many violations of one property are kept; all are counted.
const KEPT_MAX: usize = 16;

/// What all properties found so far.
#[derive(Debug)]
pub(crate) struct Findings {
    checks: [CheckResult; Property::ALL.len()],
}

impl Findings {
    pub(crate) fn new() -> Self {
        Self {
            checks: Property::ALL.map(|property| CheckResult {
                property,
                verdict: Verdict::Valid,
                checked: 0,
                not_checked: 0,
                blocked: 0,
                violated: 0,
                violations: Vec::new(),
            }),
        }
    }

    /// The property applied so many times and was looked at.
    #[inline]
    pub(crate) fn checked(&mut self, property: Property, times: u64) {
        self.checks[property as usize].checked += times;
    }

    /// The property applied and could not be looked at.
    pub(crate) fn not_checked(&mut self, property: Property) {
        self.checks[property as usize].not_checked += 1;
    }

    /// Something is left blocked that may be.
    pub(crate) fn blocked(&mut self, property: Property) {
        self.checks[property as usize].blocked += 1;
    }

    /// The property is broken; `violation` is called only if it is kept.
    pub(crate) fn violated(&mut self, property: Property, violation: impl FnOnce() -> Violation) {
        let check = &mut self.checks[property as usize];
        check.violated += 1;
        if check.violations.len() < KEPT_MAX {
            check.violations.push(violation());
        }
    }

    /// That nothing was found against the property proves nothing, for this reason.
    pub(crate) fn inconclusive(&mut self, property: Property, reason: String) {
        let check = &mut self.checks[property as usize];
        check.verdict = Verdict::Inconclusive(reason);
    }

    /// The verdicts on all properties but those left out.
    pub(crate) fn into_checks(self, left_out: &[Property]) -> Vec<CheckResult> {
        let judged = self.checks.into_iter().filter(|check| !left_out.contains(&check.property));
        judged
            .map(|mut check| {
                if check.violated > 0 {
                    check.verdict = Verdict::Violated;
                }
                let last = |violation: &Violation| violation.evidence.last().map(|last| last.sequence);
                check.violations.sort_by_key(last);
                check
            })
            .collect()
    }
}

/// The verdict on a run with these checks.
pub(crate) fn overall(checks: &[CheckResult], transactions: u64) -> Verdict {
    if checks.iter().any(|check| check.verdict == Verdict::Violated) {
        return Verdict::Violated;
    }
    let unclear = checks.iter().find_map(|check| match &check.verdict {
        Verdict::Inconclusive(reason) => Some(format!("{}: {reason}", check.property)),
        Verdict::Valid | Verdict::Violated => None,
    });
    match unclear {
        Some(reason) => Verdict::Inconclusive(reason),
        None if transactions == 0 => Verdict::Inconclusive("no transaction was begun".to_owned()),
        None => Verdict::Valid,
    }
}
