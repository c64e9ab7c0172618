//! A simulated disk: the log of one node, and how much of it would survive a crash.

use history::{Gid, RecordKind};
use protocol::{LogPosition, LogRecord};

use super::random::Random;

/// The log of one node. An append joins the next sync: one that is under way covers only what was appended before
/// it started.
#[derive(Debug, Default)]
pub(super) struct Disk {
    /// What each record is about, and where its body ends.
    index: Vec<(RecordKind, Gid, u32)>,
    /// The bodies, one behind the other: a log that is written and not read should stay out of the caches.
    bodies: Vec<u8>,
    /// The position of the first record that is still there.
    first: u64,
    /// All positions below survive a crash.
    durable: u64,
    /// The end of what the sync under way covers.
    syncing: Option<u64>,
}

/// What a record is about.
pub(super) type About = (Gid, RecordKind);

impl Disk {
    #[inline]
    pub(super) fn append(&mut self, record: &LogRecord) {
        self.bodies.extend_from_slice(&record.body);
        self.index.push((record.kind, record.gid, self.bodies.len() as u32));
    }

    /// Where the next record will stand.
    pub(super) fn next(&self) -> u64 {
        self.first + self.index.len() as u64
    }

    pub(super) fn durable(&self) -> u64 {
        self.durable
    }

    /// All records, as a node reads them when it starts.
    pub(super) fn records(&self) -> Vec<LogRecord> {
        let mut start = 0;
        let read = self.index.iter().map(|&(kind, gid, end)| {
            let body = self.bodies[start..end as usize].to_vec();
            start = end as usize;
            LogRecord { kind, gid, body }
        });
        read.collect()
    }

    /// What the record at a position is about.
    #[inline]
    pub(super) fn kind_at(&self, position: u64) -> About {
        let (kind, gid, _) = self.index[(position - self.first) as usize];
        (gid, kind)
    }

    /// Starts a sync if none is under way, and tells whether it did.
    pub(super) fn start_sync(&mut self) -> bool {
        let idle = self.syncing.is_none();
        if idle {
            self.syncing = Some(self.next());
        }
        idle
    }

    /// Ends the sync under way and returns the positions that it made durable.
    pub(super) fn finish_sync(&mut self) -> std::ops::Range<u64> {
        let upto = self.syncing.take().expect("a sync is under way");
        let from = std::mem::replace(&mut self.durable, upto);
        from..upto
    }

    /// Drops what is before a position, all of which is durable.
    pub(super) fn truncate(&mut self, before: LogPosition) {
        let count = before.0.min(self.durable).saturating_sub(self.first) as usize;
        let Some(&(_, _, dropped)) = count.checked_sub(1).and_then(|last| self.index.get(last)) else {
            return;
        };
        self.index.drain(..count);
        self.bodies.drain(..dropped as usize);
        self.index.iter_mut().for_each(|(_, _, end)| *end -= dropped);
        self.first += count as u64;
    }

    /// Loses what is not durable, but for a first part of any length that reached the disk all the same. Returns
    /// what the records that did are about, and those that are lost.
    pub(super) fn crash(&mut self, random: &mut Random) -> (Vec<About>, Vec<About>) {
        self.syncing = None;
        let unsynced = (self.next() - self.durable) as u32;
        let survivors = self.durable..self.durable + u64::from(random.below(unsynced + 1));
        let lost = survivors.end..self.next();
        let about =
            |positions: std::ops::Range<u64>| positions.map(|position| self.kind_at(position)).collect();
        let told = (about(survivors.clone()), about(lost));
        self.durable = survivors.end;
        self.index.truncate((self.durable - self.first) as usize);
        self.bodies.truncate(self.index.last().map_or(0, |&(_, _, end)| end as usize));
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::random::Purpose;

    fn record(gid: u32) -> LogRecord {
        let mut record = LogRecord::new(RecordKind::Other, Gid(gid));
        (0..gid).for_each(|_| record.push_u32(gid));
        record
    }

    fn disk(records: std::ops::Range<u32>) -> Disk {
        let mut disk = Disk::default();
        records.for_each(|gid| disk.append(&record(gid)));
        disk
    }

    #[test]
    fn a_sync_covers_only_what_was_appended_before_it_started() {
        let mut disk = disk(0..2);
        assert!(disk.start_sync());
        disk.append(&record(2));
        assert!(!disk.start_sync(), "one at a time");
        assert_eq!(disk.finish_sync(), 0..2);
        assert!(disk.start_sync());
        assert_eq!(disk.finish_sync(), 2..3);
    }

    #[test]
    fn a_crash_keeps_what_is_durable_and_any_first_part_of_the_rest() {
        let mut random = Random::new(1, Purpose::Disks);
        let mut survivors = [0u32; 4];
        for _ in 0..400 {
            let mut disk = disk(0..2);
            disk.start_sync();
            disk.finish_sync();
            (2..5).for_each(|gid| disk.append(&record(gid)));
            let (survived, lost) = disk.crash(&mut random);
            survivors[survived.len()] += 1;
            let next = 2 + survived.len() as u32;
            assert_eq!(disk.records(), (0..next).map(record).collect::<Vec<_>>());
            let told: Vec<u32> = survived.into_iter().chain(lost).map(|(gid, _)| gid.0).collect();
            assert_eq!(told, [2, 3, 4]);
            assert_eq!((disk.durable(), disk.next()), (next.into(), next.into()));
        }
        assert!(survivors.iter().all(|&times| times > 50), "{survivors:?}");
    }

    #[test]
    fn truncation_drops_only_what_is_durable_and_keeps_positions() {
        let mut disk = disk(0..4);
        disk.start_sync();
        disk.finish_sync();
        disk.append(&record(4));
        disk.truncate(LogPosition(3));
        assert_eq!((disk.records(), disk.next()), (vec![record(3), record(4)], 5));
        disk.truncate(LogPosition(5));
        assert_eq!(disk.records(), [record(4)]);
    }
}
