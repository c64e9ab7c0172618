//! Work that need not be done: no promise is broken by it, but messages are sent that nobody needs.

use std::collections::{BTreeMap, BTreeSet};

use harness_core::Sink;
use harness_core::history::{Event, Fact, Gid, MessageKind, NodeId};

/// So many messages may be sent in vain while somebody cannot be reached, however little there is to do.
const IN_VAIN: u64 = 5_000;
/// So many messages may be sent for each transaction, beside those that follow from restarts. Five participants need
/// thirty, and all else is sent again because of something that was lost.
const EACH_TRANSACTION: u64 = 100;
/// So many messages may follow from a restart.
const EACH_RESTART: u64 = 40;
/// So many commits may a coordinator tell again that were acknowledged before it crashed: those that were open a moment
/// ago, of which END may be lost. Healthy ones have needed two hundred, in a hundred thousand rounds.
const TOLD_AGAIN: u64 = 300;
/// So many more for each of its restarts.
const TOLD_AGAIN_EACH_RESTART: u64 = 10;

/// Counts what is sent.
#[derive(Default)]
pub(crate) struct Waste {
    transactions: u64,
    restarts: u64,
    /// Of a coordinator, or of a stand-by in its place.
    restarts_of_coordinator: u64,
    messages: u64,
    /// Who has said that there is nothing to commit.
    read_only: BTreeSet<(Gid, NodeId)>,
    /// How often one of them was told to commit it.
    told_in_vain: u64,
    /// Whose acknowledgement has arrived, and after how many of those restarts.
    acknowledged: BTreeMap<(Gid, NodeId), u64>,
    /// How often one of them was told once more. A coordinator that has forgotten the acknowledgement in a crash goes on
    /// until there is another: that counts once.
    told_again: u64,
}

impl Waste {
    /// Whether more is sent than any protocol needs.
    pub(crate) fn is_too_much(&self) -> bool {
        let messages = IN_VAIN + EACH_TRANSACTION * self.transactions + EACH_RESTART * self.restarts;
        let told_again = TOLD_AGAIN + TOLD_AGAIN_EACH_RESTART * self.restarts_of_coordinator;
        self.told_in_vain > 0 || self.told_again > told_again || self.messages > messages
    }

    fn sent(&mut self, (from, to): (NodeId, NodeId), gid: Gid, message: MessageKind) {
        self.messages += 1;
        match message {
            MessageKind::VoteReadOnly => {
                self.read_only.insert((gid, from));
            }
            MessageKind::Commit => {
                self.told_in_vain += u64::from(self.read_only.contains(&(gid, to)));
                if let Some(&restarts) = self.acknowledged.get(&(gid, to)) {
                    self.told_again += 1;
                    if restarts < self.restarts_of_coordinator {
                        self.acknowledged.remove(&(gid, to));
                    }
                }
            }
            _ => {}
        }
    }
}

impl Sink for Waste {
    fn take(&mut self, events: &[Event]) {
        for event in events {
            match event.fact {
                Fact::Begun { .. } => self.transactions += 1,
                Fact::Restarted | Fact::TookOver { .. } => {
                    self.restarts += 1;
                    self.restarts_of_coordinator += u64::from(event.node.is_coordinator());
                }
                Fact::Delivered { from, gid, message: MessageKind::Acknowledge } => {
                    self.acknowledged.insert((gid, from), self.restarts_of_coordinator);
                }
                Fact::Sent { to, gid, message } => self.sent((event.node, to), gid, message),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness_core::history::{Nanos, ParticipantId};

    const TM: NodeId = NodeId::COORDINATOR;

    fn told(facts: &[(NodeId, Fact)]) -> Waste {
        let mut waste = Waste::default();
        let events: Vec<Event> =
            facts.iter().map(|&(node, fact)| Event { at: Nanos::ZERO, node, fact }).collect();
        waste.take(&events);
        waste
    }

    #[test]
    fn who_has_nothing_to_commit_is_not_to_be_told_to() {
        let (gid, rm1) = (Gid(1), NodeId::from(ParticipantId(1)));
        let begun = (TM, Fact::Begun { gid, participants: 1 });
        let vote = |message| (rm1, Fact::Sent { to: TM, gid, message });
        let commit = (TM, Fact::Sent { to: rm1, gid, message: MessageKind::Commit });
        assert!(told(&[begun, vote(MessageKind::VoteReadOnly), commit]).is_too_much());
        assert!(!told(&[begun, vote(MessageKind::VoteYes), commit]).is_too_much());
    }

    #[test]
    fn what_was_acknowledged_is_told_again_only_after_a_restart_and_not_for_ever() {
        let (gid, rm1) = (Gid(1), NodeId::from(ParticipantId(1)));
        let acknowledged = (TM, Fact::Delivered { from: rm1, gid, message: MessageKind::Acknowledge });
        let commit = (TM, Fact::Sent { to: rm1, gid, message: MessageKind::Commit });
        let mut facts = vec![(TM, Fact::Begun { gid, participants: 1 }); 50];
        facts.push(acknowledged);
        facts.resize(facts.len() + 305, commit);
        assert!(told(&facts).is_too_much());
        facts.push((TM, Fact::Restarted));
        assert!(!told(&facts).is_too_much());
        facts.extend([commit, acknowledged].repeat(10));
        assert!(told(&facts).is_too_much());
    }

    /// Found by a load of another seed: nobody could be reached for a minute.
    #[test]
    fn what_was_acknowledged_and_forgotten_in_a_crash_is_told_until_it_is_acknowledged_again() {
        let (gid, rm1) = (Gid(1), NodeId::from(ParticipantId(1)));
        let mut facts = vec![(TM, Fact::Begun { gid, participants: 1 }); 50];
        facts.push((TM, Fact::Delivered { from: rm1, gid, message: MessageKind::Acknowledge }));
        facts.push((TM, Fact::Restarted));
        facts.resize(facts.len() + 400, (TM, Fact::Sent { to: rm1, gid, message: MessageKind::Commit }));
        assert!(!told(&facts).is_too_much());
    }
}
