//! The graph of dependencies between transactions, in compressed rows.

use serde::{Deserialize, Serialize};

use super::anomaly::Anomaly;
use super::components::components;
use super::search::Search;

/// Why one transaction comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dependency {
    /// The second overwrote what the first wrote.
    WriteWrite,
    /// The second read what the first wrote.
    WriteRead,
    /// The second overwrote what the first read (an anti-dependency).
    ReadWrite,
    /// The same client ran the first before the second.
    Process,
    /// The first was over before the second began.
    RealTime,
}

/// One transaction comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// The first transaction, numbered from 0; or a barrier of [`super::RealTime`].
    pub from: u32,
    /// The second.
    pub to: u32,
    /// Why.
    pub dependency: Dependency,
    /// The number of the key that the dependency is about; of no meaning for [`Dependency::Process`] and
    /// [`Dependency::RealTime`].
    pub key: u32,
}

/// A circle of dependencies, which no serial order can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// What kind it is.
    pub anomaly: Anomaly,
    /// The circle: each edge ends where the next begins, and the last where the first begins. Barriers are left out.
    pub edges: Vec<Edge>,
    /// Whether no shorter one of its kind goes through these transactions' component; otherwise the search was cut
    /// short.
    pub proven_minimal: bool,
}

/// Dependencies by the transaction that comes first.
#[derive(Clone, Debug)]
pub struct Graph {
    transactions: u32,
    /// Where the edges from each node begin in `edges`; one more at the end.
    rows: Vec<u32>,
    edges: Vec<Edge>,
}

impl Graph {
    /// So many visits of an edge are spent on a component, unless told otherwise.
    pub const VISITS: u64 = 20_000_000;

    /// A graph of so many transactions. Nodes beyond them are barriers of the order of time. An edge from a
    /// transaction to itself means nothing and is left out.
    pub fn new(transactions: u32, mut edges: Vec<Edge>) -> Self {
        edges.retain(|edge| edge.from != edge.to);
        edges.sort_unstable();
        edges.dedup();
        let nodes = edges.iter().map(|edge| edge.from.max(edge.to) + 1).max().unwrap_or(0).max(transactions);
        let mut rows = vec![0u32; nodes as usize + 1];
        for edge in &edges {
            rows[edge.from as usize + 1] += 1;
        }
        let mut sum = 0;
        for row in &mut rows {
            sum += *row;
            *row = sum;
        }
        Self { transactions, rows, edges }
    }

    /// How many nodes there are, barriers included.
    pub fn nodes(&self) -> u32 {
        self.rows.len() as u32 - 1
    }

    /// How many edges there are.
    pub fn edges(&self) -> u64 {
        self.edges.len() as u64
    }

    /// The edges from a node, ascending.
    #[inline]
    pub fn from(&self, node: u32) -> &[Edge] {
        &self.edges[self.rows[node as usize] as usize..self.rows[node as usize + 1] as usize]
    }

    /// Whether the node is a transaction, and no barrier.
    #[inline]
    pub(super) fn is_transaction(&self, node: u32) -> bool {
        node < self.transactions
    }

    /// The shortest cycle of each kind through each component, by component and kind; no more than so many visits of
    /// an edge are spent on each component. There is none if and only if the graph has no cycle.
    pub fn cycles(&self, visits: u64) -> Vec<Cycle> {
        let components = components(self);
        let mut search = Search::new(self);
        let mut cycles = Vec::new();
        for component in &components {
            search.shortest(component, visits, &mut cycles);
        }
        cycles
    }
}

#[cfg(test)]
mod tests {
    use super::super::RealTime;
    use super::*;
    use Dependency::{Process, ReadWrite, WriteRead, WriteWrite};

    type Row = (u32, Dependency, u32, u32);

    fn edge((from, dependency, to, key): Row) -> Edge {
        Edge { from, to, dependency, key }
    }

