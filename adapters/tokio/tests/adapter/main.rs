//! The adapter, seen through the simulator: coordinators that are made for one question each.

mod failing;
mod plain;
mod racing;
mod runs;
mod waiting;
