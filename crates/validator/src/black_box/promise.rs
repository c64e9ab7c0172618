//! What a database promised its clients: consistency models by the names that Elle knows them by, and the anomalies
//! that each rules out. After Adya (1999), Bailis et al. (2013), Cerone et al. (2015) and Biswas and Enea (2019).

use crate::isolation::{Anomaly, Order};

/// What a history is held to: anomalies, of which none may be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// How it was asked for.
    pub name: String,
    /// The anomalies that it rules out, and with each all that are cases of it.
    pub(crate) ruled_out: Vec<Anomaly>,
    /// What Biswas and Enea's axioms ask of the order of commits, if it is promised.
    pub(crate) axiom: Option<Axiom>,
    /// Whether a transaction may read a key twice and find two versions though it must see its own writes.
    pub(crate) permits_unrepeatable: bool,
    /// Whether it holds surely only where no anomaly at all is found.
    pub(crate) is_partial: bool,
}

/// Which writes must have been committed before the one that was read (Biswas and Enea, 2019).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Axiom {
    /// Those of transactions that the reader had read from before.
    ReadCommitted,
    /// Those of transactions that the reader reads from at all.
    ReadAtomic,
    /// Those of transactions that caused any of these.
    Causal,
}

/// What the models are made of, weakest first; each holds what stands before it in the same row.
const G0: &[Anomaly] = &[Anomaly::G0(Order::Data), Anomaly::DuplicateElements, Anomaly::CyclicVersions];
const G1: &[Anomaly] = &[Anomaly::G1a, Anomaly::G1b, Anomaly::G1c(Order::Data)];
const LOST_UPDATE: &[Anomaly] = &[Anomaly::LostUpdate];
const ATOMIC: &[Anomaly] =
    &[Anomaly::Internal, Anomaly::UnrepeatableRead, Anomaly::FutureRead, Anomaly::FracturedRead];
const CAUSAL: &[Anomaly] = &[Anomaly::CausalityViolation(Order::Data)];
const SESSION_CAUSAL: &[Anomaly] =
    &[Anomaly::CausalityViolation(Order::Process), Anomaly::G1c(Order::Process)];
const SINGLE: &[Anomaly] = &[Anomaly::GSingle(Order::Data)];
const NONADJACENT: &[Anomaly] = &[Anomaly::GNonadjacent(Order::Data)];
const ITEM: &[Anomaly] = &[Anomaly::G2Item(Order::Data)];
const fn write_cycle(order: Order) -> Anomaly {
    Anomaly::G0(order)
}
const SESSION_WRITES: &[Anomaly] = &[write_cycle(Order::Process)];
const SESSION_READS: &[Anomaly] = &[Anomaly::G1c(Order::Process)];
const SESSION_SNAPSHOT: &[Anomaly] = &[Anomaly::GNonadjacent(Order::Process)];
const SESSION_ITEM: &[Anomaly] = &[Anomaly::G2Item(Order::Process)];
const STRONG_WRITES: &[Anomaly] = &[write_cycle(Order::RealTime)];
const STRONG_READS: &[Anomaly] = &[Anomaly::G1c(Order::RealTime)];
const STRONG_SNAPSHOT: &[Anomaly] = &[Anomaly::GNonadjacent(Order::RealTime)];
const STRONG_ITEM: &[Anomaly] = &[Anomaly::G2Item(Order::RealTime)];

/// Names, and what stands behind each.
type Model = (&'static [&'static str], &'static [&'static [Anomaly]], Option<Axiom>);