    fn told(transactions: u32, edges: &[Row]) -> Vec<String> {
        let graph = Graph::new(transactions, edges.iter().copied().map(edge).collect());
        let cycles = graph.cycles(Graph::VISITS);
        assert!(cycles.iter().all(|cycle| cycle.proven_minimal));
        cycles.iter().map(|cycle| format!("{} of {}", cycle.anomaly, cycle.edges.len())).collect()
    }

    #[test]
    fn each_cycle_has_its_name_and_without_its_last_edge_there_is_none() {
        let cases: [(&str, &[Row]); 9] = [
            ("G0 of 2", &[(0, WriteWrite, 1, 1), (1, WriteWrite, 0, 2)]),
            ("G1c of 2", &[(0, WriteWrite, 1, 1), (1, WriteRead, 0, 2)]),
            ("fractured read of 2", &[(0, WriteRead, 1, 1), (1, ReadWrite, 0, 2)]),
            ("causality violation of 3", &[(0, WriteRead, 1, 1), (1, WriteRead, 2, 2), (2, ReadWrite, 0, 3)]),
            ("lost update of 2", &[(0, ReadWrite, 1, 1), (1, WriteWrite, 0, 1)]),
            ("G-single of 2", &[(0, ReadWrite, 1, 1), (1, WriteWrite, 0, 2)]),
            ("write skew of 2", &[(0, ReadWrite, 1, 1), (1, ReadWrite, 0, 2)]),
            ("G2-item of 3", &[(0, ReadWrite, 1, 1), (1, ReadWrite, 2, 2), (2, WriteWrite, 0, 3)]),
            (
                "G-nonadjacent of 4",
                &[(0, ReadWrite, 1, 1), (1, WriteRead, 2, 2), (2, ReadWrite, 3, 3), (3, WriteRead, 0, 4)],
            ),
        ];
        for (name, edges) in cases {
            assert_eq!(told(4, edges), [name]);
            assert!(told(4, &edges[..edges.len() - 1]).is_empty());
        }
    }

    #[test]
    fn a_write_that_was_missed_counts_for_what_followed_it() {
        let edges = [(2, ReadWrite, 1, 7), (1, WriteWrite, 0, 7), (0, WriteRead, 2, 8)];
        assert_eq!(told(3, &edges), ["fractured read of 3"]);
        let other_key = [(2, ReadWrite, 1, 7), (1, WriteWrite, 0, 6), (0, WriteRead, 2, 8)];
        assert_eq!(told(3, &other_key), ["G-single of 3"]);
    }

    #[test]
    fn the_order_that_a_cycle_needs_is_in_its_name() {
        assert_eq!(
            told(2, &[(0, Process, 1, 0), (1, ReadWrite, 0, 1)]),
            ["causality violation-process of 2"]
        );
        assert_eq!(told(2, &[(0, Process, 1, 0), (1, WriteWrite, 0, 1)]), ["G0-process of 2"]);
        let mut edges = vec![edge((1, ReadWrite, 0, 1))];
        let mut time = RealTime::new(2);
        time.begun(0, &mut edges);
        time.over(0, &mut edges);
        time.begun(1, &mut edges);
        let cycles = Graph::new(2, edges).cycles(Graph::VISITS);
        assert_eq!(cycles[0].anomaly.to_string(), "G-single-realtime");
        let pairs: Vec<(u32, u32)> = cycles[0].edges.iter().map(|edge| (edge.from, edge.to)).collect();
        assert_eq!(pairs, [(1, 0), (0, 1)], "the barrier is left out");
    }

    #[test]
    fn a_search_that_was_cut_short_has_a_cycle_and_says_that_it_may_not_be_the_shortest() {
        let ring: Vec<Edge> = (0..100).map(|n| edge((n, WriteWrite, (n + 1) % 100, 1))).collect();
        let graph = Graph::new(100, ring);
        let cut = &graph.cycles(5)[0];
        assert_eq!(
            (cut.anomaly.to_string().as_str(), cut.edges.len(), cut.proven_minimal),
            ("G0", 100, false)
        );
        assert!(graph.cycles(Graph::VISITS)[0].proven_minimal);
    }
}
