//! Which programs a server needs, where they are, and how they are called.

#[cfg(feature = "mariadb")]
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::process;
use crate::{BackendError, Kind};

/// How much a server, and the coordinator's log, keep of what they have promised when their machine loses power. A process
/// that is killed loses nothing that it has written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Writes reach the kernel: all that a kill can show, and ten times as fast.
    #[default]
    Process,
    /// Writes reach the disk.
    Machine,
    /// MariaDB with `innodb_flush_log_at_trx_commit=0`: a vote leaves before it is written, which is a bug to be caught.
    None,
}

/// A server's program and what it is started with.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) kind: Kind,
    server: PathBuf,
    installer: PathBuf,
}

impl Program {
    /// Looks on the PATH and in the usual places.
    pub(crate) fn find(kind: Kind) -> Result<Self, BackendError> {
        let (server, installer, package) = match kind {
            #[cfg(feature = "postgres")]
            Kind::Postgres => ("postgres", "initdb", "postgresql"),
            #[cfg(feature = "mariadb")]
            Kind::MariaDb => ("mariadbd", "mariadb-install-db", "mariadb-server"),
        };
        let missing = |program| BackendError::Missing { kind, program, package };
        let found = |program| find(program).ok_or_else(|| missing(program));
        find("setpriv").ok_or(BackendError::Missing { kind, program: "setpriv", package: "util-linux" })?;
        Ok(Self { kind, server: found(server)?, installer: found(installer)? })
    }

    /// The user to run as instead of root.
    pub(crate) fn user(&self) -> &'static str {
        match self.kind {
            #[cfg(feature = "postgres")]
            Kind::Postgres => "postgres",
            #[cfg(feature = "mariadb")]
            Kind::MariaDb => "mysql",
        }
    }

    /// Makes a fresh data folder, which exists and is empty.
    pub(crate) fn install(&self, folder: &Path) -> Command {
        let mut command = process::command(&self.installer, self.user());
        match self.kind {
            #[cfg(feature = "postgres")]
            Kind::Postgres => {
                command.args(["-U", "postgres", "-A", "trust", "-N", "--no-locale", "-E", "UTF8"]);
                command.args(["--wal-segsize=1", "-D"]).arg(folder);
            }
            #[cfg(feature = "mariadb")]
            Kind::MariaDb => {
                command.arg("--no-defaults").args(own_folders(folder));
                command.args(["--auth-root-authentication-method=normal", "--skip-test-db"]);
                command.args(["--skip-name-resolve", "--innodb_log_file_size=8M"]);
            }
        }
        command
    }

    /// Runs the server on its folder, in which its socket is too.
    pub(crate) fn serve(&self, folder: &Path, durability: Durability, prepared_max: u32) -> Command {
        let mut command = process::command(&self.server, self.user());
        match self.kind {
            #[cfg(feature = "postgres")]
            Kind::Postgres => {
                command.arg("-D").arg(folder).arg("-k").arg(folder).args(["-h", "", "-p", "5432"]);
                let fsync = if durability == Durability::Machine { "on" } else { "off" };
                let settings =
                    [format!("max_prepared_transactions={prepared_max}"), format!("fsync={fsync}")];
                let fixed = [
                    "max_connections=200",
                    "shared_buffers=16MB",
                    "full_page_writes=off",
                    "autovacuum=off",
                    "wal_level=minimal",
                    "max_wal_senders=0",
                    "min_wal_size=4MB",
                    "max_wal_size=64MB",
                    "jit=off",
                    "recovery_init_sync_method=syncfs",
                    "deadlock_timeout=200ms",
                ];
                for setting in settings.iter().map(String::as_str).chain(fixed) {
                    command.arg("-c").arg(setting);
                }
            }
            #[cfg(feature = "mariadb")]
            Kind::MariaDb => {
                command.arg("--no-defaults").args(own_folders(folder));
                command.arg(argument("--socket=", &folder.join("s"))).arg("--skip-networking");
                command.args(["--innodb_buffer_pool_size=16M", "--innodb_log_file_size=8M"]);
                command.args(["--performance_schema=0", "--skip-log-bin", "--innodb_stats_persistent=0"]);
                command.args(["--innodb_lock_wait_timeout=2", "--max_connections=200"]);
                command.args(match durability {
                    Durability::Process => [
                        "--innodb_flush_log_at_trx_commit=2",
                        "--innodb_flush_method=nosync",
                        "--innodb_doublewrite=0",
                    ],
                    Durability::Machine => [
                        "--innodb_flush_log_at_trx_commit=1",
                        "--innodb_flush_method=O_DIRECT",
                        "--innodb_doublewrite=1",
                    ],
                    // Once a second it would be written after all.
                    Durability::None => [
                        "--innodb_flush_log_at_trx_commit=0",
                        "--innodb_flush_method=nosync",
                        "--innodb_flush_log_at_timeout=2700",
                    ],
                });
                // XA branches are not counted here; the limit is PostgreSQL's.
                let _ = prepared_max;
            }
        }
        command
    }

    /// The socket in a server's folder.
    pub(crate) fn socket(&self, folder: &Path) -> PathBuf {
        folder.join(match self.kind {
            #[cfg(feature = "postgres")]
            Kind::Postgres => ".s.PGSQL.5432",
            #[cfg(feature = "mariadb")]
            Kind::MariaDb => "s",
        })
    }

    /// A name for templates, which differs where the programs do.
    pub(crate) fn template_name(&self) -> std::io::Result<String> {
        let real = fs::canonicalize(&self.server)?;
        let metadata = fs::metadata(&real)?;
        let modified = metadata.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Ok(format!("template-{}-{}-{}", self.kind, metadata.len(), modified.as_secs()))
    }
}

/// Temporary tables are in the folder too: in one that servers share, each that starts removes those of the others.
#[cfg(feature = "mariadb")]
fn own_folders(folder: &Path) -> [OsString; 2] {
    [argument("--datadir=", folder), argument("--tmpdir=", folder)]
}

#[cfg(feature = "mariadb")]
fn argument(name: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(name);
    argument.push(path);
    argument
}

/// On the PATH, where administrators' programs are, or where Debian and Red Hat keep those of PostgreSQL, the newest
/// version first.
fn find(program: &str) -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/usr/local/mysql/bin"].map(PathBuf::from);
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    versions.sort_by_key(|path| {
        let version = path.parent().and_then(|version| version.file_name()?.to_str()?.parse::<u32>().ok());
        std::cmp::Reverse(version)
    });
    let folders = std::env::split_paths(&on_path).chain(usual).chain(versions);
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}
