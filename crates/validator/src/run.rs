//! What is known of the run beside its transactions: faults, what nodes hold, and what is left at the end.

use std::collections::BTreeMap;

use history::{Gid, Key, NodeId, ParticipantId, Terms, Value};
use serde::{Deserialize, Serialize};

use crate::branch::Op;
use crate::dense::Dense;
use crate::isolation::Checker;
use crate::transaction::Transaction;

/// The run so far.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) terms: Terms,
    /// How many transactions were begun, repeated ids included.
    pub(crate) begun: u64,
    /// How many branches were enlisted.
    pub(crate) enlisted: u64,
    /// How often a fault struck or a node crashed.
    pub(crate) faults: u64,
    pub(crate) healed: bool,
    /// The coordinators that others have taken over from.
    pub(crate) deposed: Vec<NodeId>,
    /// Some client was told that its transaction is mixed.
    pub(crate) mixed: bool,
    pub(crate) participants: Dense<Participant>,
    /// What participants read and wrote.
    pub(crate) isolation: Checker,
    /// The crash of the coordinator that is down.
    pub(crate) coordinator_lost: Option<u64>,
    /// Who is in doubt at the end, and the events that show it: its promise, the decision, who is down, and the end.
    pub(crate) left_in_doubt: BTreeMap<(Gid, NodeId), Vec<u64>>,
    /// Which locks are held at the end.
    pub(crate) left_locked: Vec<LeftLocked>,
    /// Which coordinators are not done at the end.
    pub(crate) left_open: Vec<LeftOpen>,
    /// The sum of all values at the end.
    pub(crate) total: i128,
    /// The same at the start.
    pub(crate) total_inherited: i128,
    /// The last event that says what a store holds at the end.
    pub(crate) stored_last: Option<u64>,
}

/// A lock that is held at the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeftLocked {
    pub(crate) gid: Gid,
    pub(crate) node: NodeId,
    pub(crate) key: Key,
    pub(crate) sequence: u64,
}

/// A transaction that its coordinator is not done with at the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeftOpen {
    pub(crate) gid: Gid,
    pub(crate) node: NodeId,
    pub(crate) sequence: u64,
}

/// What a store holds for a key, and who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Whose store.
    pub participant: ParticipantId,
    /// The key.
    pub key: Key,
    /// Its value.
    pub value: Value,
    /// The transaction that wrote it last.
    pub writer: Gid,
}

impl Run {
    /// A run that is held to these terms.
    pub(crate) fn new(terms: &Terms) -> Self {
        let isolation = Checker::new(terms.isolation, Checker::WINDOW_BESIDE);
        Self { terms: terms.clone(), isolation, ..Self::default() }
    }

    /// A store holds a version from an earlier run.
    pub(crate) fn inherit(&mut self, (node, key, value): (NodeId, Key, Value), writer: Gid, sequence: u64) {
        let latest = Version { value: value.0, writer, sequence };
        self.total_inherited += i128::from(value.0);
        *self.participant(node).latest.get_mut(key.0) = latest;
        self.isolation.inherit(Op::place(node, key), writer);
    }

    /// What the committed transactions have left in the stores.
    pub(crate) fn contents(&self) -> Vec<Held> {
        let items = self.participants.iter().flat_map(|(number, participant)| {
            let latest = participant.latest.iter();
            latest.map(move |(key, &version)| (ParticipantId(number), Key(key), version))
        });
        let written = items.filter(|(_, _, latest)| latest.writer != Gid::INITIAL);
        written
            .map(|(participant, key, Version { value, writer, .. })| Held {
                participant,
                key,
                value: Value(value),
                writer,
            })
            .collect()
    }

    /// A participant says that it is in doubt at the end.
    pub(crate) fn left_in_doubt(&mut self, txn: &Transaction, node: NodeId, sequence: u64) {
        let branch = txn.find(node).map(|branch| &txn.branches()[branch]);
        let promise = branch.map(|branch| [branch.prepared.durable, branch.yes_sent]).unwrap_or_default();
        let known = promise.into_iter().chain([txn.decided.durable]).filter_map(|at| txn.sequence(at));
        let mut proof: Vec<u64> = known.chain(self.coordinator_lost).chain([sequence]).collect();
        proof.sort_unstable();
        self.left_in_doubt.insert((txn.gid, node), proof);
    }

    /// What is known of a participant.
    #[inline]
    pub(crate) fn participant(&mut self, node: NodeId) -> &mut Participant {
        self.participants.get_mut(node.number())
    }

    /// Whether the participant is down at the end.
    pub(crate) fn is_left_down(&self, node: NodeId) -> bool {
        self.participants.get(node.number()).is_some_and(|participant| participant.left_down)
    }

    /// Whether a branch may be unfinished at the end: its node is down or in doubt.
    pub(crate) fn is_excused(&self, gid: Gid, node: NodeId) -> bool {
        self.is_left_down(node) || self.left_in_doubt.contains_key(&(gid, node))
    }
}

/// One participant.
#[derive(Debug, Default)]
pub(crate) struct Participant {
    /// The event of its last crash.
    pub(crate) crashed: Option<u64>,
    pub(crate) left_down: bool,
    /// What its store holds in memory, by key: what the committed transactions make of it.
    pub(crate) latest: Dense<Version>,
    /// What a crash would leave of those few keys whose latest version is not durable, by ascending key.
    stable: Vec<(Key, Version)>,
    /// The keys of which the history said what they hold at the end.
    pub(crate) stored: Dense<bool>,
}

/// A value, who wrote it, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Version {
    pub(crate) value: i64,
    /// [`Gid::INITIAL`] if nobody wrote it.
    pub(crate) writer: Gid,
    /// The event that put it into the store.
    pub(crate) sequence: u64,
}

impl Default for Version {
    fn default() -> Self {
        Self { value: 0, writer: Gid::INITIAL, sequence: 0 }
    }
}

impl Participant {
    /// A version is in the store, and a crash would undo it. Returns the version before.
    #[inline]
    pub(crate) fn apply(&mut self, key: Key, version: Version) -> Version {
        let before = std::mem::replace(self.latest.get_mut(key.0), version);
        if let Err(place) = self.stable_place(key) {
            self.stable.insert(place, (key, before));
        }
        before
    }

    /// A version survives crashes from here on. Versions may become stable in any order.
    #[inline]
    pub(crate) fn harden(&mut self, key: Key, version: Version) {
        let place = self.stable_place(key);
        let latest = self.latest.get_mut(key.0);
        if version.sequence >= latest.sequence {
            *latest = version;
            if let Ok(place) = place {
                self.stable.remove(place);
            }
        } else if let Ok(place) = place {
            // The latest would still be undone.
            let (_, stable) = &mut self.stable[place];
            if version.sequence >= stable.sequence {
                *stable = version;
            }
        }
    }

    /// A crash undid what was not stable.
    pub(crate) fn revert(&mut self, key: Key) {
        if let Ok(place) = self.stable_place(key) {
            (_, *self.latest.get_mut(key.0)) = self.stable.remove(place);
        }
    }

    #[inline]
    fn stable_place(&self, key: Key) -> Result<usize, usize> {
        self.stable.binary_search_by_key(&key, |&(key, _)| key)
    }
}
