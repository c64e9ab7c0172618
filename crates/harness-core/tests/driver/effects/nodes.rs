//! Nodes that crash, crash again and again, stop for a while, or are slow.

use harness_core::history::{DropReason, Event, Fact, Gid, Nanos, NodeId, Point, RecordKind};
use harness_core::{Cast, FailureConfig, FailureMode, Load, Simulator, TestScenario, Trigger};
use protocol::{Effects, Input, LogRecord};
use rstest::rstest;

use super::stream::{LATENCY, Me, SYNC, at_ms, fates, fired, marks, ms, node, nodes, play, ticks, told};

const COUNT: u32 = 700;

fn record(number: u32) -> LogRecord {
    LogRecord::new(RecordKind::Other, Gid(number))
}

/// Each tick is marked, and a message is sent to every neighbour.
fn marked_stream(me: &Me, input: &Input<'_>, effects: &mut Effects) {
    // A node that starts again is silent, so that messages are numbered without a gap.
    if me.life == 1 {
        ticks(ms(1), COUNT, input, effects);
    }
    if let Input::TimerFired(timer) = input {
        mark_and_send(me, timer.gid.0, effects);
    }
}

fn mark_and_send(me: &Me, number: u32, effects: &mut Effects) {
    super::stream::mark(number, effects);
    me.send(number, effects);
}

/// All other nodes go on as if nothing were: each tick is in its time.
fn assert_others_are_in_time(events: &[Event], but: NodeId) {
    let expected: Vec<(Gid, Nanos)> = (1..=COUNT).map(|n| (Gid(n), ms(u64::from(n)))).collect();
    nodes()
        .filter(|&other| other != but)
        .for_each(|other| assert_eq!(marks(events, other), expected, "{other}"));
}

fn outages(events: &[Event], of: NodeId) -> Vec<(Nanos, Fact)> {
    told(events, of, |fact| matches!(fact, Fact::Crashed | Fact::Restarted | Fact::LeftDown).then_some(fact))
}

#[rstest]
fn a_node_that_crashes_is_down_for_exactly_so_long_and_what_was_to_happen_to_it_never_does(
    #[values(0, 1, 2, 3)] number: u32,
    #[values(Some(1), Some(250), None)] restart_after_ms: Option<u64>,
) {
    let struck = node(number);
    let (events, report) = play([at_ms(200, struck, FailureMode::Crash { restart_after_ms })], marked_stream);
    assert_eq!((report.fired, fired(&events), &report.struck[..]), (vec![1], 1, &[struck][..]));
    let up = restart_after_ms.map(|after| ms(200 + after));
    let last = (events.last().expect("events").at, Fact::LeftDown);
    let expected = [(ms(200), Fact::Crashed), up.map_or(last, |at| (at, Fact::Restarted))];
    assert_eq!(outages(&events, struck), expected);
    // Timers of the first life are forgotten with it.
    let ticked: Vec<(Gid, Nanos)> = (1..=200).map(|n| (Gid(n), ms(u64::from(n)))).collect();
    assert_eq!(marks(&events, struck), ticked);
    assert_others_are_in_time(&events, struck);
    for ((from, to), stream) in fates(&events) {
        assert_eq!(stream.len(), if from == struck { 200 } else { COUNT as usize });
        for fate in stream {
            let there = fate.sent + LATENCY;
            let is_down = to == struck && ms(200) < there && up.is_none_or(|up| there < up);
            // Of two at the same instant the one that was planned first comes first.
            let was_planned_before = there == ms(200) || up == Some(there);
            if is_down {
                assert_eq!(
                    (&fate.arrived[..], &fate.dropped[..]),
                    (&[][..], &[(there, DropReason::NodeDown)][..])
                );
            } else if to != struck || !was_planned_before {
                assert!(fate.arrived_at(there), "{from} to {to}: {fate:?}");
            }
        }
    }
}

/// The record of the second life.
const LAST: u32 = 1_000;

