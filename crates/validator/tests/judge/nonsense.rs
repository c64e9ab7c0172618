//! Histories that no run can have: whatever a file says of whom, it gets a verdict and no panic.

use history::{
    Decision, DropReason, Event, Fact, FaultKind, Gid, HaltReason, Header, History, Key, Level, LockMode,
    MessageKind, Nanos, NodeId, OpKind, Outcome, ParticipantId, RecordKind, Terms, Value, Vote,
};
use rstest::rstest;
use validator::{excerpt, validate};

/// A small linear congruential generator: any sequence will do, as long as it is always the same one.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    fn node(&mut self) -> NodeId {
        let rm = |n| NodeId::from(ParticipantId(n));
        self.of(&[NodeId::COORDINATOR, NodeId::STAND_BY, rm(1), rm(2), rm(3), rm(70_000)])
    }

    fn gid(&mut self) -> Gid {
        self.of(&[0, 1, 1, 1, 2, 2, 3, 5_000_000, u32::MAX].map(Gid))
    }

    fn key(&mut self) -> Key {
        self.of(&[0, 1, 2, u32::MAX].map(Key))
    }

    fn value(&mut self) -> Value {
        self.of(&[0, 1, 5, -5, i64::MAX, i64::MIN].map(Value))
    }

    fn record(&mut self) -> RecordKind {
        self.of(&[
            RecordKind::Prepared,
            RecordKind::Decided(Decision::Commit),
            RecordKind::Decided(Decision::Abort),
            RecordKind::Ended,
            RecordKind::Other,
        ])
    }

    fn fact(&mut self) -> Fact {
        let (gid, key, value, record) = (self.gid(), self.key(), self.value(), self.record());
        let (peer, message) = (self.node(), self.of(&MessageKind::ALL));
        let decision = self.of(&[Decision::Commit, Decision::Abort]);
        match self.below(33) {
            0 | 1 => Fact::Begun { gid, participants: self.below(3) as u32 },
            2 | 3 => Fact::Enlisted { gid },
            4 | 5 => Fact::Asked {
                gid,
                key,
                op: self.of(&[OpKind::Read, OpKind::Put, OpKind::Add, OpKind::Append]),
                value,
            },
            6 => Fact::AbortAsked { gid },
            7 => Fact::OutcomeAsked { gid },
            8 => Fact::Answered {
                gid,
                outcome: self.of(&[
                    Outcome::Committed,
                    Outcome::Aborted,
                    Outcome::Unknown,
                    Outcome::HeuristicMixed,
                ]),
            },
            9 => Fact::Refused { gid },
            10 => Fact::LockGranted { gid, key, mode: LockMode::Shared },
            11 => Fact::Read { gid, key, writer: self.gid() },
            12 => Fact::Wrote { gid, key, value },
            13 => Fact::Applied { gid, key, value },
            14 => Fact::Decided { gid, decision },
            15 => Fact::HeuristicDecision { gid, decision },
            16 => Fact::Voted { gid, vote: self.of(&[Vote::Yes, Vote::No, Vote::ReadOnly]) },
            17 => Fact::Appended { gid, record, forced: true },
            18 | 19 => Fact::Durable { gid, record },
            20 => Fact::Lost { gid, record },
            21 => Fact::Sent { to: peer, gid, message },
            22 => Fact::Delivered { from: peer, gid, message },
            23 => Fact::Dropped { to: peer, gid, message, why: DropReason::Lost },
            24 => Fact::Crashed,
            25 => self.of(&[Fact::Restarted, Fact::Halted { why: HaltReason::Failed }, Fact::Recovered]),
            26 => Fact::TookOver { from: peer },
            27 => self.of(&[Fact::FaultFired { kind: FaultKind::Loss, point: None }, Fact::Healed]),
            28 => Fact::Stored { key, value },
            29 => Fact::LeftInDoubt { gid },
            30 => Fact::LeftLocked { gid, key },
            31 => self.of(&[Fact::LeftDown, Fact::LeftOpen { gid }]),
            _ => Fact::Inherited { key, value, writer: self.gid() },
        }
    }
}

#[rstest]
fn whatever_a_history_says_it_is_judged(#[values(0, 1, 2, 3)] block: u64) {
    for seed in 0..500 {
        let mut drawn = Drawn(block << 32 | seed);
        let terms = Terms {
            conserved_total: drawn.below(2) == 0,
            may_block: drawn.below(2) == 0,
            isolation: drawn.of(&Level::ALL),
            without_log: drawn.below(2) == 0,
        };
        let header = Header { scenario: "nonsense".to_owned(), seed, participants: 3, terms };
        let events = (0..100).map(|at| Event { at: Nanos(at), node: drawn.node(), fact: drawn.fact() });
        let history = History { header, events: events.collect() };
        let judged = validate(&history);
        assert_eq!(judged.events, 100);
        assert!(judged.is_valid() || seed % 50 > 0 || excerpt(&history, &judged).is_some());
    }
}
