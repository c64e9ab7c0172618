//! A coordinator as short as one can be that only has to do for a run without trouble.

use std::sync::Arc;

use adapter_tokio::history::{Decision, Gid, HaltReason, ParticipantId, RecordKind, Vote};
use adapter_tokio::{AsyncCoordinator, LogError, LogRecord, Node, Reply, Transaction};
use futures_util::future::join_all;

pub(crate) struct Plain {
    node: Node,
}

impl AsyncCoordinator for Plain {
    async fn start(node: Node, _log: Vec<LogRecord>) -> Result<Arc<Self>, HaltReason> {
        Ok(Arc::new(Self { node }))
    }

    async fn execute(self: Arc<Self>, transaction: Transaction) -> Result<Reply, HaltReason> {
        let branches = transaction.branches();
        let work = join_all(branches.iter().map(|branch| branch.execute(&transaction))).await;
        let votes = join_all(branches.iter().map(|branch| branch.prepare())).await;
        if work.iter().any(Result::is_err) || votes.contains(&Vote::No) {
            branches.iter().for_each(|branch| branch.abort());
            return Ok(Reply::Aborted);
        }
        let decided = RecordKind::Decided(Decision::Commit);
        match self.node.log().force(LogRecord::new(decided, transaction.gid())).await {
            Ok(_) => {}
            Err(LogError::Full) => return Ok(Reply::Aborted),
            Err(LogError::Lost(why)) => return Err(why),
        }
        tokio::spawn(async move {
            join_all(branches.iter().map(|branch| branch.commit())).await;
        });
        Ok(Reply::Committed)
    }

    async fn outcome(self: Arc<Self>, _transaction: Transaction) -> Result<Reply, HaltReason> {
        Ok(Reply::Aborted)
    }

    async fn inquired(self: Arc<Self>, _gid: Gid, _from: ParticipantId) -> Option<Decision> {
        None
    }
}
