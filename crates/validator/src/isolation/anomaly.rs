//! The anomalies by name: what can be wrong between transactions, in the words of Adya and of Elle.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which order beside that of the data a cycle needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// None: what was read and written is enough.
    Data,
    /// The order in which one client ran its transactions.
    Process,
    /// That one transaction was over before another began.
    RealTime,
}

/// What is wrong. Those with an [`Order`] are cycles, and each cycle is called by the first of these names, in the
/// order in which they stand here, that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anomaly {
    /// Write cycle: transactions overwrite each other in a circle (Adya G0).
    G0(Order),
    /// Aborted read: a committed transaction read what an aborted one wrote (Adya G1a).
    G1a,
    /// Intermediate read: a transaction read what its writer overwrote later (Adya G1b).
    G1b,
    /// Circular information flow: a cycle of writes and of reads of them (Adya G1c).
    G1c(Order),
    /// Dirty update: a committed transaction built upon the write of an aborted one (Elle).
    DirtyUpdate,
    /// A transaction did not read what it had itself written last, or built upon (Elle's `internal`).
    Internal,
    /// A transaction read a key twice, wrote nothing to it between, and found two versions (Berenson et al. P2).
    UnrepeatableRead,
    /// A transaction saw some writes of another and missed others (Bailis et al., 2014).
    FracturedRead,
    /// A transaction saw the effect of a write and missed the write (Lamport's order of causes, broken).
    CausalityViolation(Order),
    /// A transaction overwrote a write that came after the version it had read (Berenson et al. P4).
    LostUpdate,
    /// A cycle in which just one transaction read what another overwrote (Adya G-single: read skew).
    GSingle(Order),
    /// A cycle with several such reads, of which no two follow each other (Elle): no snapshot explains it.
    GNonadjacent(Order),
    /// Two transactions each read what the other overwrote, on different keys (Berenson et al. A5B).
    WriteSkew,
    /// A cycle in which two or more transactions read what others overwrote (Adya G2-item).
    G2Item(Order),
    /// A read of a value that nobody wrote (Elle).
    GarbageRead,
    /// A read of what was written only later by the same transaction (Elle).
    FutureRead,
    /// A value that appears twice in a list that holds each once (Elle).
    DuplicateElements,
    /// Two reads of a list of which neither is the beginning of the other (Elle).
    IncompatibleOrder,
    /// The versions of a key cannot be put into one order (Elle).
    CyclicVersions,
}

impl Anomaly {
    /// The order that a cycle needs; [`Order::Data`] for what is no cycle.
    pub fn order(self) -> Order {
        match self {
            Self::G0(order)
            | Self::G1c(order)
            | Self::CausalityViolation(order)
            | Self::GSingle(order)
            | Self::GNonadjacent(order)
            | Self::G2Item(order) => order,
            _ => Order::Data,
        }
    }

    /// What it means, in one sentence, and who defined it.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::G0(_) => "transactions overwrite each other in a circle (Adya: write cycle)",
            Self::G1a => "a committed transaction read what an aborted one had written (Adya: aborted read)",
            Self::G1b => {
                "a committed transaction read what its writer overwrote later (Adya: intermediate read)"
            }
            Self::G1c(_) => {
                "transactions wrote and read each other's writes in a circle (Adya: circular information flow)"
            }
            Self::DirtyUpdate => {
                "a committed transaction built upon the write of an aborted one (Elle: dirty update)"
            }
            Self::Internal => {
                "a transaction did not see what it had itself written last (Elle: internal inconsistency)"
            }
            Self::UnrepeatableRead => {
                "a transaction read a key twice and found two versions (Berenson et al.: P2, fuzzy read)"
            }
            Self::FracturedRead => {
                "a transaction saw some writes of another and missed others (Bailis et al.: fractured read)"
            }
            Self::CausalityViolation(_) => {
                "a transaction saw the effect of a write and missed the write (Lamport: causality)"
            }
            Self::LostUpdate => {
                "a transaction overwrote a write that it had not seen (Berenson et al.: P4, lost update)"
            }
            Self::GSingle(_) => {
                "in a circle of dependencies just one transaction read what another overwrote (Adya: G-single)"
            }
            Self::GNonadjacent(_) => {
                "in a circle of dependencies several read what others overwrote, no two of them in a row (Elle)"
            }
            Self::WriteSkew => {
                "two transactions each read what the other overwrote (Berenson et al.: A5B, write skew)"
            }
            Self::G2Item(_) => {
                "in a circle of dependencies two or more read what others overwrote (Adya: G2-item)"
            }
            Self::GarbageRead => "a transaction read what nobody wrote (Elle: garbage read)",
            Self::FutureRead => "a transaction read what it wrote itself only later (Elle: future read)",
            Self::DuplicateElements => "a list holds twice what was appended once (Elle: duplicate elements)",
            Self::IncompatibleOrder => {
                "of two reads of a list neither is the beginning of the other (Elle: incompatible order)"
            }
            Self::CyclicVersions => {
                "the versions of a key cannot be put into one order (Elle: cyclic versions)"
            }
        }
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::G0(_) => "G0",
            Self::G1a => "G1a",
            Self::G1b => "G1b",
            Self::G1c(_) => "G1c",
            Self::DirtyUpdate => "dirty update",
            Self::Internal => "internal inconsistency",
            Self::UnrepeatableRead => "unrepeatable read",
            Self::FracturedRead => "fractured read",
            Self::CausalityViolation(_) => "causality violation",
            Self::LostUpdate => "lost update",
            Self::GSingle(_) => "G-single",
            Self::GNonadjacent(_) => "G-nonadjacent",
            Self::WriteSkew => "write skew",
            Self::G2Item(_) => "G2-item",
            Self::GarbageRead => "garbage read",
            Self::FutureRead => "future read",
            Self::DuplicateElements => "duplicate elements",
            Self::IncompatibleOrder => "incompatible order",
            Self::CyclicVersions => "cyclic versions",
        })?;
        f.write_str(match self.order() {
            Order::Data => "",
            Order::Process => "-process",
            Order::RealTime => "-realtime",
        })
    }
}
