//! The transactions that are not over, or only just: found by id, reused when forgotten, with one outcome each kept
//! of those that are.

use std::collections::VecDeque;

use history::{Gid, Outcome};

use crate::gid_index::GidIndex;
use crate::transaction::{Past, Transaction};

/// All transactions of a run.
#[derive(Debug)]
pub(crate) struct Transactions {
    slab: Vec<Transaction>,
    free: Vec<u32>,
    index: GidIndex,
    past: PastOutcomes,
    retiring: VecDeque<Gid>,
    window: usize,
    /// Which was found last, and where: events of one transaction come in bursts.
    last: (Gid, u32),
}

/// No transaction is found by this id.
const NOBODY: (Gid, u32) = (Gid::INITIAL, 0);

impl Transactions {
    /// None yet. Of those that are over, the last `window` stay open for late events.
    pub(crate) fn new(window: usize) -> Self {
        Self {
            slab: Vec::new(),
            free: Vec::new(),
            index: GidIndex::default(),
            past: PastOutcomes::default(),
            retiring: VecDeque::new(),
            window,
            last: NOBODY,
        }
    }

    /// A transaction whose facts are present.
    #[inline]
    pub(crate) fn get(&mut self, gid: Gid) -> Option<&mut Transaction> {
        if self.last.0 != gid || gid == Gid::INITIAL {
            self.last = (gid, self.index.get(gid)?);
        }
        Some(&mut self.slab[self.last.1 as usize])
    }

    /// A transaction, which is new or opened again if its facts are not present; `sequence` is its event now.
    #[inline]
    pub(crate) fn open(&mut self, gid: Gid, sequence: u64) -> &mut Transaction {
        if self.last.0 != gid || gid == Gid::INITIAL {
            self.last = (gid, self.index.get(gid).unwrap_or_else(|| self.add(gid, sequence)));
        }
        &mut self.slab[self.last.1 as usize]
    }

    /// All whose facts are present, in no order that means anything, to change them.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Transaction> {
        let index = &self.index;
        (0..).zip(&mut self.slab).filter_map(|(slot, transaction)| {
            (index.get(transaction.gid) == Some(slot)).then_some(transaction)
        })
    }

    /// The ids of all whose facts are present, ascending.
    pub(crate) fn gids(&mut self) -> Vec<Gid> {
        let mut gids: Vec<Gid> = self.iter_mut().map(|transaction| transaction.gid).collect();
        gids.sort_unstable();
        gids
    }

    /// A transaction is over, and waits for late events.
    pub(crate) fn retire(&mut self, gid: Gid) {
        if let Some(transaction) = self.get(gid) {
            transaction.retiring = true;
            self.retiring.push_back(gid);
        }
    }

    /// The next transaction that has waited long enough and is still over: to be judged, and then forgotten.
    pub(crate) fn waited(&mut self) -> Option<&mut Transaction> {
        while self.retiring.len() > self.window {
            let gid = self.retiring.pop_front()?;
            let slot = self.index.get(gid).expect("what is forgotten waits no more");
            let transaction = &mut self.slab[slot as usize];
            transaction.retiring = transaction.is_over();
            if transaction.retiring {
                return Some(&mut self.slab[slot as usize]);
            }
        }
        None
    }

    /// Forgets all of a transaction but how it ended.
    pub(crate) fn forget(&mut self, gid: Gid) {
        self.last = NOBODY;
        let Some(slot) = self.index.remove(gid) else { return };
        let transaction = &self.slab[slot as usize];
        let told_committed = transaction.answer(Outcome::Committed).happened();
        let committed = || transaction.branches().iter().any(|branch| branch.commits().happened());
        let ended = match () {
            () if transaction.heuristic || transaction.past == Past::Mixed => Past::Mixed,
            () if told_committed || transaction.commits.happened() || committed() => Past::Committed,
            () => Past::Aborted,
        };
        self.past.keep(gid, ended);
        self.free.push(slot);
    }

    fn add(&mut self, gid: Gid, sequence: u64) -> u32 {
        let past = self.past.get(gid);
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slab[slot as usize].reuse(gid, sequence, past);
                slot
            }
            None => {
                self.slab.push(Transaction::new(gid, sequence, past));
                u32::try_from(self.slab.len() - 1).expect("fewer than 2^32 transactions are open at once")
            }
        };
        self.index.insert(gid, slot);
        if past != Past::None {
            self.retire(gid);
        }
        slot
    }
}

/// How transactions ended whose events were forgotten: two bits each.
#[derive(Debug, Default)]
pub(crate) struct PastOutcomes {
    pages: Vec<Option<Box<[u8; PAGE_BYTES]>>>,
}

const PAGE_BYTES: usize = 1024;

impl PastOutcomes {
    pub(crate) fn get(&self, gid: Gid) -> Past {
        let (page, byte, shift) = Self::place(gid);
        let bits = self.pages.get(page).and_then(Option::as_ref).map_or(0, |page| page[byte] >> shift & 3);
        match bits {
            0 => Past::None,
            1 => Past::Committed,
            2 => Past::Aborted,
            _ => Past::Mixed,
        }
    }

    pub(crate) fn keep(&mut self, gid: Gid, past: Past) {
        let (page, byte, shift) = Self::place(gid);
        if page >= self.pages.len() {
            self.pages.resize_with(page + 1, || None);
        }
        let page = self.pages[page].get_or_insert_with(|| Box::new([0; PAGE_BYTES]));
        let bits = match past {
            Past::None => 0,
            Past::Committed => 1,
            Past::Aborted => 2,
            Past::Mixed => 3,
        };
        page[byte] = page[byte] & !(3 << shift) | bits << shift;
    }

    fn place(gid: Gid) -> (usize, usize, u32) {
        let index = gid.0 as usize / 4;
        (index / PAGE_BYTES, index % PAGE_BYTES, gid.0 % 4 * 2)
    }
}
