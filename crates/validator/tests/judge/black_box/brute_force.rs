//! Small random histories, judged beside a search through all orders of their transactions that knows nothing of
//! graphs: by definition, a history is of a level if one order explains it.

use std::fmt::Write;

use rand_core::Rng as _;
use rand_pcg::Pcg32;
use validator::Verdict;
use validator::black_box::{Assumptions, Options, check};

use super::{history, judged, promise};

/// Enough histories for each verdict at each level to come up many times.
const HISTORIES: u64 = 3_000;

#[derive(Clone, Debug)]
pub(super) enum Step {
    Write(u32, u32),
    /// What was found: all of a list, or nothing or the one value of a register.
    Read(u32, Vec<u32>),
}

#[derive(Clone, Debug)]
pub(super) struct Transaction {
    process: u32,
    begun: u32,
    over: u32,
    /// How it ended, as Jepsen says it.
    pub(super) ending: &'static str,
    pub(super) steps: Vec<Step>,
}

pub(super) struct Random(pub(super) Pcg32);

impl Random {
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        self.0.next_u32() % bound
    }
}

/// Up to six transactions on two keys. Each takes effect at one moment, but its reads may be of an older state.
pub(super) fn transactions(seed: u64, lists: bool) -> Vec<Transaction> {
    let mut random = Random(Pcg32::new(seed, 3));
    let mut states: Vec<Vec<u32>> = vec![Vec::new(); 2];
    let stale = random.below(4) + 1;
    let count = 2 + random.below(5);
    let mut value = 0;
    let mut all = Vec::new();
    for number in 0..count {
        let mut steps = Vec::new();
        let mut own: [Vec<u32>; 2] = Default::default();
        for _ in 0..=random.below(3) {
            let key = random.below(2);
            if random.below(2) == 0 {
                value += 1;
                steps.push(Step::Write(key, value));
                own[key as usize].push(value);
                continue;
            }
            let mut seen = states[key as usize].clone();
            if random.below(stale + 1) == 0 {
                seen.truncate(random.below(seen.len() as u32 + 1) as usize);
            }
            seen.extend(&own[key as usize]);
            if !lists {
                seen = seen.last().copied().into_iter().collect();
            }
            steps.push(Step::Read(key, seen));
        }
        (0..2).for_each(|key| states[key].extend(&own[key]));
        let begun = number * 4 + 4 - random.below(5).min(number * 4 + 4);
        all.push(Transaction {
            process: random.below(3),
            begun,
            over: number * 4 + 5 + random.below(4),
            ending: "ok",
            steps,
        });
    }
    // A client runs one transaction at a time.
    for number in 1..all.len() {
        let before =
            all[..number].iter().rev().find(|one| one.process == all[number].process).map(|one| one.over);
        if let Some(over) = before {
            all[number].begun = all[number].begun.max(over + 1);
            all[number].over = all[number].over.max(all[number].begun + 1);
        }
    }
    all
}

/// The history as Jepsen would have written it, and with it the moments that its order of lines tells.
pub(super) fn edn(transactions: &mut [Transaction], lists: bool) -> String {
    let mut lines: Vec<(u32, bool, usize)> = Vec::new();
    for (number, one) in transactions.iter().enumerate() {
        lines.push((one.begun, false, number));
        lines.push((one.over, true, number));
    }
    lines.sort_by_key(|&(moment, is_over, number)| (moment, !is_over, number));
    let mut text = String::new();
    for (line, &(_, is_over, number)) in (0..).zip(&lines) {
        let one = &mut transactions[number];
        *(if is_over { &mut one.over } else { &mut one.begun }) = line;
        let kind = if is_over { one.ending } else { "invoke" };
        let _ = write!(text, "{{:type :{kind}, :process {}, :value [", one.process);
        for step in &one.steps {
            let _ = match step {
                Step::Write(key, value) if lists => write!(text, "[:append {key} {value}]"),
                Step::Write(key, value) => write!(text, "[:w {key} {value}]"),
                Step::Read(key, _) if !is_over => write!(text, "[:r {key} nil]"),
                Step::Read(key, found) if lists => write!(text, "[:r {key} {found:?}]"),
                Step::Read(key, found) => {
                    let found = found.first().map_or_else(|| "nil".to_owned(), u32::to_string);
                    write!(text, "[:r {key} {found}]")
                }
            };
        }
        text.push_str("]}\n");
    }
    text
}

