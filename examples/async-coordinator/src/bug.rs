//! Bugs to try the tests with, one at a time: `BUG=timeout_is_yes cargo test`. A coordinator of yours needs no such file.

use std::env;

/// A bug that real coordinators had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// The commit is sent while the decision is on its way to the disk.
    CommitBeforeDurable,
    /// Who has not voted in time is taken to have voted yes.
    TimeoutIsYes,
    /// The commit is sent once and then forgotten, whether or not it was acknowledged.
    DecisionSentOnce,
}

impl Bug {
    /// The one that the variable `BUG` names.
    pub(crate) fn from_environment() -> Option<Self> {
        match env::var("BUG").ok()?.as_str() {
            "" => None,
            "commit_before_durable" => Some(Self::CommitBeforeDurable),
            "timeout_is_yes" => Some(Self::TimeoutIsYes),
            "decision_sent_once" => Some(Self::DecisionSentOnce),
            other => {
                panic!("BUG={other} is none: use commit_before_durable, timeout_is_yes or decision_sent_once")
            }
        }
    }
}
