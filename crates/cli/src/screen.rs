//! Standard output, and the progress bar that must not get in its way: every line that is not an error goes
//! through here.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::failure::Failure;
use crate::plan::Format;

/// Standard output, which may break at any time, and a progress bar on standard error.
pub(crate) struct Screen {
    out: BufWriter<StdoutLock<'static>>,
    is_closed: bool,
    bar: ProgressBar,
}

/// Says something on standard error, in one piece: the processes of a soak share it.
pub(crate) fn remark(text: impl Display) {
    // If standard error is gone, the exit code has to do.
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}

impl Screen {
    pub(crate) fn new() -> Self {
        let out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
        Self { out, is_closed: false, bar: ProgressBar::hidden() }
    }

    /// With a progress bar, if there is a terminal to see it and more than one run to wait for.
    pub(crate) fn with_progress(runs: u64, format: Format) -> Self {
        let mut screen = Self::new();
        // Log lines would tear the bar apart, and the bar JSON, whose lines are written in pieces.
        let is_json = matches!(format, Format::JsonObject | Format::JsonLines);
        let is_torn = std::env::var_os("RUST_LOG").is_some() || (is_json && io::stdout().is_terminal());
        if runs > 1 && io::stderr().is_terminal() && !is_torn {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}");
            screen.bar = ProgressBar::with_draw_target(Some(runs), ProgressDrawTarget::stderr())
                .with_style(style.expect("the template is well formed"));
        }
        screen
    }

    /// Whether the reader went away, as `head` does: what follows would be in vain.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Says what runs now.
    pub(crate) fn announce(&self, name: &str) {
        if !self.bar.is_hidden() {
            self.bar.set_message(name.to_owned());
        }
    }

    /// Moves the bar by one run.
    pub(crate) fn advance(&self) {
        self.bar.inc(1);
    }

    pub(crate) fn end_progress(&self) {
        self.bar.finish_and_clear();
    }

    pub(crate) fn print(&mut self, text: impl Display) -> Result<(), Failure> {
        let written = self.bar.suspend(|| write!(self.out, "{text}").and_then(|()| self.out.flush()));
        self.check(written)
    }

    /// On one line, without the line's end.
    pub(crate) fn print_json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let written = self.bar.suspend(|| {
            serde_json::to_writer(&mut self.out, value)
                .map_err(io::Error::from)
                .and_then(|()| self.out.flush())
        });
        self.check(written)
    }

    /// Says something on standard error, while standard output is for a machine to read.
    pub(crate) fn remark(&self, text: impl Display) {
        self.bar.suspend(|| remark(text));
    }

    fn check(&mut self, written: io::Result<()>) -> Result<(), Failure> {
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(())
            }
            other => other.map_err(Failure::Screen),
        }
    }
}
