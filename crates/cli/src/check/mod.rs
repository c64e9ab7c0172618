//! The command `check`: judges histories from files, whoever recorded them.

mod options;
mod run;
mod tell;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Serialize;
use validator::Verdict;
use validator::black_box::{self, Format, Model, ReadError, Recording, Report};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::recordings::write_excerpt;
use crate::screen::Screen;
use crate::target::Target;

pub(crate) use options::CheckOptions;
use options::{Asked, FileOf};
use run::JudgedRun;

/// What became of a file.
#[derive(Serialize)]
#[serde(untagged)]
enum Judged {
    /// What clients saw.
    Clients(Report),
    /// What all nodes of two-phase commit did.
    Run(JudgedRun),
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
    let target = options.excerpt.as_deref().map(Target::open).transpose()?;
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
                exit_of(judged.verdict()).max(excerpted(target.as_ref(), &judged, &screen))
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

/// Writes the excerpt, if one is wanted. One that cannot be written leaves the verdict as it is.
fn excerpted(target: Option<&Target>, judged: &Judged, screen: &Screen) -> Exit {
    let (Some(target), Judged::Run(JudgedRun { result, history: Some(history), .. })) = (target, judged)
    else {
        return Exit::Valid;
    };
    write_excerpt(target, screen, result, history).err().map_or(Exit::Valid, |failure| {
        screen.remark(format_args!("error: {failure}"));
        failure.exit()
    })
}

impl Judged {
    fn verdict(&self) -> &Verdict {
        match self {
            Self::Clients(report) => &report.verdict,
            Self::Run(run) => &run.result.verdict,
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
                       or Elle (EDN), nor sessions as AWDIT's tests write them (text): docs/HISTORIES.md shows a \
                       sample of each";

/// Of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

const NO_EXCERPT: &str =
    "this is not a history of 2pc-test, of which alone there are excerpts: leave out --excerpt";

fn judge(path: &Path, options: &CheckOptions, asked: &Asked) -> Result<Judged, Refused> {
    let unreadable = |error: io::Error| Refused::Unreadable(error.to_string());
    if path == Path::new("-") && !path.exists() {
        return Err(Refused::Unreadable("to read standard input, name /dev/stdin".to_owned()));
    }
    let mut file = File::open(path).map_err(unreadable)?;
    let kind = file.metadata().map_err(unreadable)?.file_type();
    if kind.is_dir() {
        return Err(Refused::Unreadable("this is a folder: name the files in it".to_owned()));
    }
    let mut beginning = Vec::new();
    file.by_ref().take(2_048).read_to_end(&mut beginning).map_err(unreadable)?;
    // Editors on Windows put it there, and it says nothing.
    let mark = if beginning.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let is_all = beginning.len() < 2_048;
    beginning.drain(..mark);
    if is_all && beginning.iter().all(u8::is_ascii_whitespace) {
        return Err(Refused::Malformed("line 1, column 1: the file is empty".to_owned()));
    }
    let format = Format::detect(&beginning);
    let whole = io::Cursor::new(beginning).chain(&file);
    match format {
        None => Err(Refused::Malformed(UNKNOWN.to_owned())),
        Some(Format::JsonLines) => {
            options.concern(FileOf::Run).map_err(Refused::Malformed)?;
            let level = asked.of_run().map_err(Refused::Malformed)?;
            // What is no file cannot be read for a second time.
            let is_kept = options.verbose || options.excerpt.is_some() || !kind.is_file();
            let run =
                if is_kept { run::judge_whole(whole, level) } else { run::judge(&file, mark as u64, level) };
            run.map(Judged::Run)
        }
        Some(_) if options.excerpt.is_some() => Err(Refused::Malformed(NO_EXCERPT.to_owned())),
        Some(format) => judge_clients(whole, format, options, asked).map(Judged::Clients),
    }
}

fn judge_clients(
    file: impl Read,
    format: Format,
    options: &CheckOptions,
    asked: &Asked,
) -> Result<Report, Refused> {
    let recording = black_box::read(file, format, options.model.map(Into::into));
    let concern = |model| options.concern(FileOf::Clients(model)).map_err(Refused::Malformed);
    match recording {
        Ok(Recording::Transactions(history)) => {
            history.model().map_or(Ok(()), concern)?;
            Ok(black_box::check(&history, &asked.of(format)))
        }
        Ok(Recording::Bank(bank)) => {
            concern(Model::Bank)?;
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
