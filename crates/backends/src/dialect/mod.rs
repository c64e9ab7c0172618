//! How a branch of a distributed transaction is said in SQL, and how the answers are read. Text in, text out: nothing
//! here talks to a server.

#[cfg(feature = "mariadb")]
mod mariadb;
#[cfg(feature = "postgres")]
mod postgres;

use std::fmt::Write as _;

use history::{Gid, Key, Level, OpKind, ParticipantId, Value};
use protocol::Operation;

use crate::Kind;
use crate::wire::Answer;

/// The name of a branch in its database. It begins with the run's own prefix, and nothing else is ever finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Xid {
    /// The run's own number.
    pub(crate) run: u64,
    pub(crate) gid: Gid,
    pub(crate) branch: ParticipantId,
}

impl Xid {
    /// The global part of the name.
    fn global(self) -> String {
        format!("2pc-{:016x}-{}", self.run, self.gid.0)
    }

    /// The transaction of a global part, if it is of this run.
    fn gid_of(run: u64, global: &str) -> Option<Gid> {
        Self::parsed(global).filter(|&(of, _)| of == run).map(|(_, gid)| gid)
    }

    /// The run and the transaction of a global part, if it is of any run: somebody else's may begin like ours.
    fn parsed(global: &str) -> Option<(u64, Gid)> {
        let (run, gid) = global.strip_prefix("2pc-")?.split_once('-')?;
        let is_ours = run.len() == 16 && run.bytes().all(|digit| digit.is_ascii_hexdigit());
        Some((u64::from_str_radix(run, 16).ok().filter(|_| is_ours)?, gid.parse().ok().map(Gid)?))
    }
}

/// Whether a prepared transaction, by its whole name as its database lists it, is of some run of this program.
pub(crate) fn is_of_a_run(name: &str) -> bool {
    let global = name.split(',').next().unwrap_or_default().trim_matches('\'');
    // PostgreSQL has but one name for both parts.
    Xid::parsed(global).or_else(|| Xid::parsed(global.rsplit_once('-')?.0)).is_some()
}

/// How a database keeps transactions apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isolation {
    /// Each operation takes a row lock that is held to the end, which gives the strictest level there is.
    Locks,
    /// Reads take no locks and are of one snapshot.
    Snapshot,
    /// As the database does by itself at its highest level.
    Serializable,
}

impl Isolation {
    /// The least of a database's own levels that promises this for its own keys. What no database has is had by locks.
    pub(crate) fn of(level: Level) -> Self {
        match level {
            Level::SnapshotIsolation => Self::Snapshot,
            Level::RepeatableRead | Level::Serializable => Self::Serializable,
            _ => Self::Locks,
        }
    }

    /// What it is called in SQL.
    fn sql(self) -> &'static str {
        match self {
            Self::Locks => "READ COMMITTED",
            Self::Snapshot => "REPEATABLE READ",
            Self::Serializable => "SERIALIZABLE",
        }
    }

    /// What stands behind a read.
    fn lock(self, lock: &'static str) -> &'static str {
        if self == Self::Locks { lock } else { "" }
    }
}

/// The transactions of ours that are prepared: those of this run, and the statements that roll others back.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PreparedList {
    pub(crate) own: Vec<Gid>,
    /// Branches of earlier runs that were killed.
    pub(crate) stale: Vec<String>,
}

/// What a session is called by its server, to make an end of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionName {
    pub(crate) number: String,
    /// Tells it from a later one of the same number.
    pub(crate) since: String,
}

/// One operation's answer: what the key holds now, and who wrote what it held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) value: Value,
    pub(crate) writer: Gid,
}

/// Room for prepared branches.
pub(crate) struct Room {
    /// Asks how much of it is left.
    pub(crate) left: &'static str,
    /// Prepares an empty branch that takes up some, and is of no run.
    pub(crate) take: fn(u32) -> String,
}

/// A database's way to say it.
pub(crate) trait Dialect {
    /// Prepares a session: asks what it is called, and sets how long a lock is waited for.
    fn open(&self, lock_timeout_ms: u64) -> String;
    /// Reads the answers to [`Dialect::open`].
    fn session_name(&self, answers: &[Answer]) -> SessionName;
    /// Ends another session.
    fn end_session(&self, name: &SessionName) -> String;
    /// Lists the session if it is still there.
    fn session_listed(&self, name: &SessionName) -> String;

    /// Takes the database for this session alone, if no other run has it: the answer is then 1.
    fn claim(&self) -> &'static str;
    /// Makes the tables, if there are none.
    fn create_tables(&self) -> String;
    /// Empties the tables and puts in these keys.
    fn fill_tables(&self, keys: &mut dyn Iterator<Item = Key>) -> String {
        let mut rows = String::new();
        for key in keys {
            let separator = if rows.is_empty() { "" } else { "," };
            let _ = write!(rows, "{separator}({},0,0,0)", key.0);
        }
        let fill = if rows.is_empty() { rows } else { format!("; INSERT INTO test2pc_item VALUES {rows}") };
        format!("TRUNCATE test2pc_item; TRUNCATE test2pc_finished{fill}")
    }

    /// Begins a branch and leaves its mark, which stays if it commits.
    fn begin(&self, xid: Xid, writes: bool) -> String;
    /// Does one operation; its answer is a row of value and writer.
    fn operation(&self, gid: Gid, operation: Operation) -> String;
    /// How many answers [`Dialect::begin`] has.
    fn begin_answers(&self, writes: bool) -> usize {
        1 + usize::from(writes)
    }

