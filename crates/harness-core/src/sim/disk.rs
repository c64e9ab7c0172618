//! A simulated disk: the log of one node, and what of it would be there after a crash.
//!
//! What was not synced reaches the disk in any order, whole, in part or not at all. A record that is there in part,
//! or was skipped, is found by its checksum.

use history::{Gid, RecordKind};
use protocol::{LogPosition, LogRecord, StoredRecord};
use serde::{Deserialize, Serialize};

use super::hexadecimal;
use super::random::Random;

/// The log of one node. An append joins the next sync: one that is under way covers only what was appended before
/// it started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Disk {
    index: Vec<Entry>,
    /// The bodies, one behind the other: a log that is written and not read should stay out of the caches.
    #[serde(with = "hexadecimal")]
    bodies: Vec<u8>,
    /// The position of the first record that is still there.
    first: u64,
    /// All positions below are synced.
    durable: u64,
    /// The end of what the sync under way covers.
    syncing: Option<u64>,
    full: bool,
    /// Somebody else has the log from this position on.
    fence: Option<u64>,
}

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    gid: Gid,
    /// Where its body ends.
    end: u32,
    /// How many records before it were not synced when it was appended.
    unsynced: u32,
    kind: RecordKind,
    intact: bool,
}

/// What a record is about.
pub(super) type About = (Gid, RecordKind);

impl Disk {
    /// Appends a record, unless the disk is full, and tells whether it did.
    #[inline]
    pub(super) fn append(&mut self, record: &LogRecord) -> bool {
        if self.full {
            return false;
        }
        self.bodies.extend_from_slice(&record.body);
        let (end, unsynced) = (self.bodies.len() as u32, (self.next() - self.durable) as u32);
        self.index.push(Entry { gid: record.gid, end, unsynced, kind: record.kind, intact: true });
        true
    }

    /// Where the next record will stand.
    pub(super) fn next(&self) -> u64 {
        self.first + self.index.len() as u64
    }

    /// How many records it holds.
    pub(super) fn len(&self) -> u64 {
        self.index.len() as u64
    }

    pub(super) fn durable(&self) -> u64 {
        self.durable
    }

    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    pub(super) fn fill(&mut self, full: bool) {
        self.full = full;
    }

    /// All records, as a node reads them when it starts.
    pub(super) fn records(&self) -> Vec<StoredRecord> {
        let mut start = 0;
        let read = self.index.iter().map(|&Entry { gid, end, unsynced, kind, intact }| {
            let body = self.bodies[start..end as usize].to_vec();
            start = end as usize;
            StoredRecord { record: LogRecord { kind, gid, body }, intact, unsynced }
        });
        read.collect()
    }

