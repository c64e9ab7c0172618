//! Looks at a database before anything runs there, and says what would break two-phase commit, and what to do about it.
//! It changes nothing.

#[cfg(feature = "mariadb")]
mod mariadb;
#[cfg(feature = "postgres")]
mod postgres;

use std::time::Duration;

use crate::dialect;
use crate::wire::{Answer, Failure, Session};
use crate::{BackendError, Kind, Url};

/// Longer than this, nobody waits for a database that is well.
const PATIENCE: Duration = Duration::from_secs(10);

/// Something that would break two-phase commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is so, and what comes of it.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

/// What was found at a database.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// What the database calls itself.
    pub version: String,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
}

/// Looks at a database.
///
/// # Errors
/// When it cannot be looked at.
pub fn examine(url: &Url) -> Result<Diagnosis, BackendError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(BackendError::start("a runtime"))?;
    let looked = runtime.block_on(look(url));
    looked.map_err(|error| BackendError::Url { url: url.to_string(), why: error.to_string() })
}

pub(crate) async fn look(url: &Url) -> Result<Diagnosis, Failure> {
    let mut session = Session::open(url.kind, &url.address, &url.login, PATIENCE).await?;
    let (settings, read): (&str, fn(&[Answer]) -> Diagnosis) = match url.kind {
        #[cfg(feature = "postgres")]
        Kind::Postgres => (postgres::QUESTIONS, postgres::read),
        #[cfg(feature = "mariadb")]
        Kind::MariaDb => (mariadb::QUESTIONS, mariadb::read),
    };
    Ok(read(&session.ask(settings).await?))
}

/// What to do about a branch that is prepared.
fn remedy_for(name: &str, finish: &str) -> String {
    if dialect::is_of_a_run(name) {
        let ours = "it is of a run of 2pc-test: if none runs now, one that was killed, and the next run there removes it";
        return ours.to_owned();
    }
    format!(
        "if it is of no transaction that runs now, find out what its coordinator decided, then {finish} {name}"
    )
}

fn finding(problem: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { problem: problem.into(), remedy: remedy.into() }
}

/// The columns of the only row of an answer.
fn row(answers: &[Answer], place: usize) -> impl Fn(usize) -> String {
    let row = answers.get(place).and_then(|answer| answer.rows.first()).cloned().unwrap_or_default();
    move |column| row.get(column).cloned().flatten().unwrap_or_default()
}
