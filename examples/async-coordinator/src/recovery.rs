//! What is done with the log after a restart, and how it is kept short.

use std::sync::Arc;

use adapter_tokio::history::{Decision, Gid, HaltReason, ParticipantId, RecordKind};
use adapter_tokio::{LogError, LogPosition, LogRecord, Reply, Report};

use crate::TwoPhase;
use crate::memory::{Memory, Phase, mixed};

/// The log is cut when it has grown by this many records, beside two for each transaction that is not over.
const CHECKPOINT_AFTER: usize = 1_000;

/// What the log tells.
pub(crate) fn replay(log: &[LogRecord], log_first: LogPosition) -> Memory {
    let mut memory = Memory::new(log_first);
    for record in log {
        let mut body = record.reader();
        match record.kind {
            RecordKind::Decided(Decision::Commit) => {
                memory.commit(record.gid, std::iter::from_fn(|| body.u32().map(ParticipantId)));
            }
            RecordKind::Ended => {
                memory.used(record.gid);
                memory.end(record.gid);
            }
            RecordKind::Other if record.gid == Gid::INITIAL => {
                memory.used(Gid(body.u32().unwrap_or(1).saturating_sub(1)));
            }
            RecordKind::Other => drop(memory.mixed.insert(record.gid)),
            RecordKind::Prepared | RecordKind::Decided(Decision::Abort) => {}
        }
    }
    memory
}

impl TwoPhase {
    /// Goes on with what the log has told.
    pub(crate) fn resume(self: &Arc<Self>) {
        let memory = self.memory();
        for &gid in &memory.mixed {
            // The report may not have left before the crash.
            self.node.tell_client(gid, Reply::Mixed);
        }
        let committing = memory.committing();
        drop(memory);
        for (gid, participants) in committing {
            let prepared = self.node.branches(gid, &participants);
            tokio::spawn(Arc::clone(self).finish(gid, prepared));
        }
        if self.node.epoch() > 1 {
            self.node.invite_inquiries();
        }
    }

    /// All have acknowledged. Without the record a restarted coordinator tells them again, which harms nobody.
    pub(crate) async fn ended(&self, gid: Gid) {
        let written = self.node.log().append(LogRecord::new(RecordKind::Ended, gid));
        self.memory().end(gid);
        if written.is_ok() {
            self.cut_log_if_long().await;
        }
    }

    /// A participant was made to decide by itself, and otherwise. The client hears of it, whatever it was told before.
    pub(crate) async fn mixed(&self, report: Report) -> Result<(), HaltReason> {
        let gid = report.gid();
        match (self.memory().phase(gid), report.decision()) {
            (Some(Phase::Committing(_)), Decision::Abort) | (None, _) => {}
            // It has heard no decision of this coordinator.
            _ => return Ok(()),
        }
        let known = self.memory().mixed.contains(&gid);
        if !known {
            match self.node.log().force(mixed(gid)).await {
                Ok(_) => {}
                // It will say it again.
                Err(LogError::Full) => return Ok(()),
                Err(LogError::Lost(why)) => return Err(why),
            }
            self.memory().mixed.insert(gid);
            self.node.tell_client(gid, Reply::Mixed);
        }
        report.forget();
        Ok(())
    }

    async fn cut_log_if_long(&self) {
        let log = self.node.log();
        let first = log.next_position();
        let records = {
            let mut memory = self.memory();
            let length = (first.0 - memory.log_first.0) as usize;
            if length < CHECKPOINT_AFTER + memory.mixed.len() + 2 * memory.open() {
                return;
            }
            memory.log_first = first;
            memory.checkpoint()
        };
        let written = records.into_iter().try_for_each(|record| log.append(record).map(drop));
        // What was there before goes only once all that replaces it is durable.
        if written.is_ok() && log.sync().await.is_ok() {
            log.truncate(first);
        }
    }
}
