//! Disks that are slow, fail, are full, torn, damaged or wiped: what is durable then, and what a node finds when it
//! starts again.

use std::cell::RefCell;
use std::rc::Rc;

use harness_core::FailureMode;
use harness_core::history::{Event, Fact, Gid, HaltReason, Nanos, NodeId, RecordKind};
use protocol::{Effects, Incident, Input, LogRecord, StoredRecord, sound_records};
use rstest::rstest;

use super::stream::{
    Me, SYNC, at_ms, before_healing, fates, fired, ms, node, nodes, play, play_seed, ticks, told,
};

/// What a node found in its log when it started again.
type Found = Rc<RefCell<Vec<StoredRecord>>>;

fn record(number: u32) -> LogRecord {
    let mut record = LogRecord::new(RecordKind::Other, Gid(number));
    record.push_u32(number);
    record.push_u32(number);
    record
}

/// Each tick forces a record, and then sends a message, which waits for it.
fn forcing(me: &Me, input: &Input<'_>, effects: &mut Effects) {
    if let Input::TimerFired(timer) = input {
        effects.force(record(timer.gid.0));
        me.send(timer.gid.0, effects);
    }
}

fn appended(events: &[Event], of: NodeId) -> Vec<(Nanos, Gid)> {
    told(events, of, |fact| match fact {
        Fact::Appended { gid, .. } => Some(gid),
        _ => None,
    })
}

fn durable(events: &[Event], of: NodeId) -> Vec<(Nanos, Gid)> {
    told(events, of, |fact| match fact {
        Fact::Durable { gid, .. } => Some(gid),
        _ => None,
    })
}

fn lost(events: &[Event], of: NodeId) -> Vec<(Nanos, Gid)> {
    told(events, of, |fact| match fact {
        Fact::Lost { gid, .. } => Some(gid),
        _ => None,
    })
}

/// When each message of a node left, on every link of its the same.
fn left(events: &[Event], of: NodeId) -> Vec<Nanos> {
    let mut streams =
        fates(events).into_iter().filter(|&((from, _), _)| from == of).map(|(_, stream)| stream);
    let first: Vec<Nanos> = streams.next().expect("a link").into_iter().map(|fate| fate.sent).collect();
    assert!(streams.all(|stream| stream.iter().map(|fate| fate.sent).eq(first.iter().copied())));
    first
}

/// With nothing wrong: a record each 100 ms, durable after one sync.
fn in_time(count: u64) -> Vec<(Nanos, Gid)> {
    (1..=count).map(|n| (ms(100 * n) + SYNC, Gid(n as u32))).collect()
}

fn assert_others_are_in_time(events: &[Event], but: NodeId, count: u64) {
    for other in nodes().filter(|&other| other != but) {
        assert_eq!(durable(events, other), in_time(count), "{other}");
        assert_eq!(left(events, other), in_time(count).iter().map(|&(at, _)| at).collect::<Vec<_>>());
        assert_eq!(lost(events, other), []);
    }
}

#[rstest]
fn a_slow_sync_takes_exactly_so_much_longer(#[values(0, 1, 2, 3)] number: u32, #[values(1, 55)] by_ms: u64) {
    let struck = node(number);
    let slow = FailureMode::SlowSync { by_ms, for_ms: 300 };
    let (events, report) = play([at_ms(250, struck, slow)], |me, input, effects| {
        ticks(ms(100), 8, input, effects);
        forcing(me, input, effects);
    });
    assert_eq!((&report.fired[..], &report.struck[..]), (&[1][..], &[struck][..]));
    assert_others_are_in_time(&events, struck, 8);
    let slower = |at: Nanos| if (3..=5).any(|n| at == ms(100 * n)) { ms(by_ms) } else { Nanos::ZERO };
    let expected: Vec<(Nanos, Gid)> =
        appended(&events, struck).into_iter().map(|(at, gid)| (at + SYNC + slower(at), gid)).collect();
    assert_eq!(durable(&events, struck), expected);
    assert_eq!(left(&events, struck), expected.iter().map(|&(at, _)| at).collect::<Vec<_>>());
}

