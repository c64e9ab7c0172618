//! Everything at once, and swarms: each seed draws which kinds of fault exist at all.

use harness_core::{Chaos, TestScenario};

use crate::{ALL, contended, mixed, transfers};

/// Nothing is spared.
pub fn all_of_it_conserves_the_total(participants: u32) -> TestScenario {
    transfers(participants, "Everything goes wrong amid transfers.", Chaos::of(ALL))
}

/// Where all meet.
pub fn all_of_it_under_contention_conserves_the_total(participants: u32) -> TestScenario {
    contended(participants, "Everything goes wrong amid updates of few keys.", Chaos::of(ALL))
}

/// With all that a transaction may be.
pub fn all_of_it_of_mixed_transactions_all_end(participants: u32) -> TestScenario {
    mixed(participants, "Everything goes wrong amid transactions of all sorts.", Chaos::of(ALL))
}

/// Fewer kinds at a time go further each.
pub fn swarm_conserves_the_total(participants: u32) -> TestScenario {
    let swarm = Chaos { swarm: true, ..Chaos::of(ALL) };
    transfers(participants, "What goes wrong at all is drawn from the seed, amid transfers.", swarm)
}

/// The same for all sorts.
pub fn swarm_of_mixed_transactions_all_end(participants: u32) -> TestScenario {
    let swarm = Chaos { swarm: true, ..Chaos::of(ALL) };
    mixed(
        participants,
        "What goes wrong at all is drawn from the seed, amid transactions of all sorts.",
        swarm,
    )
}
