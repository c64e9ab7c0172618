//! What the reads of registers demand of the order of commits, where no order of versions is known: Biswas and Enea's
//! axioms (OOPSLA 2019) in nearly linear time, with the algorithms of Møldrup and Pavlogiannis (*AWDIT*, PLDI 2025).
//!
//! Each axiom says of a read of a key from T1 that some T2, which wrote the key too and which the reader must have
//! known, was committed before T1. The history is of the level if sessions, reads and these demands are no circle.

use super::findings::Finding;
use super::history::{Access, ClientHistory, Ending};
use super::inferred::Inferred;
use super::promise::Axiom;
use super::rows::Rows;
use super::story::Story;
use super::table::Table;
use super::writers::{Marks, Writers};
use crate::isolation::{Anomaly, Dependency, Edge, Graph, Order};

/// So many entries the clocks of the causal order may have together.
const CLOCKS_MAX: usize = 1 << 26;
const NOBODY: u32 = u32::MAX;

/// One read of what another transaction wrote.
#[derive(Clone, Copy, Debug)]
struct Read {
    key: u32,
    writer: u32,
}

/// The second was committed before the first of what it is compared with, for this reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Demand {
    before: u32,
    after: u32,
    key: u32,
    reader: u32,
}

struct Demands<'a> {
    history: &'a ClientHistory,
    sessions: bool,
    starts: Vec<u32>,
    reads: Vec<Read>,
    /// The keys that each transaction wrote.
    writes: Rows,
    wrote: Table,
    found: Vec<Demand>,
}

/// Judges by an axiom; clients are sessions if they are promised their own order, which the causal axiom needs.
pub(super) fn check(
    history: &ClientHistory,
    writers: &Writers,
    axiom: Axiom,
    sessions: bool,
    inferred: &mut Inferred,
) {
    let mut demands = Demands::of(history, writers, sessions);
    match axiom {
        Axiom::ReadCommitted => demands.of_earlier_reads(),
        Axiom::ReadAtomic => demands.of_all_reads(),
        Axiom::Causal => {
            demands.of_all_reads();
            if !demands.of_causes() {
                let entries = history.transactions.len() * history.processes.len();
                inferred.leave_open(format!(
                    "the causal order needs {entries} clock entries, {CLOCKS_MAX} is the most"
                ));
            }
        }
    }
    demands.judge(axiom, inferred);
}

impl<'a> Demands<'a> {
    fn of(history: &'a ClientHistory, writers: &Writers, sessions: bool) -> Self {
        let (mut starts, mut reads, mut writes) = (vec![0], Vec::new(), Vec::new());
        let mut wrote = Table::default();
        for (number, one, steps) in history.all() {
            for step in steps {
                match step.access {
                    Access::Write(_)
                        if one.ending != Ending::Aborted && wrote.insert((number, step.key), 0).is_none() =>
                    {
                        writes.push((number, step.key));
                    }
                    Access::Read(value) if one.ending == Ending::Committed => {
                        let writer = writers.get(step.key, value).map(|writer| writer.transaction);
                        let is_other = |&writer: &u32| {
                            writer != number
                                && history.transactions[writer as usize].ending != Ending::Aborted
                        };
                        let read = writer.filter(is_other).map(|writer| Read { key: step.key, writer });
                        reads.extend(read);
                    }
                    _ => {}
                }
            }
            starts.push(reads.len() as u32);
        }
        let writes = Rows::of(&writes, history.transactions.len());
        Self { history, sessions, starts, reads, writes, wrote, found: Vec::new() }
    }

    fn reads_of(&self, transaction: u32) -> std::ops::Range<usize> {
        self.starts[transaction as usize] as usize..self.starts[transaction as usize + 1] as usize
    }

    /// Read committed: who has read from T2 reads no version that T2 had overwritten.
    fn of_earlier_reads(&mut self) {
        let (mut marks, mut writer_of) = (Marks::new(self.history), vec![NOBODY; self.history.keys.len()]);
        let mut later = Vec::new();
        for reader in 0..self.history.transactions.len() as u32 {
            later.clear();
            // From the end: what is marked is read later.
            for index in self.reads_of(reader).rev() {
                let Read { key, writer } = self.reads[index];
                self.compare(writer, reader, &later, &writer_of, &marks);
                if !marks.mark(key, reader) {
                    later.push(key);
                }
                writer_of[key as usize] = writer;
            }
        }
    }

