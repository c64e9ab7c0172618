//! Nothing left over: at the end no branch is in doubt, no lock is held, and the coordinator has nothing to wait for or
//! to repeat.
//!
//! Where the terms of the run permit blocking, branches may be in doubt, and locks may be held by those alone. A
//! coordinator rightly waits for a participant that is down at the end.

use super::termination;
use crate::findings::Findings;
use crate::property::Property;
use crate::result::{Evidence, Violation};
use crate::run::Run;

pub(crate) fn conclude(run: &Run, findings: &mut Findings) {
    findings.checked(Property::NothingLeftOver, run.enlisted);
    for (&(gid, node), proof) in &run.left_in_doubt {
        if run.terms.may_block {
            findings.blocked(Property::NothingLeftOver);
            continue;
        }
        findings.violated(Property::NothingLeftOver, || termination::in_doubt(gid, node, proof));
    }
    for left in &run.left_open {
        let is_down = run.participants.iter().any(|(_, participant)| participant.left_down);
        if run.terms.may_block || is_down {
            findings.blocked(Property::NothingLeftOver);
            continue;
        }
        findings.violated(Property::NothingLeftOver, || Violation {
            gid: Some(left.gid),
            transactions: Vec::new(),
            nodes: vec![left.node],
            claim: format!("{} is still not done with {} at the end", left.node, left.gid),
            evidence: vec![Evidence { sequence: left.sequence, event: None }],
        });
    }
    for left in &run.left_locked {
        let in_doubt = run.left_in_doubt.contains_key(&(left.gid, left.node));
        if run.terms.may_block && in_doubt {
            findings.blocked(Property::NothingLeftOver);
            continue;
        }
        findings.violated(Property::NothingLeftOver, || {
            let (gid, node, key) = (left.gid, left.node, left.key);
            let why = if in_doubt { "" } else { ", and is not in doubt about it" };
            Violation {
                gid: Some(gid),
                transactions: Vec::new(),
                nodes: vec![node],
                claim: format!("{node} still has {key} locked by {gid} at the end{why}"),
                evidence: vec![Evidence { sequence: left.sequence, event: None }],
            }
        });
    }
}
