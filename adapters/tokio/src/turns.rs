//! A runtime that makes one turn at a time: its clock is set, its due timers fire, something is delivered, and all tasks
//! run until each of them waits.
//!
//! A current-thread runtime with a paused clock does the work. Left alone when all tasks wait, it would advance that
//! clock to its next timer; so the hook that it calls right before wakes the future that it blocks on, which ends the turn.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use history::Nanos;
use tokio::runtime::{Builder, Runtime};

use crate::watchdog::{Bell, watch};

/// The resolution of tokio's timers.
pub(crate) const TICK: Nanos = Nanos::from_millis(1);

/// The tasks under test, and their clock.
pub(crate) struct Turns {
    runtime: Runtime,
    bell: Arc<Bell>,
    /// What the node's clock showed in the last turn.
    now: Cell<Nanos>,
    /// How much time has passed here since the start. It never goes back.
    elapsed: Cell<Nanos>,
}

impl Turns {
    pub(crate) fn new(now: Nanos) -> Self {
        let bell = Arc::new(Bell::default());
        let waiting = Arc::clone(&bell);
        let mut builder = Builder::new_current_thread();
        builder.enable_time().start_paused(true).on_thread_park(move || waiting.ring());
        #[cfg(tokio_unstable)]
        builder.rng_seed(tokio::runtime::RngSeed::from_bytes(b"the same in each run"));
        let runtime = builder.build().expect("a runtime without network needs no resource");
        watch(&bell);
        Self { runtime, bell, now: Cell::new(now), elapsed: Cell::new(Nanos::ZERO) }
    }

    /// Spawns a task, which runs in the next turn, or in this one.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(task);
    }

    /// Whether any task is alive, which may wait for a timer.
    pub(crate) fn is_alive(&self) -> bool {
        self.runtime.metrics().num_alive_tasks() > 0
    }

    /// How long it is until a timer can fire.
    pub(crate) fn until_next_tick(&self) -> Nanos {
        Nanos(TICK.0 - self.elapsed.get().0 % TICK.0)
    }

    /// Makes a turn, and tells whether it came to an end: `false` means that a task goes on for ever.
    pub(crate) fn turn(&self, now: Nanos, deliver: impl FnOnce()) -> bool {
        let ticked = self.advance(now);
        let bell = &self.bell;
        self.runtime.block_on(async {
            if ticked {
                // Once round the loop of the runtime, which fires its timers there.
                tokio::task::yield_now().await;
            }
            deliver();
            bell.waited_for().await
        })
    }

    /// Sets the clock, and tells whether it came past an instant at which timers fire. A clock that goes back is a clock
    /// on a wall; this one goes on from there.
    fn advance(&self, now: Nanos) -> bool {
        let passed = Nanos(now.0.saturating_sub(self.now.replace(now).0));
        if passed == Nanos::ZERO {
            return false;
        }
        let before = self.elapsed.get();
        let after = before + passed;
        self.elapsed.set(after);
        let _inside = self.runtime.enter();
        let advance = pin!(tokio::time::advance(Duration::from_nanos(passed.0)));
        // It advances the clock when it is polled first, and then gives way to tasks, of which none runs now.
        let _ = advance.poll(&mut Context::from_waker(Waker::noop()));
        before.0 / TICK.0 < after.0 / TICK.0
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        // The bell may hold a waker of the runtime that holds the bell.
        self.bell.silence();
    }
}
