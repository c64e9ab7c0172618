//! The bytes of a file, one at a time and in constant memory, with the place of each for who must complain.

use std::fmt;
use std::io::{self, Read};

const BUFFER: usize = 1 << 16;

/// A place in a text; both counted from 1, columns in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The character in the line.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a file gives no history.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The file cannot be read, or not to its end.
    Io(io::Error),
    /// The text is no history of a known format.
    Malformed {
        /// Where it is not.
        place: Place,
        /// What is wrong there.
        reason: String,
    },
}

impl ReadError {
    pub(super) fn at(place: Place, reason: impl Into<String>) -> Self {
        Self::Malformed { place, reason: reason.into() }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Malformed { place, reason } => write!(f, "{place}: {reason}"),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Malformed { .. } => None,
        }
    }
}

/// A stream of bytes that knows where it is. A failure to read looks like the end, until [`Self::verify`] is asked.
pub(crate) struct Source<R> {
    input: R,
    buffer: Box<[u8]>,
    at: usize,
    end: usize,
    /// How many bytes came before the buffer.
    before: u64,
    line: u32,
    /// Where in the stream a line would begin that had no more than one byte for each character.
    line_start: u64,
    failure: Option<io::Error>,
}

impl<R: Read> Source<R> {
    pub(crate) fn new(input: R) -> Self {
        let buffer = vec![0; BUFFER].into_boxed_slice();
        Self { input, buffer, at: 0, end: 0, before: 0, line: 1, line_start: 0, failure: None }
    }

    /// The next byte, which stays the next; none at the end.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        if self.at == self.end && !self.refill() {
            return None;
        }
        Some(self.buffer[self.at])
    }

    /// Takes the byte that [`Self::peek`] has shown.
    #[inline]
    pub(super) fn take(&mut self) {
        let byte = self.buffer[self.at];
        self.at += 1;
        if byte == b'\n' {
            self.line = self.line.saturating_add(1);
            self.line_start = self.before + self.at as u64;
        } else if byte & 0xC0 == 0x80 {
            // Not the first byte of its character.
            self.line_start += 1;
        }
    }

    /// Where the next byte is.
    #[inline]
    pub(super) fn place(&self) -> Place {
        let column = self.before + self.at as u64 - self.line_start + 1;
        Place { line: self.line, column: u32::try_from(column).unwrap_or(u32::MAX) }
    }

    /// Whether the end was the end and not a failure.
    pub(super) fn verify(&mut self) -> Result<(), ReadError> {
        self.failure.take().map_or(Ok(()), |failure| Err(ReadError::Io(failure)))
    }

    #[cold]
    fn refill(&mut self) -> bool {
        if self.failure.is_some() {
            return false;
        }
        self.before += self.end as u64;
        (self.at, self.end) = (0, 0);
        loop {
            match self.input.read(&mut self.buffer) {
                Ok(bytes) => {
                    self.end = bytes;
                    return bytes > 0;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failure = Some(error);
                    return false;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_count_line_feeds() {
        let mut source = Source::new("aé€b\nc".as_bytes());
        let mut places = Vec::new();
        while let Some(byte) = source.peek() {
            if byte & 0xC0 != 0x80 {
                places.push((source.place().line, source.place().column));
            }
            source.take();
        }
        assert_eq!(places, [(1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (2, 1)]);
        assert_eq!(source.place(), Place { line: 2, column: 2 });
    }

    #[test]
    fn a_failure_is_not_the_end() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the disk is gone"))
            }
        }
        let mut source = Source::new(Broken);
        assert_eq!(source.peek(), None);
        let failure = source.verify().expect_err("it has failed");
        assert_eq!(failure.to_string(), "the disk is gone");
    }
}
