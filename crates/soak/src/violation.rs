//! An epoch that did not pass, kept whole: where it began, everything that happened, and what is wrong with it.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use harness_core::history::{FileWriter, History};
use harness_core::{Cast, TestResult};
use serde::{Deserialize, Serialize};

use crate::checkpoint::{Checkpoint, read_sealed, sealed, write_atomically};
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

/// Keeps an epoch in a folder of its own below this one, and returns that.
pub(crate) fn keep(below: &Path, plan: &SoakPlan, start: Checkpoint) -> Result<PathBuf, SoakError> {
    let path = below.join(format!("cluster-{:04}-epoch-{:06}", start.cluster, start.epoch));
    fs::create_dir_all(&path).map_err(SoakError::io("create the folder", &path))?;
    let beginning = Beginning { plan: plan.clone(), at: start };
    write_atomically(&path.join(BEGINNING), &sealed(&beginning))?;
    let (result, history) = run(&beginning, &path)?;
    let file = path.join(HISTORY);
    write_history(&file, &history).map_err(SoakError::io("write", &file))?;
    let mut text = serde_json::to_vec_pretty(&result).expect("results are maps with strings for keys");
    text.push(b'\n');
    write_atomically(&path.join(RESULT), &text)?;
    Ok(path)
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
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let failpoints = plan.failpoints.as_deref();
    let failpoints = failpoints.map_or_else(String::new, |text| format!("FAILPOINTS={} ", quoted(text)));
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let path = if path.chars().all(is_plain) { path } else { quoted(&path) };
    format!("{failpoints}2pc-test soak --replay {path}")
}

fn run(beginning: &Beginning, path: &Path) -> Result<(TestResult, History), SoakError> {
    let Beginning { plan, at: Checkpoint { cluster, epoch, state, .. } } = beginning;
    let seed = plan.epoch_seed(*cluster, *epoch);
    let scenario = plan.scenario(*cluster, *epoch);
    let (epoch, history) = harness(&Cast::reference(), seed).run_epoch_recorded(&scenario, state)?;
    Ok((TestResult { replay: command(plan, path), ..epoch.result }, history))
}

fn write_history(path: &Path, history: &History) -> std::io::Result<()> {
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
