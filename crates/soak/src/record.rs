//! The record of a cluster: an append-only file of one sealed line an epoch. A last line that is cut short is what a
//! write left that was cut short; anything else that is wrong was done to the file later.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};

use harness_core::{Tally, Verdict};
use serde::{Deserialize, Serialize};

use crate::checkpoint::{sealed, unsealed};
use crate::error::SoakError;
use crate::mix::mix;
use crate::plan::SoakPlan;

/// What one epoch of one cluster came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochRecord {
    /// Which cluster, counted from 0.
    pub cluster: u32,
    /// Which epoch, counted from 0.
    pub epoch: u64,
    /// The seed of the epoch.
    pub seed: u64,
    /// The fingerprint of its history.
    pub digest: String,
    /// The fingerprint of all histories so far.
    pub chain: String,
    /// What the validator says.
    pub verdict: Verdict,
    /// What is not as it must be, one sentence each.
    pub failures: Vec<String>,
    /// How many faults were drawn.
    pub faults_drawn: u64,
    /// What was measured in virtual time.
    pub tally: Tally,
    /// What it cost the machine.
    pub cost: EpochCost,
}

/// What an epoch cost the machine: of all that is recorded the only part that differs from one time to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochCost {
    /// Wall-clock time.
    pub wall_ms: f64,
    /// Processor time.
    pub cpu_ms: f64,
    /// The most memory that its process ever had resident.
    pub memory_bytes: u64,
}

/// A record that is open for more lines.
pub struct Record {
    file: File,
    path: PathBuf,
}

/// How far a record goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// How many whole lines there are.
    pub epochs: u64,
    /// How many bytes those are.
    bytes: u64,
    /// Whether a line follows that was cut short.
    pub is_torn: bool,
}

const REMEDY: &str = "bring back the file as it was, or begin again in another folder with --state";

/// Hands on the lines of a record in their order, if there is one.
///
/// # Errors
/// When it cannot be read, or at the first line that is not what was written for this cluster.
pub fn read(
    path: &Path,
    plan: &SoakPlan,
    cluster: u32,
    mut take: impl FnMut(EpochRecord),
) -> Result<Extent, SoakError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Extent::default()),
        other => other.map_err(SoakError::io("open", path))?,
    };
    let mut input = BufReader::with_capacity(1 << 16, file);
    let (mut extent, mut line, mut chain) = (Extent::default(), Vec::new(), 0);
    loop {
        line.clear();
        let length = input.read_until(b'\n', &mut line).map_err(SoakError::io("read", path))?;
        if !line.ends_with(b"\n") {
            return Ok(Extent { is_torn: length > 0, ..extent });
        }
        let record =
            unsealed(&line).and_then(|record| follows(record, plan, (cluster, extent.epochs), chain));
        let record = record.map_err(|reason| SoakError::Damaged {
            path: path.to_owned(),
            reason: format!("line {}: {reason}", extent.epochs + 1),
            remedy: REMEDY,
        })?;
        chain = u64::from_str_radix(&record.chain, 16).expect("it was compared with a number");
        (extent.epochs, extent.bytes) = (extent.epochs + 1, extent.bytes + length as u64);
        take(record);
    }
}

/// Whether a line is the next one of this cluster.
fn follows(
    record: EpochRecord,
    plan: &SoakPlan,
    (cluster, epoch): (u32, u64),
    chain: u64,
) -> Result<EpochRecord, String> {
    if (record.cluster, record.epoch) != (cluster, epoch) {
        let (other, there) = (record.cluster, record.epoch);
        return Err(format!(
            "epoch {there} of cluster {other} stands where epoch {epoch} of cluster {cluster} should"
        ));
    }
    if record.seed != plan.epoch_seed(cluster, epoch) {
        return Err(format!("epoch {epoch} has seed {}, not that of this soak", record.seed));
    }
    let digest = u64::from_str_radix(&record.digest, 16).map_err(|_| "its digest is none".to_owned())?;
    if record.chain != format!("{:016x}", mix(chain, digest)) {
        return Err("it does not follow from the line before".to_owned());
    }
    Ok(record)
}

impl Record {
    /// Opens a record behind its last whole line. What was cut short is dropped.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn open(path: &Path, extent: Extent) -> Result<Self, SoakError> {
        let file =
            OpenOptions::new().append(true).create(true).open(path).map_err(SoakError::io("open", path))?;
        if extent.is_torn {
            file.set_len(extent.bytes).map_err(SoakError::io("shorten", path))?;
        }
        Ok(Self { file, path: path.to_owned() })
    }

    pub(crate) fn append(&mut self, record: &EpochRecord) -> Result<(), SoakError> {
        self.file.write_all(&sealed(record)).map_err(SoakError::io("append to", &self.path))
    }

    /// Makes all lines durable.
    pub(crate) fn sync(&self) -> Result<(), SoakError> {
        self.file.sync_data().map_err(SoakError::io("write", &self.path))
    }
}
