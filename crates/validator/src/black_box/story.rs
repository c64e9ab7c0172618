//! How what transactions did is told.

use super::findings::Finding;
use super::history::{Access, ClientHistory, NEVER, Step};
use super::words::Word;
use super::writers::Writers;
use crate::isolation::{Cycle, Dependency, Edge};

/// So many elements of a list are shown, the last of them.
const ELEMENTS_MAX: usize = 12;
/// So many steps of a transaction are shown.
const STEPS_MAX: usize = 24;

/// Tells about the transactions of a history.
#[derive(Clone, Copy)]
pub(super) struct Story<'a> {
    history: &'a ClientHistory,
    writers: Option<&'a Writers>,
}

impl<'a> Story<'a> {
    pub(super) fn new(history: &'a ClientHistory) -> Self {
        Self { history, writers: None }
    }

    /// Tells of dependencies by values that name their writer, as far as there are any.
    pub(super) fn naming(self, writers: &'a Writers) -> Self {
        Self { writers: Some(writers), ..self }
    }

    fn is_name(self, key: u32, value: Word) -> bool {
        self.writers.is_none_or(|writers| !writers.is_repeated(key, value))
    }

    /// What a transaction is called.
    pub(super) fn name(self, transaction: u32) -> String {
        format!("T{}", self.history.transactions[transaction as usize].index)
    }

    /// Who ran a transaction, where it stands, and all that it did.
    pub(super) fn whole(self, transaction: u32) -> String {
        let one = &self.history.transactions[transaction as usize];
        let steps = self.history.steps(one);
        let mut told: Vec<String> = steps.iter().take(STEPS_MAX).map(|step| self.step(*step)).collect();
        if steps.len() > STEPS_MAX {
            told.push(format!("and {} steps more", steps.len() - STEPS_MAX));
        }
        let process = self.history.words.show(self.history.processes[one.process as usize]);
        let who = if self.history.has_sessions { "session" } else { "process" };
        let name = self.name(transaction);
        format!("{name} ({who} {process}, line {}): {}", one.line, told.join(", "))
    }

    /// A finding about these transactions: what each did, and then what is wrong.
    pub(super) fn finding(self, transactions: &[u32], wrong: Vec<String>) -> Finding {
        let mut story: Vec<String> = transactions.iter().map(|&one| self.whole(one)).collect();
        story.extend(wrong);
        let transactions = transactions.iter().map(|&one| self.name(one)).collect();
        Finding { transactions, story, shortest: true }
    }

    /// A circle of dependencies.
    pub(super) fn cycle(self, cycle: &Cycle) -> Finding {
        let transactions: Vec<u32> = cycle.edges.iter().map(|edge| edge.from).collect();
        let last = cycle.edges.len() - 1;
        let because = cycle.edges.iter().enumerate().map(|(index, edge)| {
            let (from, to) = (self.name(edge.from), self.name(edge.to));
            let why = self.because(edge);
            match index {
                _ if index == last => format!("{from} before {to}: {why}, which closes the circle"),
                _ => format!("{from} before {to}: {why}"),
            }
        });
        let mut finding = self.finding(&transactions, because.collect());
        finding.shortest = cycle.proven_minimal;
        finding
    }

    /// Why the first comes before the second.
    fn because(self, edge: &Edge) -> String {
        let (from, to) = (self.name(edge.from), self.name(edge.to));
        match edge.dependency {
            Dependency::Process => format!("the same client ran {from} and then {to}"),
            Dependency::RealTime => format!("{from} was over before {to} began"),
            Dependency::WriteWrite => {
                let key = self.history.show_key(edge.key);
                match (self.write(edge.from, edge.key), self.write(edge.to, edge.key)) {
                    (Some(first), Some(second)) => {
                        format!("{from} wrote {first} to {key}, and {to} wrote {second} to it later")
                    }
                    _ => format!("{from} must come before {to} for what was read of {key}"),
                }
            }
            Dependency::WriteRead => {
                let (key, value) = (self.history.show_key(edge.key), self.read_of(edge));
                format!("{to} read {value} of {key}, which {from} wrote")
            }
            Dependency::ReadWrite => {
                let (key, value) = (self.history.show_key(edge.key), self.missed(edge));
                format!("{from} did not see {value} in {key}, which {to} wrote")
            }
        }
    }