/// Three records are forced each 100 ms: the first has a sync of its own, which fails at 200 ms; two wait for the next.
fn failing(number: u32, goes_on: bool) -> (Vec<Event>, Vec<StoredRecord>, Vec<(NodeId, Incident)>) {
    let (found, heard) = (Found::default(), Rc::new(RefCell::new(Vec::new())));
    let (reads, hears) = (Rc::clone(&found), Rc::clone(&heard));
    let crash = FailureMode::Crash { restart_after_ms: Some(50) };
    let crash = goes_on.then(|| at_ms(350, node(number), crash));
    let faults = std::iter::once(at_ms(150, node(number), FailureMode::FailingSync)).chain(crash);
    let (events, report) = play(faults, move |me, input, effects| match input {
        Input::Start { log, .. } if me.life == 2 => reads.borrow_mut().extend(log.iter().cloned()),
        Input::Start { .. } => ticks(ms(100), 3, input, effects),
        Input::TimerFired(timer) => {
            let first = 3 * timer.gid.0 - 2;
            (first..first + 3).for_each(|number| {
                effects.force(record(number));
                me.send(number, effects);
            });
        }
        Input::Befallen(incident) => {
            hears.borrow_mut().push((me.node, *incident));
            if !goes_on {
                effects.halt(HaltReason::SyncFailed);
            }
        }
        _ => {}
    });
    assert_eq!((report.fired[0], fired(&events)), (1, report.fired.len()));
    let (found, heard) = (found.borrow().clone(), heard.borrow().clone());
    (events, found, heard)
}

#[rstest]
fn a_failing_sync_leaves_nothing_durable_that_it_covered(
    #[values(0, 1, 2, 3)] number: u32,
    #[values(true, false)] goes_on: bool,
) {
    let struck = node(number);
    let (events, found, heard) = failing(number, goes_on);
    assert_eq!(heard, [(struck, Incident::SyncFailed)]);
    let (first, second) = (ms(110), ms(120));
    let before = [(first, Gid(1)), (second, Gid(2)), (second, Gid(3))];
    assert_eq!(durable(&events, struck)[..3], before);
    assert_eq!(lost(&events, struck)[0], (ms(210), Gid(4)), "when the sync returns");
    let read: Vec<(u32, bool)> = found.iter().map(|stored| (stored.record.gid.0, stored.intact)).collect();
    if goes_on {
        // What it believed in has left, and the next syncs write what they cover and nothing else.
        let after = [(220, 5), (220, 6), (310, 7), (320, 8), (320, 9)].map(|(at, n)| (ms(at), Gid(n)));
        assert_eq!(durable(&events, struck)[3..], after);
        assert_eq!(lost(&events, struck).len(), 1);
        assert_eq!(left(&events, struck)[3..6], [ms(210), ms(220), ms(220)]);
        let expected: Vec<(u32, bool)> = (1..=9).map(|number| (number, number != 4)).collect();
        assert_eq!(read, expected, "it is there in no form that could be read");
        assert!(sound_records(&found).is_err(), "a reader is told: it was believed to be durable");
    } else {
        // A supervisor starts it again after 100 ms.
        let halted = Fact::Halted { why: HaltReason::SyncFailed };
        let told = told(&events, struck, |fact| {
            (fact == halted || fact == Fact::Crashed || fact == Fact::Restarted).then_some(fact)
        });
        assert_eq!(told, [(ms(210), halted), (ms(210), Fact::Crashed), (ms(310), Fact::Restarted)]);
        assert_eq!(left(&events, struck).len(), 3, "what waited never leaves");
        let sound = sound_records(&found).expect("nothing that was durable is damaged");
        assert_eq!(read[..sound].iter().map(|&(gid, _)| gid).collect::<Vec<_>>(), [1, 2, 3]);
    }
}

