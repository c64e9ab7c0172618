//! What is known of the order of each register's versions: the initial state comes first, and the rest as far as it is
//! assumed. An assumption that contradicts the ones before it is told and left out, as Elle does.

use super::super::history::{ClientHistory, Ending, NEVER};
use super::super::inferred::Inferred;
use super::super::options::Assumptions;
use super::super::rows::Rows;
use super::super::story::Story;
use super::super::words::Word;
use super::{Numbers, Touch, Touches};
use crate::isolation::{Anomaly, Cycle, Dependency, Edge, Graph};

/// No transaction that happened.
const NOBODY: u32 = u32::MAX;

/// The versions of all registers.
#[derive(Debug)]
pub(crate) struct Versions {
    numbers: Numbers,
    /// Who wrote each version, if that happened.
    writers: Vec<u32>,
    /// Who read each version before writing to the key.
    readers: Rows,
    /// Which version comes before which, the initial state left out.
    order: Vec<(u32, u32)>,
}

impl Versions {
    pub(super) fn of(
        history: &ClientHistory,
        touches: &Touches,
        assumptions: &Assumptions,
        inferred: &mut Inferred,
    ) -> Self {
        let mut versions = Self::collect(history, touches);
        if assumptions.writes_follow_reads {
            let found = versions.of_updates(history, touches);
            versions.assume(history, touches, "that writes follow reads", found, inferred);
        }
        if assumptions.sequential_keys {
            let found = versions.of_clients(history, touches);
            versions.assume(history, touches, "that keys are sequential", found, inferred);
        }
        if assumptions.linearizable_keys {
            let found = versions.of_time(history, touches);
            versions.assume(history, touches, "that keys are linearizable", found, inferred);
        }
        if !assumptions.transaction_order.is_empty() {
            let found = versions.of_order(history, touches, &assumptions.transaction_order);
            versions.assume(history, touches, "the order of transactions", found, inferred);
        }
        versions
    }

    /// All versions, with who wrote and who read each.
    fn collect(history: &ClientHistory, touches: &Touches) -> Self {
        let mut numbers = Numbers::default();
        (0..history.keys.len() as u32).for_each(|key| {
            numbers.get_or_add(key, Word::NIL);
        });
        let (mut writers, mut reads) = (Vec::new(), Vec::new());
        for (number, one, _) in history.possible() {
            for touch in touches.by(number) {
                if let Some(value) = touch.written {
                    let version = numbers.get_or_add(touch.key, value) as usize;
                    writers.resize(writers.len().max(version + 1), NOBODY);
                    if touches.happened(number) {
                        writers[version] = number;
                    }
                }
                if let Some(value) = touch.read.filter(|_| one.ending == Ending::Committed) {
                    let version = numbers.get_or_add(touch.key, value);
                    reads.push((version, number));
                }
            }
        }
        writers.resize(numbers.named.len(), NOBODY);
        let readers = Rows::of(&reads, numbers.named.len());
        Self { numbers, writers, readers, order: Vec::new() }
    }

    /// Takes an assumption into account, unless it contradicts what is known.
    fn assume(
        &mut self,
        history: &ClientHistory,
        touches: &Touches,
        name: &str,
        found: Vec<(u32, u32)>,
        inferred: &mut Inferred,
    ) {
        let known = self.order.len();
        self.order.extend(found);
        let edge = |&(from, to): &(u32, u32)| {
            let key = self.numbers.named[from as usize].0;
            Edge { from, to, dependency: Dependency::WriteWrite, key }
        };
        // The initial state before all others closes a circle with whatever comes before it.
        let initial = self.order.iter().filter_map(|&(before, after)| {
            let (key, value) = self.numbers.named[after as usize];
            (value == Word::NIL && self.numbers.named[before as usize].0 == key).then_some((after, before))
        });
        let edges: Vec<Edge> = self.order.iter().map(edge).chain(initial.map(|pair| edge(&pair))).collect();
        let cycles = Graph::new(self.numbers.named.len() as u32, edges).cycles(Graph::VISITS);
        for cycle in &cycles {
            inferred.findings.add(Anomaly::CyclicVersions, || self.tell(history, touches, name, cycle));
        }
        if !cycles.is_empty() {
            self.order.truncate(known);
            inferred.notes.push(format!("{name} contradicts what is known, and was left out"));
        }
    }

