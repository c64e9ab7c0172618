//! Soaks that nobody disturbs: what they come to does not depend on who runs them, and how fast.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::process::Stdio;

use nix::pty::{OpenptyResult as Pty, Winsize, openpty};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::program;
use crate::soaks::{command, digest, hour, passes_in};

#[test]
fn an_hour_passes_in_a_moment_and_comes_to_the_same_again() {
    let out = hour(&[]);
    assert!(out.contains("10 epochs validated, all passed"), "{out}");
    assert!(out.contains("\n3600 transactions: "), "{out}");
    assert!(out.contains("\n180 faults, "), "{out}");
    assert_eq!(digest(&out), digest(&hour(&[])));
    assert_ne!(digest(&out), digest(&hour(&["--seed", "1"])));
}

#[test]
fn how_many_processes_and_machines_there_are_changes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let merge = |arguments: &[&str]| passes_in(folder.path(), &[&["merge"], arguments].concat());
    let out = hour(&["--clusters", "4", "--jobs", "1"]);
    assert_eq!(digest(&out), digest(&hour(&["--clusters", "4", "--jobs", "2"])));
    let [a, b] = ["a", "b"].map(|name| folder.path().join(name).to_string_lossy().into_owned());
    hour(&["--clusters", "4", "--shard", "1/2", "--state", &a]);
    let half = program(["merge", &a]).run();
    assert_eq!(half.code, Some(4));
    assert!(half.out.contains("\nmissing: shard 2/2\n"), "{}", half.out);
    hour(&["--clusters", "4", "--shard", "2/2", "--state", &b]);
    let merged = merge(&["b", "a", "--output", "both"]);
    assert_eq!(digest(&merged), digest(&out));
    assert_eq!(merge(&["a", "b"]), merged, "in any order");
    assert_eq!(merge(&["both", "a", "b", "both"]), merged, "and again and again");
}

#[test]
fn what_was_merged_replaces_a_file_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    let merge = |output: &str| {
        let mut merge = program(["merge", "state", "-o", output]);
        merge.command.current_dir(folder.path());
        merge.run()
    };
    hour(&["--state", &at("state").to_string_lossy()]);
    mkfifo(&at("pipe"), Mode::S_IRWXU).expect("a pipe");
    symlink("pipe", at("link to pipe")).expect("a link");
    for output in ["pipe", "link to pipe"] {
        let left = merge(output);
        let told = format!("error: cannot write {output}: this is no regular file; choose another file\n");
        assert_eq!((left.code, left.out.as_str(), left.err), (Some(3), "", told));
    }
    assert!(at("pipe").metadata().expect("it is there").file_type().is_fifo());
    fs::write(at("file"), "what was there").expect("a file");
    symlink("file", at("link")).expect("a link");
    let merged = merge("link").passed();
    assert!(at("link").is_symlink());
    assert_eq!(passes_in(folder.path(), &["merge", "file"]), merged);
    assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 5);
}

#[test]
fn real_time_changes_nothing_but_how_long_it_takes() {
    // Without faults nothing is left to settle at the end of an epoch, which would take its time too.
    let seconds = ["soak", "--duration=2s", "--epoch=1s", "--rate=50/s", "--faults=0/s", "--participants=5"];
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = |more: &[&str]| passes_in(folder.path(), &[&seconds[..], more].concat());
    let wall = run(&["--wall-clock"]);
    assert_eq!(digest(&wall), digest(&run(&[])));
    let (_, took) = wall.split_once(" of virtual time in ").expect("it says how long it took");
    let took: f64 = took.split(' ').next().and_then(|text| text.parse().ok()).expect("a number of seconds");
    assert!(took >= 2.0, "{wall}");
}

/// It changes ten times a second, so it goes on for seconds.
#[test]
fn on_a_terminal_a_line_tells_how_far_it_is() {
    let four_days = ["soak", "--duration=4d", "--epoch=6m", "--participants=10", "--faults=3/min"];
    let folder = tempfile::tempdir().expect("a temporary folder");
    let size = Winsize { ws_row: 50, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
    let Pty { master, slave } = openpty(Some(&size), None).expect("there are terminals");
    let mut soak = command(folder.path(), &four_days);
    let mut child = soak.stdout(Stdio::null()).stderr(slave).spawn().expect("the program starts");
    // The terminal has its end when nobody writes there any more.
    drop(soak);
    let (mut shown, mut terminal) = (Vec::new(), File::from(master));
    // Its end is told as an error.
    let _ = terminal.read_to_end(&mut shown);
    assert!(child.wait().expect("it ends").success());
    let shown = String::from_utf8_lossy(&shown);
    let lines: Vec<&str> =
        shown.split('\r').filter(|line| line.contains(" of ") || line.contains("left")).collect();
    assert!(lines.len() > 3, "it changes: {shown:?}");
    let last = lines.last().expect("there are some");
    for words in [" %), ", " transactions, ", " faults, 0 violations, ", " times as fast as time, ", " MiB, "]
    {
        assert!(last.contains(words), "{last:?}");
    }
}

/// Two minutes of real time, for as many lines.
#[test]
fn without_a_terminal_there_is_a_line_a_minute_soak() {
    let soak = ["soak", "--duration=125s", "--epoch=5s", "--faults=0/s", "--wall-clock"];
    let left = program(soak).run();
    assert_eq!(left.code, Some(0), "{}", left.err);
    let lines: Vec<&str> = left.err.lines().collect();
    assert_eq!(lines.len(), 2, "{}", left.err);
    assert!(lines.iter().all(|line| line.contains(" 1 times as fast as time, ")), "{}", left.err);
}