#[rstest]
fn a_full_disk_takes_nothing_until_it_is_freed_and_everything_then(
    #[values(0, 1, 2, 3)] number: u32,
    #[values(1, 300)] for_ms: u64,
) {
    let (struck, heard) = (node(number), Rc::new(RefCell::new(Vec::new())));
    let hears = Rc::clone(&heard);
    let full = FailureMode::DiskFull { for_ms };
    let (events, report) = play([at_ms(250, struck, full)], move |me, input, effects| {
        ticks(ms(100), 8, input, effects);
        forcing(me, input, effects);
        if let Input::Befallen(incident) = input {
            hears.borrow_mut().push((me.node, *incident));
            // When it hears of it, not when it notices.
            super::stream::mark(heard_as(*incident), effects);
        }
    });
    assert_eq!((&report.fired[..], fired(&events)), (&[1][..], 1));
    assert_eq!(*heard.borrow(), [(struck, Incident::DiskFull), (struck, Incident::DiskFreed)]);
    let marks = super::stream::marks(&events, struck);
    assert_eq!(marks, [(Gid(1), ms(250)), (Gid(2), ms(250 + for_ms))]);
    assert_others_are_in_time(&events, struck, 8);
    let refused = |at: Nanos| ms(250) < at && at < ms(250 + for_ms);
    let (no, yes): (Vec<_>, Vec<_>) = appended(&events, struck).into_iter().partition(|&(at, _)| refused(at));
    assert_eq!(no.len(), if for_ms == 1 { 0 } else { 3 });
    assert_eq!(lost(&events, struck), no, "at once");
    let synced: Vec<(Nanos, Gid)> = yes.into_iter().map(|(at, gid)| (at + SYNC, gid)).collect();
    assert_eq!(durable(&events, struck), synced);
    // A node that does not listen believes that it has nothing to wait for.
    let expected = (1..=8).map(|n| ms(100 * n)).map(|at| if refused(at) { at } else { at + SYNC });
    assert_eq!(left(&events, struck), expected.collect::<Vec<_>>());
}

fn heard_as(incident: Incident) -> u32 {
    if incident == Incident::DiskFull { 1 } else { 2 }
}

/// What a node finds in its log after the fault; three records are durable by then and one more is appended.
fn found_after(seed: u64, number: u32, mode: FailureMode) -> (Vec<Event>, Vec<StoredRecord>, u32) {
    let found = Found::default();
    let reads = Rc::clone(&found);
    let (events, report) = play_seed(seed, [at_ms(350, node(number), mode)], move |me, input, effects| {
        if me.life == 1 {
            ticks(ms(100), 4, input, effects);
            forcing(me, input, effects);
        } else if let Input::Start { log, .. } = input {
            reads.borrow_mut().extend(log.iter().cloned());
            effects.read_log(log);
        }
    });
    assert_others_are_in_time(&events, node(number), 4);
    let found = found.borrow().clone();
    (events, found, report.fired[0])
}

fn outage(events: &[Event], of: NodeId) -> Vec<(Nanos, Fact)> {
    let outage = |fact: &Fact| matches!(fact, Fact::Crashed | Fact::Restarted | Fact::Halted { .. });
    told(events, of, |fact| outage(&fact).then_some(fact))
}

/// The next append is at 400 ms.
#[rstest]
fn a_torn_tail_is_half_a_record_behind_all_that_were_durable(
    #[values(0, 1, 2, 3)] number: u32,
    #[values(1, 70)] after: u64,
) {
    let (struck, mode) = (node(number), FailureMode::TornTail { restart_after_ms: Some(after) });
    let (events, found, times) = found_after(0, number, mode);
    assert_eq!((times, fired(&events)), (1, 1));
    assert_eq!(outage(&events, struck), [(ms(400), Fact::Crashed), (ms(400 + after), Fact::Restarted)]);
    assert_eq!(sound_records(&found), Ok(3));
    let [whole @ .., torn] = &found[..] else { panic!("{found:?}") };
    assert!(whole.iter().zip(1..).all(|(stored, n)| stored.intact && stored.record == record(n)));
    assert_eq!((torn.intact, &torn.record.body[..]), (false, &record(4).body[..4]));
    assert_eq!(lost(&events, struck), [(ms(400), Gid(4))]);
    assert_eq!(left(&events, struck).len(), 3, "what came after it in the same step is void");
}

