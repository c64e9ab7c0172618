//! What each database is known for, tried on the database: each test fails if its quirk is not minded.

mod by_url;
mod doctor;
mod endings;
mod isolation;
mod looks;
mod room;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use harness_core::TestScenario;
use history::{Gid, Key, OpKind, ParticipantId, Value};
use protocol::{Operation, Refusal};
use tokio::task::LocalSet;

use super::branch::{self, Known};
use super::target::{Seat, Target};
use crate::dialect::{self, Isolation, Xid};
use crate::server::{Durability, RunFolder, Server};
use crate::{BackendError, Kind};

const ADD: Operation = Operation { key: Key(1), kind: OpKind::Add, value: Value(5) };
const READ: Operation = Operation { key: Key(1), kind: OpKind::Read, value: Value(0) };

/// A database that is ready for a run. The server goes before its folder.
struct Database {
    target: Rc<Target>,
    server: Server,
    _folder: RunFolder,
}

impl Database {
    async fn create(kind: Kind) -> Self {
        Self::create_with(kind, Isolation::Locks).await
    }

    async fn create_with(kind: Kind, isolation: Isolation) -> Self {
        let folder = RunFolder::open().expect("a folder can be made");
        let server = Server::create(kind, folder.path().join("rm1"), Durability::Process).await;
        let server = server.expect("the server starts");
        let target = Target {
            id: ParticipantId(1),
            kind,
            dialect: dialect::of(kind, &server.login().database, isolation),
            address: server.address(),
            direct: server.address(),
            login: server.login(),
            patience: Duration::from_secs(10),
            lock_timeout_ms: 1_000,
            run: 0xfeed,
            checkpoints: false,
            life: Cell::new(1),
            sessions: RefCell::default(),
        };
        let scenario = TestScenario::new("Two keys.", 1).writing_apart(2, 1);
        target.make_ready(&scenario).await.expect("the tables can be made");
        Self { target: Rc::new(target), server, _folder: folder }
    }

    fn target(&self) -> Rc<Target> {
        Rc::clone(&self.target)
    }

    async fn execute(&self, gid: u32, work: &[Operation]) -> (Known, Option<Seat>) {
        let done = branch::execute(self.target(), None, Gid(gid), work.to_vec()).await;
        (done.known, done.seat)
    }

    /// Prepares a branch that adds to the first key.
    async fn prepare(&self, gid: u32) -> (Known, Option<Seat>) {
        let (known, seat) = self.execute(gid, &[ADD]).await;
        assert!(matches!(known, Known::Executed(_)), "{known:?}");
        let done = branch::prepare(self.target(), seat.expect("it has a session"), Gid(gid)).await;
        (done.known, done.seat)
    }

    async fn commit(&self, gid: u32, seat: Option<Seat>) -> Known {
        branch::commit(self.target(), seat, Gid(gid)).await.known
    }

    async fn prepared(&self) -> Vec<Gid> {
        let mut seat = self.target.open().await.expect("it can be reached");
        self.target.list(&mut seat).await.expect("it can be asked").own
    }

    async fn ask(&self, statements: &str) {
        let mut seat = self.target.open().await.expect("it can be reached");
        seat.ask(statements).await.expect("the statements are right");
    }
}

fn with<F: Future<Output = ()>>(kind: Kind, test: impl FnOnce(Database) -> F) {
    with_isolation(kind, Isolation::Locks, test);
}

fn with_isolation<F: Future<Output = ()>>(
    kind: Kind,
    isolation: Isolation,
    test: impl FnOnce(Database) -> F,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let local = LocalSet::new();
    runtime.block_on(local.run_until(async { test(Database::create_with(kind, isolation).await).await }));
}

#[test]
fn a_prepare_that_rolled_back_without_an_error_is_a_no() {
    with(Kind::Postgres, |database| async move {
        let (_, seat) = database.execute(1, &[ADD]).await;
        let mut seat = seat.expect("it has a session");
        assert!(seat.ask("SELECT 1/0").await.is_err(), "the transaction has failed");
        let done = branch::prepare(database.target(), seat, Gid(1)).await;
        assert!(matches!(done.known, Known::VotedNo), "{:?}", done.known);
    });
}

#[test]
fn an_operation_makes_of_a_key_what_it_says_it_does() {
    for &kind in Kind::ALL {
        with(kind, |database| async move {
            let values = [Value(-7), Value(i64::from(u32::MAX)), Value(3)];
            let kinds = [OpKind::Append, OpKind::Add, OpKind::Put, OpKind::Append];
            let mut expected = Value(0);
            for (gid, (value, kind)) in
                (1..).zip(values.into_iter().flat_map(|v| kinds.map(|kind| (v, kind))))
            {
                expected = kind.apply(expected, value);
                let (known, seat) = database.execute(gid, &[Operation { key: Key(1), kind, value }]).await;
                let Known::Executed(seen) = known else { panic!("{known:?}") };
                assert_eq!(seen[0].value, expected, "{kind:?} {value}");
                let done =
                    branch::prepare(database.target(), seat.expect("it has a session"), Gid(gid)).await;
                assert!(matches!(database.commit(gid, done.seat).await, Known::Committed));
            }
        });
    }
}

