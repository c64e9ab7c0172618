//! The order of the versions of each list, as the longest read tells it, and who wrote and who read each.

use std::ops::Range;

use super::super::history::{Access, ClientHistory, Ending};
use super::super::rows::Rows;
use super::super::table::Table;
use super::super::words::Word;
use super::super::writers::Writers;

/// No transaction that is known to have happened.
pub(super) const NOBODY: u32 = u32::MAX;
/// One of several, of which none was aborted.
pub(super) const SOMEBODY: u32 = u32::MAX - 1;

/// Versions are numbered through all keys: first that of the empty list, then one for each element.
#[derive(Debug)]
pub(super) struct Orders {
    /// The first version of each key; one more at the end.
    starts: Vec<u32>,
    /// The writer of each version, unless it is not known or was aborted.
    pub(super) writers: Vec<u32>,
    /// The element that each version added; that of the empty list means nothing.
    elements: Vec<Word>,
    /// The branch that each key's order is of, and whether a place on it is a place in the order.
    branches: Vec<(u32, bool)>,
    /// Each element's place in the order.
    places: Table,
}

impl Orders {
    pub(super) fn of(history: &ClientHistory, writers: &Writers) -> Self {
        let keys = history.keys.len() as u32;
        let mut orders = Self {
            starts: Vec::with_capacity(keys as usize + 1),
            writers: Vec::new(),
            elements: Vec::new(),
            branches: Vec::with_capacity(keys as usize),
            places: Table::default(),
        };
        let reach = Reach::of(history, writers);
        for key in 0..keys {
            let (branch, elements) = history.lists.longest(key);
            let start = orders.elements.len();
            orders.starts.push(start as u32);
            orders.elements.push(Word::NIL);
            orders.writers.push(NOBODY);
            for &element in elements {
                let place = (orders.elements.len() - start) as u32;
                let ending =
                    if place <= reach.of_branch(branch) { Ending::Committed } else { Ending::Unknown };
                let is_repeated = writers.is_repeated_to(ending, key, element);
                // What is there twice counts where it is first, unless it was appended twice.
                if orders.places.insert((key, element.0), place).is_none() || is_repeated {
                    orders.elements.push(element);
                    orders.writers.push(match is_repeated {
                        true if writers.is_of_somebody(key, element) => SOMEBODY,
                        true => NOBODY,
                        false => happened(history, writers, key, element).unwrap_or(NOBODY),
                    });
                }
            }
            let is_whole = orders.elements.len() - start == elements.len() + 1;
            orders.branches.push((branch, is_whole));
        }
        orders.starts.push(orders.elements.len() as u32);
        orders
    }

    /// The elements of a key in their order.
    pub(super) fn elements(&self, key: u32) -> &[Word] {
        let versions = self.versions(key);
        &self.elements[versions.start as usize + 1..versions.end as usize]
    }

    /// The versions of a key.
    pub(super) fn versions(&self, key: u32) -> Range<u32> {
        self.starts[key as usize]..self.starts[key as usize + 1]
    }

    /// Who wrote a version.
    pub(super) fn writer(&self, version: u32) -> u32 {
        self.writers[version as usize]
    }

    /// Whether the order has a place for this element.
    pub(super) fn holds(&self, key: u32, element: Word) -> bool {
        self.places.get((key, element.0)).is_some()
    }

    /// Whether a read of a list has shown this element.
    #[inline]
    pub(super) fn shows(
        &self,
        history: &ClientHistory,
        (key, branch, length): (u32, u32, u32),
        element: Word,
    ) -> bool {
        if self.branches[key as usize] == (branch, true) {
            return self.places.get((key, element.0)).is_some_and(|place| place <= length);
        }
        history.lists.elements(branch, length).contains(&element)
    }

    /// The version that a read of a list has shown.
    #[inline]
    fn version(
        &self,
        history: &ClientHistory,
        writers: &Writers,
        (key, branch, length): (u32, u32, u32),
    ) -> Option<u32> {
        let start = self.starts[key as usize];
        if self.branches[key as usize] == (branch, true) {
            return Some(start + length);
        }
        let last = *history.lists.elements(branch, length).last()?;
        if writers.is_repeated(key, last) {
            return None;
        }
        self.places.get((key, last.0)).map(|place| start + place)
    }

    /// Who read each version. What transactions read of whose end nobody knows counts, where they told.
    pub(super) fn readers(&self, history: &ClientHistory, writers: &Writers) -> Readers {
        let mut reads: Vec<(u32, u32)> = Vec::new();
        let mut unordered = Vec::new();
        for (number, one, steps) in history.possible() {
            for step in steps {
                let version = match step.access {
                    // Nobody knows whether its reader was to see it.
                    Access::ReadList { branch, length }
                        if one.ending == Ending::Unknown
                            && writers.is_disputed(step.key, history.lists.elements(branch, length)) =>
                    {
                        continue;
                    }
                    Access::Read(_) => Some(self.starts[step.key as usize]),
                    Access::ReadList { branch, length } => {
                        self.version(history, writers, (step.key, branch, length))
                    }
                    Access::Write(_) => continue,
                };
                match (version, step.access) {
                    (Some(version), _) => reads.push((version, number)),
                    (None, Access::ReadList { branch, length }) => {
                        let last = history.lists.elements(branch, length).last();
                        let writer = last.and_then(|&last| happened(history, writers, step.key, last));
                        unordered.extend(writer.map(|writer| (step.key, writer, number)));
                    }
                    (None, _) => {}
                }
            }
        }
        Readers { rows: Rows::of(&reads, self.elements.len()), unordered }
    }
}

/// The writer of an element, unless that was aborted.
fn happened(history: &ClientHistory, writers: &Writers, key: u32, element: Word) -> Option<u32> {
    let writer = writers.get(key, element)?.transaction;
    (history.transactions[writer as usize].ending != Ending::Aborted).then_some(writer)
}

/// How far along each branch what was committed has read. Beyond that, what was aborted may be seen.
struct Reach {
    /// Empty if it makes no difference.
    by_branch: Vec<u32>,
}

impl Reach {
    fn of(history: &ClientHistory, writers: &Writers) -> Self {
        if !writers.are_some_again() {
            return Self { by_branch: Vec::new() };
        }
        let mut by_branch = vec![0; history.lists.branches.len()];
        for step in history.committed().flat_map(|(_, _, steps)| steps) {
            if let Access::ReadList { branch, length } = step.access {
                let reach: &mut u32 = &mut by_branch[branch as usize];
                *reach = length.max(*reach);
            }
        }
        Self { by_branch }
    }

    fn of_branch(&self, branch: u32) -> u32 {
        self.by_branch.get(branch as usize).copied().unwrap_or(u32::MAX)
    }
}

/// Who read each version.
#[derive(Debug)]
pub(super) struct Readers {
    /// By version.
    pub(super) rows: Rows,
    /// Reads of versions that have no place in the order: the key, the writer and the reader.
    pub(super) unordered: Vec<(u32, u32, u32)>,
}
