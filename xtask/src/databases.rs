//! The databases that tests run on: whether they are installed, and how they get there.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tell;

/// A program, the package of Debian that has it, and the feature of the program that needs it.
struct Database {
    program: &'static str,
    package: &'static str,
    feature: &'static str,
}

const DATABASES: [Database; 2] = [
    Database { program: "initdb", package: "postgresql", feature: "cli/postgres" },
    Database { program: "mariadbd", package: "mariadb-server", feature: "cli/mariadb" },
];

/// Installs what is missing, where that is a matter of course, and returns the features of all, or none if one is still
/// missing.
pub(crate) fn features() -> Vec<&'static str> {
    if !missing().is_empty() && is_root_on_debian() {
        install(&missing());
    }
    let missing = missing();
    if missing.is_empty() {
        return DATABASES.iter().map(|it| it.feature).collect();
    }
    let packages = missing.join(" ");
    tell(&format!("!!! NOT TESTED: real databases. Install them: apt-get install {packages}"));
    Vec::new()
}

/// The packages whose programs are not there.
fn missing() -> Vec<&'static str> {
    DATABASES.iter().filter(|it| !it.is_there()).map(|it| it.package).collect()
}

fn is_root_on_debian() -> bool {
    let id = Command::new("id").arg("-u").output();
    let is_root = id.is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    is_root && Path::new("/etc/debian_version").exists()
}

/// What fails here is told by its output, and then by what is left out.
fn install(packages: &[&str]) {
    tell(&format!("==> install databases: apt-get install {}", packages.join(" ")));
    let run = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
        command.status().is_ok_and(|status| status.success())
    };
    let arguments: Vec<&str> =
        ["install", "--yes", "--no-install-recommends"].into_iter().chain(packages.iter().copied()).collect();
    if !run(&arguments) {
        // Lists that are missing or too old are the usual reason.
        let _ = run(&["update"]) && run(&arguments);
    }
}

impl Database {
    fn is_there(&self) -> bool {
        let path = env::var_os("PATH").unwrap_or_default();
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let folders = env::split_paths(&path)
            .chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from))
            .chain(versions.map(|version| version.path().join("bin")));
        folders.map(|folder| folder.join(self.program)).any(|program| program.is_file())
    }
}
