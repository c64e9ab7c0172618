//! How much processor time and memory a black-box judgement takes, the reading of the file included: a million
//! transactions of four operations, generated as they are read so that the text itself costs no memory. What it costs
//! to generate them is measured alone first, and taken off.
#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::io::{self, Read, Write};

use nix::sys::resource::{UsageWho, getrusage};
use rand_core::Rng as _;
use rand_pcg::Pcg32;
use validator::Verdict;
use validator::black_box::{Assumptions, Format, Options, Promise, Recording, check, read};

const TRANSACTIONS: u32 = 1_000_000;
/// So many transactions run at a time.
const CLIENTS: usize = 16;
/// So many keys are in use at a time, and so many writes each takes, as Elle's generator has it.
const KEYS: usize = 10;
const WRITES_EACH: u32 = 32;

fn main() {
    println!("model        level                transactions      MB  CPU s  MB/s  peak MB  verdict");
    for (kind, level) in [
        (Kind::ListAppend, "strict-serializable"),
        (Kind::Register, "causal"),
        (Kind::Register, "strict-serializable"),
    ] {
        run(kind, level);
    }
}

fn run(kind: Kind, level: &str) {
    let before = cpu_seconds();
    let bytes = io::copy(&mut Text::new(kind), &mut io::sink()).expect("a sink takes all");
    let generating = cpu_seconds() - before;
    let before = cpu_seconds();
    let recording = read(Text::new(kind), Format::Edn, None).expect("it is a history");
    let Recording::Transactions(history) = recording else { unreachable!("it is no bank") };
    let mut options = Options::new(Promise::of_model(level).expect("it is a model"));
    let assumed =
        Assumptions { writes_follow_reads: true, linearizable_keys: true, ..Assumptions::default() };
    if kind == Kind::Register {
        options.assumptions = assumed;
    }
    let report = check(&history, &options);
    let seconds = cpu_seconds() - before - generating;
    assert_eq!(report.verdict, Verdict::Valid, "{report:#?}");
    assert!(report.counts.edges() > u64::from(TRANSACTIONS), "{report:#?}");
    let megabytes = bytes as f64 / 1e6;
    println!(
        "{:<11}  {level:<19}  {TRANSACTIONS:>12}  {megabytes:>6.0}  {seconds:>5.2}  {:>4.0}  {:>7}  {}",
        report.model,
        megabytes / seconds,
        peak_megabytes(),
        report.verdict
    );
}

fn cpu_seconds() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the process may ask about itself");
    [usage.user_time(), usage.system_time()]
        .iter()
        .map(|t| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6)
        .sum()
}

/// Of the process so far: the first row is the one that counts.
fn peak_megabytes() -> i64 {
    getrusage(UsageWho::RUSAGE_SELF).expect("the process may ask about itself").max_rss() / 1024
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    ListAppend,
    Register,
}

/// A key and what is in it.
struct Key {
    name: u64,
    writes: u32,
    list: String,
}

/// The text of a strictly serializable history, made as it is read: each transaction takes effect at its completion.
struct Text {
    kind: Kind,
    random: Pcg32,
    keys: Vec<Key>,
    names: u64,
    /// What each client has invoked.
    open: Vec<Option<Vec<(bool, u64, u32)>>>,
    left: u32,
    index: u64,
    buffer: Vec<u8>,
    at: usize,
}

impl Text {
    fn new(kind: Kind) -> Self {
        let keys = (0..KEYS as u64).map(|name| Key { name, writes: 0, list: String::new() }).collect();
        Self {
            kind,
            random: Pcg32::new(7, 1),
            keys,
            names: KEYS as u64,
            open: vec![None; CLIENTS],
            left: TRANSACTIONS,
            index: 0,
            buffer: Vec::new(),
            at: 0,
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.random.next_u32() as usize) % bound
    }

    /// One line more; false if there is none.
    fn line(&mut self) -> bool {
        let client = self.below(CLIENTS);
        match self.open[client].take() {
            None if self.left == 0 => return self.open.iter().any(Option::is_some),
            None => {
                self.left -= 1;
                let steps: Vec<_> = (0..4).map(|_| self.step()).collect();
                self.head("invoke", client);
                let write = if self.kind == Kind::ListAppend { "append" } else { "w" };
                for &(writes, key, value) in &steps {
                    match writes {
                        true => self.push(format_args!("[:{write} {key} {value}] ")),
                        false => self.push(format_args!("[:r {key} nil] ")),
                    }
                }
                self.open[client] = Some(steps);
            }
            Some(steps) => {
                self.head("ok", client);
                steps.into_iter().for_each(|step| self.effect(step));
            }
        }
        self.push(format_args!("]}}\n"));
        true
    }

    /// A step on one of the keys in use, which is retired after its last write.
    fn step(&mut self) -> (bool, u64, u32) {
        let (writes, place) = (self.below(2) == 0, self.below(KEYS));
        let key = &mut self.keys[place];
        let step = (writes, key.name, key.writes + 1);
        if writes {
            key.writes += 1;
            if key.writes == WRITES_EACH {
                // What is still open writes to it, so it moves behind those in use.
                let retired = std::mem::replace(
                    &mut self.keys[place],
                    Key { name: self.names, writes: 0, list: String::new() },
                );
                self.keys.push(retired);
                self.names += 1;
                if self.keys.len() > KEYS + 8 * CLIENTS {
                    self.keys.remove(KEYS);
                }
            }
        }
        step
    }

    fn effect(&mut self, (writes, name, value): (bool, u64, u32)) {
        let place =
            self.keys.iter().position(|key| key.name == name).expect("a key stays as long as it is used");
        let separator = if self.kind == Kind::ListAppend { " " } else { "" };
        if writes {
            let list = &mut self.keys[place].list;
            match self.kind {
                Kind::ListAppend if !list.is_empty() => list.push_str(&format!("{separator}{value}")),
                _ => *list = value.to_string(),
            }
            let write = if self.kind == Kind::ListAppend { "append" } else { "w" };
            return self.push(format_args!("[:{write} {name} {value}] "));
        }
        let list = std::mem::take(&mut self.keys[place].list);
        match self.kind {
            Kind::ListAppend => self.push(format_args!("[:r {name} [{list}]] ")),
            Kind::Register if list.is_empty() => self.push(format_args!("[:r {name} nil] ")),
            Kind::Register => self.push(format_args!("[:r {name} {list}] ")),
        }
        self.keys[place].list = list;
    }

    fn head(&mut self, phase: &str, client: usize) {
        let index = self.index;
        self.index += 1;
        let time = index * 1_000;
        self.push(format_args!(
            "{{:type :{phase}, :f :txn, :process {client}, :time {time}, :index {index}, :value ["
        ));
    }

    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        self.buffer.write_fmt(text).expect("memory takes all");
    }
}

impl Read for Text {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.buffer.len() {
            self.buffer.clear();
            self.at = 0;
            while self.buffer.len() < out.len() && self.line() {}
        }
        let bytes = out.len().min(self.buffer.len() - self.at);
        out[..bytes].copy_from_slice(&self.buffer[self.at..self.at + bytes]);
        self.at += bytes;
        Ok(bytes)
    }
}
