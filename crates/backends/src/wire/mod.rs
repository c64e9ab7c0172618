//! A session with a database: the text of some statements goes out, and their answers come back.
//!
//! Both protocols are spoken in text, one request at a time. What a statement means is the dialect's business.

#[cfg(feature = "mariadb")]
mod mariadb;
#[cfg(feature = "postgres")]
mod postgres;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::Kind;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// A socket in the file system.
    Unix(PathBuf),
    /// A host and a port.
    Tcp(String, u16),
}

/// Who asks, and of which database.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) database: String,
}

/// The answer to one statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// What PostgreSQL says that it did, which need not be what it was asked; empty from MariaDB.
    pub(crate) tag: String,
    /// Rows of columns in text; `None` is NULL.
    pub(crate) rows: Vec<Vec<Option<String>>>,
}

impl Answer {
    /// The first column of each row that has one.
    pub(crate) fn first_column(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().filter_map(|row| row.first()?.as_deref())
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Nobody knows what became of the statements.
    #[error("the connection is lost: {0}")]
    Lost(#[from] io::Error),
    /// The server says no, and did nothing from the failed statement on.
    #[error("{code}: {message}")]
    Refused {
        /// SQLSTATE from PostgreSQL, the error number from MariaDB.
        code: String,
        /// The server's words.
        message: String,
    },
}

impl Failure {
    /// The server's code, if it said no.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            Self::Lost(_) => None,
        }
    }
}

/// A connection that is logged in.
pub(crate) struct Session {
    wire: Wire,
    patience: Duration,
}

enum Wire {
    #[cfg(feature = "postgres")]
    Postgres(postgres::Postgres),
    #[cfg(feature = "mariadb")]
    MariaDb(mariadb::MariaDb),
}

impl Session {
    /// Connects and logs in. An answer that takes longer than `patience` is as good as none.
    pub(crate) async fn open(
        kind: Kind,
        address: &Address,
        login: &Login,
        patience: Duration,
    ) -> Result<Self, Failure> {
        let opening = async {
            let stream = connect(address).await?;
            Ok::<_, Failure>(match kind {
                #[cfg(feature = "postgres")]
                Kind::Postgres => Wire::Postgres(postgres::Postgres::open(stream, login).await?),
                #[cfg(feature = "mariadb")]
                Kind::MariaDb => Wire::MariaDb(mariadb::MariaDb::open(stream, login).await?),
            })
        };
        let wire = timeout(patience, opening).await.unwrap_or_else(|_| Err(late().into()))?;
        Ok(Self { wire, patience })
    }

    /// Sends statements, separated by semicolons, and waits for the answers of all.
    pub(crate) async fn ask(&mut self, statements: &str) -> Result<Vec<Answer>, Failure> {
        tracing::trace!(statements, "ask");
        let asking = async {
            match &mut self.wire {
                #[cfg(feature = "postgres")]
                Wire::Postgres(wire) => wire.ask(statements).await,
                #[cfg(feature = "mariadb")]
                Wire::MariaDb(wire) => wire.ask(statements).await,
            }
        };
        let answers = timeout(self.patience, asking).await.unwrap_or_else(|_| Err(late().into()));
        tracing::trace!(?answers, "answered");
        answers
    }
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "no answer in time")
}

/// A stream of bytes in both directions.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

/// Connects to a server.
pub(crate) async fn connect(address: &Address) -> io::Result<Box<dyn Duplex>> {
    Ok(match address {
        Address::Unix(path) => Box::new(UnixStream::connect(path).await?),
        Address::Tcp(host, port) => {
            let stream = TcpStream::connect((host.as_str(), *port)).await?;
            stream.set_nodelay(true)?;
            Box::new(stream)
        }
    })
}
