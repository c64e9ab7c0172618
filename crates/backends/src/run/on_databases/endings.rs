//! How branches end that are ended in an unusual way.

use std::cell::RefCell;

use harness_core::{
    Backend as _, Cast, FailureMode, LinkEffect, NetworkFault, SlaRequirements, TwoPhaseCommitTestHarness,
};
use history::{MessageKind, Nanos, NodeId, Point, Vote};
use protocol::{Coordinator, Effects, Input, Message, ReferenceCoordinator};
use scenarios_databases::work;

use super::*;
use crate::{Databases, Options};

/// PostgreSQL rolls a failed transaction back upon a COMMIT too, and raises no error.
#[test]
fn a_commit_that_rolled_back_without_an_error_is_a_no() {
    with(Kind::Postgres, |database| async move {
        for (gid, work) in [(1, ADD), (2, READ)] {
            let (_, seat) = database.execute(gid, &[work]).await;
            let mut seat = seat.expect("it has a session");
            assert!(seat.ask("SELECT 1/0").await.is_err(), "the transaction has failed");
            let target = database.target();
            let done = match work.kind {
                OpKind::Read => branch::end_read_only(target, seat, Gid(gid)).await,
                _ => branch::commit_one_phase(target, Some(seat), Gid(gid)).await,
            };
            assert!(matches!(done.known, Known::VotedNo), "{:?}", done.known);
        }
    });
}

/// One of them commits it, and the other is told that there is no such branch.
#[test]
fn of_two_that_commit_a_branch_at_once_both_know_it_committed() {
    for &kind in Kind::ALL {
        with(kind, |database| async move {
            for gid in 1..=20 {
                let (known, seat) = database.prepare(gid).await;
                assert!(matches!(known, Known::Prepared), "{known:?}");
                drop(seat);
                let other = tokio::task::spawn_local(branch::commit(database.target(), None, Gid(gid)));
                let one = database.commit(gid, None).await;
                let both = (one, other.await.expect("nothing panics").known);
                assert!(matches!(both, (Known::Committed, Known::Committed)), "{both:?}");
            }
        });
    }
}

/// Neither database gives up by itself in any useful time.
#[test]
fn a_lock_is_not_waited_for_longer_than_it_is_said() {
    for &kind in Kind::ALL {
        with(kind, |database| async move {
            let (_, holder) = database.prepare(1).await;
            let (known, seat) = database.execute(2, &[ADD]).await;
            assert!(matches!(known, Known::Failed(Refusal::Unable)), "{known:?}");
            assert!(seat.is_some(), "its session was answered, and is fit for more");
            drop(holder);
        });
    }
}

/// One can be finished only from its own database, and all are in one list.
#[test]
fn a_branch_of_another_database_of_the_server_is_left_alone() {
    with(Kind::Postgres, |database| async move {
        database.ask("CREATE DATABASE elsewhere").await;
        let login = crate::wire::Login { database: "elsewhere".to_owned(), ..database.server.login() };
        let patience = Duration::from_secs(10);
        let opened =
            crate::wire::Session::open(Kind::Postgres, &database.server.address(), &login, patience).await;
        let mut there = opened.expect("it can be reached");
        let stale = Xid { run: 0xaa, gid: Gid(7), branch: ParticipantId(1) };
        let prepare = database.target.dialect.prepare(stale);
        there.ask(&format!("BEGIN; CREATE TABLE t (k int); {prepare}")).await.expect("it is prepared");
        let scenario = TestScenario::new("Two keys.", 1).writing_apart(2, 1);
        database.target.make_ready(&scenario).await.expect("nothing of it is ours to roll back");
        let left = there.ask("SELECT gid FROM pg_prepared_xacts").await.expect("it can be asked");
        assert_eq!(left[0].rows.len(), 1, "{left:?}");
    });
}

/// The coordinator's process is gone, and a database goes on with what it was told.
#[test]
fn a_branch_is_not_gone_while_a_killed_coordinator_has_its_commit_under_way() {
    for (kind, slow) in [(Kind::Postgres, "SELECT pg_sleep(0.5)"), (Kind::MariaDb, "DO SLEEP(0.5)")] {
        with(kind, |database| async move {
            let (_, seat) = database.execute(1, &[ADD]).await;
            let (target, mut seat) = (database.target(), seat.expect("it has a session"));
            let commit = target.dialect.commit_active(target.xid(Gid(1)));
            let under_way = tokio::task::spawn_local(async move {
                let _ = seat.ask(&format!("{slow}; {commit}")).await;
            });
            tokio::time::sleep(Duration::from_millis(100)).await;
            under_way.abort();
            target.sessions.borrow_mut().orphan();
            let known = branch::look_after(target, Gid(1)).await.known;
            tokio::time::sleep(Duration::from_millis(700)).await;
            let (read, _) = database.execute(2, &[READ]).await;
            let Known::Executed(seen) = read else { panic!("{read:?}") };
            assert_eq!(matches!(known, Known::Committed), seen[0].writer == Gid(1), "{known:?}");
        });
    }
}

