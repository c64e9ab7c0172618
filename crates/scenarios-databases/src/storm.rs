//! Eight clients, while the coordinator and both databases are killed again and again, each in its own time.

use harness_core::history::{Nanos, NodeId, ParticipantId};
use harness_core::{Arrivals, FailureConfig, FailureMode, Load, TestScenario, Trigger};

use crate::work::{COMMITS, scenario};

/// A client comes in each so many milliseconds: however fast a database is, the storm lasts as long.
const EVERY_MS: u32 = 5;
const DOWN_MS: u64 = 200;

fn storm(description: &str, participants: u32, seconds: u32) -> TestScenario {
    let clients = seconds * 1_000 / EVERY_MS;
    let mut storm = scenario(description, participants)
        .load(Load { keys: 50, ..Load::transfers(clients, 2) })
        .in_flight(8)
        .expect_some(COMMITS);
    storm.arrivals = Some(Arrivals { every: Nanos::from_millis(EVERY_MS.into()), at_once_max: 8 });
    // Who is killed, when first, and how long each stays up.
    for (node, ms, up_ms) in [
        (ParticipantId(1).into(), 400, 2_300),
        (ParticipantId(2).into(), 700, 2_900),
        (NodeId::COORDINATOR, 1_100, 1_700),
    ] {
        let mode = FailureMode::CrashLoop { times: seconds, down_ms: DOWN_MS, up_ms };
        storm.failure_configs.push(FailureConfig { node: Some(node), mode, trigger: Trigger::AtMs(ms) });
    }
    storm
}

/// Ten seconds, in which each is killed three times at least.
pub fn killing_everybody_again_and_again_conserves_the_total(participants: u32) -> TestScenario {
    storm("Eight clients go on while everybody is killed again and again.", participants, 10)
}

/// A minute, in which each is killed twenty times at least.
pub fn killing_everybody_for_a_minute_conserves_the_total(participants: u32) -> TestScenario {
    storm("Eight clients go on for a minute while everybody is killed again and again.", participants, 60)
}
