//! What may be asked of `check`, and in which words.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use history::Level;
use validator::black_box::{Assumptions, BankOptions, Format, Model, Options, Promise};

use crate::args::within;
use crate::failure::Failure;
use crate::names::nearest;

/// The options of `check`.
#[derive(Debug, Args)]
pub(crate) struct CheckOptions {
    /// Histories: JSON Lines of this program, EDN of Jepsen or Elle, text of AWDIT
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Hold them to this level: strict-serializable if none is named, causal for sessions as AWDIT writes them
    #[arg(short, long, value_name = "LEVEL", value_parser = level)]
    level: Option<Promise>,
    /// Hold them to having none of these anomalies, by Elle's names (G1a, G-single, lost-update, ..)
    #[arg(short, long, value_name = "NAMES", value_delimiter = ',', value_parser = anomaly)]
    anomalies: Vec<Promise>,
    /// What the values are, if it is not to be told by what is in the file
    #[arg(short, long, value_enum)]
    pub(crate) model: Option<ModelName>,
    /// Take this for granted of registers, so that more of the order of their versions is known
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    assume: Vec<Assumption>,
    /// Places of transactions in the order of commits, such as 0=2,1=1: index and place
    #[arg(long, value_delimiter = ',', value_name = "INDEX=PLACE", value_parser = place, allow_hyphen_values = true)]
    transaction_order: Vec<(u32, u64)>,
    /// What all accounts of a bank hold together [default: as in its first read]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    total: Option<i64>,
    /// Accounts of a bank may hold less than nothing
    #[arg(long)]
    negative_balances: bool,
    /// Spend so many steps on each search for the shortest evidence and for a serial order
    #[arg(long, value_name = "N", default_value_t = Options::BUDGET, allow_negative_numbers = true)]
    #[arg(value_parser = within(0, u64::MAX))]
    budget: u64,
    /// Of one file of this program: if something is violated, write a small history that shows it to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) excerpt: Option<PathBuf>,
    /// Print JSON, one line for each file, to standard output and nothing else there
    #[arg(long)]
    pub(crate) json: bool,
    /// Print more: of what clients saw, when the transactions in the evidence began and were over; of our own, a timeline
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

/// A model by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModelName {
    /// Lists that only grow
    ListAppend,
    /// Registers
    #[value(alias = "rw-register")]
    Register,
    /// Accounts whose total stays
    Bank,
}

/// What may be taken for granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Assumption {
    /// Who reads and writes a key overwrites what it read
    WritesFollowReads,
    /// No client sees a key go back
    SequentialKeys,
    /// Nobody sees a key go back
    LinearizableKeys,
}

/// What a file is about.
#[derive(Clone, Copy)]
pub(super) enum FileOf {
    /// What all nodes of two-phase commit did.
    Run,
    /// What clients saw of such values.
    Clients(Model),
}

/// What is asked of every file.
pub(super) struct Asked {
    /// Nothing if neither a level nor anomalies were named.
    pub(super) promise: Option<Promise>,
    /// The name of the level, if that is all that was named.
    level: Option<String>,
    assumptions: Assumptions,
    budget: u64,
}

impl CheckOptions {
    pub(super) fn asked(&self) -> Result<Asked, Failure> {
        let promise = self.level.iter().chain(&self.anomalies).cloned().reduce(Promise::and);
        let level = self.level.as_ref().filter(|_| self.anomalies.is_empty());
        let level = level.map(|promise| promise.name.clone());
        self.check_excerpt()?;
        let assumes = |wanted| self.assume.contains(&wanted);
        let mut indices: Vec<u32> = self.transaction_order.iter().map(|(index, _)| *index).collect();
        indices.sort_unstable();
        if let Some(twice) = indices.windows(2).find(|pair| pair[0] == pair[1]) {
            let reason = format!("--transaction-order: index {} has two places", twice[0]);
            return Err(Failure::Usage(reason));
        }
        let assumptions = Assumptions {
            writes_follow_reads: assumes(Assumption::WritesFollowReads),
            sequential_keys: assumes(Assumption::SequentialKeys),
            linearizable_keys: assumes(Assumption::LinearizableKeys),
            transaction_order: self.transaction_order.clone(),
        };
        Ok(Asked { promise, level, assumptions, budget: self.budget })
    }

