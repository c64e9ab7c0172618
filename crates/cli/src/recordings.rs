//! What a run leaves behind for `check`: its history, and what of it shows the first violation.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use harness_core::history::History;
use harness_core::validator::excerpt;
use harness_core::{TestResult, TestScenario, ValidationResult};

use crate::failure::Failure;
use crate::screen::Screen;
use crate::target::Target;

/// Where the history of a run is written to.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct RecordingOptions {
    /// Write the history of the run to this file, which `check` reads
    #[arg(long, value_name = "FILE")]
    pub(crate) history: Option<PathBuf>,
    /// If something is violated, write a small history that shows it to this file, which `check` reads
    #[arg(long, value_name = "FILE")]
    pub(crate) excerpt: Option<PathBuf>,
}

/// The same files, found to be writable.
#[derive(Default)]
pub(crate) struct Recordings {
    history: Option<Target>,
    excerpt: Option<Target>,
}

/// Where histories go that cannot be had again: those of runs in real time that did not pass.
const KEPT: &str = "target/histories";
/// Larger ones would take up the memory of those who run beside them.
const KEPT_TRANSACTIONS_MAX: u64 = 100_000;

/// Whether the history of a run in real time can be kept.
pub(crate) fn can_be_kept(scenario: &TestScenario) -> bool {
    scenario.transaction_count() <= KEPT_TRANSACTIONS_MAX
}

/// Keeps the history of a run that does not come again, and returns the file.
pub(crate) fn keep(result: &TestResult, history: &History) -> Result<PathBuf, Failure> {
    let (folder, action) = (Path::new(KEPT), "create the folder");
    fs::create_dir_all(folder).map_err(|source| Failure::Files {
        action,
        path: folder.to_owned(),
        source,
        instead: "another folder to work in",
    })?;
    let stem = format!("{}_seed_{}", result.scenario_name, result.seed);
    let numbered = (2..).map(|number| format!("{stem}_{number}.jsonl"));
    let mut paths = std::iter::once(format!("{stem}.jsonl")).chain(numbered).map(|name| folder.join(name));
    // An earlier run's does not come again either.
    let path = paths.find(|path| !path.exists()).expect("there are more names than files");
    Target::open(&path)?.write_history(history)?;
    Ok(path)
}

impl RecordingOptions {
    pub(crate) fn is_wanted(&self) -> bool {
        self.history.is_some() || self.excerpt.is_some()
    }

    /// They are of one run.
    pub(crate) fn check(&self, runs: u64) -> Result<(), Failure> {
        if self.is_wanted() && runs > 1 {
            let reason = format!("--history and --excerpt are of one run, not of {runs}: name one seed");
            return Err(Failure::Usage(reason));
        }
        Ok(())
    }

    pub(crate) fn open(&self) -> Result<Recordings, Failure> {
        let open = |path: &Option<PathBuf>| path.as_deref().map(Target::open).transpose();
        let recordings = Recordings { history: open(&self.history)?, excerpt: open(&self.excerpt)? };
        match (&recordings.history, &recordings.excerpt) {
            (Some(history), Some(excerpt)) if history.is_same(excerpt) => {
                Err(Failure::Usage("--history and --excerpt: name two files".to_owned()))
            }
            _ => Ok(recordings),
        }
    }
}

impl Recordings {
    pub(crate) fn write(
        &self,
        screen: &Screen,
        result: &TestResult,
        history: &History,
    ) -> Result<(), Failure> {
        if let Some(target) = &self.history {
            target.write_history(history)?;
        }
        self.excerpt
            .as_ref()
            .map_or(Ok(()), |target| write_excerpt(target, screen, &result.validation, history))
    }
}

/// Writes what shows the first violation, if there is one.
pub(crate) fn write_excerpt(
    target: &Target,
    screen: &Screen,
    judged: &ValidationResult,
    history: &History,
) -> Result<(), Failure> {
    match excerpt(history, judged) {
        Some(excerpt) => target.write_history(&excerpt),
        None => {
            screen.remark("no excerpt was written: nothing is violated");
            Ok(())
        }
    }
}
