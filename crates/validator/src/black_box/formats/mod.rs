//! Files that clients' histories come in: which format a file has, and the reader for each. Readers are streams, and
//! know nothing of anomalies.

mod awdit;
mod edn;
mod jepsen;
mod micro_ops;
mod source;

use std::io::Read;

use super::bank::BankHistory;
use super::history::{ClientHistory, Model};

pub use source::{Place, ReadError};

/// How a history is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON Lines of this project, which [`history::FileReader`] reads.
    JsonLines,
    /// Operations as Jepsen and Elle write them.
    Edn,
    /// Reads and writes of sessions as AWDIT writes them.
    Awdit,
}

/// What clients recorded.
#[derive(Clone, Debug)]
pub enum Recording {
    /// Transactions over lists or registers.
    Transactions(ClientHistory),
    /// Transfers between accounts, and reads of all of them.
    Bank(BankHistory),
}

impl Format {
    /// The format of a text that begins like this; the first two kilobytes are enough.
    pub fn detect(beginning: &[u8]) -> Option<Self> {
        let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
        let start = beginning.iter().position(|byte| !blank(byte))?;
        let text = &beginning[start..];
        match text {
            [b'{', rest @ ..] if rest.iter().find(|byte| !blank(byte)) == Some(&b'"') => {
                Some(Self::JsonLines)
            }
            [b'{' | b'[' | b'(' | b'#' | b';' | b'^', ..] => Some(Self::Edn),
            [b'r' | b'w' | b'R' | b'W', b' ' | b'\t', ..] | [b'-' | b'=', b'-' | b'=', ..] => {
                Some(Self::Awdit)
            }
            _ => None,
        }
    }
}

/// Reads a history that clients recorded, of a model that is known or else told by what is in it.
///
/// # Errors
/// When the input cannot be read, or is not of the format, or is of another model.
pub fn read(input: impl Read, format: Format, model: Option<Model>) -> Result<Recording, ReadError> {
    let source = source::Source::new(input);
    match format {
        Format::Awdit => awdit::read(source).map(Recording::Transactions),
        Format::Edn | Format::JsonLines => jepsen::read(edn::Edn::new(source), model),
    }
}
