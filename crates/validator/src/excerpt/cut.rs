//! The history of some transactions without the others, and of some participants without the others.

use std::collections::{BTreeMap, BTreeSet};

use history::{Event, Fact, Gid, Header, History, Key, NodeId, OpKind, Terms, Value};

/// A key of a participant.
pub(super) type Item = (NodeId, Key);

/// What stays.
pub(super) struct Kept<'a> {
    pub(super) gids: &'a BTreeSet<Gid>,
    /// The participants that go.
    pub(super) without: &'a BTreeSet<NodeId>,
}

/// What is left of a history, in which the transactions have done to each other what they did in the whole one.
///
/// The others are gone, and so is what they wrote: who read it now reads the version before it that is left, and an
/// operation that wrote now sets what it once made of it. Stores hold at the end what was written last of that.
pub(super) fn cut(history: &History, kept: &Kept) -> History {
    let (mut versions, mut written) = (BTreeMap::new(), BTreeMap::new());
    let mut gone: BTreeMap<Gid, BTreeSet<NodeId>> = BTreeMap::new();
    let mut touched = BTreeSet::new();
    for event in &history.events {
        if kept.without.contains(&event.node) {
            if let Some(gid) = event.fact.gid() {
                gone.entry(gid).or_default().insert(event.node);
            }
            continue;
        }
        match event.fact {
            Fact::Applied { gid, key, value } => {
                let versions: &mut Vec<(Gid, Value)> = versions.entry((event.node, key)).or_default();
                if !versions.iter().any(|&(writer, _)| writer == gid) {
                    versions.push((gid, value));
                }
            }
            Fact::Wrote { gid, key, value } if kept.gids.contains(&gid) => {
                let values: &mut Vec<Value> = written.entry((gid, (event.node, key))).or_default();
                values.push(value);
            }
            Fact::Asked { gid, key, op, .. } if op != OpKind::Read && !kept.gids.contains(&gid) => {
                touched.insert((event.node, key));
            }
            _ => {}
        }
    }
    let mut cut = Cut { kept, versions, written, touched, gone };
    let header = history.header.clone();
    let conserved_total = header.terms.conserved_total && cut.touched.is_empty() && kept.without.is_empty();
    let header = Header { terms: Terms { conserved_total, ..header.terms }, ..header };
    History { header, events: history.events.iter().filter_map(|event| cut.event(event)).collect() }
}

struct Cut<'a> {
    kept: &'a Kept<'a>,
    /// Who wrote what to each key, in the order of the versions.
    versions: BTreeMap<Item, Vec<(Gid, Value)>>,
    /// What each transaction made of a key, an operation at a time; the first that are not asked for yet.
    written: BTreeMap<(Gid, Item), Vec<Value>>,
    /// The keys that somebody wrote who is gone.
    touched: BTreeSet<Item>,
    /// The participants of a transaction that go.
    gone: BTreeMap<Gid, BTreeSet<NodeId>>,
}

impl Cut<'_> {
    fn event(&mut self, event: &Event) -> Option<Event> {
        if self.is_gone(event) {
            return None;
        }
        let item = |key| (event.node, key);
        let fact = match event.fact {
            Fact::Begun { gid, participants } => {
                let gone = self.gone.get(&gid).map_or(0, BTreeSet::len) as u32;
                Fact::Begun { gid, participants: participants.saturating_sub(gone) }
            }
            Fact::Read { gid, key, writer } => Fact::Read { gid, key, writer: self.seen(item(key), writer) },
            Fact::Asked { gid, key, op, value }
                if op != OpKind::Read && self.touched.contains(&item(key)) =>
            {
                let value = self.made_of(gid, item(key)).unwrap_or(value);
                Fact::Asked { gid, key, op: OpKind::Put, value }
            }
            Fact::Stored { key, value } if self.touched.contains(&item(key)) => {
                Fact::Stored { key, value: self.left_of(item(key), value)? }
            }
            fact => fact,
        };
        Some(Event { fact, ..*event })
    }

    fn is_gone(&self, event: &Event) -> bool {
        let other = match event.fact {
            Fact::Sent { to, .. } | Fact::Dropped { to, .. } => to,
            Fact::Delivered { from, .. } => from,
            _ => event.node,
        };
        let Kept { gids, without } = self.kept;
        event.fact.gid().is_some_and(|gid| !gids.contains(&gid))
            || without.contains(&event.node)
            || without.contains(&other)
    }

    /// The last version that is left, up to this one.
    fn seen(&self, item: Item, writer: Gid) -> Gid {
        let Some(versions) = self.versions.get(&item) else { return writer };
        let Some(at) = versions.iter().position(|&(other, _)| other == writer) else { return writer };
        let left = versions[..=at].iter().rev().find(|(other, _)| self.kept.gids.contains(other));
        left.map_or(Gid::INITIAL, |&(writer, _)| writer)
    }

    /// What the key holds at the end. One that does not hold what was written last stays as it is.
    fn left_of(&self, item: Item, value: Value) -> Option<Value> {
        let versions = self.versions.get(&item)?;
        let left = versions.iter().rev().find(|(writer, _)| self.kept.gids.contains(writer));
        let right = versions.last().is_some_and(|&(_, last)| last == value);
        left.map(|&(_, left)| if right { left } else { value })
    }

    fn made_of(&mut self, gid: Gid, item: Item) -> Option<Value> {
        let values = self.written.get_mut(&(gid, item))?;
        if values.len() > 1 { Some(values.remove(0)) } else { values.first().copied() }
    }
}
