//! A Slurm cluster of one node, of our own: where Slurm is not installed, the test says so and how to get it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use super::recipe;
use crate::binary;
use crate::soaks::{EIGHT_HOURS, digest, recorded, run};

const PROGRAMS: [&str; 4] = ["munged", "slurmctld", "slurmd", "sbatch"];

/// Daemons that end with the test.
struct Slurm {
    folder: PathBuf,
    daemons: Vec<Child>,
}

impl Drop for Slurm {
    fn drop(&mut self) {
        for daemon in self.daemons.iter_mut().rev() {
            // One that has ended by itself has left its reason in its log.
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

/// Where programs are: daemons are not always on the path of users.
fn path() -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let own = binary();
    let own = Path::new(&own).parent().expect("the program is in a folder").to_owned();
    let folders = [own].into_iter().chain(env::split_paths(&path));
    env::join_paths(folders.chain(["/usr/sbin".into()])).expect("they come from a path")
}

fn is_installed(program: &str) -> bool {
    env::split_paths(&path()).any(|folder| folder.join(program).is_file())
}

/// A port that nobody listens at.
#[expect(clippy::disallowed_types, reason = "daemons that are not ours need a port")]
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it is bound").port()
}

impl Slurm {
    fn start(folder: &Path) -> Self {
        let mut slurm = Self { folder: folder.to_owned(), daemons: Vec::new() };
        fs::write(folder.join("munge.key"), [7; 64]).expect("it can be written");
        use std::os::unix::fs::PermissionsExt;
        let only_ours =
            |name: &str, mode| fs::set_permissions(folder.join(name), fs::Permissions::from_mode(mode));
        only_ours("munge.key", 0o400).and_then(|()| only_ours("", 0o700)).expect("it is ours");
        fs::write(folder.join("slurm.conf"), configuration(folder)).expect("it can be written");
        let file = |option: &str, name: &str| format!("--{option}={}", folder.join(name).display());
        let munge = [
            file("socket", "munge.socket"),
            file("key-file", "munge.key"),
            file("pid-file", "munge.pid"),
            file("log-file", "munge.log"),
            file("seed-file", "munge.seed"),
        ];
        slurm.daemon(slurm.command("munged").args(["--foreground", "--force"]).args(munge));
        slurm.wait_until("munge listens", |slurm| slurm.folder.join("munge.socket").exists());
        slurm.daemon(slurm.command("slurmctld").arg("-D"));
        slurm.daemon(slurm.command("slurmd").args(["-D", "-N", "node1"]));
        slurm.wait_until("the node is idle", |slurm| {
            slurm
                .command("sinfo")
                .args(["--noheader", "--format=%t"])
                .output()
                .is_ok_and(|it| it.stdout == b"idle\n")
        });
        slurm
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("env");
        command.arg(program).env("PATH", path()).env("SLURM_CONF", self.folder.join("slurm.conf"));
        command.current_dir(&self.folder).env_remove("FAILPOINTS").stdin(Stdio::null());
        command
    }

    fn daemon(&mut self, command: &mut Command) {
        let log = fs::File::options().create(true).append(true).open(self.folder.join("daemons.log"));
        let log = log.expect("it can be written");
        command.stdout(log.try_clone().expect("it is open")).stderr(log);
        self.daemons.push(command.spawn().expect("it is installed"));
    }

