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
        if self.has_ended() {
            // Its number may be somebody else's by now.
            return;
        }
        // Stopped first, it cannot put a new child in the place of one that was killed.
        stop(&[self.pid()]);
        let children = children(self.pid());
        signal(&[self.pid()], Signal::SIGKILL);
        signal(&children, Signal::SIGKILL);
        let _ = self.child.wait();
    }

    /// Stops it where it is. From here on it does nothing.
    pub(crate) fn pause(&self) {
        stop(&[self.pid()]);
        stop(&children(self.pid()));
    }

    /// Lets it go on.
    pub(crate) fn go_on(&self) {
        signal(&children(self.pid()), Signal::SIGCONT);
        signal(&[self.pid()], Signal::SIGCONT);
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn signal(processes: &[Pid], signal: Signal) {
    for &pid in processes {
        // One that has just ended needs no signal.
        let _ = kill(pid, signal);
    }
}

/// Stops processes, and waits until they have. The kernel tells one thread of each, in its own time, and until that one
/// has told the others they go on and answer what comes.
fn stop(processes: &[Pid]) {
    signal(processes, Signal::SIGSTOP);
    for &pid in processes {
        // One that never stops is not worth a hang.
        let mut looks = 20_000;
        while looks > 0 && !has_stopped(pid) {
            looks -= 1;
            std::thread::yield_now();
        }
    }
}

/// Whether no thread of a process does anything: each is stopped or gone. One that waits for a disk (`D`), or for its
/// child to begin, goes on in the kernel before it stops.
fn has_stopped(process: Pid) -> bool {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    threads.map(|thread| state(&thread.path())).all(|state| "TtZX".contains(state))
}

/// The state of a process or a thread, as the kernel has it in a letter: `X` if it is gone.
fn state(place: &Path) -> char {
    let stat = fs::read_to_string(place.join("stat")).unwrap_or_default();
    after_name(&stat).chars().next().unwrap_or('X')
}

/// What follows upon the name, which may hold anything, blanks included.
fn after_name(stat: &str) -> &str {
    stat.rsplit_once(") ").map_or("", |(_, rest)| rest)
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

fn found_children(parent: Pid) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_child = |&pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        after_name(&stat).split_whitespace().nth(1) == Some(&parent.to_string())
    };
    numbers.filter(is_child).map(Pid::from_raw).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

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
        // One that nobody has reaped yet is dead all the same.
        let lives = |pid: &Pid| !"ZX".contains(state(Path::new(&format!("/proc/{pid}"))));
        assert!(!lives(&parent));
        while family.iter().any(lives) {
            std::hint::spin_loop();
        }
        Ok(())
    }

    /// A process of ours that has the number of one that is gone. Numbers are given out in turn, and the turn is set by root
    /// alone; `None` if it cannot be.
    fn successor(gone: Pid) -> io::Result<Option<Child>> {
        for _ in 0..1_000 {
            if fs::write("/proc/sys/kernel/ns_last_pid", (gone.as_raw() - 1).to_string()).is_err() {
                return Ok(None);
            }
            let mut other = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
            if Pid::from_raw(other.id().cast_signed()) == gone {
                return Ok(Some(other));
            }
            // Somebody else was faster.
            other.kill()?;
            other.wait()?;
        }
        Ok(None)
    }

    #[test]
    fn whoever_has_the_number_of_a_process_that_has_ended_is_not_killed_for_it() -> io::Result<()> {
        let mut process = Process::start(Command::new("true"), Path::new("/dev/null"))?;
        while !process.has_ended() {
            std::hint::spin_loop();
        }
        let Some(mut other) = successor(process.pid())? else {
            let told = "SKIPPED, as the number of the next process cannot be set: to try it, be root";
            return writeln!(io::stderr(), "{told}");
        };
        process.kill();
        drop(process);
        // It ends by itself when nothing more is to be read.
        drop(other.stdin.take());
        let ended = other.wait()?;
        assert!(ended.success(), "{ended}");
        Ok(())
    }

    /// Found on a busy machine: a database answered a prepare after it was stopped.
    #[test]
    fn who_is_paused_does_nothing_any_more() -> io::Result<()> {
        let mut command = Command::new("sh");
        command.args(["-c", "while :; do :; done & while :; do :; done & while :; do sleep 0.001; done"]);
        let process = Process::start(command, Path::new("/dev/null"))?;
        while children(process.pid()).len() < 2 {
            std::hint::spin_loop();
        }
        for _ in 0..100 {
            process.pause();
            let family = children(process.pid()).into_iter().chain([process.pid()]);
            let running: Vec<Pid> = family.filter(|&pid| !has_stopped(pid)).collect();
            assert!(running.is_empty(), "{running:?} goes on");
            process.go_on();
        }
        Ok(())
    }
}
