//! Isolation in one pass: each dependency is looked at when it appears, against the order in which the transactions
//! did their last read or write. Where all point forward that order is a serial one, and nothing is searched for.
//!
//! Under strict two-phase locking this is so: at its last operation a transaction holds all its locks. And since that
//! moment lies between its begin and its answer, the serial order is the order of time too.

use std::collections::{BTreeMap, BTreeSet};

use history::{Gid, Level};

use super::anomaly::Anomaly;
use super::dirty::DirtyReads;
use super::finding::{Finding, Judgement};
use super::live::{Live, LiveTransactions, Read, Written};
use super::versions::{Fate, Versions};
use super::window::Window;
use crate::transaction::Past;
use crate::transactions::PastOutcomes;

/// So many findings are kept; all are counted.
const KEPT_MAX: usize = 64;

/// Checks the isolation of a stream of operations, in which every read says whose version it saw and versions are
/// installed in their order. Memory is that of the transactions that are not over, a window of those that are, the
/// keys, and two bits for each transaction that was.
#[derive(Debug)]
pub struct Checker {
    pub(super) level: Level,
    live: LiveTransactions,
    pub(super) versions: Versions,
    pub(super) window: Window,
    dirty: DirtyReads,
    past: PastOutcomes,
    /// Those of which parts committed and others did not.
    pub(super) mixed: BTreeSet<Gid>,
    /// Cycles that were found, by their least number.
    pub(super) told: BTreeSet<(u64, Anomaly)>,
    counts: BTreeMap<Anomaly, u64>,
    found: Vec<Finding>,
    reads: u64,
    installed: u64,
    unclear: Option<String>,
}

impl Default for Checker {
    fn default() -> Self {
        Self::new(Level::StrictSerializable, Self::WINDOW_BESIDE)
    }
}

impl Checker {
    /// So many transactions that are over can still be part of a cycle, unless told otherwise.
    pub const WINDOW: usize = 1 << 12;

    /// The same beside a simulation, whose caches a larger window would take.
    pub(crate) const WINDOW_BESIDE: usize = 1 << 8;

    /// Checks for the anomalies that this level rules out, over a window of so many transactions.
    pub fn new(level: Level, window: usize) -> Self {
        Self {
            level,
            live: LiveTransactions::default(),
            versions: Versions::new(),
            window: Window::new(window.max(1)),
            dirty: DirtyReads::default(),
            past: PastOutcomes::default(),
            mixed: BTreeSet::new(),
            told: BTreeSet::new(),
            counts: BTreeMap::new(),
            found: Vec::new(),
            reads: 0,
            installed: 0,
            unclear: None,
        }
    }

    /// A key of a participant in one word.
    #[inline]
    pub fn place(node: u32, key: u32) -> u64 {
        u64::from(node) << 32 | u64::from(key)
    }

    /// A key holds at the start what `writer` wrote in an earlier run: it comes before everything.
    pub fn inherit(&mut self, place: u64, writer: Gid) {
        self.versions.inherit(place, writer);
    }

    /// A client begins a transaction.
    #[inline]
    pub fn begin(&mut self, gid: Gid, sequence: u64) {
        self.live.begin(gid, sequence);
    }

    /// A transaction reads the version of a key that `writer` wrote, [`Gid::INITIAL`] if nobody did.
    #[inline]
    pub fn read(&mut self, gid: Gid, place: u64, writer: Gid, sequence: u64) {
        let Some(live) = self.live.get_mut(gid) else { return };
        live.last = sequence;
        if writer == gid || !live.writes.is_empty() {
            let own = live.times_written(place) > 0;
            if own != (writer == gid) {
                self.dirty.add_internal(gid, Read { place, sequence, writer });
            }
            if writer == gid {
                return;
            }
        }
        live.reads.push(Read { place, sequence, writer });
        if let Some(writing) = self.live.get(writer)
            && writing.number.is_none()
        {
            self.dirty.add(gid, Read { place, sequence, writer }, writing.times_written(place));
        }
    }

    /// A transaction writes a key, for others to see once it has committed. A key may be written several times.
    #[inline]
    pub fn write(&mut self, gid: Gid, place: u64, sequence: u64) {
        let Some(live) = self.live.get_mut(gid) else { return };
        live.last = sequence;
        match live.writes.iter_mut().find(|written| written.place == place) {
            Some(written) => written.times += 1,
            None => live.writes.push(Written { place, times: 1 }),
        }
    }

    /// A transaction has committed.
    #[inline]
    pub fn commit(&mut self, gid: Gid) {
        let Some(live) = self.live.get_mut(gid) else { return };
        if live.committed {
            return;
        }
        live.committed = true;
        let number = number_of(live);
        // The list goes and comes back: what was read is compared with everything else here.
        let reads = std::mem::take(&mut live.reads);
        for read in &reads {
            self.settle(gid, number, read);
        }
        if let Some(live) = self.live.get_mut(gid) {
            live.reads = reads;
        }
        if !self.dirty.is_empty() {
            self.dirty.reader_committed(gid, number);
            self.tell_dirty();
        }
    }

    /// A write is there for others to see, as the latest version of the key; its transaction has committed, at the latest
    /// by then. Installing it again, after a crash, changes nothing.
    #[inline]
    pub fn install(&mut self, gid: Gid, place: u64, sequence: u64) {
        let Some(live) = self.live.get_mut(gid) else { return };
        let (number, committed) = (number_of(live), live.committed);
        if !committed {
            self.commit(gid);
        }
        self.installed += 1;
        let before = self.versions.install(place, gid, number, sequence);
        if before > number {
            self.window.suspect(before, number);
        }
    }

    /// A crash undid a write that was installed.
    pub fn undo(&mut self, gid: Gid, place: u64) {
        self.versions.undo(place, gid);
    }

