//! Why a soak does not go on.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use harness_core::RunError;

/// Why a soak does not go on, in words that say what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "a variant's sentence names its fields")]
pub enum SoakError {
    /// A file or folder is of no use.
    #[error("cannot {action} {path}: {source}{}", remedy(source), path = path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    /// The folder is not a soak's.
    #[error("{path} is neither empty nor the folder of a soak: choose another one with --state", path = path.display())]
    Taken { path: PathBuf },
    /// There is no soak.
    #[error("{path} is no folder of a soak: name the one that was given with --state", path = path.display())]
    NoSoak { path: PathBuf },
    /// There is no epoch.
    #[error("{path} has no epoch that did not pass: name the folder that was told with it", path = path.display())]
    NoEpoch { path: PathBuf },
    /// The epoch would not be the same.
    #[error("the epoch was run with other fail points: to see it again, type {command}")]
    OtherFailpoints { command: String },
    /// Somebody else is at it.
    #[error("{path} is in use by another soak: wait for it, or choose another folder with --state", path = path.display())]
    InUse { path: PathBuf },
    /// The folder is of another soak.
    #[error(
        "{path} is of a soak with another {what} ({there}, not {asked}): give the command that began it, or choose another folder with --state",
        path = path.display()
    )]
    Differs { path: PathBuf, what: &'static str, there: String, asked: String },
    /// Two results are of different soaks.
    #[error("{path} is of a soak with another {what} ({there}, not {asked}): merge what belongs together", path = path.display())]
    Unrelated { path: PathBuf, what: &'static str, there: String, asked: String },
    /// A file is not what was written.
    #[error("{path} is damaged ({reason}): {remedy}", path = path.display())]
    Damaged { path: PathBuf, reason: String, remedy: &'static str },
    /// An epoch that was recorded does not come to the same again.
    #[error(
        "epoch {epoch} of cluster {cluster} (seed {seed}) came to {now}, where its record says {recorded}: the same seed must give the same history, so this is a bug of 2pc-test"
    )]
    NotTheSame { cluster: u32, epoch: u64, seed: u64, recorded: String, now: String },
    /// A worker cannot be started.
    #[error("cannot start a worker: {0}")]
    Start(io::Error),
    /// The run did not happen.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl SoakError {
    /// A worker cannot be started.
    pub fn start(source: io::Error) -> Self {
        Self::Start(source)
    }

    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// Whether the command was wrong, rather than that something failed.
    pub fn is_of_usage(&self) -> bool {
        matches!(
            self,
            Self::Taken { .. }
                | Self::NoSoak { .. }
                | Self::NoEpoch { .. }
                | Self::OtherFailpoints { .. }
                | Self::Differs { .. }
                | Self::Unrelated { .. }
        )
    }
}

/// What helps.
fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "; make room",
        ErrorKind::PermissionDenied
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::NotADirectory
        | ErrorKind::NotFound => "; choose another place",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the same command goes on depends on what is not known here.
    #[test]
    fn a_full_disk_needs_room_and_nothing_else_is_promised() {
        let full = SoakError::io("write", Path::new("x"))(ErrorKind::StorageFull.into());
        assert_eq!(full.to_string(), "cannot write x: no storage space; make room");
    }
}
