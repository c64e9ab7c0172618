//! A participant as its coordinator's process has it: sessions, the branches that work there, and what to do upon a
//! message. It knows no more than a real resource manager's client does; the process that dies takes it along.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use history::{Decision, Gid, ParticipantId};
use protocol::{DistributedTransaction, Message, Operation, Refusal};

use super::branch::{self, Done, Known};
use super::room::LessRoom;
use super::target::{Seat, Target};
use crate::link::Link;
use crate::server::Server;

/// A participant.
pub(super) struct Participant {
    pub(super) target: Rc<Target>,
    _link: Option<Link>,
    /// `None` while it is being started, or if it is not ours.
    pub(super) server: Option<Server>,
    /// What its server is to be started with next time, if it is less than usual.
    pub(super) less_room: Option<LessRoom>,
    pub(super) is_up: bool,
    pub(super) gone_for_good: bool,
    /// How often it crashed, which tells restarts apart.
    pub(super) incarnation: u32,
    /// Sessions that are free.
    pub(super) idle: Vec<Seat>,
    pub(super) branches: BTreeMap<Gid, Branch>,
    /// Something may be prepared there that nobody here knows of.
    pub(super) suspicious: bool,
    /// It is being looked for.
    pub(super) is_being_swept: bool,
}

/// A branch that is not over.
#[derive(Default)]
pub(super) struct Branch {
    /// The session that works for it, unless it is at work just now.
    pub(super) seat: Option<Seat>,
    pub(super) state: State,
    /// A piece of work is under way.
    pub(super) is_busy: bool,
    /// What came meanwhile and waits its turn.
    pub(super) waiting: VecDeque<Message>,
    pub(super) work: Vec<Operation>,
    /// Its transaction has no other.
    pub(super) is_only: bool,
    /// A fault makes it vote no.
    pub(super) cannot_prepare: bool,
    /// The epoch of the database in which the work was done.
    pub(super) life: u32,
    /// Since when it has waited for a decision, by ticks.
    pub(super) ticks: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// Its work is not done.
    #[default]
    Working,
    /// Its work is done.
    Active,
    /// It may be prepared: whoever has to know has to ask.
    Unclear,
    /// It is prepared.
    Prepared,
}

/// What a message comes to at once.
pub(super) enum Reaction {
    /// A piece of work, to be done apart.
    Work(std::pin::Pin<Box<dyn Future<Output = Done>>>),
    /// Something is known already.
    Known(Known),
    /// Nothing.
    Nothing,
}

impl Participant {
    pub(super) fn new(target: Rc<Target>, server: Option<Server>, link: Option<Link>) -> Self {
        Self {
            target,
            _link: link,
            server,
            less_room: None,
            is_up: true,
            gone_for_good: false,
            incarnation: 0,
            idle: Vec::new(),
            branches: BTreeMap::new(),
            suspicious: false,
            is_being_swept: false,
        }
    }

    pub(super) fn id(&self) -> ParticipantId {
        self.target.id
    }

    /// The coordinator's process is gone, and all its sessions with it.
    pub(super) fn forget(&mut self) {
        self.target.sessions.borrow_mut().orphan();
        self.idle.clear();
        self.branches.clear();
        self.is_being_swept = false;
        self.suspicious = true;
    }

    /// The database is gone, and what was not prepared there is over: no message about it need ever come.
    pub(super) fn disconnect(&mut self) {
        self.idle.clear();
        self.branches.retain(|_, branch| {
            branch.seat = None;
            branch.is_busy || matches!(branch.state, State::Prepared | State::Unclear)
        });
        self.suspicious = true;
    }

