//! The durable log of a node. What its writer does not wait for may be lost in a crash.

use std::future::poll_fn;
use std::task::Poll;

use history::HaltReason;
use protocol::{Effect, LogPosition, LogRecord};

use crate::state::{Shared, remember};

/// The log of a node.
///
/// The kinds of records have a meaning for the scenarios: faults strike before and after a
/// [`RecordKind::Decided`](history::RecordKind::Decided) and a [`RecordKind::Ended`](history::RecordKind::Ended). A record
/// of any other meaning is [`RecordKind::Other`](history::RecordKind::Other). Its body is the writer's own affair.
#[derive(Clone, Debug)]
pub struct Log(pub(crate) Shared);

/// Why a record is not in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogError {
    /// The disk takes no more records for now. Nothing was written.
    Full,
    /// Whether it is there can only be read, by a node that starts: a sync failed, or the log is another coordinator's.
    Lost(HaltReason),
}

impl Log {
    /// Appends a record, and waits until it is durable.
    ///
    /// # Errors
    /// When it is not.
    pub async fn force(&self, record: LogRecord) -> Result<LogPosition, LogError> {
        let position = self.append(record)?;
        self.sync().await?;
        Ok(position)
    }

    /// Appends a record that becomes durable with a later one, or in the disk's own time.
    ///
    /// # Errors
    /// When the log takes none.
    pub fn append(&self, record: LogRecord) -> Result<LogPosition, LogError> {
        let mut state = self.0.lock();
        if let Some(why) = state.log_lost {
            return Err(LogError::Lost(why));
        }
        if state.disk_full {
            return Err(LogError::Full);
        }
        let position = state.next;
        state.next.0 += 1;
        state.emit(Effect::Append { record, forced: false });
        Ok(position)
    }

    /// Waits until all that was appended so far is durable. Others may append meanwhile: they share one sync.
    ///
    /// # Errors
    /// When it is not.
    pub async fn sync(&self) -> Result<(), LogError> {
        let wanted = {
            let mut state = self.0.lock();
            if state.log_lost.is_none() && state.durable < state.next {
                state.emit(Effect::Sync);
            }
            state.next
        };
        poll_fn(|context| {
            let mut state = self.0.lock();
            if let Some(why) = state.log_lost {
                return Poll::Ready(Err(LogError::Lost(why)));
            }
            if state.durable >= wanted {
                return Poll::Ready(Ok(()));
            }
            remember(&mut state.log_wakers, context.waker());
            Poll::Pending
        })
        .await
    }

    /// Whether the disk takes no more records.
    pub fn is_full(&self) -> bool {
        self.0.lock().disk_full
    }

    /// Where the next record will stand.
    pub fn next_position(&self) -> LogPosition {
        self.0.lock().next
    }

    /// Drops all records before a position, all of which must be durable.
    pub fn truncate(&self, before: LogPosition) {
        self.0.emit(Effect::Truncate { before });
    }
}
