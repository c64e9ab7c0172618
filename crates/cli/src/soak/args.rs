//! What may be typed behind `soak` and `merge`.

use std::path::PathBuf;

use clap::Args;
use harness_core::PARTICIPANTS_MAX;
use soak::{Rate, Shard, SoakPlan, Span};

use crate::args::within;
use crate::engine::SIMULATED;

/// What the command `soak` takes.
#[derive(Debug, Args)]
pub(crate) struct SoakOptions {
    /// How much virtual time each cluster lives through: 90s, 1h30m, 12w
    #[arg(long, value_name = "SPAN", default_value = "12w", allow_hyphen_values = true)]
    pub(crate) duration: Span,
    /// How often a transaction begins in each cluster: 1/s, 30/min
    #[arg(long, default_value = "1/s", allow_hyphen_values = true)]
    pub(crate) rate: Rate,
    /// How often a fault strikes in each cluster; 0/s for never
    #[arg(long, value_name = "RATE", default_value = "1/min", allow_hyphen_values = true)]
    pub(crate) faults: Rate,
    /// How much virtual time passes from one validation to the next
    #[arg(long, value_name = "SPAN", default_value = "1h", allow_hyphen_values = true)]
    pub(crate) epoch: Span,
    /// How many participants each cluster has [default: 100, or the databases named]
    #[arg(short, long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = within(1, PARTICIPANTS_MAX))]
    pub(crate) participants: Option<u32>,
    /// Live on real databases, started for it, in real time: postgres, mariadb, or several, separated by commas
    #[arg(long, value_name = "DATABASE", value_delimiter = ',', requires = "wall_clock")]
    #[arg(conflicts_with_all = ["clusters", "jobs", "shard", "state", "budget", "stop_on_violation"])]
    pub(crate) backend: Vec<String>,
    /// Live on a database that is there, which is neither killed nor stopped; once for each participant
    #[arg(long = "url", value_name = "URL", requires = "wall_clock")]
    #[arg(conflicts_with_all = ["backend", "clusters", "jobs", "shard", "state", "budget", "stop_on_violation"])]
    pub(crate) urls: Vec<String>,
    /// The seed: the same seed gives the same soak
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = within(0, u64::MAX))]
    pub(crate) seed: u64,
    /// How many clusters there are, each of which lives for the whole duration
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true)]
    #[arg(value_parser = within(1, 10_000_u32))]
    pub(crate) clusters: u32,
    /// How many clusters live at a time, each in a process of its own; as many as there are processors if not given
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, value_parser = within(1, 10_000_u32))]
    pub(crate) jobs: Option<u32>,
    /// Which of the clusters live on this machine, if others share them: 1/4 to 4/4
    #[arg(long, value_name = "I/N", requires = "state", allow_hyphen_values = true)]
    pub(crate) shard: Option<Shard>,
    /// The folder in which the soak goes on if it is stopped, however that happens
    #[arg(long, value_name = "FOLDER")]
    pub(crate) state: Option<PathBuf>,
    /// Stop after so much real time, when the epochs under way are over
    #[arg(long, value_name = "SPAN", allow_hyphen_values = true)]
    pub(crate) budget: Option<Span>,
    /// Stop when an epoch does not pass
    #[arg(long)]
    pub(crate) stop_on_violation: bool,
    /// Let virtual time pass as real time does
    #[arg(long)]
    pub(crate) wall_clock: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Tell how far the soak in this folder is, and run nothing
    #[arg(long, value_name = "FOLDER", exclusive = true)]
    pub(crate) status: Option<PathBuf>,
    /// Run an epoch again that did not pass, from the folder in which it was kept
    #[arg(long, value_name = "FOLDER", exclusive = true)]
    pub(crate) replay: Option<PathBuf>,
}

/// What the command `merge` takes.
#[derive(Debug, Args)]
pub(crate) struct MergeOptions {
    /// The folders of shards, or files that an earlier merge has written, in any order
    #[arg(required = true, value_name = "FOLDER")]
    pub(crate) shards: Vec<PathBuf>,
    /// Write the merged result to a file, which can be merged again
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl SoakOptions {
    pub(crate) fn plan(&self, failpoints: Option<String>) -> SoakPlan {
        SoakPlan {
            seed: self.seed,
            clusters: self.clusters,
            participants: self.participants.unwrap_or(SIMULATED),
            duration: self.duration,
            epoch: self.epoch.min(self.duration),
            rate: self.rate,
            faults: self.faults,
            failpoints,
        }
    }
}