const MODELS: &[Model] = {
    use Axiom::{Causal, ReadAtomic};
    &[
        (&["read-uncommitted", "PL-1"], &[G0], None),
        (&["read-committed", "PL-2"], &[G0, G1], None),
        (&["monotonic-atomic-view"], &[G0, G1], None),
        (&["monotonic-view", "PL-2L"], &[G0, G1], None),
        (&["monotonic-snapshot-read", "PL-MSR"], &[G0, G1], None),
        (&["cursor-stability", "PL-CS"], &[G0, G1, LOST_UPDATE], None),
        (&["consistent-view", "PL-2+"], &[G0, G1, LOST_UPDATE, SINGLE], None),
        (&["forward-consistent-view", "PL-FCV"], &[G0, G1, LOST_UPDATE, SINGLE], None),
        (&["update-serializable", "PL-3U"], &[G0, G1, LOST_UPDATE, SINGLE], None),
        (&["repeatable-read", "PL-2.99"], &[G0, G1, LOST_UPDATE, ITEM], None),
        (&["read-atomic"], &[G0, G1, ATOMIC], Some(ReadAtomic)),
        (&["update-atomic", "ROLA"], &[G0, G1, ATOMIC, LOST_UPDATE], Some(ReadAtomic)),
        (&["causal"], &[G0, G1, ATOMIC, SESSION_CAUSAL], Some(Causal)),
        (&["causal-cerone"], &[G0, G1, ATOMIC, CAUSAL], Some(Causal)),
        (&["prefix"], &[G0, G1, ATOMIC, CAUSAL], Some(Causal)),
        (&["parallel-snapshot-isolation"], &[G0, G1, ATOMIC, CAUSAL, LOST_UPDATE], Some(Causal)),
        (&["snapshot-isolation", "PL-SI"], &[G0, G1, ATOMIC, CAUSAL, LOST_UPDATE, NONADJACENT], None),
        (
            &["serializable", "conflict-serializable", "PL-3"],
            &[G0, G1, ATOMIC, CAUSAL, LOST_UPDATE, ITEM],
            Some(ReadAtomic),
        ),
        (&["strong-session-read-uncommitted", "strong-session-PL-1"], &[G0, SESSION_WRITES], None),
        (&["strong-session-read-committed", "strong-session-PL-2"], &[G0, G1, SESSION_READS], None),
        (
            &["strong-session-snapshot-isolation"],
            &[G0, G1, ATOMIC, CAUSAL, LOST_UPDATE, SESSION_READS, SESSION_SNAPSHOT],
            None,
        ),
        (
            &["strong-session-serializable"],
            &[G0, G1, ATOMIC, CAUSAL, LOST_UPDATE, SESSION_READS, SESSION_ITEM],
            None,
        ),
        (&["strong-read-uncommitted", "strong-PL-1"], &[G0, STRONG_WRITES], None),
        (&["strong-read-committed", "strong-PL-2"], &[G0, G1, STRONG_READS], None),
        (
            &["strong-snapshot-isolation"],
            &[G0, G1, ATOMIC, CAUSAL, LOST_UPDATE, STRONG_READS, STRONG_SNAPSHOT],
            None,
        ),
        (
            &["strict-serializable", "strong-serializable", "PL-SS"],
            &[G0, G1, ATOMIC, CAUSAL, LOST_UPDATE, STRONG_READS, STRONG_ITEM],
            None,
        ),
    ]
};

/// Models that rule out more than the anomalies that are looked for: a history that shows one of the others may or may
/// not be of them.
const PARTIAL: &[&str] = &[
    "monotonic-view",
    "monotonic-snapshot-read",
    "forward-consistent-view",
    "update-serializable",
    "causal-cerone",
    "prefix",
    "parallel-snapshot-isolation",
];

/// Names of anomalies as Elle writes them, without the order, and what they stand for.
fn anomalies_named(name: &str) -> Option<Vec<Anomaly>> {
    let (shape, order) = match (name.strip_suffix("-process"), name.strip_suffix("-realtime")) {
        (Some(shape), _) => (shape, Order::Process),
        (_, Some(shape)) => (shape, Order::RealTime),
        _ => (name, Order::Data),
    };
    let anomalies: &[Anomaly] = match shape {
        "G0" => &[Anomaly::G0(order)],
        "G1" => &[Anomaly::G1a, Anomaly::G1b, Anomaly::G1c(order)],
        "G1c" => &[Anomaly::G1c(order)],
        "G-single" | "G-single-item" => &[Anomaly::GSingle(order)],
        "G-nonadjacent" | "G-nonadjacent-item" => &[Anomaly::GNonadjacent(order)],
        "G2" | "G2-item" => &[Anomaly::G2Item(order)],
        _ if order != Order::Data => return None,
        "G1a" => &[Anomaly::G1a],
        "G1b" => &[Anomaly::G1b],
        "dirty-update" => &[Anomaly::DirtyUpdate],
        "internal" => &[Anomaly::Internal],
        "future-read" => &[Anomaly::FutureRead],
        "lost-update" => &[Anomaly::LostUpdate],
        "write-skew" => &[Anomaly::WriteSkew],
        "fractured-read" => &[Anomaly::FracturedRead],
        "garbage-read" | "phantom-read" => &[Anomaly::GarbageRead],
        "duplicate-elements" => &[Anomaly::DuplicateElements],
        "incompatible-order" => &[Anomaly::IncompatibleOrder],
        "cyclic-versions" => &[Anomaly::CyclicVersions],
        _ => return None,
    };
    Some(anomalies.to_vec())
}

