//! The coordinator's log in a real file: records with their length and a checksum, appended in groups, durable once
//! `fdatasync` has returned. A torn tail is dropped, a damaged middle is told apart from it, and a long log is written
//! anew.
//!
//! A sync that waits for the disk runs on a thread of its own; meanwhile the next group gathers. What was not written when
//! the process dies is lost, as it should be.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use history::{Decision, Gid, RecordKind};
use protocol::{LogPosition, LogRecord, StoredRecord};

/// Length and checksum of a record.
const FRAME: usize = 8;
/// Kind, transaction, and how many records before it were not durable.
const HEAD: usize = 1 + 4 + 4;

/// A log that is open for appending.
#[derive(Debug)]
pub(crate) struct DecisionLog {
    path: PathBuf,
    /// The records that it holds, from position `first` on.
    records: Vec<LogRecord>,
    first: u64,
    durable: u64,
    /// Bytes that no sync has taken yet.
    unwritten: Vec<u8>,
    /// The file has records that do not belong to the log any more: the next sync writes it anew.
    rewrite: bool,
    syncing_to: Option<u64>,
    survives: Survives,
}

/// What a log survives once a sync has returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Survives {
    /// A kill of its process: the kernel has it.
    Kill,
    /// A power cut: the disk has it.
    PowerCut,
}

/// A sync to be carried out, off the thread that steps the coordinator.
#[derive(Debug)]
pub(crate) struct Sync {
    path: PathBuf,
    bytes: Vec<u8>,
    rewrite: bool,
    survives: Survives,
}

impl DecisionLog {
    /// Reads a log, or begins one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn open(path: PathBuf, survives: Survives) -> io::Result<(Self, Vec<StoredRecord>)> {
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let stored = parse(&bytes);
        let records: Vec<LogRecord> = stored.iter().map(|stored| stored.record.clone()).collect();
        let durable = records.len() as u64;
        // A torn tail is cut off by the first sync; until then nothing is behind it.
        let rewrite = stored.iter().any(|stored| !stored.intact);
        let (unwritten, syncing_to) = (Vec::new(), None);
        let log = Self { path, records, first: 0, durable, unwritten, rewrite, syncing_to, survives };
        Ok((log, stored))
    }

    /// Where the next record will stand.
    pub(crate) fn next(&self) -> u64 {
        self.first + self.records.len() as u64
    }

    /// All before this position survives any crash.
    pub(crate) fn durable(&self) -> u64 {
        self.durable
    }

    /// How many records it holds.
    pub(crate) fn len(&self) -> u64 {
        self.records.len() as u64
    }

    /// The kind and the transaction of a record that is in the log.
    pub(crate) fn kind_at(&self, position: u64) -> Option<(Gid, RecordKind)> {
        let index = usize::try_from(position.checked_sub(self.first)?).ok()?;
        self.records.get(index).map(|record| (record.gid, record.kind))
    }

    pub(crate) fn append(&mut self, record: LogRecord) {
        let unsynced = self.next() - self.durable;
        write_record(&mut self.unwritten, &record, u32::try_from(unsynced).unwrap_or(u32::MAX));
        self.records.push(record);
    }

    /// Drops the records before a position, which are all durable.
    pub(crate) fn truncate(&mut self, before: LogPosition) {
        let dropped = before.0.saturating_sub(self.first).min(self.len());
        self.records.drain(..dropped as usize);
        self.first += dropped;
        self.rewrite = true;
    }

    /// Drops the records from a position on, none of which is durable.
    pub(crate) fn drop_tail(&mut self, from: LogPosition) {
        self.records.truncate(from.0.saturating_sub(self.first) as usize);
        self.durable = self.durable.min(self.next());
        self.rewrite = true;
    }

    /// Begins a sync of all that was appended, unless one is under way or there is nothing to do.
    pub(crate) fn start_sync(&mut self) -> Option<Sync> {
        if self.syncing_to.is_some() || self.durable == self.next() {
            return None;
        }
        self.syncing_to = Some(self.next());
        let rewrite = std::mem::take(&mut self.rewrite);
        let mut bytes = std::mem::take(&mut self.unwritten);
        if rewrite {
            bytes.clear();
            // All become durable together, by the one rename: none of them is ever a torn tail.
            self.records.iter().for_each(|record| write_record(&mut bytes, record, 0));
        }
        Some(Sync { path: self.path.clone(), bytes, rewrite, survives: self.survives })
    }

    /// A sync has returned: the positions that became durable with it.
    pub(crate) fn finish_sync(&mut self) -> std::ops::Range<u64> {
        let from = self.durable;
        self.durable = self.syncing_to.take().unwrap_or(from);
        from..self.durable
    }
}

