//! For each anomaly a history that has it, and its nearest neighbour that has not.
//!
//! Histories are words: `b1` begins transaction 1, `r1x2` reads the version of x that 2 wrote (0: nobody), `w1x` writes
//! x, `c1` commits, installs and ends, `a1` aborts. Where the parts of a commit come apart: `k1` commits, `i1x` installs
//! x, `n1` answers, `e1` answers and ends. `m1` commits in part, and installs what is written.

use history::Gid;
use rstest::rstest;
use validator::isolation::{Checker, Judgement, Level};

fn judge(words: &str, level: Level) -> Judgement {
    let mut checker = Checker::new(level, Checker::WINDOW);
    let mut written: Vec<(u32, u64)> = Vec::new();
    for (word, sequence) in words.split_whitespace().zip(1..) {
        let letters: Vec<char> = word.chars().collect();
        let number = |at: usize| letters[at].to_digit(10).expect("a transaction is a digit");
        let place = || Checker::place(1, letters[2] as u32);
        let (txn, gid) = (number(1), Gid(number(1)));
        match letters[0] {
            'b' => checker.begin(gid, sequence),
            'r' => checker.read(gid, place(), Gid(number(3)), sequence),
            'w' => {
                checker.write(gid, place(), sequence);
                written.push((txn, place()));
            }
            'k' => checker.commit(gid),
            'i' => checker.install(gid, place(), sequence),
            'n' => checker.answer(gid, sequence),
            'a' => checker.end(gid),
            'e' => {
                checker.answer(gid, sequence);
                checker.end(gid);
            }
            _ => {
                let own = written.iter().filter(|&&(writer, _)| writer == txn);
                own.for_each(|&(_, place)| checker.install(gid, place, sequence));
                if letters[0] == 'm' {
                    checker.mixed(gid);
                } else {
                    checker.answer(gid, sequence);
                }
                checker.end(gid);
            }
        }
    }
    checker.finish()
}

#[rstest]
#[case::write_cycle(
    "G0",
    "b1 b2 w1x w1y w2x w2y k1 k2 i1x i2x i2y i1y e1 e2",
    "b1 b2 w1x w1y w2x w2y k1 k2 i1x i2x i1y i2y e1 e2"
)]
#[case::aborted_read("G1a", "b1 w1x b2 r2x1 c2 a1", "b1 w1x b2 r2x1 c2 c1")]
#[case::aborted_read_of_what_was_over("G1a", "b1 w1x a1 b2 r2x1 c2", "b1 w1x a1 b2 r2x0 c2")]
#[case::intermediate_read("G1b", "b1 w1x b2 r2x1 w1x c1 c2", "b1 w1x w1x b2 r2x1 c1 c2")]
#[case::circular_information_flow("G1c", "b1 b2 w1x w2y r1y2 r2x1 c1 c2", "b1 b2 w1x w2y r1y2 r2x0 c1 c2")]
#[case::own_write_missed("internal inconsistency", "b1 w1x r1x0 c1", "b1 w1x r1x1 c1")]
#[case::own_write_before_it_is_done("internal inconsistency", "b1 r1x1 w1x c1", "b1 r1x0 w1x c1")]
#[case::fractured_read("fractured read", "b1 b2 w1x w1y r2y0 c1 r2x1 c2", "b1 b2 w1x w1y r2y0 c1 r2x0 c2")]
#[case::two_versions_of_one_key("fractured read", "b1 b2 w1x r2x0 c1 r2x1 c2", "b1 b2 w1x r2x0 c1 r2x0 c2")]
#[case::causality(
    "causality violation",
    "b1 w1x c1 b2 r2x1 w2y c2 b3 r3y2 r3x0 c3",
    "b1 w1x c1 b2 r2x1 w2y c2 b3 r3y2 r3x1 c3"
)]
#[case::lost_update("lost update", "b1 b2 r1x0 r2x0 w1x w2x c1 c2", "b1 b2 r1x0 w1x c1 r2x1 w2x c2")]
#[case::lost_update_over_a_blind_write(
    "lost update",
    "b1 r1x0 b2 w2x c2 b3 w3x c3 w1x c1",
    "b1 b2 w2x c2 b3 w3x c3 r1x3 w1x c1"
)]
#[case::read_skew("G-single", "b1 b2 r2x0 w1x w1y c1 w2y c2", "b1 b2 r2x0 w1x w1z c1 w2y c2")]
#[case::no_snapshot(
    "G-nonadjacent",
    "b1 b2 b3 b4 r1x0 w2x w2y c2 r3y2 r3z0 w4z w4u c4 r1u4 c3 c1",
    "b1 b2 b3 b4 r1x0 w2x w2y c2 r3y2 w4z w4u c4 r3z4 r1u4 c3 c1"
)]
#[case::write_skew("write skew", "b1 b2 r1x0 r2y0 w1y w2x c1 c2", "b1 b2 r1x0 w1y c1 r2y1 w2x c2")]
#[case::three_that_skew(
    "G2-item",
    "b1 b2 b3 r1x0 r2y0 r3z0 w1y w2z w3x c1 c2 c3",
    "b1 b2 b3 r1x0 r2y0 w1y w2z c1 c2 r3z2 w3x c3"
)]
#[case::what_commits_in_part_is_in_no_cycle(
    "write skew",
    "b1 b3 r1x0 r3y0 w1y w3x c1 c3",
    "b1 b3 r1x0 r3y0 w1y w3x c1 m3"
)]
#[case::write_cycle_over_what_commits_in_part(
    "G0",
    "b1 b2 b3 w1x w1y w2x w2y w3x k1 k2 i1x m3 i2x i2y i1y e1 e2",
    "b1 b2 b3 w1x w1y w2x w2y w3x k1 k2 i1x m3 i2x i1y i2y e1 e2"
)]
#[case::fractured_read_over_what_commits_in_part(
    "fractured read",
    "b1 b2 b3 r2x0 w3x m3 w1x w1y c1 r2y1 c2",
    "b1 b2 b3 r2x0 w3x m3 w1x w1y c1 r2y0 c2"
)]
#[case::garbage_read("garbage read", "b1 r1x7 c1", "b1 r1x0 c1")]
#[case::read_of_a_key_that_its_writer_never_wrote(
    "garbage read",
    "b1 w1x c1 b2 r2y1 c2",
    "b1 w1y c1 b2 r2y1 c2"
)]
#[case::stale_read("G-single-realtime", "b1 w1x c1 b2 r2x0 c2", "b1 b2 w1x c1 r2x0 c2")]
#[case::late_write(
    "G0-realtime",
    "b1 w1x k1 n1 b2 w2x k2 i2x i1x n2 e1 e2",
    "b1 w1x k1 n1 b2 w2x k2 i1x i2x n2 e1 e2"
)]
fn an_anomaly_is_found_and_its_neighbour_is_valid(
    #[case] name: &str,
    #[case] history: &str,
    #[case] neighbour: &str,
) {
    let judgement = judge(history, Level::StrictSerializable);
    let found: Vec<String> = judgement.counts.keys().map(ToString::to_string).collect();
    assert_eq!(found, [name], "{judgement:#?}");
    assert_eq!(judgement.unclear, None);
    assert!(judgement.counts.keys().all(|&anomaly| !anomaly.meaning().is_empty()));
    let judgement = judge(neighbour, Level::StrictSerializable);
    assert!(judgement.is_valid() && judgement.reads + judgement.installed > 0, "{judgement:#?}");
}

