//! Real databases, as a user runs them: servers of our own, killed and started again.

mod on_databases;

use backends::{Databases, Durability, Kind, Options};

fn databases(kinds: &[Kind], durability: Durability) -> Databases {
    Databases::new(Options { kinds: kinds.to_vec(), durability }).expect("a kind is named")
}
