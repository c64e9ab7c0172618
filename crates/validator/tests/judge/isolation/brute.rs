//! The definitions of the levels, tried in every order: slow, and written without a look at the checker.

use super::random::Step;
use validator::isolation::Level;

/// A history, taken apart.
pub(crate) struct Facts {
    /// The committed transactions.
    pub(crate) committed: Vec<usize>,
    /// Reader, key, writer: of committed transactions, and not of their own writes.
    reads: Vec<(usize, usize, usize)>,
    /// The writers of each key, in the order in which they committed; the initial version first.
    versions: Vec<Vec<usize>>,
    /// What was over before what began.
    precedes: Vec<(usize, usize)>,
    /// Whether a committed transaction read what was aborted, or not the last of its writer's.
    dirty: bool,
}

impl Facts {
    pub(crate) fn of(steps: &[Step], keys: usize) -> Self {
        let is_committed = |txn: usize| txn == 0 || steps.contains(&Step::Commit(txn));
        let mut facts = Self {
            committed: Vec::new(),
            reads: Vec::new(),
            versions: vec![vec![0]; keys],
            precedes: Vec::new(),
            dirty: false,
        };
        for (at, &step) in steps.iter().enumerate() {
            match step {
                Step::Commit(txn) => {
                    for key in 0..keys {
                        if steps.contains(&Step::Write { txn, key }) {
                            facts.versions[key].push(txn);
                        }
                    }
                    facts.committed.push(txn);
                }
                Step::Begin(txn) if is_committed(txn) => {
                    facts.precedes.extend(facts.committed.iter().map(|&before| (before, txn)));
                }
                Step::Read { txn, key, writer } if is_committed(txn) && writer != txn => {
                    let written_later = steps[at..].contains(&Step::Write { txn: writer, key });
                    facts.dirty |= !is_committed(writer) || written_later;
                    facts.reads.push((txn, key, writer));
                }
                _ => {}
            }
        }
        facts
    }

    /// Whether the level permits it.
    pub(crate) fn is(&self, level: Level) -> bool {
        let clean = !self.dirty;
        match level {
            Level::ReadUncommitted => self.any_order(|order| self.writes_in(order)),
            Level::ReadCommitted => clean && self.is_read_committed(),
            Level::ReadAtomic => clean && self.is_read_committed() && self.sees_whole(false),
            Level::Causal => clean && self.is_read_committed() && self.sees_whole(true),
            // There are no sessions in these histories.
            Level::SnapshotIsolation | Level::StrongSessionSnapshotIsolation => {
                clean && self.any_snapshots(false)
            }
            Level::StrongSnapshotIsolation => clean && self.any_snapshots(true),
            Level::RepeatableRead | Level::Serializable | Level::StrongSessionSerializable => {
                clean && self.any_order(|order| self.is_serial(order))
            }
            Level::StrictSerializable => {
                clean && self.any_order(|order| self.is_timely(order) && self.is_serial(order))
            }
        }
    }

    fn any_order(&self, accepts: impl Fn(&[usize]) -> bool) -> bool {
        fn try_all(order: &mut Vec<usize>, from: usize, accepts: &dyn Fn(&[usize]) -> bool) -> bool {
            if from == order.len() {
                return accepts(order);
            }
            (from..order.len()).any(|next| {
                order.swap(from, next);
                let accepted = try_all(order, from + 1, accepts);
                order.swap(from, next);
                accepted
            })
        }
        try_all(&mut self.committed.clone(), 0, &accepts)
    }

    /// All writes take place in the order of the versions.
    fn writes_in(&self, order: &[usize]) -> bool {
        let place = |txn: usize| order.iter().position(|&other| other == txn);
        self.versions.iter().all(|versions| versions[1..].is_sorted_by_key(|&writer| place(writer)))
    }

    fn is_read_committed(&self) -> bool {
        self.any_order(|order| {
            let place = |txn: usize| order.iter().position(|&other| other == txn);
            // The initial versions have no place, which comes before all places.
            self.writes_in(order)
                && self.reads.iter().all(|&(reader, _, writer)| place(writer) < place(reader))
        })
    }

