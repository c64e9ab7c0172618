//! Lost update: two committed transactions read the same version of a key, and both wrote to it (Berenson et al., P4,
//! as Elle looks for it). The order of their writes need not be known: one of them did not see the other.

use super::findings::Findings;
use super::history::{Access, ClientHistory};
use super::story::Story;
use super::words::Word;
use super::writers::{Marks, Writers};
use crate::isolation::Anomaly;

/// What was read, and who wrote to it then: the key, the version, the transaction.
type Update = (u32, (u32, u32), u32);

pub(super) fn check(history: &ClientHistory, writers: &Writers, findings: &mut Findings) {
    let mut updates: Vec<Update> = Vec::new();
    let (mut touched, mut read, mut written) =
        (Marks::new(history), Marks::new(history), Marks::new(history));
    let mut versions = vec![(0, 0); history.keys.len()];
    for (number, _, steps) in history.committed() {
        for step in steps {
            let is_first = !touched.mark(step.key, number);
            match step.access {
                Access::Write(_) => {
                    let is_update = read.is_marked(step.key, number);
                    if is_update && !written.mark(step.key, number) {
                        updates.push((step.key, versions[step.key as usize], number));
                    }
                }
                // Only the first step shows what others wrote.
                _ if !is_first => {}
                // They may have read one version each.
                Access::Read(value) if writers.is_repeated(step.key, value) => {}
                Access::Read(value) => {
                    read.mark(step.key, number);
                    versions[step.key as usize] = (u32::MAX, value.0);
                }
                Access::ReadList { branch, length } => {
                    read.mark(step.key, number);
                    versions[step.key as usize] = (branch, length);
                }
            }
        }
    }
    updates.sort_unstable();
    for same in updates.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
        if let &[(key, version, first), (_, _, second), ..] = same {
            findings.add(Anomaly::LostUpdate, || tell(history, key, version, (first, second)));
        }
    }
}

fn tell(
    history: &ClientHistory,
    key: u32,
    version: (u32, u32),
    (first, second): (u32, u32),
) -> super::findings::Finding {
    let story = Story::new(history);
    let version = match version {
        (u32::MAX, value) if Word(value) == Word::NIL => "nothing".to_owned(),
        (u32::MAX, value) => story.word(Word(value)),
        (branch, length) => story.list(history.lists.elements(branch, length)),
    };
    let (one, other, key) = (story.name(first), story.name(second), history.show_key(key));
    let wrong = format!(
        "{one} and {other} both read {version} of {key} and wrote to it: neither saw the other's write"
    );
    story.finding(&[first, second], vec![wrong])
}
