//! A file holds one idea, and one idea fits in 400 lines, its unit tests included. Function sizes are
//! clippy's (`too_many_lines`).

use super::Violation;
use super::source::Source;

const LINES_MAX: usize = 400;

pub(super) fn check(source: &Source) -> Option<Violation> {
    let lines = source.text.lines().count();
    (lines > LINES_MAX).then(|| {
        let wrong = format!("the file has {lines} lines, {LINES_MAX} is the most");
        let remedy = "split it by idea, or move its unit tests into a sibling `tests.rs`";
        Violation::new(source.path, LINES_MAX + 1, wrong, remedy)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_at_most_400_lines() {
        let text = "\n".repeat(LINES_MAX);
        assert_eq!(check(&Source::new("src/lib.rs", &text)), None);
        let text = "\n".repeat(LINES_MAX + 1);
        let violation = check(&Source::new("src/lib.rs", &text)).expect("it has a line too many");
        assert_eq!(violation.line, 401);
    }
}
