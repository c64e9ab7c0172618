//! Holds back Ctrl-C while a file is on its way to its name.

use nix::sys::signal::{SigSet, SigmaskHow, Signal};

/// While this lives, signals that would end the program wait. They take effect when it goes.
///
/// The program has one thread, so its mask is that of the process.
pub(crate) struct Shield {
    before: SigSet,
}

impl Shield {
    pub(crate) fn raise() -> Self {
        let held = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]);
        // The call fails only for an invalid argument.
        let before =
            held.thread_swap_mask(SigmaskHow::SIG_BLOCK).expect("SIG_BLOCK is a way to change a mask");
        Self { before }
    }
}

impl Drop for Shield {
    fn drop(&mut self) {
        self.before.thread_set_mask().expect("a mask that was in force is valid");
    }
}
