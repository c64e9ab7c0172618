//! Where nothing goes wrong, nothing is lost, repeated, reordered on its link, late or restarted.

use std::collections::{BTreeMap, VecDeque};

use harness_core::history::{Event, Fact, Gid, MessageKind, Nanos, NodeId};
use harness_core::{Cast, Load, Simulator, TestScenario};

type Link = (NodeId, NodeId);

/// What is on its way on each link.
#[derive(Default)]
struct Links(BTreeMap<Link, VecDeque<(Nanos, Gid, MessageKind)>>);

impl Links {
    /// Follows one event, and says how long the message took that it delivers.
    fn follow(&mut self, event: &Event) -> Option<Nanos> {
        match event.fact {
            Fact::Sent { to, gid, message } => {
                self.0.entry((event.node, to)).or_default().push_back((event.at, gid, message));
                None
            }
            Fact::Delivered { from, gid, message } => {
                let link = self.0.get_mut(&(from, event.node)).expect("something was sent on this link");
                let (sent, first, kind) = link.pop_front().expect("what arrives was sent");
                assert_eq!((first, kind), (gid, message), "from {from} to {} out of order", event.node);
                Some(event.at.since(sent))
            }
            Fact::Dropped { .. } | Fact::Crashed | Fact::Restarted | Fact::FaultFired { .. } => {
                panic!("{event:?} where nothing goes wrong")
            }
            _ => None,
        }
    }
}

#[test]
fn nothing_is_lost_or_repeated_or_reordered_or_late_sweep() {
    let scenario = TestScenario::new("Nothing goes wrong.", 4).load(Load::mixed(12, 4)).in_flight(6);
    let conditions = scenario.network_conditions;
    let simulator = Simulator::new(Cast::reference());
    let (mut shortest, mut longest, mut count) = (Nanos(u64::MAX), Nanos::ZERO, 0);
    for seed in 0..1_000 {
        let (mut events, mut links) = (Vec::new(), Links::default());
        let report = simulator.run(&scenario, seed, &mut events).expect("the scenario is valid");
        assert!(
            report.transactions.len() == 12 && report.transactions.iter().all(|it| it.answered_at.is_some())
        );
        assert!(events.windows(2).all(|pair| pair[0].at <= pair[1].at), "time goes back with seed {seed}");
        for latency in events.iter().filter_map(|event| links.follow(event)) {
            (shortest, longest, count) = (shortest.min(latency), longest.max(latency), count + 1);
        }
        assert!(links.0.values().all(VecDeque::is_empty), "something never arrived with seed {seed}");
    }
    assert!(count > 50_000, "{count} messages");
    assert!(shortest >= conditions.latency_min && longest <= conditions.latency_max, "{shortest} {longest}");
    assert!(
        longest.since(shortest) > Nanos::from_micros(390),
        "the whole range is used: {shortest} {longest}"
    );
}
