//! What code may rely on while it waits: timers fire in their own millisecond, the log says when a record is durable and
//! when it is not, and a crash ends all tasks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use adapter_tokio::history::{Decision, Gid, HaltReason, ParticipantId, RecordKind};
use adapter_tokio::{AsyncCoordinator, LogError, LogRecord, Node, Reply, Transaction};
use harness_core::history::{Fact, History, Nanos, NodeId};
use harness_core::{FailureConfig, FailureMode, TestScenario, Trigger};
use tokio::time::{Instant, sleep};

use crate::runs::run;

const TELLS_TIME: u8 = 0;
const LOGS: u8 = 1;
const SLEEPS_LONG: u8 = 2;

/// Whether what the test is about went as it should, in order.
static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn tell(what: String) {
    TOLD.lock().expect("nobody panics with it").push(what);
}

struct Waiting<const FOR: u8> {
    node: Node,
}

impl<const FOR: u8> AsyncCoordinator for Waiting<FOR> {
    async fn start(node: Node, log: Vec<LogRecord>) -> Result<Arc<Self>, HaltReason> {
        if FOR == SLEEPS_LONG && node.epoch() == 1 {
            let told = node.clone();
            tokio::spawn(async move {
                sleep(Duration::from_secs(5)).await;
                told.halt(HaltReason::LogDamaged);
            });
        }
        tell(format!("starts on {}", log.len()));
        Ok(Arc::new(Self { node }))
    }

    async fn execute(self: Arc<Self>, transaction: Transaction) -> Result<Reply, HaltReason> {
        let (begun, log) = (Instant::now(), self.node.log());
        match FOR {
            TELLS_TIME => {
                for ms in [7, 1, 250] {
                    sleep(Duration::from_millis(ms)).await;
                    tell(format!("{} ms", begun.elapsed().as_millis()));
                }
            }
            LOGS => {
                let other = |gid| LogRecord::new(RecordKind::Other, gid);
                let first = log.force(other(transaction.gid())).await;
                let ms = (begun.elapsed().as_secs_f64() * 1e3).round();
                tell(format!("{first:?} after {ms} ms"));
                if let Err(LogError::Lost(why)) = first {
                    return Err(why);
                }
            }
            _ => sleep(Duration::from_millis(500)).await,
        }
        Ok(Reply::Aborted)
    }

    async fn outcome(self: Arc<Self>, _transaction: Transaction) -> Result<Reply, HaltReason> {
        Ok(Reply::Aborted)
    }

    async fn inquired(self: Arc<Self>, _gid: Gid, _from: ParticipantId) -> Option<Decision> {
        None
    }
}

fn told<const FOR: u8>(scenario: TestScenario) -> (Vec<String>, History) {
    let mut scenario = scenario.writing_to(1).may_abort();
    let disk = &mut scenario.disk_conditions;
    (disk.sync_min, disk.sync_max) = (Nanos::from_millis(10), Nanos::from_millis(10));
    TOLD.lock().expect("nobody panics with it").clear();
    let history = run::<Waiting<FOR>>(&scenario, 0).1;
    (std::mem::take(&mut *TOLD.lock().expect("nobody panics with it")), history)
}

/// One test, because what is told is told to one list.
#[test]
fn time_log_and_crashes_are_as_code_expects_them() {
    let plain = || TestScenario::new("One transaction.", 1);
    let struck = |mode, ms| {
        let mut scenario = plain();
        let (node, trigger) = (Some(NodeId::COORDINATOR), Trigger::AtMs(ms));
        scenario.failure_configs.push(FailureConfig { node, mode, trigger });
        scenario
    };
    let (times, history) = told::<TELLS_TIME>(plain());
    assert_eq!(times, ["starts on 0", "7 ms", "8 ms", "258 ms"]);
    let answered = history.events.iter().find(|event| matches!(event.fact, Fact::Answered { .. }));
    assert_eq!(
        answered.map(|event| event.at.0 / 1_000_000),
        Some(258),
        "the simulator's clock says the same"
    );

    let (durable, _) = told::<LOGS>(plain());
    assert_eq!(durable, ["starts on 0", "Ok(LogPosition(0)) after 10 ms"]);
    let failing = struck(FailureMode::FailingSync, 0);
    let (lost, _) = told::<LOGS>(failing);
    assert_eq!(lost[..2], ["starts on 0", "Err(Lost(SyncFailed)) after 10 ms"]);
    let full = struck(FailureMode::DiskFull { for_ms: 1_000 }, 0);
    assert_eq!(told::<LOGS>(full).0, ["starts on 0", "Err(Full) after 0 ms"]);

    let crash = FailureMode::Crash { restart_after_ms: Some(100) };
    let (_, history) = told::<SLEEPS_LONG>(struck(crash, 200));
    let halted = history.events.iter().any(|event| matches!(event.fact, Fact::Halted { .. }));
    assert!(!halted, "the task went with its node");
}
