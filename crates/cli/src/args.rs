//! The command line: what may be typed, with which limits, and what the help says.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};
use harness_core::PARTICIPANTS_MAX;

use crate::check::CheckOptions;
use crate::new_adapter::NewAdapterOptions;
use crate::recordings::RecordingOptions;
use crate::soak::{MergeOptions, SoakOptions, WORKER};

/// Results of so many transactions are kept in memory during a run.
const TRANSACTIONS_MAX: u32 = 10_000_000;

const EXIT_CODES: &str = "\
Exit codes: 0 all valid, 1 a violation or an expectation that was not met, 2 wrong usage or a malformed
history, 3 a run did not happen, its result was not written or a file cannot be read, 4 inconclusive.
Names match whatever the case, spaces, hyphens or underscores. RUST_LOG=debug logs to standard error.";

/// A test bench for two-phase commit: runs failure scenarios in a deterministic simulation and judges each history
#[derive(Debug, Parser)]
#[command(name = "2pc-test", version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run all scenarios and write a folder of results
    RunAll {
        #[command(flatten)]
        options: RunOptions,
        /// The folder for result_NNN_NAME.json and summary.json; those of an earlier run are replaced
        #[arg(short, long, value_name = "FOLDER", default_value = "target/test-results")]
        output: PathBuf,
    },
    /// Run the scenarios of one category
    #[command(override_usage = "2pc-test run-category [OPTIONS] <CATEGORY>")]
    RunCategory {
        /// The category; several words are joined
        #[arg(required = true)]
        category: Vec<String>,
        #[command(flatten)]
        options: RunOptions,
    },
    /// Run one scenario; -v prints its timeline
    #[command(override_usage = "2pc-test run-scenario [OPTIONS] <NAME>")]
    RunScenario {
        /// The scenario; several words are joined
        #[arg(required = true)]
        name: Vec<String>,
        #[command(flatten)]
        options: RunOptions,
        #[command(flatten)]
        recordings: RecordingOptions,
    },
    /// Judge histories from files: our own, and what clients of any database saw
    #[command(override_usage = "2pc-test check [OPTIONS] <FILE>...")]
    Check(CheckOptions),
    /// Look at databases, and say what would break two-phase commit there and what to do about it; changes nothing
    Doctor {
        /// A database, such as postgres://user:password@host:port/database or mariadb://.. ; may be given several times
        #[arg(long = "url", value_name = "URL", required = true)]
        urls: Vec<String>,
    },
    /// List the scenarios: name, category, description
    List {
        /// Only those of this category
        #[arg(short, long)]
        category: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Run the suite against seeded bugs, each of which it must catch; docs/MUTANTS.md lists them
    Mutants {
        /// Only these; all of them if none is named
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Run every scenario, also those of a category that has caught the bug
        #[arg(long)]
        all: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let clusters live for weeks of virtual time, epoch after epoch, each of which is validated
    #[command(override_usage = "2pc-test soak [OPTIONS]")]
    Soak(Box<SoakOptions>),
    /// Join what the shards of a soak have come to
    Merge(MergeOptions),
    /// What a soak starts for each cluster
    #[command(name = WORKER, hide = true)]
    SoakWorker,
    /// Write a crate of your own, with a coordinator and all scenarios as its tests
    NewAdapter(NewAdapterOptions),
    /// Draw a scenario from the seed and run it; -v prints its timeline
    Random {
        /// How many transactions
        #[arg(short, long, value_name = "N", default_value_t = 10, allow_negative_numbers = true)]
        #[arg(value_parser = within(1, TRANSACTIONS_MAX))]
        transactions: u32,
        #[command(flatten)]
        options: RunOptions,
        #[command(flatten)]
        recordings: RecordingOptions,
    },
}

/// What all commands that run something take.
#[derive(Debug, Args)]
pub(crate) struct RunOptions {
    /// How many participants; a scenario that needs more runs with what it needs [default: 100, or the databases named]
    #[arg(short, long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = within(1, PARTICIPANTS_MAX))]
    pub(crate) participants: Option<u32>,
    /// Run on real databases, started for it: postgres, mariadb, or several, separated by commas
    #[arg(long, value_name = "DATABASE", value_delimiter = ',')]
    pub(crate) backend: Vec<String>,
    /// Run on a database that is there, which is neither killed nor stopped: postgres://user:password@host:port/database
    /// or mariadb://.. ; once for each participant
    #[arg(long = "url", value_name = "URL", conflicts_with = "backend")]
    pub(crate) urls: Vec<String>,
    /// The seed: the same seed gives the same run
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = within(0, u64::MAX))]
    pub(crate) seed: u64,
    /// Run each scenario with so many seeds, counted up from --seed
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true)]
    #[arg(value_parser = within(1, u64::MAX))]
    pub(crate) seeds: u64,
    /// Print JSON to standard output and nothing else there
    #[arg(long)]
    pub(crate) json: bool,
    /// Print more
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

/// Reads a number, and says which are allowed if it is none of them.
pub(crate) fn within<N>(
    least: N,
    most: N,
) -> impl Fn(&str) -> Result<N, String> + Clone + Send + Sync + 'static
where
    N: Copy + Display + FromStr + PartialOrd + Send + Sync + 'static,
{
    move |text| {
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| format!("use a whole number from {least} to {most}"))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_declaration_is_consistent() {
        Arguments::command().debug_assert();
    }
}
