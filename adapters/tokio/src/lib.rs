//! The arrow from a coordinator that is written with tokio to the state machine that the simulator drives.
//!
//! An [`AsyncCoordinator`] is ordinary asynchronous code: it spawns tasks, races timeouts, joins futures. An [`Adapter`]
//! runs it on a runtime of one thread whose clock stands still. Each step of the simulator delivers one input, sets that
//! clock to the simulator's, lets all tasks run until each of them waits for something, and hands out what they wanted
//! done, in order. A crash drops the runtime with all tasks; what is left is the log.
//!
//! # The same seed, the same history
//!
//! Whatever the code takes from anywhere but its [`Node`] and tokio's clock is not a function of the seed. What gets in
//! most easily:
//!
//! - `tokio::select!` polls its branches in random order, and tokio gives nobody the seed. Write `biased;`.
//! - The order of a `HashMap` is another one in each process: use a `BTreeMap`.
//! - `std::time`, threads, `spawn_blocking`, and the network: use `tokio::time` and the [`Branch`]es.
//!
//! The conformance tests run scenarios twice and say so where the histories differ.
//!
//! # What goes wrong otherwise
//!
//! A panic in any task, and a task that gives way for ever and never waits, fail the run with a sentence. A task that goes
//! round in a loop without any `.await` cannot be stopped: after twenty seconds the process is aborted with a sentence.
//!
//! Tokio's timers have a resolution of one millisecond, and no interface of tokio tells which one is next. So while any
//! task is alive the adapter looks after each millisecond of virtual time, and fires each timer in its own.

mod adapter;
mod branch;
mod coordinator;
mod log;
mod node;
mod panics;
mod state;
mod turns;
mod watchdog;

pub use adapter::Adapter;
pub use branch::{Branch, Transaction};
pub use coordinator::{AsyncCoordinator, Reply, Report};
pub use log::{Log, LogError};
pub use node::Node;

// What a coordinator needs beside the above, under one name.
pub use history;
pub use protocol::{
    CoordinatorConfig, DistributedTransaction, Ending, LogPosition, LogRecord, Refusal, StoredRecord,
};
