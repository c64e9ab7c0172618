//! Histories of a bank: transfers move money between accounts, so every read of all of them shows the same total.

use super::findings::{Finding, Found};
use super::report::{Check, Counts, Report};
use super::words::{Word, Words};
use crate::Verdict;

/// Reads of all balances, and how many transfers there were.
#[derive(Clone, Debug, Default)]
pub struct BankHistory {
    pub(super) words: Words,
    pub(super) transfers: u64,
    reads: Vec<Read>,
    balances: Vec<(Word, Option<i64>)>,
}

#[derive(Clone, Copy, Debug)]
struct Read {
    index: u32,
    line: u32,
    first: usize,
    length: usize,
}

/// What is known of the bank beside its history.
#[derive(Clone, Copy, Debug, Default)]
pub struct BankOptions {
    /// What all accounts hold together; that of the first read, if it is not told.
    pub total: Option<i64>,
    /// Whether an account may hold less than nothing.
    pub negative_balances: bool,
}

impl BankHistory {
    /// A read of these accounts; `None` if there are more than can be counted.
    pub(super) fn read(
        &mut self,
        index: Option<u32>,
        line: u32,
        balances: &[(Word, Option<i64>)],
    ) -> Option<()> {
        let index = index.or_else(|| u32::try_from(self.reads.len()).ok())?;
        self.reads.push(Read { index, line, first: self.balances.len(), length: balances.len() });
        self.balances.extend_from_slice(balances);
        let own = &mut self.balances[self.reads[self.reads.len() - 1].first..];
        own.sort_unstable();
        Some(())
    }

    fn balances(&self, read: &Read) -> &[(Word, Option<i64>)] {
        &self.balances[read.first..read.first + read.length]
    }

    /// Judges every read.
    pub fn check(&self, options: BankOptions) -> Report {
        let kinds: [(&str, &'static str); 4] = [
            ("wrong total", "a read shows more or less money than there is: it is not of one moment"),
            ("other accounts", "a read shows other accounts than the first one"),
            ("missing balance", "a read shows an account without a balance"),
            ("negative balance", "an account holds less than nothing"),
        ];
        let mut found: [Found; 4] = Default::default();
        let total = options.total.map(i128::from).or_else(|| Some(self.total(self.reads.first()?)));
        for read in &self.reads {
            for (kind, wrong) in self.wrong(read, total, options) {
                found[kind].add(|| self.finding(read, wrong));
            }
        }
        let verdict = if found.iter().any(|found| found.count > 0) {
            Verdict::Violated
        } else if self.reads.is_empty() {
            Verdict::Inconclusive("no read of the balances, so nothing was checked".to_owned())
        } else {
            Verdict::Valid
        };
        let reads = self.reads.len() as u64;
        let counts =
            Counts { committed: reads + self.transfers, reads, writes: self.transfers, ..Counts::default() };
        let negative = if options.negative_balances { "" } else { ", and none below zero" };
        let told = total.map_or_else(String::new, |total| format!(" of {total}"));
        let found = kinds.into_iter().zip(found).filter(|(_, found)| found.count > 0);
        let check = |((anomaly, meaning), found): ((&str, &'static str), Found)| Check {
            anomaly: anomaly.to_owned(),
            meaning,
            ruled_out: true,
            found,
        };
        Report {
            verdict,
            model: "bank",
            promise: format!("one total{told} in every read{negative}"),
            counts,
            properties: 3 + u64::from(!options.negative_balances),
            found: found.map(check).collect(),
            notes: Vec::new(),
            timeline: Vec::new(),
        }
    }

    fn total(&self, read: &Read) -> i128 {
        self.balances(read).iter().filter_map(|(_, balance)| *balance).map(i128::from).sum()
    }

    /// The kinds of what is wrong with a read, and what it is.
    fn wrong(&self, read: &Read, total: Option<i128>, options: BankOptions) -> Vec<(usize, String)> {
        let mut wrong = Vec::new();
        let balances = self.balances(read);
        let (found, expected) = (self.total(read), total.unwrap_or_default());
        if found != expected {
            wrong.push((0, format!("the balances add up to {found}, and there is {expected}")));
        }
        let accounts = |read: &Read| -> Vec<Word> { self.balances(read).iter().map(|one| one.0).collect() };
        if accounts(read) != accounts(&self.reads[0]) {
            wrong.push((1, format!("the first read, in line {}, shows other accounts", self.reads[0].line)));
        }
        for &(account, balance) in balances {
            let account = self.words.show(account);
            match balance {
                None => wrong.push((2, format!("account {account} has no balance"))),
                Some(balance) if balance < 0 && !options.negative_balances => {
                    wrong.push((3, format!("account {account} holds {balance}")));
                }
                Some(_) => {}
            }
        }
        wrong
    }

    fn finding(&self, read: &Read, wrong: String) -> Finding {
        let shown: Vec<String> = self
            .balances(read)
            .iter()
            .take(64)
            .map(|&(account, balance)| {
                let balance = balance.map_or_else(|| "nil".to_owned(), |balance| balance.to_string());
                format!("{} {balance}", self.words.show(account))
            })
            .collect();
        let name = format!("T{}", read.index);
        let story = vec![format!("{name} (line {}): read {{{}}}", read.line, shown.join(", ")), wrong];
        Finding { transactions: vec![name], story, shortest: true }
    }
}
