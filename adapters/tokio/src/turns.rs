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
const TICK: Nanos = Nanos::from_millis(1);

/// The tasks under test, and their clock.
pub(crate) struct Turns {
    runtime: Runtime,
    bell: Arc<Bell>,
    /// What the node's clock showed in the last turn.
    now: Cell<Nanos>,
    /// How much time has passed here since the start. It never goes back.
    elapsed: Cell<Nanos>,
    /// When the next tick is to come that was asked for.
    tick_at: Cell<Option<Nanos>>,
    /// It has come, and no turn has been made since.
    ticked: Cell<bool>,
}

impl Turns {
    pub(crate) fn new(now: Nanos) -> Self {
        let bell = Arc::new(Bell::default());
        let waiting = Arc::clone(&bell);
        let mut builder = Builder::new_current_thread();
        builder.enable_time().start_paused(true).on_thread_park(move || waiting.ring());
        let runtime = builder.build().expect("a runtime without network needs no resource");
        watch(&bell);
        Self {
            runtime,
            bell,
            now: Cell::new(now),
            elapsed: Cell::new(Nanos::ZERO),
            tick_at: Cell::new(None),
            ticked: Cell::new(false),
        }
    }

    /// Spawns a task, which runs in the next turn, or in this one.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(task);
    }

    /// How long it is until timers can fire, if a task is alive that may wait for one and nobody has asked before. Then
    /// [`Turns::tick`] is to be called.
    pub(crate) fn next_tick(&self) -> Option<Nanos> {
        if self.tick_at.get().is_some() || self.runtime.metrics().num_alive_tasks() == 0 {
            return None;
        }
        let until = TICK.0 - self.elapsed.get().0 % TICK.0;
        self.tick_at.set(Some(self.elapsed.get() + Nanos(until)));
        Some(Nanos(until))
    }

    /// It is time for timers: lets those fire in the next turn that are due.
    pub(crate) fn tick(&self, now: Nanos) {
        if let Some(at) = self.tick_at.take() {
            // So much has passed, whatever the clock shows.
            self.now.set(now);
            self.ticked.set(true);
            self.advance_to(at);
        }
    }

    /// Makes a turn, and tells whether it came to an end: `false` means that a task goes on for ever.
    pub(crate) fn turn(&self, now: Nanos, deliver: impl FnOnce()) -> bool {
        self.advance(now);
        let (ticked, bell) = (self.ticked.take(), &self.bell);
        self.runtime.block_on(async {
            if ticked {
                // Once round the loop of the runtime, which fires its timers there.
                tokio::task::yield_now().await;
            }
            deliver();
            bell.waited_for().await
        })
    }

    /// Lets pass what the node's clock says has passed, but no tick that is yet to come.
    ///
    /// So this clock is as good as that of a machine that tokio would run on: it knows nothing of jumps of a clock on the
    /// wall, and it stands still while the machine is suspended.
    fn advance(&self, now: Nanos) {
        let passed = Nanos(now.0.saturating_sub(self.now.replace(now).0));
        let at = self.elapsed.get() + passed;
        self.advance_to(self.tick_at.get().map_or(at, |tick| at.min(Nanos(tick.0 - 1))));
    }

    fn advance_to(&self, at: Nanos) {
        let passed = at.0.saturating_sub(self.elapsed.get().0);
        if passed == 0 {
            return;
        }
        self.elapsed.set(at);
        let _inside = self.runtime.enter();
        let advance = pin!(tokio::time::advance(Duration::from_nanos(passed)));
        // It advances the clock when it is polled first, and then gives way to tasks, of which none runs now.
        let _ = advance.poll(&mut Context::from_waker(Waker::noop()));
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        // The bell may hold a waker of the runtime that holds the bell.
        self.bell.silence();
    }
}
