//! The rules of this project that no other tool knows, one idea a file. Function sizes are not among
//! them: clippy counts those, with the threshold in `clippy.toml`.

mod arrows;
mod docs;
mod escapes;
mod files;
mod lints;
mod manifest;
mod names;
mod sizes;
mod source;

use std::fmt;
use std::fs;
use std::path::Path;

use manifest::Manifest;
use source::Source;

/// A place that breaks a rule, what is wrong with it, and what to do instead.
#[derive(Debug, PartialEq)]
pub(crate) struct Violation {
    path: String,
    line: usize,
    wrong: String,
    remedy: String,
}

impl Violation {
    fn new(path: &str, line: usize, wrong: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, wrong: wrong.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}; {}", self.path, self.line, self.wrong, self.remedy)
    }
}

/// All violations below `root`, ordered by path and line. `Err` means that the check did not happen.
pub(crate) fn check(root: &Path) -> Result<Vec<Violation>, String> {
    let paths = files::below(root).map_err(|error| format!("cannot list {}: {error}", root.display()))?;
    let mut violations = Vec::new();
    for path in paths {
        let text =
            fs::read_to_string(root.join(&path)).map_err(|error| format!("cannot read {path}: {error}"))?;
        let mut found = if path.ends_with(".rs") {
            check_source(&Source::new(&path, &text))
        } else {
            check_manifest(&path, &text)
        };
        found.sort_by_key(|violation| violation.line);
        violations.append(&mut found);
    }
    Ok(violations)
}

fn check_source(source: &Source) -> Vec<Violation> {
    let mut violations = docs::check(source);
    violations.extend(sizes::check(source));
    violations.extend(names::check(source));
    violations.extend(escapes::check(source));
    violations
}

fn check_manifest(path: &str, text: &str) -> Vec<Violation> {
    match Manifest::parse(path, text) {
        Ok(Some(manifest)) => {
            let mut violations = arrows::check(&manifest);
            violations.extend(lints::check(&manifest));
            violations
        }
        Ok(None) => Vec::new(),
        Err(violation) => vec![violation],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        let violations = check(&crate::workspace_root()).expect("the workspace is readable");
        let lines: Vec<String> = violations.iter().map(Violation::to_string).collect();
        assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
    }

    #[test]
    fn every_rule_for_sources_is_applied() {
        let text = format!("#[ignore]\nfn helper() {{}}\n{}", "\n".repeat(400));
        let lines: Vec<usize> =
            check_source(&Source::new("src/lib.rs", &text)).iter().map(|violation| violation.line).collect();
        assert_eq!(lines, [1, 401, 2, 1], "docs, size, name, escape");
    }

    #[test]
    fn every_rule_for_manifests_is_applied() {
        let text = "[package]\nname = 'history'\n[dependencies]\nprotocol.workspace = true\n";
        let lines: Vec<usize> =
            check_manifest("Cargo.toml", text).iter().map(|violation| violation.line).collect();
        assert_eq!(lines, [4, 1], "arrow, lints");
    }

    #[test]
    fn a_violation_prints_its_place_its_fault_and_its_remedy() {
        let violation = Violation::new("src/lib.rs", 7, "this is wrong", "do that");
        assert_eq!(violation.to_string(), "src/lib.rs:7: this is wrong; do that");
    }
}
