//! Messages that are lost, late, repeated, overtaken or damaged: so many of those on the links that are struck as was
//! promised, and none of the others.

use std::collections::BTreeMap;

use harness_core::history::{DropReason, Event, MessageKind, Nanos, NodeId};
use harness_core::{FailureMode, LinkEffect, NetworkFault};
use protocol::Input;
use rstest::rstest;

use super::stream::{
    Fate, LATENCY, Link, assert_even, assert_share, at_ms, fates, fired, links, ms, node, play, ticks,
};

/// What the fault names: what the node sends, what it is sent, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    From,
    To,
    Both,
}

/// Strikes what the node sends, what it is sent, or both.
pub(super) fn around(effect: LinkEffect, node: NodeId, direction: Direction) -> NetworkFault {
    let fault = NetworkFault::everywhere(effect);
    match direction {
        Direction::From => fault.sent_by(node),
        Direction::To => fault.sent_to(node),
        Direction::Both => NetworkFault { both_ways: true, ..fault.sent_by(node) },
    }
}

/// Whether that fault names the link.
pub(super) fn is_named((from, to): Link, node: NodeId, direction: Direction) -> bool {
    (from == node && direction != Direction::To) || (to == node && direction != Direction::From)
}

const COUNT: u32 = 2_000;

/// Every node sends so many messages on each of its links, one at a time.
fn stream(every: Nanos, fault: NetworkFault) -> (Vec<Event>, u32) {
    let fault = at_ms(0, NodeId::COORDINATOR, FailureMode::Network(fault));
    let (events, report) = play([fault], move |me, input, effects| {
        ticks(every, COUNT, input, effects);
        if let Input::TimerFired(timer) = input {
            me.send(timer.gid.0, effects);
        }
    });
    (events, report.fired[0])
}

/// Runs a stream, and shows that links that are not named carry everything, once, in time and in order. Returns what
/// became of the messages on the others.
fn struck(every: Nanos, effect: LinkEffect, node: NodeId, direction: Direction) -> (Vec<Vec<Fate>>, u32) {
    let (events, times) = stream(every, around(effect, node, direction));
    assert_eq!(fired(&events), times as usize, "the history tells of each time");
    let (named, others): (BTreeMap<Link, Vec<Fate>>, BTreeMap<Link, Vec<Fate>>) =
        fates(&events).into_iter().partition(|&(link, _)| is_named(link, node, direction));
    assert!(!named.is_empty() && named.len() + others.len() == links().count());
    for (link, stream) in &others {
        assert!(stream.len() == COUNT as usize, "{link:?}");
        assert!(stream.iter().all(|fate| fate.arrived_at(fate.sent + LATENCY)), "{link:?}");
    }
    assert!(named.values().all(|stream| stream.len() == COUNT as usize));
    (named.into_values().collect(), times)
}

#[rstest]
fn so_many_messages_are_lost_and_the_others_are_in_time(
    #[values(0, 1, 2, 3)] number: u32,
    #[values(Direction::From, Direction::To, Direction::Both)] direction: Direction,
    #[values(1, 30, 100)] percent: u32,
) {
    let (streams, times) = struck(ms(1), LinkEffect::Lose { percent }, node(number), direction);
    let mut lost = 0;
    for stream in streams {
        let of_link: Vec<bool> = stream.iter().map(|fate| !fate.dropped.is_empty()).collect();
        for fate in &stream {
            let is_lost = fate.arrived.is_empty() && fate.dropped == [(fate.sent, DropReason::Lost)];
            assert!(is_lost || fate.arrived_at(fate.sent + LATENCY), "{fate:?}");
        }
        let count = of_link.iter().filter(|&&lost| lost).count();
        assert_share(count, stream.len(), percent, "lost");
        // Each is drawn by itself: whether one is lost says nothing about the next.
        let pairs = of_link.windows(2).filter(|pair| pair[0] && pair[1]).count();
        let chance = f64::from(percent * percent) / 10_000.0;
        // Twice as much as for pairs that have no message in common.
        let bound = 2.0 * 5.0 * (f64::from(COUNT) * chance * (1.0 - chance)).sqrt();
        assert!((pairs as f64 - f64::from(COUNT - 1) * chance).abs() <= bound, "{pairs} pairs");
        lost += count;
    }
    assert_eq!(times as usize, lost, "it fires when it loses one");
}

#[rstest]
fn every_message_is_late_by_an_even_draw(
    #[values(0, 1, 2, 3)] number: u32,
    #[values(Direction::From, Direction::To, Direction::Both)] direction: Direction,
) {
    // One is there before the next is sent, so that none waits for another.
    let effect = LinkEffect::Delay { min_ms: 3, max_ms: 12 };
    let (streams, times) = struck(ms(20), effect, node(number), direction);
    assert_eq!(times as usize, streams.iter().map(Vec::len).sum::<usize>());
    for stream in streams {
        assert!(stream.iter().all(|fate| fate.arrived.len() == 1 && fate.dropped.is_empty()));
        let took: Vec<Nanos> = stream.iter().map(Fate::took).collect();
        assert_even(&took, LATENCY + ms(3), LATENCY + ms(12), "late");
    }
}

