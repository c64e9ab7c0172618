//! What a node wants to leave it, held back until what it forced before is durable (output commit).

use std::collections::VecDeque;

use protocol::Effect;

/// The effects that wait, in order. When each may leave stands beside it, for an effect is moved fastest by itself.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    effects: VecDeque<Effect>,
    /// All before this position is to be durable first.
    until: VecDeque<u64>,
}

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.until.is_empty()
    }

    /// Takes an effect from where it is.
    #[inline(always)]
    pub(super) fn hold(&mut self, effect: &mut Effect, until: u64) {
        self.effects.push_back(std::mem::replace(effect, Effect::Sync));
        self.until.push_back(until);
    }

    /// What may leave next, if all before `durable` is durable.
    #[inline(always)]
    pub(super) fn release(&mut self, durable: u64) -> Option<Effect> {
        if *self.until.front()? > durable {
            return None;
        }
        self.until.pop_front();
        if self.until.is_empty() {
            // Begins again at its first slot, which is still in the cache, instead of going round.
            self.until.clear();
        }
        self.effects.pop_front()
    }

    /// Forgets what waits.
    pub(super) fn clear(&mut self) {
        self.effects.clear();
        self.until.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use history::{Gid, Outcome};

    #[test]
    fn what_waits_leaves_in_order_and_not_before_its_time() {
        let answer = |gid| Effect::Answer { gid: Gid(gid), outcome: Outcome::Committed };
        let mut outbox = Outbox::default();
        for (gid, until) in [(1, 2), (2, 2), (3, 5)] {
            outbox.hold(&mut answer(gid), until);
        }
        assert_eq!(outbox.release(1), None);
        assert_eq!([outbox.release(2), outbox.release(4)], [Some(answer(1)), Some(answer(2))]);
        assert_eq!((outbox.release(4), outbox.is_empty()), (None, false));
        assert_eq!((outbox.release(5), outbox.is_empty()), (Some(answer(3)), true));
    }
}
