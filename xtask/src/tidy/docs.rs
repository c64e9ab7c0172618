//! Each source file opens by saying what it is for. Whether it says so well is for its reader to judge.

use super::Violation;
use super::source::{Kind, Source};

pub(super) fn check(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    let opens = source.text.strip_prefix("//!").and_then(|rest| rest.lines().next());
    if opens.is_none_or(|sentence| sentence.trim().is_empty()) {
        let remedy =
            "say what the file is for, and what it does not do, in a `//!` comment on its first line";
        violations.push(Violation::new(source.path, 1, "the file does not open with documentation", remedy));
    }
    for token in source.tokens.iter().filter(|token| token.kind == Kind::Comment) {
        let fence = token.text.trim_start_matches(['/', '!', '*']).trim_start().strip_prefix("```");
        if fence.is_some_and(|language| language.split(',').any(|word| word.trim() == "ignore")) {
            let remedy = "make it compile, or mark it `no_run`, `compile_fail` or `text`";
            violations.push(Violation::new(source.path, token.line, "a doc example is ignored", remedy));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        check(&Source::new("src/lib.rs", text)).iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn a_file_opens_with_module_docs() {
        assert_eq!(lines("//! What it is for.\nfn f() {}\n"), []);
        for bad in [
            "",
            "// What it is for.\n",
            "/// What it is for.\nfn f() {}\n",
            "\n//! Late.\n",
            "//!\n//! Late.\n",
        ] {
            assert_eq!(lines(bad), [1], "{bad:?}");
        }
    }

    #[test]
    fn a_doc_example_compiles() {
        for good in ["```", "```no_run", "```text", "ignore", "`ignore`"] {
            assert_eq!(lines(&format!("//! Top.\n/// {good}\nfn f() {{}}\n")), [], "{good}");
        }
        for bad in ["```ignore", "```rust,ignore", "``` rust, ignore"] {
            assert_eq!(lines(&format!("//! Top.\n/// {bad}\nfn f() {{}}\n")), [2], "{bad}");
        }
    }
}
