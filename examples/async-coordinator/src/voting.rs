//! Phase one: a task for each vote, and a deadline for all.

use adapter_tokio::Branch;
use adapter_tokio::history::Vote;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::TwoPhase;
use crate::bug::Bug;

impl TwoPhase {
    /// The branches that are prepared if all voted for a commit, in the order of the participants.
    pub(crate) async fn votes(&self, branches: &[Branch]) -> Option<Vec<Branch>> {
        let mut asked = JoinSet::new();
        for branch in branches.iter().cloned() {
            asked.spawn(async move {
                let vote = branch.prepare().await;
                (branch, vote)
            });
        }
        let mut deadline = std::pin::pin!(sleep(self.vote_timeout()));
        let mut prepared = Vec::new();
        loop {
            tokio::select! {
                biased;
                voted = asked.join_next() => match voted {
                    Some(Ok((branch, Vote::Yes))) => prepared.push(branch),
                    Some(Ok((_, Vote::ReadOnly))) => {}
                    Some(Ok((_, Vote::No)) | Err(_)) => return None,
                    None => break,
                },
                () = &mut deadline => {
                    if self.bug == Some(Bug::TimeoutIsYes) {
                        prepared = branches.to_vec();
                        break;
                    }
                    return None;
                }
            }
        }
        prepared.sort_unstable_by_key(Branch::participant);
        Some(prepared)
    }
}