impl Promise {
    /// The names of all models, one for each; Adya's and others are known too.
    pub fn names() -> impl Iterator<Item = &'static str> {
        MODELS.iter().map(|(names, ..)| names[0])
    }

    /// The model of this name, whatever the case, spaces, hyphens or underscores, with or without a colon before it.
    pub fn of_model(name: &str) -> Option<Self> {
        let name = name.strip_prefix(':').unwrap_or(name);
        let name = name.replace(['_', ' '], "-");
        let is_named = |known: &&str| known.eq_ignore_ascii_case(&name);
        let (names, parts, axiom) = MODELS.iter().find(|(names, ..)| names.iter().any(&is_named))?;
        let is_partial = PARTIAL.contains(&names[0]);
        Some(Self {
            name: names[0].to_owned(),
            ruled_out: parts.concat(),
            axiom: *axiom,
            permits_unrepeatable: false,
            is_partial,
        })
    }

    /// That there is no anomaly of this name, as Elle writes it, with or without a colon.
    pub fn without(anomaly: &str) -> Option<Self> {
        let name = anomaly.strip_prefix(':').unwrap_or(anomaly);
        Some(Self {
            name: format!("no {name}"),
            ruled_out: anomalies_named(name)?,
            axiom: None,
            permits_unrepeatable: false,
            is_partial: false,
        })
    }

    /// Both promises.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.name = format!("{}, {}", self.name, other.name);
        self.ruled_out.extend(other.ruled_out);
        self.axiom = self.axiom.max(other.axiom);
        self.is_partial |= other.is_partial;
        self
    }

    /// Whether a history that shows this has not kept the promise.
    pub(crate) fn rules_out(&self, found: Anomaly) -> bool {
        let permitted = self.permits_unrepeatable && found == Anomaly::UnrepeatableRead;
        !permitted && self.ruled_out.iter().any(|&asked| is_case_of(found, asked))
    }

    /// Whether it is about which versions transactions missed, and not only about those that they saw.
    pub(crate) fn is_about_missed_versions(&self) -> bool {
        let missed = [Anomaly::GSingle(Order::Data), Anomaly::GNonadjacent(Order::Data), Anomaly::WriteSkew];
        missed.into_iter().any(|anomaly| self.rules_out(anomaly))
    }

    /// Whether anything that it rules out may be there unseen while the order of versions is not known.
    pub(crate) fn needs_an_order(&self) -> bool {
        self.is_partial || self.is_about_missed_versions()
    }

    /// Whether each circle is ruled out in which no more than one transaction missed a write, and nothing that was
    /// aborted may be read (Adya's PL-2+).
    pub(crate) fn is_consistent_view(&self) -> bool {
        let order = self.order();
        [Anomaly::G1a, Anomaly::G1c(order), Anomaly::GSingle(order)].iter().all(|&one| self.rules_out(one))
    }

    /// As sessions promise it, whose order every level from read committed on keeps (Biswas and Enea, 2019), and where
    /// a transaction sees its own writes.
    pub(crate) fn in_sessions(mut self) -> Self {
        if self.rules_out(Anomaly::G1c(Order::Data)) {
            self.axiom = self.axiom.max(Some(Axiom::ReadCommitted));
            let own = [Anomaly::Internal, Anomaly::FracturedRead, Anomaly::G1c(Order::Process)];
            let weaker = self.axiom == Some(Axiom::ReadCommitted) && !self.is_about_missed_versions();
            self.permits_unrepeatable = weaker;
            self.ruled_out.extend(own);
            if self.is_about_missed_versions() {
                self.axiom = Some(Axiom::Causal);
                self.ruled_out.push(Anomaly::CausalityViolation(Order::Process));
                for missed in [Anomaly::GSingle, Anomaly::GNonadjacent, Anomaly::G2Item] {
                    if self.rules_out(missed(Order::Data)) {
                        self.ruled_out.push(missed(Order::Process));
                    }
                }
            }
        }
        self
    }

    /// How many kinds of anomalies it rules out.
    pub(crate) fn kinds(&self) -> u64 {
        let mut kinds = self.ruled_out.clone();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.len() as u64
    }

    /// The strongest order that anything of it is about.
    pub(crate) fn order(&self) -> Order {
        self.ruled_out.iter().map(|anomaly| anomaly.order()).max().unwrap_or(Order::Data)
    }
}

