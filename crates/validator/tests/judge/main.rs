//! Every property has a history that it rejects and a near-identical one that it accepts; and the histories that look
//! wrong and are legal are valid.

mod black_box;
mod clients;
mod decisions;
mod isolation;
mod left_over;
mod legal;
mod logs;
mod nonsense;
mod stores;
mod story;
mod streaming;

use story::Story;

/// Two participants, one transaction, nothing unusual.
fn commit() -> Story {
    Story::new(
        "
        tm runs t1: rm1 add k1 5, rm2 add k1 -5
        rm1 wrote t1 k1 5
        rm2 wrote t1 k1 -5
        rm1 prepares t1
        rm2 prepares t1
        tm decides t1
        tm sent t1 commit rm1
        tm sent t1 commit rm2
        tm answered t1 committed
        rm1 commits t1 k1 5
        rm2 commits t1 k1 -5
        tm appended t1 ended
        rm1 stored k1 5
        rm2 stored k1 -5
        ",
    )
}

/// The same, but the second participant votes no.
fn abort() -> Story {
    Story::new(
        "
        tm runs t1: rm1 add k1 5, rm2 add k1 -5
        rm1 wrote t1 k1 5
        rm1 prepares t1
        rm2 voted t1 no
        rm2 decided t1 abort
        rm2 sent t1 vote-no tm
        tm heard t1 vote-no rm2
        tm decided t1 abort
        tm sent t1 abort rm1
        tm answered t1 aborted
        rm1 heard t1 abort tm
        rm1 appended t1 abort
        rm1 decided t1 abort
        ",
    )
}

/// A transaction of one participant, which decides by itself.
fn one_phase() -> Story {
    Story::new(
        "
        tm runs t1: rm1 add k1 5
        rm1 wrote t1 k1 5
        tm sent t1 commit-one-phase rm1
        rm1 heard t1 commit-one-phase tm
        rm1 appended t1 commit
        rm1 applied t1 k1 5
        rm1 decided t1 commit
        rm1 durable t1 commit
        rm1 sent t1 acknowledge tm
        tm heard t1 acknowledge rm1
        tm answered t1 committed
        rm1 stored k1 5
        ",
    )
}

/// The first participant has aborted [`abort`], a crash takes that, and then its operator commits.
const LATE_COMMIT: &str = "
        rm1 crashed
        rm1 lost t1 abort
        rm1 restarted
        rm1 alone t1 commit
        rm1 appended t1 commit
        rm1 applied t1 k1 5
        rm1 decided t1 commit
        rm1 durable t1 commit
        tm answered t1 heuristic-mixed
        ";
