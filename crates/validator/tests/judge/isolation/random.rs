//! Small random histories of transactions that read, write and end in any order, well isolated or not.

use history::Gid;
use validator::isolation::{Checker, Judgement, Level};

/// Numbers that look random and are always the same ones.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// What happens, in order. Transactions count from 1; 0 is the writer of what nobody wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Begin(usize),
    Read {
        txn: usize,
        key: usize,
        writer: usize,
    },
    Write {
        txn: usize,
        key: usize,
    },
    /// Commits, installs what it wrote, and the client knows.
    Commit(usize),
    Abort(usize),
}

/// How badly the transactions are kept apart, in percent of the reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Faults {
    /// Of a version that is not the latest.
    pub(crate) stale: usize,
    /// Of a version whose writer has not ended.
    pub(crate) dirty: usize,
    /// Of the transactions, those that abort.
    pub(crate) aborts: usize,
}

/// Draws a history.
pub(crate) fn history(random: &mut Random, transactions: usize, keys: usize, faults: Faults) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut left: Vec<usize> = (0..=transactions).map(|_| 1 + random.below(4)).collect();
    let mut begun = vec![false; transactions + 1];
    let mut live: Vec<usize> = (1..=transactions).collect();
    let mut installed: Vec<Vec<usize>> = vec![vec![0]; keys];
    let mut written: Vec<Vec<usize>> = vec![Vec::new(); transactions + 1];
    while !live.is_empty() {
        let at = random.below(live.len().min(3));
        let txn = live[at];
        if !begun[txn] {
            begun[txn] = true;
            steps.push(Step::Begin(txn));
            continue;
        }
        if left[txn] == 0 {
            live.remove(at);
            if random.chance(faults.aborts) {
                steps.push(Step::Abort(txn));
            } else {
                steps.push(Step::Commit(txn));
                written[txn].iter().for_each(|&key| installed[key].push(txn));
            }
            continue;
        }
        left[txn] -= 1;
        let key = random.below(keys);
        if random.chance(45) {
            if !written[txn].contains(&key) {
                written[txn].push(key);
            }
            steps.push(Step::Write { txn, key });
            continue;
        }
        let dirty: Vec<usize> =
            live.iter().copied().filter(|&other| other != txn && written[other].contains(&key)).collect();
        let versions = &installed[key];
        let writer = if written[txn].contains(&key) {
            txn
        } else if !dirty.is_empty() && random.chance(faults.dirty) {
            dirty[random.below(dirty.len())]
        } else if random.chance(faults.stale) {
            versions[random.below(versions.len())]
        } else {
            versions[versions.len() - 1]
        };
        steps.push(Step::Read { txn, key, writer });
    }
    steps
}

/// What the checker says of it.
pub(crate) fn judge(steps: &[Step], level: Level, window: usize) -> Judgement {
    let mut checker = Checker::new(level, window);
    let mut written: Vec<(usize, usize)> = Vec::new();
    for (&step, sequence) in steps.iter().zip((0..).step_by(10)) {
        let gid = |txn: usize| Gid(txn as u32);
        let place = |key: usize| Checker::place(1, key as u32);
        match step {
            Step::Begin(txn) => checker.begin(gid(txn), sequence),
            Step::Read { txn, key, writer } => checker.read(gid(txn), place(key), gid(writer), sequence),
            Step::Write { txn, key } => {
                checker.write(gid(txn), place(key), sequence);
                if !written.contains(&(txn, key)) {
                    written.push((txn, key));
                }
            }
            Step::Commit(txn) => {
                checker.commit(gid(txn));
                for &(_, key) in written.iter().filter(|&&(writer, _)| writer == txn) {
                    checker.install(gid(txn), place(key), sequence);
                }
                checker.answer(gid(txn), sequence);
                checker.end(gid(txn));
            }
            Step::Abort(txn) => checker.end(gid(txn)),
        }
    }
    checker.finish()
}