    /// Prepares an active branch.
    fn prepare(&self, xid: Xid) -> String;
    /// Whether the answers to [`Dialect::prepare`] are a yes.
    fn is_prepared(&self, answers: &[Answer]) -> bool;
    /// Whether a session that has prepared a branch is free for another.
    fn is_free_once_prepared(&self) -> bool;
    /// Commits a prepared branch.
    fn commit_prepared(&self, xid: Xid) -> String;
    /// Rolls back a prepared branch.
    fn abort_prepared(&self, xid: Xid) -> String;
    /// Commits an active branch.
    fn commit_active(&self, xid: Xid) -> String;
    /// Whether the answers to [`Dialect::commit_active`] say that it did.
    fn is_committed(&self, answers: &[Answer]) -> bool;
    /// Rolls back an active branch, whatever state it is in.
    fn abort_active(&self, xid: Xid) -> Vec<String>;

    /// Lists all that is prepared.
    fn list_prepared(&self) -> &'static str;
    /// How to take up room for prepared branches, where that is limited.
    fn room(&self) -> Option<Room> {
        None
    }
    /// Reads the list: of the branches of a run, and of those that others have left at the same database.
    fn read_prepared(&self, run: u64, branch: ParticipantId, answers: &[Answer]) -> PreparedList;
    /// Makes sure that a transaction whose mark shows survives a kill, where that is not so by then.
    fn harden(&self, gid: Gid) -> Option<String> {
        let _ = gid;
        None
    }
    /// Whether an error says that there is no such table.
    fn is_no_table(&self, code: &str) -> bool;
    /// Whether an error says that the transaction has left its mark before.
    fn is_repeated(&self, code: &str) -> bool;
    /// Writes all that is in memory to the files, so that what is prepared is found by another way at the next start.
    fn checkpoint(&self) -> &'static str;
}

/// Whether a transaction was committed: asks for its mark.
pub(crate) fn finished(gid: Gid) -> String {
    format!("SELECT gid FROM test2pc_finished WHERE gid = {}", gid.0)
}

/// All transactions that were committed.
pub(crate) const ALL_FINISHED: &str = "SELECT gid FROM test2pc_finished";
/// All that was ever written.
pub(crate) const CONTENTS: &str = "SELECT k, v FROM test2pc_item WHERE writer <> 0 ORDER BY k";
/// The keys that nobody has locked.
pub(crate) const UNLOCKED: &str = "SELECT k FROM test2pc_item FOR UPDATE SKIP LOCKED";
/// All keys.
pub(crate) const KEYS: &str = "SELECT k FROM test2pc_item";

/// What an operation that writes makes of what a column holds: [`OpKind::apply`] in SQL, where `%` keeps the sign too.
fn made_of(held: &str, kind: OpKind, value: i64) -> String {
    const PRIME: i64 = OpKind::LIST_PRIME;
    const FACTOR: i64 = OpKind::LIST_FACTOR;
    match kind {
        OpKind::Read => held.to_owned(),
        OpKind::Put => format!("({value})"),
        OpKind::Add => format!("{held} + ({value})"),
        OpKind::Append => format!("({held} % {PRIME} * {FACTOR} + ({value}) % {PRIME}) % {PRIME}"),
    }
}

/// The tables of a run, each with its columns.
pub(crate) const TABLES: [(&str, &str); 2] =
    [("test2pc_item", "k, v, writer, previous"), ("test2pc_finished", "gid")];
/// Leaves no table behind.
pub(crate) const DROP_TABLES: &str = "DROP TABLE IF EXISTS test2pc_item, test2pc_finished";

/// The dialect of a kind of database, for one of this name.
pub(crate) fn of(kind: Kind, database: &str, isolation: Isolation) -> Box<dyn Dialect> {
    // Only MariaDB lists what is prepared in all its databases.
    let _ = database;
    match kind {
        #[cfg(feature = "postgres")]
        Kind::Postgres => Box::new(postgres::Postgres { isolation }),
        #[cfg(feature = "mariadb")]
        Kind::MariaDb => Box::new(mariadb::MariaDb::new(database, isolation)),
    }
}

/// Reads an operation's answer; one of no row saw nothing, which no key that exists does.
pub(crate) fn seen(answer: &Answer) -> Option<Seen> {
    let [Some(value), Some(writer)] = answer.rows.first()?.as_slice() else { return None };
    Some(Seen { value: Value(value.parse().ok()?), writer: Gid(writer.parse().ok()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_runs_own_branches_are_recognised() {
        let xid = Xid { run: 0xab, gid: Gid(7), branch: ParticipantId(1) };
        assert_eq!(xid.global(), "2pc-00000000000000ab-7");
        assert_eq!(Xid::gid_of(0xab, &xid.global()), Some(Gid(7)));
        assert_eq!(Xid::gid_of(0xac, &xid.global()), None);
        assert_eq!(Xid::gid_of(0xab, "somebody-else"), None);
        assert_eq!(Xid::parsed(&xid.global()), Some((0xab, Gid(7))));
        for others in ["2pc-payments-17", "2pc-17", "2pc-+0000000000000ab-7", "2pc-00000000000000ab-x"] {
            assert_eq!(Xid::parsed(others), None, "{others}");
            assert!(!is_of_a_run(others), "{others}");
        }
        assert!(
            is_of_a_run("2pc-00000000000000ab-7-rm1")
                && is_of_a_run("'2pc-00000000000000ab-7','rm2-71beeff9',1")
        );
    }
}
