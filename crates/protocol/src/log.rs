//! Records of a node's log: a kind that everybody understands, and a body that only its writer does.

use history::{Gid, RecordKind, Value};

/// A record of a write-ahead log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRecord {
    /// What the record is for.
    pub kind: RecordKind,
    /// The transaction; [`Gid::INITIAL`] where the record is about none.
    pub gid: Gid,
    /// Whatever the writer wants to read back.
    pub body: Vec<u8>,
}

impl LogRecord {
    /// A record with an empty body.
    #[inline]
    pub fn new(kind: RecordKind, gid: Gid) -> Self {
        Self { kind, gid, body: Vec::new() }
    }

    /// A record whose body has room for so many bytes.
    #[inline]
    pub fn with_capacity(kind: RecordKind, gid: Gid, bytes: usize) -> Self {
        Self { kind, gid, body: Vec::with_capacity(bytes) }
    }

    /// Appends a number to the body.
    #[inline]
    pub fn push_u32(&mut self, number: u32) {
        self.body.extend_from_slice(&number.to_le_bytes());
    }

    /// Appends a value to the body.
    #[inline]
    pub fn push_value(&mut self, value: Value) {
        let number = value.0;
        self.body.extend_from_slice(&number.to_le_bytes());
    }

    /// Reads the body from its start.
    #[inline]
    pub fn reader(&self) -> BodyReader<'_> {
        BodyReader { rest: &self.body }
    }
}

/// A record as a node finds it when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// The record. Of one that is damaged only the place can be relied on.
    pub record: LogRecord,
    /// Whether its checksum is right.
    pub intact: bool,
    /// How many records right before it were not yet durable when it was appended: all before those were.
    pub unsynced: u32,
}

impl From<LogRecord> for StoredRecord {
    /// An intact record that was appended when all before it was durable.
    fn from(record: LogRecord) -> Self {
        Self { record, intact: true, unsynced: 0 }
    }
}

/// A record is damaged that was durable once. It holds a promise that nobody can read any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogDamaged;

/// How many records at the start of a log are to be relied on. What lies behind the first damaged one was never
/// durable (a torn tail: its writes reached the disk in any order), so nobody relies on it, and it must go before
/// anything is appended behind it.
///
/// # Errors
/// When a later record shows that the damaged one was durable: then it is no torn tail.
pub fn sound_records(log: &[StoredRecord]) -> Result<usize, LogDamaged> {
    let Some(damaged) = log.iter().position(|stored| !stored.intact) else { return Ok(log.len()) };
    let vouches = |(place, stored): (usize, &StoredRecord)| {
        stored.intact && place.saturating_sub(stored.unsynced as usize) > damaged
    };
    let durable = log.iter().enumerate().skip(damaged).any(vouches);
    if durable { Err(LogDamaged) } else { Ok(damaged) }
}

/// Reads what was pushed to a body, in the same order.
#[derive(Clone, Debug)]
pub struct BodyReader<'a> {
    rest: &'a [u8],
}

impl BodyReader<'_> {
    /// The next number, or `None` where the body is over.
    pub fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    /// The next value, or `None` where the body is over.
    pub fn value(&mut self) -> Option<Value> {
        self.take().map(i64::from_le_bytes).map(Value)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters are records: capital if damaged; a number before one says how many before it were not durable.
    fn log(text: &str) -> Vec<StoredRecord> {
        let stored = |word: &str| {
            let unsynced = word.trim_end_matches(char::is_alphabetic).parse().expect("a number");
            let intact = word.ends_with(char::is_lowercase);
            StoredRecord { record: LogRecord::new(RecordKind::Other, Gid(1)), intact, unsynced }
        };
        text.split_whitespace().map(stored).collect()
    }

    #[test]
    fn a_torn_tail_ends_a_log_and_a_damaged_record_that_was_durable_is_no_torn_tail() {
        assert_eq!(sound_records(&log("")), Ok(0));
        assert_eq!(sound_records(&log("0a 0b 1c")), Ok(3));
        assert_eq!(sound_records(&log("0a 0b 1C")), Ok(2), "torn");
        assert_eq!(
            sound_records(&log("0a 0B 1c 2d")),
            Ok(1),
            "what is behind the hole was not durable either"
        );
        assert_eq!(sound_records(&log("0a 0B 0c")), Err(LogDamaged), "c says that b was durable");
        assert_eq!(sound_records(&log("0A 1b 1c")), Err(LogDamaged));
        assert_eq!(sound_records(&log("0a 0B 0C")), Ok(1), "a damaged record says nothing");
    }

    #[test]
    fn a_body_reads_back_as_it_was_pushed_and_a_short_one_says_so() {
        let mut record = LogRecord::new(RecordKind::Prepared, Gid(1));
        record.push_u32(7);
        record.push_value(Value(-1));
        let mut reader = record.reader();
        assert_eq!((reader.u32(), reader.value()), (Some(7), Some(Value(-1))));
        assert_eq!(reader.u32(), None);
        record.body.pop();
        let mut reader = record.reader();
        assert_eq!((reader.u32(), reader.value()), (Some(7), None));
    }
}
