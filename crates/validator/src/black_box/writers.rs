//! Who wrote what: since every value is written to a key once, a value names its writer.

use super::history::{Access, ClientHistory, Ending};
use super::table::Table;
use super::words::Word;

/// The transaction that wrote a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Writer {
    pub(super) transaction: u32,
    /// Whether it wrote to the key again later.
    pub(super) is_intermediate: bool,
}

/// The writer of each value of each key.
#[derive(Clone, Debug, Default)]
pub(super) struct Writers {
    table: Table,
    /// A key and a value that two transactions may have written, if there is one: its reads name nobody.
    pub(super) ambiguous: Option<(u32, Word)>,
}

impl Writers {
    /// Those of a history. What was aborted is the writer only of what nobody else can have written.
    pub(super) fn of(history: &ClientHistory) -> Self {
        let mut writers = Self::default();
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
                    if writers.table.insert((step.key, value.0), packed).is_some() && !aborted {
                        writers.ambiguous.get_or_insert((step.key, value));
                    }
                }
            }
        }
        writers
    }

    #[inline]
    pub(super) fn get(&self, key: u32, value: Word) -> Option<Writer> {
        let packed = self.table.get((key, value.0))?;
        Some(Writer { transaction: packed >> 1, is_intermediate: packed & 1 == 1 })
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
