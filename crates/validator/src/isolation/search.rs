//! The shortest cycle of each kind through a component: breadth first, from each edge that the kind turns upon.

use std::collections::VecDeque;

use super::anomaly::{Anomaly, Order};
use super::graph::{Cycle, Dependency, Edge, Graph};
use super::shape::{Shape, Walk};

const NOWHERE: u32 = u32::MAX;

/// Where a walk is: a node by its place in the component, and how far its shape has come.
type State = usize;

/// What is reused from one component to the next.
pub(super) struct Search<'a> {
    graph: &'a Graph,
    /// The place of each node in the component that is searched.
    places: Vec<u32>,
    /// The walk in which a state was reached last.
    walk: Vec<u32>,
    walks: u32,
    /// How many transactions a state is away from the start of the walk.
    distance: Vec<u32>,
    /// The state before, and the edge from there.
    before: Vec<(State, Edge)>,
    queue: VecDeque<State>,
    visits_left: u64,
}

impl<'a> Search<'a> {
    pub(super) fn new(graph: &'a Graph) -> Self {
        Self {
            graph,
            places: vec![NOWHERE; graph.nodes() as usize],
            walk: Vec::new(),
            walks: 0,
            distance: Vec::new(),
            before: Vec::new(),
            queue: VecDeque::new(),
            visits_left: 0,
        }
    }

    /// The shortest cycle of each shape through the component.
    pub(super) fn shortest(&mut self, component: &[u32], visits: u64, cycles: &mut Vec<Cycle>) {
        self.visits_left = visits;
        self.enter(component);
        let mut found: Vec<(Shape, Order)> = Vec::new();
        let orders = self.orders(component);
        for shape in Shape::ALL {
            for &order in &orders {
                let told = found.iter().any(|&(other, least)| least <= order && shape.is_told_by(other));
                if told || !shape.has(order) {
                    continue;
                }
                if let Some(edges) = self.shortest_of(component, shape, order) {
                    found.push((shape, order));
                    let proven_minimal = self.visits_left > 0;
                    cycles.push(Cycle { anomaly: shape.name(order, &edges), edges, proven_minimal });
                }
            }
        }
        if found.is_empty()
            && let Some(cycle) = self.any(component)
        {
            cycles.push(cycle);
        }
        component.iter().for_each(|&node| self.places[node as usize] = NOWHERE);
    }

    fn enter(&mut self, component: &[u32]) {
        for (place, &node) in (0..).zip(component) {
            self.places[node as usize] = place;
        }
        let states = component.len() * Walk::PHASES;
        if self.walk.len() < states {
            let none = Edge { from: 0, to: 0, dependency: Dependency::WriteWrite, key: 0 };
            self.walk.resize(states, 0);
            self.distance.resize(states, 0);
            self.before.resize(states, (0, none));
        }
    }

    /// The orders that edges of the component are of.
    fn orders(&self, component: &[u32]) -> Vec<Order> {
        let has = |wanted| {
            let edges = component.iter().flat_map(|&node| self.graph.from(node));
            edges.filter(|edge| self.is_inside(edge)).any(|edge| edge.dependency == wanted)
        };
        let mut orders = vec![Order::Data];
        orders.extend(has(Dependency::Process).then_some(Order::Process));
        orders.extend(has(Dependency::RealTime).then_some(Order::RealTime));
        orders
    }

    #[inline]
    fn is_inside(&self, edge: &Edge) -> bool {
        self.places[edge.to as usize] != NOWHERE
    }

    /// The shortest cycle of this shape, first by its turning edge, then breadth first.
    fn shortest_of(&mut self, component: &[u32], shape: Shape, order: Order) -> Option<Vec<Edge>> {
        let mut shortest: Option<Vec<Edge>> = None;
        let graph = self.graph;
        for &node in component {
            for turning in graph.from(node) {
                if turning.dependency != shape.turns_upon() || !self.is_inside(turning) {
                    continue;
                }
                let shorter_than = shortest.as_ref().map_or(u32::MAX, |edges| edges.len() as u32);
                if shorter_than == 2 || self.visits_left == 0 {
                    return shortest;
                }
                let walk = Walk { shape, order, key: turning.key };
                if let Some(edges) = self.close(turning, walk, shorter_than) {
                    shortest = Some(edges);
                }
            }
        }
        shortest
    }

