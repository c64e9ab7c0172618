//! What a log is after a crash.

use super::*;
use crate::sim::random::Purpose;
use protocol::{LogDamaged, sound_records};

fn record(gid: u32) -> LogRecord {
    let mut record = LogRecord::new(RecordKind::Other, Gid(gid));
    (0..gid).for_each(|_| record.push_u32(gid));
    record
}

fn append(disk: &mut Disk, gids: std::ops::Range<u32>) {
    gids.for_each(|gid| assert!(disk.append(&record(gid))));
}

fn sync(disk: &mut Disk) {
    assert!(disk.start_sync());
    disk.finish_sync();
}

/// Records that are synced, and others that are not.
fn disk(synced: std::ops::Range<u32>, unsynced: std::ops::Range<u32>) -> Disk {
    let mut disk = Disk::default();
    append(&mut disk, synced);
    sync(&mut disk);
    append(&mut disk, unsynced);
    disk
}

/// What is on the disk: the ids of the records, damaged ones in brackets.
fn found(disk: &Disk) -> String {
    let told = |stored: StoredRecord| match (stored.intact, stored.record.gid.0) {
        (true, gid) => {
            assert_eq!(stored.record, record(gid), "an intact record is as it was written");
            gid.to_string()
        }
        (false, gid) => format!("[{gid}]"),
    };
    disk.records().into_iter().map(told).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_sync_covers_only_what_was_appended_before_it_started() {
    let mut disk = disk(0..0, 0..2);
    assert!(disk.start_sync());
    append(&mut disk, 2..3);
    assert!(!disk.start_sync(), "one at a time");
    assert_eq!(disk.finish_sync(), 0..2);
    assert!(disk.start_sync());
    assert_eq!(disk.finish_sync(), 2..3);
}

#[test]
fn a_crash_keeps_what_is_synced_and_any_subset_of_the_rest_whole_or_torn() {
    let mut random = Random::new(1, Purpose::Disks);
    let mut subsets = std::collections::BTreeMap::<String, u32>::new();
    for _ in 0..4_000 {
        let mut disk = disk(1..3, 3..6);
        let (survived, lost) = disk.crash(&mut random);
        let told: Vec<u32> = survived.iter().chain(&lost).map(|(gid, _)| gid.0).collect();
        assert_eq!(told, [3, 4, 5], "each is told of once");
        let sound = sound_records(&disk.records()).expect("nothing that was durable is damaged");
        assert_eq!(sound, 2 + survived.len(), "what survived is what a reader relies on");
        assert_eq!(disk.durable(), disk.next());
        let all = disk.records();
        all.iter().filter(|it| !it.intact).for_each(|it| assert!(it.record.body.len() < 12));
        *subsets.entry(found(&disk)).or_default() += 1;
    }
    let seen: Vec<&str> = subsets.iter().filter(|&(_, &times)| times > 20).map(|(it, _)| &**it).collect();
    assert_eq!(
        seen,
        [
            "1 2",
            "1 2 3",
            "1 2 3 4",
            "1 2 3 4 5",
            "1 2 3 4 [5]",
            "1 2 3 [4]",
            "1 2 3 [4] 5",
            "1 2 3 [4] [5]",
            "1 2 [3]",
            "1 2 [3] 4",
            "1 2 [3] 4 5",
            "1 2 [3] 4 [5]",
            "1 2 [3] [4]",
            "1 2 [3] [4] 5",
            "1 2 [3] [4] [5]"
        ]
    );
}

#[test]
fn a_torn_append_is_there_in_part_after_the_crash_whatever_else_is() {
    let mut random = Random::new(2, Purpose::Disks);
    for _ in 0..100 {
        let mut disk = disk(1..2, 2..4);
        disk.tear_last();
        let (_, lost) = disk.crash(&mut random);
        assert_eq!(lost.last(), Some(&(Gid(3), RecordKind::Other)));
        let last = disk.records().pop().expect("it is there");
        assert_eq!((last.intact, &last.record.body[..]), (false, &record(3).body[..6]));
    }
}

#[test]
fn a_sync_that_fails_leaves_nothing_of_what_it_covered_and_the_next_does_not_write_it_either() {
    let mut random = Random::new(3, Purpose::Disks);
    let mut disk = disk(1..2, 2..4);
    disk.start_sync();
    append(&mut disk, 4..5);
    assert_eq!(disk.fail_sync(), [2, 3].map(|gid| (Gid(gid), RecordKind::Other)));
    sync(&mut disk);
    assert_eq!(disk.crash(&mut random), (vec![], vec![]));
    assert_eq!(found(&disk), "1 [2] [3] 4");
    assert_eq!(sound_records(&disk.records()), Ok(1), "4 was appended before the sync returned");
    append(&mut disk, 5..6);
    assert_eq!(sound_records(&disk.records()), Err(LogDamaged), "5 believed in 2 and 3");
}

#[test]
fn only_a_record_that_is_known_to_have_been_durable_is_corrupted() {
    let mut random = Random::new(4, Purpose::Disks);
    assert!(!disk(1..4, 4..4).corrupt(&mut random), "nobody could tell it from a torn tail");
    for _ in 0..50 {
        let mut disk = disk(1..4, 4..6);
        assert!(disk.corrupt(&mut random));
        assert_eq!(disk.records().iter().filter(|stored| !stored.intact).count(), 1);
        assert_eq!(sound_records(&disk.records()), Err(LogDamaged));
    }
}

#[test]
fn a_wiped_disk_is_empty_and_a_full_one_takes_nothing() {
    let mut disk = disk(1..3, 3..4);
    assert_eq!(disk.wipe().len(), 3);
    assert_eq!((found(&disk), disk.next(), disk.durable()), (String::new(), 0, 0));
    disk.fill(true);
    assert!(!disk.append(&record(1)));
    disk.fill(false);
    append(&mut disk, 1..2);
    assert_eq!(found(&disk), "1");
}

#[test]
fn a_tail_that_is_dropped_is_written_over() {
    let mut disk = disk(1..3, 3..5);
    disk.drop_tail(LogPosition(1));
    append(&mut disk, 7..8);
    assert_eq!((found(&disk), disk.durable(), disk.next()), ("1 7".to_owned(), 1, 2));
}

#[test]
fn truncation_drops_only_what_is_durable_and_keeps_positions() {
    let mut disk = disk(0..4, 4..5);
    disk.truncate(LogPosition(3));
    assert_eq!((found(&disk), disk.next()), ("3 4".to_owned(), 5));
    disk.truncate(LogPosition(5));
    assert_eq!(found(&disk), "4");
}