/// A record is forced every 20 ms and another appended lazily 5 ms later, so at 205 ms one is under way and the other
/// is not, at 215 ms one is durable and the other is not.
#[rstest]
fn a_crash_keeps_exactly_what_was_synced_and_takes_what_waited_for_a_sync(
    #[values(0, 1, 2, 3)] number: u32,
    #[values(206, 216)] crash_ms: u64,
) {
    let struck = node(number);
    let read = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let (found, mode) = (std::rc::Rc::clone(&read), FailureMode::Crash { restart_after_ms: Some(7) });
    let (events, _) = play([at_ms(crash_ms, struck, mode)], move |me, input, effects| match input {
        Input::Start { log, .. } if me.life == 2 => {
            let sound = effects.read_log(log).expect("nothing durable is damaged");
            found.borrow_mut().extend(sound.iter().map(|stored| stored.record.gid));
            // A sync of this life lets nothing of the first one leave.
            effects.force(record(LAST));
        }
        Input::Start { .. } => ticks(ms(5), 100, input, effects),
        Input::TimerFired(timer) if timer.gid.0 % 4 == 0 => {
            effects.force(record(timer.gid.0));
            me.send(timer.gid.0 / 4, effects);
        }
        Input::TimerFired(timer) if timer.gid.0 % 4 == 1 => {
            effects.append_lazily(record(timer.gid.0));
        }
        _ => {}
    });
    let at_crash = |at: Nanos| at == ms(crash_ms);
    let durable = told(&events, struck, |fact| match fact {
        Fact::Durable { gid, .. } if gid != Gid(LAST) => Some(gid),
        _ => None,
    });
    let synced: Vec<Gid> = durable.iter().filter(|(at, _)| !at_crash(*at)).map(|&(_, gid)| gid).collect();
    // Record 5 is appended while record 4 is synced, and durable with record 8.
    let periods = if crash_ms == 206 { 9 } else { 10 };
    let expected: Vec<Gid> = (1..=periods).flat_map(|n| [4 * n - 3, 4 * n]).map(Gid).collect();
    assert_eq!(synced, expected, "each sync was there in time");
    let survived: Vec<Gid> = durable.into_iter().map(|(_, gid)| gid).collect();
    assert_eq!(
        *read.borrow(),
        survived,
        "what is read is what was durable, and what the crash says survived"
    );
    let lost = told(&events, struck, |fact| match fact {
        Fact::Lost { gid, .. } => Some(gid),
        _ => None,
    });
    assert!(lost.iter().all(|&(at, _)| at_crash(at)));
    let appended = told(&events, struck, |fact| matches!(fact, Fact::Appended { .. }).then_some(())).len();
    assert_eq!(survived.len() + lost.len() + 1, appended, "nothing is forgotten");
    // What waited for the sync never left.
    for ((from, _), stream) in fates(&events) {
        assert_eq!(stream.len(), if from == struck { periods as usize } else { 25 });
        let expected = (1..).map(|n| ms(20 * n) + SYNC);
        assert!(stream.iter().zip(expected).all(|(fate, at)| fate.sent == at));
    }
}

#[rstest]
fn a_crash_loop_is_so_many_crashes_with_exactly_that_time_between_them(
    #[values(0, 1, 2, 3)] number: u32,
    #[values(1, 2, 5)] times: u32,
) {
    let struck = node(number);
    let mode = FailureMode::CrashLoop { times, down_ms: 20, up_ms: 30 };
    let (events, report) = play([at_ms(200, struck, mode)], marked_stream);
    assert_eq!((&report.fired[..], fired(&events)), (&[times][..], times as usize));
    let expected: Vec<(Nanos, Fact)> = (0..u64::from(times))
        .flat_map(|n| [(ms(200 + 50 * n), Fact::Crashed), (ms(220 + 50 * n), Fact::Restarted)])
        .collect();
    assert_eq!(outages(&events, struck), expected);
    assert_others_are_in_time(&events, struck);
}

/// The timer of 200 ms was set before the fault was planned, and comes before it; all that is due later waits and
/// happens at the end, in the order in which it was due. Found by this: what was due at the instant of the end came
/// before what had waited.
#[rstest]
fn what_happens_to_a_paused_node_waits_in_order_and_nothing_is_lost(
    #[values(0, 1, 2, 3)] number: u32,
    #[values(1, 100)] for_ms: u64,
) {
    let (struck, until) = (node(number), ms(200 + for_ms));
    let (events, report) = play([at_ms(200, struck, FailureMode::Pause { for_ms })], marked_stream);
    assert_eq!((&report.fired[..], &report.struck[..]), (&[1][..], &[struck][..]));
    let late = |due: Nanos| if ms(200) <= due && due < until { until } else { due };
    let tick = |n| if n == 200 { ms(200) } else { late(ms(n)) };
    let ticked: Vec<(Gid, Nanos)> = (1..=COUNT).map(|n| (Gid(n), tick(n.into()))).collect();
    assert_eq!(marks(&events, struck), ticked);
    assert_others_are_in_time(&events, struck);
    for ((from, to), stream) in fates(&events) {
        assert_eq!(stream.len(), COUNT as usize);
        for fate in stream {
            let due = fate.sent + LATENCY;
            assert!(fate.arrived_at(if to == struck { late(due) } else { due }), "{from} to {to}: {fate:?}");
        }
    }
    let due = |event: &Event| match event.fact {
        Fact::LocksReleased { gid } => Some(ms(u64::from(gid.0))),
        Fact::Delivered { from, gid, .. } => {
            Some(fates(&events)[&(from, struck)][gid.0 as usize - 1].sent + LATENCY)
        }
        _ => None,
    };
    let (near, here) = (ms(195)..=until + ms(5), events.iter().filter(|event| event.node == struck));
    let order: Vec<Nanos> = here.filter(|event| near.contains(&event.at)).filter_map(due).collect();
    assert!(order.is_sorted(), "{order:?}");
}