/// Calls with each order of so many; true if one is accepted.
fn some_order(count: usize, accepts: &mut dyn FnMut(&[usize]) -> bool) -> bool {
    fn extend(order: &mut Vec<usize>, count: usize, accepts: &mut dyn FnMut(&[usize]) -> bool) -> bool {
        if order.len() == count {
            return accepts(order);
        }
        (0..count).any(|next| {
            if order.contains(&next) {
                return false;
            }
            order.push(next);
            let found = extend(order, count, accepts);
            order.pop();
            found
        })
    }
    extend(&mut Vec::new(), count, accepts)
}

/// Whether running the transactions in this order finds what they found.
fn explains(transactions: &[Transaction], order: &[usize], lists: bool) -> bool {
    let mut states: [Vec<u32>; 2] = Default::default();
    order.iter().flat_map(|&number| &transactions[number].steps).all(|step| match step {
        Step::Write(key, value) => {
            let state = &mut states[*key as usize];
            if !lists {
                state.clear();
            }
            state.push(*value);
            true
        }
        Step::Read(key, found) => states[*key as usize] == *found,
    })
}

/// Whether the order keeps every pair for which this says that the first comes before the second.
fn keeps(order: &[usize], before: &dyn Fn(usize, usize) -> bool) -> bool {
    order
        .iter()
        .enumerate()
        .all(|(place, &later)| order[..place].iter().all(|&earlier| !before(later, earlier)))
}

/// As it is, and of registers also with what follows from the level taken for granted, which must change nothing.
fn every_way_to_ask(level: &str, lists: bool) -> Vec<Options> {
    let plain = Options::new(promise(level));
    if lists {
        return vec![plain];
    }
    let assumptions = Assumptions {
        writes_follow_reads: true,
        sequential_keys: level == "strong-session-serializable",
        linearizable_keys: level == "strict-serializable",
        ..Assumptions::default()
    };
    vec![Options { assumptions, ..plain.clone() }, plain]
}

/// Judges many histories at the levels that ask for a serial order, and counts the verdicts.
fn compare_with_serial_orders(lists: bool) {
    let mut verdicts = [[0u32; 3]; 3];
    for seed in 0..HISTORIES {
        let mut all = transactions(seed, lists);
        let text = edn(&mut all, lists);
        let history = history(&text);
        let levels = ["serializable", "strong-session-serializable", "strict-serializable"];
        for (level, counted) in levels.into_iter().zip(&mut verdicts) {
            let before = |one: usize, other: usize| match level {
                "serializable" => false,
                "strict-serializable" => all[one].over < all[other].begun,
                _ => all[one].process == all[other].process && all[one].over < all[other].begun,
            };
            let is_serial =
                some_order(all.len(), &mut |order| keeps(order, &before) && explains(&all, order, lists));
            for options in every_way_to_ask(level, lists) {
                let report = check(&history, &options);
                let place = match report.verdict {
                    Verdict::Valid => 0,
                    Verdict::Violated => 1,
                    Verdict::Inconclusive(ref reason) if reason.starts_with("nothing depends") => 2,
                    Verdict::Inconclusive(_) => panic!("seed {seed}\n{text}{report:#?}"),
                };
                let wrong = if is_serial { 1 } else { 0 };
                assert_ne!(place, wrong, "seed {seed} at {level}\n{text}{report:#?}");
                counted[place] += 1;
            }
        }
    }
    let often = (HISTORIES / 10) as u32;
    let is_even = verdicts.iter().all(|[valid, violated, _]| *valid > often && *violated > often);
    assert!(is_even, "each verdict must come up often: {verdicts:?}");
}

#[test]
fn lists_are_serializable_if_and_only_if_an_order_explains_them() {
    compare_with_serial_orders(true);
}

#[test]
fn registers_are_serializable_if_and_only_if_an_order_explains_them() {
    compare_with_serial_orders(false);
}

/// The writer of a value of a key, and whether it is the last that it wrote there.
fn writer(transactions: &[Transaction], key: u32, value: u32) -> Option<(usize, bool)> {
    transactions.iter().enumerate().find_map(|(number, one)| {
        let mut own = one.steps.iter().filter_map(|step| match step {
            Step::Write(written, value) if *written == key => Some(*value),
            _ => None,
        });
        own.clone().find(|&one| one == value).map(|_| (number, own.next_back() == Some(value)))
    })
}

