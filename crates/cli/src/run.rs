//! Runs a plan: each scenario with each seed, one after another; each result is written and told at once.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use harness_core::history::History;
use harness_core::{RunError, TestResult, TestScenario};

use crate::engine::Engine;
use crate::exit::{Exit, Status};
use crate::failure::Failure;
use crate::files::Folder;
use crate::plan::{Format, Plan, Subject};
use crate::recordings::{self, Recordings};
use crate::replay::Replay;
use crate::report::{self, Report};
use crate::screen::Screen;
use crate::summary::Summary;

/// One scenario, run or not, with one seed.
pub(crate) struct Ran<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) seed: u64,
    /// What was run, unless drawing it failed.
    pub(crate) scenario: Option<Cow<'a, TestScenario>>,
    pub(crate) status: Status,
    /// What it came to, or why it did not happen.
    pub(crate) result: Result<TestResult, String>,
    /// What happened, if somebody wants to read it.
    pub(crate) history: Option<History>,
    /// The file that has the result.
    pub(crate) file: Option<String>,
    /// The file that has the history of a run in real time that did not pass.
    pub(crate) kept: Option<PathBuf>,
    pub(crate) replay: Replay,
}

impl Ran<'_> {
    /// How many faults fired beside those of the scenario, each of which fires once.
    fn struck(&self) -> u64 {
        let own = self.scenario.as_ref().map_or(0, |scenario| match scenario.chaos {
            // How many it draws is up to the seed.
            Some(_) => u64::MAX,
            None => scenario.failure_configs.len() as u64,
        });
        self.result.as_ref().map_or(0, |result| result.metrics.failures_injected.saturating_sub(own))
    }
}

pub(crate) fn run(plan: &Plan) -> Result<Exit, Failure> {
    let folder = plan.output.as_deref().map(Folder::open).transpose()?;
    let recordings = plan.recordings.open()?;
    let mut screen = Screen::with_progress(plan.runs(), plan.format);
    let mut report = report::of(plan.format);
    let mut summary = Summary::new(plan);
    let stopped =
        run_each(plan, (folder.as_ref(), &recordings), &mut screen, &mut *report, &mut summary).err();
    if let Some(failure) = &stopped {
        summary.stop(failure.exit());
    }
    screen.end_progress();
    // What was found before the program had to stop is told, unless that is what it stopped for.
    let can_tell = !matches!(stopped, Some(Failure::Screen(_) | Failure::Usage(_)));
    let told = if can_tell { report.finish(&mut screen, &summary) } else { Ok(()) };
    for failure in stopped.into_iter().chain(told.err()) {
        summary.stop(failure.exit());
        screen.remark(format_args!("error: {failure}"));
    }
    Ok(summary.exit())
}

/// Runs everything and writes it down, as far as that goes.
fn run_each(
    plan: &Plan,
    (folder, recordings): (Option<&Folder>, &Recordings),
    screen: &mut Screen,
    report: &mut dyn Report,
    summary: &mut Summary,
) -> Result<(), Failure> {
    for warning in &plan.engine.warnings {
        screen.remark(format_args!("warning: {warning}"));
    }
    report.begin(screen, plan)?;
    let mut struck = 0;
    let runs = plan.subjects.iter().zip(1..).flat_map(|it| plan.seeds().map(move |seed| (it, seed)));
    for ((subject, number), seed) in runs {
        // Files are wanted whether or not somebody reads along; without them there is nothing left to do.
        if screen.is_closed() && folder.is_none() {
            summary.stop(Exit::NotRun);
            return Ok(());
        }
        screen.announce(subject.name());
        let mut ran = run_one(plan, subject, seed)?;
        let written = match (folder, &ran.result) {
            (Some(folder), Ok(result)) => folder.write_result(number, plan.seeds > 1, result).map(Some),
            _ => Ok(None),
        };
        let written = written.map(|file| ran.file = file);
        let recorded = match (&ran.result, &ran.history) {
            (Ok(result), Some(history)) => recordings.write(screen, result, history),
            _ => Ok(()),
        };
        let kept = keep(plan, &mut ran);
        screen.advance();
        struck += ran.struck();
        // A result that cannot be written is one all the same: a violation must not pass unseen.
        summary.add(&ran);
        report.ran(screen, &ran).and(written).and(recorded).and(kept)?;
    }
    if plan.failpoints.is_some() && struck == 0 {
        screen.remark("warning: no fault of FAILPOINTS fired");
    }
    summary.finish();
    folder.map_or(Ok(()), |folder| folder.write_summary(summary))
}

/// Real time does not come again: what happened in it is kept, if the run did not pass.
fn keep(plan: &Plan, ran: &mut Ran) -> Result<(), Failure> {
    if let (Ok(result), Some(history)) = (&ran.result, &ran.history)
        && plan.engine.is_real()
        && ran.status != Status::Passed
    {
        ran.kept = Some(recordings::keep(result, history)?);
    }
    Ok(())
}

fn run_one<'a>(plan: &Plan, subject: &'a Subject, seed: u64) -> Result<Ran<'a>, Failure> {
    let replay = plan.replay(subject, seed);
    let is_read = plan.format == Format::Detail { timeline: true } || plan.recordings.is_wanted();
    let mut scenario = None;
    // A panic is a broken assumption in one run: the others still tell something.
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let scenario = scenario.insert(subject.scenario(seed)?);
        let record = is_read || plan.engine.is_real() && recordings::can_be_kept(scenario);
        judge(&plan.engine, scenario, seed, record)
    }));
    let (status, result, history) = match outcome {
        Ok(Ok((mut result, history))) => {
            result.replay = replay.anywhere();
            (Status::of(&result), Ok(result), history)
        }
        Ok(Err(error @ RunError::Failpoints { .. })) => return Err(Failure::Usage(error.to_string())),
        Ok(Err(RunError::Interrupted)) => return Err(Failure::Interrupted),
        Ok(Err(error)) => (Status::of_error(&error), Err(error.to_string()), None),
        Err(_) => {
            (Status::NotRun, Err("the simulator panicked, see above: a bug of this program".to_owned()), None)
        }
    };
    Ok(Ran { subject, seed, scenario, status, result, history, file: None, kept: None, replay })
}

fn judge(
    engine: &Engine,
    scenario: &TestScenario,
    seed: u64,
    record: bool,
) -> Result<(TestResult, Option<History>), RunError> {
    let harness = engine.harness(seed);
    if record {
        harness.run_recorded(scenario).map(|(result, history)| (result, Some(history)))
    } else {
        harness.run_scenario(scenario).map(|result| (result, None))
    }
}
