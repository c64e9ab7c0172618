//! The command `check`: judges histories from files, whoever recorded them.

mod options;
mod tell;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use history::{FileError, FileReader};
use serde::Serialize;
use validator::black_box::{self, Format, ReadError, Recording, Report};
use validator::{CorrectnessValidator, ValidationResult, Verdict};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::screen::Screen;

use options::Asked;
pub(crate) use options::CheckOptions;

/// What became of a file.
#[derive(Serialize)]
#[serde(untagged)]
enum Judged {
    /// What clients saw.
    Clients(Report),
    /// What all nodes of two-phase commit did.
    Run(ValidationResult),
}

/// Why a file was not judged.
enum Refused {
    /// It cannot be read.
    Unreadable(String),
    /// What is in it is no history.
    Malformed(String),
}

/// Judges all files, and goes on past those that cannot be judged.
pub(crate) fn check(options: &CheckOptions) -> Result<Exit, Failure> {
    let asked = options.asked()?;
    let mut screen = Screen::new();
    let mut worst = Exit::Valid;
    for path in &options.files {
        let exit = match judge(path, options, &asked) {
            Ok(judged) => {
                if options.json {
                    screen.print_json(&tell::Line { file: path, judged: &judged })?;
                    screen.print("\n")?;
                } else {
                    screen.print(tell::text(path, &judged, options.verbose))?;
                }
                exit_of(judged.verdict())
            }
            Err(refused) => {
                let (reason, exit) = match refused {
                    Refused::Unreadable(reason) => (reason, Exit::NotRun),
                    Refused::Malformed(reason) => (reason, Exit::Usage),
                };
                screen.remark(format_args!("error: {}: {reason}", path.display()));
                exit
            }
        };
        worst = worst.max(exit);
        if screen.is_closed() {
            break;
        }
    }
    Ok(worst)
}

impl Judged {
    fn verdict(&self) -> &Verdict {
        match self {
            Self::Clients(report) => &report.verdict,
            Self::Run(result) => &result.verdict,
        }
    }
}

fn exit_of(verdict: &Verdict) -> Exit {
    match verdict {
        Verdict::Valid => Exit::Valid,
        Verdict::Violated => Exit::Violated,
        Verdict::Inconclusive(_) => Exit::Inconclusive,
    }
}

const UNKNOWN: &str = "line 1, column 1: this is neither a history of 2pc-test (JSON Lines), nor operations of Jepsen \
                       or Elle (EDN), nor a history of AWDIT (text)";

fn judge(path: &Path, options: &CheckOptions, asked: &Asked) -> Result<Judged, Refused> {
    let unreadable = |error: io::Error| Refused::Unreadable(error.to_string());
    let mut file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.is_dir() {
        return Err(Refused::Unreadable("this is a folder: name the files in it".to_owned()));
    }
    let mut beginning = Vec::new();
    file.by_ref().take(2_048).read_to_end(&mut beginning).map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    if beginning.iter().all(u8::is_ascii_whitespace) && beginning.len() < 2_048 {
        return Err(Refused::Malformed("line 1, column 1: the file is empty".to_owned()));
    }
    match Format::detect(&beginning) {
        None => Err(Refused::Malformed(UNKNOWN.to_owned())),
        Some(Format::JsonLines) => judge_run(file, path, asked).map(Judged::Run),
        Some(format) => judge_clients(file, format, options, asked).map(Judged::Clients),
    }
}

fn judge_clients(
    file: File,
    format: Format,
    options: &CheckOptions,
    asked: &Asked,
) -> Result<Report, Refused> {
    let recording = black_box::read(file, format, options.model.map(Into::into));
    match recording {
        Ok(Recording::Transactions(history)) => Ok(black_box::check(&history, &asked.of(format))),
        Ok(Recording::Bank(bank)) => {
            let mut report = bank.check(options.bank());
            if asked.promise.is_some() {
                report.notes.push("a bank is held to its total, whatever the level".to_owned());
            }
            Ok(report)
        }
        Err(ReadError::Io(error)) => Err(Refused::Unreadable(error.to_string())),
        Err(error) => Err(Refused::Malformed(error.to_string())),
    }
}

fn judge_run(file: File, path: &Path, asked: &Asked) -> Result<ValidationResult, Refused> {
    if asked.promise.is_some() {
        return Err(Refused::Malformed(
            "this is a history of 2pc-test, which is judged by all properties: leave out --level and --anomalies"
                .to_owned(),
        ));
    }
    let refused = |error: FileError| match error {
        FileError::Io { source, .. } if source.kind() != io::ErrorKind::InvalidData => {
            Refused::Unreadable(source.to_string())
        }
        error => Refused::Malformed(error.to_string()),
    };
    let mut reader = FileReader::new(BufReader::new(file)).map_err(refused)?;
    let mut validator = CorrectnessValidator::new(reader.header());
    for event in reader.by_ref() {
        validator.observe(&event.map_err(refused)?);
    }
    let mut result = validator.finish();
    if result.violations().next().is_some() {
        // A second reading is cheaper than keeping all events.
        let file = File::open(path).map_err(|error| Refused::Unreadable(error.to_string()))?;
        let events = FileReader::new(BufReader::new(file)).map_err(refused)?;
        result.resolve(events.map_while(Result::ok));
    }
    Ok(result)
}