    /// Takes a message in.
    pub(super) fn react(&mut self, message: Message) -> Reaction {
        let gid = message.gid();
        if let Some(branch) = self.branches.get_mut(&gid).filter(|branch| branch.is_busy) {
            // What is repeated while it is being done needs no second time.
            if !matches!(message, Message::Execute { .. } | Message::Commit { .. }) {
                branch.waiting.push_back(message);
            }
            return Reaction::Nothing;
        }
        match message {
            Message::Execute { transaction } => self.execute(&transaction),
            Message::Prepare { life, .. } => self.prepare(gid, life),
            Message::Commit { .. } | Message::DecisionReply { decision: Decision::Commit, .. } => {
                self.commit(gid)
            }
            Message::Abort { .. } | Message::DecisionReply { decision: Decision::Abort, .. } => {
                self.abort(gid)
            }
            Message::CommitOnePhase { life, .. } => self.commit_one_phase(gid, life),
            Message::Recover => {
                self.suspicious = true;
                Reaction::Nothing
            }
            _ => Reaction::Nothing,
        }
    }

    fn execute(&mut self, transaction: &DistributedTransaction) -> Reaction {
        let gid = transaction.id;
        if self.branches.contains_key(&gid) {
            return Reaction::Nothing;
        }
        let life = self.target.life.get();
        let work: Vec<Operation> = transaction.work_of(self.id()).collect();
        let is_only = is_only(self.id(), transaction);
        let branch = Branch { is_busy: true, work: work.clone(), is_only, life, ..Branch::default() };
        self.branches.insert(gid, branch);
        let seat = self.idle.pop();
        Reaction::Work(Box::pin(branch::execute(Rc::clone(&self.target), seat, gid, work)))
    }

    fn prepare(&mut self, gid: Gid, life: u32) -> Reaction {
        let here = self.target.life.get();
        let Some(branch) = self.branches.get_mut(&gid) else { return Reaction::Known(Known::VotedNo) };
        match (branch.state, branch.seat.take()) {
            (State::Active, Some(seat)) if branch.cannot_prepare => {
                branch.is_busy = true;
                Reaction::Work(Box::pin(branch::refuse(Rc::clone(&self.target), seat, gid)))
            }
            (State::Active, Some(seat)) if branch.life == here && life == here => {
                branch.is_busy = true;
                let target = Rc::clone(&self.target);
                Reaction::Work(if branch.writes() {
                    Box::pin(branch::prepare(target, seat, gid))
                } else {
                    Box::pin(branch::end_read_only(target, seat, gid))
                })
            }
            (State::Prepared, seat) => {
                branch.seat = seat;
                Reaction::Known(Known::Prepared)
            }
            (State::Unclear, _) => Reaction::Nothing,
            // Its session was lost, and its work with it.
            (State::Working | State::Active, _) => Reaction::Known(Known::VotedNo),
        }
    }

    fn commit(&mut self, gid: Gid) -> Reaction {
        // After a restart nobody here knows of it, and its database does.
        let branch = self.branches.entry(gid).or_insert_with(Branch::prepared);
        branch.is_busy = true;
        let seat = branch.seat.take().or_else(|| self.idle.pop());
        Reaction::Work(Box::pin(branch::commit(Rc::clone(&self.target), seat, gid)))
    }

    fn abort(&mut self, gid: Gid) -> Reaction {
        let Some(branch) = self.branches.get_mut(&gid) else { return Reaction::Nothing };
        let target = Rc::clone(&self.target);
        match (branch.state, branch.seat.take()) {
            (State::Active, Some(seat)) => {
                branch.is_busy = true;
                Reaction::Work(Box::pin(branch::abort_active(target, seat, gid)))
            }
            (State::Prepared | State::Unclear, seat) => {
                branch.is_busy = true;
                let seat = seat.or_else(|| self.idle.pop());
                Reaction::Work(Box::pin(branch::abort(target, seat, gid)))
            }
            (State::Working | State::Active, _) => Reaction::Known(Known::Aborted),
        }
    }

