//! What a log keeps, and what it makes of a file that somebody damaged.

use protocol::{LogDamaged, sound_records};

use super::*;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("2pc-test-log-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a temporary folder can be made");
        Self(path)
    }

    fn log(&self) -> PathBuf {
        self.0.join("decisions")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn commit(gid: u32) -> LogRecord {
    let mut record = LogRecord::new(RecordKind::Decided(Decision::Commit), Gid(gid));
    record.push_u32(gid);
    record
}

fn sync(log: &mut DecisionLog) -> std::ops::Range<u64> {
    log.start_sync().expect("there is something to sync").run().expect("the disk works");
    log.finish_sync()
}

/// A log of three groups: one, two and one record.
fn three_groups(folder: &Folder) -> DecisionLog {
    let (mut log, stored) = DecisionLog::open(folder.log(), Survives::PowerCut).expect("a new log");
    assert!(stored.is_empty());
    for group in [&[1][..], &[2, 3], &[4]] {
        group.iter().for_each(|&gid| log.append(commit(gid)));
        sync(&mut log);
    }
    log
}

fn gids(stored: &[StoredRecord]) -> Vec<u32> {
    stored.iter().map(|stored| stored.record.gid.0).collect()
}

#[test]
fn what_was_synced_reads_back_and_what_was_not_is_gone() {
    let folder = Folder::new("back");
    let mut log = three_groups(&folder);
    log.append(commit(5));
    assert_eq!((log.durable(), log.next()), (4, 5));
    drop(log);
    let (log, stored) = DecisionLog::open(folder.log(), Survives::PowerCut).expect("it can be read");
    assert_eq!(gids(&stored), [1, 2, 3, 4]);
    assert_eq!(stored.iter().map(|stored| stored.unsynced).collect::<Vec<_>>(), [0, 0, 1, 0]);
    assert_eq!(stored[1].record, commit(2));
    assert_eq!((log.durable(), log.next()), (4, 4));
}

#[test]
fn what_is_appended_during_a_sync_joins_the_next() {
    let folder = Folder::new("next");
    let (mut log, _) = DecisionLog::open(folder.log(), Survives::PowerCut).expect("a new log");
    log.append(commit(1));
    let first = log.start_sync().expect("one record waits");
    log.append(commit(2));
    assert!(log.start_sync().is_none(), "one sync at a time");
    first.run().expect("the disk works");
    assert_eq!(log.finish_sync(), 0..1);
    assert_eq!(log.durable(), 1);
    assert_eq!(sync(&mut log), 1..2);
}

/// Every length that a torn write can leave: the records before it are kept, and what follows later is kept too.
#[test]
fn a_torn_tail_is_dropped_wherever_it_is_torn() {
    let folder = Folder::new("torn");
    drop(three_groups(&folder));
    let whole = fs::read(folder.log()).expect("it is there");
    let last = whole.len() - (FRAME + HEAD + 4);
    for length in last + 1..whole.len() {
        fs::write(folder.log(), &whole[..length]).expect("it can be written");
        let (mut log, stored) = DecisionLog::open(folder.log(), Survives::PowerCut).expect("it can be read");
        assert_eq!(sound_records(&stored), Ok(3), "torn at {length}");
        log.drop_tail(LogPosition(3));
        log.append(commit(9));
        sync(&mut log);
        let (_, stored) = DecisionLog::open(folder.log(), Survives::PowerCut).expect("it can be read");
        assert_eq!((gids(&stored), sound_records(&stored)), (vec![1, 2, 3, 9], Ok(4)));
    }
}

/// Every byte of the records that were durable, lengths and checksums included.
#[test]
fn a_damaged_middle_is_no_torn_tail_whichever_byte_it_is() {
    let folder = Folder::new("middle");
    drop(three_groups(&folder));
    let whole = fs::read(folder.log()).expect("it is there");
    for place in 0..whole.len() - (FRAME + HEAD + 4) {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x55;
        fs::write(folder.log(), damaged).expect("it can be written");
        let (_, stored) = DecisionLog::open(folder.log(), Survives::PowerCut).expect("it can be read");
        assert_eq!(sound_records(&stored), Err(LogDamaged), "byte {place}");
    }
}

#[test]
fn a_long_log_is_written_anew_and_keeps_its_positions() {
    let folder = Folder::new("anew");
    let mut log = three_groups(&folder);
    log.truncate(LogPosition(3));
    assert_eq!((log.len(), log.next()), (1, 4));
    log.append(commit(5));
    assert_eq!(sync(&mut log), 4..5);
    let (_, stored) = DecisionLog::open(folder.log(), Survives::PowerCut).expect("it can be read");
    assert_eq!((gids(&stored), sound_records(&stored)), (vec![4, 5], Ok(2)));
}

#[test]
fn an_epoch_is_counted_over_restarts() {
    let folder = Folder::new("epoch");
    assert_eq!(next_epoch(&folder.0).ok(), Some(1));
    assert_eq!(next_epoch(&folder.0).ok(), Some(2));
}
