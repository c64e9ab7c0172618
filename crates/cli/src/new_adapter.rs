//! `2pc-test new-adapter`: a crate of the user's own with a coordinator that passes all scenarios, ready to be replaced.
//! Its files are those of the examples, which are compiled and tested with every change.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::screen::Screen;

/// What `new-adapter` takes.
#[derive(Debug, Args)]
pub(crate) struct NewAdapterOptions {
    /// The name of the crate, and of its folder, which must not exist
    name: String,
    /// How the coordinator is written
    #[arg(long, value_enum, default_value_t = Kind::Async)]
    kind: Kind,
    /// The checkout of 2pc-test to depend on; by default the one that this program was built from
    #[arg(long, value_name = "CHECKOUT")]
    path: Option<PathBuf>,
}

/// How a coordinator is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// With tokio: timers, tasks, channels
    Async,
    /// As a state machine: an input in, effects out
    Pure,
}

/// What has most to do for each event of a run: with any other package optimised, tests take as long, and builds longer.
const HOT: &[&str] = &["harness-core", "history", "protocol", "validator"];
const HOT_IF_ASYNC: &[&str] = &["adapter-tokio", "tokio"];

/// A file of the crate, and what an example has there.
type File = (&'static str, &'static str);

macro_rules! of_example {
    ($example:literal: $($path:literal),+) => {
        &[$(($path, include_str!(concat!("../../../examples/", $example, "/", $path)))),+]
    };
}

const ASYNC: &[File] = of_example!(
    "async-coordinator":
    "src/lib.rs", "src/bug.rs", "src/memory.rs", "src/recovery.rs", "src/voting.rs", "tests/conformance.rs"
);
const PURE: &[File] = of_example!("pure-coordinator": "src/lib.rs", "tests/conformance.rs");

