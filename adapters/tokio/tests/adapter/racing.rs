//! A coordinator in which everything races: tasks, channels, timers, `select!`, and intervals. The same seed must give
//! the same history all the same, and if something else gets in, a second run must show it.

use std::sync::Arc;
use std::time::Duration;

use adapter_tokio::history::{Decision, Gid, HaltReason, ParticipantId, RecordKind, Vote};
use adapter_tokio::{AsyncCoordinator, Branch, LogRecord, Node, Reply, Transaction};
use harness_core::history::{NodeId, Point};
use harness_core::{Load, TestScenario};
use tokio::sync::mpsc;
use tokio::time::{interval, sleep, timeout};

use crate::runs::run;

/// `FAIR` lets `select!` poll its branches in random order, as it does unless it is told not to.
struct Racing<const FAIR: bool> {
    node: Node,
}

impl<const FAIR: bool> AsyncCoordinator for Racing<FAIR> {
    async fn start(node: Node, _log: Vec<LogRecord>) -> Result<Arc<Self>, HaltReason> {
        if node.epoch() > 1 {
            node.invite_inquiries();
        }
        Ok(Arc::new(Self { node }))
    }

    async fn execute(self: Arc<Self>, transaction: Transaction) -> Result<Reply, HaltReason> {
        let branches = transaction.branches();
        for branch in &branches {
            if !matches!(timeout(Duration::from_secs(1), branch.execute(&transaction)).await, Ok(Ok(()))) {
                branches.iter().for_each(Branch::abort);
                return Ok(Reply::Aborted);
            }
        }
        if !self.all_vote_yes(&branches).await {
            branches.iter().for_each(Branch::abort);
            return Ok(Reply::Aborted);
        }
        let decided = LogRecord::new(RecordKind::Decided(Decision::Commit), transaction.gid());
        if self.node.log().force(decided).await.is_err() {
            return Err(HaltReason::SyncFailed);
        }
        for branch in branches {
            tokio::spawn(async move {
                let mut again = interval(Duration::from_millis(3));
                loop {
                    tokio::select! {
                        biased;
                        () = branch.commit() => break,
                        _ = again.tick() => {}
                    }
                }
            });
        }
        Ok(Reply::Committed)
    }

    async fn outcome(self: Arc<Self>, _transaction: Transaction) -> Result<Reply, HaltReason> {
        Ok(Reply::Aborted)
    }

    async fn inquired(self: Arc<Self>, _gid: Gid, _from: ParticipantId) -> Option<Decision> {
        Some(Decision::Abort)
    }
}

impl<const FAIR: bool> Racing<FAIR> {
    async fn all_vote_yes(&self, branches: &[Branch]) -> bool {
        let (told, mut votes) = mpsc::unbounded_channel();
        let mut racers = tokio::task::JoinSet::new();
        for branch in branches {
            let (branch, told) = (branch.clone(), told.clone());
            racers.spawn(async move {
                let vote = branch.prepare().await;
                // Two that are ready at once: which is taken is told by what leaves next.
                let (left, right) = (sleep(Duration::from_millis(2)), sleep(Duration::from_millis(2)));
                let first = if FAIR {
                    tokio::select! { () = left => true, () = right => false }
                } else {
                    tokio::select! { biased; () = left => true, () = right => false }
                };
                if first {
                    tokio::task::yield_now().await;
                    sleep(Duration::from_millis(1)).await;
                }
                let _ = told.send(vote);
            });
        }
        for _ in branches {
            match timeout(Duration::from_secs(1), votes.recv()).await {
                Ok(Some(Vote::Yes)) => {}
                _ => return false,
            }
        }
        true
    }
}

fn scenario() -> TestScenario {
    TestScenario::new("Transfers, and two crashes.", 3)
        .load(Load::transfers(100, 3))
        .in_flight(4)
        .crash_at_nth(NodeId::COORDINATOR, Point::AfterVoteReceived, 30)
        .crash_at_nth(NodeId::COORDINATOR, Point::AfterDecisionSent, 100)
}

#[test]
fn timers_tasks_and_select_replay_to_the_byte() {
    for seed in 0..5 {
        let (first, second) =
            (run::<Racing<false>>(&scenario(), seed).1, run::<Racing<false>>(&scenario(), seed).1);
        assert_eq!(first.events, second.events, "seed {seed}");
        assert!(first.events.len() > 1_000, "something happened");
    }
}

/// Three hundred times it is drawn which of two is taken: two runs that draw the same are not to be expected.
#[test]
fn a_select_in_random_order_shows_in_a_second_run() {
    let [first, second] = [(); 2].map(|()| run::<Racing<true>>(&scenario(), 0).1);
    assert_ne!(first.events, second.events);
}
