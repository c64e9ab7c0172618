//! What goes wrong on the way between the coordinator and a database: a message or its reply is lost on a connection that
//! stays open, the connection is cut, or all takes long. And what a database does not do in time.

use harness_core::history::{Gid, Key, MessageKind, Nanos, NodeId, ParticipantId, Point, Value};
use harness_core::{
    Change, DistributedTransaction, FailureMode, LinkEffect, Load, NetworkFault, TestScenario, Write,
};

use crate::work::{COMMITS, scenario};

const STRUCK: ParticipantId = ParticipantId(2);

/// One transaction, of which the coordinator waits a second for votes, and for any reply at most two.
fn transaction(description: &str, participants: u32) -> TestScenario {
    let mut scenario = scenario(description, participants).writing_to(2);
    scenario.coordinator.vote_timeout = Nanos::from_millis(1_000);
    scenario.participant.idle_timeout = Nanos::from_millis(2_000);
    scenario
}

fn to_struck(effect: LinkEffect, message: MessageKind) -> NetworkFault {
    NetworkFault::everywhere(effect).of(message).sent_to(STRUCK.into()).times(1)
}

fn from_struck(effect: LinkEffect, message: MessageKind) -> NetworkFault {
    NetworkFault::everywhere(effect).of(message).sent_by(STRUCK.into()).times(1)
}

const LOSE: LinkEffect = LinkEffect::Lose { percent: 100 };

/// The branch stays active on a session that is of no more use.
pub fn lost_prepare_aborts(participants: u32) -> TestScenario {
    transaction("A prepare is lost on a connection that stays open.", participants)
        .network(to_struck(LOSE, MessageKind::Prepare))
        .expect_outcomes(0, 1)
}

/// The branch is prepared, the coordinator aborts, and the branch must not stay behind.
pub fn lost_vote_aborts(participants: u32) -> TestScenario {
    transaction("The reply to a prepare is lost on a connection that stays open.", participants)
        .network(from_struck(LOSE, MessageKind::VoteYes))
        .expect_outcomes(0, 1)
}

/// The commit never arrives: it is sent again on another connection, and in MariaDB is refused until the first one ends.
pub fn lost_commit_is_sent_again(participants: u32) -> TestScenario {
    transaction("A commit is lost on a connection that stays open.", participants)
        .network(to_struck(LOSE, MessageKind::Commit))
        .expect_outcomes(1, 0)
}

/// The branch is committed, and unknown when the commit is sent again. That it is unknown is no proof.
pub fn lost_acknowledgement_is_found_out(participants: u32) -> TestScenario {
    transaction("The reply to a commit is lost on a connection that stays open.", participants)
        .network(from_struck(LOSE, MessageKind::Acknowledge))
        .expect_outcomes(1, 0)
}

/// The session that prepared the branch does not hear for a second that its coordinator has died. As long as it is
/// there, MariaDB lets nobody else finish the branch.
pub fn half_open_connection_outlives_its_coordinator(participants: u32) -> TestScenario {
    let description = "A vote is lost, and the connection stays open when the coordinator is killed.";
    // The other vote is late, so that this one is lost before the coordinator is killed.
    let late = NetworkFault::everywhere(LinkEffect::Delay { min_ms: 300, max_ms: 300 });
    transaction(description, participants)
        .network(from_struck(LOSE, MessageKind::VoteYes).lasting_ms(1_000))
        .network(late.of(MessageKind::VoteYes).sent_by(ParticipantId(1).into()))
        .crash_at(NodeId::COORDINATOR, Point::AfterVoteReceived)
        .expect_outcomes(0, 1)
}

/// The session ends, and the branch with it.
pub fn connection_cut_before_prepare(participants: u32) -> TestScenario {
    transaction("The connection is cut before a prepare gets through.", participants)
        .network(to_struck(LinkEffect::Cut, MessageKind::Prepare))
        .expect_outcomes(0, 1)
}

/// The branch is prepared. A driver that finds that out votes yes, and one that does not is waited for in vain.
pub fn connection_cut_after_prepare(participants: u32) -> TestScenario {
    transaction("The connection is cut before the reply to a prepare gets through.", participants)
        .network(from_struck(LinkEffect::Cut, MessageKind::VoteYes))
}

/// The session ends, and the branch stays.
pub fn connection_cut_before_commit(participants: u32) -> TestScenario {
    transaction("The connection is cut before a commit gets through.", participants)
        .network(to_struck(LinkEffect::Cut, MessageKind::Commit))
        .expect_outcomes(1, 0)
}

/// The branch is committed.
pub fn connection_cut_after_commit(participants: u32) -> TestScenario {
    transaction("The connection is cut before the reply to a commit gets through.", participants)
        .network(from_struck(LinkEffect::Cut, MessageKind::Acknowledge))
        .expect_outcomes(1, 0)
}