/// Whether whoever rules out the second rules out the first: what Elle calls implied anomalies.
pub(crate) fn is_case_of(found: Anomaly, asked: Anomaly) -> bool {
    use Anomaly::{
        CausalityViolation, DirtyUpdate, FracturedRead, FutureRead, G0, G1a, G1c, G2Item, GNonadjacent,
        GSingle, GarbageRead, IncompatibleOrder, Internal, LostUpdate, UnrepeatableRead, WriteSkew,
    };
    if found == asked {
        return true;
    }
    // A cycle of the data is one of the sessions too, and one of the sessions one of time.
    let ordered = found.order() <= asked.order();
    match asked {
        G0(_) => ordered && matches!(found, G0(_)),
        G1a => matches!(found, DirtyUpdate | IncompatibleOrder | GarbageRead),
        G1c(_) => ordered && matches!(found, G0(_) | G1c(_) | FutureRead),
        CausalityViolation(_) => ordered && matches!(found, CausalityViolation(_) | FracturedRead),
        GSingle(_) => {
            ordered && matches!(found, GSingle(_) | FracturedRead | CausalityViolation(_) | LostUpdate)
        }
        GNonadjacent(order) => {
            ordered && (matches!(found, GNonadjacent(_)) || is_case_of(found, GSingle(order)))
        }
        G2Item(order) => {
            let item = matches!(found, G2Item(_) | WriteSkew);
            ordered && (item || is_case_of(found, GNonadjacent(order)))
        }
        Internal => found == UnrepeatableRead,
        WriteSkew => found == LostUpdate,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules_out(model: &str, found: Anomaly) -> bool {
        Promise::of_model(model).expect("it is a model").rules_out(found)
    }

    #[test]
    fn a_stronger_model_rules_out_all_that_a_weaker_one_does() {
        let chain = [
            "read-uncommitted",
            "read-committed",
            "read-atomic",
            "causal-cerone",
            "parallel-snapshot-isolation",
            "snapshot-isolation",
            "serializable",
            "strong-session-serializable",
            "strict-serializable",
        ];
        for pair in chain.windows(2) {
            let weaker = Promise::of_model(pair[0]).expect("it is a model");
            for &anomaly in &weaker.ruled_out {
                assert!(rules_out(pair[1], anomaly), "{} permits {anomaly}", pair[1]);
            }
        }
    }

    #[test]
    fn snapshot_isolation_permits_write_skew_and_repeatable_read_does_not() {
        assert!(!rules_out("snapshot-isolation", Anomaly::WriteSkew));
        assert!(rules_out("repeatable-read", Anomaly::WriteSkew));
        assert!(rules_out("snapshot-isolation", Anomaly::GNonadjacent(Order::Data)));
        assert!(!rules_out("consistent-view", Anomaly::GNonadjacent(Order::Data)));
    }

    #[test]
    fn only_strong_models_know_of_sessions_and_of_time() {
        let (session, time) = (Anomaly::GSingle(Order::Process), Anomaly::GSingle(Order::RealTime));
        let known = |model| (rules_out(model, session), rules_out(model, time));
        assert_eq!(known("serializable"), (false, false));
        assert_eq!(known("strong-session-snapshot-isolation"), (true, false));
        assert_eq!(known("strict-serializable"), (true, true));
    }

    #[test]
    fn an_anomaly_that_is_asked_for_is_ruled_out_with_its_cases() {
        let promise = Promise::without(":G1").expect("it is an anomaly");
        assert!(promise.rules_out(Anomaly::DirtyUpdate) && promise.rules_out(Anomaly::G0(Order::Data)));
        assert!(!promise.rules_out(Anomaly::GSingle(Order::Data)) && !promise.rules_out(Anomaly::Internal));
        let promise = Promise::without("G2-item-realtime").expect("it is an anomaly");
        assert!(promise.rules_out(Anomaly::WriteSkew) && promise.rules_out(Anomaly::GSingle(Order::Process)));
        assert!(!promise.rules_out(Anomaly::G1c(Order::Data)));
        assert_eq!(Promise::without("G1a-process"), None);
        assert_eq!(Promise::of_model("serialisable"), None);
    }
}
