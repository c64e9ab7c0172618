//! From the spans of the order that are suspected to the cycles in them: the graph of the transactions there.

use history::Gid;

use super::anomaly::Order;
use super::checker::Checker;
use super::finding::{Finding, Step};
use super::graph::{Cycle, Dependency, Edge, Graph};
use super::live::{Place, Read};
use super::real_time::RealTime;
use super::window::{Committed, Span, has};

/// The suspected transactions and what they did.
struct Suspects {
    /// By id; and after them what mixed ones wrote, each write as if it were a transaction of its own, which keeps the
    /// versions of a key in their order.
    transactions: Vec<Committed>,
    /// So many are transactions.
    whole: usize,
    /// What mixed ones wrote, by key and writer.
    parts: Vec<(Place, Gid)>,
    /// Who read what, by reader.
    reads: Vec<(Gid, Read)>,
    /// Versions by key and by the writer of the version before.
    overwritten: Vec<Installed>,
    /// The keys, which the graph knows by their place in this list.
    places: Vec<Place>,
}

/// A version that one of them installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Installed {
    place: Place,
    over: Gid,
    writer: Gid,
    sequence: u64,
}

impl Checker {
    /// Looks for cycles in the spans that are suspected.
    pub(super) fn search(&mut self) {
        let spans = self.window.due();
        if spans.is_empty() {
            return;
        }
        let suspects = self.suspects(&spans);
        let edges = suspects.edges(Order::of(self.level));
        let graph = Graph::new(suspects.transactions.len() as u32, edges);
        for cycle in graph.cycles(Graph::VISITS) {
            let number = |edge: &Edge| suspects.transactions[edge.from as usize].number;
            let least = cycle.edges.iter().map(number).min().expect("a cycle has edges");
            if self.told.insert((least, cycle.anomaly)) {
                self.tell(cycle.anomaly, || suspects.tell(&cycle));
            }
        }
        // What lies in no span that can be searched again is not found again.
        self.told.retain(|&(least, _)| self.window.remembers(least));
    }

    fn suspects(&self, spans: &[Span]) -> Suspects {
        let mut within = self.window.within(spans);
        within.sort_unstable_by_key(|(committed, _)| committed.gid);
        let reads: Vec<(Gid, Read)> = within
            .iter()
            .flat_map(|(committed, reads)| reads.iter().map(|&read| (committed.gid, read)))
            .collect();
        let mut transactions: Vec<Committed> = within.into_iter().map(|(committed, _)| committed).collect();
        let whole = transactions.len();
        let versions = || self.versions.recent().filter(|version| has(spans, version.number));
        let mixed = versions().filter(|version| self.mixed.contains(&version.writer));
        let mut mixed: Vec<_> =
            mixed.map(|version| (version.place, version.writer, version.number)).collect();
        mixed.sort_unstable();
        mixed.dedup_by_key(|&mut (place, writer, _)| (place, writer));
        transactions.extend(mixed.iter().map(|&(_, writer, number)| Committed::part(writer, number)));
        let parts = mixed.iter().map(|&(place, writer, _)| (place, writer)).collect();
        let mut overwritten: Vec<Installed> = versions()
            .map(|version| Installed {
                place: version.place,
                over: version.previous_writer(),
                writer: version.writer,
                sequence: version.sequence,
            })
            .collect();
        overwritten.sort_unstable();
        let written = overwritten.iter().map(|installed| installed.place);
        let mut places: Vec<Place> = written.chain(reads.iter().map(|(_, read)| read.place)).collect();
        places.sort_unstable();
        places.dedup();
        Suspects { transactions, whole, parts, reads, overwritten, places }
    }
}

impl Suspects {
    fn edges(&self, order: Order) -> Vec<Edge> {
        let mut edges = Vec::new();
        let mut push = |from: Gid, to: Gid, dependency, place: Place| {
            if let (Some(from), Some(to)) = (self.node(from, place), self.node(to, place)) {
                let key = self.places.partition_point(|&other| other < place) as u32;
                edges.push(Edge { from, to, dependency, key });
            }
        };
        for installed in &self.overwritten {
            push(installed.over, installed.writer, Dependency::WriteWrite, installed.place);
        }
        for &(reader, read) in &self.reads {
            push(read.writer, reader, Dependency::WriteRead, read.place);
            if let Some(by) = self.overwriter(read.place, read.writer) {
                push(reader, by.writer, Dependency::ReadWrite, read.place);
            }
        }
        if order == Order::RealTime {
            self.add_time(&mut edges);
        }
        edges
    }

    fn add_time(&self, edges: &mut Vec<Edge>) {
        let mut times: Vec<(u64, bool, u32)> = Vec::new();
        for (node, committed) in (0..).zip(&self.transactions[..self.whole]) {
            times.push((committed.begun, false, node));
            times.extend(committed.answered.map(|answered| (answered, true, node)));
        }
        times.sort_unstable();
        let mut order = RealTime::new(self.transactions.len() as u32);
        for (_, over, node) in times {
            if over { order.over(node, edges) } else { order.begun(node, edges) }
        }
    }

    fn node(&self, gid: Gid, place: Place) -> Option<u32> {
        let whole = self.transactions[..self.whole].binary_search_by_key(&gid, |committed| committed.gid);
        let part = || self.parts.binary_search(&(place, gid)).map(|part| self.whole + part);
        whole.or_else(|_| part()).ok().map(|at| at as u32)
    }

    /// Who overwrote a version.
    fn overwriter(&self, place: Place, writer: Gid) -> Option<&Installed> {
        let at = self.overwritten.partition_point(|other| (other.place, other.over) < (place, writer));
        self.overwritten.get(at).filter(|by| (by.place, by.over) == (place, writer))
    }

    fn tell(&self, cycle: &Cycle) -> Finding {
        let steps: Vec<Step> = cycle.edges.iter().map(|edge| self.step(edge)).collect();
        Finding::of_cycle(cycle.anomaly, &steps, cycle.proven_minimal)
    }

    fn step(&self, edge: &Edge) -> Step {
        let [from, to] = [edge.from, edge.to].map(|node| &self.transactions[node as usize]);
        let place = self.places.get(edge.key as usize).copied().unwrap_or_default();
        let installed = |by: Gid| {
            let of_key = self.overwritten.iter().filter(|other| other.place == place);
            of_key.filter(|other| other.writer == by).map(|other| other.sequence).min()
        };
        let read = |by: Gid, matches: &dyn Fn(&Read) -> bool| {
            let own = self.reads.iter().filter(|(reader, read)| *reader == by && read.place == place);
            own.map(|(_, read)| read).find(|read| matches(read)).map(|read| read.sequence)
        };
        let sequences = match edge.dependency {
            Dependency::WriteWrite => [installed(from.gid), installed(to.gid)],
            Dependency::WriteRead => [installed(from.gid), read(to.gid, &|read| read.writer == from.gid)],
            Dependency::ReadWrite => {
                let overwritten_by_it =
                    |read: &Read| self.overwriter(place, read.writer).is_some_and(|by| by.writer == to.gid);
                [read(from.gid, &overwritten_by_it), installed(to.gid)]
            }
            Dependency::RealTime => [from.answered, Some(to.begun)],
            Dependency::Process => [None, None],
        };
        Step { dependency: edge.dependency, from: from.gid, to: to.gid, place, sequences }
    }
}