    fn commit_one_phase(&mut self, gid: Gid, life: u32) -> Reaction {
        let here = self.target.life.get();
        let branch = self.branches.entry(gid).or_insert_with(Branch::prepared);
        branch.is_busy = true;
        let target = Rc::clone(&self.target);
        let is_same_life = branch.life == here && life == here;
        let (writes, cannot_commit) = (branch.writes(), branch.cannot_prepare);
        match branch.seat.take().filter(|_| is_same_life) {
            Some(seat) if cannot_commit => Reaction::Work(Box::pin(branch::refuse(target, seat, gid))),
            Some(seat) if !writes => Reaction::Work(Box::pin(branch::end_read_only(target, seat, gid))),
            seat => Reaction::Work(Box::pin(branch::commit_one_phase(target, seat, gid))),
        }
    }

    /// Takes in what a piece of work came to: the branch's session, and how it stands.
    pub(super) fn finish_work(&mut self, gid: Gid, done: Done) -> Known {
        let Done { mut known, seat, lost } = done;
        let life = self.target.life.get();
        let mut seat = seat.filter(|seat| seat.life == life);
        if matches!(known, Known::Executed(_)) && seat.is_none() {
            // It was done in a life of the database that is over.
            known = Known::Failed(Refusal::Unable);
        }
        if let Some(lost) = lost {
            self.target.sessions.borrow_mut().lose(lost);
            self.suspicious = true;
        }
        if let Some(branch) = self.branches.get_mut(&gid) {
            branch.is_busy = false;
            match known {
                Known::Executed(_) => {
                    branch.state = State::Active;
                    branch.seat = seat.take();
                }
                Known::Prepared => {
                    branch.state = State::Prepared;
                    if !self.target.dialect.is_free_once_prepared() {
                        branch.seat = seat.take();
                    }
                }
                Known::Nothing => {
                    branch.state = State::Unclear;
                    branch.seat = seat.take();
                    self.suspicious = true;
                }
                _ => {}
            }
        }
        self.idle.extend(seat);
        known
    }

    /// Forgets a branch that is over.
    pub(super) fn close(&mut self, gid: Gid) {
        if let Some(branch) = self.branches.remove(&gid) {
            // A session that is not known to be clean is of no use to others.
            drop(branch.seat);
        }
    }
}

impl Branch {
    fn writes(&self) -> bool {
        self.work.iter().any(|operation| operation.kind != history::OpKind::Read)
    }

    /// One that only its database knows.
    pub(super) fn prepared() -> Self {
        Self { state: State::Prepared, ..Self::default() }
    }
}

/// What the coordinator is told, if it is told anything.
pub(super) fn reply(gid: Gid, known: &Known, life: u32) -> Option<Message> {
    use history::Vote;
    Some(match *known {
        Known::Executed(_) => Message::Executed { gid, life },
        Known::Failed(why) => Message::Failed { gid, why },
        Known::Unreached => Message::Failed { gid, why: Refusal::Unable },
        Known::Prepared => Message::Vote { gid, vote: Vote::Yes },
        Known::VotedNo => Message::Vote { gid, vote: Vote::No },
        Known::ReadOnly => Message::Vote { gid, vote: Vote::ReadOnly },
        Known::Committed => Message::Acknowledge { gid },
        Known::Missing => Message::Heuristic { gid, decision: Decision::Abort },
        Known::Aborted | Known::Nothing => return None,
    })
}

/// What the coordinator is told if a message does not reach the database: work that is not done is a no. Of an only
/// participant it is told nothing, for that may have committed an earlier transaction of this id by itself, and if nobody
/// else remembers, the client must not hear of an abort: the coordinator has its deadlines, and asks again.
pub(super) fn unreachable(id: ParticipantId, message: &Message) -> Option<Message> {
    match message {
        Message::Execute { transaction } if !is_only(id, transaction) => {
            reply(transaction.id, &Known::Unreached, 0)
        }
        _ => None,
    }
}

fn is_only(id: ParticipantId, transaction: &DistributedTransaction) -> bool {
    transaction.participant_ids.iter().all(|&participant| participant == id)
}
