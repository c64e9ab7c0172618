//! The command that runs the same again, ready to be pasted into a shell.

use std::borrow::Cow;

/// What the program was told, beside its name.
#[derive(Clone, Debug)]
pub(crate) struct Replay {
    /// The `FAILPOINTS` of the environment.
    pub(crate) failpoints: Option<String>,
    /// Command and options.
    pub(crate) arguments: String,
}

impl Replay {
    /// As it goes into a result, which may be read on another machine.
    pub(crate) fn anywhere(&self) -> String {
        self.of("2pc-test")
    }

    /// As it goes onto the screen: with the program where it was found this time.
    pub(crate) fn here(&self) -> String {
        let program = std::env::args().next().unwrap_or_else(|| "2pc-test".to_owned());
        self.of(&quoted(&program))
    }

    fn of(&self, program: &str) -> String {
        match &self.failpoints {
            Some(failpoints) => {
                format!("FAILPOINTS={} {program} {}", always_quoted(failpoints), self.arguments)
            }
            None => format!("{program} {}", self.arguments),
        }
    }
}

/// A word as a shell reads it.
pub(crate) fn quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) { word.into() } else { always_quoted(word).into() }
}

fn always_quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_each_word() {
        assert_eq!(quoted("target/release/2pc-test"), "target/release/2pc-test");
        assert_eq!(quoted("/home/o'neill/2pc test"), r"'/home/o'\''neill/2pc test'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn fail_points_of_the_environment_are_part_of_the_command() {
        let failpoints = Some("coordinator::before_decision_forced=1*return(crash)".to_owned());
        let replay = Replay { failpoints, arguments: "run-scenario x".to_owned() };
        insta::assert_snapshot!(
            replay.anywhere(),
            @"FAILPOINTS='coordinator::before_decision_forced=1*return(crash)' 2pc-test run-scenario x"
        );
    }
}
