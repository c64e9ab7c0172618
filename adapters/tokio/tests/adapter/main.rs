//! The adapter, seen through the simulator: coordinators that are made for one question each.

mod plain;
mod runs;
