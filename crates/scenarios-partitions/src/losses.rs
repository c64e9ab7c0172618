//! Messages that are lost, kind by kind, once. Before the decision a loss aborts; after it somebody tells or asks
//! again.

use harness_core::TestScenario;
use harness_core::history::{MessageKind, ParticipantId, Point};

use crate::{TM, all_write, lost, rm, three_or};

/// Work that nobody began is not waited for for ever.
pub fn execute_lost_once_aborts(participants: u32) -> TestScenario {
    all_write(participants, "The first execute is lost.")
        .lose(MessageKind::Execute, 1)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::Prepare, 0)
        .expect_commit_records(0)
        .may_abort()
}

/// To the coordinator, work that it does not know is done is not done.
pub fn executed_lost_once_aborts(participants: u32) -> TestScenario {
    all_write(participants, "The first report of work done is lost.")
        .lose(MessageKind::Executed, 1)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::Prepare, 0)
        .expect_commit_records(0)
        .may_abort()
}

/// All votes but one are no decision.
pub fn prepare_lost_once_aborts(participants: u32) -> TestScenario {
    all_write(participants, "The first prepare is lost.")
        .lose(MessageKind::Prepare, 1)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::VoteYes, u64::from(three_or(participants)) - 1)
        .expect_commit_records(0)
        .may_abort()
}

/// A yes that was given and not heard binds the one and does not help the other.
pub fn vote_lost_once_aborts(participants: u32) -> TestScenario {
    all_write(participants, "The first yes is lost.")
        .lose(MessageKind::VoteYes, 1)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::VoteYes, three_or(participants).into())
        .expect_commit_records(0)
        .may_abort()
}

/// Silence means no, too; it only takes longer.
pub fn no_vote_lost_once_aborts(participants: u32) -> TestScenario {
    all_write(participants, "The only no is lost.")
        .votes_no(ParticipantId(2))
        .lose(MessageKind::VoteNo, 1)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::VoteNo, 1)
        .expect_commit_records(0)
        .may_abort()
}

/// Who does not acknowledge is told again.
pub fn commit_lost_once_is_sent_again(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "The first commit is lost.")
        .lose(MessageKind::Commit, 1)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, all + 1)
        .expect_sent(MessageKind::Acknowledge, all)
        .expect_commit_records(all + 1)
        .may_wait_ms(500)
}

/// Told again what it has done, a participant says so again and does nothing.
pub fn acknowledgement_lost_once_is_given_again(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "The first acknowledgement is lost.")
        .lose(MessageKind::Acknowledge, 1)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Commit, all + 1)
        .expect_sent(MessageKind::Acknowledge, all + 1)
        .expect_commit_records(all + 1)
        .may_wait_ms(500)
}

/// One no, and the abort that follows is lost on its way to rm1.
fn abort_lost(participants: u32, description: &str) -> TestScenario {
    all_write(participants, description)
        .votes_no(ParticipantId(3))
        .lose(MessageKind::Abort, 1)
        .expect_outcomes(0, 1)
        .expect_commit_records(0)
        .may_abort()
}

/// Abort is announced once. Who misses it is in doubt, and asks a coordinator that knows of nothing.
pub fn abort_lost_once_is_asked_for(participants: u32) -> TestScenario {
    abort_lost(participants, "One votes no, and the first abort is lost.")
        .expect_sent(MessageKind::Inquire, 1)
        .expect_sent(MessageKind::ReplyAbort, 1)
}

/// A question without an answer is asked again.
pub fn inquiry_lost_once_is_asked_again(participants: u32) -> TestScenario {
    abort_lost(participants, "An abort is lost, and so is the first question about it.")
        .lose(MessageKind::Inquire, 1)
        .expect_sent(MessageKind::Inquire, 2)
        .expect_sent(MessageKind::ReplyAbort, 1)
}

/// The coordinator presumes the same each time that it is asked.
pub fn abort_reply_lost_once_is_asked_for_again(participants: u32) -> TestScenario {
    abort_lost(participants, "An abort is lost, and so is the first answer about it.")
        .lose(MessageKind::ReplyAbort, 1)
        .expect_sent(MessageKind::Inquire, 2)
        .expect_sent(MessageKind::ReplyAbort, 2)
}

/// Two ways lead to a commit, the answer and the telling: one is enough.
pub fn commit_reply_lost_once_leaves_it_to_the_commit(participants: u32) -> TestScenario {
    let all = u64::from(three_or(participants));
    all_write(participants, "Two commits to a participant are lost, and the answer to its question too.")
        .network(lost().of(MessageKind::Commit).sent_to(rm(2)).lasting_ms(550))
        .lose(MessageKind::ReplyCommit, 1)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::Inquire, 1)
        .expect_sent(MessageKind::Commit, all + 2)
        .expect_commit_records(all + 1)
        .may_wait_ms(1_000)
}

/// The call of a restarted coordinator saves time and nothing else: without it, each asks when its patience is over.
pub fn recover_lost_leaves_it_to_patience(participants: u32) -> TestScenario {
    let all = three_or(participants);
    all_write(participants, "The coordinator dies undecided, and its call after the restart reaches nobody.")
        .crash_at(TM, Point::BeforeDecisionForced)
        .lose(MessageKind::Recover, all)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::Inquire, all.into())
        .expect_sent(MessageKind::ReplyAbort, all.into())
        .expect_commit_records(0)
        .may_abort()
}

fn one_writes(participants: u32, description: &str) -> TestScenario {
    TestScenario::new(description, participants.max(1))
        .writing_to(1)
        .expect_outcomes(1, 0)
        .expect_sent(MessageKind::CommitOnePhase, 2)
        .expect_commit_records(1)
        .may_wait_ms(500)
}

/// The only participant decides when it hears that it is to.
pub fn one_phase_commit_lost_once_is_sent_again(participants: u32) -> TestScenario {
    one_writes(participants, "The commit to the only participant is lost.")
        .lose(MessageKind::CommitOnePhase, 1)
        .expect_sent(MessageKind::Acknowledge, 1)
}

/// The only participant decides once, and says again what it decided.
pub fn one_phase_answer_lost_once_is_given_again(participants: u32) -> TestScenario {
    one_writes(participants, "The answer of the only participant is lost.")
        .lose(MessageKind::Acknowledge, 1)
        .expect_sent(MessageKind::Acknowledge, 2)
}