/// Nothing gets through for a second, from the moment of the decision on.
pub fn database_cut_off_between_prepare_and_commit(participants: u32) -> TestScenario {
    transaction("A database cannot be reached between prepare and commit.", participants)
        .cut_off_for_ms(1_000, STRUCK.into(), Point::BeforeDecisionReceived)
        .expect_outcomes(1, 0)
}

/// It stands still with the prepare before it, and goes on when the transaction is long aborted: two seconds are for the
/// coordinator's own machine, which may be busy with something else when the vote is overdue.
pub fn database_paused_past_the_vote_timeout(participants: u32) -> TestScenario {
    transaction("A database stands still for longer than its vote is waited for.", participants)
        .fault_at(STRUCK.into(), FailureMode::Pause { for_ms: 3_000 }, Point::BeforePrepare, 1)
        .expect_outcomes(0, 1)
}

/// It stands still with the commit before it, for longer than a reply is waited for. Another transaction comes meanwhile,
/// and aborts because it hears nothing: were the database at work, both would commit.
pub fn database_paused_at_commit(participants: u32) -> TestScenario {
    transaction("A database stands still for longer than its acknowledgement is waited for.", participants)
        .writing_to(2)
        .fault_at(STRUCK.into(), FailureMode::Pause { for_ms: 2_500 }, Point::BeforeDecisionReceived, 1)
        .expect_outcomes(1, 1)
}

/// A second transaction wants a key that the first has locked. Its commit is late, and the lock is not waited for so
/// long: a statement that fails is a vote no, though MariaDB would prepare the rest.
pub fn lock_wait_timeout_is_a_no(participants: u32) -> TestScenario {
    let write = |participant, key| Write { participant, key: Key(key), value: Value(1), change: Change::Add };
    let transfer = |id: u32| {
        let mut transaction = DistributedTransaction::new(Gid(id), vec![ParticipantId(1), STRUCK]);
        transaction.writes = vec![write(ParticipantId(1), id), write(STRUCK, 7)];
        transaction
    };
    let mut scenario = scenario("A lock is held for longer than it is waited for.", participants)
        .transaction(transfer(1))
        .transaction(transfer(2))
        .in_flight(2)
        .network(to_struck(LinkEffect::Delay { min_ms: 2_500, max_ms: 2_500 }, MessageKind::Commit))
        .expect_outcomes(1, 1);
    scenario.coordinator.vote_timeout = Nanos::from_millis(4_000);
    scenario
}

/// Each has what the other wants, at another database: nobody sees the circle, and the lock timeout breaks it.
pub fn deadlock_across_databases_ends(participants: u32) -> TestScenario {
    let late = LinkEffect::Delay { min_ms: 300, max_ms: 300 };
    let mut scenario = scenario("Two transactions wait for each other at two databases.", participants)
        .writing_to(2)
        .writing_to(2)
        .in_flight(2)
        .network(to_struck(late, MessageKind::Execute));
    scenario.coordinator.vote_timeout = Nanos::from_millis(4_000);
    scenario
}

/// Each sort of trouble once, at some statement of many, while others are under way to the same database.
pub fn trouble_amid_other_work_conserves_the_total(participants: u32) -> TestScenario {
    use MessageKind::{Acknowledge, Commit, Prepare, VoteYes};
    use Point::{BeforeDecisionSent, BeforePrepareSent};
    let late = LinkEffect::Delay { min_ms: 200, max_ms: 200 };
    let description = "Statements and replies are lost, cut and late amid others.";
    // With more, too few of them would be the struck one's.
    let mut scenario = scenario(description, participants.min(3))
        .load(Load { keys: 50, ..Load::transfers(400, 2) })
        .in_flight(8)
        .expect_some(COMMITS)
        .fault_at(
            STRUCK.into(),
            FailureMode::Crash { restart_after_ms: Some(100) },
            Point::BeforeCommitForced,
            30,
        );
    scenario.coordinator.vote_timeout = Nanos::from_millis(1_000);
    scenario.participant.idle_timeout = Nanos::from_millis(1_000);
    let troubles = [
        (BeforePrepareSent, 20, to_struck(LOSE, Prepare)),
        (BeforePrepareSent, 80, to_struck(LinkEffect::Cut, Prepare)),
        (BeforePrepareSent, 140, from_struck(LOSE, VoteYes)),
        (BeforePrepareSent, 200, from_struck(LinkEffect::Cut, VoteYes)),
        (BeforePrepareSent, 260, from_struck(late, VoteYes)),
        (BeforeDecisionSent, 40, to_struck(LOSE, Commit)),
        (BeforeDecisionSent, 100, to_struck(LinkEffect::Cut, Commit)),
        (BeforeDecisionSent, 160, from_struck(LOSE, Acknowledge)),
        (BeforeDecisionSent, 220, from_struck(LinkEffect::Cut, Acknowledge)),
        (BeforeDecisionSent, 280, to_struck(late, Commit)),
    ];
    troubles.into_iter().fold(scenario, |scenario, (point, nth, fault)| {
        scenario.network_at(NodeId::COORDINATOR, point, nth, fault)
    })
}