/// The reads of what others wrote: the reader, its place, the key and the writer. None if one of them, or of what a
/// transaction wrote itself, can be of no level.
fn reads(transactions: &[Transaction]) -> Option<Vec<(usize, usize, u32, usize)>> {
    let mut reads = Vec::new();
    for (reader, one) in transactions.iter().enumerate() {
        for (place, step) in one.steps.iter().enumerate() {
            let Step::Read(key, found) = step else { continue };
            let own = one.steps[..place].iter().rev().find_map(|step| match step {
                Step::Write(written, value) if written == key => Some(*value),
                _ => None,
            });
            let found = *found.first()?;
            if let Some(own) = own {
                if own != found {
                    return None;
                }
                continue;
            }
            let (writer, is_last) = writer(transactions, *key, found)?;
            if !is_last || writer == reader {
                return None;
            }
            reads.push((reader, place, *key, writer));
        }
    }
    Some(reads)
}

/// Whether there is an order of commits that keeps sessions and reads, and for which the axiom holds (Biswas and
/// Enea, 2019, figure 2).
fn is_of_level(transactions: &[Transaction], level: &str) -> bool {
    let Some(reads) = reads(transactions) else { return false };
    let repeatable = reads.iter().all(|(reader, _, key, writer)| {
        reads.iter().all(|(other, _, same, from)| (other, same) != (reader, key) || from == writer)
    });
    if level != "read-committed" && !repeatable {
        return false;
    }
    let count = transactions.len();
    let session =
        |one: usize, other: usize| transactions[one].process == transactions[other].process && one < other;
    let read_from = |one: usize, other: usize| {
        reads.iter().any(|&(reader, _, _, writer)| (writer, reader) == (one, other))
    };
    let mut causes = vec![vec![false; count]; count];
    (0..count).for_each(|one| {
        (0..count).for_each(|other| causes[one][other] = session(one, other) || read_from(one, other))
    });
    for middle in 0..count {
        for one in 0..count {
            for other in 0..count {
                causes[one][other] |= causes[one][middle] && causes[middle][other];
            }
        }
    }
    let writes = |one: usize, key: u32| {
        transactions[one].steps.iter().any(|step| matches!(step, Step::Write(written, _) if *written == key))
    };
    let known = |one: usize, reader: usize, place: usize| match level {
        "read-committed" => {
            reads.iter().any(|&(by, earlier, _, writer)| by == reader && earlier < place && writer == one)
        }
        "read-atomic" => session(one, reader) || read_from(one, reader),
        _ => causes[one][reader],
    };
    some_order(count, &mut |order| {
        let place_of = |wanted: usize| order.iter().position(|&one| one == wanted);
        keeps(order, &|one, other| session(one, other) || read_from(one, other))
            && reads.iter().all(|&(reader, place, key, writer)| {
                (0..count).all(|other| {
                    other == writer
                        || other == reader
                        || !writes(other, key)
                        || !known(other, reader, place)
                        || place_of(other) < place_of(writer)
                })
            })
    })
}

/// The sessions as AWDIT would have written them, after one that writes what the others find at the beginning.
pub(super) fn awdit(transactions: &mut Vec<Transaction>) -> String {
    for one in transactions.iter_mut() {
        for step in &mut one.steps {
            if let Step::Read(_, found) = step
                && found.is_empty()
            {
                found.push(0);
            }
        }
    }
    let steps = vec![Step::Write(0, 0), Step::Write(1, 0)];
    transactions.push(Transaction { process: 9, begun: 0, over: 0, ending: "ok", steps });
    transactions.sort_by_key(|one| one.process);
    let mut text = String::new();
    for session in transactions.chunk_by(|one, other| one.process == other.process) {
        for one in session {
            for step in &one.steps {
                let _ = match step {
                    Step::Write(key, value) => writeln!(text, "w {key} {value}"),
                    Step::Read(key, found) => writeln!(text, "r {key} {}", found[0]),
                };
            }
            text.push_str("-----\n");
        }
        text.push_str("=====\n");
    }
    text
}

#[test]
fn sessions_are_of_a_level_if_and_only_if_an_order_of_commits_keeps_its_axiom() {
    let mut verdicts = [[0u32; 2]; 3];
    for seed in 0..HISTORIES {
        let mut all = transactions(seed, false);
        all.truncate(5);
        let text = awdit(&mut all);
        if !text.contains('r') {
            continue;
        }
        let history = history(&text);
        for (level, counted) in ["read-committed", "read-atomic", "causal"].into_iter().zip(&mut verdicts) {
            let is_of_level = is_of_level(&all, level);
            let report = judged(&history, level);
            let expected = if is_of_level { Verdict::Valid } else { Verdict::Violated };
            assert_eq!(report.verdict, expected, "seed {seed} at {level}\n{text}{report:#?}");
            counted[usize::from(is_of_level)] += 1;
        }
    }
    let is_even = verdicts.iter().all(|counted| counted.iter().all(|&count| count > 30));
    assert!(is_even, "each verdict must come up often: {verdicts:?}");
}