    /// What the record at a position is about.
    #[inline]
    pub(super) fn kind_at(&self, position: u64) -> About {
        let entry = &self.index[(position - self.first) as usize];
        (entry.gid, entry.kind)
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

    /// Ends the sync under way without having written anything, and returns what is lost: nobody writes it again.
    pub(super) fn fail_sync(&mut self) -> Vec<About> {
        let lost = self.finish_sync();
        for position in lost.clone() {
            self.index[(position - self.first) as usize].intact = false;
        }
        lost.map(|position| self.kind_at(position)).collect()
    }

    /// All that was written is durable: nothing is under way any more.
    pub(super) fn settle(&mut self) {
        (self.syncing, self.durable) = (None, self.next());
    }

    /// Drops what is before a position, all of which is durable.
    pub(super) fn truncate(&mut self, before: LogPosition) {
        let count = before.0.min(self.durable).saturating_sub(self.first) as usize;
        let Some(&Entry { end: dropped, .. }) = count.checked_sub(1).and_then(|last| self.index.get(last))
        else {
            return;
        };
        self.index.drain(..count);
        self.bodies.drain(..dropped as usize);
        self.index.iter_mut().for_each(|entry| entry.end -= dropped);
        self.first += count as u64;
    }

    /// Drops what stands at a position and behind.
    pub(super) fn drop_tail(&mut self, from: LogPosition) {
        self.index.truncate(from.0.saturating_sub(self.first) as usize);
        self.bodies.truncate(self.index.last().map_or(0, |entry| entry.end as usize));
        self.durable = self.durable.min(self.next());
    }

    /// The last record is written in part.
    pub(super) fn tear_last(&mut self) {
        let start = self.index.iter().rev().nth(1).map_or(0, |entry| entry.end);
        if let Some(last) = self.index.last_mut() {
            last.intact = false;
            last.end = start + (last.end - start) / 2;
            self.bodies.truncate(last.end as usize);
        }
    }

    /// Of what is not synced, each record is written whole, in part or not at all. Returns what can still be relied
    /// on then, and what is lost: all that is not whole or lies behind such a record.
    pub(super) fn crash(&mut self, random: &mut Random) -> (Vec<About>, Vec<About>) {
        self.syncing = None;
        if self.is_fenced() {
            return (Vec::new(), self.refuse());
        }
        let synced = (self.durable - self.first) as usize;
        let unsynced = self.index.split_off(synced);
        let about = |entry: &Entry| (entry.gid, entry.kind);
        let told: Vec<About> = unsynced.iter().map(about).collect();
        self.write_at_random(&unsynced, random);
        let sound = self.index[..].iter().position(|entry| !entry.intact).unwrap_or(self.index.len());
        self.durable = self.next();
        let lost = told[sound.saturating_sub(synced).min(told.len())..].to_vec();
        let survived = told[..told.len() - lost.len()].to_vec();
        (survived, lost)
    }

    fn write_at_random(&mut self, unsynced: &[Entry], random: &mut Random) {
        if unsynced.is_empty() {
            return;
        }
        let first = self.index.last().map_or(0, |entry| entry.end);
        let bodies = self.bodies.split_off(first as usize);
        // How far the disk came differs from crash to crash.
        let percent = random.below(101);
        let (mut start, mut there) = (0, self.index.len());
        for entry in unsynced {
            let body = &bodies[start..(entry.end - first) as usize];
            start += body.len();
            let chance = random.below(100);
            let whole = chance < percent || !entry.intact;
            let kept = match chance % 2 {
                _ if whole => body.len(),
                0 => body.len() / 2,
                _ => 0,
            };
            self.bodies.extend_from_slice(&body[..kept]);
            let (end, intact) = (self.bodies.len() as u32, entry.intact && whole);
            self.index.push(Entry { end, intact, ..*entry });
            if whole || kept > 0 {
                there = self.index.len();
            }
        }
        // Behind the last that was written there is nothing to be found.
        self.index.truncate(there);
    }

    /// A record that was durable can no longer be read: any one of which a later record tells that it was durable,
    /// if there is such a one.
    pub(super) fn corrupt(&mut self, random: &mut Random) -> bool {
        let intact = self.index.iter().enumerate().filter(|(_, entry)| entry.intact);
        let vouched = intact.map(|(place, entry)| place.saturating_sub(entry.unsynced as usize)).max();
        let vouched = vouched.unwrap_or(0);
        if vouched > 0 {
            self.index[random.below(vouched as u32) as usize].intact = false;
        }
        vouched > 0
    }

    /// Somebody else takes over what this node has written: as after a crash, what was not synced is there or is not.
    /// What this node writes from here on counts for nothing.
    pub(super) fn fence(&mut self) -> Self {
        let theirs = self.clone();
        self.fence = Some(self.next());
        theirs
    }

    pub(super) fn is_fenced(&self) -> bool {
        self.fence.is_some()
    }

    /// Ends the sync under way and returns what was written behind the fence and is lost.
    pub(super) fn refuse(&mut self) -> Vec<About> {
        let from = self.fence.replace(self.next()).unwrap_or(self.first).max(self.first);
        (self.syncing, self.durable) = (None, self.next());
        (from..self.next()).map(|position| self.kind_at(position)).collect()
    }

    /// Everything is gone. Returns what it was about.
    pub(super) fn wipe(&mut self) -> Vec<About> {
        let lost = self.index.iter().map(|entry| (entry.gid, entry.kind)).collect();
        *self = Self { full: self.full, ..Self::default() };
        lost
    }
}

#[cfg(test)]
mod tests;
