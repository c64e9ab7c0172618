//! What in PostgreSQL breaks prepared transactions.

use super::{Diagnosis, Finding, finding, remedy_for, row};
use crate::wire::Answer;

pub(super) const QUESTIONS: &str = "\
    SELECT current_setting('server_version'), current_setting('max_prepared_transactions'), \
    current_setting('max_connections'), current_setting('fsync'), current_setting('full_page_writes'), \
    current_setting('lock_timeout'), current_setting('synchronous_commit'), current_user, current_database(), \
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user); \
    SELECT gid, owner, database, extract(epoch FROM now() - prepared)::bigint FROM pg_prepared_xacts ORDER BY prepared";

pub(super) fn read(answers: &[Answer]) -> Diagnosis {
    let setting = row(answers, 0);
    let (room, connections) =
        (setting(1).parse::<u32>().unwrap_or(0), setting(2).parse::<u32>().unwrap_or(0));
    let mut findings = Vec::new();
    if room < connections {
        let problem = if room == 0 {
            "max_prepared_transactions is 0: every PREPARE TRANSACTION fails".to_owned()
        } else {
            format!(
                "max_prepared_transactions is {room}, below max_connections ({connections}): when many clients prepare at \
                 once, some must vote no"
            )
        };
        let remedy =
            format!("ALTER SYSTEM SET max_prepared_transactions = {connections}; then restart the server");
        findings.push(finding(problem, remedy));
    }
    if setting(3) == "off" {
        let problem = "fsync is off: a power cut loses transactions that were prepared or committed";
        findings.push(finding(problem, "ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf()"));
    }
    if setting(4) == "off" {
        let problem = "full_page_writes is off: a power cut amid a write can damage pages beyond recovery";
        findings.push(finding(problem, "ALTER SYSTEM SET full_page_writes = on; SELECT pg_reload_conf()"));
    }
    if setting(6) == "off" {
        let problem = "synchronous_commit is off: a commit in one phase is told before it is durable";
        findings.push(finding(problem, "ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf()"));
    }
    if setting(5) == "0" {
        let problem = "lock_timeout is 0: who meets the locks of a transaction in doubt waits for ever";
        let remedy = format!("ALTER ROLE \"{}\" SET lock_timeout = '5s'", setting(7));
        findings.push(finding(problem, remedy));
    }
    let orphans = answers.get(1).into_iter().flat_map(|answer| &answer.rows);
    let me = (setting(7), setting(8), setting(9) == "t");
    findings.extend(orphans.map(|orphan| left_behind(orphan, &me)));
    Diagnosis { version: format!("PostgreSQL {}", setting(0)), findings }
}

fn left_behind(orphan: &[Option<String>], (user, database, is_super): &(String, String, bool)) -> Finding {
    let column = |place: usize| orphan.get(place).cloned().flatten().unwrap_or_default();
    let (gid, owner, home) = (column(0), column(1), column(2));
    let problem = format!(
        "'{gid}' has been prepared for {} s: it holds its locks, and keeps vacuum from what came after it",
        column(3)
    );
    let mut remedy = remedy_for(&format!("'{gid}'"), "COMMIT PREPARED or ROLLBACK PREPARED");
    if home != *database {
        remedy.push_str(&format!(", from database \"{home}\""));
    }
    if owner != *user && !is_super {
        remedy.push_str(&format!(", as \"{owner}\" or a superuser: \"{user}\" may not"));
    }
    finding(problem, remedy)
}