#[test]
fn a_branch_that_is_unknown_is_committed_only_if_it_left_its_mark() {
    for &kind in Kind::ALL {
        with(kind, |database| async move {
            assert!(matches!(database.commit(9, None).await, Known::Missing), "never there");
            let (_, seat) = database.prepare(1).await;
            assert!(matches!(database.commit(1, seat).await, Known::Committed));
            assert!(matches!(database.commit(1, None).await, Known::Committed), "for the second time");
            let (_, seat) = database.prepare(2).await;
            let aborted = branch::abort(database.target(), seat, Gid(2)).await.known;
            assert!(matches!(aborted, Known::Aborted));
            assert!(matches!(database.commit(2, None).await, Known::Missing), "rolled back");
        });
    }
}

#[test]
fn a_database_without_room_for_a_branch_votes_no_and_keeps_nothing_of_it() {
    with(Kind::Postgres, |mut database| async move {
        database.server.kill();
        database.server.start_with(1).await.expect("it starts");
        let (known, _) = database.prepare(1).await;
        assert!(matches!(known, Known::Prepared));
        let (known, seat) = database.execute(2, &[Operation { key: Key(2), ..ADD }]).await;
        assert!(matches!(known, Known::Failed(_)) || matches!(known, Known::Executed(_)));
        let done = branch::prepare(database.target(), seat.expect("it has a session"), Gid(2)).await;
        assert!(matches!(done.known, Known::VotedNo), "{:?}", done.known);
        assert_eq!(database.prepared().await, [Gid(1)]);
        assert!(done.seat.is_some(), "the session is fit for more");
    });
}

#[test]
fn a_server_with_less_room_than_is_taken_says_so_and_starts_again_with_enough() {
    with(Kind::Postgres, |mut database| async move {
        database.prepare(1).await;
        database.server.kill();
        let refused = database.server.start_with(0).await;
        let Err(BackendError::Server { why, .. }) = refused else { panic!("it must not start") };
        assert!(why.contains("max_prepared_transactions") || why.contains("prepared"), "{why}");
        database.server.start().await.expect("it starts");
        assert_eq!(database.prepared().await, [Gid(1)]);
    });
}

/// Found on a busy machine: what the information schema answers is such a table for a moment, and could not be read.
#[test]
fn a_server_that_starts_leaves_the_temporary_tables_of_others_alone() {
    with(Kind::MariaDb, |database| async move {
        let mut seat = database.target().open().await.expect("it can be reached");
        let table = "CREATE TEMPORARY TABLE passing (id INT) ENGINE=Aria; INSERT INTO passing VALUES (1)";
        seat.ask(table).await.expect("there is a place for it");
        Database::create(Kind::MariaDb).await;
        let found = seat.ask("DROP TABLE passing").await;
        assert!(found.is_ok(), "{:?}", found.err());
    });
}

#[test]
fn an_id_that_is_prepared_or_committed_is_not_prepared_again() {
    for &kind in Kind::ALL {
        with(kind, |database| async move {
            let (_, seat) = database.prepare(1).await;
            let (known, _) = database.execute(1, &[Operation { key: Key(2), ..ADD }]).await;
            assert!(matches!(known, Known::Failed(_)), "while it is prepared: {known:?}");
            assert!(matches!(database.commit(1, seat).await, Known::Committed));
            let (known, _) = database.execute(1, &[ADD]).await;
            assert!(matches!(known, Known::Failed(Refusal::Repeated)), "{known:?}");
        });
    }
}

#[test]
fn a_commit_from_elsewhere_is_done_once_the_preparing_session_has_gone() {
    with(Kind::MariaDb, |database| async move {
        let (_, seat) = database.prepare(1).await;
        // The server answers that it knows no such branch, and lists it.
        tokio::task::spawn_local(async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            drop(seat);
        });
        let known = database.commit(1, None).await;
        assert!(matches!(known, Known::Committed), "{known:?}");
        assert!(database.prepared().await.is_empty());
    });
}

#[test]
fn a_branch_that_wrote_nothing_is_never_prepared() {
    for &kind in Kind::ALL {
        with(kind, |database| async move {
            let (known, seat) = database.execute(1, &[READ]).await;
            assert!(matches!(known, Known::Executed(_)), "{known:?}");
            let seat = seat.expect("it has a session");
            let known = branch::end_read_only(database.target(), seat, Gid(1)).await.known;
            assert!(matches!(known, Known::ReadOnly), "{known:?}");
            assert!(database.prepared().await.is_empty());
        });
    }
}

