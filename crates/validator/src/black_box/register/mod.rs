//! Histories of registers: a value tells who wrote it, and nothing of the order of the writes. That is known only as
//! far as it is assumed or one transaction read what it overwrote.

mod reads;
mod versions;
mod witness;

use std::ops::Range;

use super::history::{Access, ClientHistory, Ending};
use super::inferred::Inferred;
use super::options::Assumptions;
use super::table::Table;
use super::words::Word;
use super::writers::{Marks, Writers};

pub(super) use versions::Versions;
pub(super) use witness::{Witness, search};

/// What a transaction did to a key, as others may see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Touch {
    pub(super) key: u32,
    /// What it read before it wrote, if that names a version.
    pub(super) read: Option<Word>,
    /// What it wrote last; if others may have written the same, what stands for this one.
    pub(super) written: Option<Word>,
}

/// What each transaction did to each key, as others may see it.
#[derive(Debug)]
pub(super) struct Touches {
    starts: Vec<u32>,
    /// By transaction.
    pub(super) all: Vec<Touch>,
    /// Whether each transaction is known to have happened: it was committed, or somebody who was read from it.
    happened: Vec<bool>,
    /// The values that were written more than once, by the number of what stands for them.
    repeated: Vec<Word>,
}

impl Touches {
    fn of(history: &ClientHistory, writers: &Writers) -> Self {
        let mut touches = Self {
            starts: vec![0],
            all: Vec::with_capacity(history.steps_total()),
            happened: history.transactions.iter().map(|one| one.ending == Ending::Committed).collect(),
            repeated: Vec::new(),
        };
        let mut touched = Marks::new(history);
        let mut places = vec![0; history.keys.len()];
        for (number, one, steps) in history.all() {
            for step in steps {
                let is_first = !touched.mark(step.key, number);
                if is_first {
                    places[step.key as usize] = touches.all.len();
                    touches.all.push(Touch { key: step.key, read: None, written: None });
                }
                let touch = &mut touches.all[places[step.key as usize]];
                match step.access {
                    Access::Write(value) if writers.is_repeated(step.key, value) => {
                        touch.written = Some(stand_in(touches.repeated.len()));
                        touches.repeated.push(value);
                    }
                    Access::Write(value) => touch.written = Some(value),
                    Access::Read(value)
                        if is_first && !writers.is_repeated_to(one.ending, step.key, value) =>
                    {
                        touch.read = Some(value);
                        let writer = writers.get(step.key, value);
                        if let Some(writer) = writer.filter(|_| one.ending == Ending::Committed) {
                            let writer = writer.transaction as usize;
                            touches.happened[writer] |=
                                history.transactions[writer].ending == Ending::Unknown;
                        }
                    }
                    Access::Read(_) | Access::ReadList { .. } => {}
                }
            }
            touches.starts.push(touches.all.len() as u32);
        }
        touches
    }

    /// Where those of one transaction stand.
    #[inline]
    pub(super) fn range(&self, transaction: u32) -> Range<u32> {
        self.starts[transaction as usize]..self.starts[transaction as usize + 1]
    }

    /// Those of one transaction.
    #[inline]
    pub(super) fn by(&self, transaction: u32) -> &[Touch] {
        let range = self.range(transaction);
        &self.all[range.start as usize..range.end as usize]
    }

    /// What was written, where something may stand for it.
    pub(super) fn value(&self, written: Word) -> Word {
        let place = stand_in(0).0.checked_sub(written.0);
        place.and_then(|place| self.repeated.get(place as usize)).copied().unwrap_or(written)
    }

    /// Whether the transaction is known to have happened.
    #[inline]
    pub(super) fn happened(&self, transaction: u32) -> bool {
        self.happened[transaction as usize]
    }
}

/// The word for the version that one write of a value made which was written more than once. No read names it. Texts
/// are numbered from below, and these from above, where none is.
fn stand_in(place: usize) -> Word {
    Word(Word::NIL.0 - 1 - place as u32)
}

/// Registers, and what is inferred from them.
pub(super) struct Registers {
    pub(super) touches: Touches,
    pub(super) versions: Versions,
    pub(super) inferred: Inferred,
}

/// Dependencies between transactions, and what is wrong without them.
pub(super) fn infer(history: &ClientHistory, writers: &Writers, assumptions: &Assumptions) -> Registers {
    let touches = Touches::of(history, writers);
    let mut inferred = Inferred::default();
    reads::check(history, writers, &mut inferred);
    let versions = Versions::of(history, &touches, assumptions, &mut inferred);
    versions.link(history, &mut inferred);
    Registers { touches, versions, inferred }
}

/// A number for each version of each key.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    table: Table,
    /// The key and the value of each.
    pub(super) named: Vec<(u32, Word)>,
}

impl Numbers {
    #[inline]
    pub(super) fn get_or_add(&mut self, key: u32, value: Word) -> u32 {
        let number = self.named.len() as u32;
        match self.table.insert((key, value.0), number) {
            Some(present) => present,
            None => {
                self.named.push((key, value));
                number
            }
        }
    }

    #[inline]
    pub(super) fn get(&self, key: u32, value: Word) -> Option<u32> {
        self.table.get((key, value.0))
    }
}
