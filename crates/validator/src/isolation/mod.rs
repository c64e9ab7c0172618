//! Isolation: whether the committed transactions could have run one after the other, or as close to that as a level
//! promises. Levels, anomalies and dependencies are those of Adya (1999) and of Elle (Kingsbury and Alvaro, 2020).

mod anomaly;
mod components;
mod graph;
mod level;
mod real_time;
mod search;
mod shape;

pub use anomaly::{Anomaly, Order};
pub use graph::{Cycle, Dependency, Edge, Graph};
pub use level::Level;
pub use real_time::RealTime;
