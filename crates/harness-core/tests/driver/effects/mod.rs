//! Each kind of fault, proven by what it does to a plain stream of messages, timers or log records, for each node and
//! in each direction. Where chance is part of a fault, what is counted must lie within five standard deviations of
//! what is promised; the seed is fixed, so a proof either always holds or never does.

mod alone;
mod branches;
mod clocks;
mod disks;
mod inert;
mod links;
mod nodes;
mod partitions;
mod stream;
mod takeovers;
