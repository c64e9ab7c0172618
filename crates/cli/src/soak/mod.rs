//! The commands `soak`, `merge`, and the hidden one that a soak starts for each cluster.

mod args;
mod databases;
mod interrupt;
mod progress;
mod tell;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness_core::{Cost, Verdict};
use soak::fleet::{self, News, Wish};
use soak::folder::Identity;
use soak::worker::Order;
use soak::{Folder, Shard, SoakError, SoakResult, Span};

pub(crate) use args::{MergeOptions, SoakOptions};
use interrupt::Interrupt;
use progress::Progress;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::plan;
use crate::screen::{self, Screen};
use crate::shield::Shield;
use crate::target::Target;

/// Where epochs are kept that do not pass, of a soak without a folder.
const VIOLATIONS: &str = "target/soak";

/// The command that a worker is started with; no user needs it.
pub(crate) const WORKER: &str = "soak-worker";

pub(crate) fn soak(options: &SoakOptions) -> Result<Exit, Failure> {
    if let Some(folder) = &options.status {
        return status(folder);
    }
    if let Some(folder) = &options.replay {
        return replay(folder);
    }
    if !options.backend.is_empty() || !options.urls.is_empty() {
        return databases::soak(options);
    }
    let plan = options.plan(plan::failpoints()?);
    let shard = options.shard.unwrap_or(Shard::WHOLE);
    if let Some(mistake) = plan.mistake().or_else(|| plan.mistake_of(shard)) {
        return Err(Failure::Usage(mistake));
    }
    let identity = Identity::new(&plan)?;
    let folder = options.state.as_deref().map(|path| Folder::open(path, &identity, shard)).transpose()?;
    check_room(folder.as_ref().map_or(Path::new(VIOLATIONS), Folder::path))?;
    let result = SoakResult::new(identity, shard);
    let interrupt = Interrupt::listen();
    Soak { options, shard, folder, result, interrupt, lost: false, stopped: false }.run()
}

/// What is found after hours must not be lost: makes sure that there is room for it, in this folder.
fn check_room(violations: &Path) -> Result<(), Failure> {
    let _shield = Shield::raise();
    soak::violation::check_room(violations).map_err(|source| Failure::Files {
        action: "keep epochs that do not pass in",
        path: violations.to_owned(),
        source,
        instead: "another folder with --state",
    })
}

/// A soak under way.
struct Soak<'a> {
    options: &'a SoakOptions,
    shard: Shard,
    folder: Option<Folder>,
    result: SoakResult,
    interrupt: Interrupt,
    /// Whether the worker of some cluster was.
    lost: bool,
    /// Whether nobody begins another epoch.
    stopped: bool,
}

