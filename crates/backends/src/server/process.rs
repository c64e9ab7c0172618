//! A server's process: started so that it dies with this one, killed with all its children, paused and woken.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User};

/// A process that does not outlive this one.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

/// Whoever died before the kernel was told to end its children will not end this one: then it does not begin.
const IF_PARENT_LIVES: &str = r#"[ "$PPID" = "$1" ] && shift && exec "$@""#;

/// The command for a program that must not run as root: run as this user then, and killed when this process dies.
pub(crate) fn command(program: &Path, user: &str) -> Command {
    let mut command = Command::new("setpriv");
    if nix::unistd::geteuid().is_root() {
        command.arg(format!("--reuid={user}")).arg(format!("--regid={user}")).arg("--clear-groups");
    }
    command.args(["--pdeathsig", "KILL", "--", "sh", "-c", IF_PARENT_LIVES, "sh"]);
    command.arg(std::process::id().to_string()).arg(program).stdin(Stdio::null());
    command
}

/// Gives a folder to the user that a server runs as.
pub(crate) fn give(folder: &Path, user: &str) -> io::Result<()> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(());
    }
    let found = User::from_name(user)?.ok_or_else(|| {
        io::Error::other(format!(
            "there is no user {user} to run the server as: install the server's package"
        ))
    })?;
    std::os::unix::fs::chown(folder, Some(found.uid.as_raw()), Some(found.gid.as_raw()))
}

impl Process {
    /// Starts a server; what it says goes to a file.
    pub(crate) fn start(mut command: Command, log: &Path) -> io::Result<Self> {
        let log = File::options().create(true).append(true).open(log)?;
        command.stdout(log.try_clone()?).stderr(log);
        // A Ctrl-C at the terminal is for this process, which has its own way to end servers.
        command.process_group(0);
        Ok(Self { child: command.spawn()? })
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills it and its children at once, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        // Stopped first, it cannot put a new child in the place of one that was killed.
        self.signal(&[self.pid()], Signal::SIGSTOP);
        let children = children(self.pid());
        self.signal(&[self.pid()], Signal::SIGKILL);
        self.signal(&children, Signal::SIGKILL);
        let _ = self.child.wait();
    }

    /// Stops it where it is.
    pub(crate) fn pause(&self) {
        self.signal(&[self.pid()], Signal::SIGSTOP);
        self.signal(&children(self.pid()), Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub(crate) fn go_on(&self) {
        self.signal(&children(self.pid()), Signal::SIGCONT);
        self.signal(&[self.pid()], Signal::SIGCONT);
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    fn signal(&self, processes: &[Pid], signal: Signal) {
        for &pid in processes {
            // One that has just ended needs no signal.
            let _ = kill(pid, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The children of a process, as the kernel has them: from a list, or, where it keeps none, from all processes.
fn children(parent: Pid) -> Vec<Pid> {
    let listed = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    let numbers =
        |list: String| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<i32>>();
    listed.map_or_else(
        |_| found_children(parent),
        |list| numbers(list).into_iter().map(Pid::from_raw).collect(),
    )
}

/// The name in the second field may hold anything, blanks included.
fn found_children(parent: Pid) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_child = |&pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        after_name.split_whitespace().nth(1) == Some(&parent.to_string())
    };
    numbers.filter(is_child).map(Pid::from_raw).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One that was killed between the start of a server and the moment from which the kernel ends it has left it to
    /// another parent by then; here it has another from the start.
    #[test]
    fn a_server_does_not_start_without_who_started_it() -> io::Result<()> {
        let mark = std::env::temp_dir().join(format!("2pc-test-mark-{}", std::process::id()));
        let mut own = command(Path::new("touch"), "root");
        own.arg(&mark);
        let mut left = Command::new("sh");
        left.args(["-c", r#""$@"; true"#, "sh"]).arg(own.get_program()).args(own.get_args());
        assert!(left.status()?.success() && !mark.exists());
        assert!(own.status()?.success() && mark.exists());
        fs::remove_file(mark)
    }

    #[test]
    fn a_process_goes_with_its_owner_and_so_do_its_children() -> io::Result<()> {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 1000 & sleep 1000"]);
        let process = Process::start(command, Path::new("/dev/null"))?;
        let parent = process.pid();
        while children(parent).len() < 2 {
            std::hint::spin_loop();
        }
        let family = children(parent);
        assert!(found_children(parent).iter().all(|child| family.contains(child)));
        drop(process);
        let lives = |pid: &Pid| {
            // One that nobody has reaped yet is dead all the same.
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
        };
        assert!(!lives(&parent));
        while family.iter().any(lives) {
            std::hint::spin_loop();
        }
        Ok(())
    }
}
