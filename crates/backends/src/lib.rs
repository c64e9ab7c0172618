//! The arrow Scenario -> History on real databases: PostgreSQL and MariaDB as participants, under a coordinator that is
//! the same state machine as in the simulator.
//!
//! Without the features `postgres` and `mariadb` there is nothing here.
#![cfg(any(feature = "postgres", feature = "mariadb"))]

mod dialect;
mod doctor;
mod link;
mod log;
mod run;
mod server;
mod url;
mod wire;

use std::fmt;
use std::str::FromStr;

pub use doctor::{Diagnosis, Finding, examine};
pub use run::{Databases, Options};
pub use server::Durability;
pub use url::Url;

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// PostgreSQL, by prepared transactions.
    #[cfg(feature = "postgres")]
    Postgres,
    /// MariaDB, by XA.
    #[cfg(feature = "mariadb")]
    MariaDb,
}

impl Kind {
    /// Every kind that this build knows.
    pub const ALL: &[Self] = &[
        #[cfg(feature = "postgres")]
        Self::Postgres,
        #[cfg(feature = "mariadb")]
        Self::MariaDb,
    ];

    /// Whether a fresh server has no database to work in.
    fn needs_own_database(self) -> bool {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres => false,
            #[cfg(feature = "mariadb")]
            Self::MariaDb => true,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            #[cfg(feature = "postgres")]
            Self::Postgres => "postgres",
            #[cfg(feature = "mariadb")]
            Self::MariaDb => "mariadb",
        })
    }
}

impl FromStr for Kind {
    type Err = BackendError;

    fn from_str(text: &str) -> Result<Self, BackendError> {
        let wanted = text.trim().to_lowercase();
        let found = Self::ALL.iter().copied().find(|kind| kind.to_string() == wanted);
        found.ok_or(BackendError::UnknownKind(wanted))
    }
}

/// Why a database is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// This build knows no such kind.
    #[error("\"{0}\" is no database of this build: use {known}", known = Kind::ALL.iter().map(Kind::to_string).collect::<Vec<_>>().join(" or "))]
    UnknownKind(String),
    /// Nothing is named to run on.
    #[error("no database is named: name one at least")]
    NoDatabase,
    /// What a run needs of this machine is not to be had.
    #[error("could not set up {what}: {source}")]
    #[expect(missing_docs, reason = "the variant's sentence names its fields")]
    Start { what: &'static str, source: std::io::Error },
    /// A program is not installed.
    #[error(
        "{kind}: the program {program} is neither on the PATH nor in the usual places: install it (Debian: apt-get install {package})"
    )]
    #[expect(missing_docs, reason = "the variant's sentence names its fields")]
    Missing { kind: Kind, program: &'static str, package: &'static str },
    /// A server of our own does not do what it should.
    #[error("could not {what} the {kind} server: {why}")]
    #[expect(missing_docs, reason = "the variant's sentence names its fields")]
    Server { kind: Kind, what: &'static str, why: String },
    /// A database that is there already cannot be used.
    #[error("{url}: {why}")]
    #[expect(missing_docs, reason = "the variant's sentence names its fields")]
    Url { url: String, why: String },
    /// The decision log cannot be used.
    #[error("the decision log: {0}")]
    Log(std::io::Error),
    /// A database does not let itself be looked at.
    #[error("{node}: {why}")]
    #[expect(missing_docs, reason = "the variant's sentence names its fields")]
    Database { node: String, why: String },
}

impl BackendError {
    fn start(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Start { what, source }
    }
}
