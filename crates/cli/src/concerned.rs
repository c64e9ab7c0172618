//! What a timeline shows of a history in which something is wrong.

use std::borrow::Cow;
use std::collections::BTreeSet;

use harness_core::ValidationResult;
use harness_core::history::{Event, Gid, History};

/// What is worth reading of a history: all of it, unless transactions disturbed each other and nothing else is wrong.
/// Then it is what happened to these, and to the nodes.
pub(crate) fn concerned<'a>(history: &'a History, validation: &ValidationResult) -> Cow<'a, History> {
    if validation.violations().any(|(_, violation)| violation.transactions.is_empty()) {
        return Cow::Borrowed(history);
    }
    let gids: BTreeSet<Gid> =
        validation.violations().flat_map(|(_, violation)| &violation.transactions).copied().collect();
    if gids.is_empty() {
        return Cow::Borrowed(history);
    }
    let is_kept = |event: &&Event| event.fact.gid().is_none_or(|gid| gids.contains(&gid));
    let events = history.events.iter().filter(is_kept).copied().collect();
    Cow::Owned(History { header: history.header.clone(), events })
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
            concerned(&lost, &validation).events.iter().map(|event| event.fact.gid()).collect();
        assert_eq!(gids, BTreeSet::from([None, Some(Gid(2)), Some(Gid(3))]));
    }

    #[test]
    fn where_anything_else_is_wrong_all_is_told() {
        let lost = history([0, 1, 1]);
        let validation = validate(&lost);
        assert!(validation.violations().any(|(_, violation)| violation.transactions.is_empty()));
        assert_eq!(concerned(&lost, &validation).events.len(), lost.events.len());
    }
}
