//! How a participant locks: by strict two-phase locking, or by less, as real ones do that were built or set up wrongly.

/// How a participant locks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locking {
    /// What is read and what is written, until the end, crashes included (strict two-phase locking).
    #[default]
    Strict,
    /// Nothing.
    Nothing,
    /// Only what is written.
    WritesOnly,
    /// Until it votes.
    UntilPrepared,
    /// Until a crash.
    UntilCrash,
    /// Beyond the end of what was rolled back.
    BeyondAbort,
}
