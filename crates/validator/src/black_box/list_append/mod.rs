//! Histories of lists: each read shows all that was appended before, so the longest read of a key tells the order of
//! its versions (Kingsbury and Alvaro, *Elle*, VLDB 2020).

mod internal;
mod orders;
mod reads;

use super::findings::Findings;
use super::history::{Access, ClientHistory, Ending};
use super::inferred::Inferred;
use super::rows::Rows;
use super::story::Story;
use super::words::Word;
use super::writers::Writers;
use crate::isolation::{Anomaly, Dependency};

use orders::{NOBODY, Orders, SOMEBODY};

/// Dependencies between transactions, and what is wrong without them.
pub(super) fn infer(history: &ClientHistory, writers: &Writers) -> Inferred {
    let orders = Orders::of(history, writers);
    let mut inferred = Inferred::default();
    reads::check(history, writers, &mut inferred.findings);
    internal::check(history, writers, &orders, &mut inferred.findings);
    dirty_updates(history, writers, &orders, &mut inferred.findings);
    link(history, writers, &orders, &mut inferred);
    inferred
}

/// A committed append upon one that was aborted, with nothing committed between.
fn dirty_updates(history: &ClientHistory, writers: &Writers, orders: &Orders, findings: &mut Findings) {
    let story = Story::new(history);
    for key in 0..history.keys.len() as u32 {
        let mut aborted: Option<(u32, Word)> = None;
        let versions = orders.versions(key).skip(1);
        for (version, &element) in versions.zip(orders.elements(key)) {
            let Some(writer) = writers.get(key, element) else { continue };
            let transaction = writer.transaction;
            match (history.transactions[transaction as usize].ending, aborted) {
                // This one may have been appended by another, which was aborted.
                (Ending::Committed, _) if orders.writer(version) != transaction => {}
                (Ending::Aborted, None) => aborted = Some((transaction, element)),
                (Ending::Committed, Some((dirty, below))) => {
                    aborted = None;
                    findings.add(Anomaly::DirtyUpdate, || {
                        let (dirty_name, name) = (story.name(dirty), story.name(transaction));
                        let wrong = format!(
                            "{dirty_name} was aborted, but its {} of {} stands below the {} of {name}",
                            story.word(below),
                            history.show_key(key),
                            story.word(element)
                        );
                        story.finding(&[dirty, transaction], vec![wrong])
                    });
                }
                (Ending::Committed, None) | (Ending::Aborted, Some(_)) | (Ending::Unknown, _) => {}
            }
        }
    }
}

/// The edges of each version: from its writer to its readers, and from both to the writer of the next.
///
/// Where one of several wrote a version, there is a way through that one all the same: edges go past it, to the next
/// whose writer is known. From writer to writer they say what the way says. To and from readers they may stand for
/// more writes than they tell of, and so close a circle under another name than its own; they go past it only where
/// the promise makes no difference between those names.
fn link(history: &ClientHistory, writers: &Writers, orders: &Orders, inferred: &mut Inferred) {
    let readers = orders.readers(history, writers);
    let after_last = after_last(history, orders);
    for key in 0..history.keys.len() as u32 {
        let versions = orders.versions(key);
        let (mut writer, mut ahead) = (NOBODY, versions.start);
        for version in versions.clone() {
            let is_known = orders.writer(version) != SOMEBODY;
            if is_known {
                writer = orders.writer(version);
            }
            let readers = readers.rows.row(version);
            if writer != NOBODY && (is_known || writers.may_be_passed) {
                inferred.link(readers.iter().map(|&reader| (writer, reader)), Dependency::WriteRead, key);
            }
            ahead = ahead.max(version + 1);
            while ahead < versions.end && orders.writer(ahead) == SOMEBODY {
                ahead += 1;
            }
            let next = if ahead < versions.end {
                let next = orders.writer(ahead);
                if next == NOBODY { &[] } else { std::slice::from_ref(&orders.writers[ahead as usize]) }
            } else {
                after_last.row(key)
            };
            if next.is_empty() {
                continue;
            }
            let is_next = ahead == version + 1;
            if writer != NOBODY && is_next {
                inferred.link(next.iter().map(|&next| (writer, next)), Dependency::WriteWrite, key);
            }
            if !(is_known && is_next || writers.may_be_passed) {
                continue;
            }
            // Where the reader is the writer too, the order of writes says the same and more.
            let others = readers.iter().filter(|&&reader| reader != writer);
            let room = inferred.room(readers.len(), next.len(), history);
            let pairs = others.flat_map(|&reader| next.iter().map(move |&next| (reader, next)));
            inferred.link(pairs.take(room), Dependency::ReadWrite, key);
        }
    }
    // Reads of what is in no order: their writers are known all the same.
    for &(key, writer, reader) in &readers.unordered {
        inferred.link([(writer, reader)], Dependency::WriteRead, key);
    }
}

/// The appends that nobody read, by key: they came after everything that was.
fn after_last(history: &ClientHistory, orders: &Orders) -> Rows {
    let mut found: Vec<(u32, u32)> = Vec::new();
    for (number, _, steps) in history.possible() {
        for step in steps {
            if let Access::Write(element) = step.access
                && !orders.holds(step.key, element)
            {
                found.push((step.key, number));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    Rows::of(&found, history.keys.len())
}