    /// The shortest way from the end of an edge to its beginning, if with it the cycle has fewer transactions than
    /// this.
    fn close(&mut self, turning: &Edge, walk: Walk, shorter_than: u32) -> Option<Vec<Edge>> {
        let graph = self.graph;
        let place = |places: &[u32], node: u32| places[node as usize] as usize * Walk::PHASES;
        self.walks += 1;
        self.queue.clear();
        let start = place(&self.places, turning.to) + walk.start();
        self.reach(start, 0, (start, *turning));
        self.queue.push_back(start);
        let goal = place(&self.places, turning.from) + walk.goal();
        while let Some(state) = self.queue.pop_front() {
            if state == goal {
                return self.told(turning, start, goal);
            }
            let distance = self.distance[state];
            let (node, phase) = (self.before[state].1.to, state % Walk::PHASES);
            for edge in graph.from(node) {
                if self.visits_left == 0 {
                    return None;
                }
                self.visits_left -= 1;
                if !self.is_inside(edge) {
                    continue;
                }
                let Some(phase) = walk.step(phase, edge) else { continue };
                let next = place(&self.places, edge.to) + phase;
                // A barrier is no transaction: passing it costs nothing.
                let cost = u32::from(graph.is_transaction(edge.to));
                let reached = self.walk[next] == self.walks && self.distance[next] <= distance + cost;
                // The turning edge is one more.
                if reached || distance + cost + 1 >= shorter_than {
                    continue;
                }
                self.reach(next, distance + cost, (state, *edge));
                if cost == 0 { self.queue.push_front(next) } else { self.queue.push_back(next) }
            }
        }
        None
    }

    fn reach(&mut self, state: State, distance: u32, before: (State, Edge)) {
        self.walk[state] = self.walks;
        self.distance[state] = distance;
        self.before[state] = before;
    }

    /// The cycle of the turning edge and the way back, without barriers; none if it passes a transaction twice: then
    /// it is two shorter ones, of which one is found as what it is.
    fn told(&self, turning: &Edge, start: State, goal: State) -> Option<Vec<Edge>> {
        let mut edges = Vec::new();
        let mut state = goal;
        let mut to = turning.from;
        while state != start {
            let (before, edge) = self.before[state];
            if self.graph.is_transaction(edge.from) {
                edges.push(Edge { to, ..edge });
                to = edge.from;
            }
            state = before;
        }
        edges.push(*turning);
        edges.reverse();
        let mut passed: Vec<u32> = edges.iter().map(|edge| edge.from).collect();
        passed.sort_unstable();
        passed.dedup();
        (passed.len() == edges.len()).then_some(edges)
    }

    /// Any cycle, if the search was cut short before it had one.
    fn any(&mut self, component: &[u32]) -> Option<Cycle> {
        let graph = self.graph;
        self.visits_left = u64::MAX;
        // Barriers and sessions alone make no cycle: there is an edge of the data.
        let mut edges = component.iter().flat_map(|&node| graph.from(node));
        let turning = edges.find(|edge| self.is_inside(edge) && edge.dependency < Dependency::Process)?;
        let edges =
            self.close(turning, Walk { shape: Shape::Any, order: Order::RealTime, key: 0 }, u32::MAX)?;
        Some(Cycle { anomaly: name_of(&edges), edges, proven_minimal: false })
    }
}

/// What a cycle is that was not looked for as anything.
fn name_of(edges: &[Edge]) -> Anomaly {
    let has = |wanted| edges.iter().any(|edge| edge.dependency == wanted);
    let order = match (has(Dependency::RealTime), has(Dependency::Process)) {
        (true, _) => Order::RealTime,
        (false, true) => Order::Process,
        (false, false) => Order::Data,
    };
    let turns = |edge: &Edge| edge.dependency == Dependency::ReadWrite;
    let following = edges.iter().zip(edges.iter().cycle().skip(1));
    let adjacent = following.filter(|(edge, next)| turns(edge) && turns(next)).count() > 0;
    let shape = match edges.iter().filter(|edge| turns(edge)).count() {
        0 if has(Dependency::WriteRead) => Shape::G1c,
        0 => Shape::G0,
        1 => Shape::GSingle,
        _ if adjacent => Shape::G2Item,
        _ => Shape::GNonadjacent,
    };
    shape.name(order, edges)
}
