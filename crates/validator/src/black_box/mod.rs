//! Black box: judges what the clients of a database saw, without a look inside. The readers turn files into a
//! [`ClientHistory`]; what its values tell of the order of transactions becomes a graph, whose cycles are anomalies.
//!
//! What it does not do: it knows nothing of two-phase commit, whose own histories are judged by
//! [`crate::CorrectnessValidator`].

mod bank;
mod check;
mod commit_order;
mod findings;
mod formats;
mod history;
mod inferred;
mod list_append;
mod lists;
mod lost_update;
mod options;
mod promise;
mod recorder;
mod register;
mod report;
mod rows;
mod story;
mod table;
mod time;
mod words;
mod writers;

pub use bank::{BankHistory, BankOptions};
pub use check::check;
pub use findings::{Finding, Found};
pub use formats::{Format, Place, ReadError, Recording, read};
pub use history::{ClientHistory, Ending, Model};
pub use options::{Assumptions, Options};
pub use promise::Promise;
pub use report::{Check, Counts, Report};
