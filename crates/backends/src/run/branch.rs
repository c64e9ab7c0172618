//! What is done with a branch at its database: each function is one piece of work on one session, and says what is known
//! afterwards. Where a reply is lost it finds out, and where that cannot be done it says nothing rather than to guess.

use std::rc::Rc;

use history::Gid;
use protocol::{Operation, Refusal};
use tokio::time::sleep;

use super::target::{LOOKS, LostSession, SOON, Seat, Standing, Target};
use crate::dialect::{self, Seen};
use crate::wire::Failure;

/// What is known after a piece of work.
#[derive(Clone, Debug)]
pub(crate) enum Known {
    /// The work is done, under locks, and each operation saw this.
    Executed(Vec<Seen>),
    /// The work cannot be done, and the branch is rolled back.
    Failed(Refusal),
    /// The database was not reached, or its answer was lost: the work is not done, and whether the id was used there
    /// before is not known.
    Unreached,
    /// It is prepared.
    Prepared,
    /// It could not be prepared, and is rolled back.
    VotedNo,
    /// It wrote nothing, and is over.
    ReadOnly,
    /// It is committed.
    Committed,
    /// It is rolled back.
    Aborted,
    /// It was to be committed, and was neither prepared nor ever committed: somebody rolled it back, or it is lost.
    Missing,
    /// Nothing, until somebody asks again.
    Nothing,
}

/// The end of a piece of work.
pub(crate) struct Done {
    pub(crate) known: Known,
    /// The session, if it is fit for more.
    pub(crate) seat: Option<Seat>,
    /// One that was lost, of which the server may not know.
    pub(crate) lost: Option<LostSession>,
}

impl Done {
    pub(crate) fn new(known: Known, seat: Option<Seat>) -> Self {
        Self { known, seat, lost: None }
    }

    fn lost(known: Known, seat: Seat) -> Self {
        Self { known, seat: None, lost: Some(seat.lost()) }
    }
}

/// Does a branch's work, all of it in one round trip.
pub(crate) async fn execute(target: Rc<Target>, seat: Option<Seat>, gid: Gid, work: Vec<Operation>) -> Done {
    let Ok(mut seat) = target.seat(seat).await else {
        return Done::new(Known::Unreached, None);
    };
    let writes = work.iter().any(|operation| operation.kind != history::OpKind::Read);
    let mut statements = target.dialect.begin(target.xid(gid), writes);
    for &operation in &work {
        statements.push_str("; ");
        statements.push_str(&target.dialect.operation(gid, operation));
    }
    let why = match seat.ask(&statements).await {
        Ok(answers) => {
            let answers = answers.iter().skip(target.dialect.begin_answers(writes));
            let seen: Option<Vec<Seen>> = answers.map(dialect::seen).collect();
            match seen.filter(|seen| seen.len() == work.len()) {
                Some(seen) => return Done::new(Known::Executed(seen), Some(seat)),
                None => Refusal::Unable,
            }
        }
        // Whatever fails, the branch must not be prepared with the rest.
        Err(Failure::Refused { code, .. }) if target.dialect.is_repeated(&code) => Refusal::Repeated,
        Err(Failure::Refused { code, message }) => {
            tracing::debug!(%gid, node = %target.id, code, message, "a statement failed");
            Refusal::Unable
        }
        Err(Failure::Lost(_)) => return Done::lost(Known::Unreached, seat),
    };
    let (seat, lost) = seat.abort_active(&target, gid).await;
    Done { known: Known::Failed(why), seat, lost }
}

/// Prepares an active branch.
pub(crate) async fn prepare(target: Rc<Target>, mut seat: Seat, gid: Gid) -> Done {
    match seat.ask(&target.dialect.prepare(target.xid(gid))).await {
        Ok(answers) if target.dialect.is_prepared(&answers) => {
            target.checkpoint().await;
            Done::new(Known::Prepared, Some(seat))
        }
        Ok(_) => Done::new(Known::VotedNo, Some(seat)),
        Err(Failure::Refused { code, message }) => {
            tracing::debug!(%gid, node = %target.id, code, message, "no vote for this");
            let (seat, lost) = seat.abort_active(&target, gid).await;
            Done { known: Known::VotedNo, seat, lost }
        }
        Err(Failure::Lost(_)) => {
            let lost = seat.lost();
            let known = match target.settle(gid, Some(&lost)).await {
                Ok(Standing::Prepared | Standing::Finished) => Known::Prepared,
                Ok(Standing::Gone) => Known::VotedNo,
                Err(_) => Known::Nothing,
            };
            Done { known, seat: None, lost: Some(lost) }
        }
    }
}

/// Rolls back an active branch that is asked for its vote.
pub(crate) async fn refuse(target: Rc<Target>, seat: Seat, gid: Gid) -> Done {
    let (seat, lost) = seat.abort_active(&target, gid).await;
    Done { known: Known::VotedNo, seat, lost }
}

