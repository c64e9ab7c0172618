//! Clocks that jump and drift: what a node is shown, and when its timers really fire.

use std::cell::RefCell;
use std::rc::Rc;

use harness_core::FailureMode;
use harness_core::history::{Gid, Nanos};
use protocol::Input;
use rstest::rstest;

use super::stream::{at_ms, mark, marks, ms, node, nodes, play, ticks};

/// The timers set at the start, and then one timer after another, each of which is set when the one before fires.
const AT_START: u32 = 600;
const EACH: Nanos = Nanos::from_micros(1_500);

/// What a node's clock showed whenever a timer of its fired.
type Shown = Rc<RefCell<Vec<(u32, Nanos)>>>;

#[rstest]
fn timers_fire_at_the_right_instant_by_a_clock_that_jumps_and_drifts(
    #[values(0, 1, 2, 3)] number: u32,
    #[values(0, 50, -50, 3_600_000, -3_600_000)] jump_ms: i64,
    #[values(0, 100_000, -500_000, 2_000_000)] drift_ppm: i32,
) {
    let (struck, shown) = (node(number), Shown::default());
    let shows = Rc::clone(&shown);
    let clock = FailureMode::Clock { jump_ms, drift_ppm };
    let (events, _) = play([at_ms(200, struck, clock)], move |me, input, effects| {
        ticks(ms(1), AT_START, input, effects);
        match input {
            Input::Start { .. } => effects.set_timer(EACH, Gid(AT_START + 1), 0),
            Input::TimerFired(timer) => {
                mark(timer.gid.0, effects);
                shows.borrow_mut().push((me.node.number(), me.shows));
                if timer.gid.0 > AT_START && timer.gid.0 < AT_START + 300 {
                    effects.set_timer(EACH, Gid(timer.gid.0 + 1), 0);
                }
            }
            _ => {}
        }
    });
    let shown = shown.borrow();
    // What a clock shows when a run starts, by one that nobody touched.
    let start = shown[0].1.since(ms(1));
    for other in nodes() {
        let marks = marks(&events, other);
        assert_eq!(marks.len() as u32, AT_START + 300);
        let rate = if other == struck { (1_000_000 + i64::from(drift_ppm)) as u64 } else { 1_000_000 };
        // No earlier than its time by the clock that set it, and no later than the next nanosecond.
        let span = |real: bool| Nanos(if real { EACH.0 } else { (EACH.0 * 1_000_000).div_ceil(rate) });
        let mut due = EACH;
        for &(gid, at) in &marks {
            if gid.0 <= AT_START {
                assert_eq!(at, ms(u64::from(gid.0)), "a timer set before {other} was struck");
            } else {
                assert_eq!(at, due, "timer {gid} of {other}");
                due = at + span(at <= ms(200));
            }
        }
        let shown = shown.iter().filter(|(node, _)| *node == other.number()).map(|&(_, shown)| shown);
        for (shown, (gid, at)) in shown.zip(marks) {
            let right = i128::from((start + at).0);
            let off = if other == struck && at > ms(200) {
                let since = i128::from(at.since(ms(200)).0);
                i128::from(jump_ms) * 1_000_000 + since * i128::from(drift_ppm) / 1_000_000
            } else {
                0
            };
            assert_eq!(i128::from(shown.0), right + off, "the clock of {other} at timer {gid}");
        }
    }
}
