//! Databases that are there already: the runs that are possible there pass, and leave nothing.

use std::cell::RefCell;

use harness_core::{
    Backend as _, Cast, FailureConfig, FailureMode, RunError, Trigger, TwoPhaseCommitTestHarness,
};
use history::{HaltReason, Nanos, Point};
use nix::sys::signal::Signal;
use protocol::{Coordinator, Effects, Input, Message, ReferenceCoordinator};
use scenarios_databases::{kills, links, work};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::*;
use crate::{Databases, Url};

/// What is there beside what was there before: branches and tables of ours.
async fn left(database: &Database) -> (usize, usize) {
    let mut seat = database.target.open().await.expect("it can be reached");
    let list = database.target.list(&mut seat).await.expect("it can be asked");
    let tables = "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'test2pc%'";
    let answers = seat.ask(tables).await.expect("it can be asked");
    (list.own.len() + list.stale.len(), answers[0].rows.len())
}

fn url(database: &Database) -> Url {
    database.server.url()
}

/// A database of each kind, and where they are.
fn one_of_each(runtime: &Runtime) -> (Vec<Database>, Vec<Url>) {
    let there: Vec<Database> =
        Kind::ALL.iter().map(|&kind| runtime.block_on(Database::create(kind))).collect();
    let urls = there.iter().map(url).collect();
    (there, urls)
}

/// Kills whoever is the first to pass the step.
fn whoever_passes(point: Point) -> TestScenario {
    let mut scenario = work::transfer_commits(2);
    let (mode, trigger) =
        (FailureMode::Crash { restart_after_ms: Some(1) }, Trigger::AtPoint { point, nth: 1 });
    scenario.failure_configs.push(FailureConfig { node: None, mode, trigger });
    scenario
}

#[test]
fn scenarios_run_there_as_far_as_nothing_is_killed_and_leave_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (there, urls) = one_of_each(&runtime);
    let harness =
        |seed| TwoPhaseCommitTestHarness::with_backend(seed, Databases::at(&urls).expect("two urls"));
    for scenario in [
        work::transfers_conserve_the_total(2),
        // It ends with two branches in doubt, which stay prepared.
        kills::coordinator_killed_for_good_blocks(2),
        links::lost_commit_is_sent_again(2),
        // Only the coordinator passes it.
        whoever_passes(Point::AfterDecisionForced),
    ] {
        let result = harness(1).run_scenario(&scenario).expect("the run happens");
        assert!(result.passed, "{}: {:?}", scenario.description, result.failures);
        for database in &there {
            assert_eq!(runtime.block_on(left(database)), (0, 0), "after {}", scenario.description);
        }
    }
    for scenario in [
        kills::database_killed_before_it_commits(2),
        links::database_paused_at_commit(2),
        work::transfers_conserve_the_total(3),
        whoever_passes(Point::BeforePrepare),
        whoever_passes(Point::BeforeInquiry),
    ] {
        let refused = harness(1).run_scenario(&scenario);
        assert!(matches!(refused, Err(RunError::BeyondBackend { .. })), "{}", scenario.description);
    }
}

#[test]
fn a_database_in_which_another_run_is_at_work_is_left_alone() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for &kind in Kind::ALL {
        let there = runtime.block_on(Database::create(kind));
        let claim = runtime.block_on(there.target.claim()).expect("nobody is at work");
        let databases = Databases::at(&[url(&there)]).expect("a url");
        let run = || databases.run(&TestScenario::new("One key.", 1).writing_to(1), 0, &mut ());
        let refused = run().expect_err("somebody is at work").to_string();
        assert!(refused.contains("another run is at work"), "{refused}");
        drop(claim);
        // Each session ends in its own time, and that is waited for.
        for _ in 0..5 {
            run().expect("nobody is at work");
        }
    }
}

/// Lets two votes come, which end the run by themselves or by what is done then.
struct UntilVotes<F> {
    reference: ReferenceCoordinator,
    votes: u32,
    then: F,
}

impl<F: FnMut(&mut Effects)> Coordinator for UntilVotes<F> {
    fn step(&mut self, now: Nanos, input: Input<'_>, effects: &mut Effects) {
        if !matches!(input, Input::Received { message: Message::Vote { .. }, .. }) {
            return self.reference.step(now, input, effects);
        }
        self.votes += 1;
        if self.votes == 2 {
            (self.then)(effects);
        }
    }

