//! How databases keep transactions apart by themselves.

use super::{ADD, Database, Gid, Key, Kind, Known, Operation, READ, Seat, branch, with_isolation};
use crate::dialect::Isolation;
use crate::wire::Failure;

/// Begins a branch that has read the first key, on a session of its own.
async fn reader(database: &Database, gid: u32) -> Seat {
    let (known, seat) = database.execute(gid, &[READ]).await;
    assert!(matches!(known, Known::Executed(_)), "{known:?}");
    seat.expect("it has a session")
}

/// MariaDB's REPEATABLE READ would write over it, were it not for `innodb_snapshot_isolation`.
#[test]
fn what_came_after_the_snapshot_is_not_written_over() {
    for &kind in Kind::ALL {
        with_isolation(kind, Isolation::Snapshot, |database| async move {
            let mut late = reader(&database, 1).await;
            let (_, seat) = database.prepare(2).await;
            assert!(matches!(database.commit(2, seat).await, Known::Committed));
            let add = database.target.dialect.operation(Gid(1), ADD);
            assert!(matches!(late.ask(&add).await, Err(Failure::Refused { .. })));
            // Whatever state that leaves it in, its session is fit for another.
            let done = branch::abort_active(database.target(), late, Gid(1)).await;
            let again = branch::execute(database.target(), done.seat, Gid(3), vec![ADD]).await;
            assert!(matches!(again.known, Known::Executed(_)), "{:?}", again.known);
        });
    }
}

/// What a prepared branch has read stays read, over `kill -9` too: who writes it comes after whom, the database still
/// knows.
#[test]
fn a_prepared_branch_that_was_killed_with_its_database_is_kept_apart_from_others() {
    for &kind in Kind::ALL {
        with_isolation(kind, Isolation::Serializable, |mut database| async move {
            let second = Operation { key: Key(2), ..ADD };
            let read_second = Operation { key: Key(2), ..READ };
            let (_, seat) = database.execute(1, &[READ, second]).await;
            let done = branch::prepare(database.target(), seat.expect("it has a session"), Gid(1)).await;
            assert!(matches!(done.known, Known::Prepared), "{:?}", done.known);
            drop(done.seat);
            database.server.kill();
            database.target.life.set(2);
            database.server.start().await.expect("it starts");
            // It reads what the other writes and writes what the other has read: one of them must not commit.
            let (known, seat) = database.execute(2, &[read_second, ADD]).await;
            if matches!(known, Known::Executed(_)) {
                let done = branch::prepare(database.target(), seat.expect("it has a session"), Gid(2)).await;
                assert!(matches!(done.known, Known::VotedNo), "{:?}", done.known);
            }
            assert!(matches!(database.commit(1, None).await, Known::Committed));
        });
    }
}
