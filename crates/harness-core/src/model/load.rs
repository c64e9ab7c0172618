//! Transactions drawn from the seed, for scenarios that need many.

use history::{Gid, Key, Value};
use protocol::{Change, DistributedTransaction, Ending, Read, Write};
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
    /// How keys are drawn.
    #[serde(default)]
    pub key_choice: KeyChoice,
    /// What they do.
    pub kind: LoadKind,
    /// So many of a hundred clients ask once more, under the same id, for what has committed and was acknowledged to
    /// them. They are refused.
    #[serde(default)]
    pub repeat_percent: u32,
}

/// How keys are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyChoice {
    /// Each as often as any other.
    #[default]
    Evenly,
    /// By Zipf's law with exponent 1, in steps: the first key as often as the next two, as the next four, and so on.
    /// Whole numbers only, so that it draws the same on every machine.
    Zipf,
    /// The first transaction uses the first key of each of its participants, the second the second, and so on: none
    /// meets another before all keys were used.
    InTurn,
}

impl KeyChoice {
    fn draw(self, id: Gid, keys: u32, random: &mut Random) -> Key {
        match self {
            Self::InTurn => Key(id.0 % keys),
            Self::Evenly => Key(random.below(keys)),
            Self::Zipf => {
                // Ranks from 1 to `keys`, by octaves: the last may be cut short, and is then drawn more often.
                let octave = 1 << random.below(keys.ilog2() + 1);
                Key(octave - 1 + random.below(octave.min(keys - octave + 1)))
            }
        }
    }
}

