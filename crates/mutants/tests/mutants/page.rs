//! `docs/MUTANTS.md`, worked out anew and compared: what kills each mutant, and how soon.

use std::fmt::Write as _;
use std::path::Path;

use mutants::{Mutant, Storm, TRANSACTIONS_MAX, catalogue, hunt, hunting_ground, storm};

const SEEDS: u64 = 9;

#[test]
fn a_random_load_finds_each_mutant_in_time_and_the_page_says_so_sweep() {
    let mutants = catalogue();
    let found: Vec<[Option<u64>; 2]> = mutants.iter().map(medians).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/MUTANTS.md");
    let (written, worked_out) = (std::fs::read_to_string(&path).unwrap_or_default(), page(&mutants, &found));
    if std::env::var("INSTA_UPDATE").as_deref() == Ok("always") {
        std::fs::write(&path, &worked_out).expect("docs is a folder that can be written to");
    } else {
        assert!(
            written == worked_out,
            "docs/MUTANTS.md is out of date: run this test with INSTA_UPDATE=always"
        );
    }
    for (mutant, found) in mutants.iter().zip(found) {
        assert!(!found.contains(&None), "{}: {found:?}", mutant.name);
    }
}

/// The median number of transactions until a mutant is caught, over all seeds: with what logs hold, and without.
fn medians(mutant: &Mutant) -> [Option<u64>; 2] {
    let storms = (0..SEEDS).map(|seed| storm(mutant, seed).expect("the load can be run"));
    let storms: Vec<Storm> = storms.collect();
    [|storm: &Storm| storm.with_log, |storm: &Storm| storm.without_log].map(|found| {
        let mut all: Vec<u64> = storms.iter().map(|storm| found(storm).unwrap_or(u64::MAX)).collect();
        all.sort_unstable();
        Some(all[all.len() / 2]).filter(|&median| median <= TRANSACTIONS_MAX)
    })
}

fn page(mutants: &[Mutant], found: &[[Option<u64>; 2]]) -> String {
    let ground = hunting_ground();
    let mut page = format!(
        "# Seeded bugs\n\n\
        Written by the test `page` of the crate `mutants`; `INSTA_UPDATE=always cargo test -p mutants page` writes it anew.\n\n\
        {} bugs. *Seen* says where such a bug was seen, as collected from public trackers. *Caught by* is the property that\n\
        must catch it.\n\n| bug | what it does | seen | caught by |\n| --- | --- | --- | --- |\n",
        mutants.len()
    );
    for mutant in mutants {
        let seen = mutant.seen.unwrap_or_default();
        let _ = writeln!(page, "| `{}` | {} | {seen} | {} |", mutant.name, mutant.bug, mutant.caught_by);
    }
    page.push_str("\n## The kill matrix\n\nThe suite at three participants with seed 0, scenarios of up to 1,000 transactions. For each category the number\nof scenarios up to the first that caught the bug by what it names; `-` where none did, `o` where only other properties\ndid. Then how many transactions had run before the first catch, and what else caught it.\n\n| bug |");
    ground.iter().for_each(|(category, _)| {
        let _ = write!(page, " {} |", category.name);
    });
    page.push_str(" transactions | scenario | and by |\n| --- |");
    page.push_str(&" ---: |".repeat(ground.len() + 1));
    page.push_str(" --- | --- |\n");
    for mutant in mutants {
        let hunt = hunt(mutant, &ground, 0, true).expect("the scenarios can be run");
        let cells: Vec<String> = hunt.cells.iter().map(ToString::to_string).collect();
        let (transactions, scenario) =
            hunt.kill.as_ref().map_or((0, "survives"), |kill| (kill.transactions, &kill.scenario));
        let others: Vec<String> =
            hunt.caught_by.iter().filter(|&&by| by != mutant.caught_by).map(ToString::to_string).collect();
        let _ = writeln!(
            page,
            "| `{}` | {} | {transactions} | {scenario} | {} |",
            mutant.name,
            cells.join(" | "),
            others.join(", ")
        );
    }
    page.push_str(&storms(mutants, found));
    page
}

fn storms(mutants: &[Mutant], found: &[[Option<u64>; 2]]) -> String {
    let mut page = format!(
        "\n## A random load\n\nHow many transactions of a random load it takes until a bug is caught by what it names: the median of {SEEDS} seeds. The\nload is rounds of 10 to 100 transactions. Of each round the seed draws what transactions do, on how many keys, how many at\na time and how patient nodes are; which kinds of fault there are, how often they strike, whom, and how long who crashes is\ndown; most crashes strike between any two effects. Judged with what logs hold, and without, as a foreign system would be:\nwhere a bug is in what is written when, something else must catch it then, which is named.\n\n| bug | with logs | without | by |\n| --- | ---: | ---: | --- |\n"
    );
    for (mutant, found) in mutants.iter().zip(found) {
        let [with, without] = found.map(|it| it.map_or_else(|| "-".to_owned(), |it| it.to_string()));
        let by = Some(mutant.caught_without_log).filter(|&by| by != mutant.caught_by);
        let by = by.map(|by| by.to_string()).unwrap_or_default();
        let _ = writeln!(page, "| `{}` | {with} | {without} | {by} |", mutant.name);
    }
    page
}
