//! How many transactions of eight operations the isolation checker takes in a second of CPU, and how much memory it
//! needs: a clean stream, and one with write skew in it. Generating the stream is not counted.
#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use history::Gid;
use nix::sys::resource::{UsageWho, getrusage};
use validator::isolation::{Anomaly, Checker, Judgement, Level};

const TRANSACTIONS: u32 = 1_000_000;
const OPERATIONS: usize = 8;
const IN_FLIGHT: usize = 16;
const KEYS: u32 = 10_000;
/// Keys beyond the others, which only skewed transactions use.
const SKEWED: u32 = 2_000;

/// One call of the checker.
#[derive(Clone, Copy)]
enum Call {
    Begin(Gid),
    Read(Gid, u32, Gid),
    Write(Gid, u32),
    Commit(Gid),
    Install(Gid, u32),
    End(Gid),
}

fn main() {
    println!(
        "{:>16} {:>12} {:>9} {:>9} {:>14} {:>8}",
        "", "transactions", "injected", "found", "each CPU s", "MiB"
    );
    for (name, level, every) in [
        ("serializable", Level::Serializable, None),
        ("strict", Level::StrictSerializable, None),
        ("skew", Level::Serializable, Some(100)),
        ("much skew", Level::Serializable, Some(10)),
        ("skew, strict", Level::StrictSerializable, Some(100)),
    ] {
        let (judgement, injected, seconds) = run(level, every);
        let found = judgement.counts.get(&Anomaly::WriteSkew).copied().unwrap_or(0);
        assert_eq!((found, judgement.violated()), (injected, injected), "every injected cycle is found");
        assert!(judgement.unclear.is_none(), "{:?}", judgement.unclear);
        let rate = f64::from(TRANSACTIONS) / seconds;
        let peak = peak_mib();
        println!("{name:>16} {TRANSACTIONS:>12} {injected:>9} {found:>9} {rate:>14.0} {peak:>8.1}");
    }
}

/// Checks the stream; every so many transactions, two skew.
fn run(level: Level, every: Option<u32>) -> (Judgement, u64, f64) {
    let mut checker = Checker::new(level, Checker::WINDOW);
    let mut generator = Generator::new(every);
    let (mut calls, mut sequence, mut seconds) = (Vec::new(), 0, 0.0);
    while generator.fill(&mut calls) {
        let before = cpu_seconds();
        for &call in &calls {
            sequence += 1;
            tell(&mut checker, call, sequence);
        }
        seconds += cpu_seconds() - before;
        calls.clear();
    }
    let before = cpu_seconds();
    let judgement = checker.finish();
    (judgement, generator.injected, seconds + cpu_seconds() - before)
}

#[inline]
fn tell(checker: &mut Checker, call: Call, sequence: u64) {
    match call {
        Call::Begin(gid) => checker.begin(gid, sequence),
        Call::Read(gid, key, writer) => checker.read(gid, Checker::place(1, key), writer, sequence),
        Call::Write(gid, key) => checker.write(gid, Checker::place(1, key), sequence),
        Call::Commit(gid) => checker.commit(gid),
        Call::Install(gid, key) => checker.install(gid, Checker::place(1, key), sequence),
        Call::End(gid) => {
            checker.answer(gid, sequence);
            checker.end(gid);
        }
    }
}

/// Transactions under strict two-phase locking, many at a time; and some that skew.
struct Generator {
    every: Option<u32>,
    next: u32,
    injected: u64,
    random: u64,
    latest: Vec<Gid>,
    locked: Vec<bool>,
    running: Vec<Running>,
}

struct Running {
    gid: Gid,
    keys: Vec<u32>,
    written: Vec<u32>,
}

impl Generator {
    fn new(every: Option<u32>) -> Self {
        Self {
            every,
            next: 1,
            injected: 0,
            random: 7,
            latest: vec![Gid::INITIAL; (KEYS + SKEWED) as usize],
            locked: vec![false; KEYS as usize],
            running: Vec::new(),
        }
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.random >> 33) % u64::from(bound)) as u32
    }

    /// Adds some calls, as many as fit a cache; false once there are no more.
    fn fill(&mut self, calls: &mut Vec<Call>) -> bool {
        while calls.len() < 4_096 && (self.next <= TRANSACTIONS || !self.running.is_empty()) {
            if self.running.len() < IN_FLIGHT && self.next <= TRANSACTIONS {
                self.begin(calls);
            } else {
                let at = self.below(self.running.len() as u32) as usize;
                self.go_on(at, calls);
            }
        }
        !calls.is_empty()
    }

    fn begin(&mut self, calls: &mut Vec<Call>) {
        if self.every.is_some_and(|every| self.next.is_multiple_of(every)) && self.next < TRANSACTIONS {
            return self.skew(calls);
        }
        let gid = Gid(self.next);
        self.next += 1;
        calls.push(Call::Begin(gid));
        self.running.push(Running { gid, keys: Vec::new(), written: Vec::new() });
    }

    /// Half of the operations read, half write.
    fn go_on(&mut self, at: usize, calls: &mut Vec<Call>) {
        let gid = self.running[at].gid;
        if self.running[at].keys.len() == OPERATIONS {
            let done = self.running.swap_remove(at);
            calls.push(Call::Commit(gid));
            for &key in &done.written {
                calls.push(Call::Install(gid, key));
                self.latest[key as usize] = gid;
            }
            done.keys.iter().for_each(|&key| self.locked[key as usize] = false);
            calls.push(Call::End(gid));
            return;
        }
        let mut key = self.below(KEYS);
        while self.locked[key as usize] {
            key = self.below(KEYS);
        }
        self.locked[key as usize] = true;
        let writes = self.below(2) == 0;
        let running = &mut self.running[at];
        running.keys.push(key);
        if writes {
            running.written.push(key);
            calls.push(Call::Write(gid, key));
        } else {
            calls.push(Call::Read(gid, key, self.latest[key as usize]));
        }
    }

    /// Two transactions that each read what the other overwrites.
    fn skew(&mut self, calls: &mut Vec<Call>) {
        let pair = [Gid(self.next), Gid(self.next + 1)];
        self.next += 2;
        self.injected += 1;
        let first = KEYS + 2 * self.below(SKEWED / 2);
        let (keys, swapped) = ([first, first + 1], [first + 1, first]);
        calls.extend(pair.map(Call::Begin));
        for (gid, key) in pair.into_iter().zip(keys) {
            calls.push(Call::Read(gid, key, self.latest[key as usize]));
        }
        for (gid, key) in pair.into_iter().zip(swapped) {
            calls.push(Call::Write(gid, key));
        }
        for (gid, key) in pair.into_iter().zip(swapped) {
            calls.extend([Call::Commit(gid), Call::Install(gid, key), Call::End(gid)]);
            self.latest[key as usize] = gid;
        }
    }
}

fn cpu_seconds() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the process may ask about itself");
    [usage.user_time(), usage.system_time()]
        .iter()
        .map(|t| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6)
        .sum()
}

/// The most memory that the process ever had, the benchmark's own included.
fn peak_mib() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the process may ask about itself");
    usage.max_rss() as f64 / 1024.0
}
