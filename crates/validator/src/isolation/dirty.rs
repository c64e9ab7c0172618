//! Reads that are not as they should be and wait for the end of who read or of who wrote: of versions that were not
//! committed when they were read, and by transactions that did not see their own writes.

use history::Gid;

use super::anomaly::Anomaly;
use super::live::{Live, Read};

/// All of them. There is none in a run of participants that isolate.
#[derive(Debug, Default)]
pub(super) struct DirtyReads {
    reads: Vec<DirtyRead>,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct DirtyRead {
    pub(super) reader: Gid,
    pub(super) read: Read,
    /// The reader's number in the order, once it has committed.
    pub(super) number: Option<u64>,
    /// Whether the version was not there yet when the reader committed, so that the order was not looked at.
    pub(super) awaited: bool,
    /// How often the writer had written the key when it was read, if it went on after that.
    seen: Option<u32>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// The writer may still do anything.
    Open,
    /// It committed and had written the key for the last time.
    Final,
    /// This is wrong, if the reader commits.
    Wrong(Anomaly),
}

impl DirtyReads {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.reads.is_empty()
    }

    /// A version was read whose writer, which had written the key so many times, had not committed.
    pub(super) fn add(&mut self, reader: Gid, read: Read, seen: u32) {
        self.push(reader, read, Some(seen), State::Open);
    }

    /// A transaction did not see its own write, or one that it had not done.
    pub(super) fn add_internal(&mut self, reader: Gid, read: Read) {
        self.push(reader, read, None, State::Wrong(Anomaly::Internal));
    }

    fn push(&mut self, reader: Gid, read: Read, seen: Option<u32>, state: State) {
        self.reads.push(DirtyRead { reader, read, number: None, awaited: false, seen, state });
    }

    /// The reader commits before the version is there.
    pub(super) fn await_writer(&mut self, reader: Gid, read: Read) {
        match self.reads.iter_mut().find(|dirty| dirty.is(reader, &read)) {
            Some(dirty) => dirty.awaited = true,
            None => {
                self.push(reader, read, None, State::Open);
                self.reads.last_mut().expect("one was added").awaited = true;
            }
        }
    }

    /// Whether the read is one of these.
    pub(super) fn has(&self, reader: Gid, read: &Read) -> bool {
        self.reads.iter().any(|dirty| dirty.is(reader, read))
    }

    /// A reader commits.
    pub(super) fn reader_committed(&mut self, reader: Gid, number: u64) {
        for dirty in self.reads.iter_mut().filter(|dirty| dirty.reader == reader) {
            dirty.number = Some(number);
        }
    }

    /// A crash undid what a transaction had read on this participant.
    pub(super) fn forget(&mut self, reader: Gid, node: u32) {
        self.reads.retain(|dirty| dirty.reader != reader || (dirty.read.place >> 32) as u32 != node);
    }

    /// A transaction is over.
    pub(super) fn ended(&mut self, live: &Live) {
        if !live.committed {
            self.reads.retain(|dirty| dirty.reader != live.gid);
        }
        for dirty in &mut self.reads {
            if dirty.read.writer == live.gid && matches!(dirty.state, State::Open) {
                let went_on = dirty.seen.is_some_and(|seen| seen != live.times_written(dirty.read.place));
                dirty.state = match (live.committed, went_on) {
                    (false, _) => State::Wrong(Anomaly::G1a),
                    (true, true) => State::Wrong(Anomaly::G1b),
                    (true, false) => State::Final,
                };
            }
        }
    }

    /// Takes out those of which all is known, with what is wrong about them.
    pub(super) fn known(&mut self) -> Vec<(DirtyRead, Option<Anomaly>)> {
        let (known, open) = self
            .reads
            .iter()
            .partition(|dirty| dirty.number.is_some() && !matches!(dirty.state, State::Open));
        self.reads = open;
        let known: Vec<DirtyRead> = known;
        let anomaly = |dirty: &DirtyRead| match dirty.state {
            State::Wrong(anomaly) => Some(anomaly),
            State::Open | State::Final => None,
        };
        known.into_iter().map(|dirty| (dirty, anomaly(&dirty))).collect()
    }

    /// How many committed reads are left of which too little is known.
    pub(super) fn left(&self) -> usize {
        self.reads.iter().filter(|dirty| dirty.number.is_some()).count()
    }
}

impl DirtyRead {
    fn is(&self, reader: Gid, read: &Read) -> bool {
        self.reader == reader && self.read.sequence == read.sequence && self.read.place == read.place
    }
}
