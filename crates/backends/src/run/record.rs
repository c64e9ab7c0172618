//! The history of a run on real databases, and what the driver remembers beside it: what each branch read and wrote, and
//! how far it is known to have come. The coordinator's process forgets all this when it is killed; who watches does not.

use std::collections::BTreeMap;

use harness_core::Sink;
use history::{Decision, Event, Fact, Gid, Key, Nanos, NodeId, OpKind, ParticipantId, RecordKind, Value};
use protocol::Operation;
use tokio::time::Instant;

use crate::dialect::Seen;

const CHUNK: usize = 256;

/// Writes the history.
pub(super) struct Record<'a> {
    started: Instant,
    chunk: Vec<Event>,
    sink: &'a mut dyn Sink,
    /// What is known of the branches of each participant.
    ledgers: Vec<BTreeMap<Gid, Page>>,
}

/// What is known of a branch.
#[derive(Default)]
struct Page {
    progress: Progress,
    /// The last value of each key.
    writes: Vec<(Key, Value)>,
    read: Vec<Key>,
    /// The coordinator said abort: its branch may be gone from here on.
    may_go: bool,
    /// It wrote nothing, and was over with its vote.
    has_only_read: bool,
    /// What it was before others saw what it wrote.
    before_shown: Progress,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Progress {
    #[default]
    Active,
    Prepared,
    /// Others have seen what it wrote, and a kill may still undo it.
    Shown,
    Committed,
    Aborted,
}

impl<'a> Record<'a> {
    pub(super) fn new(participants: u32, sink: &'a mut dyn Sink) -> Self {
        let ledgers = (0..participants).map(|_| BTreeMap::new()).collect();
        Self { started: Instant::now(), chunk: Vec::with_capacity(CHUNK), sink, ledgers }
    }