impl Soak<'_> {
    fn run(mut self) -> Result<Exit, Failure> {
        let cost = Cost::start();
        let orders = self.orders();
        let of_shard = orders.len();
        let mut progress = Progress::new(&self.result.identity.plan, of_shard as u64);
        let program = std::env::current_exe().map_err(SoakError::start)?;
        let sailed = fleet::sail(
            orders,
            self.jobs(),
            || worker(&program),
            |news| {
                self.hear(news, cost.wall(), &mut progress);
                progress.show(&self.result);
                if self.stopped { Wish::Stop } else { Wish::GoOn }
            },
        );
        progress.end();
        sailed.map_err(SoakError::start)?;
        let written = self.folder.as_ref().map_or(Ok(()), |folder| folder.write_result(&self.result));
        let mut screen = Screen::new();
        if self.options.json {
            screen.print_json(&self.result)?;
            screen.print("\n")?;
        } else {
            let has_state = self.options.state.is_some();
            screen.print(tell::result(&self.result, Some(cost.wall())))?;
            screen.print(tell::unfinished(&self.result, self.shard, has_state))?;
        }
        // A result that cannot be written is one all the same: a violation must not pass unseen.
        if let Err(error) = &written {
            screen.remark(format_args!("error: {error}"));
        }
        let lost = if self.lost || written.is_err() { Exit::NotRun } else { Exit::Valid };
        let interrupted = if self.interrupt.is_asked() { Exit::Interrupted } else { Exit::Valid };
        Ok(exit(&self.result).max(lost).max(interrupted))
    }

    fn hear(&mut self, news: News, wall: Duration, progress: &mut Progress) {
        match news {
            News::Recorded(record) => {
                self.result.add(&record);
                progress.skip();
            }
            News::Lived(record) => {
                self.result.add(&record);
                self.stopped |= !record.passed() && self.options.stop_on_violation;
            }
            News::Lost { cluster, seed, how } => {
                self.lost = true;
                progress
                    .remark(format_args!("error: cluster {cluster} (seed {seed}): {how}; the others go on"));
            }
            News::Tick => {}
        }
        let budget = self.options.budget.map(|Span(span)| Duration::from_nanos(span.0));
        self.stopped |= budget.is_some_and(|budget| wall >= budget);
        if self.interrupt.is_asked() && !self.stopped {
            self.stopped = true;
            progress.remark("stopping when the epochs under way are over; once more stops at once");
        }
    }

    fn orders(&self) -> Vec<Order> {
        let plan = &self.result.identity.plan;
        let folder = self.folder.as_ref().map(|folder| folder.path().to_owned());
        let violations = folder.clone().unwrap_or_else(|| PathBuf::from(VIOLATIONS));
        let own = (0..plan.clusters).filter(|&cluster| self.shard.has(cluster));
        own.map(|cluster| Order {
            plan: plan.clone(),
            cluster,
            folder: folder.clone(),
            violations: violations.clone(),
            stop_on_violation: self.options.stop_on_violation,
            wall_clock: self.options.wall_clock,
        })
        .collect()
    }

    fn jobs(&self) -> usize {
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        self.options.jobs.map_or_else(processors, |jobs| jobs as usize)
    }
}

fn worker(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg(WORKER);
    command
}

/// What a worker does.
pub(crate) fn work() -> Result<Exit, Failure> {
    soak::worker::serve(io::BufReader::new(io::stdin()), io::stdout(), |text| screen::remark(text))?;
    Ok(Exit::Valid)
}

pub(crate) fn merge(options: &MergeOptions) -> Result<Exit, Failure> {
    let target = options.output.as_deref().map(Target::open).transpose()?;
    let mut merged: Option<SoakResult> = None;
    for path in &options.shards {
        let result = Folder::read_result(path)?;
        match &mut merged {
            None => merged = Some(result),
            Some(merged) => merged.merge(&result, path)?,
        }
    }
    let merged = merged.ok_or_else(|| Failure::Usage("name the folders of some shards".to_owned()))?;
    if let Some(target) = &target {
        target.write(|out| out.write_all(&merged.sealed()))?;
    }
    let mut screen = Screen::new();
    if options.json {
        screen.print_json(&merged)?;
        screen.print("\n")?;
    } else {
        screen.print(tell::result(&merged, None))?;
        screen.print(tell::missing(&merged))?;
    }
    let missing = if merged.unfinished().is_empty() { Exit::Valid } else { Exit::Inconclusive };
    Ok(exit(&merged).max(missing))
}

fn status(folder: &Path) -> Result<Exit, Failure> {
    let status = Folder::status(folder)?;
    let mut screen = Screen::new();
    screen.print(tell::status(&status))?;
    Ok(exit(&status.result))
}

fn replay(folder: &Path) -> Result<Exit, Failure> {
    let (result, _) = soak::violation::replay(folder, plan::failpoints()?.as_deref())?;
    let mut screen = Screen::new();
    screen.print(tell::epoch(&result))?;
    Ok(crate::exit::Status::of(&result).exit())
}

/// The exit code that follows from what was validated.
fn exit(result: &SoakResult) -> Exit {
    let is_inconclusive = |verdict: &Verdict| matches!(verdict, Verdict::Inconclusive(_));
    let total = result.total();
    let mut failed = result.clusters.values().flat_map(|cluster| &cluster.first);
    match (total.violated, total.failed) {
        (0, 0) => Exit::Valid,
        (0, _) if failed.all(|epoch| is_inconclusive(&epoch.verdict)) => Exit::Inconclusive,
        _ => Exit::Violated,
    }
}
