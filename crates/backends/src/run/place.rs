//! Where a participant's database is: at a server of our own, or wherever somebody else has it.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use harness_core::TestScenario;
use history::ParticipantId;

use super::claims::Claims;
use super::participant::Participant;
use super::target::Target;
use crate::dialect::{self, Isolation};
use crate::link::Trouble;
use crate::server::{Durability, Server};
use crate::{BackendError, Kind, Url};

/// Where a database is.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// At a server that is started for it.
    Own(Kind),
    /// At one that is there already: nothing there is killed or stopped, and what is made there is removed again.
    There(Url),
}

impl Place {
    pub(super) fn kind(&self) -> Kind {
        match *self {
            Self::Own(kind) => kind,
            Self::There(ref url) => url.kind,
        }
    }

    /// That of a participant: the first has the first, and so on, and then from the first again.
    pub(super) fn of(places: &[Self], id: ParticipantId) -> &Self {
        &places[(id.0 as usize - 1) % places.len()]
    }
}

/// What all participants of a run have in common.
pub(super) struct Ground<'a> {
    pub(super) scenario: &'a TestScenario,
    pub(super) seed: u64,
    /// The run's own number.
    pub(super) run: u64,
    /// Whether something may go wrong between the coordinator and a database.
    pub(super) has_links: bool,
    pub(super) folder: &'a Path,
    pub(super) durability: Durability,
    pub(super) trouble: &'a Rc<Trouble>,
    pub(super) claims: &'a Claims,
}

impl Ground<'_> {
    /// Makes a participant's database ready; its server is one of those that are kept, if there is one of its kind.
    pub(super) async fn prepare(
        &self,
        id: ParticipantId,
        place: &Place,
        kept: &mut Vec<Server>,
    ) -> Result<Participant, BackendError> {
        let (mut target, server) = match place {
            Place::Own(kind) => {
                let server = match kept.iter().position(|server| server.kind() == *kind) {
                    Some(index) => kept.remove(index),
                    None => {
                        let home = self.folder.join(format!("{id}-{:x}", self.run));
                        Server::create(*kind, home, self.durability).await?
                    }
                };
                (self.target(id, &server.url()), Some(server))
            }
            Place::There(url) => (Target { checkpoints: false, ..self.target(id, url) }, None),
        };
        let link = match self.has_links {
            true => Some(
                target
                    .put_link(self.folder, self.trouble)
                    .map_err(BackendError::start("a link to a database"))?,
            ),
            false => None,
        };
        let target = Rc::new(target);
        if server.is_none() {
            self.claims.take(&target).await?;
        }
        target.make_ready(self.scenario).await?;
        Ok(Participant::new(target, server, link))
    }

    fn target(&self, id: ParticipantId, url: &Url) -> Target {
        let isolation = Isolation::of(self.scenario.terms.isolation);
        let is_alone = self.scenario.in_flight == 1 && self.scenario.arrivals.is_none();
        Target {
            id,
            kind: url.kind,
            dialect: dialect::of(url.kind, &url.login.database, isolation),
            address: url.address.clone(),
            direct: url.address.clone(),
            login: url.login.clone(),
            patience: Duration::from_nanos(self.scenario.participant.idle_timeout.0),
            lock_timeout_ms: self.scenario.participant.lock_timeout.0 / 1_000_000,
            run: self.run,
            // Each way of recovery has half of the seeds. Not where one transaction's checkpoint could be under way when a
            // database is killed for another: PostgreSQL has then begun the file of a prepared transaction, refuses to
            // start on an empty one, and so ends the run.
            checkpoints: self.seed % 2 == 1 && is_alone,
            life: Cell::new(1),
            sessions: RefCell::default(),
        }
    }
}
