//! A small history out of a large one, which is judged alike: the transactions, participants and incidents without
//! which what is wrong would not show.
//!
//! It is searched for, and each step is judged. So an excerpt claims nothing that the whole history does not show.

mod cut;

use std::collections::BTreeSet;

use history::{Event, Fact, Gid, History, NodeId};

use crate::property::Property;
use crate::result::{CheckResult, ValidationResult, Verdict, Violation};
use crate::validator::CorrectnessValidator;
use cut::{Item, Kept, cut};

/// So many events are judged, at most, in search of a smaller excerpt.
const EVENTS: u64 = 100_000_000;

/// So many participants stay, if there are as many, for the rest of the story.
const PARTICIPANTS: usize = 3;

/// An excerpt of a history that shows the first violation of its judgement, if there is one: with the same property,
/// transactions, nodes and claim, and with no violation that the whole does not have. What is about no transaction in
/// particular, such as a total that is not conserved, is shown only if it is all there is, and by the whole history.
pub fn excerpt(history: &History, judged: &ValidationResult) -> Option<History> {
    let violations = || judged.violations().map(|it| (it, concerned(history, it.1)));
    let Some(((property, violation), first)) = violations().find(|(_, gids)| !gids.is_empty()) else {
        return judged.violations().next().map(|_| history.clone());
    };
    let proof = evidence(history, violation).copied().collect();
    let mut search = Search { property, violation, proof, whole: &judged.checks, left: EVENTS };
    let all: BTreeSet<Gid> = history.events.iter().filter_map(|event| event.fact.gid()).collect();
    let sizes = [first.clone(), neighbours(history, &first), all];
    let mut small = sizes.iter().find_map(|gids| {
        let small = cut(history, &Kept { gids, without: &BTreeSet::new() });
        search.shows(&small).then_some((small, gids))
    });
    let (small, gids) = small.take().unwrap_or_else(|| (history.clone(), &sizes[2]));
    let small = search.fewer_transactions(small, gids);
    let small = search.fewer_participants(small);
    Some(search.fewer_incidents(small))
}

struct Search<'a> {
    property: Property,
    violation: &'a Violation,
    /// Its evidence in the whole history.
    proof: Vec<Event>,
    /// What is wrong with the whole history.
    whole: &'a [CheckResult],
    left: u64,
}

impl Search<'_> {
    /// Whether the history shows the violation, and nothing else is wrong with it than with the whole.
    fn shows(&mut self, history: &History) -> bool {
        let mut validator = CorrectnessValidator::new(&history.header);
        history.events.iter().for_each(|event| validator.observe(event));
        self.left = self.left.saturating_sub(history.events.len() as u64);
        let judged = validator.finish();
        let shown = judged
            .check(self.property)
            .is_some_and(|check| check.violations.iter().any(|violation| is_same(violation, self.violation)));
        let violated = judged.checks.iter().filter(|check| check.verdict == Verdict::Violated);
        shown && violated.zip(std::iter::repeat(self.whole)).all(|(check, whole)| is_within(check, whole))
    }

    fn fewer_transactions(&mut self, small: History, gids: &BTreeSet<Gid>) -> History {
        let named: BTreeSet<Gid> = named(self.violation).collect();
        self.shrink(small, gids.difference(&named).copied().collect(), |small, others| {
            let gids = others.iter().chain(&named).copied().collect();
            cut(small, &Kept { gids: &gids, without: &BTreeSet::new() })
        })
    }

    fn fewer_participants(&mut self, small: History) -> History {
        let nodes: BTreeSet<NodeId> = small.events.iter().map(|event| event.node).collect();
        let participants = nodes.into_iter().filter(|node| !node.is_coordinator());
        let (named, others): (Vec<NodeId>, Vec<NodeId>) =
            participants.partition(|node| self.violation.nodes.contains(node));
        let others: Vec<NodeId> = others.into_iter().skip(PARTICIPANTS.saturating_sub(named.len())).collect();
        let gids = small.events.iter().filter_map(|event| event.fact.gid()).collect();
        self.shrink(small, others.clone(), |small, kept| {
            let without = others.iter().copied().filter(|node| !kept.contains(node)).collect();
            cut(small, &Kept { gids: &gids, without: &without })
        })
    }

    /// Faults, crashes and what else is about no transaction; and what nodes said again. What the evidence shows stays: the
    /// violation may show without it, and nobody would know why.
    #[expect(
        clippy::disallowed_types,
        reason = "facts have no order, and nobody iterates over what was said"
    )]
    fn fewer_incidents(&mut self, small: History) -> History {
        let mut said = std::collections::HashSet::new();
        let proof = self.proof.clone();
        let can_go = |event: &Event| {
            let is_incident = event.fact.gid().is_none() || !said.insert((event.node, event.fact));
            is_incident && !proof.contains(event)
        };
        let can_go: Vec<bool> = small.events.iter().map(can_go).collect();
        let incidents = (0..can_go.len()).filter(|&at| can_go[at]).collect();
        let History { header, events } = small.clone();
        self.shrink(small, incidents, |_, kept| {
            let is_kept = |at: &usize| !can_go[*at] || kept.binary_search(at).is_ok();
            let events = (0..events.len()).filter(is_kept).map(|at| events[at]).collect();
            History { header: header.clone(), events }
        })
    }

    /// The history with as few of these things as may be, by leaving out half of them, then quarters, and so on.
    fn shrink<T: Copy>(
        &mut self,
        mut small: History,
        mut kept: Vec<T>,
        with: impl Fn(&History, &[T]) -> History,
    ) -> History {
        let mut size = kept.len();
        while size > 0 {
            let mut at = 0;
            while at < kept.len() && self.left > 0 {
                let end = (at + size).min(kept.len());
                let rest = [&kept[..at], &kept[end..]].concat();
                let smaller = with(&small, &rest);
                if self.shows(&smaller) {
                    (small, kept) = (smaller, rest);
                } else {
                    at = end;
                }
            }
            size /= 2;
        }
        small
    }
}