impl Sync {
    /// Whether it waits for the disk.
    pub(crate) fn takes_long(&self) -> bool {
        self.survives == Survives::PowerCut
    }

    /// Carries it out.
    ///
    /// # Errors
    /// When nobody knows what is on the disk.
    pub(crate) fn run(&self) -> io::Result<()> {
        if !self.rewrite {
            return self.write_to(&mut File::options().create(true).append(true).open(&self.path)?);
        }
        let fresh = self.path.with_extension("new");
        self.write_to(&mut File::create(&fresh)?)?;
        fs::rename(&fresh, &self.path)?;
        if self.takes_long() { sync_folder(&self.path) } else { Ok(()) }
    }

    fn write_to(&self, file: &mut File) -> io::Result<()> {
        file.write_all(&self.bytes)?;
        if self.takes_long() { file.sync_data() } else { Ok(()) }
    }
}

/// How often a log was started on: read, counted up, and durable before anybody starts.
///
/// # Errors
/// When the count cannot be kept.
pub(crate) fn next_epoch(folder: &Path) -> io::Result<u32> {
    let path = folder.join("epoch");
    let before = fs::read_to_string(&path).ok().and_then(|text| text.trim().parse::<u32>().ok());
    let epoch = before.unwrap_or(0) + 1;
    let fresh = path.with_extension("new");
    let mut file = File::create(&fresh)?;
    write!(file, "{epoch}")?;
    file.sync_data()?;
    fs::rename(&fresh, &path)?;
    sync_folder(&path)?;
    Ok(epoch)
}

/// A new name in a folder is durable with the folder.
fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn write_record(bytes: &mut Vec<u8>, record: &LogRecord, unsynced: u32) {
    let payload = bytes.len() + FRAME;
    bytes.extend_from_slice(&[0; FRAME]);
    bytes.push(code_of(record.kind));
    bytes.extend_from_slice(&record.gid.0.to_le_bytes());
    bytes.extend_from_slice(&unsynced.to_le_bytes());
    bytes.extend_from_slice(&record.body);
    let (length, checksum) = ((bytes.len() - payload) as u32, crc32fast::hash(&bytes[payload..]));
    bytes[payload - FRAME..payload - 4].copy_from_slice(&length.to_le_bytes());
    bytes[payload - 4..payload].copy_from_slice(&checksum.to_le_bytes());
}

/// Reads a log. Of what cannot be read there is one damaged record, and behind it whatever can be read again: a record
/// that says that others before it were durable shows that the damage is no torn tail.
fn parse(bytes: &[u8]) -> Vec<StoredRecord> {
    let mut stored = Vec::new();
    let mut rest = bytes;
    let mut is_damaged = false;
    while !rest.is_empty() {
        if let Some((record, length)) = read_record(rest) {
            stored.push(record);
            rest = &rest[length..];
            is_damaged = false;
            continue;
        }
        if !is_damaged {
            let record = LogRecord::new(RecordKind::Other, Gid::INITIAL);
            stored.push(StoredRecord { record, intact: false, unsynced: 0 });
        }
        (is_damaged, rest) = (true, &rest[1..]);
    }
    stored
}

fn read_record(bytes: &[u8]) -> Option<(StoredRecord, usize)> {
    let word = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    let (length, checksum) = (word(0)? as usize, word(4)?);
    let payload = bytes.get(FRAME..FRAME.checked_add(length)?)?;
    if length < HEAD || crc32fast::hash(payload) != checksum {
        return None;
    }
    let (gid, unsynced) = (Gid(word(FRAME + 1)?), word(FRAME + 5)?);
    let record = LogRecord { kind: kind_of(payload[0])?, gid, body: payload[HEAD..].to_vec() };
    Some((StoredRecord { record, intact: true, unsynced }, FRAME + length))
}

fn code_of(kind: RecordKind) -> u8 {
    match kind {
        RecordKind::Other => 0,
        RecordKind::Prepared => 1,
        RecordKind::Decided(Decision::Commit) => 2,
        RecordKind::Decided(Decision::Abort) => 3,
        RecordKind::Ended => 4,
    }
}

fn kind_of(code: u8) -> Option<RecordKind> {
    Some(match code {
        0 => RecordKind::Other,
        1 => RecordKind::Prepared,
        2 => RecordKind::Decided(Decision::Commit),
        3 => RecordKind::Decided(Decision::Abort),
        4 => RecordKind::Ended,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