    /// Of whatever a transaction has seen, and `far` what that has seen, no write is missed.
    fn sees_whole(&self, far: bool) -> bool {
        let mut seen: Vec<(usize, usize)> = self.reads.iter().map(|&(r, _, w)| (r, w)).collect();
        for _ in 0..if far { self.committed.len() } else { 0 } {
            let further = seen.iter().flat_map(|&(r, via)| {
                let by_it = seen.iter().filter(move |&&(other, _)| other == via);
                by_it.map(move |&(_, w)| (r, w))
            });
            let further: Vec<(usize, usize)> = further.collect();
            seen.extend(further);
            seen.sort_unstable();
            seen.dedup();
        }
        self.reads.iter().all(|&(reader, key, version)| {
            let place = |writer: usize| self.versions[key].iter().position(|&other| other == writer);
            seen.iter()
                .filter(|&&(other, _)| other == reader)
                .all(|&(_, writer)| place(writer) <= place(version))
        })
    }

    fn is_serial(&self, order: &[usize]) -> bool {
        let mut latest = vec![0; self.versions.len()];
        for &txn in order {
            let own = self.reads.iter().filter(|&&(reader, ..)| reader == txn);
            if !own.into_iter().all(|&(_, key, writer)| latest[key] == writer) {
                return false;
            }
            for (key, versions) in self.versions.iter().enumerate() {
                if versions.contains(&txn) {
                    let at = versions.iter().position(|&writer| writer == latest[key]);
                    if versions.get(at.map_or(0, |at| at + 1)) != Some(&txn) {
                        return false;
                    }
                    latest[key] = txn;
                }
            }
        }
        true
    }

    fn is_timely(&self, order: &[usize]) -> bool {
        let place = |txn: usize| order.iter().position(|&other| other == txn);
        self.precedes.iter().all(|&(before, after)| place(before) < place(after))
    }

    /// Whether there are moments at which each takes its snapshot and at which each commits, such that all reads are of
    /// the snapshot and no two at once write the same key.
    fn any_snapshots(&self, strong: bool) -> bool {
        let mut moments = Vec::new();
        self.extend_moments(&mut moments, strong)
    }

    /// Moments: a transaction's first is its snapshot, its second its commit.
    fn extend_moments(&self, moments: &mut Vec<usize>, strong: bool) -> bool {
        if moments.len() == 2 * self.committed.len() {
            return true;
        }
        self.committed.iter().any(|&txn| {
            let possible = match moments.iter().filter(|&&other| other == txn).count() {
                0 => self.may_start(txn, moments, strong),
                1 => self.may_commit(txn, moments),
                _ => false,
            };
            if !possible {
                return false;
            }
            moments.push(txn);
            let found = self.extend_moments(moments, strong);
            moments.pop();
            found
        })
    }

    fn has_committed(moments: &[usize], txn: usize) -> bool {
        moments.iter().filter(|&&other| other == txn).count() == 2
    }

    fn may_start(&self, txn: usize, moments: &[usize], strong: bool) -> bool {
        let timely = || {
            let before = self.precedes.iter().filter(|&&(_, after)| after == txn);
            before.into_iter().all(|&(before, _)| Self::has_committed(moments, before))
        };
        let mut own = self.reads.iter().filter(|&&(reader, ..)| reader == txn);
        (!strong || timely())
            && own.all(|&(_, key, writer)| {
                let seen =
                    self.versions[key].iter().rev().find(|&&w| w == 0 || Self::has_committed(moments, w));
                seen == Some(&writer)
            })
    }

    fn may_commit(&self, txn: usize, moments: &[usize]) -> bool {
        let started = moments.iter().position(|&other| other == txn);
        self.versions.iter().filter(|versions| versions.contains(&txn)).all(|versions| {
            let at = versions.iter().position(|&writer| writer == txn).unwrap_or(0);
            let earlier = versions[1..at].iter().all(|&writer| {
                // Committed, and before this one's snapshot.
                Self::has_committed(moments, writer)
                    && moments.iter().rposition(|&other| other == writer) < started
            });
            earlier && versions[at + 1..].iter().all(|&writer| !Self::has_committed(moments, writer))
        })
    }
}
