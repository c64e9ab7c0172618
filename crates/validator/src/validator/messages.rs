//! What messages say of a transaction, when they leave and when they arrive.

use history::{Gid, MessageKind, NodeId};

use super::CorrectnessValidator;

impl CorrectnessValidator {
    pub(super) fn sent(
        &mut self,
        (from, to): (NodeId, NodeId),
        gid: Gid,
        message: MessageKind,
        sequence: u64,
    ) {
        match message {
            // Who is deposed speaks of aborts to those who do not listen any more; where one still does, its own decision
            // tells.
            MessageKind::Abort | MessageKind::ReplyAbort if self.run.deposed.contains(&from) => {}
            MessageKind::Commit | MessageKind::ReplyCommit => self.at(gid, sequence, |txn, now| {
                txn.commit_sent.mark(now);
                txn.committed(from, now);
            }),
            MessageKind::CommitOnePhase => self.at(gid, sequence, |txn, now| {
                let branch = txn.branch_at(to);
                txn.branch_mut(branch).one_phase.mark(now);
            }),
            // To a participant that is past it, an abort is no decision: under presumed abort a coordinator that
            // has forgotten a commit says so to whoever asks late, and no harm is done.
            MessageKind::Abort => self.at(gid, sequence, |txn, now| {
                let past = txn.find(to).is_some_and(|branch| txn.branches()[branch].is_past_abort());
                if !past {
                    txn.aborted(from, now);
                }
            }),
            MessageKind::ReplyAbort => self.at(gid, sequence, |txn, now| {
                if txn.find(to).is_some_and(|branch| txn.branches()[branch].in_doubt()) {
                    txn.aborted(from, now);
                }
            }),
            MessageKind::VoteYes => self.at(gid, sequence, |txn, now| {
                let branch = txn.branch_at(from);
                txn.branch_mut(branch).yes_sent.mark(now);
            }),
            MessageKind::Acknowledge => self.known(gid, sequence, |txn, now| {
                let branch = txn.branch_at(from);
                txn.branch_mut(branch).acknowledged.mark(now);
            }),
            MessageKind::Failed => self.at(gid, sequence, |txn, _| txn.disturbed = true),
            _ => {}
        }
    }

    #[inline]
    pub(super) fn delivered(&mut self, from: NodeId, gid: Gid, message: MessageKind, sequence: u64) {
        if matches!(message, MessageKind::VoteYes | MessageKind::VoteReadOnly) {
            self.known(gid, sequence, |txn, now| {
                let branch = txn.branch_at(from);
                txn.branch_mut(branch).vote_delivered.mark(now);
            });
        }
    }
}