    fn steps(self, transaction: u32) -> &'a [Step] {
        self.history.steps(&self.history.transactions[transaction as usize])
    }

    /// The last value that a transaction wrote to a key.
    fn write(self, transaction: u32, key: u32) -> Option<String> {
        let mut writes = self.steps(transaction).iter().rev().filter_map(|step| match step.access {
            Access::Write(value) if step.key == key => Some(value),
            _ => None,
        });
        let last = writes.clone().next()?;
        Some(self.word(writes.find(|&value| self.is_name(key, value)).unwrap_or(last)))
    }

    /// What the second read of the key that the first wrote.
    fn read_of(self, edge: &Edge) -> String {
        let written = |value: &Word| {
            self.is_name(edge.key, *value)
                && self
                    .steps(edge.from)
                    .iter()
                    .any(|step| step.key == edge.key && step.access == Access::Write(*value))
        };
        let reads = self.steps(edge.to).iter().filter(|step| step.key == edge.key);
        let last = reads.clone().filter_map(|step| self.last_seen(*step)).find(written);
        // Above it may stand what names nobody.
        let below =
            || reads.clone().find_map(|step| self.list_seen(*step).iter().rev().copied().find(written));
        last.or_else(below).map_or_else(|| "a value".to_owned(), |value| self.word(value))
    }

    /// What the second wrote to the key that the first had not seen when it read.
    fn missed(self, edge: &Edge) -> String {
        let seen = |value: Word| {
            self.steps(edge.from).iter().filter(|step| step.key == edge.key).any(|step| match step.access {
                Access::ReadList { branch, length } => {
                    self.history.lists.elements(branch, length).contains(&value)
                }
                Access::Read(found) => found == value,
                Access::Write(_) => false,
            })
        };
        let writes = self.steps(edge.to).iter().filter_map(|step| match step.access {
            Access::Write(value) if step.key == edge.key => Some(value),
            _ => None,
        });
        let missed = writes.clone().find(|&value| !seen(value)).or_else(|| writes.clone().next());
        missed.map_or_else(|| "a value".to_owned(), |value| self.word(value))
    }

    /// The last element of a list that was read, or the value of a register.
    fn last_seen(self, step: Step) -> Option<Word> {
        match step.access {
            Access::ReadList { .. } => self.list_seen(step).last().copied(),
            Access::Read(value) => Some(value),
            Access::Write(_) => None,
        }
    }

    fn list_seen(self, step: Step) -> &'a [Word] {
        match step.access {
            Access::ReadList { branch, length } => self.history.lists.elements(branch, length),
            Access::Read(_) | Access::Write(_) => &[],
        }
    }

    pub(super) fn word(self, word: Word) -> String {
        self.history.words.show(word).into_owned()
    }

    /// What one step did.
    pub(super) fn step(self, step: Step) -> String {
        let key = self.history.show_key(step.key);
        match step.access {
            Access::Write(value) if self.history.model() == Some(super::Model::ListAppend) => {
                format!("appended {} to {key}", self.word(value))
            }
            Access::Write(value) => format!("wrote {} to {key}", self.word(value)),
            Access::Read(Word::NIL) => format!("read nothing of {key}"),
            Access::Read(value) => format!("read {} of {key}", self.word(value)),
            Access::ReadList { branch, length } => {
                format!("read {} of {key}", self.list(self.history.lists.elements(branch, length)))
            }
        }
    }

    /// A list, the end of it if it is long.
    pub(super) fn list(self, elements: &[Word]) -> String {
        let hidden = elements.len().saturating_sub(ELEMENTS_MAX);
        let shown: Vec<String> = elements[hidden..].iter().map(|&element| self.word(element)).collect();
        match hidden {
            0 => format!("[{}]", shown.join(" ")),
            _ => format!("[.. {hidden} more .. {}]", shown.join(" ")),
        }
    }

    /// The transactions in the order in which they began, with when that was and when they were over.
    pub(super) fn timeline(self, transactions: &[u32]) -> Vec<String> {
        let mut moments: Vec<(u32, String)> = Vec::new();
        for &number in transactions {
            let one = &self.history.transactions[number as usize];
            if one.begun != NEVER {
                moments.push((one.begun, format!("{} begins", self.name(number))));
            }
            if one.over != NEVER {
                moments.push((one.over, format!("{} is over", self.whole(number))));
            }
        }
        moments.sort();
        moments.into_iter().map(|(_, told)| told).collect()
    }
}
