//! A simulated disk: the log of one node, and how much of it would survive a crash.

use history::{Gid, RecordKind};
use protocol::{LogPosition, LogRecord};

use super::random::Random;

/// The log of one node. An append joins the next sync: one that is under way covers only what was appended before
/// it started.
#[derive(Debug, Default)]
pub(super) struct Disk {
    records: Vec<LogRecord>,
    /// The position of the first record that is still there.
    first: u64,
    /// All positions below survive a crash.
    durable: u64,
    /// The end of what the sync under way covers.
    syncing: Option<u64>,
}

impl Disk {
    pub(super) fn append(&mut self, record: LogRecord) {
        self.records.push(record);
    }

    /// Where the next record will stand.
    pub(super) fn next(&self) -> u64 {
        self.first + self.records.len() as u64
    }

    pub(super) fn durable(&self) -> u64 {
        self.durable
    }

    pub(super) fn records(&self) -> &[LogRecord] {
        &self.records
    }

    /// What the record at a position is about.
    pub(super) fn kind_at(&self, position: u64) -> (Gid, RecordKind) {
        let record = &self.records[(position - self.first) as usize];
        (record.gid, record.kind)
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
        let count = before.0.min(self.durable).saturating_sub(self.first);
        self.records.drain(..count as usize);
        self.first += count;
    }

    /// Loses what is not durable, but for a first part of any length that reached the disk all the same. Returns
    /// how many records did, and those that are lost.
    pub(super) fn crash(&mut self, random: &mut Random) -> (u64, Vec<LogRecord>) {
        self.syncing = None;
        let unsynced = (self.next() - self.durable) as u32;
        let survived = u64::from(random.below(unsynced + 1));
        self.durable += survived;
        (survived, self.records.split_off((self.durable - self.first) as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::random::Purpose;

    fn record(gid: u32) -> LogRecord {
        LogRecord::new(RecordKind::Other, Gid(gid))
    }

    fn disk(records: std::ops::Range<u32>) -> Disk {
        let mut disk = Disk::default();
        records.for_each(|gid| disk.append(record(gid)));
        disk
    }

    #[test]
    fn a_sync_covers_only_what_was_appended_before_it_started() {
        let mut disk = disk(0..2);
        assert!(disk.start_sync());
        disk.append(record(2));
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
            (2..5).for_each(|gid| disk.append(record(gid)));
            let (survived, lost) = disk.crash(&mut random);
            survivors[survived as usize] += 1;
            let kept: Vec<u32> = disk.records().iter().map(|record| record.gid.0).collect();
            let lost: Vec<u32> = lost.iter().map(|record| record.gid.0).collect();
            assert_eq!([kept, lost].concat(), [0, 1, 2, 3, 4]);
            assert_eq!((disk.durable(), disk.next()), (2 + survived, 2 + survived));
        }
        assert!(survivors.iter().all(|&times| times > 50), "{survivors:?}");
    }

    #[test]
    fn truncation_drops_only_what_is_durable_and_keeps_positions() {
        let mut disk = disk(0..4);
        disk.start_sync();
        disk.finish_sync();
        disk.append(record(4));
        disk.truncate(LogPosition(3));
        assert_eq!((disk.records().len(), disk.next(), disk.kind_at(3).0), (2, 5, Gid(3)));
        disk.truncate(LogPosition(5));
        assert_eq!(disk.records().len(), 1);
    }
}
