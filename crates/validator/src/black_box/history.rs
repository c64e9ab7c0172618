//! What clients saw of a database, in compact form: for each transaction its client, how it ended, when it began and
//! was over, and what it read and wrote. Nothing here judges.

use super::lists::Lists;
use super::table::Table;
use super::words::{Word, Words};

/// No moment: never over, or the beginning not recorded.
pub(crate) const NEVER: u32 = u32::MAX;

/// What the values of a history are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// Lists that only grow: each append adds one element, each read shows all.
    ListAppend,
    /// Registers: each write replaces the value.
    Register,
    /// Accounts whose total stays.
    Bank,
}

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was committed.
    Committed,
    /// It was aborted: nothing of it happened.
    Aborted,
    /// Nobody knows: it may have happened, then or at any later time.
    Unknown,
}

/// What one step of a transaction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Adds this element to a list, or sets a register to this value.
    Write(Word),
    /// Finds a register like this; nil is its initial state, or a read whose result is not known.
    Read(Word),
    /// Finds the first elements of a branch of the list, so many.
    ReadList { branch: u32, length: u32 },
}

/// One step of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) key: u32,
    pub(crate) access: Access,
}

/// One transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transaction {
    pub(crate) process: u32,
    pub(crate) ending: Ending,
    /// The moment of its beginning among all of the history; [`NEVER`] if that was not recorded.
    pub(crate) begun: u32,
    /// The moment at which it was over; [`NEVER`] if nobody heard of that.
    pub(crate) over: u32,
    /// The name that the history gives it: the index of its completion.
    pub(crate) index: u32,
    /// Where its completion stands in the file.
    pub(crate) line: u32,
    first: u32,
    length: u32,
}

/// What clients saw.
#[derive(Clone, Debug, Default)]
pub struct ClientHistory {
    pub(crate) model: Option<Model>,
    /// In the order in which they were over; those of which nobody heard again come last.
    pub(crate) transactions: Vec<Transaction>,
    steps: Vec<Step>,
    /// The name of each process.
    pub(crate) processes: Vec<Word>,
    /// The name of each key.
    pub(crate) keys: Vec<Word>,
    key_numbers: Table,
    pub(crate) lists: Lists,
    pub(crate) words: Words,
    /// So many moments there are.
    pub(crate) moments: u32,
    /// Whether sessions stand for clients, and no times are recorded at all.
    pub(crate) has_sessions: bool,
}

impl ClientHistory {
    /// The model of its values; none if it has neither.
    pub fn model(&self) -> Option<Model> {
        self.model
    }

    /// The steps of a transaction, in order.
    #[inline]
    pub(crate) fn steps(&self, transaction: &Transaction) -> &[Step] {
        &self.steps[transaction.first as usize..][..transaction.length as usize]
    }

    /// How many steps all transactions have together.
    pub(crate) fn steps_total(&self) -> usize {
        self.steps.len()
    }

    /// All transactions with their numbers, and their steps.
    pub(crate) fn all(&self) -> impl Iterator<Item = (u32, &Transaction, &[Step])> {
        (0..).zip(&self.transactions).map(|(number, one)| (number, one, self.steps(one)))
    }

    /// Those that are known to have happened.
    pub(crate) fn committed(&self) -> impl Iterator<Item = (u32, &Transaction, &[Step])> {
        self.all().filter(|(_, one, _)| one.ending == Ending::Committed)
    }

    /// Those that happened or may have.
    pub(crate) fn possible(&self) -> impl Iterator<Item = (u32, &Transaction, &[Step])> {
        self.all().filter(|(_, one, _)| one.ending != Ending::Aborted)
    }

    /// The number of a key; none if there are too many.
    #[inline]
    pub(crate) fn key(&mut self, name: Word) -> Option<u32> {
        let number = u32::try_from(self.keys.len()).ok().filter(|&number| number != u32::MAX)?;
        match self.key_numbers.insert((name.0, 0), number) {
            Some(present) => Some(present),
            None => {
                self.keys.push(name);
                Some(number)
            }
        }
    }

    /// Keeps a transaction; `None` if there are more than can be counted.
    pub(crate) fn push(&mut self, mut transaction: Transaction, steps: &[Step]) -> Option<()> {
        transaction.first = u32::try_from(self.steps.len()).ok()?;
        transaction.length = u32::try_from(steps.len()).ok()?;
        // Numbers are 32 bits wide everywhere, and barriers of the order of time are numbered after transactions.
        if self.transactions.len() >= 1 << 30 || self.steps.len() + steps.len() > u32::MAX as usize {
            return None;
        }
        self.steps.extend_from_slice(steps);
        self.transactions.push(transaction);
        Some(())
    }

    /// The name of a key.
    pub(crate) fn show_key(&self, key: u32) -> String {
        self.words.show(self.keys[key as usize]).into_owned()
    }
}

impl Transaction {
    pub(crate) fn new(
        process: u32,
        ending: Ending,
        (begun, over): (u32, u32),
        index: u32,
        line: u32,
    ) -> Self {
        Self { process, ending, begun, over, index, line, first: 0, length: 0 }
    }
}