/// MariaDB undoes the failed statement alone, and would prepare the rest.
#[test]
fn a_statement_that_fails_fails_the_whole_branch() {
    for &kind in Kind::ALL {
        with(kind, |database| async move {
            let (_, holder) = database.execute(1, &[ADD]).await;
            let first = Operation { key: Key(2), ..ADD };
            let (known, seat) = database.execute(2, &[first, ADD]).await;
            assert!(matches!(known, Known::Failed(Refusal::Unable)), "{known:?}");
            drop(holder);
            // Its session is free, and what it had written is undone.
            let done = branch::execute(database.target(), seat, Gid(3), vec![first]).await;
            let Known::Executed(seen) = done.known else { panic!("{:?}", done.known) };
            assert_eq!((seen[0].value, seen[0].writer), (Value(5), Gid::INITIAL));
        });
    }
}

/// MariaDB lets the victim's branch be neither ended nor prepared: only a rollback frees the session.
#[test]
fn a_deadlock_fails_one_branch_and_frees_its_session() {
    for &kind in Kind::ALL {
        with(kind, |database| async move {
            let second = Operation { key: Key(2), ..ADD };
            let mut work = Vec::new();
            for (gid, first, then) in [(1, ADD, second), (2, second, ADD)] {
                let target = database.target();
                work.push(tokio::task::spawn_local(async move {
                    let mut seat = target.open().await.expect("it can be reached");
                    let slow = if target.kind == Kind::Postgres {
                        "SELECT pg_sleep(0.2)"
                    } else {
                        "SELECT SLEEP(0.2)"
                    };
                    let begin = target.dialect.begin(target.xid(Gid(gid)), true);
                    let (first, then) =
                        (target.dialect.operation(Gid(gid), first), target.dialect.operation(Gid(gid), then));
                    seat.ask(&format!("{begin}; {first}; {slow}")).await.expect("no lock is taken");
                    let failed = seat.ask(&then).await.is_err();
                    if !failed {
                        let done = branch::abort_active(Rc::clone(&target), seat, Gid(gid)).await;
                        return (failed, done.seat.is_some());
                    }
                    let done = branch::abort_active(Rc::clone(&target), seat, Gid(gid)).await;
                    let again = branch::execute(target, done.seat, Gid(gid + 10), vec![READ]).await;
                    (failed, matches!(again.known, Known::Executed(_)))
                }));
            }
            let mut victims = 0;
            for one in work {
                let (failed, is_free) = one.await.expect("nothing panics");
                victims += u32::from(failed);
                assert!(is_free);
            }
            assert_eq!(victims, 1);
        });
    }
}

#[test]
fn what_others_have_prepared_is_left_alone_and_what_earlier_runs_left_is_not() {
    for &kind in Kind::ALL {
        with(kind, |database| async move {
            let here = &database.target.dialect;
            let stale = Xid { run: 0xaa, gid: Gid(7), branch: ParticipantId(1) };
            database.ask(&format!("{}; {}", here.begin(stale, true), here.prepare(stale))).await;
            let others = if kind == Kind::Postgres {
                vec!["BEGIN; CREATE TABLE t (k int); PREPARE TRANSACTION 'somebody-else'".to_owned()]
            } else {
                // Of another run at another database of the same server.
                let there = dialect::of(kind, "elsewhere", Isolation::Locks);
                let theirs = Xid { gid: Gid(8), ..stale };
                let insert = "INSERT INTO test2pc_finished VALUES (9)";
                vec![
                    format!(
                        "XA START 'somebody-else'; {insert}; XA END 'somebody-else'; XA PREPARE 'somebody-else'"
                    ),
                    format!("{}; {}", there.begin(theirs, true), there.prepare(theirs)),
                ]
            };
            for statements in &others {
                database.ask(statements).await;
            }
            let mut seat = database.target.open().await.expect("it can be reached");
            let before = database.target.list(&mut seat).await.expect("it can be asked");
            assert_eq!((before.own.len(), before.stale.len()), (0, 1), "{before:?}");
            for statement in before.stale {
                while seat.ask(&statement).await.is_err() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
            let answers = seat.ask(database.target.dialect.list_prepared()).await.expect("it can be asked");
            let left: usize = answers.iter().map(|answer| answer.rows.len()).sum();
            assert_eq!(left, others.len(), "{answers:?}");
        });
    }
}

/// Its state is in the log until a checkpoint and in a file after.
#[test]
fn a_prepared_branch_and_its_locks_survive_kill_9_before_and_after_a_checkpoint() {
    for &kind in Kind::ALL {
        for checkpoint in [false, true] {
            with(kind, |mut database| async move {
                database.prepare(1).await;
                if checkpoint {
                    database.ask(database.target.dialect.checkpoint()).await;
                }
                database.server.kill();
                database.target.life.set(2);
                database.server.start().await.expect("it starts");
                assert_eq!(database.prepared().await, [Gid(1)]);
                let (known, _) = database.execute(2, &[ADD]).await;
                assert!(matches!(known, Known::Failed(Refusal::Unable)), "its lock is held: {known:?}");
                assert!(matches!(database.commit(1, None).await, Known::Committed));
                let (known, _) = database.execute(3, &[READ]).await;
                let Known::Executed(seen) = known else { panic!("{known:?}") };
                assert_eq!((seen[0].value, seen[0].writer), (Value(5), Gid(1)));
            });
        }
    }
}
