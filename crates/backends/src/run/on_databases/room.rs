//! Room for prepared branches: a fault leaves less of it, and when the fault is over all of it is there again.

use harness_core::{Backend as _, FailureMode};
use history::Point;

use super::endings::databases;
use super::*;
use crate::wire::Session;

/// For how many prepared branches a server was started with room.
async fn room(server: &Server) -> String {
    let patience = Duration::from_secs(10);
    let session = Session::open(server.kind(), &server.address(), &server.login(), patience).await;
    let answers = session.expect("it can be reached").ask("SHOW max_prepared_transactions").await;
    answers.expect("it can be asked")[0].first_column().collect()
}

#[test]
fn a_server_with_less_room_has_all_of_it_when_it_is_started_again_or_restored() {
    with(Kind::Postgres, |mut database| async move {
        let target = database.target();
        let all = room(&database.server).await;
        for is_restored in [false, true] {
            database.server.kill();
            database.server.start_with(1).await.expect("it starts");
            assert_eq!(room(&database.server).await, "1");
            if is_restored {
                database.server.restore().await.expect("it starts");
            } else {
                database.server.kill();
                database.server.start().await.expect("it starts");
            }
            assert_eq!(room(&database.server).await, all);
        }
        let mut seat = target.open().await.expect("it can be reached");
        database.server.restore().await.expect("it is up");
        seat.ask("SELECT 1").await.expect("it was not started again for nothing");
    });
}

/// It is killed with one branch prepared, for which there is room.
#[test]
fn a_run_gives_its_servers_back_with_all_their_room() {
    let databases = databases(Kind::Postgres);
    let (struck, at) = (ParticipantId(2).into(), Point::AfterVoteSent);
    let scenario = TestScenario::new("One of two databases is left with little room.", 2)
        .writing_to(2)
        .fault_at(struck, FailureMode::PreparedLimit { most: 1 }, at, 1)
        .down_for_ms(1, struck, at);
    for scenario in [&TestScenario::new("Nothing is wrong.", 2).writing_to(2), &scenario] {
        databases.run(scenario, 0, &mut ()).expect("the run happens");
        let servers = databases.servers.borrow();
        let rooms = servers.up.iter().map(|server| databases.runtime.block_on(room(server)));
        assert_eq!(rooms.collect::<Vec<_>>(), ["64", "64"], "{}", scenario.description);
    }
}

#[test]
fn room_that_others_take_up_is_there_again_when_they_have_gone() {
    with(Kind::Postgres, |database| async move {
        let target = database.target();
        target.take_room(1).await.expect("there is more");
        let (known, _) = database.prepare(1).await;
        assert!(matches!(known, Known::Prepared), "{known:?}");
        let second = Operation { key: Key(2), ..ADD };
        let (_, seat) = database.execute(2, &[second]).await;
        let done = branch::prepare(database.target(), seat.expect("it has a session"), Gid(2)).await;
        assert!(matches!(done.known, Known::VotedNo), "{:?}", done.known);
        target.make_room().await;
        let (_, seat) = database.execute(3, &[second]).await;
        let done = branch::prepare(database.target(), seat.expect("it has a session"), Gid(3)).await;
        assert!(matches!(done.known, Known::Prepared), "{:?}", done.known);
        assert_eq!(database.prepared().await.len(), 2, "those of the run have stayed");
    });
}
