//! What a transaction sees of itself: of each list what it read before and what it appended since (Cerone, Bernardi
//! and Gotsman's axiom INT), and nothing that it appends only later.

use super::super::findings::Findings;
use super::super::history::{Access, ClientHistory, Step};
use super::super::story::Story;
use super::super::words::Word;
use super::super::writers::{Marks, Writers};
use super::orders::Orders;
use crate::isolation::Anomaly;

/// What a transaction must see of a key.
#[derive(Clone, Debug, Default)]
struct Expected {
    /// The last read, unless there was none.
    read: Option<(u32, u32)>,
    /// The longest read, unless there was none.
    longest: Option<(u32, u32)>,
    /// What was appended since.
    appended: Vec<Word>,
}

pub(super) fn check(history: &ClientHistory, writers: &Writers, orders: &Orders, findings: &mut Findings) {
    let mut transaction = Own {
        history,
        writers,
        touched: Marks::new(history),
        slots: vec![0; history.keys.len()],
        expected: Vec::new(),
    };
    for (number, _, steps) in history.committed() {
        if steps.len() < 2 {
            continue;
        }
        let mut used = 0;
        for step in steps {
            if !transaction.touched.mark(step.key, number) {
                transaction.slots[step.key as usize] = used;
                used += 1;
                transaction.reset(used);
            }
            transaction.future(number, *step, orders, findings);
            transaction.step(number, *step, findings);
        }
    }
}

/// One transaction after the other.
struct Own<'a> {
    history: &'a ClientHistory,
    writers: &'a Writers,
    touched: Marks,
    /// Where the expectation of each key that is touched stands.
    slots: Vec<usize>,
    expected: Vec<Expected>,
}

impl Own<'_> {
    fn reset(&mut self, used: usize) {
        if self.expected.len() < used {
            self.expected.push(Expected::default());
        }
        let expected = &mut self.expected[used - 1];
        (expected.read, expected.longest) = (None, None);
        expected.appended.clear();
    }

    fn step(&mut self, number: u32, step: Step, findings: &mut Findings) {
        let lists = &self.history.lists;
        let expected = &mut self.expected[self.slots[step.key as usize]];
        let read = match step.access {
            Access::Write(element) => {
                expected.appended.push(element);
                return;
            }
            Access::Read(_) => (0, 0),
            Access::ReadList { branch, length } => (branch, length),
        };
        let elements = |(branch, length)| if length == 0 { &[] } else { lists.elements(branch, length) };
        let own = expected.appended.as_slice();
        let is_right = match (expected.read, elements(read)) {
            (None, found) => found.ends_with(own),
            (Some(before), _) if before == read && own.is_empty() => true,
            (Some(before), found) => found.strip_prefix(elements(before)).is_some_and(|rest| rest == own),
        };
        if !is_right {
            let story = Story::new(self.history);
            findings.add(Anomaly::Internal, || {
                let mut known = expected.read.map_or_else(Vec::new, |before| elements(before).to_vec());
                known.extend_from_slice(own);
                let start = if expected.read.is_some() { "" } else { "something that ends with " };
                let wrong = format!(
                    "{} read {} of {}, where it must have found {start}{}",
                    story.name(number),
                    story.list(elements(read)),
                    self.history.show_key(step.key),
                    story.list(&known)
                );
                story.finding(&[number], vec![wrong])
            });
        }
        expected.read = Some(read);
        if expected.longest.is_none_or(|(_, length)| length < read.1) {
            expected.longest = Some(read);
        }
        expected.appended.clear();
    }

    /// Whether the step appends what a step before it has read.
    fn future(&self, number: u32, step: Step, orders: &Orders, findings: &mut Findings) {
        let Access::Write(element) = step.access else { return };
        let longest = self.expected[self.slots[step.key as usize]].longest;
        let Some((branch, length @ 1..)) = longest else { return };
        if !orders.shows(self.history, (step.key, branch, length), element)
            || self.writers.is_repeated(step.key, element)
        {
            return;
        }
        findings.add(Anomaly::FutureRead, || {
            let story = Story::new(self.history);
            let (name, element) = (story.name(number), story.word(element));
            let key = self.history.show_key(step.key);
            story.finding(&[number], vec![format!("{name} read {element} in {key} before it appended it")])
        });
    }
}
