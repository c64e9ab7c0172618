//! What one participant did in one transaction, as the positions of the events that matter.

use history::{Key, NodeId, OpKind, Value};

use crate::position::{Logged, Position};

/// One participant's share of a transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Branch {
    pub(crate) node: NodeId,
    /// Whether nothing more is awaited from it.
    pub(crate) finished: bool,
    pub(crate) enlisted: Position,
    pub(crate) voted_yes: Position,
    pub(crate) voted_no: Position,
    pub(crate) voted_read_only: Position,
    pub(crate) yes_sent: Position,
    /// A vote to commit (yes or read-only) arrived at a coordinator.
    pub(crate) vote_delivered: Position,
    pub(crate) prepared: Logged,
    pub(crate) commit: Logged,
    pub(crate) abort: Logged,
    /// Its first write reached the store, and no crash has undone that since.
    pub(crate) applied: Position,
    pub(crate) decided_commit: Position,
    pub(crate) decided_abort: Position,
    pub(crate) acknowledged: Position,
    /// Its operator made it decide by itself.
    pub(crate) heuristic: Position,
    /// A coordinator left the decision to it.
    pub(crate) one_phase: Position,
    /// How many operations that write were asked of it.
    pub(crate) write_ops: u32,
    /// How many writes it applied.
    pub(crate) writes: u32,
    /// The last of them, in the transaction's list.
    pub(crate) last_write: u32,
}

impl Branch {
    /// A branch of which nothing is known yet.
    pub(crate) fn new(node: NodeId) -> Self {
        Self {
            node,
            finished: false,
            enlisted: Position::NEVER,
            voted_yes: Position::NEVER,
            voted_no: Position::NEVER,
            voted_read_only: Position::NEVER,
            yes_sent: Position::NEVER,
            vote_delivered: Position::NEVER,
            prepared: Logged::default(),
            commit: Logged::default(),
            abort: Logged::default(),
            applied: Position::NEVER,
            decided_commit: Position::NEVER,
            decided_abort: Position::NEVER,
            acknowledged: Position::NEVER,
            heuristic: Position::NEVER,
            one_phase: Position::NEVER,
            write_ops: 0,
            writes: 0,
            last_write: Write::NONE,
        }
    }

    /// A branch of a transaction that was over as committed before its events were forgotten.
    pub(crate) fn committed_before(node: NodeId) -> Self {
        Self {
            finished: true,
            prepared: Logged::BEFORE,
            commit: Logged::BEFORE,
            applied: Position::BEFORE,
            decided_commit: Position::BEFORE,
            ..Self::new(node)
        }
    }

    /// A branch of one that was over as aborted.
    pub(crate) fn aborted_before(node: NodeId) -> Self {
        Self { finished: true, decided_abort: Position::BEFORE, ..Self::new(node) }
    }

    /// When it committed in effect: its record was durable or its writes showed.
    #[inline]
    pub(crate) fn commits(&self) -> Position {
        self.applied.or_earlier(self.commit.durable)
    }

    /// When it aborted in effect. A branch that voted read-only takes no part in the decision, and after a crash it
    /// does not even know that there was one.
    #[inline]
    pub(crate) fn aborts(&self) -> Position {
        if self.voted_read_only.happened() {
            return Position::NEVER;
        }
        self.decided_abort.or_earlier(self.abort.durable)
    }

    /// Whether an abort that reaches it now changes nothing any more.
    pub(crate) fn is_past_abort(&self) -> bool {
        self.voted_read_only.happened() || self.commits().happened()
    }

    /// Whether it is bound to a decision that it does not know: prepared, and neither durably committed nor aborted.
    #[inline]
    pub(crate) fn in_doubt(&self) -> bool {
        (self.prepared.durable.happened() || self.yes_sent.happened())
            && !self.commit.durable.happened()
            && !self.aborts().happened()
            && !self.voted_read_only.happened()
    }
}

/// An operation that the client asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    /// The participant and the key in one word, by which operations are sorted and found.
    pub(crate) place: u64,
    pub(crate) value: i64,
    pub(crate) kind: OpKind,
    pub(crate) asked: Position,
}

impl Op {
    /// The word for a key of a participant.
    #[inline]
    pub(crate) fn place(node: NodeId, key: Key) -> u64 {
        u64::from(node.number()) << 32 | u64::from(key.0)
    }

    /// The key.
    pub(crate) fn key(&self) -> Key {
        Key(self.place as u32)
    }

    /// What the key holds after the operation.
    pub(crate) fn apply(&self, before: i64) -> i64 {
        self.kind.apply(Value(before), Value(self.value)).0
    }

    /// Whether it can change the key.
    pub(crate) fn writes(&self) -> bool {
        self.kind != OpKind::Read
    }
}

/// A write that reached a participant's store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Write {
    pub(crate) key: Key,
    pub(crate) value: i64,
    pub(crate) applied: Position,
    /// The same branch's write before this one, in the transaction's list.
    pub(crate) previous: u32,
}

impl Write {
    /// The place of no write.
    pub(crate) const NONE: u32 = u32::MAX;
}
