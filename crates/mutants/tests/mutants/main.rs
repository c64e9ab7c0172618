//! Every mutant is killed.

mod matrix;
mod page;
