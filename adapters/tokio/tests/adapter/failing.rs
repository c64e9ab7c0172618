//! Code that panics or never waits ends its run with a sentence, and not the process that runs it.

use std::sync::Arc;

use adapter_tokio::history::{Decision, Gid, HaltReason, ParticipantId};
use adapter_tokio::{AsyncCoordinator, LogRecord, Node, Reply, Transaction};
use harness_core::TestScenario;

use crate::runs::run;

const PANICS: u8 = 0;
const PANICS_IN_A_TASK: u8 = 1;
const YIELDS_FOR_EVER: u8 = 2;
const SENDS_FOR_EVER: u8 = 3;
const WAITS_FOR_EVER: u8 = 4;
const HAS_A_FAIL_POINT: u8 = 5;
const NEVER_GIVES_WAY: u8 = 6;

struct Failing<const HOW: u8>;

impl<const HOW: u8> AsyncCoordinator for Failing<HOW> {
    async fn start(_node: Node, _log: Vec<LogRecord>) -> Result<Arc<Self>, HaltReason> {
        Ok(Arc::new(Self))
    }

    async fn execute(self: Arc<Self>, transaction: Transaction) -> Result<Reply, HaltReason> {
        match HOW {
            PANICS => panic!("no such thing as {}", transaction.gid()),
            PANICS_IN_A_TASK => {
                let _ = tokio::spawn(async { panic!("in a task") }).await;
            }
            YIELDS_FOR_EVER => loop {
                tokio::task::yield_now().await;
            },
            SENDS_FOR_EVER => loop {
                transaction.branches()[0].abort();
            },
            WAITS_FOR_EVER => std::future::pending().await,
            NEVER_GIVES_WAY => loop {
                std::hint::spin_loop();
            },
            _ => return Ok(own_point()),
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

/// Says so when its fail point fires.
fn own_point() -> Reply {
    fail::fail_point!("mine::at_work", |_| Reply::Committed);
    Reply::Aborted
}

fn failures<const HOW: u8>() -> String {
    let scenario = TestScenario::new("One transaction.", 3).writing_to(3);
    let (result, _) = run::<Failing<HOW>>(&scenario, 0);
    assert!(!result.passed);
    result.failures.join("\n")
}

/// A variable belongs to a whole process, so the test starts itself again with it.
#[test]
fn fail_points_of_its_own_fire_as_often_as_they_are_told_to_or_are_inert() {
    const EXPECTED: &str = "COMMITS_EXPECTED";
    if let Ok(expected) = std::env::var(EXPECTED) {
        let scenario = TestScenario::new("Three transactions.", 1).writing_apart(3, 1);
        let result = run::<Failing<HAS_A_FAIL_POINT>>(&scenario, 0).0;
        let inert = result.failures.iter().filter(|failure| failure.starts_with("inert"));
        let told: String = inert.map(|failure| format!(", {failure}")).collect();
        return assert_eq!(format!("{}{told}", result.outcomes.committed), expected);
    }
    let this = std::env::current_exe().expect("a test knows its program");
    let name = "failing::fail_points_of_its_own_fire_as_often_as_they_are_told_to_or_are_inert";
    for (failpoints, expected) in [
        ("", "0"),
        ("mine::at_work=off", "0"),
        ("mine::at_work=1*off->1*return", "1"),
        ("mine::at_work=2*return", "2"),
        ("mine::at_work=9*return", "3"),
        ("mine::at_work=1*panic", "0"),
        ("mine::at_work=3*off->1*return", "0, inert: mine::at_work never fired"),
        ("mine::misspelt=1*return;mine::at_work=1*return", "1, inert: mine::misspelt never fired"),
        ("mine::misspelt=1*panic", "0, inert: mine::misspelt never fired"),
    ] {
        let mut command = std::process::Command::new(&this);
        let command = command.args(["--exact", name]).env("FAILPOINTS", failpoints).env(EXPECTED, expected);
        let output = command.output().expect("its own program starts");
        assert!(output.status.success(), "{failpoints}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn a_panic_is_told_with_its_message_wherever_it_happens() {
    let told = failures::<PANICS>();
    assert!(told.contains("tm panicked at adapters/tokio/tests/adapter/failing.rs:"), "{told}");
    assert!(told.contains(": no such thing as t1"), "{told}");
    assert!(failures::<PANICS_IN_A_TASK>().contains(": in a task"));
}

#[test]
fn a_task_that_never_waits_is_a_livelock() {
    assert!(failures::<YIELDS_FOR_EVER>().contains("tm livelock: it goes on for ever"));
    assert!(failures::<SENDS_FOR_EVER>().contains("more than 1000000 things done at once"));
}

/// Nothing can stop such a task but the end of its process, which says where it ran.
#[test]
fn a_task_that_never_gives_way_ends_the_process_with_a_word_sweep() {
    const INSIDE: &str = "NEVER_GIVES_WAY";
    if std::env::var_os(INSIDE).is_some() {
        let named = std::thread::Builder::new().name("basic::mine, seed 7".to_owned());
        named.spawn(failures::<NEVER_GIVES_WAY>).expect("a thread starts").join().expect("it does not end");
        return;
    }
    let mut command = std::process::Command::new(std::env::current_exe().expect("a test knows its program"));
    let name = "failing::a_task_that_never_gives_way_ends_the_process_with_a_word_sweep";
    let command = command.args(["--exact", "--nocapture", name]).env(INSIDE, "1");
    let output = command.output().expect("its own program starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("neither waits nor gives way"), "{told}");
    assert!(told.contains("in the thread \"basic::mine, seed 7\""), "{told}");
}

#[test]
fn a_task_that_waits_for_ever_leaves_its_client_without_an_answer() {
    let told = failures::<WAITS_FOR_EVER>();
    assert!(told.contains("termination: VIOLATED") && !told.contains("livelock"), "{told}");
}
