//! Rust text as the rules see it: words, punctuation and comments, each with its line. What stands in a
//! string, a character or a number is left out, so that no rule mistakes it for code. Not a parser.

use std::mem;

/// One source file.
pub(super) struct Source<'a> {
    /// From the root of the workspace.
    pub(super) path: &'a str,
    pub(super) text: &'a str,
    pub(super) tokens: Vec<Token<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// An identifier or a keyword; a raw identifier without its `r#`.
    Word,
    /// A single character of punctuation.
    Mark,
    /// One line of a comment, with its slashes and stars.
    Comment,
}

impl<'a> Source<'a> {
    pub(super) fn new(path: &'a str, text: &'a str) -> Self {
        let mut scanner = Scanner { rest: text, line: 1, tokens: Vec::new() };
        while !scanner.rest.is_empty() {
            scanner.step();
        }
        Self { path, text, tokens: scanner.tokens }
    }
}

struct Scanner<'a> {
    rest: &'a str,
    line: usize,
    tokens: Vec<Token<'a>>,
}

impl<'a> Scanner<'a> {
    fn step(&mut self) {
        let first = self.rest.chars().next().expect("the caller checked that something is left");
        if self.rest.starts_with("//") {
            let length = self.rest.find('\n').unwrap_or(self.rest.len());
            self.comment(length);
        } else if self.rest.starts_with("/*") {
            let length = block_comment_length(self.rest);
            self.comment(length);
        } else if let Some(length) = literal_length(self.rest) {
            self.take(length);
        } else if self.rest.starts_with("r#") {
            // A raw identifier: raw strings were taken above.
            self.take(2);
        } else if first.is_alphanumeric() || first == '_' {
            let length = word_length(self.rest);
            // A number is no word; its exponent's sign and its point are punctuation that nobody asks for.
            let kind = (!first.is_ascii_digit()).then_some(Kind::Word);
            self.push_if(kind, length);
        } else {
            let kind = (!first.is_whitespace()).then_some(Kind::Mark);
            self.push_if(kind, first.len_utf8());
        }
    }

    fn push_if(&mut self, kind: Option<Kind>, length: usize) {
        let line = self.line;
        let text = self.take(length);
        self.tokens.extend(kind.map(|kind| Token { kind, text, line }));
    }

    fn comment(&mut self, length: usize) {
        let first = self.line;
        let lines = self.take(length).lines().zip(first..);
        self.tokens.extend(lines.map(|(text, line)| Token { kind: Kind::Comment, text, line }));
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }
}

fn word_length(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// Comments nest.
fn block_comment_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of a string, a character or a lifetime at the start of `text`, whatever its prefix.
fn literal_length(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r", "b", "c", ""]
        .into_iter()
        .find(|prefix| text.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(['"', '\'', '#'])))?;
    let body = &text[prefix.len()..];
    let length = if prefix.ends_with('r') {
        raw_string_length(body)?
    } else if body.starts_with('"') {
        escaped_length(body, '"')
    } else if body.starts_with('\'') {
        character_length(body)
    } else {
        return None;
    };
    Some(prefix.len() + length)
}

fn raw_string_length(text: &str) -> Option<usize> {
    let hashes = text.len() - text.trim_start_matches('#').len();
    let body = text[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", &text[..hashes]);
    let inside = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(hashes + 1 + inside)
}

/// Up to the closing `quote`; a backslash takes the quote after it along.
fn escaped_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        if !mem::take(&mut escaped) {
            if character == quote {
                return at + 1;
            }
            escaped = character == '\\';
        }
    }
    text.len()
}

fn character_length(text: &str) -> usize {
    let mut characters = text[1..].chars();
    match (characters.next(), characters.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => escaped_length(text, '\''),
        _ => 1 + word_length(&text[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words and marks as they are, comments in brackets.
    fn rendered(text: &str) -> String {
        let tokens = Source::new("src/lib.rs", text).tokens;
        let parts: Vec<String> = tokens
            .iter()
            .map(|token| match token.kind {
                Kind::Comment => format!("[{}]", token.text),
                Kind::Word | Kind::Mark => token.text.to_owned(),
            })
            .collect();
        parts.join(" ")
    }

    #[test]
    fn words_and_marks_are_told_apart() {
        assert_eq!(rendered("pub fn été_2(x: u8) -> [u8; 12_usize]"), "pub fn été_2 ( x : u8 ) - > [ u8 ; ]");
        assert_eq!(rendered("r#type + rest + b + br"), "type + rest + b + br");
    }

    #[test]
    fn strings_hold_no_code() {
        for literal in [
            r#""todo""#,
            r#""a \" todo""#,
            r#""\\""#,
            r#"b"todo""#,
            r#"c"todo""#,
            r#"r"\""#,
            r##"r#"a " todo"#"##,
            r##"br#"todo"#"##,
            "\"// todo\"",
            "\"/* todo\"",
        ] {
            assert_eq!(rendered(&format!("a {literal} z")), "a z", "{literal}");
        }
    }

    #[test]
    fn characters_and_lifetimes_hold_no_code() {
        for literal in ["'a'", r"'\''", r"'\\'", r"'\u{1F600}'", "'\"'", "b'a'", "'é'", "'a", "'_", "'static"]
        {
            assert_eq!(rendered(&format!("a {literal} z")), "a z", "{literal}");
        }
        assert_eq!(rendered("fn f<'a>(x: &'a str)"), "fn f < > ( x : & str )");
    }

    #[test]
    fn comments_are_kept_line_by_line() {
        assert_eq!(rendered("a // \"b\nc"), "a [// \"b] c");
        assert_eq!(rendered("a /* b /* c */ \" */ d"), "a [/* b /* c */ \" */] d");
        assert_eq!(rendered("/* a\nb */ c"), "[/* a] [b */] c");
    }

    #[test]
    fn lines_are_counted_through_comments_and_strings() {
        let tokens = Source::new("src/lib.rs", "a\n/* b\nc */ \"\n\n\" d\n'\\n' e").tokens;
        let lines: Vec<_> = tokens.iter().map(|token| (token.text, token.line)).collect();
        assert_eq!(lines, [("a", 1), ("/* b", 2), ("c */", 3), ("d", 5), ("e", 6)]);
    }

    #[test]
    fn text_cut_short_anywhere_is_scanned_to_its_end() {
        let text = "fn f() { /* /* */ */ \"a\\\"\" r#\"b\"# 'c' '\\'' b'd' 'e // é\n }";
        for (at, _) in text.char_indices() {
            let lines = Source::new("src/lib.rs", &text[..at]).tokens.len();
            assert!(lines <= at, "{at}");
        }
    }
}
