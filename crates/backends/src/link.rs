//! A link between the coordinator and a database, on which things go wrong. It knows from the statements that pass which
//! message of the protocol each is, and from the request before it which message a reply is; so the faults of a network
//! strike here as they do in the simulator. A connection that loses a message carries nothing more and stays open, as
//! half-open ones do, until whoever has closed an end of it gets through again; one that is cut is closed.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use harness_core::{LinkEffect, NetworkFault};
use history::{Gid, MessageKind, NodeId, ParticipantId};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use crate::wire::{self, Address};

const TM: NodeId = NodeId::COORDINATOR;

/// What is wrong with the links of a run, and whom to tell when it strikes.
pub(crate) struct Trouble {
    active: RefCell<Vec<Active>>,
    is_over: Cell<bool>,
    healed: Notify,
    tell: Box<dyn Fn(Struck)>,
}

struct Active {
    index: Option<usize>,
    fault: NetworkFault,
    left: Option<u32>,
    until: Option<Instant>,
}

/// A fault of a link has struck a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Struck {
    pub(crate) index: Option<usize>,
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    /// Which it was, if it was one of the protocol.
    pub(crate) message: Option<(MessageKind, Gid)>,
    pub(crate) effect: LinkEffect,
}

impl Trouble {
    /// Nothing is wrong yet.
    pub(crate) fn new(tell: impl Fn(Struck) + 'static) -> Rc<Self> {
        let (active, is_over, healed) = (RefCell::default(), Cell::new(false), Notify::new());
        Rc::new(Self { active, is_over, healed, tell: Box::new(tell) })
    }

    /// From here on, this is wrong.
    pub(crate) fn begin(&self, index: Option<usize>, fault: &NetworkFault) {
        let until = fault.for_ms.map(|ms| Instant::now() + Duration::from_millis(ms));
        let active = Active { index, fault: fault.clone(), left: fault.times, until };
        self.active.borrow_mut().push(active);
    }

    /// From here on, nothing is wrong.
    pub(crate) fn heal(&self) {
        self.active.borrow_mut().clear();
        self.is_over.set(true);
        self.healed.notify_waiters();
    }

    /// Waits until what strikes up to an instant strikes no more.
    async fn over(&self, until: Option<Instant>) {
        if self.is_over.get() {
            return;
        }
        let healed = self.healed.notified();
        match until {
            Some(until) => drop(timeout_at(until, healed).await),
            None => healed.await,
        }
    }

    /// What happens to a message, or to whatever else passes, and until when it happens to others: what strikes all
    /// messages alone strikes that too.
    fn strike(
        &self,
        from: NodeId,
        to: NodeId,
        message: Option<(MessageKind, Gid)>,
        can_be: fn(LinkEffect) -> bool,
    ) -> Option<(LinkEffect, Option<Instant>)> {
        let now = Instant::now();
        let mut active = self.active.borrow_mut();
        active.retain(|one| one.until.is_none_or(|until| until > now) && one.left != Some(0));
        let strikes = |one: &&mut Active| match message {
            Some((kind, _)) => one.fault.strikes(from, to, kind),
            None => one.fault.messages.is_empty() && one.fault.strikes(from, to, MessageKind::Execute),
        };
        let one = active.iter_mut().find(|one| can_be(one.fault.effect) && strikes(one))?;
        one.left = one.left.map(|left| left - 1);
        let (index, effect, until) = (one.index, one.fault.effect, one.until);
        (self.tell)(Struck { index, from, to, message, effect });
        Some((effect, until))
    }
}

/// Listens on a socket and carries each connection to a database, until this is dropped.
pub(crate) struct Link {
    _tasks: JoinSet<()>,
}

impl Link {
    pub(crate) fn open(
        socket: &Path,
        database: Address,
        id: ParticipantId,
        trouble: Rc<Trouble>,
    ) -> io::Result<Self> {
        let listener = UnixListener::bind(socket)?;
        let mut tasks = JoinSet::new();
        tasks.spawn_local(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let (database, trouble) = (database.clone(), Rc::clone(&trouble));
                connections.spawn_local(carry(client, database, id, trouble));
            }
        });
        Ok(Self { _tasks: tasks })
    }
}