fn is_same(one: &Violation, other: &Violation) -> bool {
    let Violation { gid, transactions, nodes, claim, evidence: _ } = one;
    (gid, transactions, nodes, claim) == (&other.gid, &other.transactions, &other.nodes, &other.claim)
}

/// Whether the whole history has all violations of this check, as far as that is known: not all are kept.
fn is_within(check: &CheckResult, whole: &[CheckResult]) -> bool {
    let Some(whole) = whole.iter().find(|other| other.property == check.property) else { return false };
    let is_kept = |one: &Violation| whole.violations.iter().any(|other| is_same(one, other));
    whole.violated > whole.violations.len() as u64
        || (check.violated <= whole.violated && check.violations.iter().all(is_kept))
}

fn named(violation: &Violation) -> impl Iterator<Item = Gid> {
    violation.gid.into_iter().chain(violation.transactions.iter().copied())
}

/// The transactions that a violation names, those of its evidence, and those that wrote what a store holds in the end.
fn concerned(history: &History, violation: &Violation) -> BTreeSet<Gid> {
    let stored = evidence(history, violation).filter_map(|event| match event.fact {
        // The last one stands for the sum over all of them.
        Fact::Stored { key, .. } if !violation.nodes.is_empty() => Some((event.node, key)),
        _ => None,
    });
    let stored = stored.collect();
    named(violation)
        .chain(evidence(history, violation).filter_map(|event| event.fact.gid()))
        .chain(asking(history, &stored))
        .collect()
}

/// The events that prove a violation.
fn evidence<'a>(history: &'a History, violation: &'a Violation) -> impl Iterator<Item = &'a Event> {
    let places = violation.evidence.iter().filter_map(|evidence| usize::try_from(evidence.sequence).ok());
    places.filter_map(|at| history.events.get(at))
}

/// These transactions and all that do anything to a key of theirs.
fn neighbours(history: &History, gids: &BTreeSet<Gid>) -> BTreeSet<Gid> {
    let of_theirs = |event: &&Event| event.fact.gid().is_some_and(|gid| gids.contains(&gid));
    let items = history.events.iter().filter(of_theirs).filter_map(asked).map(|(_, item)| item).collect();
    asking(history, &items).chain(gids.iter().copied()).collect()
}

/// The transactions that were to do something to these keys.
fn asking(history: &History, items: &BTreeSet<Item>) -> impl Iterator<Item = Gid> {
    history.events.iter().filter_map(asked).filter(|(_, item)| items.contains(item)).map(|(gid, _)| gid)
}

fn asked(event: &Event) -> Option<(Gid, Item)> {
    match event.fact {
        Fact::Asked { gid, key, .. } => Some((gid, (event.node, key))),
        _ => None,
    }
}
