//! Disks that fail: what a node does that cannot write, cannot sync, or cannot read what it wrote.

use harness_core::history::{MessageKind, Point, RecordKind};
use harness_core::{FailureMode, Property, TestScenario};

use crate::{TM, all_write, rm};

const BACK: Option<u64> = Some(100);

/// A yes is a promise, and what cannot be written cannot be promised.
pub fn disk_full_at_prepare_aborts(participants: u32) -> TestScenario {
    all_write(participants, "A participant's disk is full when it is asked to prepare.")
        .fault_at(rm(2), FailureMode::DiskFull { for_ms: 1_000 }, Point::BeforePrepare, 1)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::VoteNo, 1)
        .may_abort()
}

/// What is promised is kept: the coordinator says commit until there is room for it.
pub fn disk_full_at_commit_commits_when_there_is_room(participants: u32) -> TestScenario {
    all_write(participants, "A prepared participant's disk is full when it hears the decision.")
        .fault_at(rm(2), FailureMode::DiskFull { for_ms: 1_000 }, Point::BeforeDecisionReceived, 1)
        .expect_outcomes(1, 0)
        .may_wait_ms(2_000)
}

/// A commit that cannot be logged cannot be decided. An abort needs no record.
pub fn disk_full_at_the_decision_aborts(participants: u32) -> TestScenario {
    all_write(participants, "The coordinator's disk is full when the votes come in.")
        .fault_at(TM, FailureMode::DiskFull { for_ms: 1_000 }, Point::BeforeVoteReceived, 1)
        .expect_outcomes(0, 1)
        .expect_commit_records(0)
        .may_abort()
}

/// END is forgotten, not the transaction: without the record it is only told once more.
pub fn disk_full_at_end_loses_nothing(participants: u32) -> TestScenario {
    all_write(
        participants,
        "The coordinator's disk is full when the acknowledgements come in, and it crashes then.",
    )
    .fault_at(TM, FailureMode::DiskFull { for_ms: 50 }, Point::BeforeAckReceived, 1)
    .crash_at_nth(TM, Point::AfterAckReceived, participants.max(3))
    .expect_outcomes(1, 0)
    .expect_records(RecordKind::Ended, 1)
}

/// What the sync covered may be on disk or not: only a restart tells. No vote had left, so nothing was promised.
pub fn failing_sync_at_prepare_aborts(participants: u32) -> TestScenario {
    all_write(participants, "The sync of a participant's prepared record fails.")
        .fault_at(rm(2), FailureMode::FailingSync, Point::BeforePrepareForced, 1)
        .expect_outcomes(0, 1)
        .expect_commit_records(0)
        .may_abort()
}

/// A coordinator that trusted the next sync would say commit and forget it.
pub fn failing_sync_at_the_decision_aborts(participants: u32) -> TestScenario {
    all_write(participants, "The sync of the coordinator's decision fails.")
        .fault_at(TM, FailureMode::FailingSync, Point::BeforeDecisionForced, 1)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::Commit, 0)
        .may_abort()
}

/// The prepared record is safe, and the writes are applied again when the commit is heard again.
pub fn failing_sync_at_commit_commits_once(participants: u32) -> TestScenario {
    all_write(participants, "The sync of a participant's commit record fails.")
        .fault_at(rm(2), FailureMode::FailingSync, Point::BeforeCommitForced, 1)
        .expect_outcomes(1, 0)
        .may_wait_ms(500)
}

/// Half a promise is none: the checksum tells, and the vote had not left.
pub fn torn_prepare_is_no_promise(participants: u32) -> TestScenario {
    all_write(participants, "A participant dies in the middle of writing its prepared record.")
        .fault_at(rm(2), FailureMode::TornTail { restart_after_ms: BACK }, Point::BeforePrepareForced, 1)
        .expect_outcomes(0, 1)
        .expect_commit_records(0)
        .may_abort()
}

/// Half a decision is none, and nobody has heard of it.
pub fn torn_decision_aborts(participants: u32) -> TestScenario {
    all_write(participants, "The coordinator dies in the middle of writing its decision.")
        .fault_at(TM, FailureMode::TornTail { restart_after_ms: BACK }, Point::BeforeDecisionForced, 1)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::Commit, 0)
        .may_abort()
}