    /// Read atomic: who reads from T2, or comes after it in its session, reads no version that T2 had overwritten.
    fn of_all_reads(&mut self) {
        let (mut marks, mut writer_of) = (Marks::new(self.history), vec![NOBODY; self.history.keys.len()]);
        let mut last = LastWrites::new(self.history);
        let mut seen = Vec::new();
        for reader in self.by_session() {
            let process = self.history.transactions[reader as usize].process;
            seen.clear();
            for index in self.reads_of(reader) {
                let Read { key, writer } = self.reads[index];
                if !marks.mark(key, reader) {
                    seen.push(key);
                }
                writer_of[key as usize] = writer;
                if self.sessions
                    && let Some(before) = last.get(process, key)
                {
                    self.found.extend(demand(before, writer, key, reader));
                }
            }
            let mut writers: Vec<u32> =
                self.reads[self.reads_of(reader)].iter().map(|read| read.writer).collect();
            writers.sort_unstable();
            writers.dedup();
            for writer in writers {
                self.compare(writer, reader, &seen, &writer_of, &marks);
            }
            for &key in self.writes.row(reader) {
                last.set(process, key, reader);
            }
        }
    }

    /// The keys among these that the writer wrote too, though they were read from others; whichever are fewer are
    /// gone through.
    fn compare(&mut self, writer: u32, reader: u32, keys: &[u32], writer_of: &[u32], marks: &Marks) {
        let written = self.writes.row(writer);
        let both: Vec<u32> = if keys.len() < written.len() {
            keys.iter().copied().filter(|&key| self.wrote.get((writer, key)).is_some()).collect()
        } else {
            written.iter().copied().filter(|&key| marks.is_marked(key, reader)).collect()
        };
        for key in both {
            self.found.extend(demand(writer, writer_of[key as usize], key, reader));
        }
    }

    /// Causal: who comes after T2 in any way reads no version that T2 had overwritten. Says whether there was room.
    fn of_causes(&mut self) -> bool {
        let Some(clocks) = Clocks::of(self) else { return false };
        let mut writes: Vec<(u32, u32, u32, u32)> = Vec::new();
        for (number, one, _) in self.history.all() {
            let place = clocks.places[number as usize];
            writes.extend(self.writes.row(number).iter().map(|&key| (key, one.process, place, number)));
        }
        writes.sort_unstable();
        // The writes of one key in one session stand together, in the order of the session.
        let is_same =
            |one: &(u32, u32, u32, u32), other: &(u32, u32, u32, u32)| (one.0, one.1) == (other.0, other.1);
        let together: Vec<&[(u32, u32, u32, u32)]> = writes.chunk_by(is_same).collect();
        let by_key: Vec<(u32, u32)> = (0..).zip(&together).map(|(index, same)| (same[0].0, index)).collect();
        let by_key = Rows::of(&by_key, self.history.keys.len());
        for (reader, ..) in self.history.committed() {
            for index in self.reads_of(reader) {
                let Read { key, writer } = self.reads[index];
                for &same in by_key.row(key) {
                    let same = together[same as usize];
                    let known = clocks.of_transaction(reader)[same[0].1 as usize];
                    let causes = same.partition_point(|&(_, _, place, _)| place < known);
                    if let Some(last) = causes.checked_sub(1) {
                        self.found.extend(demand(same[last].3, writer, key, reader));
                    }
                }
            }
        }
        true
    }

    /// All transactions, session by session.
    fn by_session(&self) -> Vec<u32> {
        let mut order: Vec<u32> = self.history.committed().map(|(number, ..)| number).collect();
        order.sort_by_key(|&number| self.history.transactions[number as usize].process);
        order
    }

    /// The order in sessions, and who read from whom.
    fn edges(&self) -> Vec<Edge> {
        let mut edges = Vec::new();
        if self.sessions {
            super::time::process_edges(self.history, &mut edges);
        }
        for reader in 0..self.history.transactions.len() as u32 {
            edges.extend(self.reads[self.reads_of(reader)].iter().map(|read| Edge {
                from: read.writer,
                to: reader,
                dependency: Dependency::WriteRead,
                key: read.key,
            }));
        }
        edges
    }

    fn judge(mut self, axiom: Axiom, inferred: &mut Inferred) {
        let mut edges = self.edges();
        self.found.sort_unstable();
        edges.extend(self.found.iter().map(|demand| Edge {
            from: demand.before,
            to: demand.after,
            dependency: Dependency::WriteWrite,
            key: demand.key,
        }));
        let graph = Graph::new(self.history.transactions.len() as u32, edges);
        for cycle in graph.cycles(Graph::VISITS) {
            let has = |wanted| cycle.edges.iter().any(|edge| edge.dependency == wanted);
            if !has(Dependency::WriteWrite) {
                // No axiom is needed for this one: it is found with all other dependencies.
                continue;
            }
            let order = if has(Dependency::Process) { Order::Process } else { Order::Data };
            let anomaly = match axiom {
                Axiom::ReadCommitted | Axiom::ReadAtomic => Anomaly::FracturedRead,
                Axiom::Causal => Anomaly::CausalityViolation(order),
            };
            inferred.findings.add(anomaly, || self.tell(&cycle));
        }
    }

