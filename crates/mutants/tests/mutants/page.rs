//! `docs/MUTANTS.md`, worked out anew and compared: what kills each mutant, and how soon.

use std::fmt::Write as _;
use std::path::Path;

use mutants::{Mutant, TRANSACTIONS_MAX, catalogue, hunt, hunting_ground, storm};

const SEEDS: u64 = 9;

#[test]
fn without_a_bug_no_storm_breaks_anything() {
    // Seed 6 made a participant commit, upon late copies, what it had refused before a crash.
    let healthy = Mutant::none();
    for seed in 0..SEEDS {
        for with_log in [true, false] {
            let killed = storm(&healthy, seed, with_log).expect("the load can be run");
            assert_eq!(killed, None, "seed {seed}, with log: {with_log}");
        }
    }
}

#[test]
fn the_page_of_mutants_is_up_to_date_sweep() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/MUTANTS.md");
    let (written, worked_out) = (std::fs::read_to_string(&path).unwrap_or_default(), page());
    if std::env::var("INSTA_UPDATE").as_deref() == Ok("always") {
        std::fs::write(&path, &worked_out).expect("docs is a folder that can be written to");
    } else {
        assert!(
            written == worked_out,
            "docs/MUTANTS.md is out of date: run this test with INSTA_UPDATE=always"
        );
    }
}

/// The median number of transactions until a property is broken, over all seeds.
fn median(mutant: &Mutant, with_log: bool) -> Option<u32> {
    let of = |seed| storm(mutant, seed, with_log).expect("the load can be run").unwrap_or(u32::MAX);
    let mut all: Vec<u32> = (0..SEEDS).map(of).collect();
    all.sort_unstable();
    Some(all[all.len() / 2]).filter(|&median| median <= TRANSACTIONS_MAX)
}

fn page() -> String {
    let (mutants, ground) = (catalogue(), hunting_ground());
    let mut page = format!(
        "# Seeded bugs\n\n\
        Written by the test `page` of the crate `mutants`; `INSTA_UPDATE=always cargo test -p mutants page` writes it anew.\n\n\
        {} bugs. *Seen* says where such a bug was seen, as collected from public trackers. *Caught by* is the property that\n\
        must catch it.\n\n| bug | what it does | seen | caught by |\n| --- | --- | --- | --- |\n",
        mutants.len()
    );
    for mutant in &mutants {
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
    for mutant in &mutants {
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
    let _ = write!(
        page,
        "\n## A random load\n\nThe load (of 50, 100, 200, 500, 1,000, 2,000, 5,000 transactions) that is enough for the median of {SEEDS} seeds: mixed\ntransactions on 20 keys of three participants, five at a time, a fault every 10 ms of which every third is a crash\nbetween any two effects. Judged with what logs hold, and without, as a foreign system would be.\n\n| bug | with logs | without |\n| --- | ---: | ---: |\n"
    );
    let mut missed = Vec::new();
    for mutant in &mutants {
        let medians = [true, false].map(|with_log| median(mutant, with_log));
        let [with, without] = medians.map(|it| it.map_or_else(|| "-".to_owned(), |it| it.to_string()));
        if medians.contains(&None) {
            missed.push(mutant.name);
        }
        let _ = writeln!(page, "| `{}` | {with} | {without} |", mutant.name);
    }
    let _ = writeln!(
        page,
        "\nNot found so within {TRANSACTIONS_MAX} transactions, in one way or both: {}.",
        if missed.is_empty() { "none".to_owned() } else { missed.join(", ") }
    );
    page
}
