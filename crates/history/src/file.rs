//! A history as a file: JSON Lines, versioned, written and read as a stream.
//!
//! The first line is the header, each line after it one event, and the last line the number of events and their
//! digest, without which a file was cut short. A writer that does not know the digest leaves it out.

use std::fmt;
use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::event::Event;
use crate::ids::{Nanos, NodeId};
use crate::record::{Header, History};

/// The version of the format that this build writes, and the only one that it reads.
pub const VERSION: u32 = 1;

const FORMAT: &str = "2pc-test history";

#[derive(Serialize, Deserialize)]
struct FirstLine {
    format: String,
    version: u32,
    header: Header,
}

#[derive(Deserialize)]
struct Identity {
    format: String,
    version: u32,
}

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LastLine {
    events: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
}

impl fmt::Display for LastLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} events", self.events)?;
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, " with digest {digest}"))
    }
}

/// Why a file is no history that this build can read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "a variant's sentence names its fields")]
pub enum FileError {
    /// Reading failed.
    #[error("line {line}: {source}")]
    Io { line: u64, source: io::Error },
    /// The first line does not say that this is a history.
    #[error("line 1: not a 2pc-test history: {0}")]
    NotAHistory(String),
    /// Another version of the format.
    #[error("line 1: the file has version {found} of the format, this program reads version {VERSION}")]
    Version { found: u32 },
    /// A line that is no event.
    #[error("line {line}, column {column}: {reason}")]
    Malformed { line: u64, column: usize, reason: String },
    /// An event of a participant that the header does not count.
    #[error(
        "line {line}: {node} is not among the participants that the header counts, which are {participants}"
    )]
    Stranger { line: u64, node: NodeId, participants: u32 },
    /// An event that happened before the one on the line before.
    #[error(
        "line {line}: it happened at {at} ns, before the line before it, at {before} ns: events stand in their order"
    )]
    Earlier { line: u64, at: u64, before: u64 },
    /// No last line: the writer was stopped, or the end of the file is missing.
    #[error("line {line}: the file ends here without its closing line: it was cut short")]
    CutShort { line: u64 },
    /// The closing line does not fit the events before it.
    #[error(
        "line {line}: the closing line says {said}, but before it there are {found}: the file was changed"
    )]
    Changed { line: u64, said: String, found: String },
    /// Something follows the closing line.
    #[error("line {line}: something follows the closing line")]
    Trailing { line: u64 },
}

/// Writes a history as a stream.
pub struct FileWriter<W> {
    out: W,
    events: u64,
    digest: Digest,
}

impl<W: Write> FileWriter<W> {
    /// Writes the header. The writer should be buffered.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn new(mut out: W, header: &Header) -> io::Result<Self> {
        let first = FirstLine { format: FORMAT.to_owned(), version: VERSION, header: header.clone() };
        write_line(&mut out, &first)?;
        Ok(Self { out, events: 0, digest: Digest::default() })
    }

    /// Writes one event.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn write(&mut self, event: &Event) -> io::Result<()> {
        self.events += 1;
        self.digest.add(event);
        write_line(&mut self.out, event)
    }

    /// Writes the closing line and flushes. A file without it reads as cut short.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        let last = LastLine { events: self.events, digest: Some(self.digest.to_string()) };
        write_line(&mut self.out, &last)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

fn write_line<W: Write>(out: &mut W, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// Reads a history as a stream: an iterator of events, which ends after the closing line or with an error.
pub struct FileReader<R> {
    input: R,
    header: Header,
    text: String,
    line: u64,
    events: u64,
    last: Nanos,
    digest: Digest,
    finished: bool,
}

impl<R: BufRead> FileReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When the first line is not that of a history of this [`VERSION`].
    pub fn new(mut input: R) -> Result<Self, FileError> {
        let mut text = String::new();
        input.read_line(&mut text).map_err(|source| FileError::Io { line: 1, source })?;
        let identity: Identity =
            serde_json::from_str(&text).map_err(|error| FileError::NotAHistory(reason(&error)))?;
        if identity.format != FORMAT {
            return Err(FileError::NotAHistory(format!("its format is \"{}\"", identity.format)));
        }
        if identity.version != VERSION {
            return Err(FileError::Version { found: identity.version });
        }
        let first: FirstLine = serde_json::from_str(&text).map_err(|error| malformed(1, &error))?;
        let header = first.header;
        Ok(Self {
            input,
            header,
            text,
            line: 1,
            events: 0,
            last: Nanos::ZERO,
            digest: Digest::default(),
            finished: false,
        })
    }

    /// Which run the file is of.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Reads all events.
    ///
    /// # Errors
    /// At the first line that is wrong.
    pub fn read_all(mut self) -> Result<History, FileError> {
        let events = self.by_ref().collect::<Result<_, _>>()?;
        Ok(History { header: self.header, events })
    }

    fn read_line(&mut self) -> Result<bool, FileError> {
        self.text.clear();
        self.line += 1;
        let line = self.line;
        self.input
            .read_line(&mut self.text)
            .map(|bytes| bytes > 0)
            .map_err(|source| FileError::Io { line, source })
    }

    fn next_event(&mut self) -> Result<Option<Event>, FileError> {
        if !self.read_line()? {
            return Err(FileError::CutShort { line: self.line - 1 });
        }
        let error = match serde_json::from_str::<Event>(&self.text) {
            Ok(event) => {
                self.place(&event)?;
                self.events += 1;
                self.digest.add(&event);
                return Ok(Some(event));
            }
            Err(error) => error,
        };
        match serde_json::from_str::<LastLine>(&self.text) {
            Ok(last) => self.close(&last).map(|()| None),
            // The last write of a writer that was killed: a line without its end.
            Err(_) if !self.text.ends_with('\n') => Err(FileError::CutShort { line: self.line }),
            Err(_) => Err(malformed(self.line, &error)),
        }
    }

    /// An event stands where it can.
    fn place(&mut self, event: &Event) -> Result<(), FileError> {
        let (line, participants) = (self.line, self.header.participants);
        if event.node.participant().is_some_and(|participant| participant.0 > participants) {
            return Err(FileError::Stranger { line, node: event.node, participants });
        }
        let before = std::mem::replace(&mut self.last, event.at);
        if event.at < before {
            return Err(FileError::Earlier { line, at: event.at.0, before: before.0 });
        }
        Ok(())
    }

    fn close(&mut self, last: &LastLine) -> Result<(), FileError> {
        let digest = last.digest.as_ref().map(|_| self.digest.to_string());
        let found = LastLine { events: self.events, digest };
        if *last != found {
            let (said, found) = (last.to_string(), found.to_string());
            return Err(FileError::Changed { line: self.line, said, found });
        }
        while self.read_line()? {
            if !self.text.trim().is_empty() {
                return Err(FileError::Trailing { line: self.line });
            }
        }
        Ok(())
    }
}

impl<R: BufRead> Iterator for FileReader<R> {
    type Item = Result<Event, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let next = self.next_event().transpose();
        self.finished = !matches!(next, Some(Ok(_)));
        next
    }
}

fn malformed(line: u64, error: &serde_json::Error) -> FileError {
    FileError::Malformed { line, column: error.column(), reason: reason(error) }
}

/// The reason without serde's own position, which counts lines from the wrong start.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&position).unwrap_or(&text).to_owned()
}
