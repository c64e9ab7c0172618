//! Judges what clients saw: infers dependencies, looks for cycles, and says what follows for what was promised.

use std::collections::BTreeMap;

use super::findings::Findings;
use super::history::{Access, ClientHistory, Ending, Model};
use super::inferred::Inferred;
use super::options::Options;
use super::promise::{Axiom, Promise};
use super::register::{self, Registers, Witness};
use super::report::{Check, Counts, Report};
use super::story::Story;
use super::words::Word;
use super::writers::Writers;
use super::{commit_order, list_append, lost_update, time};
use crate::Verdict;
use crate::isolation::{Anomaly, Cycle, Dependency, Edge, Graph, Order};

/// Judges a history of transactions.
pub fn check(history: &ClientHistory, options: &Options) -> Report {
    let promise = match history.has_sessions {
        true => options.promise.clone().in_sessions(),
        false => options.promise.clone(),
    };
    let writers = &Writers::of(history, &promise);
    let mut judge = Judge { history, options, promise, writers, counts: counts(history), nothing: false };
    let (mut inferred, registers) = match history.model() {
        Some(Model::Register) => {
            let mut registers = register::infer(history, writers, &options.assumptions);
            (std::mem::take(&mut registers.inferred), Some(registers))
        }
        _ => (list_append::infer(history, writers), None),
    };
    lost_update::check(history, writers, &mut inferred.findings);
    if let (Some(axiom), Some(_)) = (judge.promise.axiom, &registers) {
        judge.axiom(axiom, &mut inferred);
    }
    let verdict = judge.cycles(&mut inferred, registers.as_ref());
    judge.report(verdict, inferred)
}

struct Judge<'a> {
    history: &'a ClientHistory,
    options: &'a Options,
    promise: Promise,
    writers: &'a Writers,
    counts: Counts,
    /// Whether there was nothing to look at.
    nothing: bool,
}

