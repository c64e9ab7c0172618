//! Random histories in which writes were given the values of others, judged beside all that may have been: a value
//! that was written twice is renamed so that each write has one of its own, and each read names one of them, in every
//! way. What is violated must be so in all of them.

use rand_pcg::Pcg32;
use validator::Verdict;
use validator::black_box::{Assumptions, ClientHistory, Options, Promise, Report, check};

use super::brute_force::{Random, Step, Transaction, awdit, edn, transactions};
use super::{history, promise};

const HISTORIES: u64 = 6_000;
/// Of histories that can be named in more ways than these, only that is looked at which they were made of.
const NAMINGS_MAX: usize = 64;
/// What no cycle is needed for.
const ANOMALIES: &[&str] = &[
    "G1a",
    "G1b",
    "G1",
    "dirty-update",
    "internal",
    "future-read",
    "garbage-read",
    "duplicate-elements",
    "incompatible-order",
    "cyclic-versions",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Lists,
    Registers,
    Sessions,
}

impl Kind {
    fn random(self, seed: u64) -> Vec<Transaction> {
        let mut all = transactions(seed, self == Self::Lists);
        let mut random = Random(Pcg32::new(seed, 5));
        for one in &mut all {
            one.ending = match random.below(8) {
                0 if self != Self::Sessions => "fail",
                1 if self != Self::Sessions => "info",
                _ => "ok",
            };
        }
        all
    }

    fn history(self, transactions: &[Transaction]) -> ClientHistory {
        history(&self.text(transactions))
    }

    fn text(self, transactions: &[Transaction]) -> String {
        let mut transactions = transactions.to_vec();
        match self {
            Self::Sessions => awdit(&mut transactions),
            _ => edn(&mut transactions, self == Self::Lists),
        }
    }
}

/// The writes of a key, by transaction and step.
fn writes(transactions: &[Transaction], of: u32) -> Vec<(usize, usize, u32)> {
    let mut writes = Vec::new();
    for (number, one) in transactions.iter().enumerate() {
        for (place, step) in one.steps.iter().enumerate() {
            if let Step::Write(key, value) = *step
                && key == of
            {
                writes.push((number, place, value));
            }
        }
    }
    writes
}

/// Gives one or two writes the values of others, and reads show that. False if no key was written twice.
fn repeat(transactions: &mut [Transaction], random: &mut Random) -> bool {
    let mut is_repeated = false;
    for _ in 0..=random.below(2) {
        let of = random.below(2);
        let writes = writes(transactions, of);
        if writes.len() < 2 {
            continue;
        }
        let values = [(); 2].map(|()| writes[random.below(writes.len() as u32) as usize].2);
        for step in transactions.iter_mut().flat_map(|one| &mut one.steps) {
            match step {
                Step::Write(key, value) if *key == of && *value == values[0] => *value = values[1],
                Step::Read(key, found) if *key == of => {
                    found
                        .iter_mut()
                        .filter(|value| **value == values[0])
                        .for_each(|value| *value = values[1]);
                }
                Step::Write(..) | Step::Read(..) => {}
            }
        }
        is_repeated |= values[0] != values[1];
    }
    is_repeated
}

/// Everything that the transactions may have been; nothing if that is too much.
fn namings(transactions: &[Transaction]) -> Vec<Vec<Transaction>> {
    let mut named = transactions.to_vec();
    let mut names: [Vec<(u32, u32)>; 2] = Default::default();
    for (key, names) in (0..).zip(&mut names) {
        for (place, (number, step, value)) in (1..).zip(writes(transactions, key)) {
            let name = value * 100 + place;
            names.push((value, name));
            named[number].steps[step] = Step::Write(key, name);
        }
    }
    let mut all = vec![named];
    for number in 0..transactions.len() {
        for place in 0..transactions[number].steps.len() {
            let Step::Read(key, found) = &transactions[number].steps[place] else { continue };
            for (index, value) in found.iter().enumerate() {
                let choices: Vec<u32> = names[*key as usize]
                    .iter()
                    .filter(|(repeated, _)| repeated == value)
                    .map(|&(_, name)| name)
                    .collect();
                all = all
                    .iter()
                    .flat_map(|one| choices.iter().map(move |&name| (one.clone(), name)))
                    .map(|(mut one, name)| {
                        if let Step::Read(_, found) = &mut one[number].steps[place] {
                            found[index] = name;
                        }
                        one
                    })
                    .collect();
                if all.len() > NAMINGS_MAX {
                    return Vec::new();
                }
            }
        }
    }
    all
}

fn promises() -> Vec<Promise> {
    Promise::names().chain(ANOMALIES.iter().copied()).map(promise).collect()
}

fn assumptions(seed: u64) -> Assumptions {
    Assumptions {
        writes_follow_reads: seed.is_multiple_of(2),
        sequential_keys: seed.is_multiple_of(3),
        linearizable_keys: seed.is_multiple_of(5),
        ..Assumptions::default()
    }
}

/// Whether what is known beside contradicts what was assumed, so that nothing follows from that any more; or gives to a
/// circle of registers, where the first writers stand for those after them and who was read from for the order of
/// writes, the name of another one.
fn is_judged_otherwise(report: &Report, meant: &Report) -> bool {
    let mut ruled_out = report.found.iter().filter(|check| check.ruled_out);
    let is_renamed = report.model == "register"
        && !meant.found.is_empty()
        && ruled_out.all(|check| ["lost update", "fractured read"].contains(&check.anomaly.as_str()));
    is_renamed || meant.notes.iter().any(|note| note.ends_with("was left out"))
}

/// Holds the verdicts on repeated values to those on all that they may mean, and counts what is violated and what not.
fn compare(kind: Kind) -> [u32; 2] {
    let promises = promises();
    let mut counted = [0; 2];
    for seed in 0..HISTORIES {
        let unique = kind.random(seed);
        let mut all = unique.clone();
        if !repeat(&mut all, &mut Random(Pcg32::new(seed, 7))) {
            continue;
        }
        let history = kind.history(&all);
        let namings = [namings(&all), vec![unique]].concat();
        let named: Vec<ClientHistory> = namings.iter().map(|naming| kind.history(naming)).collect();
        for promise in promises.iter().skip(seed as usize % 4).step_by(4) {
            let options = Options { assumptions: assumptions(seed), ..Options::new(promise.clone()) };
            let report = check(&history, &options);
            let is_violated = report.verdict == Verdict::Violated;
            counted[usize::from(is_violated)] += 1;
            if !is_violated {
                continue;
            }
            for (naming, named) in namings.iter().zip(&named) {
                let meant = check(named, &options);
                if is_judged_otherwise(&report, &meant) {
                    continue;
                }
                assert_eq!(
                    meant.verdict,
                    Verdict::Violated,
                    "seed {seed} at {}\n{}{report:#?}\nmay mean\n{}{meant:#?}",
                    promise.name,
                    kind.text(&all),
                    kind.text(naming)
                );
            }
        }
    }
    counted
}

#[test]
fn what_is_violated_is_so_whoever_wrote_what_was_written_twice() {
    for kind in [Kind::Lists, Kind::Registers, Kind::Sessions] {
        let [open, violated] = compare(kind);
        assert!(open > 1_000 && violated > 1_000, "{kind:?}: {open} are not violated, and {violated} are");
    }
}
