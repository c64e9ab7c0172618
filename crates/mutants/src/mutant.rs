//! One entry of the catalogue: a bug, and what must catch it.

use std::fmt;
use std::rc::Rc;

use harness_core::{Cast, Locking, Property, VirtualParticipant};

use crate::altered::{Altered, Bug};

/// A seeded bug.
#[derive(Clone)]
pub struct Mutant {
    /// Says the bug, in snake case.
    pub name: &'static str,
    /// The same in one sentence.
    pub bug: &'static str,
    /// Where such a bug was seen.
    pub seen: Option<&'static str>,
    /// What must catch it.
    pub caught_by: Catcher,
    /// What must catch it where nobody sees what logs hold: the same, unless that is about logs.
    pub caught_without_log: Catcher,
    /// Who has it.
    pub host: Host,
    infect: Rc<dyn Fn(Cast) -> Cast>,
}

/// Who has a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// The coordinator.
    Coordinator,
    /// Every participant.
    Participant,
}

/// What catches a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Catcher {
    /// A property that is broken.
    Property(Property),
    /// What a scenario expects: no promise is broken, but work is done that need not be, or never ends.
    Expectation,
}

impl From<Property> for Catcher {
    fn from(property: Property) -> Self {
        Self::Property(property)
    }
}

impl fmt::Display for Catcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Property(property) => property.fmt(f),
            Self::Expectation => f.pad("expectation"),
        }
    }
}

impl Mutant {
    /// Gives the bug to a cast, whoever plays in it. Bugs in how participants lock are variants of the virtual
    /// participant, and take the place of others.
    pub fn infect(&self, cast: Cast) -> Cast {
        (self.infect)(cast)
    }

    /// No bug at all, in the same disguise: what it is suspected of is the disguise's fault.
    pub fn none() -> Self {
        struct Nothing;
        impl Bug for Nothing {}
        let around = |inside| Altered::new(inside, Box::new(Nothing));
        let infect = move |cast: Cast| {
            let cast = cast.around_coordinator(around);
            cast.around_participant(|inside| Altered::new(inside, Box::new(Nothing)))
        };
        let (caught_by, host) = (Catcher::Expectation, Host::Coordinator);
        Self {
            name: "none",
            bug: "There is none.",
            seen: None,
            caught_by,
            caught_without_log: caught_by,
            host,
            infect: Rc::new(infect),
        }
    }

    /// Where nobody sees what logs hold, this must catch it.
    pub(crate) fn without_log(self, caught_by: impl Into<Catcher>) -> Self {
        Self { caught_without_log: caught_by.into(), ..self }
    }

    /// Such a bug was seen there.
    pub(crate) fn seen(self, source: &'static str) -> Self {
        Self { seen: Some(source), ..self }
    }
}

/// A bug of the coordinator.
pub(crate) fn coordinator<B: Bug + 'static>(
    name: &'static str,
    bug: &'static str,
    caught_by: impl Into<Catcher>,
    build: fn() -> B,
) -> Mutant {
    let infect =
        move |cast: Cast| cast.around_coordinator(move |inside| Altered::new(inside, Box::new(build())));
    let caught_by = caught_by.into();
    Mutant {
        name,
        bug,
        seen: None,
        caught_by,
        caught_without_log: caught_by,
        host: Host::Coordinator,
        infect: Rc::new(infect),
    }
}

/// A bug of every participant.
pub(crate) fn participant<B: Bug + 'static>(
    name: &'static str,
    bug: &'static str,
    caught_by: impl Into<Catcher>,
    build: fn() -> B,
) -> Mutant {
    let infect =
        move |cast: Cast| cast.around_participant(move |inside| Altered::new(inside, Box::new(build())));
    let caught_by = caught_by.into();
    Mutant {
        name,
        bug,
        seen: None,
        caught_by,
        caught_without_log: caught_by,
        host: Host::Participant,
        infect: Rc::new(infect),
    }
}

/// A bug in how participants lock.
pub(crate) fn locking(
    name: &'static str,
    bug: &'static str,
    caught_by: impl Into<Catcher>,
    locking: Locking,
) -> Mutant {
    let infect = move |cast: Cast| {
        cast.with_participant(move |id, config| VirtualParticipant::new(id, *config).locking(locking))
    };
    let caught_by = caught_by.into();
    Mutant {
        name,
        bug,
        seen: None,
        caught_by,
        caught_without_log: caught_by,
        host: Host::Participant,
        infect: Rc::new(infect),
    }
}

impl fmt::Debug for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