    /// The time since the run began.
    pub(super) fn now(&self) -> Nanos {
        Nanos(u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// When the time since the run began is this.
    pub(super) fn instant_of(&self, at: Nanos) -> Instant {
        self.started + std::time::Duration::from_nanos(at.0)
    }

    pub(super) fn note(&mut self, node: NodeId, fact: Fact) {
        self.chunk.push(Event { at: self.now(), node, fact });
        if self.chunk.len() == CHUNK {
            self.hand_on();
        }
    }

    pub(super) fn hand_on(&mut self) {
        self.sink.take(&self.chunk);
        self.chunk.clear();
    }

    fn page(&mut self, id: ParticipantId, gid: Gid) -> &mut Page {
        self.ledgers[id.0 as usize - 1].entry(gid).or_default()
    }

    /// A branch has done its work. What it saw others to have written is committed, even if nobody was told; MariaDB shows
    /// it before that is in its log.
    pub(super) fn executed(&mut self, id: ParticipantId, gid: Gid, work: &[Operation], seen: &[Seen]) {
        let node = NodeId::from(id);
        for (operation, seen) in work.iter().zip(seen) {
            let Operation { key, kind, .. } = *operation;
            let writer = seen.writer;
            if writer != gid && writer != Gid::INITIAL {
                self.shown(id, writer);
            }
            if kind != OpKind::Put && writer != gid {
                self.note(node, Fact::Read { gid, key, writer });
            }
            if kind == OpKind::Read {
                self.page(id, gid).read.push(key);
                continue;
            }
            let value = seen.value;
            self.note(node, Fact::Wrote { gid, key, value });
            let writes = &mut self.page(id, gid).writes;
            writes.retain(|&(other, _)| other != key);
            writes.push((key, value));
        }
    }

    /// A branch is prepared: its database says so, and is held to it from here on.
    pub(super) fn prepared(&mut self, id: ParticipantId, gid: Gid) {
        if self.page(id, gid).progress == Progress::Active {
            self.page(id, gid).progress = Progress::Prepared;
            let record = RecordKind::Prepared;
            self.note(id.into(), Fact::Appended { gid, record, forced: true });
            self.note(id.into(), Fact::Durable { gid, record });
        }
    }

    /// A branch is committed: its database says so, and is held to it from here on.
    pub(super) fn committed(&mut self, id: ParticipantId, gid: Gid) {
        self.shown(id, gid);
        let page = self.page(id, gid);
        if page.progress == Progress::Shown {
            page.progress = Progress::Committed;
            let record = RecordKind::Decided(Decision::Commit);
            self.note(id.into(), Fact::Durable { gid, record });
        }
    }

    /// Others see what a branch wrote.
    fn shown(&mut self, id: ParticipantId, gid: Gid) {
        let page = self.page(id, gid);
        if matches!(page.progress, Progress::Shown | Progress::Committed) {
            return;
        }
        page.before_shown = std::mem::replace(&mut page.progress, Progress::Shown);
        let writes = page.writes.clone();
        let (node, decision) = (NodeId::from(id), Decision::Commit);
        self.note(node, Fact::Appended { gid, record: RecordKind::Decided(decision), forced: true });
        for (key, value) in writes {
            self.note(node, Fact::Applied { gid, key, value });
        }
        self.note(node, Fact::Decided { gid, decision });
    }

    /// A branch that wrote nothing is over.
    pub(super) fn ended_read_only(&mut self, id: ParticipantId, gid: Gid) {
        let page = self.page(id, gid);
        (page.progress, page.has_only_read) = (Progress::Aborted, true);
        self.note(id.into(), Fact::Decided { gid, decision: Decision::Commit });
    }

    /// A branch is rolled back.
    pub(super) fn aborted(&mut self, id: ParticipantId, gid: Gid) {
        let page = self.page(id, gid);
        let was = std::mem::replace(&mut page.progress, Progress::Aborted);
        if matches!(was, Progress::Aborted | Progress::Shown | Progress::Committed) {
            // A committed branch stays one: whoever says otherwise is judged by the stores.
            page.progress = was;
            return;
        }
        page.writes.clear();
        let (node, decision) = (NodeId::from(id), Decision::Abort);
        if was == Progress::Prepared {
            let record = RecordKind::Decided(decision);
            self.note(node, Fact::Appended { gid, record, forced: true });
            self.note(node, Fact::Durable { gid, record });
        }
        self.note(node, Fact::Decided { gid, decision });
    }

    /// Whether a branch was over with its vote, because it wrote nothing.
    pub(super) fn has_only_read(&mut self, id: ParticipantId, gid: Gid) -> bool {
        self.page(id, gid).has_only_read
    }

    /// From here on it is no loss if the branch is gone.
    pub(super) fn may_go(&mut self, id: ParticipantId, gid: Gid) {
        self.page(id, gid).may_go = true;
    }

    /// A database has restarted, or the run is over: what it holds is compared with what it had said. What it said and
    /// does not hold any more is lost, but for what was to be rolled back: that is done.
    pub(super) fn audit(&mut self, id: ParticipantId, prepared: &[Gid], finished: &[Gid]) {
        let node = NodeId::from(id);
        for &gid in finished {
            self.committed(id, gid);
        }
        let finished: std::collections::BTreeSet<Gid> = finished.iter().copied().collect();
        let (mut lost, mut gone) = (Vec::new(), Vec::new());
        for (&gid, page) in &mut self.ledgers[id.0 as usize - 1] {
            if page.progress == Progress::Shown {
                // It had not said so.
                page.progress = page.before_shown;
                lost.push((gid, RecordKind::Decided(Decision::Commit)));
            }
            let record = match page.progress {
                Progress::Prepared if prepared.contains(&gid) => continue,
                Progress::Prepared if page.may_go => {
                    gone.push(gid);
                    continue;
                }
                Progress::Prepared => RecordKind::Prepared,
                Progress::Committed if !finished.contains(&gid) => RecordKind::Decided(Decision::Commit),
                _ => continue,
            };
            page.progress = Progress::Aborted;
            lost.push((gid, record));
        }
        for (gid, record) in lost {
            self.note(node, Fact::Lost { gid, record });
        }
        for gid in gone {
            self.aborted(id, gid);
        }
        for &gid in prepared {
            self.prepared(id, gid);
        }
    }

    /// Who of those that are prepared has a lock on the key.
    pub(super) fn holder(&self, id: ParticipantId, key: Key) -> Gid {
        let branches = self.ledgers[id.0 as usize - 1].iter();
        let holds = |page: &Page| {
            let written = page.writes.iter().any(|&(written, _)| written == key);
            page.progress == Progress::Prepared && (written || page.read.contains(&key))
        };
        branches.rev().find(|(_, page)| holds(page)).map_or(Gid::INITIAL, |(&gid, _)| gid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Facts(Vec<String>);

    impl Sink for Facts {
        fn take(&mut self, events: &[Event]) {
            self.0.extend(events.iter().map(|event| event.to_string()));
        }
    }

    /// Found by a storm: who had rolled it back was killed before it could say so.
    #[test]
    fn what_was_to_be_rolled_back_and_is_gone_has_aborted() {
        let told = |may_go: bool| {
            let mut facts = Facts(Vec::new());
            let mut record = Record::new(1, &mut facts);
            let (id, gid) = (ParticipantId(1), Gid(7));
            record.prepared(id, gid);
            if may_go {
                record.may_go(id, gid);
            }
            record.audit(id, &[], &[]);
            record.hand_on();
            facts.0.join("\n")
        };
        let (gone, lost) = (told(true), told(false));
        assert!(gone.contains("aborts t7") && !gone.contains("has lost"), "{gone}");
        assert!(lost.contains("has lost") && !lost.contains("aborts t7"), "{lost}");
    }

    /// Found by a storm: MariaDB was killed just when another transaction had read what it committed.
    #[test]
    fn what_others_have_seen_is_lost_without_blame_until_its_database_has_said_so() {
        let told = |said: bool| {
            let mut facts = Facts(Vec::new());
            let mut record = Record::new(1, &mut facts);
            let (id, gid, seen) = (ParticipantId(1), Gid(7), Seen { value: Value(6), writer: Gid(7) });
            let add = Operation { key: Key(1), kind: OpKind::Add, value: Value(5) };
            record.executed(id, gid, &[add], &[Seen { value: Value(5), writer: Gid::INITIAL }]);
            record.prepared(id, gid);
            record.executed(id, Gid(8), &[Operation { value: Value(1), ..add }], &[seen]);
            if said {
                record.committed(id, gid);
            }
            record.audit(id, &[gid], &[]);
            record.hand_on();
            facts.0
        };
        let is_durable =
            |facts: &[String]| facts.iter().any(|fact| fact.contains("\"decided commit\" of t7 durable"));
        let (shown, said) = (told(false), told(true));
        assert!(!is_durable(&shown) && is_durable(&said), "{shown:?} {said:?}");
        for facts in [&shown, &said] {
            assert!(facts.iter().any(|fact| fact.contains("has lost \"decided commit\" of t7")), "{facts:?}");
        }
    }
}
