//! Runs a plan: each scenario with each seed, one after another; each result is written and told at once.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use harness_core::history::History;
use harness_core::{RunError, TestHarnessConfig, TestResult, TestScenario, TwoPhaseCommitTestHarness};

use crate::exit::{Exit, Status};
use crate::failure::Failure;
use crate::files::Folder;
use crate::plan::{Format, Plan, Subject};
use crate::replay::Replay;
use crate::report;
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
    pub(crate) replay: Replay,
}

impl Ran<'_> {
    /// How many faults fired beside those of the scenario, each of which fires once.
    fn struck(&self) -> u64 {
        let own = self.scenario.as_ref().map_or(0, |scenario| scenario.failure_configs.len() as u64);
        self.result.as_ref().map_or(0, |result| result.metrics.failures_injected.saturating_sub(own))
    }
}

pub(crate) fn run(plan: &Plan) -> Result<Exit, Failure> {
    let folder = plan.output.as_deref().map(Folder::open).transpose()?;
    let mut screen = Screen::with_progress(plan.runs(), plan.format);
    let mut report = report::of(plan.format);
    let mut summary = Summary::new(plan);
    report.begin(&mut screen, plan)?;
    let mut struck = 0;
    let runs = plan.subjects.iter().zip(1..).flat_map(|it| plan.seeds().map(move |seed| (it, seed)));
    for ((subject, number), seed) in runs {
        // Files are wanted whether or not somebody reads along; without them there is nothing left to do.
        if screen.is_closed() && folder.is_none() {
            return Ok(summary.exit().max(Exit::NotRun));
        }
        screen.announce(subject.name());
        let mut ran = run_one(plan, subject, seed)?;
        if let (Some(folder), Ok(result)) = (&folder, &ran.result) {
            ran.file = Some(folder.write_result(number, plan.seeds > 1, result)?);
        }
        screen.advance();
        struck += ran.struck();
        summary.add(&ran);
        report.ran(&mut screen, &ran)?;
    }
    summary.finish();
    if let Some(folder) = &folder {
        folder.write_summary(&summary)?;
    }
    screen.end_progress();
    report.finish(&mut screen, &summary)?;
    if plan.failpoints.is_some() && struck == 0 {
        screen.remark("warning: no fault of FAILPOINTS fired");
    }
    Ok(summary.exit())
}

fn run_one<'a>(plan: &Plan, subject: &'a Subject, seed: u64) -> Result<Ran<'a>, Failure> {
    let replay = plan.replay(subject, seed);
    let record = plan.format == Format::Detail { timeline: true };
    let mut scenario = None;
    // A panic is a broken assumption in one run: the others still tell something.
    let outcome =
        catch_unwind(AssertUnwindSafe(|| judge(scenario.insert(subject.scenario(seed)?), seed, record)));
    let (status, result, history) = match outcome {
        Ok(Ok((mut result, history))) => {
            result.replay = replay.anywhere();
            (Status::of(&result), Ok(result), history)
        }
        Ok(Err(error @ RunError::Failpoints { .. })) => return Err(Failure::Usage(error.to_string())),
        Ok(Err(error)) => (Status::of_error(&error), Err(error.to_string()), None),
        Err(_) => {
            (Status::NotRun, Err("the simulator panicked, see above: a bug of this program".to_owned()), None)
        }
    };
    Ok(Ran { subject, seed, scenario, status, result, history, file: None, replay })
}

fn judge(
    scenario: &TestScenario,
    seed: u64,
    record: bool,
) -> Result<(TestResult, Option<History>), RunError> {
    let harness = TwoPhaseCommitTestHarness::new(TestHarnessConfig { seed, ..TestHarnessConfig::default() });
    if record {
        harness.run_recorded(scenario).map(|(result, history)| (result, Some(history)))
    } else {
        harness.run_scenario(scenario).map(|result| (result, None))
    }
}
