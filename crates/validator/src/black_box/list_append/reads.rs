//! What is wrong with a read of a list by itself: it shows what was aborted, what nobody appended, what is there twice,
//! a state between two appends of one transaction, or an order that another read contradicts.

use super::super::findings::Findings;
use super::super::history::{Access, ClientHistory, Ending};
use super::super::story::Story;
use super::super::words::Word;
use super::super::writers::{Writer, Writers};
use crate::isolation::Anomaly;

/// The first place on a branch from which reads are wrong in each way; `u32::MAX` if none is.
#[derive(Clone, Copy, Debug)]
struct Faults {
    aborted: u32,
    garbage: u32,
    duplicate: u32,
    incompatible: u32,
}

impl Faults {
    const NONE: Self =
        Self { aborted: u32::MAX, garbage: u32::MAX, duplicate: u32::MAX, incompatible: u32::MAX };
}

pub(super) fn check(history: &ClientHistory, writers: &Writers, findings: &mut Findings) {
    let faults = faults(history, writers);
    let mut incompatible = Incompatible::default();
    for (number, one, steps) in history.possible() {
        for step in steps {
            let Access::ReadList { branch, length } = step.access else { continue };
            let fault = &faults[branch as usize];
            let read = Read { history, number, key: step.key, branch, length };
            if one.ending == Ending::Committed {
                if length > fault.aborted {
                    read.aborted(writers, fault.aborted, findings);
                }
                read.intermediate(writers, findings);
            }
            if length > fault.garbage {
                read.garbage(fault.garbage, findings);
            }
            if length > fault.duplicate && !read.is_repeated(writers, one.ending, fault.duplicate) {
                read.duplicate(fault.duplicate, findings);
            }
            if length > fault.incompatible {
                incompatible.add(step.key, number, branch, length);
            }
        }
    }
    incompatible.tell(history, findings);
}

/// What is wrong with each branch.
fn faults(history: &ClientHistory, writers: &Writers) -> Vec<Faults> {
    let mut faults = vec![Faults::NONE; history.lists.branches.len()];
    let mut sorted: Vec<(Word, u32)> = Vec::new();
    for (branch, fault) in history.lists.branches.iter().zip(&mut faults) {
        for (place, &element) in (0..).zip(&branch.elements) {
            match writers.get(branch.key, element).map(|writer| ending(history, writer)) {
                Some(Ending::Aborted) => fault.aborted = fault.aborted.min(place),
                Some(Ending::Committed | Ending::Unknown) => {}
                None if writers.is_repeated(branch.key, element) => {}
                None => fault.garbage = fault.garbage.min(place),
            }
        }
        sorted.clear();
        sorted.extend(branch.elements.iter().copied().zip(0..));
        sorted.sort_unstable();
        let twice = sorted
            .windows(2)
            .filter(|pair| pair[0].0 == pair[1].0 && !writers.is_repeated(branch.key, pair[0].0));
        fault.duplicate = twice.map(|pair| pair[1].1).min().unwrap_or(u32::MAX);
        let (_, longest) = history.lists.longest(branch.key);
        let shared = longest.iter().zip(&branch.elements).take_while(|(one, other)| one == other).count();
        if shared < branch.elements.len() {
            fault.incompatible = shared as u32;
        }
    }
    faults
}

fn ending(history: &ClientHistory, writer: Writer) -> Ending {
    history.transactions[writer.transaction as usize].ending
}

/// One read of a list.
#[derive(Clone, Copy)]
struct Read<'a> {
    history: &'a ClientHistory,
    number: u32,
    key: u32,
    branch: u32,
    length: u32,
}

impl Read<'_> {
    fn elements(&self) -> &[Word] {
        self.history.lists.elements(self.branch, self.length)
    }

    fn is_repeated(&self, writers: &Writers, ending: Ending, place: u32) -> bool {
        writers.is_repeated_to(ending, self.key, self.elements()[place as usize])
    }

    fn aborted(&self, writers: &Writers, place: u32, findings: &mut Findings) {
        let element = self.elements()[place as usize];
        let Some(writer) = writers.get(self.key, element) else { return };
        findings.add(Anomaly::G1a, || {
            let story = Story::new(self.history);
            let wrong = format!(
                "{} was aborted, but {} read its {} of {}",
                story.name(writer.transaction),
                story.name(self.number),
                story.word(element),
                self.history.show_key(self.key)
            );
            story.finding(&[writer.transaction, self.number], vec![wrong])
        });
    }

    fn intermediate(&self, writers: &Writers, findings: &mut Findings) {
        let Some(&last) = self.elements().last() else { return };
        let Some(writer) = writers.get(self.key, last) else { return };
        let is_own = writer.transaction == self.number;
        if !writer.is_intermediate || is_own || writers.is_repeated(self.key, last) {
            return;
        }
        findings.add(Anomaly::G1b, || {
            let story = Story::new(self.history);
            let wrong = format!(
                "{} read {} of {} with {} at its end, but {} appended to it again after that",
                story.name(self.number),
                story.list(self.elements()),
                self.history.show_key(self.key),
                story.word(last),
                story.name(writer.transaction)
            );
            story.finding(&[writer.transaction, self.number], vec![wrong])
        });
    }

    fn garbage(&self, place: u32, findings: &mut Findings) {
        findings.add(Anomaly::GarbageRead, || {
            let story = Story::new(self.history);
            let (name, key) = (story.name(self.number), self.history.show_key(self.key));
            let element = story.word(self.elements()[place as usize]);
            story.finding(
                &[self.number],
                vec![format!("{name} read {element} in {key}, which nobody appended")],
            )
        });
    }

    fn duplicate(&self, place: u32, findings: &mut Findings) {
        findings.add(Anomaly::DuplicateElements, || {
            let story = Story::new(self.history);
            let (name, key) = (story.name(self.number), self.history.show_key(self.key));
            let element = story.word(self.elements()[place as usize]);
            let list = story.list(self.elements());
            let wrong = format!("{name} read {list} of {key}, where {element} is twice");
            story.finding(&[self.number], vec![wrong])
        });
    }
}

/// For each key whose reads contradict each other, the first of them.
#[derive(Default)]
struct Incompatible {
    reads: Vec<(u32, u32, u32, u32)>,
}

impl Incompatible {
    fn add(&mut self, key: u32, number: u32, branch: u32, length: u32) {
        if !self.reads.iter().rev().take(64).any(|&(known, ..)| known == key) {
            self.reads.push((key, number, branch, length));
        }
    }

    fn tell(mut self, history: &ClientHistory, findings: &mut Findings) {
        self.reads.sort_unstable();
        self.reads.dedup_by_key(|read| read.0);
        for (key, number, branch, length) in self.reads {
            findings.add(Anomaly::IncompatibleOrder, || {
                let story = Story::new(history);
                let elements = history.lists.elements(branch, length);
                let (longest, whole) = history.lists.longest(key);
                let mut wrong = format!(
                    "{} read {} of {}",
                    story.name(number),
                    story.list(elements),
                    history.show_key(key)
                );
                let mut about = vec![number];
                let reads = history.possible().find(|(_, _, steps)| {
                    steps.iter().any(|step| {
                        step.access == Access::ReadList { branch: longest, length: whole.len() as u32 }
                    })
                });
                if let Some((other, ..)) = reads {
                    about.push(other);
                    let name = story.name(other);
                    wrong =
                        format!("{wrong}, and {name} {}: neither begins like the other", story.list(whole));
                }
                story.finding(&about, vec![wrong])
            });
        }
    }
}