/// What one connection is about.
struct Connection {
    id: ParticipantId,
    trouble: Rc<Trouble>,
    /// The request that is under way.
    asked: Cell<Option<(MessageKind, Gid)>>,
    /// It has lost something, and loses everything from there on.
    is_dead: Cell<bool>,
    /// When the fault is over by which it did, if that is known.
    dead_until: Cell<Option<Instant>>,
}

async fn carry(client: UnixStream, database: Address, id: ParticipantId, trouble: Rc<Trouble>) {
    // Nothing is said yet that could be lost or late.
    if trouble.strike(TM, id.into(), None, |effect| effect == LinkEffect::Cut).is_some() {
        return;
    }
    let Ok(server) = wire::connect(&database).await else { return };
    let (asked, is_dead, dead_until) = (Cell::new(None), Cell::new(false), Cell::new(None));
    let connection = Rc::new(Connection { id, trouble, asked, is_dead, dead_until });
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = tokio::io::split(server);
    let mut ways = JoinSet::new();
    ways.spawn_local(Rc::clone(&connection).pass_on(from_client, to_server, true));
    ways.spawn_local(Rc::clone(&connection).pass_on(from_server, to_client, false));
    ways.join_next().await;
    if connection.is_dead.get() {
        // Nobody tells the other end before something gets through again.
        connection.trouble.over(connection.dead_until.get()).await;
    }
}

impl Connection {
    async fn pass_on(
        self: Rc<Self>,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
        is_request: bool,
    ) {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut bytes).await {
            let bytes = &bytes[..length];
            let message = if is_request { request(bytes) } else { self.reply(bytes) };
            if is_request {
                self.asked.set(message);
            }
            if self.is_dead.get() {
                continue;
            }
            let node = NodeId::from(self.id);
            let (sender, receiver) = if is_request { (TM, node) } else { (node, TM) };
            match self.trouble.strike(sender, receiver, message, |_| true) {
                None => {}
                Some((LinkEffect::Cut, _)) => return,
                Some((LinkEffect::Delay { min_ms, .. }, _)) => sleep(Duration::from_millis(min_ms)).await,
                Some((_, until)) => {
                    self.is_dead.set(true);
                    self.dead_until.set(until);
                    continue;
                }
            }
            if to.write_all(bytes).await.is_err() {
                return;
            }
        }
    }

    /// Which message a reply is. An error begins with its sign: in PostgreSQL with a letter, in MariaDB behind the length.
    fn reply(&self, bytes: &[u8]) -> Option<(MessageKind, Gid)> {
        let (asked, gid) = self.asked.get()?;
        let failed = bytes.first() == Some(&b'E') || bytes.get(4) == Some(&0xff);
        let kind = match (asked, failed) {
            (MessageKind::Execute, false) => MessageKind::Executed,
            (MessageKind::Execute, true) => MessageKind::Failed,
            (MessageKind::Prepare, false) => MessageKind::VoteYes,
            (MessageKind::Prepare, true) => MessageKind::VoteNo,
            (MessageKind::Commit, false) => MessageKind::Acknowledge,
            _ => return None,
        };
        Some((kind, gid))
    }
}

/// Which message of the protocol some statements are, and about which transaction.
fn request(bytes: &[u8]) -> Option<(MessageKind, Gid)> {
    let text = String::from_utf8_lossy(bytes);
    let signs = [
        ("PREPARE TRANSACTION '", MessageKind::Prepare),
        ("XA PREPARE '", MessageKind::Prepare),
        ("COMMIT PREPARED '", MessageKind::Commit),
        ("XA COMMIT '", MessageKind::Commit),
        ("ROLLBACK PREPARED '", MessageKind::Abort),
        ("XA ROLLBACK '", MessageKind::Abort),
        ("INSERT INTO test2pc_finished VALUES (", MessageKind::Execute),
    ];
    let (kind, rest) = signs.into_iter().find_map(|(sign, kind)| Some((kind, text.split_once(sign)?.1)))?;
    let kind = if rest.contains("ONE PHASE") { MessageKind::CommitOnePhase } else { kind };
    // The name of a branch ends with its transaction; what a branch marks begins with it.
    let number = rest.split(['-', '\'']).find_map(|part| part.trim_end_matches(')').parse().ok());
    let marked = rest.split(')').next().and_then(|number| number.parse().ok());
    Some((kind, Gid(if kind == MessageKind::Execute { marked? } else { number? })))
}