#[rstest]
#[case::write_skew_under_snapshots("b1 b2 r1x0 r2y0 w1y w2x c1 c2", Level::SnapshotIsolation)]
#[case::lost_update_where_reads_are_committed("b1 b2 r1x0 r2x0 w1x w2x c1 c2", Level::Causal)]
#[case::read_skew_where_reads_are_atomic("b1 b2 r2x0 w1x w1y c1 w2y c2", Level::ReadAtomic)]
#[case::fractured_read_where_reads_are_committed("b1 b2 w1x w1y r2y0 c1 r2x1 c2", Level::ReadCommitted)]
#[case::aborted_read_where_nothing_is_promised("b1 w1x b2 r2x1 c2 a1", Level::ReadUncommitted)]
#[case::stale_read_where_time_is_none_of_its_business("b1 w1x c1 b2 r2x0 c2", Level::Serializable)]
fn what_a_level_permits_is_valid(#[case] history: &str, #[case] level: Level) {
    let judgement = judge(history, level);
    assert!(judgement.is_valid(), "{judgement:#?}");
    assert!(!judge(history, Level::StrictSerializable).is_valid());
}

#[test]
fn a_read_whose_writer_is_in_doubt_at_the_end_is_unclear() {
    let judgement = judge("b1 w1x b2 r2x1 c2", Level::Serializable);
    assert!(judgement.counts.is_empty());
    insta::assert_snapshot!(
        judgement.unclear.expect("it is unclear"),
        @"1 versions were read whose writers are neither committed nor aborted at the end"
    );
}

#[test]
fn what_a_crash_made_a_branch_forget_is_not_held_against_it() {
    let mut checker = Checker::new(Level::StrictSerializable, Checker::WINDOW);
    let [x, y] = [Checker::place(1, 1), Checker::place(2, 1)];
    for gid in [Gid(1), Gid(2)] {
        checker.begin(gid, 1);
    }
    checker.read(Gid(1), y, Gid::INITIAL, 2);
    checker.read(Gid(1), x, Gid::INITIAL, 3);
    checker.write(Gid(2), y, 4);
    checker.write(Gid(2), x, 5);
    checker.install(Gid(2), y, 6);
    checker.install(Gid(2), x, 7);
    // Without this it has read both x and y before and after they were written.
    checker.forget_branch(Gid(1), 1);
    checker.read(Gid(1), x, Gid::INITIAL, 8);
    checker.end(Gid(2));
    checker.commit(Gid(1));
    checker.end(Gid(1));
    let judgement = checker.finish();
    assert!(judgement.is_valid(), "{judgement:#?}");
    assert_eq!((judgement.reads, judgement.installed), (2, 2));
}