#[rstest]
fn messages_that_are_late_keep_their_order(
    #[values(0, 1, 2, 3)] number: u32,
    #[values(Direction::From, Direction::To, Direction::Both)] direction: Direction,
) {
    let effect = LinkEffect::Delay { min_ms: 0, max_ms: 50 };
    for stream in struck(ms(1), effect, node(number), direction).0 {
        let arrived: Vec<Nanos> = stream.iter().flat_map(|fate| fate.arrived.clone()).collect();
        assert!(arrived.len() == stream.len() && arrived.is_sorted(), "each once and in order");
        assert!(stream.iter().all(|fate| fate.took() >= LATENCY && fate.took() <= LATENCY + ms(50)));
        assert!(arrived.windows(2).any(|pair| pair[0] == pair[1]), "one waits for another");
    }
}

#[rstest]
fn so_many_messages_arrive_once_more_and_all_of_them_in_time(
    #[values(0, 1, 2, 3)] number: u32,
    #[values(Direction::From, Direction::To, Direction::Both)] direction: Direction,
    #[values(30, 100)] percent: u32,
) {
    let effect = LinkEffect::Duplicate { percent, within_ms: 40 };
    let (streams, times) = struck(ms(1), effect, node(number), direction);
    let mut repeated = 0;
    for stream in streams {
        assert!(stream.iter().all(|fate| fate.took() == LATENCY && fate.dropped.is_empty()));
        assert!(stream.iter().all(|fate| fate.arrived.len() <= 2), "once more, not more often");
        let again: Vec<Nanos> =
            stream.iter().filter_map(|fate| Some(fate.arrived.get(1)?.since(fate.arrived[0]))).collect();
        assert_share(again.len(), stream.len(), percent, "repeated");
        assert_even(&again, Nanos(1), ms(40), "the copy");
        repeated += again.len();
    }
    assert_eq!(times as usize, repeated);
}

#[rstest]
fn so_many_messages_leave_their_place_and_the_others_keep_theirs(
    #[values(0, 1, 2, 3)] number: u32,
    #[values(Direction::From, Direction::To, Direction::Both)] direction: Direction,
    #[values(30, 100)] percent: u32,
) {
    let effect = LinkEffect::Reorder { percent, within_ms: 10 };
    let (streams, times) = struck(ms(1), effect, node(number), direction);
    let mut moved = 0;
    for stream in streams {
        assert!(stream.iter().all(|fate| fate.arrived.len() == 1 && fate.dropped.is_empty()));
        let late: Vec<Nanos> = stream.iter().map(Fate::took).filter(|&took| took != LATENCY).collect();
        assert_share(late.len(), stream.len(), percent, "moved");
        assert_even(&late, LATENCY + Nanos(1), LATENCY + ms(10), "the place");
        let overtaken = stream.windows(2).filter(|pair| pair[0].arrived > pair[1].arrived).count();
        assert!(overtaken * 5 > late.len(), "{overtaken} overtaken of {}", late.len());
        moved += late.len();
    }
    assert_eq!(times as usize, moved);
}

#[rstest]
fn so_many_messages_arrive_damaged_and_are_dropped_there(
    #[values(0, 1, 2, 3)] number: u32,
    #[values(Direction::From, Direction::To, Direction::Both)] direction: Direction,
    #[values(30, 100)] percent: u32,
) {
    let (streams, times) = struck(ms(1), LinkEffect::Corrupt { percent }, node(number), direction);
    let mut damaged = 0;
    for stream in streams {
        for fate in &stream {
            let there = fate.sent + LATENCY;
            let is_damaged = fate.arrived.is_empty() && fate.dropped == [(there, DropReason::Corrupted)];
            assert!(is_damaged || fate.arrived_at(there), "{fate:?}");
        }
        let count = stream.iter().filter(|fate| !fate.dropped.is_empty()).count();
        assert_share(count, stream.len(), percent, "damaged");
        damaged += count;
    }
    assert_eq!(times as usize, damaged);
}

/// The first three that any of the links carries, and only of the kind that is named.
#[rstest]
#[case::to_participants(MessageKind::Commit, true)]
#[case::to_the_coordinator(MessageKind::Acknowledge, false)]
fn a_fault_of_one_kind_of_message_strikes_that_kind_as_often_as_it_says(
    #[case] kind: MessageKind,
    #[case] to_participants: bool,
) {
    let lost = |fault: NetworkFault| {
        let (events, times) = stream(ms(1), fault);
        let lost = |stream: &[Fate]| stream.iter().filter(|fate| !fate.dropped.is_empty()).count();
        let by_link: Vec<(Link, usize)> =
            fates(&events).into_iter().map(|(link, stream)| (link, lost(&stream))).collect();
        assert_eq!(by_link.iter().map(|(_, lost)| lost).sum::<usize>(), times as usize);
        by_link
    };
    let all = NetworkFault::everywhere(LinkEffect::Lose { percent: 100 }).of(kind);
    for ((_, to), lost) in lost(all.clone()) {
        assert_eq!(lost, if to.is_coordinator() == to_participants { 0 } else { COUNT as usize });
    }
    for ((_, to), lost) in lost(all.times(3)) {
        // All links carry their first at the same instant.
        assert_eq!(lost, usize::from(to.is_coordinator() != to_participants));
    }
}