impl Judge<'_> {
    fn sessions(&self) -> bool {
        self.history.has_sessions || self.promise.order() >= Order::Process
    }

    fn axiom(&self, axiom: Axiom, inferred: &mut Inferred) {
        let sessions = self.sessions();
        let axiom = if sessions { axiom } else { axiom.min(Axiom::ReadAtomic) };
        commit_order::check(self.history, self.writers, axiom, sessions, inferred);
    }

    /// Looks for cycles, and decides.
    fn cycles(&mut self, inferred: &mut Inferred, registers: Option<&Registers>) -> Verdict {
        let history = self.history;
        match self.promise.order() {
            _ if history.has_sessions => time::process_edges(history, &mut inferred.edges),
            Order::Data => {}
            Order::Process => time::process_edges(history, &mut inferred.edges),
            Order::RealTime => time::real_time_edges(history, &mut inferred.edges),
        }
        let edges = strongest(std::mem::take(&mut inferred.edges), registers.is_some());
        self.count(&edges);
        let graph = Graph::new(history.transactions.len() as u32, edges);
        let cycles = self.seen_once(graph.cycles(self.options.budget));
        let story = Story::new(history).naming(self.writers);
        for cycle in &cycles {
            inferred.findings.add(cycle.anomaly, || story.cycle(cycle));
        }
        // A session that reads its own writes is looked at too.
        self.nothing = self.counts.edges() == 0 && !(history.has_sessions && self.counts.reads > 0);
        let verdict = self.decide(inferred, registers, &graph, &cycles);
        match self.writers.ambiguous {
            Some((key, value)) if verdict != Verdict::Violated => self.names_nobody(key, value),
            _ => verdict,
        }
    }

    /// Leaves out a cycle through the same transactions as another one that is ruled out and needs less of an order.
    fn seen_once(&self, mut cycles: Vec<Cycle>) -> Vec<Cycle> {
        let through = |cycle: &Cycle| {
            let mut transactions: Vec<u32> = cycle.edges.iter().map(|edge| edge.from).collect();
            transactions.sort_unstable();
            transactions
        };
        let mut least: BTreeMap<Vec<u32>, Order> = BTreeMap::new();
        for cycle in cycles.iter().filter(|cycle| self.is_ruled_out(cycle.anomaly)) {
            let order = least.entry(through(cycle)).or_insert(Order::RealTime);
            *order = cycle.anomaly.order().min(*order);
        }
        cycles.retain(|cycle| least.get(&through(cycle)).is_none_or(|less| *less >= cycle.anomaly.order()));
        cycles
    }

    /// What is left out where a value names nobody may hide something, whatever else was looked at.
    fn names_nobody(&self, key: u32, value: Word) -> Verdict {
        let (key, value) = (self.history.show_key(key), self.history.words.show(value));
        Verdict::Inconclusive(format!(
            "{value} was written to {key} more than once, so a read of it names nobody: let each write to a key have a \
             value of its own"
        ))
    }

    fn decide(
        &self,
        inferred: &mut Inferred,
        registers: Option<&Registers>,
        graph: &Graph,
        cycles: &[Cycle],
    ) -> Verdict {
        let open = |reason: String| Verdict::Inconclusive(reason);
        if inferred.findings.by_kind.keys().any(|&anomaly| self.is_ruled_out(anomaly)) {
            return Verdict::Violated;
        }
        if let Some(reason) = &inferred.open {
            return open(reason.clone());
        }
        if cycles.iter().any(|cycle| !cycle.proven_minimal) {
            return open("the search for cycles was cut short".to_owned());
        }
        if self.nothing {
            return open("nothing depends on anything, so nothing was checked".to_owned());
        }
        let found = inferred.findings.by_kind.keys().any(|&anomaly| anomaly != Anomaly::GarbageRead);
        if self.promise.is_partial && found {
            return open(format!("{} rules out more than is looked for", self.promise.name));
        }
        match registers {
            Some(registers) if self.promise.needs_an_order() && !registers.versions.is_total() => {
                self.try_orders(registers, inferred, graph, cycles)
            }
            _ => Verdict::Valid,
        }
    }

    /// Where the order of versions is not known, a serial order of the transactions that explains all reads will do.
    /// Reads that name nobody are left unexplained: if there is no order without them, there is none with them.
    fn try_orders(
        &self,
        registers: &Registers,
        inferred: &mut Inferred,
        graph: &Graph,
        cycles: &[Cycle],
    ) -> Verdict {
        let open = |reason: &str| Verdict::Inconclusive(reason.to_owned());
        if !cycles.is_empty() {
            return open("the order of versions is not known, and what is known permits no serial order");
        }
        let budget = self.options.budget;
        match register::search(self.history, &registers.touches, &registers.versions, graph, budget) {
            Witness::Found => {
                if self.writers.ambiguous.is_none() {
                    inferred.notes.push("a serial order that explains every read was found".to_owned());
                }
                Verdict::Valid
            }
            Witness::OutOfBudget => {
                open("the order of versions is not known, and no serial order was found in time")
            }
            Witness::Refuted => {
                let anomaly = Anomaly::G2Item(self.order_kept());
                if !self.is_ruled_out(anomaly) {
                    let name = &self.promise.name;
                    return Verdict::Inconclusive(format!(
                        "the order of versions is not known: no serial order explains all reads, and {name} may hold \
                         without one"
                    ));
                }
                let story = Story::new(self.history);
                let committed: Vec<u32> = self.history.committed().map(|(number, ..)| number).collect();
                let shown = &committed[..committed.len().min(16)];
                let wrong = format!(
                    "every order of these {} transactions was tried, and none explains what all of them read",
                    committed.len()
                );
                inferred.findings.add(anomaly, || {
                    let mut finding = story.finding(shown, vec![wrong]);
                    finding.shortest = false;
                    finding
                });
                Verdict::Violated
            }
        }
    }

    /// The strongest order that the history shows anything of.
    fn order_kept(&self) -> Order {
        match self.counts {
            Counts { real_time: 1.., .. } => Order::RealTime,
            Counts { process: 1.., .. } => Order::Process,
            _ => Order::Data,
        }
    }

    /// Registers may begin with any value, so what nobody wrote is ruled out only where it is asked for, or where the
    /// history holds the first writes too.
    fn is_ruled_out(&self, anomaly: Anomaly) -> bool {
        let may_begin = self.history.model() == Some(Model::Register) && !self.history.has_sessions;
        if anomaly == Anomaly::GarbageRead && may_begin {
            return self.promise.ruled_out.contains(&anomaly);
        }
        self.promise.rules_out(anomaly)
    }

    fn count(&mut self, edges: &[Edge]) {
        let transactions = self.history.transactions.len() as u32;
        // Time leads from a transaction to a moment, and from there to those that begin after it: they are what counts.
        for edge in edges.iter().filter(|edge| edge.to < transactions) {
            *match edge.dependency {
                Dependency::WriteWrite => &mut self.counts.write_write,
                Dependency::WriteRead => &mut self.counts.write_read,
                Dependency::ReadWrite => &mut self.counts.read_write,
                Dependency::Process => &mut self.counts.process,
                Dependency::RealTime => &mut self.counts.real_time,
            } += 1;
        }
    }

    fn report(&self, verdict: Verdict, inferred: Inferred) -> Report {
        let Inferred { findings: Findings { by_kind }, mut notes, .. } = inferred;
        let mut about: Vec<u32> = Vec::new();
        let names: Vec<&String> = by_kind
            .values()
            .flat_map(|found| &found.told)
            .flat_map(|finding| &finding.transactions)
            .collect();
        let story = Story::new(self.history);
        if !names.is_empty() {
            let all = 0..self.history.transactions.len() as u32;
            let mut wanted: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
            wanted.sort_unstable();
            about.extend(all.filter(|&number| wanted.binary_search(&story.name(number).as_str()).is_ok()));
        }
        let check = |(anomaly, found): (Anomaly, _)| Check {
            anomaly: anomaly.to_string(),
            meaning: anomaly.meaning(),
            ruled_out: self.is_ruled_out(anomaly),
            found,
        };
        if by_kind.contains_key(&Anomaly::GarbageRead) && !self.is_ruled_out(Anomaly::GarbageRead) {
            notes.push("what nobody in the history wrote is taken for what was there before it".to_owned());
        }
        Report {
            verdict,
            model: match self.history.model() {
                Some(Model::Register) => "register",
                _ => "list-append",
            },
            promise: self.promise.name.clone(),
            counts: self.counts,
            properties: self.promise.kinds(),
            found: by_kind.into_iter().map(check).collect(),
            notes,
            timeline: story.timeline(&about),
        }
    }
}