#[cfg(test)]
mod tests {
    use tokio::task::LocalSet;

    use super::*;
    use crate::server::RunFolder;

    #[test]
    fn statements_are_known_as_messages() {
        let gid = |number| Gid(number);
        for (statements, expected) in [
            (
                "BEGIN; INSERT INTO test2pc_finished VALUES (7); UPDATE test2pc_item",
                (MessageKind::Execute, gid(7)),
            ),
            ("PREPARE TRANSACTION '2pc-00000000000000ab-7-rm1'", (MessageKind::Prepare, gid(7))),
            (
                "XA END '2pc-00000000000000ab-7','rm2'; XA PREPARE '2pc-00000000000000ab-7','rm2'",
                (MessageKind::Prepare, gid(7)),
            ),
            ("COMMIT PREPARED '2pc-00000000000000ab-7-rm1'", (MessageKind::Commit, gid(7))),
            ("XA COMMIT '2pc-00000000000000ab-12','rm2'", (MessageKind::Commit, gid(12))),
            ("XA COMMIT '2pc-00000000000000ab-12','rm2' ONE PHASE", (MessageKind::CommitOnePhase, gid(12))),
            ("ROLLBACK PREPARED '2pc-00000000000000ab-7-rm1'", (MessageKind::Abort, gid(7))),
        ] {
            assert_eq!(request(statements.as_bytes()), Some(expected), "{statements}");
        }
        assert_eq!(request(b"SELECT gid FROM pg_prepared_xacts"), None);
    }

    /// What a database hears of a client that says a word and goes, `None` if it is not reached, and how often something
    /// struck. Nobody goes before that, if it is to strike.
    async fn heard(fault: NetworkFault, strikes: usize) -> io::Result<(Option<String>, usize)> {
        let folder = RunFolder::open()?;
        let (place, socket) = (folder.path().join("database"), folder.path().join("link"));
        let database = std::os::unix::net::UnixListener::bind(&place)?;
        database.set_nonblocking(true)?;
        let struck = Rc::new(Cell::new(0));
        let counted = Rc::clone(&struck);
        let trouble = Trouble::new(move |_| counted.set(counted.get() + 1));
        trouble.begin(None, &fault);
        let _link = Link::open(&socket, Address::Unix(place), ParticipantId(1), Rc::clone(&trouble))?;
        let mut client = UnixStream::connect(&socket).await?;
        client.write_all(b"hello").await?;
        if strikes > 0 {
            while struck.get() < strikes {
                tokio::task::yield_now().await;
            }
            trouble.heal();
        }
        // Where the connection is cut, neither this nor that is possible.
        let _ = client.shutdown().await;
        let _ = client.read_to_end(&mut Vec::new()).await;
        let mut words = String::new();
        let Ok((server, _)) = database.accept() else { return Ok((None, struck.get())) };
        server.set_nonblocking(true)?;
        UnixStream::from_std(server)?.read_to_string(&mut words).await?;
        Ok((Some(words), struck.get()))
    }

    /// Neither late nor lost is what is not said yet: such a fault waits for the first words, which are no message.
    #[test]
    fn what_strikes_all_strikes_the_first_words_too_and_only_a_cut_comes_before_them() -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let late = LinkEffect::Delay { min_ms: 100, max_ms: 100 };
        let lose = LinkEffect::Lose { percent: 100 };
        let all = |effect| NetworkFault::everywhere(effect).times(1);
        for (fault, strikes, expected) in [
            (all(LinkEffect::Cut), 1, None),
            (all(lose), 1, Some("")),
            (all(late), 1, Some("hello")),
            (all(LinkEffect::Cut).of(MessageKind::Execute), 0, Some("hello")),
            (all(lose).of(MessageKind::Execute), 0, Some("hello")),
        ] {
            let (effect, started, local) = (fault.effect, Instant::now(), LocalSet::new());
            let in_time =
                async { timeout_at(started + Duration::from_secs(10), heard(fault, strikes)).await? };
            let (words, struck) = runtime.block_on(local.run_until(in_time))?;
            assert_eq!((words.as_deref(), struck), (expected, strikes), "{effect:?}");
            let is_late = started.elapsed() >= Duration::from_millis(100);
            assert!(is_late || effect != late, "it came at once");
        }
        Ok(())
    }
}
