//! What ends a turn: that all tasks wait, or that one goes on for ever.
//!
//! A task that gives way and goes on is seen by nobody, so a thread looks at its clock now and then. That has no part in
//! any history: it only ends what would never end. A task that does not even give way cannot be stopped, so the process is.

use std::future::poll_fn;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError, Weak};
use std::task::{Poll, Waker};
use std::time::Duration;

/// How often the thread looks.
const LOOKS_EVERY: Duration = Duration::from_millis(500);
/// A turn that is the same in so many looks does not end.
const LOOKS_MAX: u32 = 10;
/// One that is the same still, though it was told to end, never will.
const LOOKS_GIVEN_UP: u32 = 4 * LOOKS_MAX;

/// Rings when a turn is over.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    /// Counts the turns: odd during one.
    turns: AtomicU64,
    waker: Mutex<Option<Waker>>,
    endless: AtomicBool,
}

impl Bell {
    /// Waits until it rings, and tells whether all tasks wait.
    pub(crate) async fn waited_for(&self) -> bool {
        self.turns.fetch_add(1, Ordering::Relaxed);
        let mut first = true;
        poll_fn(|context| {
            if !std::mem::take(&mut first) {
                return Poll::Ready(());
            }
            self.put(Some(context.waker().clone()));
            Poll::Pending
        })
        .await;
        self.turns.fetch_add(1, Ordering::Relaxed);
        !self.endless.load(Ordering::Relaxed)
    }

    /// The runtime has nothing to do.
    pub(crate) fn ring(&self) {
        if let Some(waker) = self.put(None) {
            waker.wake();
        }
    }

    pub(crate) fn silence(&self) {
        self.put(None);
    }

    fn put(&self, waker: Option<Waker>) -> Option<Waker> {
        std::mem::replace(&mut *self.waker.lock().unwrap_or_else(PoisonError::into_inner), waker)
    }
}

/// What the thread has seen of one bell.
struct Watched {
    bell: Weak<Bell>,
    /// Where the tasks run. Whoever runs tests names threads after them.
    thread: String,
    turn: u64,
    looks: u32,
}

static WATCHED: Mutex<Vec<Watched>> = Mutex::new(Vec::new());

/// Rings the bell itself if a turn does not end.
pub(crate) fn watch(bell: &Arc<Bell>) {
    static THREAD: Once = Once::new();
    THREAD.call_once(start);
    let bell = Arc::downgrade(bell);
    let thread = std::thread::current().name().unwrap_or("without a name").to_owned();
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner).push(Watched { bell, thread, turn: 0, looks: 0 });
}

#[expect(clippy::disallowed_methods, reason = "it takes no part in a run that ends by itself")]
fn start() {
    std::thread::spawn(|| {
        loop {
            std::thread::sleep(LOOKS_EVERY);
            WATCHED.lock().unwrap_or_else(PoisonError::into_inner).retain_mut(look);
        }
    });
}

/// Tells whether there is still something to look at.
fn look(watched: &mut Watched) -> bool {
    let Some(bell) = watched.bell.upgrade() else { return false };
    let turn = bell.turns.load(Ordering::Relaxed);
    let same = turn % 2 == 1 && turn == watched.turn;
    (watched.turn, watched.looks) = (turn, if same { watched.looks + 1 } else { 0 });
    if watched.looks >= LOOKS_MAX {
        bell.endless.store(true, Ordering::Relaxed);
        bell.ring();
    }
    if watched.looks >= LOOKS_GIVEN_UP {
        give_up(&watched.thread);
    }
    true
}

/// A test that hangs tells nobody why, nor which it is.
fn give_up(thread: &str) {
    // If standard error is gone too, the signal has to do.
    let _ = writeln!(
        std::io::stderr(),
        "error: a task of the coordinator neither waits nor gives way for {} s, in the thread \"{thread}\": it goes \
         round without reaching an `.await` that waits. Run that alone, in a debugger, to see where. This process is \
         aborted.",
        LOOKS_EVERY.as_secs_f64() * f64::from(LOOKS_GIVEN_UP)
    );
    std::process::abort();
}
