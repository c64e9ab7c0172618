//! Every mutant is killed.

mod anomalies;
mod excerpts;
mod healthy;
mod matrix;
mod page;
