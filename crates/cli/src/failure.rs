//! Why the program stops before its work is done.

use std::io;
use std::path::PathBuf;

use crate::exit::Exit;

/// Why the program stops, in words that say what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// It was called wrongly.
    #[error("{0}")]
    Usage(String),
    /// The folder of results is of no use.
    #[error("cannot {action} {path}: {source}; make room or choose another folder with -o", path = path.display())]
    Files {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The folder of results belongs to somebody else.
    #[error("{path} {reason}; choose another folder with -o", path = path.display())]
    Taken {
        /// The folder, or the file in it.
        path: PathBuf,
        /// Why it is not ours.
        reason: &'static str,
    },
    /// What there is to tell cannot be told.
    #[error("cannot write to standard output: {0}")]
    Screen(io::Error),
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Files { .. } | Self::Taken { .. } | Self::Screen(_) => Exit::NotRun,
        }
    }
}
