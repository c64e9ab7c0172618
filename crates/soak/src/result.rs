//! What a soak comes to: one result a cluster. Results of shards merge in any order, and again and again.

use std::collections::BTreeMap;
use std::path::Path;

use harness_core::history::Nanos;
use harness_core::{Tally, Verdict};
use serde::{Deserialize, Serialize};

use crate::checkpoint::sealed;
use crate::error::SoakError;
use crate::folder::Identity;
use crate::mix::mix;
use crate::record::EpochRecord;
use crate::shard::Shard;
use crate::span::Span;

/// What a soak, or part of it, comes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoakResult {
    /// Which soak it is.
    pub identity: Identity,
    /// How many shards it was dealt out to.
    pub shards: u32,
    /// By number, those clusters that have lived at all.
    pub clusters: BTreeMap<u32, ClusterResult>,
}

/// What one cluster comes to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterResult {
    /// The cluster's seed.
    pub seed: u64,
    /// How many epochs it has lived through.
    pub epochs: u64,
    /// The fingerprint of all their histories.
    pub digest: String,
    /// How many faults were drawn.
    pub faults_drawn: u64,
    /// What was measured.
    pub tally: Tally,
    /// How many epochs violated a property, and how many did not pass for another reason.
    pub violated: u64,
    /// The same, without a violation.
    pub failed: u64,
    /// The first of them.
    pub first: Vec<FailedEpoch>,
    /// Wall-clock time in all epochs.
    pub wall_ms: f64,
    /// The most memory that its process had resident.
    pub memory_bytes: u64,
}

/// An epoch that did not pass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailedEpoch {
    /// Which.
    pub epoch: u64,
    /// Its seed.
    pub seed: u64,
    /// What the validator says.
    pub verdict: Verdict,
    /// What was not as it must be.
    pub failures: Vec<String>,
}

/// So many epochs that failed are kept of each cluster; all are counted.
const KEPT_MAX: usize = 16;

impl ClusterResult {
    fn add(&mut self, record: &EpochRecord) {
        self.epochs = record.epoch + 1;
        self.digest.clone_from(&record.chain);
        self.faults_drawn += record.faults_drawn;
        self.tally += &record.tally;
        self.wall_ms += record.cost.wall_ms;
        self.memory_bytes = self.memory_bytes.max(record.cost.memory_bytes);
        if record.passed() {
            return;
        }
        *(if record.verdict == Verdict::Violated { &mut self.violated } else { &mut self.failed }) += 1;
        if self.first.len() < KEPT_MAX {
            let EpochRecord { epoch, seed, verdict, failures, .. } = record.clone();
            self.first.push(FailedEpoch { epoch, seed, verdict, failures });
        }
    }
}

impl SoakResult {
    /// Nothing yet.
    pub fn new(identity: Identity, shard: Shard) -> Self {
        Self { identity, shards: shard.count(), clusters: BTreeMap::new() }
    }

    /// Takes the next epoch of a cluster into account.
    pub fn add(&mut self, record: &EpochRecord) {
        let seed = self.identity.plan.cluster_seed(record.cluster);
        self.clusters
            .entry(record.cluster)
            .or_insert_with(|| ClusterResult { seed, ..ClusterResult::default() })
            .add(record);
    }

    /// Takes in the result of other clusters, or of the same ones again: then that of more epochs counts.
    ///
    /// # Errors
    /// When it is of another soak, or says something else of the same epochs; then nothing is taken in.
    pub fn merge(&mut self, other: &Self, path: &Path) -> Result<(), SoakError> {
        if let Some((what, asked, there)) = self.identity.difference(&other.identity) {
            return Err(SoakError::Unrelated { path: path.to_owned(), what, there, asked });
        }
        for (number, theirs) in &other.clusters {
            if let Some(ours) = self.clusters.get(number)
                && ours.epochs == theirs.epochs
                && ours.digest != theirs.digest
            {
                let what = "history of a cluster";
                let told = |one: &ClusterResult| format!("digest {} of cluster {number}", one.digest);
                return Err(SoakError::Unrelated {
                    path: path.to_owned(),
                    what,
                    there: told(theirs),
                    asked: told(ours),
                });
            }
        }
        for (number, theirs) in &other.clusters {
            let ours = self.clusters.entry(*number).or_default();
            if theirs.epochs > ours.epochs {
                ours.clone_from(theirs);
            }
        }
        self.shards = self.shards.max(other.shards);
        Ok(())
    }

    /// What a file holds that has it, from which [`Folder::read_result`](crate::Folder::read_result) reads it.
    pub fn sealed(&self) -> Vec<u8> {
        sealed(self)
    }

    /// All clusters together.
    pub fn total(&self) -> ClusterResult {
        let mut total = ClusterResult::default();
        for cluster in self.clusters.values() {
            total.epochs += cluster.epochs;
            total.faults_drawn += cluster.faults_drawn;
            total.tally += &cluster.tally;
            total.violated += cluster.violated;
            total.failed += cluster.failed;
            total.wall_ms += cluster.wall_ms;
            total.memory_bytes = total.memory_bytes.max(cluster.memory_bytes);
        }
        total
    }

    /// The fingerprint of all histories of all clusters that are here.
    pub fn digest(&self) -> String {
        let digest = self.clusters.iter().fold(0, |digest, (&number, cluster)| {
            let own = u64::from_str_radix(&cluster.digest, 16).unwrap_or_default();
            mix(mix(digest, u64::from(number)), own)
        });
        format!("{digest:016x}")
    }

    /// The clusters that have not lived through all their epochs, with how many they have.
    pub fn unfinished(&self) -> Vec<(u32, u64)> {
        let plan = &self.identity.plan;
        let lived = |cluster| self.clusters.get(&cluster).map_or(0, |cluster| cluster.epochs);
        (0..plan.clusters)
            .map(|cluster| (cluster, lived(cluster)))
            .filter(|&(_, epochs)| epochs < plan.epochs())
            .collect()
    }

    /// How many epochs all clusters have lived through.
    pub fn epochs(&self) -> u64 {
        self.clusters.values().map(|cluster| cluster.epochs).sum()
    }

    /// How much virtual time all clusters have lived through.
    pub fn virtual_time(&self) -> Span {
        let passed = self.clusters.values().map(|cluster| self.identity.plan.passed(cluster.epochs).0.0);
        Span(Nanos(passed.fold(0, u64::saturating_add)))
    }

    /// The shards of which nothing is here.
    pub fn missing_shards(&self) -> Vec<Shard> {
        let is_missing = |shard: &Shard| {
            let mut own = (0..self.identity.plan.clusters).filter(|&cluster| shard.has(cluster)).peekable();
            own.peek().is_some() && own.all(|cluster| !self.clusters.contains_key(&cluster))
        };
        Shard::all_of(self.shards).filter(is_missing).collect()
    }
}
