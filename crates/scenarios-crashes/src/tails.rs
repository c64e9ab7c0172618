//! A crash amid writes: records were appended and not yet synced, and of those each may have reached the
//! disk, whole or in part. Ten transactions run at once, on disks so slow that their records pile up.

use harness_core::history::{MessageKind, Nanos, Point};
use harness_core::{DiskConditions, TestScenario};

use crate::{TM, rm, three_or};

fn ten_at_once(participants: u32, description: &str) -> TestScenario {
    let mut scenario = TestScenario::new(description, three_or(participants))
        .writing_apart(10, 3)
        .in_flight(10)
        .expect_unknown(0)
        .may_wait_ms(500);
    let sync = Nanos::from_millis(5);
    scenario.disk_conditions = DiskConditions { sync_min: sync, sync_max: sync };
    scenario
}

/// No prepared record was synced, so no vote had left; of those that survived all the same, the participant asks.
pub fn participant_lost_with_prepares_unsynced_aborts(participants: u32) -> TestScenario {
    ten_at_once(participants, "A participant dies with five prepared records unsynced.")
        .crash_at_nth(rm(2), Point::BeforePrepareForced, 6)
        .expect_outcomes(0, 10)
        .expect_commit_records(0)
        .may_abort()
}

/// The writes of a lost commit record are applied again, those of a durable one are not.
pub fn participant_lost_with_commits_unsynced_commits_once(participants: u32) -> TestScenario {
    ten_at_once(participants, "A participant dies with some commit records unsynced.")
        .crash_at_nth(rm(2), Point::BeforeCommitForced, 6)
        .expect_outcomes(10, 0)
        .expect_sent(MessageKind::Abort, 0)
}

/// An abort is written lazily. If it is lost, the branch is in doubt again, asks, and hears the same.
pub fn participant_lost_with_aborts_unsynced_asks_again(participants: u32) -> TestScenario {
    ten_at_once(participants, "All abort because one dies; another dies with nine abort records unsynced.")
        .crash_at(rm(3), Point::BeforePrepareForced)
        .crash_at_nth(rm(2), Point::BeforeDecisionReceived, 10)
        .expect_outcomes(0, 10)
        .expect_commit_records(0)
        .may_abort()
}

/// Those decisions that reached the disk are commits, also if nobody had heard of them; the others are aborts.
pub fn coordinator_lost_with_decisions_unsynced_agrees(participants: u32) -> TestScenario {
    ten_at_once(participants, "The coordinator dies with some decisions unsynced.")
        .crash_at_nth(TM, Point::BeforeDecisionForced, 6)
        .may_abort()
}

/// Those whose END is lost are told once more what they have done.
pub fn coordinator_lost_with_ends_unsynced_commits_all(participants: u32) -> TestScenario {
    ten_at_once(participants, "The coordinator dies after the last of ten END records, which are lazy.")
        .crash_at_nth(TM, Point::AfterEndLogged, 10)
        .expect_outcomes(10, 0)
        .expect_commit_records(10 + 3 * 10)
        .expect_sent(MessageKind::Abort, 0)
}

#[cfg(all(test, feature = "failpoints"))]
mod tests {
    use harness_core::history::{Event, Fact, NodeId};
    use harness_core::{Cast, Simulator, TestScenario};
    use rstest::rstest;

    use super::*;

    /// How many records were not synced when the node crashed.
    fn tail(scenario: &TestScenario, seed: u64, node: NodeId) -> usize {
        let mut events: Vec<Event> = Vec::new();
        Simulator::new(Cast::reference()).run(scenario, seed, &mut events).expect("the run happens");
        let own = events.into_iter().filter(|event| event.node == node).map(|event| event.fact);
        let after = own.skip_while(|&fact| fact != Fact::Crashed).skip(1);
        after.take_while(|fact| matches!(fact, Fact::Durable { .. } | Fact::Lost { .. })).count()
    }

    #[rstest]
    #[case::prepares(participant_lost_with_prepares_unsynced_aborts, rm(2), 5)]
    #[case::commits(participant_lost_with_commits_unsynced_commits_once, rm(2), 3)]
    #[case::aborts(participant_lost_with_aborts_unsynced_asks_again, rm(2), 9)]
    #[case::decisions(coordinator_lost_with_decisions_unsynced_agrees, TM, 3)]
    #[case::ends(coordinator_lost_with_ends_unsynced_commits_all, TM, 8)]
    fn records_are_unsynced_at_the_crash(
        #[case] scenario: fn(u32) -> TestScenario,
        #[case] node: NodeId,
        #[case] least: usize,
    ) {
        for participants in [3, 10, 100] {
            for seed in 0..20 {
                let unsynced = tail(&scenario(participants), seed, node);
                assert!(unsynced >= least, "{participants} participants, seed {seed}: {unsynced}");
            }
        }
    }
}
