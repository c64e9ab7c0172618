//! The folder of a soak: what the soak is, and a folder for each of its clusters.
//!
//! One process at a time may write there. A process that ends, however that happens, gives its lock back.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use harness_core::{Cast, DurableState};
use serde::{Deserialize, Serialize};

use crate::checkpoint::{Checkpoint, read_sealed, sealed, sync_folder, write_atomically};
use crate::cluster::harness;
use crate::error::SoakError;
use crate::plan::SoakPlan;
use crate::record::{self, EpochRecord, Extent, Record};
use crate::result::SoakResult;
use crate::shard::Shard;

/// Which soak it is, and by which program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The version of the program.
    pub version: String,
    /// What a small run comes to with it: two builds of one version may differ.
    pub behaviour: String,
    /// What the soak is.
    pub plan: SoakPlan,
}

impl Identity {
    /// This program's.
    ///
    /// # Errors
    /// When not even a small run happens.
    pub fn new(plan: &SoakPlan) -> Result<Self, SoakError> {
        let small = SoakPlan {
            participants: 5,
            duration: "1m".parse().expect("a span"),
            epoch: "1m".parse().expect("a span"),
            rate: "5/s".parse().expect("a rate"),
            faults: "1/s".parse().expect("a rate"),
            seed: 0,
            ..plan.clone()
        };
        let run = harness(&Cast::reference(), 0).run_epoch(
            &small.scenario(0, 0),
            &DurableState::default(),
            &mut (),
        )?;
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Ok(Self { version, behaviour: run.result.digest, plan: plan.clone() })
    }

    /// In what another one differs: by name, its own, and the other's.
    pub(crate) fn difference(&self, other: &Self) -> Option<(&'static str, String, String)> {
        let (a, b) = (&self.plan, &other.plan);
        let failpoints = |plan: &SoakPlan| plan.failpoints.clone().unwrap_or_else(|| "none".to_owned());
        [
            ("version", self.version.clone(), other.version.clone()),
            ("seed", a.seed.to_string(), b.seed.to_string()),
            ("--duration", a.duration.to_string(), b.duration.to_string()),
            ("--epoch", a.epoch.to_string(), b.epoch.to_string()),
            ("--rate", a.rate.to_string(), b.rate.to_string()),
            ("--faults", a.faults.to_string(), b.faults.to_string()),
            ("--participants", a.participants.to_string(), b.participants.to_string()),
            ("--clusters", a.clusters.to_string(), b.clusters.to_string()),
            ("FAILPOINTS", failpoints(a), failpoints(b)),
            ("build of the program", self.behaviour.clone(), other.behaviour.clone()),
        ]
        .into_iter()
        .find(|(_, own, others)| own != others)
    }
}

/// What the folder of a soak says of itself.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Title {
    format: String,
    identity: Identity,
    shard: Shard,
}

const FORMAT: &str = "2pc-test soak, version 1";
const TITLE: &str = "soak";
const RESULT: &str = "result";
const REMEDY: &str = "begin again in another folder with --state";

/// How far the soak of a folder is.
pub struct Status {
    /// What it has come to so far.
    pub result: SoakResult,
    /// Which of the clusters are its own.
    pub shard: Shard,
    /// Whether somebody is at it.
    pub is_running: bool,
}

/// The folder of a soak.
pub struct Folder {
    path: PathBuf,
    /// Held to keep another soak out.
    _lock: File,
}

