//! What runs the scenarios: the simulator, or real databases in a build that knows some.

use std::rc::Rc;

use harness_core::{Backend, TestHarnessConfig, TwoPhaseCommitTestHarness};

use crate::failure::Failure;

/// How many participants a simulation has, if nobody says.
const SIMULATED: u32 = 100;

/// What a build without databases says when it is asked for some.
#[cfg(not(feature = "databases"))]
pub(crate) const NO_DATABASES: &str =
    "this build knows no databases: build with --features cli/postgres,cli/mariadb";

/// What runs the scenarios.
pub(crate) struct Engine {
    /// The databases that were named; none for the simulator.
    named: Vec<String>,
    databases: Option<Rc<dyn Backend>>,
}

impl Engine {
    /// What scenarios of databases run on, if nobody says.
    pub(crate) const DATABASES: [&'static str; 2] = ["postgres", "mariadb"];

    pub(crate) fn new(named: &[String]) -> Result<Self, Failure> {
        let databases = if named.is_empty() { None } else { Some(databases(named)?) };
        Ok(Self { named: named.to_vec(), databases })
    }

    /// Whether runs take real time on real databases.
    pub(crate) fn is_real(&self) -> bool {
        self.databases.is_some()
    }

    /// How many participants there are, if nobody says.
    pub(crate) fn participants(&self) -> u32 {
        if self.is_real() { self.named.len() as u32 } else { SIMULATED }
    }

    /// What has to be typed to have the same again.
    pub(crate) fn arguments(&self) -> String {
        if self.is_real() { format!(" --backend {}", self.named.join(",")) } else { String::new() }
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

    let kinds = named.iter().map(|name| name.parse::<Kind>()).collect::<Result<Vec<_>, _>>();
    let wrong = |error: backends::BackendError| Failure::Usage(error.to_string());
    let options = Options { kinds: kinds.map_err(wrong)?, durability: Durability::Process };
    Ok(Rc::new(Databases::new(options).map_err(wrong)?))
}

#[cfg(not(feature = "databases"))]
fn databases(_named: &[String]) -> Result<Rc<dyn Backend>, Failure> {
    Err(Failure::Usage(NO_DATABASES.to_owned()))
}
