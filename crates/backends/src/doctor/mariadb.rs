//! What in MariaDB breaks XA.

use super::{Diagnosis, finding, remedy_for, row};
use crate::wire::Answer;

pub(super) const QUESTIONS: &str = "\
    SELECT @@version, @@innodb_flush_log_at_trx_commit, @@log_bin, @@sync_binlog, @@innodb_lock_wait_timeout, \
    @@innodb_flush_method, @@innodb_doublewrite; XA RECOVER FORMAT='SQL'";

/// Who waits longer than this for a lock waits for an operator.
const LOCK_WAIT_MAX_S: u64 = 60;

pub(super) fn read(answers: &[Answer]) -> Diagnosis {
    let setting = row(answers, 0);
    let version = setting(0);
    let mut findings = Vec::new();
    if !version.contains("MariaDB") {
        let problem = format!("version {version} is not MariaDB, whose XA is what this knows");
        findings.push(finding(problem, "read the server's own documentation on XA and on its binary log"));
    } else if is_before(&version, (10, 5)) {
        let problem = format!("version {version} rolls a prepared branch back when its session disconnects");
        findings.push(finding(problem, "upgrade to 10.5 or later"));
    }
    let told_early = match setting(1).as_str() {
        "0" => Some("a vote and a commit are told before they are written: even kill -9 loses them"),
        "2" => Some("a vote and a commit are told before they are on disk: a power cut loses them"),
        _ => None,
    };
    if let Some(comes_of_it) = told_early {
        let problem = format!("innodb_flush_log_at_trx_commit is {}: {comes_of_it}", setting(1));
        findings.push(finding(
            problem,
            "SET GLOBAL innodb_flush_log_at_trx_commit = 1, and in the configuration",
        ));
    }
    if setting(5) == "nosync" {
        let problem = "innodb_flush_method is nosync: a power cut loses what was prepared or committed";
        findings
            .push(finding(problem, "set innodb_flush_method = O_DIRECT in the configuration and restart"));
    }
    if ["0", "OFF"].contains(&setting(6).as_str()) {
        let problem = "innodb_doublewrite is off: a power cut amid a write can damage pages beyond recovery";
        findings.push(finding(problem, "set innodb_doublewrite = 1 in the configuration and restart"));
    }
    if setting(2) == "1" && setting(3) != "1" {
        let problem = format!(
            "the binary log is on and sync_binlog is {}: after a power cut it may lack what the engine has committed",
            setting(3)
        );
        findings.push(finding(problem, "SET GLOBAL sync_binlog = 1, and in the configuration"));
    }
    if setting(4).parse::<u64>().is_ok_and(|seconds| seconds > LOCK_WAIT_MAX_S) {
        let problem = format!(
            "innodb_lock_wait_timeout is {} s: who meets the locks of a transaction in doubt waits so long",
            setting(4)
        );
        findings.push(finding(problem, "SET GLOBAL innodb_lock_wait_timeout = 5, and in the configuration"));
    }
    for name in
        answers.get(1).into_iter().flat_map(|answer| &answer.rows).filter_map(|row| row.last()?.as_deref())
    {
        let problem = format!("{name} is prepared and holds its locks; MariaDB does not say since when");
        let remedy = remedy_for(name, "XA COMMIT or XA ROLLBACK");
        findings.push(finding(problem, remedy));
    }
    Diagnosis { version: format!("MariaDB {version}"), findings }
}

fn is_before(version: &str, least: (u32, u32)) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) < least
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(settings: [&str; 7], prepared: &[&str]) -> Vec<Answer> {
        let column = |text: &&str| Some((*text).to_owned());
        let row = |names: &[&str]| names.iter().map(column).collect::<Vec<_>>();
        let rows = vec![row(&settings)];
        let prepared = prepared.iter().map(|name| row(&["1", "1", "0", name])).collect();
        [rows, prepared].into_iter().map(|rows| Answer { tag: String::new(), rows }).collect()
    }

    #[test]
    fn what_is_fine_has_no_findings_and_each_setting_that_is_not_has_one() {
        let good = ["10.11.6-MariaDB", "1", "1", "1", "50", "O_DIRECT", "1"];
        assert_eq!(read(&answers(good, &[])).findings, []);
        for (place, bad) in [
            (0, "10.4.2-MariaDB"),
            (0, "8.0.30"),
            (1, "0"),
            (1, "2"),
            (3, "0"),
            (4, "86400"),
            (5, "nosync"),
            (6, "OFF"),
        ] {
            let mut settings = good;
            settings[place] = bad;
            assert_eq!(read(&answers(settings, &[])).findings.len(), 1, "{bad}");
        }
        assert_eq!(read(&answers(good, &["'a','b',1"])).findings.len(), 1);
    }
}
