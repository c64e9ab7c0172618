//! Joins what began to how it ended: from operations in the order in which they happened to a [`ClientHistory`].

use super::history::{Access, ClientHistory, Ending, NEVER, Step, Transaction};
use super::table::Table;
use super::words::Word;

/// Whether an operation begins or is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Invoked,
    Completed(Ending),
}

impl Phase {
    /// Whether what it did may have happened.
    pub(super) fn happened(self) -> bool {
        matches!(self, Self::Completed(Ending::Committed | Ending::Unknown))
    }
}

/// One operation, whose steps have been told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done {
    pub(super) process: Word,
    pub(super) phase: Phase,
    pub(super) index: Option<u32>,
    pub(super) line: u32,
    /// Whether the steps that were told are its own; otherwise those of its beginning are.
    pub(super) steps_known: bool,
}

/// A transaction that is not over.
#[derive(Clone, Debug)]
struct Open {
    begun: u32,
    index: u32,
    line: u32,
    steps: Vec<Step>,
}

/// Keeps what it is told.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    pub(super) history: ClientHistory,
    /// The steps of the operation that comes next.
    steps: Vec<Step>,
    processes: Table,
    /// What each process is at.
    open: Vec<Option<Open>>,
}

impl Recorder {
    /// A step that writes.
    #[inline]
    pub(super) fn write(&mut self, key: Word, value: Word) -> Option<()> {
        self.step(key, Access::Write(value))
    }

    /// A step that reads a register, or the initial state.
    #[inline]
    pub(super) fn read(&mut self, key: Word, value: Word) -> Option<()> {
        self.step(key, Access::Read(value))
    }

    /// A step that reads a list.
    #[inline]
    pub(super) fn read_list(&mut self, key: Word, elements: &[Word]) -> Option<()> {
        if elements.is_empty() {
            return self.step(key, Access::Read(Word::NIL));
        }
        let key = self.history.key(key)?;
        let (branch, length) = self.history.lists.place(key, elements);
        self.steps.push(Step { key, access: Access::ReadList { branch, length } });
        Some(())
    }

    #[inline]
    fn step(&mut self, key: Word, access: Access) -> Option<()> {
        let key = self.history.key(key)?;
        self.steps.push(Step { key, access });
        Some(())
    }

    /// The operation with the steps that were told; `None` if there are more than can be counted.
    pub(super) fn record(&mut self, done: Done) -> Option<()> {
        let now = self.history.moments;
        self.history.moments = now.checked_add(1).filter(|&next| next != NEVER)?;
        let index = done.index.unwrap_or(now);
        let process = self.process(done.process)?;
        let open = self.open[process as usize].take();
        match done.phase {
            Phase::Invoked => {
                if let Some(open) = open {
                    self.give_up(process, &open)?;
                }
                let steps = std::mem::take(&mut self.steps);
                self.open[process as usize] = Some(Open { begun: now, index, line: done.line, steps });
                Some(())
            }
            Phase::Completed(ending) => {
                let begun = open.as_ref().map_or(NEVER, |open| open.begun);
                let one = Transaction::new(process, ending, (begun, now), index, done.line);
                let mut spent = match open {
                    Some(open) if !done.steps_known => {
                        self.history.push(one, &open.steps)?;
                        open.steps
                    }
                    open => {
                        self.history.push(one, &self.steps)?;
                        open.map_or_else(Vec::new, |open| open.steps)
                    }
                };
                self.steps.clear();
                // The longer buffer is kept, so that few are made.
                if spent.capacity() > self.steps.capacity() {
                    spent.clear();
                    self.steps = spent;
                }
                Some(())
            }
        }
    }

    /// All has been told: of what is still open nobody knows the end.
    pub(super) fn finish(mut self) -> Option<ClientHistory> {
        let open = std::mem::take(&mut self.open);
        let mut left: Vec<(u32, Open)> =
            (0..).zip(open).filter_map(|(process, open)| Some((process, open?))).collect();
        left.sort_by_key(|(_, open)| open.begun);
        for (process, open) in &left {
            self.give_up(*process, open)?;
        }
        Some(self.history)
    }

    fn give_up(&mut self, process: u32, open: &Open) -> Option<()> {
        let one = Transaction::new(process, Ending::Unknown, (open.begun, NEVER), open.index, open.line);
        self.history.push(one, &open.steps)
    }

    #[inline]
    fn process(&mut self, name: Word) -> Option<u32> {
        let number = u32::try_from(self.open.len()).ok()?;
        match self.processes.insert((name.0, 0), number) {
            Some(present) => Some(present),
            None => {
                self.open.push(None);
                self.history.processes.push(name);
                Some(number)
            }
        }
    }
}
