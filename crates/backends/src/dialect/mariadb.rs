//! MariaDB: X/Open XA.

use history::{Gid, OpKind, ParticipantId};
use protocol::Operation;

use super::{Dialect, Isolation, PreparedList, SessionName, Xid, made_of};
use crate::wire::Answer;

pub(super) struct MariaDb {
    /// Tells apart the databases of one server, all of whose branches are in one list.
    place: String,
    isolation: Isolation,
}

impl MariaDb {
    pub(super) fn new(database: &str, isolation: Isolation) -> Self {
        Self { place: format!("{:08x}", crc32fast::hash(database.as_bytes())), isolation }
    }

    /// What a branch is called beside its transaction.
    fn branch(&self, id: ParticipantId) -> String {
        format!("{id}-{}", self.place)
    }

    fn name(&self, xid: Xid) -> String {
        format!("'{}','{}'", xid.global(), self.branch(xid.branch))
    }
}

impl Dialect for MariaDb {
    fn open(&self, lock_timeout_ms: u64) -> String {
        // It waits for whole seconds only.
        let seconds = lock_timeout_ms.div_ceil(1_000).max(1);
        // Without it, REPEATABLE READ reads a snapshot and writes over what came after.
        let snapshot = match self.isolation {
            Isolation::Snapshot => "SET innodb_snapshot_isolation = ON; ",
            _ => "",
        };
        format!(
            "SET innodb_lock_wait_timeout = {seconds}; {snapshot}SET SESSION TRANSACTION ISOLATION LEVEL {}; \
             SELECT CONNECTION_ID()",
            self.isolation.sql()
        )
    }

    /// Numbers begin anew when the server does, which whoever keeps them has to know.
    fn session_name(&self, answers: &[Answer]) -> SessionName {
        let number = answers.last().and_then(|answer| answer.first_column().next()).unwrap_or_default();
        SessionName { number: number.to_owned(), since: String::new() }
    }

    fn end_session(&self, name: &SessionName) -> String {
        format!("KILL CONNECTION {}", name.number)
    }

    fn session_listed(&self, name: &SessionName) -> String {
        format!("SELECT id FROM information_schema.processlist WHERE id = {}", name.number)
    }

    /// Locks of this sort are of the whole server.
    fn claim(&self) -> &'static str {
        "SELECT GET_LOCK(CONCAT('test2pc-', CRC32(DATABASE())), 0)"
    }

    fn create_tables(&self) -> String {
        "CREATE TABLE IF NOT EXISTS test2pc_item (k int PRIMARY KEY, v bigint NOT NULL, writer bigint NOT NULL, \
         previous bigint NOT NULL) ENGINE=InnoDB; CREATE TABLE IF NOT EXISTS test2pc_finished (gid bigint PRIMARY KEY) \
         ENGINE=InnoDB"
            .to_owned()
    }

    fn begin(&self, xid: Xid, writes: bool) -> String {
        let mark = if writes {
            format!("; INSERT INTO test2pc_finished VALUES ({})", xid.gid.0)
        } else {
            String::new()
        };
        format!("XA START {}{mark}", self.name(xid))
    }

    fn operation(&self, gid: Gid, operation: Operation) -> String {
        let Operation { key, kind, value } = operation;
        let (key, gid, value) = (key.0, gid.0, i64::from(value));
        match kind {
            OpKind::Read => {
                let lock = self.isolation.lock(" LOCK IN SHARE MODE");
                format!("SELECT v, writer FROM test2pc_item WHERE k = {key}{lock}")
            }
            // An UPDATE returns nothing here, an INSERT does. Assignments happen from left to right.
            OpKind::Put | OpKind::Add | OpKind::Append => format!(
                "INSERT INTO test2pc_item VALUES ({key}, {value}, {gid}, 0) ON DUPLICATE KEY UPDATE v = {}, \
                 previous = writer, writer = {gid} RETURNING v, previous",
                made_of("v", kind, value)
            ),
        }
    }

    fn prepare(&self, xid: Xid) -> String {
        let name = self.name(xid);
        format!("XA END {name}; XA PREPARE {name}")
    }

    fn is_prepared(&self, answers: &[Answer]) -> bool {
        answers.len() == 2
    }

    /// Its session alone can finish the branch, and do nothing else, until it disconnects.
    fn is_free_once_prepared(&self) -> bool {
        false
    }

    fn commit_prepared(&self, xid: Xid) -> String {
        format!("XA COMMIT {}", self.name(xid))
    }

    fn abort_prepared(&self, xid: Xid) -> String {
        format!("XA ROLLBACK {}", self.name(xid))
    }

    fn commit_active(&self, xid: Xid) -> String {
        let name = self.name(xid);
        format!("XA END {name}; XA COMMIT {name} ONE PHASE")
    }

    fn is_committed(&self, answers: &[Answer]) -> bool {
        answers.len() == 2
    }

    /// A branch that a deadlock has chosen refuses its XA END, and is rolled back all the same.
    fn abort_active(&self, xid: Xid) -> Vec<String> {
        let name = self.name(xid);
        vec![format!("XA END {name}"), format!("XA ROLLBACK {name}")]
    }

    /// The only format in which names can be told apart from their parts.
    fn list_prepared(&self) -> &'static str {
        "XA RECOVER FORMAT='SQL'"
    }

    fn read_prepared(&self, run: u64, branch: ParticipantId, answers: &[Answer]) -> PreparedList {
        let mut list = PreparedList::default();
        for row in answers.iter().flat_map(|answer| &answer.rows) {
            let Some(Some(name)) = row.last() else { continue };
            let mut parts = name.split(',').map(|part| part.trim_matches('\''));
            let (global, own) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            // At another database of the server somebody else may be at work.
            if !own.ends_with(&self.place) {
                continue;
            }
            match (Xid::gid_of(run, global), Xid::parsed(global)) {
                (Some(gid), _) if own == self.branch(branch) => list.own.push(gid),
                (None, Some(_)) => list.stale.push(format!("XA ROLLBACK {name}")),
                _ => {}
            }
        }
        list
    }

    /// A commit gives up its locks, and shows, before it is in the log. One that comes after it and is answered is in the log
    /// behind it.
    fn harden(&self, gid: Gid) -> Option<String> {
        let gid = gid.0;
        Some(format!(
            "BEGIN; DELETE FROM test2pc_finished WHERE gid = {gid}; \
             INSERT INTO test2pc_finished (gid) VALUES ({gid}); COMMIT"
        ))
    }

    fn is_no_table(&self, code: &str) -> bool {
        code == "1146"
    }

    fn is_repeated(&self, code: &str) -> bool {
        code == "1062"
    }

    fn checkpoint(&self) -> &'static str {
        "SET GLOBAL innodb_log_checkpoint_now = ON"
    }
}
