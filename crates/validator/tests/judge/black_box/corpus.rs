//! The corpus of histories that nobody here wrote. Where it is not beside the checkout, and `CORPUS` does not say where
//! it is, these tests say so and check nothing.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use validator::Verdict;
use validator::black_box::{BankOptions, Format, Options, Promise, Recording, Report, check, read};

use super::promise;

/// The folder of the corpus; none, told on standard error, where there is none.
fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("CORPUS").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    // Not printed but written, so that it is seen though the test passes.
    let _ = writeln!(io::stderr(), "SKIPPED: no corpus at {}; set CORPUS to its folder", folder.display());
    None
}

fn recording(path: &Path) -> Recording {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let format = Format::detect(&text).expect("the format is known");
    read(text.as_slice(), format, None).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn report(path: &Path, options: &Options) -> Report {
    match recording(path) {
        Recording::Transactions(history) => check(&history, options),
        Recording::Bank(bank) => bank.check(BankOptions::default()),
    }
}

/// The words in brackets after this keyword, and what stands there without brackets.
fn option<'a>(options: &'a str, name: &str) -> Option<&'a str> {
    let after = options.split_once(name)?.1.trim_start();
    let close = match after.chars().next()? {
        '[' => ']',
        '{' => '}',
        _ => return after.split([',', '}']).next(),
    };
    after[1..].split(close).next()
}

/// What Elle was asked, in our terms.
fn asked(options: &str) -> Options {
    let words = |name| option(options, name).filter(|words| *words != "nil").unwrap_or_default();
    let mut promises: Vec<Promise> = words(":consistency-models").split_whitespace().map(promise).collect();
    promises.extend(
        words(":anomalies")
            .split_whitespace()
            .map(|name| Promise::without(name).unwrap_or_else(|| panic!("{name} is an anomaly"))),
    );
    let promised = promises.into_iter().reduce(Promise::and);
    let mut asked = Options::new(promised.unwrap_or_else(|| promise("strict-serializable")));
    let assumed = &mut asked.assumptions;
    assumed.writes_follow_reads = options.contains(":wfr-keys? true");
    assumed.sequential_keys = options.contains(":sequential-keys? true");
    assumed.linearizable_keys = options.contains(":linearizable-keys? true");
    let order: Vec<&str> =
        words(":transaction-order").split([',', ' ']).filter(|word| !word.is_empty()).collect();
    let number = |word: &str| word.parse::<u32>().expect("a number");
    assumed.transaction_order =
        order.chunks(2).map(|pair| (number(pair[0]), u64::from(number(pair[1])))).collect();
    asked
}

/// What Elle calls the anomalies that we call this.
fn synonyms(anomaly: &str) -> Vec<String> {
    let (shape, order) = match anomaly.rsplit_once('-') {
        Some((shape, order @ ("process" | "realtime"))) => (shape, format!("-{order}")),
        _ => (anomaly, String::new()),
    };
    let names: &[&str] = match shape {
        "fractured read" | "causality violation" | "G-single" => &["G-single-item"],
        "lost update" => &["lost-update", "G-single-item", "G2-item"],
        "write skew" => &["G2-item"],
        "G-nonadjacent" => &["G-nonadjacent-item"],
        "internal inconsistency" | "unrepeatable read" => &["internal"],
        "dirty update" => &["dirty-update"],
        "future read" => &["future-read"],
        "duplicate elements" => &["duplicate-elements"],
        "incompatible order" => &["incompatible-order"],
        "cyclic versions" => &["cyclic-versions"],
        shape => return vec![format!("{shape}{order}")],
    };
    names.iter().map(|name| format!("{name}{order}")).collect()
}

/// What is wrong with our verdict on a row, if anything is.
fn disagreement(folder: &Path, row: &str) -> Option<String> {
    let columns: Vec<&str> = row.split('\t').collect();
    let [file, _, test, _, options, valid, anomalies, ..] = columns[..] else { panic!("not a row: {row}") };
    let report = report(&folder.join(file), &asked(options));
    let ours = match report.verdict {
        Verdict::Valid => "true",
        Verdict::Violated => "false",
        Verdict::Inconclusive(_) => ":unknown",
    };
    if ours != valid {
        return Some(format!(
            "{file} ({test}) {options}: Elle says {valid}, we {}\n{report:#?}",
            report.verdict
        ));
    }
    let known: Vec<&str> = anomalies.split_whitespace().map(|name| name.trim_start_matches(':')).collect();
    let found: Vec<&str> =
        report.found.iter().filter(|check| check.ruled_out).map(|check| check.anomaly.as_str()).collect();
    let named = |anomaly: &&&str| synonyms(anomaly).iter().any(|name| known.contains(&name.as_str()));
    let strange: Vec<&&str> = found.iter().filter(|anomaly| !named(anomaly)).collect();
    (!strange.is_empty()).then(|| format!("{file} ({test}) {options}: Elle names {known:?}, we {found:?}"))
}

#[test]
fn elles_histories_are_judged_as_elle_judges_them() {
    let Some(folder) = corpus().map(|corpus| corpus.join("elle")) else { return };
    let rows = fs::read_to_string(folder.join("VERDICTS.tsv")).expect("the verdicts are there");
    let rows: Vec<&str> = rows.lines().skip(1).filter(|row| !row.is_empty()).collect();
    assert!(!rows.is_empty(), "there are verdicts");
    let wrong: Vec<String> = rows.iter().filter_map(|row| disagreement(&folder, row)).collect();
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn awdits_histories_are_of_the_levels_that_awdit_says() {
    let Some(folder) = corpus().map(|corpus| corpus.join("awdit")) else { return };
    let levels = ["read-committed", "read-atomic", "causal"];
    let mut judged = 0;
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("it is readable").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("it has a name");
        let strongest = name.split_once("--").expect("it tells the level").0;
        let holding = levels.iter().position(|level| *level == strongest).map_or(0, |place| place + 1);
        for (place, level) in levels.iter().enumerate() {
            let report = report(&path, &Options::new(promise(level)));
            let wanted = if place < holding { Verdict::Valid } else { Verdict::Violated };
            assert_eq!(report.verdict, wanted, "{name} at {level}: {report:#?}");
        }
        judged += 1;
    }
    assert!(judged > 0, "there are histories");
}

#[test]
fn jepsens_banks_keep_their_money() {
    let Some(folder) = corpus().map(|corpus| corpus.join("jepsen")) else { return };
    for (file, negative_balances) in [("bank.edn", false), ("bank-neg.edn", true)] {
        let Recording::Bank(bank) = recording(&folder.join(file)) else { panic!("{file} is a bank") };
        let report = bank.check(BankOptions { total: None, negative_balances });
        assert_eq!(report.verdict, Verdict::Valid, "{file}: {report:#?}");
        let other = BankOptions { total: Some(7), negative_balances };
        assert_eq!(bank.check(other).verdict, Verdict::Violated, "{file}");
    }
}