/// What the transactions of a load do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadKind {
    /// Add to one key on each participant so that the total of all values stays as it was.
    Transfers,
    /// On each participant read one key and add to another, so that the total of all values stays as it was.
    Updates,
    /// On each participant append to one list, and as often as not read another. What is appended is the transaction's
    /// id: what a list is says who has written there, and in which order.
    Appends,
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
            key_choice: KeyChoice::Evenly,
            kind: LoadKind::Transfers,
            repeat_percent: 0,
        }
    }

    /// So many transactions of all sorts, over one to `participants_max` participants.
    pub fn mixed(transactions: u32, participants_max: u32) -> Self {
        let kind = LoadKind::Mixed;
        Self { participants_min: 1, kind, ..Self::transfers(transactions, participants_max) }
    }

    pub(crate) fn conserves_total(&self) -> bool {
        matches!(self.kind, LoadKind::Transfers | LoadKind::Updates)
    }

    pub(super) fn mistake(&self, participants: u32) -> Option<String> {
        let Self { participants_min: least, participants_max: most, keys, .. } = *self;
        if least == 0 || least > most || most > participants {
            return Some(format!(
                "the load asks for {least} to {most} participants a transaction: from 1 to {participants} are possible"
            ));
        }
        if keys == 0 || keys > KEYS_MAX {
            return Some(format!("the load uses {keys} keys: from 1 to {KEYS_MAX} are possible"));
        }
        (self.repeat_percent > 100).then(|| {
            format!("the load repeats {} of a hundred: from 0 to 100 are possible", self.repeat_percent)
        })
    }

    /// Draws one transaction.
    pub(crate) fn draw(&self, id: Gid, participants: u32, random: &mut Random) -> DistributedTransaction {
        let count = self.participants_min + random.below(self.participants_max - self.participants_min + 1);
        let mut transaction = DistributedTransaction::new(id, random.distinct(count, participants));
        match self.kind {
            LoadKind::Transfers => self.fill_transfer(&mut transaction, random),
            LoadKind::Updates => {
                for index in 0..transaction.participant_ids.len() {
                    let (participant, key) = (transaction.participant_ids[index], self.draw_key(id, random));
                    transaction.reads.push(Read { participant, key });
                }
                self.fill_transfer(&mut transaction, random);
            }
            LoadKind::Appends => self.fill_appends(&mut transaction, random),
            LoadKind::Mixed => self.fill_mixed(&mut transaction, random),
        }
        transaction
    }

    fn draw_key(&self, id: Gid, random: &mut Random) -> Key {
        self.key_choice.draw(id, self.keys, random)
    }

    fn fill_transfer(&self, transaction: &mut DistributedTransaction, random: &mut Random) {
        let id = transaction.id;
        let amount = 1 + i64::from(random.below(100));
        let others = transaction.participant_ids.len() as i64 - 1;
        transaction.writes.reserve_exact(transaction.participant_ids.len());
        for (index, &participant) in transaction.participant_ids.iter().enumerate() {
            let value = Value(if index == 0 { -amount * others } else { amount });
            let key = self.draw_key(id, random);
            transaction.writes.push(Write { participant, key, value, change: Change::Add });
        }
    }

    fn fill_appends(&self, transaction: &mut DistributedTransaction, random: &mut Random) {
        let id = transaction.id;
        for &participant in &transaction.participant_ids {
            if random.below(2) == 0 {
                let key = self.draw_key(id, random);
                transaction.reads.push(Read { participant, key });
            }
            let (key, value) = (self.draw_key(id, random), Value(id.0.into()));
            transaction.writes.push(Write { participant, key, value, change: Change::Append });
        }
    }

    fn fill_mixed(&self, transaction: &mut DistributedTransaction, random: &mut Random) {
        let id = transaction.id;
        for &participant in &transaction.participant_ids {
            let key = self.draw_key(id, random);
            match random.below(10) {
                0 => {}
                1..4 => transaction.reads.push(Read { participant, key }),
                _ => {
                    let value = Value(i64::from(random.below(1_000)));
                    transaction.writes.push(Write { participant, key, value, change: Change::Put });
                }
            }
        }
        if random.below(20) == 0 {
            transaction.ending = Ending::Abort;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Purpose;

    fn drawn(choice: KeyChoice, keys: u32) -> Vec<u32> {
        let mut random = Random::new(2, Purpose::Workload);
        let mut times = vec![0; keys as usize];
        (0..40_000).for_each(|id| times[choice.draw(Gid(id), keys, &mut random).0 as usize] += 1);
        times
    }

    #[test]
    fn a_few_keys_of_a_zipf_distribution_are_hot() {
        let times = drawn(KeyChoice::Zipf, 1_000);
        // Ten octaves, of which the first is one key: 4,000 expected, with a standard deviation of 60.
        assert!((3_700..4_300).contains(&times[0]), "{}", times[0]);
        assert!((1_700..2_300).contains(&times[1]) && (1_700..2_300).contains(&times[2]));
        assert!(times.iter().filter(|&&times| times > 0).count() > 950, "and all are in use");
        assert_eq!(drawn(KeyChoice::Zipf, 1), [40_000]);
        assert_eq!(drawn(KeyChoice::InTurn, 4), [10_000; 4]);
        assert!(drawn(KeyChoice::Evenly, 10).iter().all(|times| (3_700..4_300).contains(times)));
    }

    #[test]
    fn an_append_adds_the_transaction_itself_to_one_list_on_each_participant() {
        let load = Load { kind: LoadKind::Appends, ..Load::transfers(1, 3) };
        let mut random = Random::new(4, Purpose::Workload);
        let mut reads = 0;
        for id in 1..100 {
            let transaction = load.draw(Gid(id), 5, &mut random);
            let writes = transaction.writes.iter();
            assert!(writes.clone().map(|write| write.participant).eq(transaction.participant_ids));
            for write in writes {
                assert_eq!((write.change, write.value), (Change::Append, Value(id.into())));
            }
            reads += transaction.reads.len();
        }
        assert!((120..180).contains(&reads), "one in two reads another: {reads} of 297");
        assert!(!load.conserves_total());
    }

    #[test]
    fn all_keys_that_a_store_may_have_can_be_in_use() {
        let load = |keys| Load { keys, ..Load::transfers(1, 1) };
        assert_eq!(load(KEYS_MAX).mistake(1), None);
        assert!(load(KEYS_MAX + 1).mistake(1).is_some());
    }

    #[test]
    fn an_update_reads_and_moves_on_each_participant_and_moves_nothing_away() {
        let load = Load { kind: LoadKind::Updates, ..Load::transfers(1, 3) };
        let mut random = Random::new(4, Purpose::Workload);
        for id in 1..100 {
            let transaction = load.draw(Gid(id), 5, &mut random);
            assert_eq!((transaction.reads.len(), transaction.writes.len()), (3, 3));
            assert_eq!(transaction.writes.iter().map(|write| write.value.0).sum::<i64>(), 0);
        }
    }
}
