//! The program as its users meet it: what it prints, writes and exits with.

mod check;
mod deploy;
mod epochs;
mod folders;
mod mutants;
mod new_adapter;
#[cfg(all(feature = "postgres", feature = "mariadb"))]
mod on_databases;
mod readme;
mod recordings;
mod results;
mod runs;
mod soaks;
mod stopped;
mod usage;
mod violations;

use std::ffi::{OsStr, OsString};
use std::process::{Command, Output};

use tempfile::TempDir;

/// Where the program is: elsewhere than where it was built, if nextest has brought it from another machine.
fn binary() -> OsString {
    std::env::var_os("NEXTEST_BIN_EXE_2pc-test").unwrap_or_else(|| env!("CARGO_BIN_EXE_2pc-test").into())
}

/// One call of the program, in a folder of its own.
struct Program {
    command: Command,
    folder: TempDir,
}

/// What the program left behind.
struct Left {
    code: Option<i32>,
    out: String,
    err: String,
    folder: TempDir,
}

fn program(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Program {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(folder.path()).env_remove("FAILPOINTS").env_remove("RUST_LOG");
    Program { command, folder }
}

impl Program {
    fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    fn run(mut self) -> Left {
        let output = self.command.output().expect("the program starts");
        Left::new(output, self.folder)
    }
}

impl Left {
    fn new(output: Output, folder: TempDir) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr), folder }
    }

    /// Passes on what was printed if all is well and nothing was complained about.
    fn passed(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{}", self.out);
        self.out
    }
}

/// Runs the program on arguments that pass.
fn passes<const N: usize>(arguments: [&str; N]) -> String {
    program(arguments).run().passed()
}
