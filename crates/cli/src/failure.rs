//! Why the program stops before its work is done.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

use soak::SoakError;

use crate::exit::Exit;

/// Why the program stops, in words that say what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// It was called wrongly.
    #[error("{0}")]
    Usage(String),
    /// A file or folder that is to be written is of no use.
    #[error("cannot {action} {path}: {source}; {}choose {instead}", room(source), path = path.display())]
    Files {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
        /// What to choose instead of it.
        instead: &'static str,
    },
    /// The folder of results belongs to somebody else.
    #[error("{path} {reason}; choose another folder with -o", path = path.display())]
    Taken {
        /// The folder, or the file in it.
        path: PathBuf,
        /// Why it is not ours.
        reason: &'static str,
    },
    /// A database cannot be used.
    #[cfg(feature = "databases")]
    #[error(transparent)]
    Databases(backends::BackendError),
    /// A soak does not go on.
    #[error(transparent)]
    Soak(#[from] SoakError),
    /// The user did not want to wait for the end of a run that takes real time.
    #[error("interrupted")]
    Interrupted,
    /// The new crate cannot be written.
    #[error("cannot write {path}: {source}; nothing is left of it, so correct that and call again", path = path.display())]
    Crate {
        /// Its folder.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// What there is to tell cannot be told.
    #[error("cannot write to standard output: {0}")]
    Screen(io::Error),
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Interrupted => Exit::Interrupted,
            Self::Soak(error) if error.is_of_usage() => Exit::Usage,
            #[cfg(feature = "databases")]
            Self::Databases(_) => Exit::NotRun,
            Self::Files { .. }
            | Self::Taken { .. }
            | Self::Crate { .. }
            | Self::Soak(_)
            | Self::Screen(_) => Exit::NotRun,
        }
    }
}

/// What helps with a disk that is full, and with nothing else.
fn room(error: &io::Error) -> &'static str {
    if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
        "make room or "
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_asked_for_only_where_there_is_none() {
        let told = |kind: ErrorKind| {
            let (path, instead) = ("x.json".into(), "another folder with -o");
            Failure::Files { action: "write", path, source: kind.into(), instead }.to_string()
        };
        assert_eq!(
            told(ErrorKind::StorageFull),
            "cannot write x.json: no storage space; make room or choose another folder with -o"
        );
        assert!(told(ErrorKind::QuotaExceeded).contains("; make room or choose another folder"));
        assert!(told(ErrorKind::PermissionDenied).ends_with("denied; choose another folder with -o"));
    }
}
