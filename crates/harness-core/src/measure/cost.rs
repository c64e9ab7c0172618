//! What a run costs the machine: memory, processor time and wall-clock time. Ambient by nature, so it is kept out
//! of histories and of everything that identifies a run.

use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

/// A stopwatch over the processor and the wall clock.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    wall: Instant,
    cpu: Duration,
}

impl Cost {
    /// Starts counting.
    #[expect(clippy::disallowed_methods, reason = "what a run costs is told in real time")]
    pub fn start() -> Self {
        Self { wall: Instant::now(), cpu: usage().0 }
    }

    /// Wall-clock time since the start.
    pub fn wall(&self) -> Duration {
        self.wall.elapsed()
    }

    /// Processor time of this process since the start.
    pub fn cpu(&self) -> Duration {
        usage().0.saturating_sub(self.cpu)
    }

    /// The most memory that this process ever had resident, in bytes.
    pub fn peak_memory() -> u64 {
        usage().1
    }
}

fn usage() -> (Duration, u64) {
    // The call fails only for an invalid argument.
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("getrusage knows RUSAGE_SELF");
    let spent = |time: nix::sys::time::TimeVal| {
        Duration::new(time.tv_sec().unsigned_abs(), time.tv_usec().unsigned_abs() as u32 * 1_000)
    };
    (spent(usage.user_time()) + spent(usage.system_time()), usage.max_rss().unsigned_abs() * 1_024)
}
