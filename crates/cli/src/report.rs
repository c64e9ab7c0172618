//! How runs are told: as they end, and all together at the end.

use crate::detail::Detail;
use crate::failure::Failure;
use crate::json::{JsonLines, JsonObject};
use crate::overview::Overview;
use crate::plan::{Format, Plan};
use crate::run::Ran;
use crate::screen::Screen;
use crate::summary::Summary;

/// A way to tell about runs.
pub(crate) trait Report {
    fn begin(&mut self, _screen: &mut Screen, _plan: &Plan) -> Result<(), Failure> {
        Ok(())
    }

    fn ran(&mut self, screen: &mut Screen, ran: &Ran) -> Result<(), Failure>;

    fn finish(&mut self, screen: &mut Screen, summary: &Summary) -> Result<(), Failure>;
}

pub(crate) fn of(format: Format) -> Box<dyn Report> {
    match format {
        Format::Overview { verbose } => Box::new(Overview::new(verbose)),
        Format::Detail { .. } => Box::new(Detail::default()),
        Format::JsonObject => Box::new(JsonObject::default()),
        Format::JsonLines => Box::new(JsonLines),
    }
}