/// Where one transaction comes before another for several reasons, an anti-dependency is the weakest, and a cycle is
/// named after the strongest. Of registers a write that was read is seen, and an order of writes only assumed.
fn strongest(mut edges: Vec<Edge>, registers: bool) -> Vec<Edge> {
    edges.sort_unstable();
    let mut seen = None;
    edges.retain(|edge| {
        let pair = Some((edge.from, edge.to));
        match edge.dependency {
            Dependency::WriteWrite | Dependency::WriteRead => seen = pair,
            Dependency::ReadWrite => return seen != pair,
            Dependency::Process | Dependency::RealTime => {}
        }
        true
    });
    if registers {
        edges.reverse();
        let mut read = None;
        edges.retain(|edge| {
            let pair = Some((edge.from, edge.to));
            if edge.dependency == Dependency::WriteRead {
                read = pair;
            }
            edge.dependency != Dependency::WriteWrite || read != pair
        });
    }
    edges
}

fn counts(history: &ClientHistory) -> Counts {
    let mut counts = Counts::default();
    for (_, one, steps) in history.all() {
        *match one.ending {
            Ending::Committed => &mut counts.committed,
            Ending::Aborted => &mut counts.aborted,
            Ending::Unknown => &mut counts.unknown,
        } += 1;
        let writes = steps.iter().filter(|step| matches!(step.access, Access::Write(_))).count();
        counts.writes += writes as u64;
        if one.ending == Ending::Committed {
            counts.reads += (steps.len() - writes) as u64;
        }
    }
    counts
}
