//! What is wrong with a read of a register by itself: it shows what was aborted, what was overwritten by its own
//! writer, what nobody wrote, or not what the transaction itself saw or wrote last.

use super::super::findings::Findings;
use super::super::history::{Access, ClientHistory, Ending};
use super::super::inferred::Inferred;
use super::super::story::Story;
use super::super::words::Word;
use super::super::writers::{Marks, Writers};
use crate::isolation::Anomaly;

pub(super) fn check(history: &ClientHistory, writers: &Writers, inferred: &mut Inferred) {
    let mut last = vec![(Word::NIL, false); history.keys.len()];
    let mut touched = Marks::new(history);
    for (number, _, steps) in history.committed() {
        for step in steps {
            let expected = touched.mark(step.key, number).then_some(last[step.key as usize]);
            match step.access {
                Access::Write(value) => last[step.key as usize] = (value, true),
                Access::Read(value) => {
                    last[step.key as usize] = (value, false);
                    let read = Read { history, number, key: step.key, value };
                    read.compare(expected, &mut inferred.findings);
                    read.trace(expected.map(|(value, _)| value), writers, &mut inferred.findings);
                }
                Access::ReadList { .. } => {}
            }
        }
    }
}

struct Read<'a> {
    history: &'a ClientHistory,
    number: u32,
    key: u32,
    value: Word,
}

impl Read<'_> {
    /// Whether it is what the transaction saw or wrote last.
    fn compare(&self, expected: Option<(Word, bool)>, findings: &mut Findings) {
        let Some((expected, is_own)) = expected.filter(|&(expected, _)| expected != self.value) else {
            return;
        };
        let anomaly = if is_own { Anomaly::Internal } else { Anomaly::UnrepeatableRead };
        let wrong = |story: Story<'_>| match expected {
            Word::NIL => "after it had read nothing of it".to_owned(),
            value => format!("where it must have found {}", story.word(value)),
        };
        self.tell(anomaly, None, wrong, findings);
    }

    /// Whether what its writer wrote may be seen.
    fn trace(&self, expected: Option<Word>, writers: &Writers, findings: &mut Findings) {
        if self.value == Word::NIL || expected == Some(self.value) {
            return;
        }
        let Some(writer) = writers.get(self.key, self.value) else {
            if !writers.is_repeated(self.key, self.value) {
                self.tell(Anomaly::GarbageRead, None, |_| "which nobody wrote".to_owned(), findings);
            }
            return;
        };
        let transaction = writer.transaction;
        let (anomaly, wrong) = if self.history.transactions[transaction as usize].ending == Ending::Aborted {
            (Anomaly::G1a, "was aborted")
        } else if transaction == self.number {
            if !self.reads_its_future() {
                return;
            }
            (Anomaly::FutureRead, "wrote it only later")
        } else if writer.is_intermediate {
            (Anomaly::G1b, "overwrote it")
        } else {
            return;
        };
        let wrong = |story: Story<'_>| format!("but {} {wrong}", story.name(transaction));
        self.tell(anomaly, Some(transaction), wrong, findings);
    }

    /// Whether the first step with this value is the read of it, and not the write.
    fn reads_its_future(&self) -> bool {
        let steps = self.history.steps(&self.history.transactions[self.number as usize]);
        let first = steps.iter().find(|step| {
            step.key == self.key
                && matches!(step.access, Access::Read(value) | Access::Write(value) if value == self.value)
        });
        first.is_some_and(|step| matches!(step.access, Access::Read(_)))
    }

    fn tell(
        &self,
        anomaly: Anomaly,
        writer: Option<u32>,
        wrong: impl Fn(Story<'_>) -> String,
        findings: &mut Findings,
    ) {
        findings.add(anomaly, || {
            let story = Story::new(self.history);
            let (name, key) = (story.name(self.number), self.history.show_key(self.key));
            let value = if self.value == Word::NIL { "nothing".to_owned() } else { story.word(self.value) };
            let mut about = vec![self.number];
            about.extend(writer.filter(|&writer| writer != self.number));
            story.finding(&about, vec![format!("{name} read {value} of {key}, {}", wrong(story))])
        });
    }
}
