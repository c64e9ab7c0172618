//! Bugs in what is applied when, and under which locks.

use std::collections::BTreeMap;

use harness_core::Locking;
use harness_core::Property::{Agreement, ExactlyOnce, Isolation, NothingLeftOver};
use harness_core::history::{Decision, Fact, Gid, Key, Value};
use protocol::{Effect, Input, Message};

use crate::altered::{Bug, Turn};
use crate::mutant::{Mutant, locking, participant};

pub(super) fn catalogue() -> Vec<Mutant> {
    [applied_wrongly(), locked_wrongly()].concat()
}

fn applied_wrongly() -> Vec<Mutant> {
    vec![
        participant(
            "duplicate_commit_applied_again",
            "A commit that arrives again is applied again, over what is newer.",
            ExactlyOnce,
            || Applies { when: When::CommitAgain, ..Applies::default() },
        )
        .seen("YugabyteDB #32163"),
        participant("abort_applies_the_writes", "What is rolled back is applied.", Agreement, || Applies {
            when: When::Abort,
            ..Applies::default()
        }),
        participant(
            "applies_before_the_commit",
            "What is promised is applied before it is decided.",
            Agreement,
            || Applies { when: When::Vote, ..Applies::default() },
        )
        .seen("YugabyteDB #9855"),
    ]
}

fn locked_wrongly() -> Vec<Mutant> {
    vec![
        locking("conflicts_ignored", "No lock is taken.", Isolation, Locking::Nothing),
        locking("reads_without_locks", "What is read is not locked.", Isolation, Locking::WritesOnly),
        locking(
            "locks_released_at_prepare",
            "Locks are given up with the vote.",
            Isolation,
            Locking::UntilPrepared,
        )
        .seen("PostgreSQL cd87b6f8"),
        locking(
            "locks_lost_on_recovery",
            "After a restart, what is prepared is not locked.",
            Isolation,
            Locking::UntilCrash,
        ),
        locking(
            "locks_kept_after_abort",
            "What is rolled back stays locked.",
            NothingLeftOver,
            Locking::BeyondAbort,
        )
        .seen("SQLAlchemy #13356"),
    ]
}

/// When writes are applied that should not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum When {
    #[default]
    CommitAgain,
    Abort,
    Vote,
}

/// Applies writes when it should not. What is there afterwards lies over what the machine inside has.
#[derive(Default)]
struct Applies {
    when: When,
    wrote: BTreeMap<Gid, Writes>,
    committed: BTreeMap<Gid, Writes>,
    over: Writes,
}

type Writes = BTreeMap<Key, Value>;

impl Applies {
    fn apply(&mut self, gid: Gid, writes: &Writes, turn: &mut Turn<'_>) {
        for (&key, &value) in writes {
            self.over.insert(key, value);
            turn.emit(Effect::Note(Fact::Applied { gid, key, value }));
        }
    }
}

impl Bug for Applies {
    fn hear(&mut self, input: Input<'static>, turn: &mut Turn<'_>) {
        if let Input::Received { message: Message::Commit { gid }, .. } = input
            && self.when == When::CommitAgain
            && let Some(writes) = self.committed.get(&gid).cloned()
        {
            self.apply(gid, &writes, turn);
        }
        turn.feed(input);
    }

    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        let (mut voted, mut decided) = (None, None);
        match effect {
            Effect::Note(Fact::Wrote { gid, key, value }) => {
                self.wrote.entry(gid).or_default().insert(key, value);
            }
            Effect::Note(Fact::Applied { key, .. }) => {
                self.over.remove(&key);
            }
            Effect::Note(Fact::Decided { gid, decision }) => decided = Some((gid, decision)),
            Effect::Send { message: Message::Vote { gid, .. }, .. } => voted = Some(gid),
            _ => {}
        }
        turn.emit(effect);
        if let Some((gid, decision)) = decided {
            let writes = self.wrote.remove(&gid).unwrap_or_default();
            match decision {
                Decision::Abort if self.when == When::Abort => self.apply(gid, &writes, turn),
                Decision::Abort => {}
                Decision::Commit => {
                    self.committed.insert(gid, writes);
                }
            }
        }
        if let Some(gid) = voted.filter(|_| self.when == When::Vote) {
            let writes = self.wrote.get(&gid).cloned().unwrap_or_default();
            self.apply(gid, &writes, turn);
        }
    }

    fn show(&self, contents: Vec<(Key, Value)>) -> Vec<(Key, Value)> {
        let mut shown: Writes = contents.into_iter().collect();
        shown.extend(self.over.iter().map(|(&key, &value)| (key, value)));
        shown.into_iter().collect()
    }
}
