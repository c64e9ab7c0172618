//! Banks: each way in which a read of all balances is wrong, and the nearest read that is right.

use validator::Verdict;
use validator::black_box::{BankOptions, Format, Recording, read};

/// The kinds of what is wrong with these reads.
fn wrong(reads: &[&str], options: BankOptions) -> Vec<String> {
    let text: String =
        reads.iter().map(|read| format!("{{:type :ok, :f :read, :process 0, :value {read}}}\n")).collect();
    let Ok(Recording::Bank(bank)) = read(text.as_bytes(), Format::Edn, None) else { panic!("{text}") };
    let report = bank.check(options);
    assert_eq!(report.verdict == Verdict::Valid, report.found.is_empty(), "{report:#?}");
    report.found.into_iter().map(|check| check.anomaly).collect()
}

#[test]
fn each_way_to_be_wrong_is_told_from_what_is_right() {
    let plain = BankOptions::default();
    let in_debt = BankOptions { negative_balances: true, ..plain };
    let of = |total| BankOptions { total: Some(total), ..plain };
    for (reads, options, expected) in [
        (&["{0 10, 1 0}", "{1 4, 0 6}"][..], plain, &[][..]),
        (&["{0 10, 1 0}", "{0 6, 1 5}"], plain, &["wrong total"]),
        (&["{0 10, 1 0}"], of(11), &["wrong total"]),
        (&["{0 10, 1 0}"], of(10), &[]),
        (&["{0 10, 1 0}", "{0 12, 1 -2}"], plain, &["negative balance"]),
        (&["{0 10, 1 0}", "{0 12, 1 -2}"], in_debt, &[]),
        (&["{0 10, 1 0}", "{0 10, 2 0}"], plain, &["other accounts"]),
        (&["{0 10, 1 0}", "{0 10, 1 nil}"], plain, &["missing balance"]),
    ] {
        assert_eq!(wrong(reads, options), expected, "{reads:?}");
    }
}

#[test]
fn a_bank_that_nobody_read_is_not_valid() {
    let text = "{:type :ok, :f :transfer, :process 0, :value {:from 0, :to 1, :amount 1}}";
    let Ok(Recording::Bank(bank)) = read(text.as_bytes(), Format::Edn, None) else { panic!("{text}") };
    assert!(matches!(bank.check(BankOptions::default()).verdict, Verdict::Inconclusive(_)));
}
