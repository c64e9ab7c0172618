//! The command line, as any test binary takes it: with as many filters as one likes, of which libtest-mimic knows one.

use std::env;

use libtest_mimic::{Arguments, Trial};

/// Those options that have a value in the next word.
const WITH_VALUE: [&str; 6] = ["--test-threads", "--logfile", "--skip", "--color", "--format", "-Z"];

/// What the command line asks for.
#[derive(Debug)]
pub(super) struct CommandLine {
    options: Arguments,
    filters: Vec<String>,
}

impl CommandLine {
    /// Ends the program where an option is wrong, or help is asked for.
    pub(super) fn read() -> Self {
        Self::of(env::args_os().map(|word| word.to_string_lossy().into_owned()))
    }

    fn of(words: impl IntoIterator<Item = String>) -> Self {
        let (mut options, mut filters) = (Vec::new(), Vec::new());
        let mut words = words.into_iter();
        // The program.
        options.extend(words.next());
        while let Some(word) = words.next() {
            if word == "--" {
                filters.extend(words.by_ref());
            } else if word.starts_with('-') {
                let value = if WITH_VALUE.contains(&&*word) { words.next() } else { None };
                options.push(word);
                options.extend(value);
            } else {
                filters.push(word);
            }
        }
        Self { options: Arguments::from_iter(options), filters }
    }

    /// What selects those of the tests that any of the filters does.
    pub(super) fn selecting(self, trials: &[Trial]) -> Arguments {
        let Self { options, mut filters } = self;
        if filters.len() < 2 {
            return Arguments { filter: filters.pop(), ..options };
        }
        let by_one = |filter| Arguments { filter: Some(filter), ..options.clone() };
        let each: Vec<Arguments> = filters.into_iter().map(by_one).collect();
        let left_out = trials.iter().filter(|trial| each.iter().all(|one| one.is_filtered_out(trial)));
        // By their whole names, so that they are counted as filtered out.
        let skip = left_out.map(|trial| trial.name().to_owned()).collect();
        Arguments { skip, exact: true, ..options }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&str; 5] = ["a::one", "a::one_more", "a::two", "b::one", "b::three"];

    /// The tests that are left, and the number of threads.
    fn selected(line: &str) -> (Vec<&'static str>, Option<usize>) {
        let trials = ALL.map(|name| Trial::test(name, || Ok(())));
        let words = ["program"].into_iter().chain(line.split_whitespace()).map(str::to_owned);
        let arguments = CommandLine::of(words).selecting(&trials);
        let left = ALL.into_iter().zip(&trials).filter(|(_, trial)| !arguments.is_filtered_out(trial));
        (left.map(|(name, _)| name).collect(), arguments.test_threads)
    }

    #[test]
    fn a_test_is_run_that_any_of_the_filters_selects() {
        for (line, expected) in [
            ("", &ALL[..]),
            ("one", &["a::one", "a::one_more", "b::one"]),
            ("--exact a::one", &["a::one"]),
            ("--exact a::one b::one", &["a::one", "b::one"]),
            ("a::one b::one --exact", &["a::one", "b::one"]),
            ("two three", &["a::two", "b::three"]),
            ("a:: b:: --skip one", &["a::two", "b::three"]),
            ("--skip=one -- a:: b::", &["a::two", "b::three"]),
            ("four five", &[]),
        ] {
            assert_eq!(selected(line), (expected.to_vec(), None), "{line}");
            assert_eq!(selected(&format!("--test-threads 3 {line}")), (expected.to_vec(), Some(3)), "{line}");
        }
    }

    #[test]
    fn the_value_of_an_option_is_no_filter() {
        for option in WITH_VALUE {
            let value = match option {
                "--test-threads" => "2",
                "--color" => "never",
                "--format" => "terse",
                "-Z" => "unstable-options",
                _ => "x",
            };
            assert_eq!(
                selected(&format!("{option} {value} two three")).0,
                ["a::two", "b::three"],
                "{option}"
            );
        }
    }
}
