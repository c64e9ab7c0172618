//! A soak that is under way, for tests that disturb it.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::{binary, program};

/// Ten epochs of six minutes, which take a fraction of a second.
const HOUR: [&str; 6] =
    ["soak", "--duration=1h", "--epoch=6m", "--participants=10", "--faults=3/min", "--jobs=2"];

/// Eighty of them, twice, which take long enough to be disturbed.
pub(crate) const EIGHT_HOURS: [&str; 6] =
    ["soak", "--duration=8h", "--epoch=6m", "--participants=10", "--faults=3/min", "--clusters=2"];

/// An hour that takes an hour.
pub(crate) const REAL_HOUR: [&str; 5] =
    ["soak", "--duration=1h", "--epoch=1h", "--participants=3", "--wall-clock"];

/// What an hour comes to, with more arguments.
pub(crate) fn hour(more: &[&str]) -> String {
    let mut arguments = HOUR.to_vec();
    if more.contains(&"--jobs") {
        arguments.pop();
    }
    let out = program(arguments.iter().chain(more)).run();
    assert_eq!(out.code, Some(0), "{}{}", out.out, out.err);
    out.out
}

/// Runs the program in a folder on arguments that pass.
pub(crate) fn passes_in(folder: &Path, arguments: &[&str]) -> String {
    let mut program = program(arguments);
    program.command.current_dir(folder);
    program.run().passed()
}

pub(crate) fn digest(out: &str) -> &str {
    let line = out.lines().find(|line| line.starts_with("digest "));
    line.unwrap_or_else(|| panic!("there is no digest in:\n{out}"))
}

/// A soak under way, whose state is in the folder `state`. It is ended with the test.
pub(crate) struct Started {
    child: Child,
    state: PathBuf,
}

/// What one that has ended has left.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A command in this folder, with its state in `state` there.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).arg("--state=state").current_dir(folder);
    command.env_remove("FAILPOINTS").env_remove("RUST_LOG");
    command
}

/// Runs it to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Ended {
    Started::new(folder, command(folder, arguments)).end()
}

impl Started {
    pub(crate) fn new(folder: &Path, mut command: Command) -> Self {
        use std::os::unix::process::CommandExt;
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.process_group(0).spawn().expect("the program starts");
        Self { child, state: folder.join("state") }
    }

    /// Waits until the records are longer than this. Returns whether it is still at work.
    pub(crate) fn wait_for_records(&mut self, bytes: u64) -> bool {
        self.wait_until(|state| recorded(state) > bytes)
    }

    /// Waits until the place of the first cluster was kept. Returns whether it is still at work.
    pub(crate) fn wait_for_place(&mut self) -> bool {
        self.wait_until(|state| state.join("cluster-0000/checkpoint").exists())
    }

    /// Waits until a worker has the first cluster.
    pub(crate) fn wait_for_worker(&mut self) {
        assert!(
            self.wait_until(|state| state.join("cluster-0000/record").exists()),
            "it goes on for an hour"
        );
    }

    fn wait_until(&mut self, is_so: impl Fn(&Path) -> bool) -> bool {
        loop {
            if self.child.try_wait().expect("it can be asked").is_some() {
                return false;
            }
            if is_so(&self.state) {
                return true;
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().try_into().expect("numbers of processes are small"))
    }

    /// The processes of its clusters.
    pub(crate) fn workers(&self) -> Vec<Pid> {
        let pid = self.pid();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        children.split_whitespace().map(|pid| Pid::from_raw(pid.parse().expect("a number"))).collect()
    }

    /// Kills it, and only it: its workers learn of it by themselves.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it is ours");
        self.child.wait().expect("it was killed");
    }

    /// Kills it with all its workers.
    pub(crate) fn kill_all(self) {
        // Who has ended by itself is gone already.
        let _ = killpg(self.pid(), Signal::SIGKILL);
        self.kill();
    }

    /// Does what Ctrl-C on a terminal does: all processes of its group hear of it.
    pub(crate) fn interrupt(&self) {
        killpg(self.pid(), Signal::SIGINT).expect("it is ours");
    }

    /// Waits until it says this on standard error.
    pub(crate) fn wait_for_words(&mut self, words: &str) {
        let err = self.child.stderr.as_mut().expect("it is a pipe");
        let mut said = Vec::new();
        while !String::from_utf8_lossy(&said).contains(words) {
            let mut byte = [0];
            assert_eq!(err.read(&mut byte).expect("it can be read"), 1, "{}", String::from_utf8_lossy(&said));
            said.push(byte[0]);
        }
    }

    pub(crate) fn end(self) -> Ended {
        let output = self.child.wait_with_output().expect("it ends");
        let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
        Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// Waits until a process is gone that is nobody's child any more.
pub(crate) fn wait_for_end(pid: Pid) {
    for _ in 0..30_000 {
        let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // One that nobody has asked for its exit code yet is a zombie.
        if state.rsplit_once(") ").is_none_or(|(_, state)| state.starts_with('Z')) {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
    panic!("process {pid} lives on");
}

/// Kills one process.
pub(crate) fn kill_process(pid: Pid) {
    kill(pid, Signal::SIGKILL).expect("it is ours");
}

/// How long all records together are.
pub(crate) fn recorded(state: &Path) -> u64 {
    let clusters = fs::read_dir(state).into_iter().flatten().flatten();
    let records = clusters.filter_map(|cluster| fs::metadata(cluster.path().join("record")).ok());
    records.map(|record| record.len()).sum()
}

/// Everything in a folder, to see whether anything changes.
pub(crate) fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("it is a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else {
            all.push((path.clone(), fs::read(&path).expect("it can be read")));
        }
    }
    all.sort();
    all
}
