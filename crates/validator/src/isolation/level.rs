//! Which anomalies each level of isolation rules out.

use history::Level;

use super::anomaly::{Anomaly, Order};

impl Order {
    /// The strongest order that the cycles may take into account which this level rules out.
    pub(super) fn of(level: Level) -> Self {
        match level {
            Level::Causal | Level::StrongSessionSnapshotIsolation | Level::StrongSessionSerializable => {
                Self::Process
            }
            Level::StrongSnapshotIsolation | Level::StrictSerializable => Self::RealTime,
            _ => Self::Data,
        }
    }
}

impl Anomaly {
    /// Whether what shows this anomaly is not of this level.
    pub fn is_ruled_out_by(self, level: Level) -> bool {
        let snapshot = matches!(
            level,
            Level::SnapshotIsolation | Level::StrongSessionSnapshotIsolation | Level::StrongSnapshotIsolation
        );
        let from = |least: Level| level >= least;
        let shape = match self {
            Self::G0(_)
            | Self::Internal
            | Self::FutureRead
            | Self::GarbageRead
            | Self::DuplicateElements
            | Self::CyclicVersions => true,
            Self::G1a | Self::G1b | Self::G1c(_) | Self::DirtyUpdate | Self::IncompatibleOrder => {
                from(Level::ReadCommitted)
            }
            Self::FracturedRead | Self::UnrepeatableRead => from(Level::ReadAtomic),
            Self::CausalityViolation(_) => from(Level::Causal),
            Self::LostUpdate | Self::GSingle(_) | Self::GNonadjacent(_) => from(Level::RepeatableRead),
            Self::WriteSkew | Self::G2Item(_) => from(Level::RepeatableRead) && !snapshot,
        };
        shape && self.order() <= Order::of(level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshot_isolation_permits_write_skew_and_no_lost_update() {
        let level = Level::SnapshotIsolation;
        assert!(
            Anomaly::LostUpdate.is_ruled_out_by(level)
                && Anomaly::GSingle(Order::Data).is_ruled_out_by(level)
        );
        assert!(
            !Anomaly::WriteSkew.is_ruled_out_by(level)
                && !Anomaly::G2Item(Order::Data).is_ruled_out_by(level)
        );
        assert!(Anomaly::WriteSkew.is_ruled_out_by(Level::Serializable));
    }

    #[test]
    fn only_the_strict_levels_know_of_time() {
        let stale = Anomaly::GSingle(Order::RealTime);
        let knowing: Vec<Level> =
            Level::ALL.into_iter().filter(|&level| stale.is_ruled_out_by(level)).collect();
        assert_eq!(knowing, [Level::StrongSnapshotIsolation, Level::StrictSerializable]);
    }
}
