//! The order of time with as many edges as transactions: a chain of barriers, one for each moment at which something
//! was over before something else began. Whatever was over leads to the barrier, and the barrier to all that began.

use super::graph::{Dependency, Edge};

/// Builds the edges of the order of time. Told in the order of time what begins and what is over.
#[derive(Clone, Debug)]
pub struct RealTime {
    next: u32,
    /// The last barrier, and whether something has begun behind it, so that what is over next needs a new one.
    last: Option<(u32, bool)>,
}

impl RealTime {
    /// For a graph of so many transactions: barriers are numbered from there.
    pub fn new(transactions: u32) -> Self {
        Self { next: transactions, last: None }
    }

    /// A transaction begins: after all that is over.
    pub fn begun(&mut self, transaction: u32, edges: &mut Vec<Edge>) {
        if let Some((barrier, passed)) = &mut self.last {
            *passed = true;
            edges.push(after(*barrier, transaction));
        }
    }

    /// A transaction is over: before all that begins from here on.
    pub fn over(&mut self, transaction: u32, edges: &mut Vec<Edge>) {
        let barrier = match self.last {
            Some((barrier, false)) => barrier,
            before => {
                let barrier = self.next;
                self.next += 1;
                self.last = Some((barrier, false));
                if let Some((before, _)) = before {
                    edges.push(after(before, barrier));
                }
                barrier
            }
        };
        edges.push(after(transaction, barrier));
    }
}

fn after(from: u32, to: u32) -> Edge {
    Edge { from, to, dependency: Dependency::RealTime, key: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_that_are_over_at_once_share_a_barrier_and_the_next_has_its_own() {
        let (mut order, mut edges) = (RealTime::new(4), Vec::new());
        order.begun(0, &mut edges);
        order.begun(1, &mut edges);
        order.over(0, &mut edges);
        order.over(1, &mut edges);
        order.begun(2, &mut edges);
        order.over(2, &mut edges);
        order.begun(3, &mut edges);
        let pairs: Vec<(u32, u32)> = edges.iter().map(|edge| (edge.from, edge.to)).collect();
        assert_eq!(pairs, [(0, 4), (1, 4), (4, 2), (4, 5), (2, 5), (5, 3)]);
    }
}
