//! Looks at what has waited for too long: they come in their time, however much else there is to do.

use harness_core::{Backend as _, Cast, FailureMode};
use history::{HaltReason, Nanos, NodeId, Point};
use protocol::{Coordinator, Effects, Input, Message, ReferenceCoordinator, Timer};

use super::endings::databases;
use super::*;

/// The purpose of a timer that is no timer of the reference.
const RESTLESS: u32 = u32::MAX;

/// Has a timer that fires again and again, and makes nothing of votes: it waits to be asked for its decision, but not for
/// ever.
struct Restless {
    reference: ReferenceCoordinator,
    rounds: u32,
    is_asked: Rc<Cell<bool>>,
}

impl Coordinator for Restless {
    fn step(&mut self, now: Nanos, input: Input<'_>, effects: &mut Effects) {
        match input {
            Input::Received { message: Message::Vote { .. }, .. } => return,
            Input::Received { message: Message::Inquire { .. }, .. } => {
                self.is_asked.set(true);
                return effects.halt(HaltReason::Deposed);
            }
            Input::TimerFired(Timer { purpose: RESTLESS, .. }) if self.rounds == 0 => {
                return effects.halt(HaltReason::Deposed);
            }
            Input::TimerFired(Timer { purpose: RESTLESS, .. }) => self.rounds -= 1,
            Input::Start { .. } => self.reference.step(now, input, effects),
            _ => return self.reference.step(now, input, effects),
        }
        effects.set_timer(Nanos::from_millis(1), Gid::INITIAL, RESTLESS);
    }

    fn oldest_unsettled(&self) -> Option<Gid> {
        Some(Gid(1))
    }
}

/// The branches are known, or, after the coordinator was killed, to be found by a sweep.
#[test]
fn who_is_in_doubt_asks_also_if_something_happens_all_the_time() {
    let mut scenario = TestScenario::new("Nobody decides.", 2).writing_to(2);
    scenario.coordinator.vote_timeout = Nanos::from_secs(60);
    let killed = FailureMode::Crash { restart_after_ms: Some(1) };
    let found = scenario.clone().fault_at(NodeId::COORDINATOR, killed, Point::AfterVoteReceived, 2);
    for scenario in [scenario, found] {
        let is_asked = Rc::new(Cell::new(false));
        let told = Rc::clone(&is_asked);
        let cast = Cast::reference().with_coordinator(move |config| Restless {
            reference: ReferenceCoordinator::new(*config),
            rounds: 2_000,
            is_asked: Rc::clone(&told),
        });
        databases(Kind::Postgres).cast(cast).run(&scenario, 0, &mut ()).expect("the run happens");
        assert!(is_asked.get(), "nobody has asked: {:?}", scenario.failure_configs);
    }
}
