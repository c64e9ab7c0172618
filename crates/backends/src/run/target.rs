//! A participant's database, for those who work there: sessions, and how to find out where a branch stands.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use history::{Gid, ParticipantId};
use tokio::time::sleep;

use crate::Kind;
use crate::dialect::{self, Dialect, PreparedList, SessionName, Xid};
use crate::link::{Link, Trouble};
use crate::wire::{Address, Answer, Failure, Login, Session};

/// So long between two looks at something that will be over soon.
pub(super) const SOON: Duration = Duration::from_millis(20);
/// So often, before somebody else has to ask again.
pub(super) const LOOKS: u32 = 100;

/// A participant's database, for those who work there.
pub(crate) struct Target {
    pub(crate) id: ParticipantId,
    pub(crate) kind: Kind,
    pub(crate) dialect: Box<dyn Dialect>,
    pub(crate) address: Address,
    /// Where those get through who only watch.
    pub(crate) direct: Address,
    pub(crate) login: Login,
    pub(crate) patience: Duration,
    pub(crate) lock_timeout_ms: u64,
    pub(crate) run: u64,
    /// Whether what is prepared is written to the data files at once, from where a restart takes it by another way than from
    /// the log.
    pub(crate) checkpoints: bool,
    /// How often the server was started: sessions of an earlier life are over.
    pub(crate) life: Cell<u32>,
    pub(crate) sessions: RefCell<Sessions>,
}

/// The sessions that were opened to work with, as long as their server may be at work for them.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    /// By the coordinator's process that lives.
    own: Vec<LostSession>,
    /// Those of them of which it has lost the connection.
    lost: Vec<LostSession>,
    /// By processes that were killed.
    orphans: Vec<LostSession>,
}

impl Sessions {
    /// The process that opened them is killed.
    pub(super) fn orphan(&mut self) {
        self.orphans.append(&mut self.own);
        self.lost.clear();
    }

    pub(super) fn lose(&mut self, session: LostSession) {
        self.lost.push(session);
    }

    pub(super) fn has_lost(&self) -> bool {
        !self.lost.is_empty()
    }

    /// One that may still be at work: of those that this process has lost, or of all.
    fn left(&self, of_all: bool) -> Option<LostSession> {
        self.lost.last().or_else(|| self.orphans.last().filter(|_| of_all)).cloned()
    }

    fn ended(&mut self, ended: &LostSession) {
        self.lost.retain(|other| other.name != ended.name);
        self.orphans.retain(|other| other.name != ended.name);
    }
}

/// A session, and what its server calls it.
pub(crate) struct Seat {
    session: Session,
    pub(crate) name: SessionName,
    pub(crate) life: u32,
}

/// A session whose connection was lost: its server may still be at work for it.
#[derive(Clone, Debug)]
pub(crate) struct LostSession {
    name: SessionName,
    life: u32,
}

/// Where a branch stands at its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Prepared,
    Finished,
    Gone,
}

impl Target {
    pub(crate) fn xid(&self, gid: Gid) -> Xid {
        Xid { run: self.run, gid, branch: self.id }
    }

    /// Opens a session.
    pub(crate) async fn open(&self) -> Result<Seat, Failure> {
        self.open_at(&self.address).await
    }

    /// Opens a session past all that is wrong with links.
    pub(crate) async fn open_direct(&self) -> Result<Seat, Failure> {
        self.open_at(&self.direct).await
    }

    /// Puts a link before the database.
    pub(crate) fn put_link(&mut self, folder: &Path, trouble: &Rc<Trouble>) -> io::Result<Link> {
        let socket = folder.join(format!("link-{:x}-{}", self.run, self.id));
        self.address = Address::Unix(socket.clone());
        Link::open(&socket, self.direct.clone(), self.id, Rc::clone(trouble))
    }

    async fn open_at(&self, address: &Address) -> Result<Seat, Failure> {
        let life = self.life.get();
        let mut session = Session::open(self.kind, address, &self.login, self.patience).await?;
        let answers = session.ask(&self.dialect.open(self.lock_timeout_ms)).await?;
        Ok(Seat { session, name: self.dialect.session_name(&answers), life })
    }

    /// A session to work with: this one, or a new one.
    pub(super) async fn seat(&self, seat: Option<Seat>) -> Result<Seat, Failure> {
        if let Some(seat) = seat {
            return Ok(seat);
        }
        let seat = self.open().await?;
        let own = &mut self.sessions.borrow_mut().own;
        own.retain(|session| session.life == seat.life);
        own.push(LostSession { name: seat.name.clone(), life: seat.life });
        Ok(seat)
    }

