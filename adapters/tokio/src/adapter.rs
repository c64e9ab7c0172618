//! The adapter: a [`Coordinator`] to the driver, and a process to the code inside.

use std::sync::Arc;

use history::{Gid, HaltReason, Nanos, NodeId};
use protocol::{
    ClientRequest, Coordinator, CoordinatorConfig, Effects, Failure, Incident, Input, LogPosition, Message,
    StoredRecord,
};
use tokio::sync::SetOnce;

use crate::branch::Transaction;
use crate::coordinator::{AsyncCoordinator, Report};
use crate::node::Node;
use crate::panics::watched;
use crate::state::Shared;
use crate::turns::Turns;

/// Runs an [`AsyncCoordinator`] where a state machine is expected.
///
/// Not to be used within a tokio runtime: it has its own.
pub struct Adapter<C> {
    node: Node,
    process: Option<Process<C>>,
}

/// What a crash ends.
struct Process<C> {
    turns: Turns,
    started: Arc<SetOnce<Arc<C>>>,
}

impl<C: AsyncCoordinator> Adapter<C> {
    /// An adapter of a coordinator that has not started.
    pub fn new(config: &CoordinatorConfig) -> Self {
        let node = Node { shared: Shared::default(), config: *config, epoch: 0 };
        Self { node, process: None }
    }

    fn start(&mut self, now: Nanos, log: &[StoredRecord], epoch: u32, effects: &mut Effects) {
        let Some(sound) = effects.read_log(log) else { return };
        let log = sound.iter().map(|stored| stored.record.clone()).collect();
        self.node.epoch = epoch;
        let mut state = self.node.shared.lock();
        (state.now, state.next, state.durable) = (now, effects.next_position(), effects.next_position());
        drop(state);
        let process = Process { turns: Turns::new(now), started: Arc::new(SetOnce::new()) };
        let (node, started) = (self.node.clone(), Arc::clone(&process.started));
        process.turns.spawn(async move {
            match C::start(node.clone(), log).await {
                Ok(coordinator) => drop(started.set(coordinator)),
                Err(why) => node.halt(why),
            }
        });
        self.process = Some(process);
        self.turn(now, None, effects);
    }

    /// Lets the process make a turn, and hands on what it wants done.
    fn turn(&mut self, now: Nanos, input: Option<Input<'_>>, effects: &mut Effects) {
        let Some(process) = &self.process else { return };
        if let Some(Input::TimerFired(_)) = input {
            process.turns.tick(now);
        }
        let ended = watched(|| process.turns.turn(now, || input.into_iter().for_each(|it| self.deliver(it))));
        for effect in self.node.shared.lock().effects.drain(..) {
            effects.push(effect);
        }
        match ended {
            Ok(true) => {}
            Ok(false) => effects.fail(Failure::Livelocked),
            Err(message) => effects.fail(Failure::Panicked(message)),
        }
        if let Some(after) = process.turns.next_tick() {
            effects.set_timer(after, Gid::INITIAL, 0);
        }
    }

    fn received(&self, from: NodeId, message: &Message) {
        let (node, Some(participant)) = (&self.node, from.participant()) else { return };
        match *message {
            Message::Deposed { epoch } => {
                if epoch > node.epoch {
                    node.halt(HaltReason::Deposed);
                }
            }
            Message::Inquire { gid } => {
                let node = node.clone();
                self.serve(move |coordinator| async move {
                    if let Some(decision) = coordinator.inquired(gid, participant).await {
                        node.shared.lock().send(participant, Message::DecisionReply { gid, decision });
                    }
                });
            }
            Message::Heuristic { gid, decision } => {
                let node = node.clone();
                self.serve(move |coordinator| async move {
                    let report = Report { node: node.clone(), gid, participant, decision };
                    if let Err(why) = coordinator.reported(report).await {
                        node.halt(why);
                    }
                });
            }
            _ => {
                let wakers = node.shared.lock().heard(participant, message);
                wakers.into_iter().for_each(std::task::Waker::wake);
            }
        }
    }

    fn asked(&self, request: ClientRequest) {
        let node = self.node.clone();
        let (transaction, begins) = match request {
            ClientRequest::Begin(transaction) => (transaction, true),
            ClientRequest::Outcome(transaction) => (transaction, false),
        };
        let transaction = Transaction::new(&node.shared, transaction);
        self.serve(move |coordinator| async move {
            let gid = transaction.gid();
            let reply = if begins {
                coordinator.execute(transaction).await
            } else {
                coordinator.outcome(transaction).await
            };
            match reply {
                Ok(reply) => node.tell_client(gid, reply),
                Err(why) => node.halt(why),
            }
        });
    }

    fn befallen(&self, incident: Incident) {
        let mut state = self.node.shared.lock();
        match incident {
            Incident::DiskFull => state.disk_full = true,
            Incident::DiskFreed => state.disk_full = false,
            Incident::SyncFailed => state.log_lost = Some(HaltReason::SyncFailed),
            Incident::Deposed => state.log_lost = Some(HaltReason::Deposed),
            // When it checkpoints its log is its own affair.
            Incident::Checkpoint
            | Incident::CannotPrepare(_)
            | Incident::LockTimeout(_)
            | Incident::PreparedLimit(_)
            | Incident::Heuristic { .. } => {}
        }
        let wakers = std::mem::take(&mut state.log_wakers);
        drop(state);
        wakers.into_iter().for_each(std::task::Waker::wake);
    }

    /// Spawns what answers somebody, once the coordinator has started.
    fn serve<F>(&self, serve: impl FnOnce(Arc<C>) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send,
    {
        let Some(process) = &self.process else { return };
        let started = Arc::clone(&process.started);
        process.turns.spawn(async move {
            let coordinator = Arc::clone(started.wait().await);
            serve(coordinator).await;
        });
    }

    fn synced(&self, before: LogPosition) {
        let mut state = self.node.shared.lock();
        state.durable = state.durable.max(before);
        let wakers = std::mem::take(&mut state.log_wakers);
        drop(state);
        wakers.into_iter().for_each(std::task::Waker::wake);
    }

    fn deliver(&self, input: Input<'_>) {
        match input {
            Input::Received { from, message, .. } => self.received(from, &message),
            Input::Asked(request) => self.asked(request),
            Input::Synced { before } => self.synced(before),
            Input::Befallen(incident) => self.befallen(incident),
            Input::TimerFired(_) | Input::Start { .. } => {}
        }
    }
}

impl<C: AsyncCoordinator> Coordinator for Adapter<C> {
    fn step(&mut self, now: Nanos, input: Input<'_>, effects: &mut Effects) {
        if let Input::Start { log, epoch } = input {
            return self.start(now, log, epoch, effects);
        }
        let mut state = self.node.shared.lock();
        (state.now, state.next) = (now, effects.next_position());
        drop(state);
        self.turn(now, Some(input), effects);
    }

    fn oldest_unsettled(&self) -> Option<Gid> {
        self.node.shared.lock().open.first()
    }
}
