//! Servers of our own: private processes in temporary folders, cloned from a template, killed and started at will. They
//! listen on a socket in their folder, so that nobody else can be in their way.

mod folder;
mod process;
mod program;

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tokio::time::{Instant, sleep};

pub(crate) use folder::RunFolder;
use process::Process;
pub use program::Durability;
use program::Program;

use crate::wire::{Address, Login, Session};
use crate::{BackendError, Kind, Url};

/// How long a server may take to start, on a machine that has much else to do.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// Room for prepared transactions, where nothing else is wanted.
const PREPARED_MAX: u32 = 64;

/// A server of our own.
pub(crate) struct Server {
    program: Program,
    folder: PathBuf,
    durability: Durability,
    process: Option<Process>,
    paused: bool,
    /// It was started with less room for prepared transactions than usual.
    has_less_room: bool,
}

impl Server {
    /// Makes a server in a new folder, from the template, and starts it.
    pub(crate) async fn create(
        kind: Kind,
        folder: PathBuf,
        durability: Durability,
    ) -> Result<Self, BackendError> {
        let program = Program::find(kind)?;
        let (source, target) = (program.clone(), folder.clone());
        let cloned = tokio::task::spawn_blocking(move || clone_template(&source, &target));
        cloned.await.expect("cloning does not panic")?;
        let mut server =
            Self { program, folder, durability, process: None, paused: false, has_less_room: false };
        server.start().await?;
        Ok(server)
    }

    /// Starts a server that is down, and waits until it answers.
    pub(crate) async fn start(&mut self) -> Result<(), BackendError> {
        self.start_with(PREPARED_MAX).await
    }

    /// The same, with room for so many prepared transactions.
    pub(crate) async fn start_with(&mut self, prepared_max: u32) -> Result<(), BackendError> {
        let kind = self.program.kind;
        let log = self.folder.with_extension("log");
        let started = Instant::now();
        loop {
            let command = self.program.serve(&self.folder, self.durability, prepared_max);
            let said_before = fs::metadata(&log).map_or(0, |log| log.len()) as usize;
            let mut process = Process::start(command, &log).map_err(|error| self.failed("start", &error))?;
            while started.elapsed() < START_PATIENCE && !process.has_ended() {
                if Session::open(kind, &self.address(), &self.login(), Duration::from_secs(5)).await.is_ok() {
                    (self.process, self.paused) = (Some(process), false);
                    self.has_less_room = prepared_max < PREPARED_MAX;
                    return Ok(());
                }
                sleep(Duration::from_millis(10)).await;
            }
            // Connections to the one before hold what it shared with them for a moment longer.
            let said = fs::read_to_string(&log).unwrap_or_default();
            let why = complaints(said.get(said_before..).unwrap_or_default());
            let is_passing =
                why.contains("shared memory") || why.contains("Resource temporarily unavailable");
            if !is_passing || started.elapsed() >= START_PATIENCE {
                return Err(BackendError::Server { kind, what: "start", why });
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Makes it what it was at first, for the next run: up, and with all its room.
    pub(crate) async fn restore(&mut self) -> Result<(), BackendError> {
        if self.has_less_room {
            self.kill();
        }
        if self.is_up() { Ok(()) } else { self.start().await }
    }

    /// Kills it, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.process = None;
        // A socket that nobody listens on would only puzzle whoever looks.
        let _ = fs::remove_file(self.program.socket(&self.folder));
    }

    pub(crate) fn kind(&self) -> Kind {
        self.program.kind
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn is_up(&self) -> bool {
        self.process.is_some()
    }

    /// Stops it where it is.
    pub(crate) fn pause(&mut self) {
        if let Some(process) = &self.process {
            process.pause();
            self.paused = true;
        }
    }

    /// Lets it go on.
    pub(crate) fn go_on(&mut self) {
        if let (Some(process), true) = (&self.process, self.paused) {
            process.go_on();
        }
        self.paused = false;
    }

    pub(crate) fn address(&self) -> Address {
        Address::Unix(self.program.socket(&self.folder))
    }

    /// Where it is, and who may ask it.
    pub(crate) fn url(&self) -> Url {
        Url { kind: self.kind(), address: self.address(), login: self.login() }
    }

    pub(crate) fn login(&self) -> Login {
        let (user, database) = match self.program.kind {
            #[cfg(feature = "postgres")]
            Kind::Postgres => ("postgres", "postgres"),
            #[cfg(feature = "mariadb")]
            Kind::MariaDb => ("root", "bench"),
        };
        Login { user: user.to_owned(), password: String::new(), database: database.to_owned() }
    }

    fn failed(&self, what: &'static str, error: &io::Error) -> BackendError {
        BackendError::Server { kind: self.program.kind, what, why: error.to_string() }
    }
}

/// What a server says of its own end; all of it, if it does not say what was an error.
fn complaints(said: &str) -> String {
    let is_error = |line: &&str| line.contains("FATAL") || line.contains("ERROR");
    let errors: Vec<&str> = said.lines().filter(is_error).collect();
    if errors.is_empty() { said.trim().to_owned() } else { errors.join(" | ") }
}

/// Clones the template of a server's data, which is made if there is none.
fn clone_template(program: &Program, target: &Path) -> Result<(), BackendError> {
    let failed =
        |what, error: io::Error| BackendError::Server { kind: program.kind, what, why: error.to_string() };
    let cloned = || -> io::Result<()> {
        let base = folder::base()?;
        let template = base.join(program.template_name()?);
        let lock = File::create(base.join("template.lock"))?;
        lock.lock()?;
        if !template.is_dir() {
            let building = template.with_extension("building");
            let _ = fs::remove_dir_all(&building);
            DirBuilder::new().mode(0o700).create(&building)?;
            process::give(&building, program.user())?;
            run(&mut program.install(&building))?;
            if program.kind.needs_own_database() {
                // A database is a folder here.
                let database = building.join("bench");
                DirBuilder::new().mode(0o700).create(&database)?;
                process::give(&database, program.user())?;
            }
            fs::rename(&building, &template)?;
        }
        run(Command::new("cp").args(["-a", "--reflink=auto", "--"]).arg(&template).arg(target))
    };
    cloned().map_err(|error| failed("make the data folder of", error))
}

fn run(command: &mut Command) -> io::Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    Err(io::Error::other(format!("{}: {}", output.status, said.trim())))
}
