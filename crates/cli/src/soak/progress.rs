//! How far a soak is, while it goes on: on a terminal a line that changes, elsewhere a line a minute.

use std::fmt::Display;
use std::io::{self, IsTerminal};
use std::time::Duration;

use harness_core::Cost;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use soak::{SoakPlan, SoakResult};

use super::tell;
use crate::screen;

const LINE_EVERY: Duration = Duration::from_secs(60);
const CHANGED_EVERY: Duration = Duration::from_millis(100);

pub(super) struct Progress {
    /// Hidden where there is no terminal.
    bar: ProgressBar,
    cost: Cost,
    last: Cost,
    /// How many epochs there are, in all clusters of this machine.
    epochs: u64,
    /// How many of them were recorded before, and cost nothing now.
    before: u64,
}

impl Progress {
    pub(super) fn new(plan: &SoakPlan, clusters: u64) -> Self {
        let epochs = plan.epochs() * clusters;
        let bar = if io::stderr().is_terminal() {
            let style = ProgressStyle::with_template("{bar:20} {msg}").expect("the template is well formed");
            ProgressBar::with_draw_target(Some(epochs), ProgressDrawTarget::stderr()).with_style(style)
        } else {
            ProgressBar::hidden()
        };
        Self { bar, cost: Cost::start(), last: Cost::start(), epochs, before: 0 }
    }

    pub(super) fn show(&mut self, result: &SoakResult) {
        let every = if self.bar.is_hidden() { LINE_EVERY } else { CHANGED_EVERY };
        if self.last.wall() < every {
            return;
        }
        self.last = Cost::start();
        let epochs = result.epochs();
        let text = tell::progress(result, epochs - self.before, self.epochs - epochs, self.cost.wall());
        if self.bar.is_hidden() {
            self.remark(text);
        } else {
            self.bar.set_position(epochs);
            self.bar.set_message(text);
        }
    }

    /// An epoch was recorded before.
    pub(super) fn skip(&mut self) {
        self.before += 1;
    }

    /// Says something beside.
    pub(super) fn remark(&self, text: impl Display) {
        self.bar.suspend(|| screen::remark(text));
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
