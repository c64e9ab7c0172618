//! An epoch that did not pass, kept whole: where it began, everything that happened, and what is wrong with it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use harness_core::history::{FileWriter, History};
use harness_core::{Cast, TestResult};
use serde::{Deserialize, Serialize};

use crate::checkpoint::{Checkpoint, read_sealed, sealed, sync_folder, write_durably};
use crate::cluster::harness;
use crate::error::SoakError;
use crate::plan::SoakPlan;

/// Where an epoch began: all that it takes to run it again, alone.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Beginning {
    plan: SoakPlan,
    at: Checkpoint,
}

const BEGINNING: &str = "beginning";
const HISTORY: &str = "history.jsonl";
const RESULT: &str = "result.json";

/// Makes sure that epochs can be kept below this folder, of which as much need not be there, and leaves nothing there.
///
/// # Errors
/// When it cannot be written.
pub fn check_room(below: &Path) -> io::Result<()> {
    let is_there = |folder: &&Path| folder.symlink_metadata().is_ok();
    let there = below.ancestors().find(is_there).unwrap_or(Path::new("."));
    let file = there.join(format!(".2pc-test-{}.partial", std::process::id()));
    let written = write_durably(&file, b"2pc-test\n");
    let removed = fs::remove_file(&file);
    written.and(removed)
}

/// The folder of an epoch below this one.
pub(crate) fn folder(below: &Path, cluster: u32, epoch: u64) -> PathBuf {
    below.join(format!("cluster-{cluster:04}-epoch-{epoch:06}"))
}

/// Whether all of an epoch is in this folder.
pub(crate) fn is_kept(path: &Path) -> bool {
    path.join(RESULT).exists()
}

/// Keeps an epoch in this folder: as a whole, or not at all.
pub(crate) fn keep(path: &Path, plan: &SoakPlan, start: Checkpoint) -> Result<(), SoakError> {
    let beginning = Beginning { plan: plan.clone(), at: start };
    let partial = path.with_extension("partial");
    write(&beginning, path, &partial).inspect_err(|_| {
        // What it tells is why writing failed; that removing fails too adds nothing. What was there before stays.
        let _ = fs::remove_dir_all(&partial).and_then(|()| fs::remove_dir(path));
    })
}

fn write(beginning: &Beginning, path: &Path, partial: &Path) -> Result<(), SoakError> {
    let failed = |source| SoakError::io("keep the epoch in", path)(source);
    fs::create_dir_all(partial).map_err(failed)?;
    write_durably(&partial.join(BEGINNING), &sealed(beginning)).map_err(failed)?;
    let (result, history) = run(beginning, path)?;
    write_history(&partial.join(HISTORY), &history).map_err(failed)?;
    let mut text = serde_json::to_vec_pretty(&result).expect("results are maps with strings for keys");
    text.push(b'\n');
    write_durably(&partial.join(RESULT), &text).map_err(failed)?;
    let settle = || {
        fs::create_dir_all(path)?;
        // The result is the last: where it is, all is.
        [BEGINNING, HISTORY, RESULT]
            .into_iter()
            .try_for_each(|name| fs::rename(partial.join(name), path.join(name)))?;
        fs::remove_dir(partial)?;
        sync_folder(path)
    };
    settle().map_err(failed)
}

/// Runs the epoch again that is kept in this folder, with these `FAILPOINTS` in the environment.
///
/// # Errors
/// When there is none, it was run with other fail points, or it cannot be run.
pub fn replay(path: &Path, failpoints: Option<&str>) -> Result<(TestResult, History), SoakError> {
    let file = path.join(BEGINNING);
    let remedy = "the epoch cannot be run again without it; its history is beside it";
    let beginning: Option<Beginning> = if path.is_dir() { read_sealed(&file, remedy)? } else { None };
    let beginning = beginning.ok_or_else(|| SoakError::NoEpoch { path: path.to_owned() })?;
    if beginning.plan.failpoints.as_deref() != failpoints {
        return Err(SoakError::OtherFailpoints { command: command(&beginning.plan, path) });
    }
    run(&beginning, path)
}

/// What runs the epoch again that is kept in this folder, as one types it in a shell.
pub(crate) fn command(plan: &SoakPlan, path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let path = if path.chars().all(is_plain) { path } else { quoted(&path) };
    format!("{}2pc-test soak --replay {path}", environment(plan))
}

/// What comes to this epoch from the beginning of the soak, where it could not be kept, as one types it in a shell.
pub(crate) fn long_command(plan: &SoakPlan, cluster: u32, epoch: u64) -> String {
    let SoakPlan { participants, rate, faults, epoch: every, seed, .. } = plan;
    let (duration, clusters) = (plan.passed(epoch + 1), cluster + 1);
    format!(
        "{}2pc-test soak --duration {duration} --epoch {every} --rate {rate} --faults {faults} --participants {participants} --clusters {clusters} --seed {seed}",
        environment(plan)
    )
}

fn environment(plan: &SoakPlan) -> String {
    let failpoints = plan.failpoints.as_deref();
    failpoints.map_or_else(String::new, |text| format!("FAILPOINTS={} ", quoted(text)))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn run(beginning: &Beginning, path: &Path) -> Result<(TestResult, History), SoakError> {
    let Beginning { plan, at: Checkpoint { cluster, epoch, state, .. } } = beginning;
    let seed = plan.epoch_seed(*cluster, *epoch);
    let scenario = plan.scenario(*cluster, *epoch);
    let (epoch, history) = harness(&Cast::reference(), seed).run_epoch_recorded(&scenario, state)?;
    Ok((TestResult { replay: command(plan, path), ..epoch.result }, history))
}

fn write_history(path: &Path, history: &History) -> io::Result<()> {
    let mut out = FileWriter::new(BufWriter::new(File::create(path)?), &history.header)?;
    history.events.iter().try_for_each(|event| out.write(event))?;
    let mut out = out.finish()?;
    out.flush()?;
    out.into_inner().map_err(|error| error.into_error())?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_the_command_as_it_is_meant() {
        let mut plan = SoakPlan::example();
        assert_eq!(command(&plan, Path::new("a/b-1.c")), "2pc-test soak --replay a/b-1.c");
        plan.failpoints = Some("a::b=1*return(crash 1)".to_owned());
        let told = command(&plan, Path::new("it's here"));
        assert_eq!(told, r"FAILPOINTS='a::b=1*return(crash 1)' 2pc-test soak --replay 'it'\''s here'");
    }
}
