//! Room for prepared branches: taken up by others from the start on, or less of it when a server is started again.

use std::rc::Rc;

use harness_core::{FailureConfig, FailureMode, Trigger};
use history::{FaultKind, NodeId, ParticipantId};

use super::target::Target;
use super::{Happening, Run};
use crate::BackendError;
use crate::dialect::Room;
use crate::server::Server;
use crate::wire::Failure;

/// A server is to be started with room for no more than so many.
#[derive(Clone, Copy, Debug)]
pub(super) struct LessRoom {
    pub(super) most: u32,
    /// Which fault wants it.
    pub(super) index: Option<usize>,
}

/// Where others take up room from the start on, and for how many branches they leave it, if that is the fault.
fn taken_by_others(fault: &FailureConfig) -> Option<(ParticipantId, u32)> {
    match fault.mode {
        FailureMode::PreparedLimit { most } if fault.trigger == Trigger::AtMs(0) => {
            Some((fault.node?.participant()?, most))
        }
        _ => None,
    }
}

impl Run<'_> {
    /// Lets others take up room, before anybody begins.
    pub(super) async fn take_room(&mut self) -> Result<(), BackendError> {
        for (index, fault) in self.scenario.failure_configs.iter().enumerate() {
            if let Some((id, most)) = taken_by_others(fault) {
                let target = Rc::clone(&self.participant(id).target);
                target.take_room(most).await.map_err(|error| target.failed(&error))?;
                self.fire(id.into(), FaultKind::PreparedLimit, None, Some(index));
            }
        }
        Ok(())
    }

    /// Whether there are others that take up room.
    pub(super) fn has_others(&self, id: ParticipantId) -> bool {
        self.scenario.failure_configs.iter().filter_map(taken_by_others).any(|(other, _)| other == id)
    }

    /// Starts a server that is down: with less room first, if a fault wants that. One that refuses gets its room.
    pub(super) async fn start_server(
        server: &mut Server,
        less: Option<LessRoom>,
        node: NodeId,
        queue: &tokio::sync::mpsc::UnboundedSender<Happening>,
    ) -> Result<(), BackendError> {
        let Some(LessRoom { most, index }) = less else { return server.start().await };
        let Err(refused) = server.start_with(most).await else { return Ok(()) };
        tracing::debug!(%node, %refused, "started with less room than is taken");
        if refused.to_string().contains("prepared transactions") {
            let _ = queue.send(Happening::StartRefused { node, index });
        }
        server.start().await
    }
}

impl Target {
    /// Takes up room until there is no more of it than for so many.
    pub(super) async fn take_room(&self, most: u32) -> Result<(), Failure> {
        let Some(Room { left, take }) = self.dialect.room() else { return Ok(()) };
        let mut seat = self.open_direct().await?;
        let answers = seat.ask(left).await?;
        let left = answers.iter().flat_map(|answer| answer.first_column()).find_map(|text| text.parse().ok());
        for number in most..left.unwrap_or(0) {
            seat.ask(&take(number)).await?;
        }
        Ok(())
    }

    /// What is neither of this run nor of anybody else's goes, as far as the database can be reached.
    pub(super) async fn make_room(&self) {
        if let Err(error) = self.end_others().await {
            tracing::debug!(node = %self.id, %error, "room is still taken up");
        }
    }

    async fn end_others(&self) -> Result<(), Failure> {
        let mut seat = self.open_direct().await?;
        for statement in self.list(&mut seat).await?.stale {
            seat.ask(&statement).await?;
        }
        Ok(())
    }
}
