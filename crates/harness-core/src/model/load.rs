//! Transactions drawn from the seed, for scenarios that need many.

use history::{Gid, Key, Value};
use protocol::{DistributedTransaction, Ending, Read, Write};
use serde::{Deserialize, Serialize};

use super::scenario::KEYS_MAX;
use crate::sim::Random;

/// Transactions drawn from the seed. Participants and keys are drawn evenly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// How many.
    pub transactions: u32,
    /// How many participants take part in each, at the least.
    pub participants_min: u32,
    /// How many participants take part in each, at the most.
    pub participants_max: u32,
    /// How many keys are in use on each participant.
    pub keys: u32,
    /// What they do.
    pub kind: LoadKind,
}

/// What the transactions of a load do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadKind {
    /// Add to one key on each participant so that the total of all values stays as it was.
    Transfers,
    /// On each participant read a key, replace one, or take part without work; and one in twenty clients aborts.
    Mixed,
}

impl Load {
    /// So many transfers among `participants` participants each, over a thousand keys.
    pub fn transfers(transactions: u32, participants: u32) -> Self {
        Self {
            transactions,
            participants_min: participants,
            participants_max: participants,
            keys: 1_000,
            kind: LoadKind::Transfers,
        }
    }

    /// So many transactions of all sorts, over one to `participants_max` participants.
    pub fn mixed(transactions: u32, participants_max: u32) -> Self {
        Self { transactions, participants_min: 1, participants_max, keys: 1_000, kind: LoadKind::Mixed }
    }

    pub(crate) fn conserves_total(&self) -> bool {
        self.kind == LoadKind::Transfers
    }

    pub(super) fn mistake(&self, participants: u32) -> Option<String> {
        let Self { participants_min: least, participants_max: most, keys, .. } = *self;
        if least == 0 || least > most || most > participants {
            return Some(format!(
                "the load asks for {least} to {most} participants a transaction: from 1 to {participants} are possible"
            ));
        }
        (keys == 0 || keys >= KEYS_MAX)
            .then(|| format!("the load uses {keys} keys: from 1 to {KEYS_MAX} are possible"))
    }

    /// Draws one transaction.
    pub(crate) fn draw(&self, id: Gid, participants: u32, random: &mut Random) -> DistributedTransaction {
        let count = self.participants_min + random.below(self.participants_max - self.participants_min + 1);
        let mut transaction = DistributedTransaction::new(id, random.distinct(count, participants));
        match self.kind {
            LoadKind::Transfers => self.fill_transfer(&mut transaction, random),
            LoadKind::Mixed => self.fill_mixed(&mut transaction, random),
        }
        transaction
    }

    fn fill_transfer(&self, transaction: &mut DistributedTransaction, random: &mut Random) {
        let amount = 1 + i64::from(random.below(100));
        let others = transaction.participant_ids.len() as i64 - 1;
        transaction.writes.reserve_exact(transaction.participant_ids.len());
        for (index, &participant) in transaction.participant_ids.iter().enumerate() {
            let value = Value(if index == 0 { -amount * others } else { amount });
            let key = Key(random.below(self.keys));
            transaction.writes.push(Write { participant, key, value, add: true });
        }
    }

    fn fill_mixed(&self, transaction: &mut DistributedTransaction, random: &mut Random) {
        for &participant in &transaction.participant_ids {
            let key = Key(random.below(self.keys));
            match random.below(10) {
                0 => {}
                1..4 => transaction.reads.push(Read { participant, key }),
                _ => {
                    let value = Value(i64::from(random.below(1_000)));
                    transaction.writes.push(Write { participant, key, value, add: false });
                }
            }
        }
        if random.below(20) == 0 {
            transaction.ending = Ending::Abort;
        }
    }
}