    /// Makes an end of a lost session. Whether it is known to be over.
    pub(super) async fn end(&self, seat: &mut Seat, lost: &LostSession) -> Result<bool, Failure> {
        if lost.life != self.life.get() {
            return Ok(true);
        }
        for _ in 0..LOOKS {
            // One that is over by now cannot be ended.
            if let Err(lost @ Failure::Lost(_)) = seat.ask(&self.dialect.end_session(&lost.name)).await {
                return Err(lost);
            }
            let listed = seat.ask(&self.dialect.session_listed(&lost.name)).await?;
            if listed.iter().all(|answer| answer.rows.is_empty()) {
                return Ok(true);
            }
            sleep(SOON).await;
        }
        Ok(false)
    }

    /// Finds out where a branch stands. The session that worked for it last, if it was lost, is ended first: what it had
    /// still to do is done or never will be.
    pub(super) async fn settle(&self, gid: Gid, lost: Option<&LostSession>) -> Result<Standing, Failure> {
        let mut seat = self.open().await?;
        if let Some(lost) = lost
            && !self.end(&mut seat, lost).await?
        {
            return Err(std::io::Error::other("a lost session does not end").into());
        }
        if let Some(standing) = self.look(&mut seat, gid).await? {
            return Ok(standing);
        }
        if !self.end_all(&mut seat).await? {
            return Ok(Standing::Gone);
        }
        Ok(self.look(&mut seat, gid).await?.unwrap_or(Standing::Gone))
    }

    /// Looks for a branch. A session that ends may leave the list before what it has committed shows.
    async fn look(&self, seat: &mut Seat, gid: Gid) -> Result<Option<Standing>, Failure> {
        for _ in 0..3 {
            if self.is_finished(seat, gid).await? {
                return Ok(Some(Standing::Finished));
            }
            if self.list(seat).await?.own.contains(&gid) {
                return Ok(Some(Standing::Prepared));
            }
            sleep(SOON).await;
        }
        Ok(None)
    }

    /// Makes an end of what was under way on connections that were lost.
    pub(super) async fn end_lost(&self, seat: &mut Seat) -> Result<(), Failure> {
        self.end_left(seat, false).await.map(drop)
    }

    /// The same, and of what coordinators that were killed had under way. Whether there may have been anything.
    pub(super) async fn end_all(&self, seat: &mut Seat) -> Result<bool, Failure> {
        self.end_left(seat, true).await
    }

    async fn end_left(&self, seat: &mut Seat, of_all: bool) -> Result<bool, Failure> {
        let mut had_any = false;
        loop {
            let Some(left) = self.sessions.borrow().left(of_all) else { return Ok(had_any) };
            if !self.end(seat, &left).await? {
                return Err(io::Error::other("a session that was lost does not end").into());
            }
            self.sessions.borrow_mut().ended(&left);
            had_any = true;
        }
    }

    async fn is_finished(&self, seat: &mut Seat, gid: Gid) -> Result<bool, Failure> {
        let answers = seat.ask(&dialect::finished(gid)).await?;
        let shows = answers.iter().any(|answer| !answer.rows.is_empty());
        if let Some(harden) = self.dialect.harden(gid).filter(|_| shows) {
            seat.ask(&harden).await?;
        }
        Ok(shows)
    }

    pub(super) async fn checkpoint(&self) {
        if self.checkpoints
            && let Ok(mut seat) = self.open().await
            && let Err(error) = seat.ask(self.dialect.checkpoint()).await
        {
            tracing::debug!(node = %self.id, %error, "no checkpoint");
        }
    }

    /// Lists what is prepared.
    pub(crate) async fn list(&self, seat: &mut Seat) -> Result<PreparedList, Failure> {
        let answers = seat.ask(self.dialect.list_prepared()).await?;
        Ok(self.dialect.read_prepared(self.run, self.id, &answers))
    }
}

impl Seat {
    pub(crate) async fn ask(&mut self, statements: &str) -> Result<Vec<Answer>, Failure> {
        self.session.ask(statements).await
    }

    pub(super) fn lost(self) -> LostSession {
        LostSession { name: self.name, life: self.life }
    }

    /// Rolls back what is active. A session that cannot is of no more use.
    pub(super) async fn abort_active(
        mut self,
        target: &Target,
        gid: Gid,
    ) -> (Option<Self>, Option<LostSession>) {
        for statement in target.dialect.abort_active(target.xid(gid)) {
            if let Err(Failure::Lost(_)) = self.ask(&statement).await {
                return (None, Some(self.lost()));
            }
        }
        (Some(self), None)
    }
}
