//! Every mutant is killed.

mod anomalies;
mod excerpts;
mod matrix;
mod page;