/// Ends a branch that wrote nothing.
pub(crate) async fn end_read_only(target: Rc<Target>, mut seat: Seat, gid: Gid) -> Done {
    match seat.ask(&target.dialect.commit_active(target.xid(gid))).await {
        Ok(answers) if target.dialect.is_committed(&answers) => Done::new(Known::ReadOnly, Some(seat)),
        Ok(_) => Done::new(Known::VotedNo, Some(seat)),
        Err(Failure::Refused { .. }) => {
            let (seat, lost) = seat.abort_active(&target, gid).await;
            Done { known: Known::VotedNo, seat, lost }
        }
        // Its locks may be gone since any time: what it read is no more to be relied on.
        Err(Failure::Lost(_)) => Done::lost(Known::VotedNo, seat),
    }
}

/// Commits a prepared branch.
pub(crate) async fn commit(target: Rc<Target>, seat: Option<Seat>, gid: Gid) -> Done {
    finish(&target, seat, gid, &target.dialect.commit_prepared(target.xid(gid)), Standing::Finished).await
}

/// Rolls back a prepared branch, or one that may be.
pub(crate) async fn abort(target: Rc<Target>, seat: Option<Seat>, gid: Gid) -> Done {
    finish(&target, seat, gid, &target.dialect.abort_prepared(target.xid(gid)), Standing::Gone).await
}

/// Asks for the end of a prepared branch until it has come. That the branch is unknown proves nothing: 42704 of PostgreSQL,
/// 1397 (XAER_NOTA) and 1402 (XA_RBROLLBACK) of MariaDB are said of what is committed too, or not to be seen yet.
async fn finish(
    target: &Target,
    mut seat: Option<Seat>,
    gid: Gid,
    statement: &str,
    wanted: Standing,
) -> Done {
    let mut last_lost = None;
    for _ in 0..LOOKS {
        let Ok(mut asked) = target.seat(seat.take()).await else { break };
        let lost = match asked.ask(statement).await {
            Ok(_) => return Done::new(known_of(wanted, wanted), Some(asked)),
            Err(Failure::Refused { code, message }) => {
                tracing::debug!(%gid, node = %target.id, code, message, statement, "not finished");
                seat = Some(asked);
                None
            }
            Err(Failure::Lost(_)) => Some(asked.lost()),
        };
        let standing = target.settle(gid, lost.as_ref()).await;
        last_lost = lost.or(last_lost);
        match standing {
            Ok(Standing::Prepared) => sleep(SOON).await,
            Ok(standing) => return Done { known: known_of(standing, wanted), seat, lost: last_lost },
            Err(_) => break,
        }
    }
    Done { known: Known::Nothing, seat, lost: last_lost }
}

fn known_of(standing: Standing, wanted: Standing) -> Known {
    match (standing, wanted) {
        (Standing::Finished, _) => Known::Committed,
        (Standing::Gone, Standing::Finished) => Known::Missing,
        (Standing::Gone, _) => Known::Aborted,
        (Standing::Prepared, _) => Known::Nothing,
    }
}

/// Rolls back an active branch.
pub(crate) async fn abort_active(target: Rc<Target>, seat: Seat, gid: Gid) -> Done {
    let (seat, lost) = seat.abort_active(&target, gid).await;
    Done { known: Known::Aborted, seat, lost }
}

/// Commits an active branch, which is the only one of its transaction; or finds out what became of it.
pub(crate) async fn commit_one_phase(target: Rc<Target>, seat: Option<Seat>, gid: Gid) -> Done {
    let mut lost = None;
    if let Some(mut seat) = seat {
        match seat.ask(&target.dialect.commit_active(target.xid(gid))).await {
            Ok(answers) if target.dialect.is_committed(&answers) => {
                return Done::new(Known::Committed, Some(seat));
            }
            Ok(_) => return Done::new(Known::VotedNo, Some(seat)),
            Err(Failure::Refused { .. }) => {
                let (seat, lost) = seat.abort_active(&target, gid).await;
                return Done { known: Known::VotedNo, seat, lost };
            }
            Err(Failure::Lost(_)) => lost = Some(seat.lost()),
        }
    }
    let known = match find_out(&target, gid, lost.as_ref()).await {
        Known::Aborted => Known::VotedNo,
        known => known,
    };
    Done { known, seat: None, lost }
}

/// Finds out what became of a branch that nobody is at work for.
pub(crate) async fn look_after(target: Rc<Target>, gid: Gid) -> Done {
    Done::new(find_out(&target, gid, None).await, None)
}

async fn find_out(target: &Target, gid: Gid, lost: Option<&LostSession>) -> Known {
    match target.settle(gid, lost).await {
        Ok(Standing::Finished) => Known::Committed,
        Ok(Standing::Gone) => Known::Aborted,
        Ok(Standing::Prepared) | Err(_) => Known::Nothing,
    }
}

/// Ends lost sessions, and lists the branches of this run that are prepared.
pub(crate) async fn sweep(target: Rc<Target>) -> Option<Vec<Gid>> {
    let mut seat = target.open().await.ok()?;
    target.end_lost(&mut seat).await.ok()?;
    Some(target.list(&mut seat).await.ok()?.own)
}