    fn tell(
        &self,
        history: &ClientHistory,
        touches: &Touches,
        name: &str,
        cycle: &Cycle,
    ) -> super::super::findings::Finding {
        let story = Story::new(history);
        let shown = |version: u32| story.word(touches.value(self.numbers.named[version as usize].1));
        let mut about: Vec<u32> = Vec::new();
        for edge in &cycle.edges {
            let version = edge.from;
            let writer = Some(self.writers[version as usize]).filter(|&writer| writer != NOBODY);
            about.extend(writer.or_else(|| self.readers.row(version).first().copied()));
        }
        about.sort_unstable();
        about.dedup();
        let circle: Vec<String> = cycle.edges.iter().map(|edge| shown(edge.from)).collect();
        let key = history.show_key(self.numbers.named[cycle.edges[0].from as usize].0);
        let first = circle.first().cloned().unwrap_or_default();
        let wrong =
            format!("assuming {name}, the versions of {key} go round: {}, {first}", circle.join(", "));
        let mut finding = story.finding(&about, vec![wrong]);
        finding.shortest = cycle.proven_minimal;
        finding
    }

    /// What was read and overwritten in one transaction.
    fn of_updates(&self, history: &ClientHistory, touches: &Touches) -> Vec<(u32, u32)> {
        let mut order = Vec::new();
        for (number, ..) in history.committed() {
            for touch in touches.by(number) {
                if let (Some(read), Some(written)) = (touch.read, touch.written)
                    && read != written
                    && read != Word::NIL
                {
                    order.push(self.pair(touch.key, read, written));
                }
            }
        }
        order
    }

    /// What each client saw of each key, one after the other.
    fn of_clients(&self, history: &ClientHistory, touches: &Touches) -> Vec<(u32, u32)> {
        let mut seen: Vec<(u32, u32, u64, u32)> = Vec::new();
        for (number, one, _) in history.committed() {
            let own = touches.range(number);
            seen.extend(
                own.map(|touch| (one.process, touches.all[touch as usize].key, u64::from(touch), touch)),
            );
        }
        self.chains(seen, touches)
    }

    /// What was written to each key in the order of transactions that was told.
    fn of_order(&self, history: &ClientHistory, touches: &Touches, order: &[(u32, u64)]) -> Vec<(u32, u32)> {
        let mut order = order.to_vec();
        order.sort_unstable();
        let place = |index: u32| {
            let at = order.binary_search_by_key(&index, |&(index, _)| index).ok()?;
            Some(order[at].1)
        };
        let mut seen: Vec<(u32, u32, u64, u32)> = Vec::new();
        for (number, one, _) in history.committed() {
            if let Some(place) = place(one.index) {
                let writes =
                    touches.range(number).filter(|&touch| touches.all[touch as usize].written.is_some());
                seen.extend(writes.map(|touch| (0, touches.all[touch as usize].key, place, touch)));
            }
        }
        seen.sort_unstable();
        let pairs = seen.windows(2).filter(|pair| pair[0].1 == pair[1].1);
        let written = |touch: u32| touches.all[touch as usize].written;
        pairs
            .filter_map(|pair| Some(self.pair(pair[0].1, written(pair[0].3)?, written(pair[1].3)?)))
            .collect()
    }