    /// The circle, and with it the reads that demand what is in it.
    fn tell(&self, cycle: &crate::isolation::Cycle) -> Finding {
        let story = Story::new(self.history);
        let mut about: Vec<u32> = cycle.edges.iter().map(|edge| edge.from).collect();
        let mut wrong = Vec::new();
        for edge in &cycle.edges {
            let (from, to) = (story.name(edge.from), story.name(edge.to));
            let key = self.history.show_key(edge.key);
            let known = (edge.from, edge.to, edge.key);
            let place = self.found.partition_point(|one| (one.before, one.after, one.key) < known);
            wrong.push(match edge.dependency {
                Dependency::WriteWrite => {
                    let reader = self.found[place].reader;
                    about.push(reader);
                    let name = story.name(reader);
                    format!(
                        "{from} was committed before {to}: both wrote {key}, and {name}, which must have known what \
                         {from} wrote, read what {to} wrote"
                    )
                }
                Dependency::Process => format!("{from} came before {to} in their session"),
                _ => format!("{from} was committed before {to}, which read its {key}"),
            });
        }
        wrong.push("which is a circle: there is no such order of commits".to_owned());
        let mut seen = Vec::new();
        about.retain(|&one| {
            let is_new = !seen.contains(&one);
            seen.push(one);
            is_new
        });
        let mut finding = story.finding(&about, wrong);
        finding.shortest = cycle.proven_minimal;
        finding
    }
}

/// That the first was committed before the second, unless it is the second.
fn demand(before: u32, after: u32, key: u32, reader: u32) -> Option<Demand> {
    (before != after).then_some(Demand { before, after, key, reader })
}

/// Who wrote each key last in a session, for one session after the other.
struct LastWrites {
    by_key: Vec<(u32, u32)>,
}

impl LastWrites {
    fn new(history: &ClientHistory) -> Self {
        Self { by_key: vec![(NOBODY, NOBODY); history.keys.len()] }
    }

    fn get(&self, process: u32, key: u32) -> Option<u32> {
        let (of, writer) = self.by_key[key as usize];
        (of == process && writer != NOBODY).then_some(writer)
    }

    fn set(&mut self, process: u32, key: u32, writer: u32) {
        self.by_key[key as usize] = (process, writer);
    }
}

/// For each transaction, how many of each session's are among its causes.
struct Clocks {
    width: usize,
    entries: Vec<u32>,
    /// The place of each transaction in its session.
    places: Vec<u32>,
}

impl Clocks {
    /// None if there is no room. In a circle there are no causes; the circle is told for what it is.
    fn of(demands: &Demands<'_>) -> Option<Self> {
        let history = demands.history;
        let (transactions, width) = (history.transactions.len(), history.processes.len());
        if transactions.checked_mul(width).is_none_or(|entries| entries > CLOCKS_MAX) {
            return None;
        }
        let mut next = vec![0; width];
        let mut places = Vec::with_capacity(transactions);
        for one in &history.transactions {
            places.push(next[one.process as usize]);
            next[one.process as usize] += u32::from(one.ending != Ending::Aborted);
        }
        let edges = demands.edges();
        let pairs: Vec<(u32, u32)> = edges.iter().map(|edge| (edge.from, edge.to)).collect();
        let after = Rows::of(&pairs, transactions);
        let mut missing = vec![0u32; transactions];
        pairs.iter().for_each(|&(_, to)| missing[to as usize] += 1);
        let mut ready: Vec<u32> =
            (0..transactions as u32).filter(|&one| missing[one as usize] == 0).collect();
        let mut clocks = Self { width, entries: vec![0; transactions * width], places };
        while let Some(from) = ready.pop() {
            let process = history.transactions[from as usize].process;
            for &to in after.row(from) {
                clocks.join(from, to, process);
                missing[to as usize] -= 1;
                if missing[to as usize] == 0 {
                    ready.push(to);
                }
            }
        }
        Some(clocks)
    }

    /// All that caused the first, and the first, caused the second.
    fn join(&mut self, from: u32, to: u32, process: u32) {
        let (from_start, to_start) = (from as usize * self.width, to as usize * self.width);
        for index in 0..self.width {
            let cause = self.entries[from_start + index];
            let entry = &mut self.entries[to_start + index];
            *entry = (*entry).max(cause);
        }
        let own = self.places[from as usize] + 1;
        let entry = &mut self.entries[to_start + process as usize];
        *entry = (*entry).max(own);
    }

    fn of_transaction(&self, transaction: u32) -> &[u32] {
        &self.entries[transaction as usize * self.width..][..self.width]
    }
}