pub(super) fn databases(kind: Kind) -> Databases {
    Databases::new(Options { kinds: vec![kind], durability: Durability::Process }).expect("a kind")
}

/// Tells also those to commit who have voted read-only, and keeps what they answer after that.
struct TellsAll {
    reference: ReferenceCoordinator,
    told: Option<NodeId>,
    answers: Rc<RefCell<Vec<MessageKind>>>,
}

impl Coordinator for TellsAll {
    fn step(&mut self, now: Nanos, input: Input<'_>, effects: &mut Effects) {
        let mut reader = None;
        if let Input::Received { from, ref message, .. } = input {
            if self.told == Some(from) {
                self.answers.borrow_mut().push(message.kind());
            }
            if let Message::Vote { gid, vote: Vote::ReadOnly } = *message {
                reader = Some((from, gid));
            }
        }
        self.reference.step(now, input, effects);
        if let Some((from, gid)) = reader {
            self.told = Some(from);
            effects.send(from, Message::Commit { gid });
        }
    }

    fn oldest_unsettled(&self) -> Option<Gid> {
        let is_awaited = self.told.is_some() && self.answers.borrow().is_empty();
        self.reference.oldest_unsettled().or(is_awaited.then_some(Gid(1)))
    }
}

/// A simulated participant does so too, and many a coordinator tells all.
#[test]
fn who_has_only_read_acknowledges_a_commit() {
    for &kind in Kind::ALL {
        let answers = Rc::new(RefCell::new(Vec::new()));
        let kept = Rc::clone(&answers);
        let cast = Cast::reference().with_coordinator(move |config| TellsAll {
            reference: ReferenceCoordinator::new(*config),
            told: None,
            answers: Rc::clone(&kept),
        });
        let scenario = work::branch_that_reads_takes_no_part_in_phase_two(2);
        databases(kind).cast(cast).run(&scenario, 0, &mut ()).expect("the run happens");
        assert_eq!(*answers.borrow(), [MessageKind::Acknowledge]);
    }
}

#[test]
fn a_database_that_is_to_vote_no_does_not_commit_in_one_phase() {
    let no = FailureMode::VoteNo;
    let scenario = TestScenario::new("The only database cannot commit.", 1)
        .writing_to(1)
        .fault_at(ParticipantId(1).into(), no, Point::AfterExecute, 1)
        .expect_outcomes(0, 1);
    for &kind in Kind::ALL {
        let result = TwoPhaseCommitTestHarness::with_backend(0, databases(kind)).run_scenario(&scenario);
        let result = result.expect("the run happens");
        assert!(result.passed, "{:?}", result.failures);
    }
}

/// A prepare is still on its way when all is looked at, so its session is there, and has its locks unless it is ended.
#[test]
fn what_a_killed_coordinator_has_under_way_is_ended_before_the_final_look() {
    let late = |ms| NetworkFault::everywhere(LinkEffect::Delay { min_ms: ms, max_ms: ms });
    let (first, second) = (ParticipantId(1).into(), ParticipantId(2).into());
    let scenario = TestScenario::new("The coordinator is killed with a prepare on the way.", 2)
        .writing_to(2)
        .network(late(60_000).of(MessageKind::Prepare).sent_to(second))
        // It has left when the coordinator is killed.
        .network(late(300).of(MessageKind::VoteYes).sent_by(first))
        .never_returns_at(NodeId::COORDINATOR, Point::AfterVoteReceived, 1)
        .sla(SlaRequirements::chaos())
        .expect_unknown(1)
        .expect_blocked()
        .expect_in_doubt(1);
    for &kind in Kind::ALL {
        let result = TwoPhaseCommitTestHarness::with_backend(0, databases(kind)).run_scenario(&scenario);
        let result = result.expect("the run happens");
        assert!(result.passed, "{:?}", result.failures);
    }
}
