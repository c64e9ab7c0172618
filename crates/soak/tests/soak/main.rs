//! Clusters as they live: what is broken in them is caught.

mod loads;
