//! Where the records of transactions are, by id: a window over dense ids, and a tree for the few far behind.

use std::collections::BTreeMap;

use history::{Gid, GidMap};

/// The window is no wider than this.
const SPAN_MAX: u32 = 1 << 20;

/// The place of each transaction's record.
#[derive(Debug, Default)]
pub(crate) struct GidIndex {
    window: GidMap<u32>,
    /// Those so far behind (blocked, as a rule) that they would stretch the window.
    behind: BTreeMap<Gid, u32>,
}

impl GidIndex {
    /// Where the record of a transaction is.
    #[inline]
    pub(crate) fn get(&self, gid: Gid) -> Option<u32> {
        match self.window.get(gid) {
            Some(&place) => Some(place),
            None if self.behind.is_empty() => None,
            None => self.behind.get(&gid).copied(),
        }
    }

    /// The record of a transaction that has none is here.
    pub(crate) fn insert(&mut self, gid: Gid, place: u32) {
        while let Some(first) = self.window.first()
            && gid.0.saturating_sub(first.0) > SPAN_MAX
        {
            let behind = self.window.remove(first).expect("the first id is present");
            self.behind.insert(first, behind);
        }
        match self.window.first() {
            Some(first) if first.0.saturating_sub(gid.0) > SPAN_MAX => self.behind.insert(gid, place),
            _ => self.window.insert(gid, place),
        };
    }

    /// A transaction has no record any more; where it was.
    #[inline]
    pub(crate) fn remove(&mut self, gid: Gid) -> Option<u32> {
        self.window.remove(gid).or_else(|| self.behind.remove(&gid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_far_apart_are_found_and_the_window_stays_narrow() {
        let mut index = GidIndex::default();
        let ids = [5, 6, 3_000_000, 4, 3_000_001, u32::MAX, 7].map(Gid);
        (0..).zip(ids).for_each(|(place, gid)| index.insert(gid, place));
        for (place, gid) in (0..).zip(ids) {
            assert_eq!(index.get(gid), Some(place), "{gid}");
        }
        assert_eq!((index.window.first(), index.behind.len()), (Some(Gid(u32::MAX)), 6));
        assert_eq!(index.get(Gid(8)), None);
        assert!(ids.iter().all(|&gid| index.remove(gid).is_some() && index.get(gid).is_none()));
    }
}