    fn wait_until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..3_000 {
            if is_so(self) {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        let log = fs::read_to_string(self.folder.join("daemons.log")).unwrap_or_default();
        panic!("in half a minute it has not come true that {what}:\n{log}");
    }

    fn sbatch(&self, arguments: &[&str]) -> Output {
        self.command("sbatch").args(arguments).output().expect("it is installed")
    }

    /// Submits the recipe, and perhaps waits for its end. Returns the number of the job.
    fn submit(&self, wait: &[&str]) -> String {
        let (script, state) = (recipe("slurm.sh"), self.folder.join("state"));
        let [script, state] = [script, state].map(|path| path.to_string_lossy().into_owned());
        let job = ["--parsable", "--array=1-2", &script, &state, "2"];
        let output = self.sbatch(&[wait, &job, &EIGHT_HOURS[1..]].concat());
        assert!(output.status.success(), "{output:?}\n{}", self.logs());
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// What the tasks have written.
    fn logs(&self) -> String {
        let files = fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|file| file.path());
        let logs = files.filter(|file| file.extension().is_some_and(|extension| extension == "out"));
        logs.map(|log| fs::read_to_string(log).unwrap_or_default()).collect()
    }

    /// Joins what the shards have come to, as a job too.
    fn merge(&self) -> (Option<i32>, String) {
        let merge = self.sbatch(&["--wait", "--output=merged", "--wrap", "2pc-test merge state/shard-*"]);
        let merged = fs::read_to_string(self.folder.join("merged")).expect("it says something");
        (merge.status.code(), merged)
    }
}

fn configuration(folder: &Path) -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").expect("it has a name");
    let user = Command::new("id").arg("-un").output().expect("it tells");
    let user = String::from_utf8_lossy(&user.stdout).trim().to_owned();
    let (host, folder) = (host.trim().split('.').next().unwrap_or_default(), folder.display());
    let [controller, node] = [free_port(), free_port()];
    format!(
        "ClusterName=soak\nSlurmctldHost={host}(127.0.0.1)\nSlurmUser={user}\nSlurmdUser={user}\n\
         SlurmctldPort={controller}\nSlurmdPort={node}\nAuthType=auth/munge\nAuthInfo=socket={folder}/munge.socket\n\
         StateSaveLocation={folder}/controller\nSlurmdSpoolDir={folder}/node\n\
         SlurmctldPidFile={folder}/controller.pid\nSlurmdPidFile={folder}/node.pid\n\
         ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nMpiDefault=none\n\
         SelectType=select/cons_tres\nSelectTypeParameters=CR_CPU\nSlurmdParameters=config_overrides\nSchedulerType=sched/builtin\nReturnToService=2\n\
         NodeName=node1 NodeHostname={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=1024 State=UNKNOWN\n\
         PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n"
    )
}

#[test]
fn the_job_array_goes_on_after_a_kill_and_merges() {
    if let Some(missing) = PROGRAMS.into_iter().find(|program| !is_installed(program)) {
        let mut err = std::io::stderr();
        // To the very end of standard error: what a test that passes prints is kept back.
        let _ = writeln!(
            err,
            "SKIPPED, as there is no {missing}: to try deploy/slurm.sh, apt-get install slurm-wlm munge"
        );
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let slurm = Slurm::start(folder.path());
    let state = folder.path().join("state");
    let job = slurm.submit(&[]);
    slurm.wait_until("both shards are at work", |_| {
        ["shard-1", "shard-2"].iter().all(|shard| recorded(&state.join(shard)) > 0)
    });
    let killed = slurm.command("scancel").args(["--signal=KILL", "--full", &job]).status();
    assert!(killed.is_ok_and(|status| status.success()));
    slurm.wait_until("the killed job is gone", |slurm| {
        slurm
            .command("squeue")
            .args(["--noheader", "--jobs", &job])
            .output()
            .is_ok_and(|it| it.stdout.is_empty())
    });
    let (code, unfinished) = slurm.merge();
    assert_eq!(code, Some(4), "{unfinished}\n{}", slurm.logs());
    slurm.submit(&["--wait"]);
    let (code, merged) = slurm.merge();
    assert_eq!(code, Some(0), "{merged}\n{}", slurm.logs());
    let undisturbed = tempfile::tempdir().expect("a temporary folder");
    assert_eq!(digest(&merged), digest(&run(undisturbed.path(), &EIGHT_HOURS).out));
}
