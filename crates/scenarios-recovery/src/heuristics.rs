//! Heuristic decisions (X/Open XA): an operator makes a participant in doubt decide by itself. Where it turns out to
//! have been otherwise than the transaction, the client hears that it is mixed: a participant that kept silent, or a
//! coordinator that did, would hide a broken transaction.

use harness_core::history::{Decision, MessageKind, NodeId, Point};
use harness_core::{FailureMode, NetworkFault, Property, TestScenario};

use crate::{TM, all_write, rm};

fn alone(decision: Decision) -> FailureMode {
    FailureMode::Heuristic { decision }
}

/// The operator decides as soon as the vote has left, before anybody else can.
fn decided_in_doubt(
    participants: u32,
    description: &str,
    (node, decision): (NodeId, Decision),
) -> TestScenario {
    all_write(participants, description)
        .fault_at(node, alone(decision), Point::AfterVoteSent, 1)
        .may_wait_ms(2_000)
}

/// The client was told committed long ago; it is told again, and what is true now.
pub fn heuristic_abort_of_a_commit_is_reported_mixed(participants: u32) -> TestScenario {
    let what = "A participant in doubt is made to roll back what the others commit.";
    decided_in_doubt(participants, what, (rm(2), Decision::Abort))
        .expect_heuristic_mixed(1)
        .expect_sent(MessageKind::Forget, 1)
}

/// Presumed abort has forgotten the transaction; the report finds its way all the same.
pub fn heuristic_commit_of_an_abort_is_reported_mixed(participants: u32) -> TestScenario {
    let what = "A participant in doubt is made to commit what the others roll back.";
    decided_in_doubt(participants, what, (rm(2), Decision::Commit))
        .crash_at(rm(3), Point::BeforePrepareForced)
        .expect_heuristic_mixed(1)
        .expect_sent(MessageKind::Forget, 1)
        .may_abort()
}

/// A lucky guess is no damage, and nobody is bothered with it.
pub fn heuristic_commit_of_a_commit_is_no_news(participants: u32) -> TestScenario {
    let what = "A participant in doubt is made to commit what the others commit too.";
    decided_in_doubt(participants, what, (rm(2), Decision::Commit))
        .expect_outcomes(1, 0)
        .expect_heuristic_mixed(0)
        .expect_sent(MessageKind::HeuristicCommit, 0)
}

/// The same for an abort.
pub fn heuristic_abort_of_an_abort_is_no_news(participants: u32) -> TestScenario {
    let what = "A participant in doubt is made to roll back what the others roll back too.";
    decided_in_doubt(participants, what, (rm(2), Decision::Abort))
        .crash_at(rm(3), Point::BeforePrepareForced)
        .expect_outcomes(0, 1)
        .expect_heuristic_mixed(0)
        .may_abort()
}

/// What it did alone is in its log: it asks again, and reports.
pub fn heuristic_abort_survives_a_crash_of_the_participant(participants: u32) -> TestScenario {
    let what = "A participant in doubt is made to roll back, and dies before it hears the decision.";
    decided_in_doubt(participants, what, (rm(2), Decision::Abort))
        .crash_at(rm(2), Point::BeforeDecisionReceived)
        .expect_heuristic_mixed(1)
}

/// The report is in the coordinator's log before anybody forgets it, so the client hears of it after the restart.
pub fn heuristic_abort_is_reported_by_a_coordinator_that_dies_before_it_tells(
    participants: u32,
) -> TestScenario {
    let what = "The coordinator dies when it is about to tell the client that a participant rolled back.";
    decided_in_doubt(participants, what, (rm(2), Decision::Abort))
        .crash_at_nth(TM, Point::BeforeAnswer, 2)
        .expect_heuristic_mixed(1)
}

/// The report is repeated until the coordinator has it.
pub fn heuristic_report_that_is_lost_is_repeated(participants: u32) -> TestScenario {
    let what = "The report of a heuristic decision is lost, and so is the answer to the next one.";
    decided_in_doubt(participants, what, (rm(2), Decision::Abort))
        .lose(MessageKind::HeuristicAbort, 1)
        .lose(MessageKind::Forget, 1)
        .expect_heuristic_mixed(1)
}

/// With the coordinator gone, nobody is left to report the difference: the judge must.
pub fn heuristics_without_a_coordinator_are_found_by_the_validator(participants: u32) -> TestScenario {
    all_write(participants, "The coordinator never returns, and two operators decide differently.")
        .network_at(TM, Point::BeforeDecisionForced, 1, NetworkFault::isolate(vec![TM]))
        .never_returns_at(TM, Point::AfterDecisionForced, 1)
        .fault_at(rm(1), alone(Decision::Commit), Point::AfterInquiry, 1)
        .fault_at(rm(2), alone(Decision::Abort), Point::AfterInquiry, 1)
        .expect_unknown(1)
        .expect_left_down(1)
        .expect_reported(&[Property::ClientTruth])
        .may_abort()
}
