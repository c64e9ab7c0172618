//! The strongly connected components of a graph, in one pass (Tarjan, 1972) and without recursion.

use super::graph::Graph;

const UNSEEN: u32 = u32::MAX;

struct Pass<'a> {
    graph: &'a Graph,
    /// When each node was first seen.
    seen: Vec<u32>,
    /// The earliest node on the stack that is known to be reached from each; `UNSEEN` once its component is complete.
    low: Vec<u32>,
    stack: Vec<u32>,
    /// The nodes whose edges are being followed, and how many of them were.
    path: Vec<(u32, u32)>,
    components: Vec<Vec<u32>>,
}

/// The components of more than one node, by their least node; nodes ascending.
pub(super) fn components(graph: &Graph) -> Vec<Vec<u32>> {
    let nodes = graph.nodes() as usize;
    let mut pass = Pass {
        graph,
        seen: vec![UNSEEN; nodes],
        low: vec![UNSEEN; nodes],
        stack: Vec::new(),
        path: Vec::new(),
        components: Vec::new(),
    };
    let mut time = 0;
    for root in 0..graph.nodes() {
        if pass.seen[root as usize] == UNSEEN {
            pass.follow(root, &mut time);
        }
    }
    pass.components.sort_unstable();
    pass.components
}

impl Pass<'_> {
    fn follow(&mut self, root: u32, time: &mut u32) {
        self.enter(root, time);
        while let Some((node, followed)) = self.path.last_mut() {
            let node = *node;
            match self.graph.from(node).get(*followed as usize) {
                Some(edge) => {
                    *followed += 1;
                    let to = edge.to as usize;
                    if self.seen[to] == UNSEEN {
                        self.enter(edge.to, time);
                    } else if self.low[to] != UNSEEN {
                        self.low[node as usize] = self.low[node as usize].min(self.seen[to]);
                    }
                }
                None => {
                    self.path.pop();
                    self.leave(node);
                }
            }
        }
    }

    fn enter(&mut self, node: u32, time: &mut u32) {
        self.seen[node as usize] = *time;
        self.low[node as usize] = *time;
        *time += 1;
        self.stack.push(node);
        self.path.push((node, 0));
    }

    fn leave(&mut self, node: u32) {
        let low = self.low[node as usize];
        if let Some(&(before, _)) = self.path.last() {
            self.low[before as usize] = self.low[before as usize].min(low);
        }
        if low != self.seen[node as usize] {
            return;
        }
        let first = self.stack.iter().rposition(|&on| on == node).expect("a node is on the stack until left");
        for &done in &self.stack[first..] {
            self.low[done as usize] = UNSEEN;
        }
        if self.stack.len() - first > 1 {
            let mut component = self.stack[first..].to_vec();
            component.sort_unstable();
            self.components.push(component);
        }
        self.stack.truncate(first);
    }
}
