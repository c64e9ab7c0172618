//! What runs the scenarios: the simulator, or real databases in a build that knows some.

use std::rc::Rc;

use harness_core::{Backend, TestHarnessConfig, TwoPhaseCommitTestHarness};

use crate::failure::Failure;
#[cfg(feature = "databases")]
use crate::replay::quoted;

/// How many participants a simulation has, if nobody says.
pub(crate) const SIMULATED: u32 = 100;

/// What a build without databases says when it is asked for some.
#[cfg(not(feature = "databases"))]
pub(crate) const NO_DATABASES: &str =
    "this build knows no databases: build with --features cli/postgres,cli/mariadb";

/// What runs the scenarios.
pub(crate) struct Engine {
    /// What has to be typed to have the databases again; nothing for the simulator.
    arguments: String,
    participants: u32,
    databases: Option<Rc<dyn Backend>>,
    /// What would break two-phase commit at the databases that are there already.
    pub(crate) warnings: Vec<String>,
}

impl Engine {
    /// What scenarios of databases run on, if nobody says.
    pub(crate) const DATABASES: [&'static str; 2] = ["postgres", "mariadb"];

    /// Servers of our own of these kinds, or databases that are there already, or the simulator.
    pub(crate) fn new(kinds: &[String], urls: &[String]) -> Result<Self, Failure> {
        if !urls.is_empty() {
            return at(urls);
        }
        if kinds.is_empty() {
            let (arguments, participants) = (String::new(), SIMULATED);
            return Ok(Self { arguments, participants, databases: None, warnings: Vec::new() });
        }
        let arguments = format!(" --backend {}", kinds.join(","));
        let (participants, databases) = (kinds.len() as u32, Some(databases(kinds)?));
        Ok(Self { arguments, participants, databases, warnings: Vec::new() })
    }

    /// Whether runs take real time on real databases.
    pub(crate) fn is_real(&self) -> bool {
        self.databases.is_some()
    }

    /// How many participants there are, if nobody says.
    pub(crate) fn participants(&self) -> u32 {
        self.participants
    }

    /// What has to be typed to have the same again.
    pub(crate) fn arguments(&self) -> &str {
        &self.arguments
    }

    pub(crate) fn harness(&self, seed: u64) -> TwoPhaseCommitTestHarness {
        match &self.databases {
            Some(databases) => TwoPhaseCommitTestHarness::with_backend(seed, Rc::clone(databases)),
            None => {
                TwoPhaseCommitTestHarness::new(TestHarnessConfig { seed, ..TestHarnessConfig::default() })
            }
        }
    }
}

#[cfg(feature = "databases")]
fn databases(named: &[String]) -> Result<Rc<dyn Backend>, Failure> {
    use backends::{Databases, Durability, Kind, Options};

    let kinds = parsed::<Kind>(named)?;
    let options = Options { kinds, durability: Durability::Process };
    Ok(Rc::new(Databases::new(options).map_err(Failure::Databases)?))
}

/// What is named on the command line, kinds of databases or where some are; a wrong word is wrong usage.
#[cfg(feature = "databases")]
pub(crate) fn parsed<T: std::str::FromStr<Err = backends::BackendError>>(
    words: &[String],
) -> Result<Vec<T>, Failure> {
    let parsed: Result<Vec<T>, _> = words.iter().map(|word| word.parse()).collect();
    parsed.map_err(|error| Failure::Usage(error.to_string()))
}

/// Databases that are there already are looked at before anything runs there.
#[cfg(feature = "databases")]
fn at(urls: &[String]) -> Result<Engine, Failure> {
    use backends::{Databases, Url, examine};

    let urls: Vec<Url> = parsed(urls)?;
    let mut named: Vec<String> = urls.iter().map(Url::to_string).collect();
    named.sort_unstable();
    if let Some(pair) = named.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Failure::Usage(format!(
            "{} is named twice: give each participant a database of its own",
            pair[0]
        )));
    }
    let mut warnings = Vec::new();
    for url in &urls {
        let diagnosis = examine(url).map_err(Failure::Databases)?;
        let told =
            |finding: backends::Finding| format!("{url}: {}; fix: {}", finding.problem, finding.remedy);
        warnings.extend(diagnosis.findings.into_iter().map(told));
    }
    let databases: Rc<dyn Backend> = Rc::new(Databases::at(&urls).map_err(Failure::Databases)?);
    let (arguments, participants) = (arguments_of(&urls), urls.len() as u32);
    Ok(Engine { arguments, participants, databases: Some(databases), warnings })
}

/// What names these databases in a shell, but for their passwords: those are for whoever types it again.
#[cfg(feature = "databases")]
fn arguments_of(urls: &[backends::Url]) -> String {
    urls.iter().map(|url| format!(" --url {}", quoted(&url.to_string()))).collect()
}

#[cfg(not(feature = "databases"))]
fn at(_urls: &[String]) -> Result<Engine, Failure> {
    Err(Failure::Usage(NO_DATABASES.to_owned()))
}

#[cfg(not(feature = "databases"))]
fn databases(_named: &[String]) -> Result<Rc<dyn Backend>, Failure> {
    Err(Failure::Usage(NO_DATABASES.to_owned()))
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_each_url() {
        let named = ["postgres://me:secret@there/a", "postgres://me@there/it's"].map(str::to_owned);
        let urls = parsed(&named).expect("they are urls");
        let told = r" --url postgres://me@there:5432/a --url 'postgres://me@there:5432/it'\''s'";
        assert_eq!(arguments_of(&urls), told);
    }
}