/// What is written behind a torn record must be found again: the tail goes before anything is appended.
pub fn what_is_written_behind_a_torn_tail_survives_the_next_crash(participants: u32) -> TestScenario {
    let all = participants.max(3);
    TestScenario::new("A participant dies writing a record, comes back, commits another and dies again.", all)
        .writing_apart(2, all)
        .fault_at(rm(2), FailureMode::TornTail { restart_after_ms: Some(1) }, Point::BeforePrepareForced, 1)
        .crash_at(rm(2), Point::AfterAckSent)
        .expect_outcomes(1, 1)
        .may_abort()
}

/// To start without the record would be to guess: it may have held a promise.
pub fn corrupt_participant_refuses_to_start(participants: u32) -> TestScenario {
    let all = participants.max(3);
    let mode = FailureMode::CorruptRecord { restart_after_ms: BACK };
    TestScenario::new("A record of a participant's log is damaged; it stops rather than guess.", all)
        .writing_apart(3, all)
        .fault_at(rm(2), mode, Point::AfterVoteSent, 3)
        .expect_outcomes(3, 0)
        .expect_left_down(1)
        .may_wait_ms(500)
}

/// Its participants stay in doubt, and are right to.
pub fn corrupt_coordinator_refuses_to_start_and_blocks(participants: u32) -> TestScenario {
    let all = participants.max(3);
    let mode = FailureMode::CorruptRecord { restart_after_ms: BACK };
    TestScenario::new("A record of the coordinator's log is damaged while all are in doubt.", all)
        .writing_apart(3, all)
        .fault_at(TM, mode, Point::BeforeDecisionForced, 3)
        .expect_outcomes(2, 0)
        .expect_unknown(1)
        .expect_left_down(1)
        .expect_blocked()
        .may_abort()
}

/// Nothing can keep a promise whose every copy is gone; the validator must say so.
pub fn wiped_participant_loses_what_was_committed(participants: u32) -> TestScenario {
    all_write(participants, "A participant comes back with an empty disk after it committed.")
        .fault_at(rm(2), FailureMode::Wiped { restart_after_ms: BACK }, Point::AfterAckSent, 1)
        .expect_outcomes(1, 0)
        .expect_reported(&[Property::Durability, Property::Consistency])
}

/// Presumed abort makes a forgotten commit an abort: those who heard of it are told otherwise by one that knows nothing.
pub fn wiped_coordinator_breaks_its_word(participants: u32) -> TestScenario {
    all_write(
        participants,
        "The coordinator comes back with an empty disk after it told one participant to commit.",
    )
    .fault_at(TM, FailureMode::Wiped { restart_after_ms: BACK }, Point::AfterDecisionSent, 1)
    .expect_reported(&[
        Property::Agreement,
        Property::Stability,
        Property::ClientTruth,
        Property::Durability,
        Property::Consistency,
        Property::ExactlyOnce,
        Property::Unanimity,
        Property::NonTriviality,
    ])
    .may_abort()
}

/// There is room for the promises of some; the others are refused, which is a no and no failure.
pub fn prepared_limit_makes_the_rest_vote_no(participants: u32) -> TestScenario {
    let all = participants.max(3);
    TestScenario::new("Four transactions at once meet a participant with room for one prepared branch.", all)
        .writing_apart(4, all)
        .in_flight(4)
        .fault_at(rm(2), FailureMode::PreparedLimit { most: 1 }, Point::BeforeExecute, 1)
        .expect_outcomes(1, 3)
        .may_abort()
}

/// Work that cannot have its locks fails; the transaction aborts everywhere and nothing is left.
pub fn lock_timeout_aborts(participants: u32) -> TestScenario {
    all_write(participants, "A participant's branch does not get a lock in time.")
        .fault_at(rm(2), FailureMode::LockTimeout, Point::AfterExecute, 1)
        .expect_outcomes(0, 1)
        .expect_sent(MessageKind::Failed, 1)
        .may_abort()
}