impl Folder {
    /// Opens the folder of this soak, which is new or its own. Of another soak's nothing is touched.
    ///
    /// # Errors
    /// When it is in use, or of no use.
    pub fn open(path: &Path, identity: &Identity, shard: Shard) -> Result<Self, SoakError> {
        fs::create_dir_all(path).map_err(SoakError::io("create the folder", path))?;
        let lock = File::open(path).map_err(SoakError::io("open", path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SoakError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(SoakError::io("lock", path)(source)),
        }
        match Self::title(path)? {
            Some(title) => {
                let shards = ("--shard", title.shard.to_string(), shard.to_string());
                let shards = Some(shards).filter(|(_, there, asked)| there != asked);
                if let Some((what, there, asked)) = title.identity.difference(identity).or(shards) {
                    return Err(SoakError::Differs { path: path.to_owned(), what, there, asked });
                }
            }
            None => {
                let mut others = fs::read_dir(path).map_err(SoakError::io("list", path))?;
                if others.any(|entry| entry.is_ok_and(|entry| entry.file_name() != "soak.partial")) {
                    return Err(SoakError::Taken { path: path.to_owned() });
                }
                let title = Title { format: FORMAT.to_owned(), identity: identity.clone(), shard };
                write_atomically(&path.join(TITLE), &sealed(&title))?;
            }
        }
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    fn title(path: &Path) -> Result<Option<Title>, SoakError> {
        let file = path.join(TITLE);
        let title: Option<Title> = read_sealed(&file, REMEDY)?;
        if let Some(title) = title.as_ref().filter(|title| title.format != FORMAT) {
            let (there, asked) = (title.format.clone(), FORMAT.to_owned());
            return Err(SoakError::Differs { path: path.to_owned(), what: "format", there, asked });
        }
        Ok(title)
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what the soak has come to so far.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_result(&self, result: &SoakResult) -> Result<(), SoakError> {
        write_atomically(&self.path.join(RESULT), &result.sealed())
    }

    /// What the soak of a folder has come to so far, by its records.
    ///
    /// # Errors
    /// When the folder is no soak's, or is damaged.
    pub fn status(path: &Path) -> Result<Status, SoakError> {
        let title = Self::title(path)?.ok_or_else(|| SoakError::NoSoak { path: path.to_owned() })?;
        let plan = title.identity.plan.clone();
        let mut result = SoakResult::new(title.identity, title.shard);
        for cluster in (0..plan.clusters).filter(|&cluster| title.shard.has(cluster)) {
            record::read(&Diary::path(path, cluster).join(RECORD), &plan, cluster, |epoch| {
                result.add(&epoch)
            })?;
        }
        let lock = File::open(path).map_err(SoakError::io("open", path))?;
        let is_running = matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock));
        Ok(Status { result, shard: title.shard, is_running })
    }

    /// What the soak of a folder has come to so far, by its records, or what a file says that has a result.
    ///
    /// # Errors
    /// When there is none, or it is damaged.
    pub fn read_result(path: &Path) -> Result<SoakResult, SoakError> {
        if path.is_dir() {
            return Ok(Self::status(path)?.result);
        }
        let missing = || SoakError::NoSoak { path: path.to_owned() };
        read_sealed(path, "run its shard again, or leave it out")?.ok_or_else(missing)
    }
}

/// The folder of one cluster: its record, and where it stands.
pub(crate) struct Diary {
    path: PathBuf,
    record: Record,
    /// Held by the one process that may write here. One that lost its parent gives it back soon.
    _lock: File,
}

const RECORD: &str = "record";
const CHECKPOINT: &str = "checkpoint";
const CHECKPOINT_REMEDY: &str = "remove it, and the cluster begins anew and is compared with its record";

impl Diary {
    fn path(soak: &Path, cluster: u32) -> PathBuf {
        soak.join(format!("cluster-{cluster:04}"))
    }

    /// Opens the folder of a cluster. The lines of its record are handed on; what is returned beside is where the
    /// cluster stands, and how far its record goes.
    pub(crate) fn open(
        soak: &Path,
        plan: &SoakPlan,
        cluster: u32,
        take: impl FnMut(EpochRecord),
    ) -> Result<(Self, Checkpoint, Extent), SoakError> {
        let path = Self::path(soak, cluster);
        fs::create_dir_all(&path).map_err(SoakError::io("create the folder", &path))?;
        let lock = File::open(&path).map_err(SoakError::io("open", &path))?;
        lock.lock().map_err(SoakError::io("lock", &path))?;
        let extent = record::read(&path.join(RECORD), plan, cluster, take)?;
        let file = path.join(CHECKPOINT);
        let checkpoint = read_sealed::<Checkpoint>(&file, CHECKPOINT_REMEDY)?;
        let checkpoint = checkpoint.unwrap_or_else(|| Checkpoint { cluster, ..Checkpoint::default() });
        if checkpoint.cluster != cluster || checkpoint.epoch > extent.epochs {
            let reason = format!(
                "it is of epoch {} of cluster {}, and the record has {} of cluster {cluster}",
                checkpoint.epoch, checkpoint.cluster, extent.epochs
            );
            return Err(SoakError::Damaged { path: file, reason, remedy: CHECKPOINT_REMEDY });
        }
        let record = Record::open(&path.join(RECORD), extent)?;
        sync_folder(&path).and_then(|()| sync_folder(soak)).map_err(SoakError::io("write", &path))?;
        Ok((Self { path, record, _lock: lock }, checkpoint, extent))
    }

    pub(crate) fn append(&mut self, record: &EpochRecord) -> Result<(), SoakError> {
        self.record.append(record)
    }

    /// From here on the cluster goes on at this place. The record must never end before it.
    pub(crate) fn keep(&self, checkpoint: &Checkpoint) -> Result<(), SoakError> {
        self.record.sync()?;
        write_atomically(&self.path.join(CHECKPOINT), &sealed(checkpoint))
    }
}
