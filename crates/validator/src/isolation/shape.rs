//! The shapes of cycles, as small machines that follow a walk through the graph edge by edge.

use super::anomaly::{Anomaly, Order};
use super::graph::{Dependency, Edge};

/// What a cycle looks like. Each turns upon an edge of one kind, and comes back from there by a walk of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    G0,
    G1c,
    FracturedRead,
    Causality,
    LostUpdate,
    GSingle,
    GNonadjacent,
    G2Item,
    /// Any cycle at all.
    Any,
}

/// The way back from the end of the turning edge to its beginning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    pub(super) shape: Shape,
    pub(super) order: Order,
    /// The key of the turning edge.
    pub(super) key: u32,
}

impl Shape {
    /// The shapes in the order in which they are looked for.
    pub(super) const ALL: [Self; 8] = [
        Self::G0,
        Self::G1c,
        Self::FracturedRead,
        Self::Causality,
        Self::LostUpdate,
        Self::GSingle,
        Self::GNonadjacent,
        Self::G2Item,
    ];

    /// The kind of edge that there must be.
    pub(super) fn turns_upon(self) -> Dependency {
        match self {
            Self::G0 | Self::Any => Dependency::WriteWrite,
            Self::G1c => Dependency::WriteRead,
            _ => Dependency::ReadWrite,
        }
    }

    /// Whether the shape means anything with this order.
    pub(super) fn has(self, order: Order) -> bool {
        match self {
            Self::FracturedRead | Self::LostUpdate => order == Order::Data,
            Self::Causality => order <= Order::Process,
            _ => true,
        }
    }

    /// Whether a cycle of the other shape is one of this shape too, with a name that says more.
    pub(super) fn is_told_by(self, other: Self) -> bool {
        self == other
            || match self {
                Self::Causality => other == Self::FracturedRead,
                Self::GSingle => matches!(other, Self::FracturedRead | Self::Causality | Self::LostUpdate),
                _ => false,
            }
    }

    /// What a cycle of this shape is called.
    pub(super) fn name(self, order: Order, edges: &[Edge]) -> Anomaly {
        match self {
            Self::G0 | Self::Any => Anomaly::G0(order),
            Self::G1c => Anomaly::G1c(order),
            Self::FracturedRead => Anomaly::FracturedRead,
            Self::Causality => Anomaly::CausalityViolation(order),
            Self::LostUpdate => Anomaly::LostUpdate,
            Self::GSingle => Anomaly::GSingle(order),
            Self::GNonadjacent => Anomaly::GNonadjacent(order),
            Self::G2Item if edges.len() == 2 && order == Order::Data => Anomaly::WriteSkew,
            Self::G2Item => Anomaly::G2Item(order),
        }
    }
}

impl Walk {
    /// So many phases a walk can be in.
    pub(super) const PHASES: usize = 4;

    /// The last edge was an anti-dependency.
    const TURNED: usize = 1;
    /// What the walk needs has been seen.
    const SEEN: usize = 2;

    /// The phase in which it starts, after the turning edge.
    pub(super) fn start(self) -> usize {
        match self.shape {
            Shape::GNonadjacent => Self::TURNED,
            _ => 0,
        }
    }

    /// The phase in which it may close the cycle.
    pub(super) fn goal(self) -> usize {
        match self.shape {
            Shape::FracturedRead | Shape::Causality | Shape::GNonadjacent => Self::SEEN,
            Shape::G2Item => Self::TURNED,
            _ => 0,
        }
    }

    /// The phase after one more edge, unless the shape forbids it there.
    #[inline]
    pub(super) fn step(self, phase: usize, edge: &Edge) -> Option<usize> {
        use Dependency::{Process, ReadWrite, RealTime, WriteRead, WriteWrite};
        let ordered = match edge.dependency {
            Process => self.order >= Order::Process,
            RealTime => self.order >= Order::RealTime,
            WriteWrite | WriteRead | ReadWrite => true,
        };
        if !ordered {
            return None;
        }
        match (self.shape, edge.dependency) {
            (Shape::Any, _) => Some(0),
            (Shape::G0, WriteRead | ReadWrite) | (Shape::G1c | Shape::GSingle, ReadWrite) => None,
            (Shape::G0 | Shape::G1c | Shape::GSingle, _) => Some(0),
            (Shape::LostUpdate, WriteWrite) => (edge.key == self.key).then_some(0),
            (Shape::LostUpdate, _) => None,
            // From the version that was missed to later ones of the key, of which one's writer was seen.
            (Shape::FracturedRead | Shape::Causality, WriteWrite) => {
                (phase == 0 && edge.key == self.key).then_some(0)
            }
            (Shape::FracturedRead, WriteRead) => (phase == 0).then_some(Self::SEEN),
            (Shape::Causality, WriteRead | Process) => Some(Self::SEEN),
            (Shape::FracturedRead | Shape::Causality, _) => None,
            (Shape::GNonadjacent, ReadWrite) => {
                (phase & Self::TURNED == 0).then_some(Self::TURNED | Self::SEEN)
            }
            (Shape::GNonadjacent, _) => Some(phase & Self::SEEN),
            (Shape::G2Item, ReadWrite) => Some(Self::TURNED),
            (Shape::G2Item, _) => Some(0),
        }
    }
}
