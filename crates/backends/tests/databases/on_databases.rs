//! The whole category, on every combination of databases, and the bug that somebody really ships. One process's servers
//! serve all scenarios of a combination.

use std::rc::Rc;

use backends::Durability;
use backends::Kind::{self, MariaDb, Postgres};
use harness_core::history::{Fact, Gid, Key, MessageKind, Nanos, NodeId, ParticipantId, Point, Value};
use harness_core::testing::explained;
use harness_core::{
    Cast, Change, DistributedTransaction, FailureMode, Level, LinkEffect, NetworkFault, Property, Read,
    RunError, ScenarioGenerator, SlaRequirements, TestResult, TestScenario, TwoPhaseCommitTestHarness,
    Verdict, Write,
};
use protocol::{ClientRequest, Coordinator, Effects, Input, Message};
use rstest::rstest;

use super::databases;

/// Within so long of the end of all faults all is settled. Waiting in vain for one branch takes a minute.
const SETTLED: Nanos = Nanos(30_000_000_000);

/// The one scenario that takes a minute has a test of its own.
const A_MINUTE: &str = "killing_everybody_for_a_minute_conserves_the_total";

#[rstest]
#[case::postgres(&[Postgres, Postgres], 0)]
#[case::mariadb(&[MariaDb, MariaDb], 1)]
#[case::postgres_and_mariadb(&[Postgres, MariaDb], 1)]
#[case::three(&[MariaDb, Postgres, MariaDb], 0)]
fn every_scenario_passes(#[case] kinds: &[Kind], #[case] seed: u64) {
    let databases = Rc::new(databases(kinds, Durability::Process));
    let generator = ScenarioGenerator::new(vec![scenarios_databases::CATEGORY], kinds.len() as u32);
    let (mut failed, mut unsupported) = (Vec::new(), Vec::new());
    for scenario in generator.all_scenarios().into_iter().filter(|scenario| scenario.name != A_MINUTE) {
        let harness = TwoPhaseCommitTestHarness::with_backend(seed, Rc::clone(&databases));
        let (result, history) = match harness.run_recorded(&scenario) {
            Err(RunError::BeyondBackend { .. }) => {
                unsupported.push(scenario.name);
                continue;
            }
            run => run.unwrap_or_else(|error| panic!("{}: {error}", scenario.name)),
        };
        if !result.passed {
            failed.push(explained(&result, &history));
        }
        let healed = history.events.iter().find(|event| event.fact == Fact::Healed).map(|event| event.at);
        let (healed, ended) =
            healed.zip(history.events.last()).map(|(at, last)| (at, last.at)).expect("it heals");
        if ended.0 - healed.0 > SETTLED.0 {
            failed.push(format!("{} took {healed} to {ended} to settle", scenario.name));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    // Only PostgreSQL has no more room than it is given.
    let limited = ["database_restarted_with_too_little_room", "database_without_room_votes_no"];
    assert_eq!(unsupported, if kinds[1] == Postgres { &[][..] } else { &limited[..] });
}

#[test]
fn a_minute_of_kills_conserves_the_total() {
    let databases = databases(&[Postgres, MariaDb], Durability::Process);
    let catalog = ScenarioGenerator::new(vec![scenarios_databases::CATEGORY], 2);
    let scenario = catalog.find_scenario_by_name(A_MINUTE).expect("it is there");
    let harness = TwoPhaseCommitTestHarness::with_backend(1, databases);
    let (result, history) = harness.run_recorded(&scenario).expect("the run happens");
    assert!(result.passed, "{}", explained(&result, &history));
}

/// MariaDB with `innodb_flush_log_at_trx_commit=0` says yes before its vote is written. With an odd seed a checkpoint
/// would write it.
#[rstest]
fn a_vote_that_is_not_written_is_caught_as_lost(#[values(0, 2, 4)] seed: u64) {
    let databases = databases(&[MariaDb, MariaDb], Durability::None);
    let catalog = ScenarioGenerator::new(vec![scenarios_databases::CATEGORY], 2);
    let scenario = catalog.find_scenario_by_name("database_killed_after_its_vote").expect("it is there");
    let harness = TwoPhaseCommitTestHarness::with_backend(seed, databases);
    let (result, history) = harness.run_recorded(&scenario).expect("the run happens");
    assert!(violated(&result).contains(&Property::Durability), "{}", explained(&result, &history));
}

/// Each database is serializable by itself, and both together are not: what two-phase commit makes atomic, it does not
/// keep apart. Two transactions read what the other writes, each at the other database, before either is prepared.
#[test]
fn two_serializable_databases_are_not_serializable_together() {
    let databases = databases(&[Postgres, Postgres], Durability::Process);
    let (here, there) = (ParticipantId(1), ParticipantId(2));
    let transaction = |id, reads, writes| {
        let mut transaction = DistributedTransaction::new(Gid(id), vec![here, there]);
        transaction.reads = vec![Read { participant: reads, key: Key(1) }];
        let write = Write { participant: writes, key: Key(1), value: Value(1), change: Change::Put };
        transaction.writes = vec![write];
        transaction
    };
    let late = NetworkFault::everywhere(LinkEffect::Delay { min_ms: 300, max_ms: 300 });
    let scenario = TestScenario::new("Each reads what the other writes.", 2)
        .transaction(transaction(1, here, there))
        .transaction(transaction(2, there, here))
        .in_flight(2)
        .network(late.of(MessageKind::Prepare))
        .isolation(Level::Serializable);
    let harness = TwoPhaseCommitTestHarness::with_backend(0, databases);
    let (result, history) = harness.run_recorded(&scenario).expect("the run happens");
    assert_eq!(violated(&result), [Property::Isolation], "{}", explained(&result, &history));
    assert_eq!(result.outcomes.committed, 2, "{}", explained(&result, &history));
}

/// The only participant decides by itself, so that no log knows what it has committed. It is not reached when the id is
/// used again after a restart of the coordinator: it alone knows that it was used.
#[rstest]
fn a_used_id_is_refused_also_if_its_only_database_is_not_reached_at_first(
    #[values(Postgres, MariaDb)] kind: Kind,
) {
    let databases = Rc::new(databases(&[kind], Durability::Process));
    let only = ParticipantId(1);
    let mut scenario = TestScenario::new("An id is used again.", 1).writing_to(1);
    let again = scenario.transactions[0].clone();
    scenario.coordinator.vote_timeout = Nanos::from_millis(300);
    scenario.participant.idle_timeout = Nanos::from_millis(500);
    let scenario = scenario
        .transaction(again)
        .down_for_ms(100, NodeId::COORDINATOR, Point::AfterAnswer)
        .sla(SlaRequirements::chaos())
        .expect_outcomes(1, 0);
    let to = |effect| NetworkFault::everywhere(effect).of(MessageKind::Execute).sent_to(only.into()).times(1);
    let from =
        |effect| NetworkFault::everywhere(effect).of(MessageKind::Executed).sent_by(only.into()).times(1);
    let down = FailureMode::Crash { restart_after_ms: Some(600) };
    let lose = LinkEffect::Lose { percent: 100 };
    let on_the_way =
        |fault| scenario.clone().network_at(NodeId::COORDINATOR, Point::BeforeExecuteSent, 2, fault);
    for (case, scenario) in [
        ("it is down", scenario.clone().fault_at(only.into(), down, Point::BeforeExecute, 2)),
        ("the work is lost", on_the_way(to(lose))),
        ("the work is cut off", on_the_way(to(LinkEffect::Cut))),
        ("the answer is lost", on_the_way(from(lose))),
        ("the answer is cut off", on_the_way(from(LinkEffect::Cut))),
    ] {
        let harness = TwoPhaseCommitTestHarness::with_backend(0, Rc::clone(&databases));
        let (result, history) = harness.run_recorded(&scenario).expect("the run happens");
        assert!(result.passed, "{case}: {}", explained(&result, &history));
    }
}

/// Sends to a participant that is not there.
struct Lost;

impl Coordinator for Lost {
    fn step(&mut self, _now: Nanos, input: Input<'_>, effects: &mut Effects) {
        if let Input::Asked(ClientRequest::Begin(_)) = input {
            effects.send(ParticipantId(9).into(), Message::Commit { gid: Gid(1) });
        }
    }

    fn oldest_unsettled(&self) -> Option<Gid> {
        None
    }
}

#[test]
fn a_message_to_nobody_is_a_failure_of_the_code_that_sends_it() {
    let databases = databases(&[Postgres], Durability::Process);
    let databases = databases.cast(Cast::reference().with_coordinator(|_| Lost));
    let scenario = TestScenario::new("One key.", 1).writing_to(1);
    let result = TwoPhaseCommitTestHarness::with_backend(0, databases).run_scenario(&scenario);
    let failures = result.expect("the run happens").failures;
    let said = "tm sends a message to rm9, which is not there";
    assert!(failures.iter().any(|failure| failure == said), "{failures:?}");
}

fn violated(result: &TestResult) -> Vec<Property> {
    let checks = result.validation.checks.iter();
    checks.filter(|check| check.verdict == Verdict::Violated).map(|check| check.property).collect()
}