/// Each node forces a record at 195 ms, which is durable at 205 ms where nobody sleeps.
#[rstest]
fn a_sync_of_a_paused_node_waits_too(#[values(0, 1, 2, 3)] number: u32) {
    let struck = node(number);
    let (events, _) = play([at_ms(200, struck, FailureMode::Pause { for_ms: 100 })], |_, input, effects| {
        ticks(ms(195), 1, input, effects);
        if let Input::TimerFired(_) = input {
            effects.force(record(1));
        }
    });
    for node in nodes() {
        let durable = told(&events, node, |fact| matches!(fact, Fact::Durable { .. }).then_some(()));
        assert_eq!(durable, [(if node == struck { ms(300) } else { ms(205) }, ())]);
    }
}

#[rstest]
#[case::the_first_is_longer(100, 10)]
#[case::the_second_is_longer(30, 120)]
fn of_two_pauses_the_one_that_lasts_longer_counts(
    #[values(0, 1, 2, 3)] number: u32,
    #[case] first_ms: u64,
    #[case] second_ms: u64,
) {
    let pause = |at, for_ms| at_ms(at, node(number), FailureMode::Pause { for_ms });
    let (events, _) = play([pause(200, first_ms), pause(220, second_ms)], marked_stream);
    let until = ms((200 + first_ms).max(220 + second_ms));
    let late = |due: Nanos| if ms(200) < due && due < until { until } else { due };
    let ticked: Vec<(Gid, Nanos)> = (1..=COUNT).map(|n| (Gid(n), late(ms(n.into())))).collect();
    assert_eq!(marks(&events, node(number)), ticked);
}

fn load_of_five(fault: FailureConfig) -> Vec<Event> {
    let mut scenario = TestScenario::new("Five, one after another.", 3).load(Load::transfers(5, 3));
    scenario.failure_configs.push(fault);
    let mut events = Vec::new();
    Simulator::new(Cast::reference()).run(&scenario, 0, &mut events).expect("the scenario is valid");
    events
}

/// Found by reading: a client that had its answer at the instant of the pause had its next transaction begun at once.
#[test]
fn a_paused_coordinator_takes_no_new_transactions() {
    let begun =
        |events: &[Event]| told(events, node(0), |fact| matches!(fact, Fact::Begun { .. }).then_some(()));
    let mode = FailureMode::Pause { for_ms: 500 };
    let trigger = Trigger::AtPoint { point: Point::AfterAnswer, nth: 2 };
    let events = load_of_five(FailureConfig { node: Some(node(0)), mode: mode.clone(), trigger });
    let paused = told(&events, node(0), |fact| matches!(fact, Fact::Answered { .. }).then_some(()))[1].0;
    let begun_at: Vec<Nanos> = begun(&events).into_iter().map(|(at, ())| at).collect();
    assert_eq!((begun_at.len(), begun_at[2]), (5, paused + ms(500)), "{begun_at:?}");
    let events = load_of_five(at_ms(0, node(0), mode));
    assert_eq!(begun(&events)[0].0, ms(500));
}

/// What it sends and what it is sent takes exactly so much longer while it is slow, and the link keeps its order.
#[rstest]
fn a_slow_node_delays_what_it_says_and_hears_and_nothing_else(#[values(0, 1, 2, 3)] number: u32) {
    let struck = node(number);
    let slow = FailureMode::SlowNode { by_ms: 7, for_ms: 100 };
    let (events, report) = play([at_ms(200, struck, slow)], marked_stream);
    assert_eq!(report.fired, [1]);
    nodes().for_each(|any| assert_others_are_in_time(&events, any));
    for ((from, to), stream) in fates(&events) {
        assert_eq!(stream.len(), COUNT as usize);
        let mut last = Nanos::ZERO;
        for fate in stream {
            let is_slow = [from, to].contains(&struck) && ms(200) < fate.sent && fate.sent < ms(300);
            let slower = if is_slow { ms(7) } else { Nanos::ZERO };
            last = last.max(fate.sent + LATENCY + slower);
            assert!(fate.arrived_at(last), "{from} to {to}: {fate:?}");
        }
    }
}

/// A message between two that are slow is delayed by both.
#[rstest]
fn two_slow_nodes_add_up(#[values(1, 2, 3)] number: u32) {
    let slow = |by_ms| FailureMode::SlowNode { by_ms, for_ms: 10_000 };
    let faults = [at_ms(0, node(0), slow(7)), at_ms(0, node(number), slow(20))];
    let (events, _) = play(faults, marked_stream);
    for ((from, to), stream) in fates(&events) {
        let both = [from, to].contains(&node(number));
        let slower = if both { ms(27) } else { ms(7) };
        assert!(stream.iter().all(|fate| fate.arrived_at(fate.sent + LATENCY + slower)), "{from} to {to}");
    }
}
