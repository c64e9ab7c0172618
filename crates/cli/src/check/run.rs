//! What all nodes of two-phase commit did, from a file of our own: judged by every property.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use history::{FileError, FileReader, Header, History, Level, Terms};
use serde::Serialize;
use validator::{CorrectnessValidator, ValidationResult, validate};

use super::Refused;

/// A judged run.
#[derive(Serialize)]
pub(super) struct JudgedRun {
    /// Which run, and what it was held to.
    pub(super) header: Header,
    #[serde(flatten)]
    pub(super) result: ValidationResult,
    /// All that happened, if it was asked for.
    #[serde(skip)]
    pub(super) history: Option<History>,
}

/// Judges a file as it comes, from this byte on, and keeps nothing of it. A level that was asked for takes the place of
/// what the run promised.
pub(super) fn judge(file: &File, start: u64, level: Option<Level>) -> Result<JudgedRun, Refused> {
    let rewind = |mut file: &File| {
        let there = file.seek(SeekFrom::Start(start));
        there.map(drop).map_err(|error| Refused::Unreadable(error.to_string()))
    };
    rewind(file)?;
    let mut reader = FileReader::new(BufReader::new(file)).map_err(refused)?;
    let header = held_to(level, reader.header().clone());
    let mut validator = CorrectnessValidator::new(&header);
    for event in reader.by_ref() {
        validator.observe(&event.map_err(refused)?);
    }
    let mut result = validator.finish();
    if result.violations().next().is_some() {
        // A second reading is cheaper than keeping all events.
        rewind(file)?;
        let events = FileReader::new(BufReader::new(file)).map_err(refused)?;
        result.resolve(events.map_while(Result::ok));
    }
    Ok(JudgedRun { header, result, history: None })
}

/// The same, and keeps all of it.
pub(super) fn judge_whole(file: impl Read, level: Option<Level>) -> Result<JudgedRun, Refused> {
    let reader = FileReader::new(BufReader::new(file)).map_err(refused)?;
    let History { header, events } = reader.read_all().map_err(refused)?;
    let history = History { header: held_to(level, header), events };
    Ok(JudgedRun { header: history.header.clone(), result: validate(&history), history: Some(history) })
}

fn held_to(level: Option<Level>, header: Header) -> Header {
    let isolation = level.unwrap_or(header.terms.isolation);
    Header { terms: Terms { isolation, ..header.terms }, ..header }
}

fn refused(error: FileError) -> Refused {
    match error {
        FileError::Io { source, .. } if source.kind() != io::ErrorKind::InvalidData => {
            Refused::Unreadable(source.to_string())
        }
        error => Refused::Malformed(error.to_string()),
    }
}
