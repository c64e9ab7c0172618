//! Ways round a check, which this project does without: tests that do not run or that pass by
//! panicking, lints silenced without a reason, and work left for later.

use super::Violation;
use super::source::{Kind, Source, Token};

/// Attributes, with what to do instead.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("ignore", "make the test fast, give it `sweep`, `scale` or `soak` in its name, or delete it"),
    ("should_panic", "return the failure as a value and assert on it"),
    ("allow", "write `#[expect(lint, reason = \"...\")]` on the smallest item"),
];

const MACROS: &[&str] = &["todo", "unimplemented"];
const MARKS: &[&str] = &["TODO", "FIXME"];

const FINISH: &str = "finish it, or open an issue and leave no trace here";

pub(super) fn check(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (index, token) in source.tokens.iter().enumerate() {
        let following = &source.tokens[index..];
        for name in attribute_names(following) {
            if let Some((_, remedy)) = ATTRIBUTES.iter().find(|(banned, _)| *banned == name.text) {
                let wrong = format!("the attribute `{}` hides what a check would find", name.text);
                violations.push(Violation::new(source.path, name.line, wrong, *remedy));
            }
        }
        if MACROS.contains(&token.text) && is_call_of_macro(following) {
            let wrong = format!("`{}!` is a panic that waits", token.text);
            violations.push(Violation::new(source.path, token.line, wrong, FINISH));
        }
        if let Some(mark) = MARKS.iter().find(|mark| has_word(token.text, mark)) {
            violations.push(Violation::new(
                source.path,
                token.line,
                format!("{mark} is work left behind"),
                FINISH,
            ));
        }
    }
    violations
}

/// The names in an attribute that starts here: its own, or all that a `cfg_attr` mentions.
fn attribute_names<'a>(tokens: &'a [Token<'a>]) -> Vec<&'a Token<'a>> {
    let inside = match tokens {
        [hash, bang, open, inside @ ..] if (hash.text, bang.text, open.text) == ("#", "!", "[") => inside,
        [hash, open, inside @ ..] if (hash.text, open.text) == ("#", "[") => inside,
        _ => return Vec::new(),
    };
    let taken = match inside.first() {
        Some(first) if first.text == "cfg_attr" => {
            inside.iter().position(|token| token.text == "]").unwrap_or(0)
        }
        _ => 1,
    };
    inside.iter().take(taken).filter(|token| token.kind == Kind::Word).collect()
}

fn is_call_of_macro(tokens: &[Token]) -> bool {
    // `todo != done` has a bang too.
    matches!(tokens, [_, bang, open, ..] if bang.text == "!" && ["(", "[", "{"].contains(&open.text))
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).any(|one| one == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        check(&Source::new("src/lib.rs", text)).iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn tests_are_neither_ignored_nor_expected_to_panic() {
        for bad in
            ["#[ignore]", "#[ignore = \"slow\"]", "#[should_panic]", "#[should_panic(expected = \"x\")]"]
        {
            assert_eq!(lines(&format!("#[test]\n{bad}\nfn f() {{}}")), [2], "{bad}");
        }
        assert_eq!(lines("#[cfg_attr(debug_assertions, ignore)]\nfn f() {}"), [1]);
        assert_eq!(lines("#[test]\nfn ignore() { ignore(should_panic); }"), []);
    }

    #[test]
    fn lints_are_expected_with_a_reason_and_never_allowed() {
        for bad in ["#[allow(dead_code)]", "#![allow(dead_code)]", "#[cfg_attr(test, allow(dead_code))]"] {
            assert_eq!(lines(&format!("\n{bad}\nfn f() {{}}")), [2], "{bad}");
        }
        for good in
            ["#[expect(dead_code, reason = \"allow\")]", "#[derive(Clone)]", "#[doc(alias = \"allow\")]"]
        {
            assert_eq!(lines(&format!("\n{good}\nstruct S;")), [], "{good}");
        }
    }

    #[test]
    fn nothing_is_left_to_do() {
        for bad in ["todo!()", "todo!(\"later\")", "todo! {}", "unimplemented!()", "std::todo![]"] {
            assert_eq!(lines(&format!("fn f() {{\n{bad}\n}}")), [2], "{bad}");
        }
        for good in ["todo != 1", "todo()", "\"todo!()\"", "unreachable!()", "/* todo!() */"] {
            assert_eq!(lines(&format!("fn f() {{\n{good}\n}}")), [], "{good}");
        }
    }

    #[test]
    fn no_comment_promises_work() {
        for bad in ["// TODO: later", "/* later: FIXME */", "/// TODO(me)", "/*\n*/ // FIXME"] {
            assert_eq!(lines(bad).len(), 1, "{bad}");
        }
        for good in ["// TODOS are not the mark", "// to do", "const S: &str = \"TODO\";"] {
            assert_eq!(lines(good), [], "{good}");
        }
    }
}
