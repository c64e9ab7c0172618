//! Results for a machine to read. What is not a result goes to standard error.

use crate::failure::Failure;
use crate::plan::Plan;
use crate::report::Report;
use crate::run::Ran;
use crate::screen::Screen;
use crate::summary::{FailedRun, Summary};

/// One object with all results, one on each line, and the summary. Results are not kept: there may be millions.
#[derive(Default)]
pub(crate) struct JsonObject {
    has_results: bool,
}

/// One result on each line and nothing else: with one seed, one JSON document. Of a run that did not happen, why.
pub(crate) struct JsonLines;

impl Report for JsonObject {
    fn begin(&mut self, screen: &mut Screen, _plan: &Plan) -> Result<(), Failure> {
        screen.print("{\"results\":[")
    }

    fn ran(&mut self, screen: &mut Screen, ran: &Ran) -> Result<(), Failure> {
        match &ran.result {
            Ok(result) => {
                screen.print(if self.has_results { ",\n" } else { "\n" })?;
                self.has_results = true;
                screen.print_json(result)
            }
            Err(reason) => {
                remark(screen, ran, reason);
                Ok(())
            }
        }
    }

    fn finish(&mut self, screen: &mut Screen, summary: &Summary) -> Result<(), Failure> {
        screen.print("\n],\"summary\":")?;
        screen.print_json(summary)?;
        screen.print("}\n")
    }
}

impl Report for JsonLines {
    fn ran(&mut self, screen: &mut Screen, ran: &Ran) -> Result<(), Failure> {
        match &ran.result {
            Ok(result) => screen.print_json(result)?,
            Err(reason) => {
                remark(screen, ran, reason);
                screen.print_json(&FailedRun::of(ran))?;
            }
        }
        screen.print("\n")
    }

    fn finish(&mut self, _screen: &mut Screen, _summary: &Summary) -> Result<(), Failure> {
        Ok(())
    }
}

fn remark(screen: &Screen, ran: &Ran, reason: &str) {
    screen.remark(format_args!("{} (seed {}): {}: {reason}", ran.subject.name(), ran.seed, ran.status));
}
