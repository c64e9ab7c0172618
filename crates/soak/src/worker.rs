//! The process that has a cluster: it lives through the epochs, keeps the cluster's folder, and hands on each line.

use std::io::{BufRead, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use harness_core::Cost;
use serde::{Deserialize, Serialize};

use crate::checkpoint::{Checkpoint, sealed};
use crate::cluster::{Cluster, Lived};
use crate::error::SoakError;
use crate::folder::Diary;
use crate::pace::Pace;
use crate::plan::SoakPlan;
use crate::record::EpochRecord;
use crate::violation;

/// What a worker is to do: one line of its standard input.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// What the soak is.
    pub plan: SoakPlan,
    /// Which cluster.
    pub cluster: u32,
    /// The folder of the soak, if it has one.
    pub folder: Option<PathBuf>,
    /// Where epochs are kept that do not pass.
    pub violations: PathBuf,
    /// Whether the cluster stops at the first of them.
    pub stop_on_violation: bool,
    /// Whether an epoch takes as long in real time as it does in virtual time.
    pub wall_clock: bool,
}

/// What a worker says of an epoch: a sealed line of its standard output.
#[derive(Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) record: Box<EpochRecord>,
    /// Whether it was not in the record before.
    pub(crate) is_new: bool,
}

/// What follows the order on standard input, once the worker is to stop when its epoch is over.
pub(crate) const STOP: u8 = b'.';

/// A cluster that is at work keeps where it stands this often, and when it stops. What it did since is done again after
/// a crash, and must come to the same.
const KEPT_EVERY: Duration = Duration::from_secs(1);

/// Does what standard input orders, writes the lines to standard output, and remarks what there is to say. When standard
/// input ends the process does, at once: whoever ordered is gone, and another may come.
///
/// # Errors
/// When the cluster does not go on.
#[expect(clippy::disallowed_methods, reason = "who listens for an end takes no part in a run")]
pub fn serve(
    mut input: impl BufRead + Send + 'static,
    mut output: impl Write,
    mut remark: impl FnMut(&str),
) -> Result<(), SoakError> {
    let mut line = String::new();
    let order = input.read_line(&mut line).ok().and_then(|_| serde_json::from_str::<Order>(&line).ok());
    let order = order.expect("whoever starts a worker gives it an order");
    let stop = Arc::new(AtomicBool::new(false));
    let heard = Arc::clone(&stop);
    std::thread::spawn(move || listen(input, &heard));
    let hand_on = |line: &Line| {
        let written = output.write_all(&sealed(line)).and_then(|()| output.flush());
        // Without a reader nobody wants more.
        written.unwrap_or_else(|_| std::process::exit(0));
    };
    work(&order, &stop, hand_on, &mut remark)
}

fn listen(mut input: impl Read, stop: &AtomicBool) {
    let mut byte = [0];
    while input.read(&mut byte).is_ok_and(|length| length > 0) {
        if byte[0] == STOP {
            stop.store(true, Ordering::Relaxed);
        }
    }
    std::process::exit(0);
}

fn work(
    order: &Order,
    stop: &AtomicBool,
    mut hand_on: impl FnMut(&Line),
    remark: &mut impl FnMut(&str),
) -> Result<(), SoakError> {
    let Order { plan, cluster: number, .. } = order;
    let mut recorded = Vec::new();
    let (mut diary, start) = match &order.folder {
        None => (None, Checkpoint { cluster: *number, ..Checkpoint::default() }),
        Some(folder) => {
            let take = |record: EpochRecord| {
                recorded.push(record.chain.clone());
                hand_on(&Line { record: Box::new(record), is_new: false });
            };
            let (diary, at, extent) = Diary::open(folder, plan, *number, take)?;
            if extent.is_torn {
                remark(&format!(
                    "notice: the last line of the record of cluster {number} was cut short, and is dropped; epoch {} runs again",
                    extent.epochs
                ));
            }
            (Some(diary), at)
        }
    };
    let mut cluster = Cluster::at(plan, start);
    let mut kept = Cost::start();
    while !cluster.is_over() && !stop.load(Ordering::Relaxed) {
        let lived = live(&mut cluster, order)?;
        let recorded = recorded.get(lived.record.epoch as usize);
        if let Some(chain) = recorded.filter(|chain| **chain != lived.record.chain) {
            let EpochRecord { cluster, epoch, seed, chain: now, .. } = lived.record;
            return Err(SoakError::NotTheSame { cluster, epoch, seed, recorded: chain.clone(), now });
        }
        let (is_new, passed) = (recorded.is_none(), lived.record.passed());
        note(lived, is_new, order, diary.as_mut(), &mut hand_on, remark)?;
        if let Some(diary) = diary.as_ref().filter(|_| kept.wall() >= KEPT_EVERY || !passed) {
            diary.keep(&cluster.at)?;
            kept = Cost::start();
        }
        if is_new && !passed && order.stop_on_violation {
            break;
        }
    }
    diary.map_or(Ok(()), |diary| diary.keep(&cluster.at))
}

/// Records and hands on an epoch that is new, and keeps one that did not pass, if that was not done before.
fn note(
    lived: Lived,
    is_new: bool,
    order: &Order,
    diary: Option<&mut Diary>,
    hand_on: &mut impl FnMut(&Line),
    remark: &mut impl FnMut(&str),
) -> Result<(), SoakError> {
    let Lived { record, start } = lived;
    let appended = match diary {
        Some(diary) if is_new => diary.append(&record),
        _ => Ok(()),
    };
    let passed = record.passed();
    if passed && appended.is_err() {
        return appended;
    }
    let line = Line { record: Box::new(record), is_new };
    // One that did not pass is handed on first, and whatever cannot be written: it must not pass unseen.
    if is_new {
        hand_on(&line);
    }
    let path = violation::folder(&order.violations, line.record.cluster, line.record.epoch);
    if passed || !is_new && violation::is_kept(&path) {
        return appended;
    }
    let kept = violation::keep(&path, &order.plan, start);
    remark(&told(&line.record, kept.is_ok().then_some(&path), &order.plan));
    appended.and(kept)
}

fn live(cluster: &mut Cluster<'_>, order: &Order) -> Result<Lived, SoakError> {
    if !order.wall_clock {
        return Ok(cluster.live_beside(&mut ())?);
    }
    let (epoch, mut pace) = (cluster.at.epoch, Pace::start());
    let lived = cluster.live_beside(&mut pace)?;
    let plan = &order.plan;
    pace.wait_until(plan.passed(epoch + 1).0.since(plan.passed(epoch).0));
    Ok(lived)
}

fn told(record: &EpochRecord, kept: Option<&PathBuf>, plan: &SoakPlan) -> String {
    let EpochRecord { cluster, epoch, seed, failures, verdict, .. } = record;
    let failures = if failures.is_empty() { verdict.to_string() } else { failures.join("\n  ") };
    let more = match kept {
        Some(path) => format!(
            "its history: {}/history.jsonl\n  to see it again: {}",
            path.display(),
            violation::command(plan, path)
        ),
        None => format!(
            "it cannot be kept here; to see it again elsewhere: {}",
            violation::long_command(plan, *cluster, *epoch)
        ),
    };
    format!("epoch {epoch} of cluster {cluster} (seed {seed}) did not pass:\n  {failures}\n  {more}")
}
