//! What is said of branches that a database lists as prepared.

use super::*;
use crate::examine;

#[test]
fn a_branch_that_a_run_has_left_is_told_from_somebody_elses() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for &kind in Kind::ALL {
        let there = runtime.block_on(Database::create(kind));
        let dialect = &there.target.dialect;
        let ours = Xid { run: 0xaa, gid: Gid(7), branch: ParticipantId(1) };
        let ours = format!("{}; {}", dialect.begin(ours, true), dialect.prepare(ours));
        let theirs = match kind {
            Kind::Postgres => {
                "BEGIN; CREATE TABLE t (k int); PREPARE TRANSACTION '2pc-payments-17'".to_owned()
            }
            Kind::MariaDb => {
                let (name, insert) = ("'2pc-payments-17','b1'", "INSERT INTO test2pc_finished VALUES (9)");
                format!("XA START {name}; {insert}; XA END {name}; XA PREPARE {name}")
            }
        };
        for statements in [ours, theirs] {
            runtime.block_on(there.ask(&statements));
        }
        let found = examine(&there.server.url()).expect("it can be looked at").findings;
        let remedy = |name: &str| {
            let finding = found.iter().find(|finding| finding.problem.contains(name));
            finding.unwrap_or_else(|| panic!("{name} is not in {found:?}")).remedy.as_str()
        };
        let (ours, theirs) = (remedy("2pc-00000000000000aa-7"), remedy("2pc-payments-17"));
        assert!(ours.contains("is of a run of 2pc-test") && !ours.contains("ROLLBACK"), "{ours}");
        assert!(theirs.contains("ROLLBACK") && !theirs.contains("2pc-test"), "{theirs}");
    }
}
