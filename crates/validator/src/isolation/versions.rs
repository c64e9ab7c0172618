//! The versions of each key, in the order in which they were installed: the latest with the key, those before it in one
//! window over all keys.

use std::collections::VecDeque;

use history::Gid;

use super::live::Place;
use crate::dense::Dense;

/// A key's latest version.
#[derive(Clone, Copy, Debug)]
struct Item {
    writer: Gid,
    /// The writer's number in the serial order.
    number: u64,
    /// The greatest number of a transaction that read it.
    readers: u64,
    /// Its record, counted from 1; 0 for the initial version.
    version: u32,
}

const _: () = assert!(size_of::<Item>() <= 24, "items are read at random");

impl Default for Item {
    fn default() -> Self {
        Self { writer: Gid::INITIAL, number: 0, readers: 0, version: 0 }
    }
}

/// That a version was installed over another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Version {
    pub(super) place: Place,
    /// The event that installed it.
    pub(super) sequence: u64,
    pub(super) writer: Gid,
    pub(super) number: u64,
    /// The version before it.
    previous: Item,
    /// Whether a crash undid it.
    undone: bool,
}

impl Version {
    /// Who wrote the version before it.
    pub(super) fn previous_writer(&self) -> Gid {
        self.previous.writer
    }
}

/// What became of a version that was read.
pub(super) enum Fate {
    /// The key still has it; its writer's number.
    Latest(u64),
    /// It was overwritten; its writer's number, and who did it and that one's.
    Overwritten { writer: u64, by: Gid, number: u64 },
    /// The key never had it.
    Absent,
    /// The key may have had it, before the window began.
    Forgotten,
}

/// All versions.
#[derive(Debug)]
pub(super) struct Versions {
    items: Dense<Dense<Item>>,
    recent: VecDeque<Version>,
    /// The number of the first record in `recent`.
    first: u32,
}

impl Versions {
    pub(super) fn new() -> Self {
        Self { items: Dense::default(), recent: VecDeque::new(), first: 1 }
    }

    /// The number that the next record will have.
    #[inline]
    fn next(&self) -> u32 {
        let kept = u32::try_from(self.recent.len()).ok();
        kept.and_then(|kept| self.first.checked_add(kept)).expect("a run installs fewer than 2^32 versions")
    }

    /// The records that are kept, in the order of installation.
    pub(super) fn recent(&self) -> impl Iterator<Item = &Version> {
        self.recent.iter().filter(|version| !version.undone)
    }

    /// Forgets the oldest records, of transactions up to this number in the serial order.
    #[inline]
    pub(super) fn forget(&mut self, number: u64) {
        while self.recent.front().is_some_and(|version| version.number <= number) {
            self.recent.pop_front();
            self.first += 1;
        }
    }

    /// A key's initial version is somebody's of an earlier run.
    pub(super) fn inherit(&mut self, place: Place, writer: Gid) {
        self.item(place).writer = writer;
    }

    /// Installs a version. The greatest number that comes before it: of the version before, or of one that read that.
    /// Nothing happens if the latest version is this one already, as when a crash undid what is done again.
    #[inline]
    pub(super) fn install(&mut self, place: Place, writer: Gid, number: u64, sequence: u64) -> u64 {
        let version = self.next();
        let item = self.item(place);
        let previous = *item;
        if previous.writer == writer {
            return 0;
        }
        *item = Item { writer, number, readers: 0, version };
        self.recent.push_back(Version { place, sequence, writer, number, previous, undone: false });
        previous.number.max(previous.readers)
    }

    /// Who read what: what has become of it since. If it is still the latest, later versions will see the reader.
    #[inline]
    pub(super) fn read(&mut self, place: Place, writer: Gid, reader: u64) -> Fate {
        let item = self.item(place);
        if item.writer == writer {
            item.readers = item.readers.max(reader);
            return Fate::Latest(item.number);
        }
        let mut at = item.version;
        while at != 0 {
            let Some(version) = self.record(at) else { return Fate::Forgotten };
            if version.previous.writer == writer {
                let (by, number) = (version.writer, version.number);
                return Fate::Overwritten { writer: version.previous.number, by, number };
            }
            at = version.previous.version;
        }
        Fate::Absent
    }

    /// A crash undid a version; it never was.
    pub(super) fn undo(&mut self, place: Place, writer: Gid) {
        let item = *self.item(place);
        let mut later = None;
        let mut at = item.version;
        while let Some(&version) = self.record(at) {
            if version.writer == writer {
                self.record_mut(at).undone = true;
                match later {
                    None => *self.item(place) = version.previous,
                    Some(later) => self.record_mut(later).previous = version.previous,
                }
                return;
            }
            later = Some(at);
            at = version.previous.version;
        }
    }

    fn record(&self, at: u32) -> Option<&Version> {
        self.recent.get(at.checked_sub(self.first)? as usize)
    }

    fn record_mut(&mut self, at: u32) -> &mut Version {
        &mut self.recent[(at - self.first) as usize]
    }

    #[inline]
    fn item(&mut self, place: Place) -> &mut Item {
        self.items.get_mut((place >> 32) as u32).get_mut(place as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const K: Place = 1 << 32 | 7;

    #[test]
    fn a_read_of_an_old_version_knows_who_overwrote_it() {
        let mut versions = Versions::new();
        assert_eq!(versions.install(K, Gid(1), 10, 0), 0);
        assert!(matches!(versions.read(K, Gid(1), 15), Fate::Latest(10)));
        assert_eq!(versions.install(K, Gid(2), 20, 1), 15);
        assert_eq!(versions.install(K, Gid(3), 30, 2), 20);
        let overwritten = versions.read(K, Gid(1), 40);
        assert!(matches!(overwritten, Fate::Overwritten { writer: 10, by: Gid(2), number: 20 }));
        let initial = versions.read(K, Gid::INITIAL, 40);
        assert!(matches!(initial, Fate::Overwritten { writer: 0, by: Gid(1), number: 10 }));
        assert!(matches!(versions.read(K, Gid(9), 40), Fate::Absent));
        versions.forget(20);
        assert!(matches!(versions.read(K, Gid(1), 40), Fate::Forgotten));
        assert!(matches!(versions.read(K, Gid(2), 40), Fate::Overwritten { by: Gid(3), .. }));
    }

    #[test]
    fn what_a_crash_undid_never_was() {
        let mut versions = Versions::new();
        for writer in [1, 2, 3] {
            versions.install(K, Gid(writer), u64::from(writer), 0);
        }
        versions.undo(K, Gid(2));
        assert!(matches!(versions.read(K, Gid(1), 9), Fate::Overwritten { by: Gid(3), .. }));
        versions.undo(K, Gid(3));
        assert_eq!(versions.item(K).writer, Gid(1));
        assert_eq!(versions.recent().count(), 1);
    }
}
