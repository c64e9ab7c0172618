//! Partitions: nothing across while they last, everything within, and everything before and after. What is on its way
//! when a link is cut arrives.

use harness_core::history::{DropReason, Event, Fact, Nanos, NodeId};
use harness_core::{FailureConfig, FailureMode, LinkEffect, NetworkFault};
use protocol::Input;
use rstest::rstest;

use super::links::{Direction, around, is_named};
use super::stream::{LATENCY, Link, at_ms, fates, fired, ms, node, play, ticks};

/// Every node sends so many messages on each of its links.
fn stream(faults: Vec<FailureConfig>, every: Nanos, count: u32) -> Vec<Event> {
    let (events, report) = play(faults, move |me, input, effects| {
        ticks(every, count, input, effects);
        if let Input::TimerFired(timer) = input {
            me.send(timer.gid.0, effects);
        }
    });
    assert!(report.fired.iter().all(|&times| times > 0), "{:?}", report.fired);
    assert_eq!(fired(&events), report.fired.iter().sum::<u32>() as usize);
    events
}

/// Shows that exactly those messages are dropped, when they are sent, that are sent on a link while it is cut.
fn assert_cut(events: &[Event], is_cut: impl Fn(Link, Nanos) -> bool) {
    let mut cut = 0;
    for (link, stream) in fates(events) {
        assert!(stream.len() > 600, "{link:?}");
        for fate in stream {
            if is_cut(link, fate.sent) {
                assert_eq!(fate.dropped, [(fate.sent, DropReason::Partitioned)], "{link:?} at {}", fate.sent);
                assert!(fate.arrived.is_empty(), "{link:?} at {}", fate.sent);
                cut += 1;
            } else {
                assert!(fate.arrived_at(fate.sent + LATENCY), "{link:?}: {fate:?}");
            }
        }
    }
    assert_eq!(cut, fired(events));
}

/// From so many milliseconds on.
fn cut_at_ms(ms: u64, fault: NetworkFault) -> FailureConfig {
    at_ms(ms, NodeId::COORDINATOR, FailureMode::Network(fault))
}

const HALF: Nanos = Nanos::from_micros(500);

#[rstest]
fn a_node_is_cut_off_one_way_or_both_for_so_long(
    #[values(0, 1, 2, 3)] number: u32,
    #[values(Direction::From, Direction::To, Direction::Both)] direction: Direction,
) {
    let fault = around(LinkEffect::Cut, node(number), direction).lasting_ms(100);
    let events = stream(vec![cut_at_ms(200, fault)], HALF, 801);
    // A tick at the instant at which the fault begins comes before it.
    assert_cut(&events, |link, at| ms(200) < at && at < ms(300) && is_named(link, node(number), direction));
}

#[test]
fn a_split_in_half_cuts_what_goes_across_and_nothing_within() {
    let halves = NetworkFault {
        from: vec![node(0), node(1)],
        to: vec![node(2), node(3)],
        both_ways: true,
        ..NetworkFault::everywhere(LinkEffect::Cut)
    };
    let events = stream(vec![cut_at_ms(0, halves.lasting_ms(300))], ms(1), 700);
    assert_cut(&events, |(from, to), at| {
        let is_left = |side: NodeId| side.number() < 2;
        is_left(from) != is_left(to) && at < ms(300)
    });
}

#[rstest]
fn one_direction_of_one_link_is_cut_and_no_other(
    #[values(1, 2, 3)] number: u32,
    #[values(true, false)] there: bool,
) {
    let (tm, rm) = (node(0), node(number));
    let struck = if there { (tm, rm) } else { (rm, tm) };
    let fault = NetworkFault::everywhere(LinkEffect::Cut).sent_by(struck.0).sent_to(struck.1);
    let events = stream(vec![cut_at_ms(0, fault.lasting_ms(300))], ms(1), 700);
    assert_cut(&events, |link, at| link == struck && at < ms(300));
}

/// It begins on, and is off from the instant at which it goes off.
#[rstest]
fn a_flapping_link_is_cut_exactly_every_other_time(
    #[values(0, 1, 2, 3)] number: u32,
    #[values(Direction::From, Direction::To, Direction::Both)] direction: Direction,
) {
    let fault = around(LinkEffect::Cut, node(number), direction).flapping_ms(50).lasting_ms(420);
    let events = stream(vec![cut_at_ms(0, fault)], ms(1), 700);
    assert_cut(&events, |link, at| {
        let is_on = (at.0 / ms(50).0).is_multiple_of(2);
        is_on && at < ms(420) && is_named(link, node(number), direction)
    });
}

/// A ring of partial partitions: at any time one is cut off, each time another.
#[test]
fn of_a_ring_one_is_cut_off_at_any_time() {
    let ring = (0..6).map(|n| {
        let fault = NetworkFault::isolate(vec![node(n as u32 % 3 + 1)]).lasting_ms(100);
        cut_at_ms(100 * n, fault)
    });
    let events = stream(ring.collect(), Nanos::from_micros(999), 800);
    assert_cut(&events, |(from, to), at| {
        let participant = from.number().max(to.number());
        at < ms(600) && at.0 / ms(100).0 % 3 + 1 == u64::from(participant)
    });
}

/// Two of everything at once: what either cuts is cut.
#[test]
fn partitions_add_up() {
    let one = around(LinkEffect::Cut, node(1), Direction::From).lasting_ms(300);
    let two = around(LinkEffect::Cut, node(2), Direction::To).lasting_ms(200);
    let (events, _) = play([cut_at_ms(0, one), cut_at_ms(0, two)], |me, input, effects| {
        ticks(ms(1), 700, input, effects);
        if let Input::TimerFired(timer) = input {
            me.send(timer.gid.0, effects);
        }
    });
    assert_cut(&events, |link, at| {
        (is_named(link, node(1), Direction::From) && at < ms(300))
            || (is_named(link, node(2), Direction::To) && at < ms(200))
    });
}

/// No client hears anything for a minute, then everything heals.
#[rstest]
fn what_says_no_end_ends_when_everything_heals(
    #[values(0, 1, 2, 3)] number: u32,
    #[values(Direction::From, Direction::To, Direction::Both)] direction: Direction,
) {
    let events = stream(vec![cut_at_ms(0, around(LinkEffect::Cut, node(number), direction))], ms(100), 680);
    let healed = events.iter().find(|event| event.fact == Fact::Healed).expect("it heals");
    assert_eq!(healed.at, ms(60_000));
    // What is sent at the very instant is sent before.
    assert_cut(&events, |link, at| at <= healed.at && is_named(link, node(number), direction));
}
