//! Words that say nothing in the name of a file, a type or a function: such a name fits anything, and
//! so anything ends up there. Variables are free.

use super::Violation;
use super::source::{Kind, Source, Token};

const BANNED: &[&str] =
    &["manager", "helper", "util", "common", "misc", "data", "info", "processor", "wrapper"];

/// The keywords before a name that the file declares.
const DECLARES: &[&str] = &["fn", "struct", "enum", "union", "trait", "type", "mod"];

pub(super) fn check(source: &Source) -> Vec<Violation> {
    let mut violations = Vec::new();
    for part in source.path.split('/') {
        violations.extend(judge(source.path, 1, "path", part));
    }
    let code: Vec<&Token> = source.tokens.iter().filter(|token| token.kind != Kind::Comment).collect();
    let mut index = 0;
    while index < code.len() {
        if let Some(after) = end_of_trait_impl(&code, index) {
            index = after;
            continue;
        }
        if let Some(name) = declared(&code[index..]) {
            violations.extend(judge(source.path, name.line, "name", name.text));
        }
        index += 1;
    }
    violations
}

fn judge(path: &str, line: usize, what: &str, name: &str) -> Option<Violation> {
    let word = words(name).into_iter().find(|word| {
        // "metadata" and "dataset" are words of their own; a plural is not.
        let singular = word.strip_suffix('s').unwrap_or(word);
        BANNED.contains(&word.as_str()) || BANNED.contains(&singular)
    })?;
    let wrong = format!("the {what} {name:?} contains {word:?}, a word that says nothing");
    Some(Violation::new(path, line, wrong, "name it after the one thing it is or does"))
}

/// The name declared by a keyword at the start of `code`.
fn declared<'a>(code: &[&'a Token<'a>]) -> Option<&'a Token<'a>> {
    match code {
        [keyword, name, ..] if DECLARES.contains(&keyword.text) && name.kind == Kind::Word => Some(name),
        [keyword, bang, name, ..] if keyword.text == "macro_rules" && bang.text == "!" => Some(name),
        _ => None,
    }
}

/// The index after a trait's implementation that starts at `start`. Its names are the trait's: judged
/// where the trait is declared if it is ours, and beyond our choice if it is not.
fn end_of_trait_impl(code: &[&Token], start: usize) -> Option<usize> {
    let at_item = start == 0 || ["}", "{", ";", "]", "unsafe"].contains(&code[start - 1].text);
    if code[start].text != "impl" || !at_item {
        return None;
    }
    let open = start + code[start..].iter().position(|token| token.text == "{")?;
    // `for<'a>` binds a lifetime; any other `for` in the head separates trait and type.
    let is_of_trait = code[start..=open].windows(2).any(|pair| pair[0].text == "for" && pair[1].text != "<");
    if !is_of_trait {
        return None;
    }
    let mut depth = 0_usize;
    for (index, token) in code.iter().enumerate().skip(open) {
        match token.text {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(index + 1);
        }
    }
    None
}

/// The words of a name in snake, kebab or camel case, in lower case.
fn words(name: &str) -> Vec<String> {
    let characters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (index, &character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).map(|index| characters[index]);
        let next_is_lower = characters.get(index + 1).is_some_and(|next| next.is_lowercase());
        let starts_hump =
            character.is_uppercase() && before.is_some_and(|before| !before.is_uppercase() || next_is_lower);
        if starts_hump || !character.is_alphabetic() {
            words.push(String::new());
        }
        if character.is_alphabetic() {
            words.last_mut().expect("there is always a word").extend(character.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Source::new(path, text)).iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn names_are_split_at_underscores_hyphens_humps_and_digits() {
        assert_eq!(words("lock_table"), ["lock", "table"]);
        assert_eq!(words("LockTable"), ["lock", "table"]);
        assert_eq!(words("XAManager"), ["xa", "manager"]);
        assert_eq!(words("data2"), ["data"]);
        assert_eq!(words("harness-core.rs"), ["harness", "core", "rs"]);
    }

    #[test]
    fn each_banned_word_is_found_whatever_the_case_and_number() {
        for word in BANNED {
            assert_eq!(lines("src/lib.rs", &format!("\nfn lock_{word}() {{}}")), [2], "{word}");
            assert_eq!(lines("src/lib.rs", &format!("\nfn {word}s_of_lock() {{}}")), [2], "{word}");
            assert_eq!(lines(&format!("src/{word}.rs"), ""), [1], "{word}");
        }
        assert_eq!(lines("src/locks.rs", "fn lock_table() {}"), []);
    }

    #[test]
    fn every_kind_of_declaration_is_judged() {
        for bad in [
            "pub(crate) const fn info() {}",
            "struct LockInfo;",
            "enum LockInfo {}",
            "union LockInfo {}",
            "trait LockInfo {}",
            "type LockInfo = u8;",
            "mod info {}",
            "macro_rules! info { () => {} }",
            "impl Lock { fn info(&self) {} }",
            "impl<T: for<'a> F<'a>> Lock<T> { fn info(&self) {} }",
            "trait Lock { fn info(&self); }",
            "impl Lock for Table {} fn info() {}",
        ] {
            assert_eq!(lines("src/lib.rs", bad), [1], "{bad}");
        }
    }

    #[test]
    fn words_that_only_contain_one_and_names_declared_elsewhere_are_free() {
        for good in [
            "fn metadata() {}",
            "fn uncommonly_informed() {}",
            "fn f() { let data = info(); tracing::info!(\"data\"); }",
            "fn f(data: fn(u8)) {}",
            "// fn info() {}",
            "const TEXT: &str = \"fn info() {}\";",
            "impl Body for Table { type Data = u8; fn poll_data(&self) {} }",
            "unsafe impl Body for Table { type Data = u8; }",
            "#[cfg(unix)] impl<T> Body for Table<T> where T: for<'a> F<'a> { type Data = u8; }",
        ] {
            assert_eq!(lines("src/lib.rs", good), [], "{good}");
        }
    }

    #[test]
    fn folders_are_judged_too() {
        assert_eq!(lines("crates/suite/tests/common/mod.rs", ""), [1]);
        assert_eq!(lines("crates/suite/tests/suite/main.rs", ""), []);
    }
}