    /// A crash undid all that a transaction had read and written on this participant.
    pub fn forget_branch(&mut self, gid: Gid, node: u32) {
        if let Some(live) = self.live.get_mut(gid).filter(|live| !live.committed) {
            live.reads.retain(|read| (read.place >> 32) as u32 != node);
            live.writes.retain(|written| (written.place >> 32) as u32 != node);
            self.dirty.forget(gid, node);
        }
    }

    /// The client knows that its transaction has committed, which it has at the latest by then.
    #[inline]
    pub fn answer(&mut self, gid: Gid, sequence: u64) {
        let Some(live) = self.live.get_mut(gid) else { return };
        live.answered.get_or_insert(sequence);
        if !live.committed {
            self.commit(gid);
        }
    }

    /// A participant decided other than the rest, so the transaction as a whole has no place in any order: what it read is
    /// not looked at, and each of its writes is on its own.
    pub fn mixed(&mut self, gid: Gid) {
        if self.live.get(gid).is_some() {
            self.mixed.insert(gid);
        }
    }

    /// A transaction is over, committed or not: it does nothing any more.
    #[inline]
    pub fn end(&mut self, gid: Gid) {
        let Self { live, window, dirty, past, mixed, .. } = self;
        let ended = live.end(gid, |live| {
            if !dirty.is_empty() {
                dirty.ended(live);
            }
            if !live.committed {
                if past.get(gid) == Past::None {
                    past.keep(gid, Past::Aborted);
                }
                return None;
            }
            past.keep(gid, Past::Committed);
            match live.number {
                Some(number) if mixed.contains(&gid) => {
                    window.look_again(number);
                    None
                }
                Some(number) if !live.reads.is_empty() || !live.writes.is_empty() => {
                    window.push(live, number)
                }
                _ => None,
            }
        });
        if let Some(Some(horizon)) = ended {
            self.versions.forget(horizon);
        }
        if !self.dirty.is_empty() {
            self.tell_dirty();
        }
        if self.window.is_due() {
            self.search();
        }
    }

    /// No more is to come: what was found.
    pub fn finish(mut self) -> Judgement {
        for gid in self.live.gids() {
            self.end_or_leave(gid);
        }
        self.search();
        if self.window.outgrown {
            let size = self.window.size();
            self.unclear.get_or_insert_with(|| {
                format!("a dependency points back beyond the window of {size} transactions")
            });
        }
        let left = self.dirty.left();
        if left > 0 {
            self.unclear.get_or_insert_with(|| {
                format!(
                    "{left} versions were read whose writers are neither committed nor aborted at the end"
                )
            });
        }
        Judgement {
            level: self.level,
            reads: self.reads,
            installed: self.installed,
            counts: self.counts,
            found: self.found,
            unclear: self.unclear,
        }
    }

    /// Counts a finding that the level rules out, and keeps it if there are not many yet.
    pub(super) fn tell(&mut self, anomaly: Anomaly, finding: impl FnOnce() -> Finding) {
        if !anomaly.is_ruled_out_by(self.level) {
            return;
        }
        *self.counts.entry(anomaly).or_default() += 1;
        if self.found.len() < KEPT_MAX {
            self.found.push(finding());
        }
    }

    /// At the end a transaction that is not committed is neither that nor aborted.
    fn end_or_leave(&mut self, gid: Gid) {
        if self.live.get(gid).is_some_and(|live| live.committed) {
            self.end(gid);
        }
    }

    /// A committed read: where its writer and its overwriter are in the order.
    #[inline]
    fn settle(&mut self, reader: Gid, number: u64, read: &Read) {
        self.reads += 1;
        match self.versions.read(read.place, read.writer, number) {
            Fate::Latest(writer) => {
                if writer > number {
                    self.window.suspect(writer, number);
                }
            }
            Fate::Overwritten { writer, by, number: overwriter } => {
                if writer > number {
                    self.window.suspect(writer, number);
                }
                if by != reader && number > overwriter {
                    self.window.suspect(number, overwriter);
                }
            }
            fate @ (Fate::Absent | Fate::Forgotten) => self.settle_odd(reader, read, &fate),
        }
    }

    /// A committed read of what is not known to have been installed.
    fn settle_odd(&mut self, reader: Gid, read: &Read, fate: &Fate) {
        let live = self.live.get(read.writer).is_some();
        match (self.past.get(read.writer), fate) {
            // Its writer has yet to install it, or to abort.
            _ if live => self.dirty.await_writer(reader, *read),
            // One that was seen before its writer aborted is told with the others of that kind.
            (Past::Aborted, _) if self.dirty.has(reader, read) => {}
            (Past::Aborted, _) => self.tell(Anomaly::G1a, || Finding::of_read(Anomaly::G1a, reader, read)),
            (_, Fate::Forgotten) => self.window.outgrown = true,
            _ => {
                let anomaly = Anomaly::GarbageRead;
                self.tell(anomaly, || Finding::of_read(anomaly, reader, read));
            }
        }
    }

    /// Reads of what was not committed, whose writers and readers have ended since.
    fn tell_dirty(&mut self) {
        for (known, anomaly) in self.dirty.known() {
            match (anomaly, known.number) {
                (Some(anomaly), _) => {
                    self.tell(anomaly, || Finding::of_read(anomaly, known.reader, &known.read));
                }
                // It was counted when its reader committed.
                (None, Some(number)) if known.awaited => {
                    self.reads -= 1;
                    self.settle(known.reader, number, &known.read);
                }
                (None, _) => {}
            }
        }
    }
}

/// The transaction's place in the order: that of its last operation when it was first asked for.
#[inline]
fn number_of(live: &mut Live) -> u64 {
    *live.number.get_or_insert(live.last + 1)
}
