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
