//! The folder of results: one file a run and a summary, each of which is whole or not there.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use harness_core::TestResult;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::shield::Shield;
use crate::summary::{PROGRAM, Summary};

const SUMMARY: &str = "summary.json";

/// A file has this at the end of its name until it is whole.
const PARTIAL: &str = ".partial";

/// A folder that holds the results of one `run-all`.
pub(crate) struct Folder {
    path: PathBuf,
    /// Held to keep another run out; it is gone with the process, however that ends.
    _lock: Option<File>,
}

/// What tells a summary of ours from another file of that name.
#[derive(Deserialize)]
struct Origin {
    program: String,
}

impl Folder {
    /// Creates the folder, makes sure that it can be written, and removes the results of an earlier run.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(path).map_err(|source| failure("create the folder", path, source))?;
        let folder = Self { path: path.to_owned(), _lock: lock(path)? };
        folder.check_summary()?;
        folder.check_space()?;
        folder.remove_earlier()?;
        Ok(folder)
    }

    /// Writes the result of the scenario of this number, and returns the file's name.
    pub(crate) fn write_result(
        &self,
        number: usize,
        many_seeds: bool,
        result: &TestResult,
    ) -> Result<String, Failure> {
        let seed = if many_seeds { format!("_seed_{}", result.seed) } else { String::new() };
        let name = format!("result_{number:03}_{}{seed}.json", result.scenario_name);
        self.write(&name, result)?;
        Ok(name)
    }

    pub(crate) fn write_summary(&self, summary: &Summary) -> Result<(), Failure> {
        self.write(SUMMARY, summary)
    }

    fn write(&self, name: &str, value: &impl Serialize) -> Result<(), Failure> {
        let mut text = serde_json::to_vec_pretty(value).expect("results are maps with strings for keys");
        text.push(b'\n');
        let _shield = Shield::raise();
        let (path, partial) = (self.path.join(name), self.path.join(format!(".{name}{PARTIAL}")));
        let written = write_durably(&partial, &text).and_then(|()| fs::rename(&partial, &path));
        written.map_err(|source| {
            // What it tells is why writing failed; that removing fails too adds nothing.
            let _ = fs::remove_file(&partial);
            failure("write", &path, source)
        })
    }

    fn check_summary(&self) -> Result<(), Failure> {
        let path = self.path.join(SUMMARY);
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(failure("read", &path, source)),
            Ok(text) => match serde_json::from_slice::<Origin>(&text) {
                Ok(Origin { program }) if program == PROGRAM => Ok(()),
                _ => Err(Failure::Taken { path, reason: "was not written by 2pc-test" }),
            },
        }
    }

    fn check_space(&self) -> Result<(), Failure> {
        let _shield = Shield::raise();
        let path = self.path.join(format!(".2pc-test{PARTIAL}"));
        let written = write_durably(&path, b"2pc-test\n");
        let removed = fs::remove_file(&path);
        written.and(removed).map_err(|source| failure("write to", &self.path, source))
    }

    fn remove_earlier(&self) -> Result<(), Failure> {
        let listed = |source| failure("list", &self.path, source);
        for entry in fs::read_dir(&self.path).map_err(listed)? {
            let entry = entry.map_err(listed)?;
            let is_file = entry.file_type().map_err(listed)?.is_file();
            if is_file && entry.file_name().to_str().is_some_and(is_ours) {
                fs::remove_file(entry.path()).map_err(|source| failure("remove", &entry.path(), source))?;
            }
        }
        Ok(())
    }
}

fn failure(action: &'static str, path: &Path, source: io::Error) -> Failure {
    Failure::Files { action, path: path.to_owned(), source, instead: "another folder with -o" }
}

/// Two runs at a time would remove each other's results.
fn lock(path: &Path) -> Result<Option<File>, Failure> {
    let folder = File::open(path).map_err(|source| failure("open", path, source))?;
    match folder.try_lock() {
        Ok(()) => Ok(Some(folder)),
        Err(TryLockError::WouldBlock) => {
            Err(Failure::Taken { path: path.to_owned(), reason: "is in use by another run" })
        }
        // Not all file systems can; then it is up to the user.
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// A full disk may show only when what was written is to be durable.
fn write_durably(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text)?;
    file.sync_all()
}

/// Whether a file of this name was written by an earlier run, whole or not.
fn is_ours(name: &str) -> bool {
    let name = match name.strip_suffix(PARTIAL) {
        Some(partial) => partial.strip_prefix('.').unwrap_or(""),
        None => name,
    };
    let Some(rest) = name.strip_prefix("result_") else { return name == SUMMARY };
    let Some((number, scenario)) = rest.strip_suffix(".json").and_then(|rest| rest.split_once('_')) else {
        return false;
    };
    let in_snake_case = |c: char| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit();
    number.len() >= 3
        && number.chars().all(|c| c.is_ascii_digit())
        && !scenario.is_empty()
        && scenario.chars().all(in_snake_case)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_named_as_ours_are_ours() {
        for ours in [
            "result_001_simple_commit.json",
            "result_1000_x.json",
            "result_001_simple_commit_seed_7.json",
            ".result_001_simple_commit.json.partial",
            "summary.json",
            ".summary.json.partial",
        ] {
            assert!(is_ours(ours), "{ours}");
        }
        for other in [
            "result_1_x.json",
            "result_abc_x.json",
            "result_001_.json",
            "result_001.json",
            "result_001_x.json.bak",
            "result_001_My Notes.json",
            "result_001_x.json.partial",
            "my_result_001_x.json",
            "summary.txt",
            "",
        ] {
            assert!(!is_ours(other), "{other}");
        }
    }
}
