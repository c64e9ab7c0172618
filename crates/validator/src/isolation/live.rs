//! The transactions that are not over yet, with what each has read and written so far.

use history::Gid;

use crate::gid_index::GidIndex;

/// A key of a participant in one word: the node's number, then the key.
pub(super) type Place = u64;

/// Something was read: the version of a key that `writer` wrote.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    pub(super) place: Place,
    pub(super) sequence: u64,
    pub(super) writer: Gid,
}

/// Something was written, so many times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    pub(super) place: Place,
    pub(super) times: u32,
}

/// A transaction that is not over.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) gid: Gid,
    pub(super) begun: u64,
    /// Its last read or write.
    pub(super) last: u64,
    /// Its place in the serial order that is tried, once it commits.
    pub(super) number: Option<u64>,
    pub(super) committed: bool,
    /// When its client knew that it had committed.
    pub(super) answered: Option<u64>,
    pub(super) reads: Vec<Read>,
    pub(super) writes: Vec<Written>,
}

impl Live {
    /// How often it has written the key so far.
    pub(super) fn times_written(&self, place: Place) -> u32 {
        self.writes.iter().find(|written| written.place == place).map_or(0, |written| written.times)
    }
}

/// All of them: found by id, and their memory used again.
#[derive(Debug, Default)]
pub(super) struct LiveTransactions {
    slab: Vec<Live>,
    free: Vec<u32>,
    index: GidIndex,
}

impl LiveTransactions {
    /// A transaction, if it is live.
    #[inline]
    pub(super) fn get(&self, gid: Gid) -> Option<&Live> {
        self.index.get(gid).map(|slot| &self.slab[slot as usize])
    }

    /// A transaction, if it is live, to change it.
    #[inline]
    pub(super) fn get_mut(&mut self, gid: Gid) -> Option<&mut Live> {
        self.index.get(gid).map(|slot| &mut self.slab[slot as usize])
    }

    /// A transaction begins. One that is live already goes on.
    #[inline]
    pub(super) fn begin(&mut self, gid: Gid, sequence: u64) {
        if self.index.get(gid).is_some() {
            return;
        }
        let slot = match self.free.pop() {
            Some(slot) => {
                let live = &mut self.slab[slot as usize];
                live.reads.clear();
                live.writes.clear();
                (live.gid, live.begun, live.last) = (gid, sequence, sequence);
                (live.number, live.committed, live.answered) = (None, false, None);
                slot
            }
            None => {
                self.slab.push(Live {
                    gid,
                    begun: sequence,
                    last: sequence,
                    number: None,
                    committed: false,
                    answered: None,
                    reads: Vec::new(),
                    writes: Vec::new(),
                });
                u32::try_from(self.slab.len() - 1).expect("fewer than 2^32 transactions are live at once")
            }
        };
        self.index.insert(gid, slot);
    }

    /// Takes a transaction out, for `last` to look at before it is forgotten.
    #[inline]
    pub(super) fn end<T>(&mut self, gid: Gid, last: impl FnOnce(&Live) -> T) -> Option<T> {
        let slot = self.index.remove(gid)?;
        self.free.push(slot);
        Some(last(&self.slab[slot as usize]))
    }

    /// The ids of all, ascending.
    pub(super) fn gids(&self) -> Vec<Gid> {
        let used = (0..).zip(&self.slab).filter(|&(slot, live)| self.index.get(live.gid) == Some(slot));
        let mut gids: Vec<Gid> = used.map(|(_, live)| live.gid).collect();
        gids.sort_unstable();
        gids
    }
}