/// Of the three that were durable, the third vouches for two: only one of those is damaged, or nobody could tell it
/// from a torn tail.
#[rstest]
fn a_corrupt_record_is_one_that_is_known_to_have_been_durable(#[values(0, 1, 2, 3)] number: u32) {
    let mut damaged = [0; 2];
    for seed in 0..50 {
        let mode = FailureMode::CorruptRecord { restart_after_ms: Some(70) };
        let (events, found, times) = found_after(seed, number, mode);
        assert_eq!((times, fired(&events)), (1, 1));
        let halted = Fact::Halted { why: HaltReason::LogDamaged };
        let expected = [(350, Fact::Crashed), (420, Fact::Restarted), (420, halted), (420, Fact::Crashed)];
        assert_eq!(outage(&events, node(number)), expected.map(|(at, fact)| (ms(at), fact)));
        assert!(sound_records(&found).is_err(), "it is shown a damaged record");
        let gone: Vec<usize> = (0..3).filter(|&place| !found[place].intact).collect();
        let [place] = gone[..] else { panic!("{gone:?} with seed {seed}") };
        damaged[place] += 1;
        let last = events.last().expect("events");
        assert!(events.contains(&Event { at: last.at, node: node(number), fact: Fact::LeftDown }));
    }
    // Each in half of the cases, within five standard deviations of it.
    damaged.into_iter().for_each(|times| super::stream::assert_share(times, 50, 50, "damaged"));
}

/// A node with nothing that could be damaged does not even crash. Of one record none tells that it was durable.
#[rstest]
#[case::corrupt_without_another(FailureMode::CorruptRecord { restart_after_ms: Some(70) }, 1)]
#[case::corrupt_without_any(FailureMode::CorruptRecord { restart_after_ms: None }, 0)]
#[case::wiped_without_any(FailureMode::Wiped { restart_after_ms: Some(70) }, 0)]
fn where_nothing_can_be_damaged_nothing_happens(
    #[values(0, 1, 2, 3)] number: u32,
    #[case] mode: FailureMode,
    #[case] records: u32,
) {
    let appends = move |me: &Me, input: &Input<'_>, effects: &mut Effects| {
        ticks(ms(100), records, input, effects);
        forcing(me, input, effects);
    };
    let (events, report) = play([at_ms(350, node(number), mode)], appends);
    let (plain, _) = play([], appends);
    assert_eq!((&report.fired[..], before_healing(&events)), (&[0][..], before_healing(&plain)));
}

/// Two are forced, at 50 and at 100 ms, and the crash comes amid the second sync: what survives of it tells that the
/// first was durable, or nothing does.
#[test]
fn a_record_that_is_not_synced_vouches_if_it_survives_the_crash() {
    let struck = (0..50).filter(|&seed| {
        let mode = FailureMode::CorruptRecord { restart_after_ms: Some(70) };
        let (events, report) = play_seed(seed, [at_ms(105, node(1), mode)], |me, input, effects| {
            if me.life == 1 {
                ticks(ms(50), 2, input, effects);
                forcing(me, input, effects);
            }
        });
        let is_struck = report.fired == [1];
        let crash_and_restart = outage(&events, node(1));
        assert_eq!(crash_and_restart.len(), if is_struck { 2 } else { 0 }, "with seed {seed}");
        is_struck
    });
    assert!((1..50).contains(&struck.count()), "with some seeds, and not with all");
}

#[rstest]
fn a_wiped_node_finds_nothing(#[values(0, 1, 2, 3)] number: u32, #[values(1, 70)] after: u64) {
    let struck = node(number);
    let (events, found, times) = found_after(0, number, FailureMode::Wiped { restart_after_ms: Some(after) });
    assert_eq!((times, fired(&events), found), (1, 1, vec![]));
    assert_eq!(outage(&events, struck), [(ms(350), Fact::Crashed), (ms(350 + after), Fact::Restarted)]);
    assert_eq!(lost(&events, struck), [1, 2, 3].map(|n| (ms(350), Gid(n))), "the history says what");
}

#[rstest]
#[case::torn(FailureMode::TornTail { restart_after_ms: None }, 400)]
#[case::corrupt(FailureMode::CorruptRecord { restart_after_ms: None }, 350)]
#[case::wiped(FailureMode::Wiped { restart_after_ms: None }, 350)]
fn who_is_not_to_return_does_not(
    #[values(0, 1, 2, 3)] number: u32,
    #[case] mode: FailureMode,
    #[case] crash_ms: u64,
) {
    let (events, found, times) = found_after(0, number, mode);
    assert_eq!((times, found), (1, vec![]));
    assert_eq!(outage(&events, node(number)), [(ms(crash_ms), Fact::Crashed)]);
    assert!(events.iter().any(|event| event.node == node(number) && event.fact == Fact::LeftDown));
}