    fn oldest_unsettled(&self) -> Option<Gid> {
        self.reference.oldest_unsettled()
    }
}

fn until_votes<F: FnMut(&mut Effects) + Clone + 'static>(then: F) -> Cast {
    Cast::reference().with_coordinator(move |config| UntilVotes {
        reference: ReferenceCoordinator::new(*config),
        votes: 0,
        then: then.clone(),
    })
}

#[test]
fn a_run_that_is_interrupted_leaves_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (there, urls) = one_of_each(&runtime);
    let databases = Databases::at(&urls).expect("two urls");
    // By a signal that stops no other test.
    let kind = SignalKind::user_defined1();
    let interrupt = databases.runtime.block_on(async { signal(kind) }).expect("a signal");
    databases.interrupts.borrow_mut().push(interrupt);
    let databases =
        databases.cast(until_votes(|_| nix::sys::signal::raise(Signal::SIGUSR1).expect("it is ours")));
    let ended = databases.run(&work::transfer_commits(2), 0, &mut ());
    assert!(matches!(ended, Err(RunError::Interrupted)), "{ended:?}");
    for database in &there {
        assert_eq!(runtime.block_on(left(database)), (0, 0));
    }
}

#[test]
fn a_run_that_fails_leaves_nothing_where_a_database_can_be_reached() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (mut there, urls) = one_of_each(&runtime);
    let other = there.pop().expect("there are two");
    let gone = Rc::new(RefCell::new(there.remove(0)));
    let then = move |effects: &mut Effects| {
        gone.borrow_mut().server.kill();
        effects.halt(HaltReason::Deposed);
    };
    let databases = Databases::at(&urls).expect("two urls").cast(until_votes(then));
    let ended = databases.run(&work::transfer_commits(2), 0, &mut ());
    assert!(matches!(ended, Err(RunError::Backend(_))), "{ended:?}");
    assert_eq!(runtime.block_on(left(&other)), (0, 0));
}

#[test]
fn a_run_is_told_also_if_something_of_it_cannot_be_removed() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (there, urls) = one_of_each(&runtime);
    assert_eq!(there[0].target.kind, Kind::Postgres, "it drops no table that somebody has a view of");
    runtime.block_on(there[0].ask("CREATE VIEW somebody AS SELECT k FROM test2pc_item"));
    let databases = Databases::at(&urls).expect("two urls");
    let result =
        TwoPhaseCommitTestHarness::with_backend(0, databases).run_scenario(&work::transfer_commits(2));
    let result = result.expect("the run happens");
    assert!(result.passed, "{:?}", result.failures);
    let lefts = there.iter().map(|database| runtime.block_on(left(database)));
    assert_eq!(lefts.collect::<Vec<_>>(), [(0, 2), (0, 0)]);
}

#[test]
fn tables_and_branches_of_somebody_else_that_are_named_like_ours_are_left_alone() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for &kind in Kind::ALL {
        let there = runtime.block_on(Database::create(kind));
        let databases = Databases::at(&[url(&there)]).expect("a url");
        let run = || databases.run(&TestScenario::new("One key.", 1).writing_to(1), 0, &mut ());
        let table = "CREATE TABLE t (k int)";
        let (theirs, finish) = match kind {
            Kind::Postgres => {
                let name = "'2pc-payments-17'";
                (format!("BEGIN; {table}; PREPARE TRANSACTION {name}"), format!("COMMIT PREPARED {name}"))
            }
            Kind::MariaDb => {
                let (name, insert) = ("'2pc-payments-17','b1'", "INSERT INTO t VALUES (1)");
                let prepare = format!("XA START {name}; {insert}; XA END {name}; XA PREPARE {name}");
                (format!("{table}; {prepare}"), format!("XA COMMIT {name}"))
            }
        };
        runtime.block_on(there.ask(&theirs));
        run().expect("the run happens");
        runtime.block_on(async {
            // The session that prepared it ends in its own time.
            tokio::time::sleep(Duration::from_millis(200)).await;
            there.ask(&finish).await;
        });
        runtime
            .block_on(there.ask("CREATE TABLE test2pc_item (mine int); INSERT INTO test2pc_item VALUES (1)"));
        let refused = run().expect_err("the table is somebody else's").to_string();
        assert!(refused.contains("the table test2pc_item is not of a run"), "{refused}");
        runtime.block_on(there.ask("SELECT mine FROM test2pc_item"));
    }
}
