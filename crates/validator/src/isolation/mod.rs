//! Isolation: whether the committed transactions could have run one after the other, or as close to that as a level
//! promises. Levels, anomalies and dependencies are those of Adya (1999) and of Elle (Kingsbury and Alvaro, 2020).

mod anomaly;
mod checker;
mod components;
mod cycles;
mod dirty;
mod finding;
mod graph;
mod level;
mod live;
mod real_time;
mod search;
mod shape;
mod versions;
mod window;

pub use anomaly::{Anomaly, Order};
pub use checker::Checker;
pub use finding::{Finding, Judgement};
pub use graph::{Cycle, Dependency, Edge, Graph};
pub use history::Level;
pub use real_time::RealTime;
