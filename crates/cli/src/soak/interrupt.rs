//! Ctrl-C, and what a batch system sends before it kills: a soak stops where its epochs end, and at once when it is asked
//! again. Either way it can go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::signal::{SigSet, Signal};

use crate::exit::Exit;

pub(super) struct Interrupt {
    asked: Arc<AtomicU32>,
}

impl Interrupt {
    /// Listens from now on. This thread must be the only one so far: those that begin later leave the signals to the one
    /// that waits for them, and so do the processes of clusters, which stop when they are asked.
    #[expect(clippy::disallowed_methods, reason = "who waits for a signal takes no part in a run")]
    pub(super) fn listen() -> Self {
        let signals = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM]);
        // The call fails only for an invalid argument.
        signals.thread_block().expect("SIG_BLOCK is a way to change a mask");
        let asked = Arc::new(AtomicU32::new(0));
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            while signals.wait().is_ok() {
                if heard.fetch_add(1, Ordering::Relaxed) > 0 {
                    std::process::exit(Exit::Interrupted.code().into());
                }
            }
        });
        Self { asked }
    }

    /// Whether somebody wants it to stop.
    pub(super) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed) > 0
    }
}
