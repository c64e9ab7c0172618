//! The clients of a run: each begins a transaction, waits to hear what became of it, and begins the next. Who
//! loses its answer in a crash of the coordinator asks again right after the restart.

use std::sync::Arc;

use history::{Gid, GidMap, Nanos, Outcome};
use protocol::DistributedTransaction;

use super::random::{Purpose, Random};
use crate::model::TestScenario;
use crate::result::{TransactionOutcome, TransactionResult};

/// All clients of a run.
pub struct Clients<'a> {
    scenario: &'a TestScenario,
    random: Random,
    arrivals: Random,
    /// How many clients have come, each with a transaction, and how many are on their way.
    come: u64,
    coming: u64,
    next_arrival: Nanos,
    /// How many transactions were begun.
    begun: usize,
    /// All ids up to this one were used.
    greatest: Gid,
    waiting: GidMap<Waiting>,
    /// Clients that used an id again.
    repeated: Vec<(Gid, usize)>,
    /// The last transaction that committed and left something durable, which is what makes its id known for ever.
    committed: Option<Arc<DistributedTransaction>>,
    results: Vec<TransactionResult>,
    /// A client heard something, or can be heard again: one may be free to begin.
    pub have_news: bool,
}

struct Waiting {
    transaction: Arc<DistributedTransaction>,
    /// Which result is its own.
    index: usize,
}

/// A transaction that a client begins.
pub struct Beginning {
    /// What it wants.
    pub transaction: Arc<DistributedTransaction>,
    /// The id was used before.
    pub repeated: bool,
}

impl<'a> Clients<'a> {
    /// The clients of this scenario; what is left to the seed is drawn from it.
    pub fn new(scenario: &'a TestScenario, seed: u64) -> Self {
        Self {
            scenario,
            random: Random::new(seed, Purpose::Workload),
            arrivals: Random::new(seed, Purpose::Arrivals),
            come: if scenario.arrivals.is_some() { 0 } else { u64::MAX },
            coming: 0,
            next_arrival: Nanos::ZERO,
            begun: 0,
            greatest: Gid::INITIAL,
            waiting: GidMap::default(),
            repeated: Vec::new(),
            committed: None,
            results: Vec::with_capacity(scenario.transaction_count() as usize),
            have_news: true,
        }
    }

    /// Whether a client is free and a transaction is left.
    pub fn wants_to_begin(&self) -> bool {
        self.is_free() && (self.begun as u64) < self.scenario.transaction_count().min(self.come)
    }

    /// The clients that come next, in a scenario in which they have their time: when, and how many.
    pub fn draw_arrival(&mut self) -> Option<(Nanos, u32)> {
        let left = self.scenario.transaction_count() - self.coming;
        let arrivals = self.scenario.arrivals.as_ref().filter(|_| left > 0)?;
        let (after, clients) = arrivals.draw(left, &mut self.arrivals);
        self.next_arrival = Nanos(self.coming * arrivals.every.0 + after.0);
        self.coming += u64::from(clients);
        Some((self.next_arrival, clients))
    }

    /// When the next clients come, or the last came.
    pub fn next_arrival(&self) -> Nanos {
        self.next_arrival
    }

    /// So many clients have come.
    pub fn come(&mut self, clients: u32) {
        self.come += u64::from(clients);
        self.have_news = true;
    }

    /// In earlier runs all ids up to this one were used.
    pub(super) fn used_up_to(&mut self, greatest: Gid) {
        self.greatest = greatest;
    }

    fn is_free(&self) -> bool {
        self.waiting.len() + self.repeated.len() < self.scenario.in_flight as usize
    }

    /// The next transaction, if a client is free and one is left.
    pub fn begin(&mut self, now: Nanos) -> Option<Beginning> {
        if !self.wants_to_begin() {
            return None;
        }
        let transaction = self.next_transaction()?;
        self.begun += 1;
        let gid = transaction.id;
        let index = self.results.len();
        let outcome = TransactionOutcome::Unknown;
        self.results.push(TransactionResult { id: gid, outcome, begun_at: now, answered_at: None });
        let repeated = gid <= self.greatest;
        if repeated {
            self.repeated.push((gid, index));
        } else {
            self.greatest = gid;
            self.waiting.insert(gid, Waiting { transaction: Arc::clone(&transaction), index });
        }
        Some(Beginning { transaction, repeated })
    }

    fn next_transaction(&mut self) -> Option<Arc<DistributedTransaction>> {
        if let Some(listed) = self.scenario.transactions.get(self.begun) {
            return Some(Arc::new(listed.clone()));
        }
        let load = self.scenario.load.as_ref()?;
        let drawn = self.begun - self.scenario.transactions.len();
        if drawn >= load.transactions as usize {
            return None;
        }
        if load.repeat_percent > 0 && self.random.below(100) < load.repeat_percent && self.committed.is_some()
        {
            return self.committed.clone();
        }
        let gid = Gid(self.greatest.0 + 1);
        Some(Arc::new(load.draw(gid, self.scenario.participants, &mut self.random)))
    }

    /// A client hears the outcome.
    pub fn answered(&mut self, now: Nanos, gid: Gid, outcome: Outcome) {
        if outcome == Outcome::HeuristicMixed && self.waiting.get(gid).is_none() {
            return self.corrected(gid);
        }
        let index = match self.waiting.remove(gid) {
            Some(Waiting { transaction, index }) => {
                if outcome == Outcome::Committed && !transaction.writes.is_empty() {
                    self.committed = Some(transaction);
                }
                Some(index)
            }
            None => self.take_repeated(gid),
        };
        self.note(now, index, outcome.into());
    }

    /// A client that had its answer hears that some participant did otherwise.
    fn corrected(&mut self, gid: Gid) {
        if let Some(result) = self.results.iter_mut().rfind(|result| result.id == gid) {
            result.outcome = TransactionOutcome::HeuristicMixed;
        }
    }

    /// A client hears that its id was used before.
    pub fn refused(&mut self, now: Nanos, gid: Gid) {
        let index = self.take_repeated(gid).or_else(|| Some(self.waiting.remove(gid)?.index));
        self.note(now, index, TransactionOutcome::Refused);
    }

    fn take_repeated(&mut self, gid: Gid) -> Option<usize> {
        let place = self.repeated.iter().position(|&(other, _)| other == gid)?;
        Some(self.repeated.remove(place).1)
    }

    /// Clients that used an id again lose their connection, and have nothing to ask: the id is not theirs.
    pub fn disconnect_repeated(&mut self) -> Vec<Gid> {
        std::mem::take(&mut self.repeated).into_iter().map(|(gid, _)| gid).collect()
    }

    fn note(&mut self, now: Nanos, index: Option<usize>, outcome: TransactionOutcome) {
        self.have_news = true;
        if let Some(result) = index.and_then(|index| self.results.get_mut(index)) {
            result.outcome = outcome;
            result.answered_at = Some(now);
        }
    }

    /// Who waits for an answer.
    pub fn waiting(&self) -> Vec<Arc<DistributedTransaction>> {
        self.waiting.iter().map(|(_, waiting)| Arc::clone(&waiting.transaction)).collect()
    }

    /// The greatest id used so far.
    pub fn greatest(&self) -> Gid {
        self.greatest
    }

    /// Whether everybody has begun all there is and heard of it.
    pub fn done(&self) -> bool {
        self.waiting.is_empty()
            && self.repeated.is_empty()
            && self.begun as u64 == self.scenario.transaction_count()
    }

    /// What each client heard, in the order in which the transactions began.
    pub fn into_results(self) -> Vec<TransactionResult> {
        self.results
    }
}