    /// What was seen of a key by one, in the order of a place: from one version to the next.
    fn chains(&self, mut seen: Vec<(u32, u32, u64, u32)>, touches: &Touches) -> Vec<(u32, u32)> {
        seen.sort_unstable();
        let pairs = seen.windows(2).filter(|pair| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1));
        pairs
            .filter_map(|pair| self.between(touches.all[pair[0].3 as usize], touches.all[pair[1].3 as usize]))
            .collect()
    }

    /// What was seen of each key in the order of time.
    fn of_time(&self, history: &ClientHistory, touches: &Touches) -> Vec<(u32, u32)> {
        let mut moments: Vec<(u32, u32, bool, (u32, u32))> = Vec::new();
        for (number, one, _) in history.possible() {
            for touch in touches.range(number) {
                let key = touches.all[touch as usize].key;
                if one.begun != NEVER {
                    moments.push((key, one.begun, false, (number, touch)));
                }
                if one.ending == Ending::Committed {
                    moments.push((key, one.over, true, (number, touch)));
                }
            }
        }
        moments.sort_unstable();
        let mut order = Vec::new();
        for same in moments.chunk_by(|one, other| one.0 == other.0) {
            // Those that are over and that nothing that is over has come after: few, for each overlaps all others.
            let mut last: Vec<(u32, u32)> = Vec::new();
            for &(_, _, is_over, (number, touch)) in same {
                if is_over {
                    let begun = history.transactions[number as usize].begun;
                    last.retain(|&(before, _)| {
                        begun == NEVER || history.transactions[before as usize].over > begun
                    });
                    last.push((number, touch));
                } else {
                    let now = touches.all[touch as usize];
                    let before = last.iter().map(|&(_, before)| touches.all[before as usize]);
                    order.extend(before.filter_map(|before| self.between(before, now)));
                }
            }
        }
        order
    }

    /// The version that one transaction left a key at comes before that which a later one found it at.
    fn between(&self, first: Touch, second: Touch) -> Option<(u32, u32)> {
        let left = first.written.or(first.read)?;
        let found = second.read.filter(|&read| read != Word::NIL).or(second.written).or(second.read)?;
        // Of an unknown transaction it is not known what it found, and nobody else may have touched what it says.
        let found = self.numbers.get(second.key, found).filter(|_| left != found)?;
        Some((self.number(first.key, left), found))
    }

    fn pair(&self, key: u32, before: Word, after: Word) -> (u32, u32) {
        (self.number(key, before), self.number(key, after))
    }

    /// The number of a version that somebody has touched, or of an initial state.
    pub(super) fn number(&self, key: u32, value: Word) -> u32 {
        self.numbers.get(key, value).expect("every version that was touched has a number")
    }

    /// How many versions there are.
    pub(super) fn count(&self) -> usize {
        self.numbers.named.len()
    }

    /// How many read each version.
    pub(super) fn pending(&self) -> Vec<u32> {
        (0..self.count() as u32).map(|version| self.readers.row(version).len() as u32).collect()
    }

    /// Whether nobody in the history wrote the version, though it is none of the initial states.
    pub(super) fn is_foreign(&self, version: u32) -> bool {
        self.writers[version as usize] == NOBODY && self.numbers.named[version as usize].1 != Word::NIL
    }

    /// The dependencies that follow from the order.
    pub(super) fn link(&self, history: &ClientHistory, inferred: &mut Inferred) {
        let named = &self.numbers.named;
        for version in 0..named.len() as u32 {
            let writer = self.writers[version as usize];
            if writer != NOBODY {
                let pairs = self.readers.row(version).iter().map(|&reader| (writer, reader));
                inferred.link(pairs, Dependency::WriteRead, named[version as usize].0);
            }
        }
        let mut has_earlier = vec![false; named.len()];
        for &(before, after) in &self.order {
            let (writer, next) = (self.writers[before as usize], self.writers[after as usize]);
            if next == NOBODY {
                continue;
            }
            let key = named[after as usize].0;
            has_earlier[after as usize] |= writer != NOBODY;
            if writer != NOBODY {
                inferred.link([(writer, next)], Dependency::WriteWrite, key);
            }
            let readers = self.readers.row(before);
            let room = inferred.room(readers.len(), 1, history);
            let pairs = readers.iter().filter(|&&reader| reader != writer).map(|&reader| (reader, next));
            inferred.link(pairs.take(room), Dependency::ReadWrite, key);
        }
        self.link_initial(history, &has_earlier, inferred);
    }

    /// Whoever read the initial state comes before all who wrote; those that come after another writer need not be
    /// told.
    fn link_initial(&self, history: &ClientHistory, has_earlier: &[bool], inferred: &mut Inferred) {
        let named = &self.numbers.named;
        let first = (0..named.len() as u32).filter(|&version| {
            let version = version as usize;
            named[version].1 != Word::NIL && self.writers[version] != NOBODY && !has_earlier[version]
        });
        let keys = history.keys.len();
        let written: Vec<(u32, u32)> =
            first.map(|version| (named[version as usize].0, self.writers[version as usize])).collect();
        let written = Rows::of(&written, keys);
        for key in 0..keys as u32 {
            let Some(initial) = self.numbers.get(key, Word::NIL) else { continue };
            let (readers, writers) = (self.readers.row(initial), written.row(key));
            let room = inferred.room(readers.len(), writers.len(), history);
            let pairs =
                readers.iter().flat_map(|&reader| writers.iter().map(move |&writer| (reader, writer)));
            inferred.link(pairs.take(room), Dependency::ReadWrite, key);
        }
    }

    /// Whether the versions of each key stand in one order.
    pub(crate) fn is_total(&self) -> bool {
        let named = &self.numbers.named;
        let order: Vec<(u32, u32)> =
            self.order.iter().copied().filter(|&(before, _)| named[before as usize].1 != Word::NIL).collect();
        let after = Rows::of(&order, named.len());
        let mut missing = vec![0u32; named.len()];
        order.iter().for_each(|&(_, after)| missing[after as usize] += 1);
        let keys = named.iter().map(|&(key, _)| key + 1).max().unwrap_or(0);
        // For each key, the one version that may come next.
        let mut next = vec![NOBODY; keys as usize];
        let (mut ready, mut left) = (Vec::new(), 0);
        for version in 0..named.len() as u32 {
            let (key, value) = named[version as usize];
            if value == Word::NIL {
                continue;
            }
            left += 1;
            if missing[version as usize] == 0 {
                if next[key as usize] != NOBODY {
                    return false;
                }
                next[key as usize] = version;
                ready.push(version);
            }
        }
        while let Some(version) = ready.pop() {
            left -= 1;
            let freed: Vec<u32> = after
                .row(version)
                .iter()
                .copied()
                .filter(|&later| {
                    missing[later as usize] -= 1;
                    missing[later as usize] == 0
                })
                .collect();
            if freed.len() > 1 {
                return false;
            }
            ready.extend(freed);
        }
        left == 0
    }
}
