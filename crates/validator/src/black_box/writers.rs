//! Who wrote what: a value that is written to a key once names its writer, and one that is written again names nobody.

use super::history::{Access, ClientHistory, Ending};
use super::promise::Promise;
use super::table::Table;
use super::words::Word;
use crate::isolation::Anomaly;

/// The transaction that wrote a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Writer {
    pub(super) transaction: u32,
    /// Whether it wrote to the key again later.
    pub(super) is_intermediate: bool,
}

/// In place of a writer: it may be one of several. Transactions have smaller numbers.
const ONE_OF_SEVERAL: u32 = 1 << 31;

/// Several wrote it, none of whom was aborted.
const REPEATED: u32 = 0;
/// Several wrote it, of whom some were aborted, and any of them may have been read.
const DIRTY: u32 = 1;
/// One wrote it, and others who were aborted: who was committed must have read it from the one.
const DISPUTED: u32 = 2;
/// Several wrote it, all of whom were aborted.
const UNDONE: u32 = 3;

/// The writer of each value of each key.
#[derive(Clone, Debug, Default)]
pub(super) struct Writers {
    table: Table,
    /// The values that were written again, and how.
    again: Table,
    /// The first that is repeated.
    pub(super) ambiguous: Option<(u32, Word)>,
    /// Whether what is promised rules out a circle with a missed write and one without alike.
    pub(super) may_be_passed: bool,
}

impl Writers {
    /// Those of a history. What was aborted is the writer only of what nobody else can have written; but where it may
    /// be read, it is a write like any other.
    pub(super) fn of(history: &ClientHistory, promise: &Promise) -> Self {
        let mut writers = Self { may_be_passed: promise.is_consistent_view(), ..Self::default() };
        let is_dirty = !promise.rules_out(Anomaly::G1a);
        let mut later = Marks::new(history);
        for aborted in [false, true] {
            for (number, one, steps) in history.all() {
                if (one.ending == Ending::Aborted) != aborted {
                    continue;
                }
                // From the end, so that a write to a key that was seen is one that was overwritten.
                for step in steps.iter().rev() {
                    let Access::Write(value) = step.access else { continue };
                    let is_intermediate = later.mark(step.key, number);
                    let packed = number << 1 | u32::from(is_intermediate);
                    let present = writers.table.insert((step.key, value.0), packed);
                    let Some(present) = present else { continue };
                    let is_possible = present == ONE_OF_SEVERAL
                        || history.transactions[(present >> 1) as usize].ending != Ending::Aborted;
                    let kind = match is_possible {
                        _ if !aborted => REPEATED,
                        _ if is_dirty || present == ONE_OF_SEVERAL => DIRTY,
                        true => DISPUTED,
                        false => UNDONE,
                    };
                    writers.repeat(step.key, value, kind);
                    // Whichever of several aborted ones wrote it, it was aborted.
                    if is_possible && kind <= DIRTY {
                        writers.table.replace((step.key, value.0), ONE_OF_SEVERAL);
                    }
                }
            }
        }
        writers
    }

    fn repeat(&mut self, key: u32, value: Word, kind: u32) {
        self.again.replace((key, value.0), kind);
        if kind <= DIRTY {
            self.ambiguous.get_or_insert((key, value));
        }
    }

    /// The writer; none if nobody wrote it, or one of several.
    #[inline]
    pub(super) fn get(&self, key: u32, value: Word) -> Option<Writer> {
        let packed = self.table.get((key, value.0)).filter(|&packed| packed != ONE_OF_SEVERAL)?;
        Some(Writer { transaction: packed >> 1, is_intermediate: packed & 1 == 1 })
    }

    /// Whether two who found this value may have found two versions, each with a writer of its own.
    #[inline]
    pub(super) fn is_repeated(&self, key: u32, value: Word) -> bool {
        matches!(self.again.get((key, value.0)), Some(REPEATED | DIRTY))
    }

    /// Whether it names nobody, and whoever wrote it may have happened.
    pub(super) fn is_of_somebody(&self, key: u32, value: Word) -> bool {
        self.again.get((key, value.0)) == Some(REPEATED)
    }

    /// Whether any value was written again at all.
    pub(super) fn are_some_again(&self) -> bool {
        !self.again.is_empty()
    }

    /// Whether an aborted transaction wrote the last of these elements too.
    pub(super) fn is_disputed(&self, key: u32, elements: &[Word]) -> bool {
        elements.last().is_some_and(|last| self.again.get((key, last.0)) == Some(DISPUTED))
    }

    /// Whether that is so for somebody who ended like this: who was not committed may have read what was aborted.
    #[inline]
    pub(super) fn is_repeated_to(&self, reader: Ending, key: u32, value: Word) -> bool {
        match self.again.get((key, value.0)) {
            None => false,
            Some(REPEATED | DIRTY) => true,
            Some(_) => reader != Ending::Committed,
        }
    }
}

/// Which keys a transaction has touched, for one transaction after the other.
#[derive(Clone, Debug)]
pub(super) struct Marks {
    last: Vec<u32>,
}

impl Marks {
    pub(super) fn new(history: &ClientHistory) -> Self {
        Self { last: vec![u32::MAX; history.keys.len()] }
    }

    /// Marks the key for this transaction, and says whether it was marked.
    #[inline]
    pub(super) fn mark(&mut self, key: u32, transaction: u32) -> bool {
        std::mem::replace(&mut self.last[key as usize], transaction) == transaction
    }

    #[inline]
    pub(super) fn is_marked(&self, key: u32, transaction: u32) -> bool {
        self.last[key as usize] == transaction
    }
}
