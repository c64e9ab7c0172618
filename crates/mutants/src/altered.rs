//! A state machine with a bug around it: since inputs and effects are data, a bug need not know what is inside.

use std::collections::VecDeque;

use harness_core::history::{Gid, Key, Nanos, NodeId, Value};
use protocol::{Coordinator, Effect, Effects, Input, LogPosition, Message, Participant, StoredRecord, Timer};

/// What a bug does to the machine that it is around. What it does not say is as it should be.
pub(crate) trait Bug {
    /// The machine starts, and reads this log instead.
    fn read(&mut self, _log: &mut Vec<StoredRecord>, _epoch: u32, _turn: &mut Turn<'_>) {}

    /// Something else happens: what the machine is fed.
    fn hear(&mut self, input: Input<'static>, turn: &mut Turn<'_>) {
        turn.feed(input);
    }

    /// The machine wants something done: what is done.
    fn say(&mut self, effect: Effect, turn: &mut Turn<'_>) {
        turn.emit(effect);
    }

    /// The machine has said all that it has to say to what happened.
    fn end(&mut self, _turn: &mut Turn<'_>) {}

    /// What a participant seems to hold.
    fn show(&self, contents: Vec<(Key, Value)>) -> Vec<(Key, Value)> {
        contents
    }
}

/// One step of a machine with a bug.
pub(crate) struct Turn<'e> {
    inputs: VecDeque<Input<'static>>,
    out: &'e mut Effects,
    /// Where the machine's next record would stand, had all been written that it wrote.
    next: u64,
}

impl Turn<'_> {
    /// Lets this happen to the machine, after what is happening to it.
    pub(crate) fn feed(&mut self, input: Input<'static>) {
        self.inputs.push_back(input);
    }

    /// Lets the machine hear this, as if from that node.
    pub(crate) fn feed_message(&mut self, from: NodeId, message: Message) {
        self.feed(Input::Received { from, epoch: 0, message });
    }

    /// Wants this done.
    pub(crate) fn emit(&mut self, effect: Effect) {
        if let Effect::Truncate { before } = effect {
            // Counted from the end: of what was to stand before, something may never have been written.
            let kept = self.next.saturating_sub(before.0);
            return self.out.truncate(LogPosition(self.out.next_position().0.saturating_sub(kept)));
        }
        self.out.push(effect);
    }

    pub(crate) fn send(&mut self, to: NodeId, message: Message) {
        self.out.send(to, message);
    }

    /// Has the bug woken up after a while.
    pub(crate) fn wake(&mut self, gid: Gid, after_ms: u64) {
        self.out.set_timer(Nanos::from_millis(after_ms), gid, ALARM);
    }

    /// Everything else that can be wanted.
    pub(crate) fn effects(&mut self) -> &mut Effects {
        self.out
    }
}

/// The purpose of a bug's own timers.
const ALARM: u32 = u32::MAX;

/// The transaction that a bug's own timer is about, if this is such a timer.
pub(crate) fn alarm(input: &Input<'_>) -> Option<Gid> {
    match *input {
        Input::TimerFired(Timer { gid, purpose: ALARM }) => Some(gid),
        _ => None,
    }
}

/// A machine with a bug.
pub(crate) struct Altered<M: ?Sized> {
    machine: Box<M>,
    bug: Box<dyn Bug>,
    /// Used by every step.
    effects: Effects,
}

impl<M: ?Sized> Altered<M> {
    pub(crate) fn new(machine: Box<M>, bug: Box<dyn Bug>) -> Self {
        Self { machine, bug, effects: Effects::default() }
    }

    fn turn(&mut self, input: Input<'_>, out: &mut Effects, step: impl Fn(&mut M, Input<'_>, &mut Effects)) {
        let next = out.next_position().0;
        let mut turn = Turn { inputs: VecDeque::new(), out, next };
        match input {
            Input::Start { log, epoch } => {
                let mut log = log.to_vec();
                self.bug.read(&mut log, epoch, &mut turn);
                self.pass(Input::Start { log: &log, epoch }, &mut turn, &step);
            }
            Input::Received { from, epoch, message } => {
                self.bug.hear(Input::Received { from, epoch, message }, &mut turn);
            }
            Input::TimerFired(timer) => self.bug.hear(Input::TimerFired(timer), &mut turn),
            Input::Asked(request) => self.bug.hear(Input::Asked(request), &mut turn),
            Input::Synced { before } => self.bug.hear(Input::Synced { before }, &mut turn),
            Input::Befallen(incident) => self.bug.hear(Input::Befallen(incident), &mut turn),
        }
        while let Some(input) = turn.inputs.pop_front() {
            self.pass(input, &mut turn, &step);
        }
        self.bug.end(&mut turn);
    }

    /// The machine itself makes a step.
    fn pass(
        &mut self,
        input: Input<'_>,
        turn: &mut Turn<'_>,
        step: &impl Fn(&mut M, Input<'_>, &mut Effects),
    ) {
        self.effects.reset(turn.out.next_position());
        step(&mut self.machine, input, &mut self.effects);
        turn.next = self.effects.next_position().0;
        for effect in self.effects.drain() {
            self.bug.say(effect, turn);
        }
    }
}

impl Coordinator for Altered<dyn Coordinator> {
    fn step(&mut self, now: Nanos, input: Input<'_>, effects: &mut Effects) {
        self.turn(input, effects, |machine, input, effects| machine.step(now, input, effects));
    }

    fn oldest_unsettled(&self) -> Option<Gid> {
        self.machine.oldest_unsettled()
    }
}

impl Participant for Altered<dyn Participant> {
    fn step(&mut self, now: Nanos, input: Input<'_>, effects: &mut Effects) {
        self.turn(input, effects, |machine, input, effects| machine.step(now, input, effects));
    }

    fn oldest_unsettled(&self) -> Option<Gid> {
        self.machine.oldest_unsettled()
    }

    fn in_doubt(&self) -> Vec<Gid> {
        self.machine.in_doubt()
    }

    fn locks(&self) -> Vec<(Gid, Key)> {
        self.machine.locks()
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        self.bug.show(self.machine.contents())
    }
}