    fn check_excerpt(&self) -> Result<(), Failure> {
        let Some(excerpt) = &self.excerpt else { return Ok(()) };
        let reason = match &self.files[..] {
            [file] if is_same_file(file, excerpt) => "--excerpt: name another file than the one that is read",
            [_] => return Ok(()),
            _ => "--excerpt is of one file: name one",
        };
        Err(Failure::Usage(reason.to_owned()))
    }

    /// Refuses what says nothing about such a file.
    pub(super) fn concern(&self, what: FileOf) -> Result<(), String> {
        let clients = [("--model", self.model.is_some())];
        let registers = [("--assume", !self.assume.is_empty())];
        let registers =
            registers.into_iter().chain([("--transaction-order", !self.transaction_order.is_empty())]);
        let banks = [("--total", self.total.is_some()), ("--negative-balances", self.negative_balances)];
        let (this, idle): (_, Vec<_>) = match what {
            FileOf::Run => {
                ("a history of 2pc-test", clients.into_iter().chain(registers).chain(banks).collect())
            }
            FileOf::Clients(Model::Bank) => ("about a bank", registers.collect()),
            FileOf::Clients(Model::Register) => ("about registers", banks.to_vec()),
            FileOf::Clients(Model::ListAppend) => ("about lists", registers.chain(banks).collect()),
        };
        match idle.into_iter().find(|(_, given)| *given) {
            Some((option, _)) => Err(format!("this is {this}, of which {option} says nothing: leave it out")),
            None => Ok(()),
        }
    }

    pub(super) fn bank(&self) -> BankOptions {
        BankOptions { total: self.total, negative_balances: self.negative_balances }
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

impl Asked {
    /// The level that a history of our own is held to, if one was asked for.
    pub(super) fn of_run(&self) -> Result<Option<Level>, String> {
        match (&self.promise, &self.level) {
            (None, _) => Ok(None),
            (Some(_), Some(level)) => level.parse().map(Some).map_err(|_| {
                let names: Vec<String> = Level::ALL.iter().map(Level::to_string).collect();
                format!("a history of 2pc-test is not held to {level}: use one of {}", names.join(", "))
            }),
            (Some(_), None) => {
                Err("this is a history of 2pc-test, which is held to a level: use --level instead of \
                                    --anomalies"
                    .to_owned())
            }
        }
    }

    /// What is asked of a file of this format.
    pub(super) fn of(&self, format: Format) -> Options {
        let promise = self.promise.clone().unwrap_or_else(|| {
            let level = if format == Format::Awdit { "causal" } else { "strict-serializable" };
            Promise::of_model(level).expect("both are models")
        });
        Options { promise, assumptions: self.assumptions.clone(), budget: self.budget }
    }
}

impl From<ModelName> for Model {
    fn from(name: ModelName) -> Self {
        match name {
            ModelName::ListAppend => Self::ListAppend,
            ModelName::Register => Self::Register,
            ModelName::Bank => Self::Bank,
        }
    }
}

fn level(name: &str) -> Result<Promise, String> {
    Promise::of_model(name).ok_or_else(|| {
        let names: Vec<&str> = Promise::names().collect();
        let all = names.join(", ");
        match &nearest(name, &names)[..] {
            [] => format!("there is no such level; the levels are {all}"),
            near => {
                format!("there is no such level; did you mean {}? The levels are {all}", near.join(" or "))
            }
        }
    })
}

fn anomaly(name: &str) -> Result<Promise, String> {
    Promise::without(name).ok_or_else(|| {
        "there is no such anomaly; they are G0, G1, G1a, G1b, G1c, G-single, G-nonadjacent, G2, all but G1a and G1b \
         also with -process or -realtime, dirty-update, internal, future-read, lost-update, write-skew, \
         fractured-read, garbage-read, duplicate-elements, incompatible-order and cyclic-versions"
            .to_owned()
    })
}

fn place(text: &str) -> Result<(u32, u64), String> {
    let pair = text
        .split_once('=')
        .and_then(|(index, place)| Some((index.trim().parse().ok()?, place.trim().parse().ok()?)));
    pair.ok_or_else(|| "expected an index and a place, such as 0=2".to_owned())
}
