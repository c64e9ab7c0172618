//! `kill -9`: of the coordinator at each of its steps, of a database at each of the steps that can be told from outside,
//! and of several at once.

use harness_core::history::{MessageKind, Nanos, NodeId, ParticipantId, Point};
use harness_core::{FailureConfig, FailureMode, TestScenario, Trigger};

use crate::work::scenario;

const KILLED: ParticipantId = ParticipantId(2);

/// One transaction over two databases, whose fate the coordinator decides within a second.
fn transaction(description: &str, participants: u32) -> TestScenario {
    let mut scenario = scenario(description, participants).writing_to(2);
    scenario.coordinator.vote_timeout = Nanos::from_millis(1_000);
    scenario
}

fn outcome(scenario: TestScenario, commits: bool) -> TestScenario {
    scenario.expect_outcomes(commits.into(), (!commits).into())
}

macro_rules! coordinator_killed {
    ($($(#[doc = $doc:literal])+ $name:ident: $point:ident, $commits:literal;)+) => {
        $($(#[doc = $doc])+ pub fn $name(participants: u32) -> TestScenario {
            let scenario = transaction(concat!($($doc),+).trim(), participants)
                .crash_at(NodeId::COORDINATOR, Point::$point);
            outcome(scenario, $commits)
        })+
    };
}

coordinator_killed! {
    /// Nobody has heard of it.
    coordinator_killed_before_execute_is_sent: BeforeExecuteSent, false;
    /// The branches are active, and end with their connections.
    coordinator_killed_before_prepare_is_sent: BeforePrepareSent, false;
    /// One branch may be prepared although nobody waits for its vote.
    coordinator_killed_after_prepare_is_sent: AfterPrepareSent, false;
    /// A branch is prepared.
    coordinator_killed_before_a_vote_is_received: BeforeVoteReceived, false;
    /// A branch is prepared, and the other may become so.
    coordinator_killed_after_a_vote_is_received: AfterVoteReceived, false;
    /// Both are prepared: the abort is presumed.
    coordinator_killed_before_its_decision_is_forced: BeforeDecisionForced, false;
    /// Both are prepared, and the log alone says that they commit.
    coordinator_killed_after_its_decision_is_forced: AfterDecisionForced, true;
    /// The same, with the commit on its way.
    coordinator_killed_before_its_decision_is_sent: BeforeDecisionSent, true;
    /// One database commits, and nobody waits for its answer.
    coordinator_killed_after_its_decision_is_sent: AfterDecisionSent, true;
    /// The client asks again.
    coordinator_killed_before_its_answer: BeforeAnswer, true;
    /// The client was told.
    coordinator_killed_after_its_answer: AfterAnswer, true;
    /// One database has committed.
    coordinator_killed_before_an_acknowledgement_is_received: BeforeAckReceived, true;
    /// One database has committed, and the other may have.
    coordinator_killed_after_an_acknowledgement_is_received: AfterAckReceived, true;
    /// Both have committed; the commit is sent again, to branches that are unknown there.
    coordinator_killed_before_end_is_logged: BeforeEndLogged, true;
    /// The record that says so is not durable.
    coordinator_killed_after_end_is_logged: AfterEndLogged, true;
}

macro_rules! coordinator_killed_again {
    ($($(#[doc = $doc:literal])+ $name:ident: $point:ident;)+) => {
        $($(#[doc = $doc])+ pub fn $name(participants: u32) -> TestScenario {
            let scenario = transaction(concat!($($doc),+).trim(), participants)
                .crash_at(NodeId::COORDINATOR, Point::AfterDecisionForced)
                .crash_at(NodeId::COORDINATOR, Point::$point);
            outcome(scenario, true)
        })+
    };
}

coordinator_killed_again! {
    /// Recovery that is interrupted before it began.
    coordinator_killed_again_before_it_reads_its_log: BeforeLogRead;
    /// Recovery that is interrupted before anybody heard of it.
    coordinator_killed_again_after_it_has_read_its_log: AfterLogRead;
    /// Recovery that is interrupted amid its first message.
    coordinator_killed_again_before_it_resends_its_decision: BeforeDecisionResent;
}

/// Whoever voted yes may do nothing alone: the branches stay prepared, and so do their locks.
pub fn coordinator_killed_for_good_blocks(participants: u32) -> TestScenario {
    transaction("The coordinator is killed with all votes in and never comes back.", participants)
        .never_returns_at(NodeId::COORDINATOR, Point::BeforeDecisionForced, 1)
        .expect_unknown(1)
        .expect_blocked()
        .expect_in_doubt(2)
}

macro_rules! database_killed {
    ($($(#[doc = $doc:literal])+ $name:ident: $point:ident, $commits:literal;)+) => {
        $($(#[doc = $doc])+ pub fn $name(participants: u32) -> TestScenario {
            let scenario = transaction(concat!($($doc),+).trim(), participants)
                .crash_at(KILLED.into(), Point::$point);
            outcome(scenario, $commits)
        })+
    };
}

database_killed! {
    /// The branch never begins.
    database_killed_before_its_work: BeforeExecute, false;
    /// The branch is gone with its locks, and must not be prepared anew.
    database_killed_after_its_work: AfterExecute, false;
    /// The same, with the prepare on its way.
    database_killed_before_it_prepares: BeforePrepare, false;
    /// The branch is prepared, and nobody knows.
    database_killed_once_prepared: AfterPrepareForced, false;
    /// The branch is prepared, and must be there after the restart.
    database_killed_after_its_vote: AfterVoteSent, true;
    /// Between prepare and commit.
    database_killed_before_it_commits: BeforeDecisionReceived, true;
    /// Committed, and nobody knows: the commit is sent again, to a branch that is unknown there.
    database_killed_once_committed: AfterCommitForced, true;
    /// Committed, and everybody knows.
    database_killed_after_its_acknowledgement: AfterAckSent, true;
}

/// The branch is gone, and nobody can tell its database to abort it.
pub fn database_down_past_the_vote_timeout(participants: u32) -> TestScenario {
    let mode = FailureMode::Crash { restart_after_ms: Some(1_500) };
    let scenario = transaction("A database is down for longer than its vote is waited for.", participants)
        .fault_at(KILLED.into(), mode, Point::AfterExecute, 1);
    outcome(scenario, false)
}

/// Whether it was prepared, nobody knows before the restart; by then the others may be told to abort, or it was.
pub fn database_killed_while_it_prepares(participants: u32) -> TestScenario {
    transaction("A database is killed with a prepare under way.", participants)
        .crash_at(KILLED.into(), Point::BeforePrepareForced)
}

/// Whether it was committed, nobody knows before the restart.
pub fn database_killed_while_it_commits(participants: u32) -> TestScenario {
    let scenario = transaction("A database is killed with a commit under way.", participants)
        .crash_at(KILLED.into(), Point::BeforeCommitForced);
    outcome(scenario, true)
}

/// PostgreSQL does not start with less room than prepared transactions take, and commits once it has it.
pub fn database_restarted_with_too_little_room(participants: u32) -> TestScenario {
    let scenario = transaction("A database is to start with less room than is taken.", participants)
        .fault_at(KILLED.into(), FailureMode::PreparedLimit { most: 0 }, Point::AfterVoteSent, 1)
        .crash_at(KILLED.into(), Point::AfterVoteSent);
    outcome(scenario, true)
}

/// Others have prepared all that the database has room for: it votes no, and keeps nothing of the branch.
pub fn database_without_room_votes_no(participants: u32) -> TestScenario {
    let mode = FailureMode::PreparedLimit { most: 0 };
    let fault = FailureConfig { node: Some(KILLED.into()), mode, trigger: Trigger::AtMs(0) };
    let mut scenario = transaction("A database has no room for prepared transactions.", participants);
    scenario.failure_configs.push(fault);
    outcome(scenario.expect_sent(MessageKind::VoteNo, 1), false)
}

/// Both branches are prepared when both databases are killed.
pub fn all_databases_killed_between_prepare_and_commit(participants: u32) -> TestScenario {
    let scenario = transaction("All databases are killed between prepare and commit.", participants);
    outcome(
        (1..=2).fold(scenario, |scenario, id| {
            scenario.crash_at(ParticipantId(id).into(), Point::BeforeDecisionReceived)
        }),
        true,
    )
}

/// A power cut, in which the kernel survives.
pub fn everybody_killed_between_prepare_and_commit(participants: u32) -> TestScenario {
    let scenario = transaction("Everybody is killed between prepare and commit.", participants)
        .crash_at(ParticipantId(1).into(), Point::BeforeDecisionReceived)
        .crash_at(KILLED.into(), Point::BeforeDecisionReceived)
        .fault_at(
            NodeId::COORDINATOR,
            FailureMode::Crash { restart_after_ms: Some(300) },
            Point::AfterDecisionSent,
            2,
        );
    outcome(scenario, true)
}
