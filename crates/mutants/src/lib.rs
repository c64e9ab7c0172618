//! Seeded bugs, each of which the suite must catch: what a test bench is worth is measured by the bugs that it finds.
//!
//! Since effects are data, nearly all are something around a healthy coordinator or participant that changes what it
//! hears, says or reads, so that [`Mutant::infect`] gives them to anybody's; a few are variants of the virtual
//! participant. [`hunt`] runs the suite against one of them, [`storm`] a random load.

mod altered;
mod coordinator;
mod hunt;
mod kinds;
mod mutant;
mod participant;
mod storm;
mod waste;

pub use hunt::{Cell, Hunt, Kill, hunt, hunting_ground};
pub use mutant::{Catcher, Host, Mutant};
pub use storm::{Round, Storm, TRANSACTIONS_MAX, round, storm};

/// All mutants: those of the coordinator, then those of participants.
pub fn catalogue() -> Vec<Mutant> {
    [coordinator::catalogue(), participant::catalogue()].concat()
}
