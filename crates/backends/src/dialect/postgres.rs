//! PostgreSQL: `PREPARE TRANSACTION`.

use history::{Gid, OpKind, ParticipantId};
use protocol::Operation;

use super::{Dialect, Isolation, PreparedList, Room, SessionName, Xid, made_of};
use crate::wire::Answer;

pub(super) struct Postgres {
    pub(super) isolation: Isolation,
}

/// Prepared transactions of a whole cluster are in one list, so the branch is part of the name.
fn name(xid: Xid) -> String {
    format!("'{}-{}'", xid.global(), xid.branch)
}

impl Dialect for Postgres {
    fn open(&self, lock_timeout_ms: u64) -> String {
        // Without a lock_timeout a writer waits for a prepared transaction for ever.
        format!(
            "SET lock_timeout = {lock_timeout_ms}; SET client_min_messages = error; \
             SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
        )
    }

    fn session_name(&self, answers: &[Answer]) -> SessionName {
        let row = answers.last().and_then(|answer| answer.rows.first());
        let column = |place: usize| row.and_then(|row| row.get(place)?.clone()).unwrap_or_default();
        SessionName { number: column(0), since: column(1) }
    }

    fn end_session(&self, name: &SessionName) -> String {
        let SessionName { number, since } = name;
        format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = {number} AND backend_start = '{since}'"
        )
    }

    fn session_listed(&self, name: &SessionName) -> String {
        let SessionName { number, since } = name;
        format!("SELECT pid FROM pg_stat_activity WHERE pid = {number} AND backend_start = '{since}'")
    }

    /// Locks of this sort are of one database.
    fn claim(&self) -> &'static str {
        "SELECT pg_try_advisory_lock(2207150219)::int"
    }

    fn create_tables(&self) -> String {
        "CREATE TABLE IF NOT EXISTS test2pc_item (k int PRIMARY KEY, v bigint NOT NULL, writer bigint NOT NULL, \
         previous bigint NOT NULL); CREATE TABLE IF NOT EXISTS test2pc_finished (gid bigint PRIMARY KEY)"
            .to_owned()
    }

    fn begin(&self, xid: Xid, writes: bool) -> String {
        let mark = if writes {
            format!("; INSERT INTO test2pc_finished VALUES ({})", xid.gid.0)
        } else {
            String::new()
        };
        format!("BEGIN ISOLATION LEVEL {}{mark}", self.isolation.sql())
    }

    fn operation(&self, gid: Gid, operation: Operation) -> String {
        let Operation { key, kind, value } = operation;
        let (key, gid, value) = (key.0, gid.0, i64::from(value));
        match kind {
            OpKind::Read => {
                let lock = self.isolation.lock(" FOR SHARE");
                format!("SELECT v, writer FROM test2pc_item WHERE k = {key}{lock}")
            }
            OpKind::Put | OpKind::Add | OpKind::Append => format!(
                "UPDATE test2pc_item SET v = {}, previous = writer, writer = {gid} WHERE k = {key} RETURNING v, previous",
                made_of("v", kind, value)
            ),
        }
    }

    fn prepare(&self, xid: Xid) -> String {
        format!("PREPARE TRANSACTION {}", name(xid))
    }

    /// In a transaction that has failed, or in none, PREPARE TRANSACTION raises no error: it says that it rolled back.
    fn is_prepared(&self, answers: &[Answer]) -> bool {
        answers.last().is_some_and(|answer| answer.tag == "PREPARE TRANSACTION")
    }

    fn is_free_once_prepared(&self) -> bool {
        true
    }

    fn commit_prepared(&self, xid: Xid) -> String {
        format!("COMMIT PREPARED {}", name(xid))
    }

    fn abort_prepared(&self, xid: Xid) -> String {
        format!("ROLLBACK PREPARED {}", name(xid))
    }

    fn commit_active(&self, _xid: Xid) -> String {
        "COMMIT".to_owned()
    }

    /// A transaction that has failed is rolled back by a COMMIT, without an error.
    fn is_committed(&self, answers: &[Answer]) -> bool {
        answers.last().is_some_and(|answer| answer.tag == "COMMIT")
    }

    fn abort_active(&self, _xid: Xid) -> Vec<String> {
        vec!["ROLLBACK".to_owned()]
    }

    /// One can be finished only from its own database.
    fn list_prepared(&self) -> &'static str {
        "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()"
    }

    fn room(&self) -> Option<Room> {
        let left =
            "SELECT current_setting('max_prepared_transactions')::int - count(*) FROM pg_prepared_xacts";
        // By its name it is of no run, and goes with what others have left.
        Some(Room {
            left,
            take: |number| format!("BEGIN; PREPARE TRANSACTION '2pc-0000000000000000-{number}-room'"),
        })
    }

    fn read_prepared(&self, run: u64, _branch: ParticipantId, answers: &[Answer]) -> PreparedList {
        let mut list = PreparedList::default();
        for name in answers.iter().flat_map(Answer::first_column) {
            let global = name.rsplit_once('-').map_or(name, |(global, _)| global);
            match (Xid::gid_of(run, global), Xid::parsed(global)) {
                (Some(gid), _) => list.own.push(gid),
                (None, Some(_)) => list.stale.push(format!("ROLLBACK PREPARED '{name}'")),
                (None, None) => {}
            }
        }
        list
    }

    fn is_no_table(&self, code: &str) -> bool {
        code == "42P01"
    }

    fn is_repeated(&self, code: &str) -> bool {
        code == "23505"
    }

    fn checkpoint(&self) -> &'static str {
        "CHECKPOINT"
    }
}
