//! What a system under test may rely on: the simulator's driver, seen through state machines made for one question
//! each, and through the histories that it writes.

mod chaos;
mod crashes;
mod determinism;
mod effects;
mod environment;
mod epochs;
mod invalid;
mod links;
mod output_commit;
mod scale;
mod scripted;
mod syncs;
mod wild;
