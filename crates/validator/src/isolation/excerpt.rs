//! A small history out of a large one: the transactions of a violation, and what they are judged alike by without the
//! others.

use std::collections::{BTreeMap, BTreeSet};

use history::{Event, Fact, Gid, History, Key, NodeId, OpKind, Terms, Value};

/// A key of a participant.
type Item = (NodeId, Key);

/// The history of these transactions alone, in which they have done to each other what they did in the whole one.
///
/// The others are gone, and so is what they wrote: who read it now reads the version before it that is left, and an
/// operation that wrote now sets what it once made of it. Stores hold at the end what was written last of that.
pub fn excerpt(history: &History, gids: &[Gid]) -> History {
    let kept: BTreeSet<Gid> = gids.iter().copied().collect();
    let (mut versions, mut written) = (BTreeMap::new(), BTreeMap::new());
    for event in &history.events {
        match event.fact {
            Fact::Applied { gid, key, value } => {
                let versions: &mut Vec<(Gid, Value)> = versions.entry((event.node, key)).or_default();
                if !versions.iter().any(|&(writer, _)| writer == gid) {
                    versions.push((gid, value));
                }
            }
            Fact::Wrote { gid, key, value } if kept.contains(&gid) => {
                let values: &mut Vec<Value> = written.entry((gid, (event.node, key))).or_default();
                values.push(value);
            }
            _ => {}
        }
    }
    let mut cut = Cut { kept, versions, written };
    let terms = Terms { conserved_total: false, ..history.header.terms.clone() };
    let header = history::Header { terms, ..history.header.clone() };
    History { header, events: history.events.iter().filter_map(|event| cut.event(event)).collect() }
}

struct Cut {
    kept: BTreeSet<Gid>,
    /// Who wrote what to each key, in the order of the versions.
    versions: BTreeMap<Item, Vec<(Gid, Value)>>,
    /// What each transaction made of a key, an operation at a time; the first that are not asked for yet.
    written: BTreeMap<(Gid, Item), Vec<Value>>,
}

impl Cut {
    fn event(&mut self, event: &Event) -> Option<Event> {
        if event.fact.gid().is_some_and(|gid| !self.kept.contains(&gid)) {
            return None;
        }
        let fact = match event.fact {
            Fact::Read { gid, key, writer } => {
                Fact::Read { gid, key, writer: self.seen((event.node, key), writer) }
            }
            Fact::Asked { gid, key, op, value } if op != OpKind::Read => {
                let value = self.made_of(gid, (event.node, key)).unwrap_or(value);
                Fact::Asked { gid, key, op: OpKind::Put, value }
            }
            Fact::Stored { key, value } => {
                Fact::Stored { key, value: self.left_of((event.node, key), value)? }
            }
            fact => fact,
        };
        Some(Event { fact, ..*event })
    }

    /// The last version that is left, up to this one.
    fn seen(&self, item: Item, writer: Gid) -> Gid {
        let Some(versions) = self.versions.get(&item) else { return writer };
        let Some(at) = versions.iter().position(|&(other, _)| other == writer) else { return writer };
        let left = versions[..=at].iter().rev().find(|(other, _)| self.kept.contains(other));
        left.map_or(Gid::INITIAL, |&(writer, _)| writer)
    }

    /// What the key holds at the end. One that does not hold what was written last stays as it is.
    fn left_of(&self, item: Item, value: Value) -> Option<Value> {
        let versions = self.versions.get(&item)?;
        let left = versions.iter().rev().find(|(writer, _)| self.kept.contains(writer));
        let right = versions.last().is_some_and(|&(_, last)| last == value);
        left.map(|&(_, left)| if right { left } else { value })
    }

    fn made_of(&mut self, gid: Gid, item: Item) -> Option<Value> {
        let values = self.written.get_mut(&(gid, item))?;
        if values.len() > 1 { Some(values.remove(0)) } else { values.first().copied() }
    }
}
