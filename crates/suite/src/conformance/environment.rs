//! What the environment says, and the command that says it again.

use std::env;
use std::path::Path;
use std::str::FromStr;

use harness_core::{FailureInjector, PARTICIPANTS_MAX};

/// Which runs are asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Environment {
    pub(super) seed: u64,
    seeds: u64,
    pub(super) participants: u32,
}

const PARTICIPANTS: u32 = 3;

impl Environment {
    pub(super) fn read() -> Result<Self, String> {
        // Each run reads them; here they are only checked.
        FailureInjector::faults_of_environment().map_err(|error| error.to_string())?;
        let environment = Self {
            seed: number("SEED", 0, 0, u64::MAX)?,
            seeds: number("SEEDS", 1, 1, u64::MAX)?,
            participants: number("PARTICIPANTS", PARTICIPANTS, 1, PARTICIPANTS_MAX)?,
        };
        environment.seed_last().map(|_| environment)
    }

    pub(super) fn seeds(self) -> impl Iterator<Item = u64> {
        self.seed..=self.seed_last().expect("it was checked when it was read")
    }

    fn seed_last(self) -> Result<u64, String> {
        let Self { seed, seeds, .. } = self;
        seed.checked_add(seeds - 1).ok_or_else(|| {
            format!("SEEDS={seeds} from SEED={seed} on go past the last one, {}: use fewer", u64::MAX)
        })
    }
}

fn number<N: FromStr + PartialOrd + std::fmt::Display>(
    name: &str,
    otherwise: N,
    least: N,
    most: N,
) -> Result<N, String> {
    let Some(text) = env::var_os(name) else { return Ok(otherwise) };
    let number = text.to_str().and_then(|text| text.parse().ok());
    number.filter(|number| (&least..=&most).contains(&number)).ok_or_else(|| {
        format!("{name}={} cannot be: use a whole number from {least} to {most}", text.display())
    })
}

/// How this test binary is run again.
#[derive(Clone, Debug)]
pub(super) struct Replay {
    /// Variables of the environment, as one would type them.
    variables: String,
    /// Up to the name of the test.
    program: String,
    /// Behind it.
    end: &'static str,
}

impl Replay {
    /// Tells from the environment whether cargo, nextest or nobody has started this program.
    pub(super) fn here(repeated: &[String]) -> Self {
        let repeated = repeated.iter().map(String::as_str).chain(["FAILPOINTS"]);
        let variables =
            repeated.filter_map(|name| Some(format!("{name}={} ", quoted(&env::var(name).ok()?))));
        let variables = variables.collect();
        let program = env::args().next().unwrap_or_default();
        let binary = Path::new(&program).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let target = binary.rsplit_once('-').map_or(binary, |(target, _hash)| target);
        match env::var("CARGO_PKG_NAME") {
            Ok(package) if env::var_os("NEXTEST").is_some() => Self {
                variables,
                program: format!("cargo nextest run -p {package} --test {target} -E 'test(="),
                end: ")'",
            },
            Ok(package) => Self {
                variables,
                program: format!("cargo test -p {package} --test {target} -- --exact "),
                end: "",
            },
            Err(_) => Self { variables, program: format!("{} --exact ", quoted(&program)), end: "" },
        }
    }

    pub(super) fn command(&self, test: &str, environment: Environment, seed: u64) -> String {
        let Self { variables, program, end } = self;
        let participants = match environment.participants {
            PARTICIPANTS => String::new(),
            other => format!("PARTICIPANTS={other} "),
        };
        format!("to see it again: {variables}{participants}SEED={seed} {program}{test}{end}")
    }
}

/// A word as a shell reads it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_end_with_the_last_there_is() {
        let seeds = |seeds| Environment { seed: u64::MAX - 1, seeds, participants: 3 };
        assert_eq!(seeds(2).seeds().collect::<Vec<u64>>(), [u64::MAX - 1, u64::MAX]);
        let reason =
            "SEEDS=3 from SEED=18446744073709551614 on go past the last one, 18446744073709551615: use fewer";
        assert_eq!(seeds(3).seed_last(), Err(reason.to_owned()));
    }

    #[test]
    fn a_command_says_what_is_not_as_always() {
        let replay = Replay { variables: "BUG=x ".to_owned(), program: "run ".to_owned(), end: ")" };
        let environment = Environment { seed: 0, seeds: 3, participants: 3 };
        assert_eq!(replay.command("a::b", environment, 7), "to see it again: BUG=x SEED=7 run a::b)");
        let environment = Environment { participants: 10, ..environment };
        assert_eq!(
            replay.command("a::b", environment, 7),
            "to see it again: BUG=x PARTICIPANTS=10 SEED=7 run a::b)"
        );
    }

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        assert_eq!(quoted("a=b/c"), "a=b/c");
        assert_eq!(quoted("1*return(crash 50)"), "'1*return(crash 50)'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
