//! Clusters as they live, and what becomes of what they come to.

mod loads;
mod merging;
mod weeks;