/// Names that cargo refuses, or that would hide a crate that the code uses.
const TAKEN: &[&str] = &[
    "abstract",
    "adapter_tokio",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "conformance",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "futures_util",
    "gen",
    "history",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc_macro",
    "protocol",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "suite",
    "super",
    "test",
    "tokio",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

pub(crate) fn new_adapter(options: &NewAdapterOptions) -> Result<Exit, Failure> {
    let NewAdapterOptions { name, kind, path } = options;
    let identifier = identifier(name)?;
    let checkout = checkout(path.as_deref())?;
    let folder = Path::new(name);
    if folder.symlink_metadata().is_ok() {
        return Err(Failure::Usage(format!("{name} exists: choose another name, or remove it first")));
    }
    // Beside its place and under another name until it is whole.
    let unfinished = PathBuf::from(format!(".{name}.unfinished"));
    write(&unfinished, *kind, name, &identifier, &checkout)
        .and_then(|()| fs::rename(&unfinished, folder))
        .map_err(|source| {
            let _ = fs::remove_dir_all(&unfinished);
            Failure::Crate { path: folder.to_owned(), source }
        })?;
    Screen::new().print(next_steps(name, *kind))?;
    Ok(Exit::Valid)
}

fn write(folder: &Path, kind: Kind, name: &str, identifier: &str, checkout: &str) -> io::Result<()> {
    if folder.exists() {
        // Left by a call that was cut short.
        fs::remove_dir_all(folder)?;
    }
    let (example, files) = match kind {
        Kind::Async => ("async_coordinator", ASYNC),
        Kind::Pure => ("pure_coordinator", PURE),
    };
    for below in ["src", "tests"] {
        fs::create_dir_all(folder.join(below))?;
    }
    for (path, text) in files {
        fs::write(folder.join(path), text.replace(example, identifier))?;
    }
    fs::write(folder.join("Cargo.toml"), manifest(kind, name, checkout))?;
    fs::write(folder.join(".gitignore"), "/target\n")
}

fn manifest(kind: Kind, name: &str, checkout: &str) -> String {
    // Within quotes, a path may hold what would end them.
    let of = |below: &str| format!("{:?}", format!("{checkout}/{below}"));
    let dependencies = match kind {
        Kind::Async => format!(
            "adapter-tokio = {{ path = {} }}\n\
             futures-util = {{ version = \"0.3.34\", default-features = false, features = [\"std\"] }}\n\
             tokio = {{ version = \"1.54.1\", features = [\"macros\", \"rt\", \"time\"] }}\n",
            of("adapters/tokio")
        ),
        Kind::Pure => format!(
            "history = {{ path = {} }}\nprotocol = {{ path = {} }}\n",
            of("crates/history"),
            of("crates/protocol")
        ),
    };
    let suite = of("crates/suite");
    let hot = if kind == Kind::Async { HOT_IF_ASYNC } else { &[] };
    let optimised: String =
        HOT.iter().chain(hot).map(|package| format!("{package}.opt-level = 2\n")).collect();
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n\
         [dependencies]\n{dependencies}\n\
         [dev-dependencies]\nsuite = {{ path = {suite}, features = [\"conformance\"] }}\n\n\
         [[test]]\nname = \"conformance\"\nharness = false\n\n\
         # Tests run the simulator for millions of events: what these do for each is worth the optimisation.\n\
         [profile.dev.package]\n\"*\".debug = \"line-tables-only\"\n{optimised}\n\
         # It is a workspace of its own, wherever it lies.\n[workspace]\n"
    )
}

fn next_steps(name: &str, kind: Kind) -> String {
    let mut text = format!(
        "wrote {name}: a coordinator that passes all scenarios, to be replaced by yours in src/lib.rs\n\n  cd {name}\n  cargo test     # the first time builds all, which takes a minute or two\n"
    );
    if kind == Kind::Async {
        let _ = writeln!(
            text,
            "  BUG=timeout_is_yes cargo test     # what a failure looks like; src/bug.rs has more"
        );
    }
    let _ = writeln!(
        text,
        "\nSEED, SEEDS and PARTICIPANTS in the environment say which runs; cargo nextest run works too."
    );
    text
}

/// The name as code has it, if it is one.
fn identifier(name: &str) -> Result<String, Failure> {
    let identifier = name.replace('-', "_");
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    let goes_on = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let wrong = if !begins || !name.chars().all(goes_on) {
        "lowercase letters, digits, - and _, a letter first"
    } else if TAKEN.contains(&identifier.as_str()) || name.len() > 64 {
        "another one: cargo or the code needs this one, or it is longer than 64"
    } else {
        return Ok(identifier);
    };
    Err(Failure::Usage(format!("{name:?} cannot be the name of a crate here: use {wrong}")))
}

/// The folder of the checkout, in which the crates are that the new one depends on.
fn checkout(named: Option<&Path>) -> Result<String, Failure> {
    let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = named.unwrap_or(&built_from);
    let unusable = |why: &str| {
        Failure::Usage(format!("{} {why}: name a checkout of 2pc-test with --path", folder.display()))
    };
    let found = folder.canonicalize().map_err(|error| unusable(&format!("cannot be found ({error})")))?;
    if !found.join("crates/suite/Cargo.toml").is_file() || !found.join("adapters/tokio/Cargo.toml").is_file()
    {
        return Err(unusable("is none"));
    }
    found.to_str().map(str::to_owned).ok_or_else(|| unusable("is not UTF-8, which a manifest has to be"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_cargo_or_the_code_would_stumble_over_is_refused() {
        for good in ["mine", "my-coordinator", "x2_pc"] {
            assert!(identifier(good).is_ok(), "{good}");
        }
        let long = "x".repeat(65);
        for bad in ["", "2pc", "-x", "My", "a/b", "../x", "a b", "ä", "tokio", "fn", "adapter-tokio", &long]
        {
            assert!(identifier(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_path_is_quoted_as_toml_wants_it() {
        let text = manifest(Kind::Pure, "mine", "/a \"b\"");
        assert!(text.contains(r#"history = { path = "/a \"b\"/crates/history" }"#), "{text}");
    }
}
