//! A scenario that cannot be run says why, in words that help, and nothing happens.

use harness_core::history::{Gid, Key, Nanos, NodeId, ParticipantId, Point, Value};
use harness_core::{
    Cast, Change, DistributedTransaction, FailureConfig, FailureMode, LinkEffect, Load, NetworkFault,
    RunError, Simulator, TestScenario, Trigger, Write,
};
use rstest::rstest;

const VOTE_NO: FailureMode = FailureMode::VoteNo;
const CRASH: FailureMode = FailureMode::Crash { restart_after_ms: Some(1) };

fn run(scenario: &TestScenario) -> (Option<RunError>, usize) {
    let mut events = Vec::new();
    let error = Simulator::new(Cast::reference()).run(scenario, 0, &mut events).err();
    (error, events.len())
}

/// A transaction over these participants, with a write on rm1.
fn transaction(id: u32, participants: &[u32], key: u32) -> DistributedTransaction {
    let participants = participants.iter().copied().map(ParticipantId).collect();
    let mut transaction = DistributedTransaction::new(Gid(id), participants);
    transaction.writes.push(Write {
        participant: ParticipantId(1),
        key: Key(key),
        value: Value(1),
        change: Change::Put,
    });
    transaction
}

fn load(least: u32, most: u32, keys: u32) -> Load {
    Load { participants_min: least, participants_max: most, keys, ..Load::mixed(1, 1) }
}

#[rstest]
#[case::nobody(|it: &mut TestScenario| it.participants = 0, "0 participants: from 1 to 10000 are possible")]
#[case::too_many(|it: &mut TestScenario| it.participants = 10_001, "10001 participants: from 1 to 10000 are possible")]
#[case::no_client(|it: &mut TestScenario| it.in_flight = 0, "in_flight is 0: at least one client must be served")]
#[case::no_work(|it: &mut TestScenario| it.transactions.clear(), "no transactions: list some or add a load")]
#[case::latency(|it: &mut TestScenario| it.network_conditions.latency_min = Nanos::from_millis(1), "latency_min (1.000 ms) is above latency_max (0.500 ms)")]
#[case::sync(|it: &mut TestScenario| it.disk_conditions.sync_max = Nanos::ZERO, "sync_min (0.050 ms) is above sync_max (0.000 ms)")]
#[case::retries_without_a_pause(|it: &mut TestScenario| it.coordinator.retry_first = Nanos::ZERO, "coordinator.retry_first is 0: the same message would be sent again for ever at one instant")]
#[case::inquiries_without_a_pause(|it: &mut TestScenario| it.participant.inquiry_longest = Nanos::ZERO, "participant.inquiry_longest is 0: the same message would be sent again for ever at one instant")]
#[case::id_zero(|it: &mut TestScenario| it.transactions[0].id = Gid(0), "a transaction has id 0: ids start at 1")]
#[case::ids_descend(|it: &mut TestScenario| it.transactions = vec![transaction(2, &[1], 1), transaction(1, &[1], 1)], "transaction t1 begins after t2: list ids in ascending order")]
#[case::ids_far_apart(|it: &mut TestScenario| it.transactions.push(transaction(2_000_000, &[1], 1)), "transaction t2000000 follows t1: ids must be dense")]
#[case::work_for_a_stranger(|it: &mut TestScenario| it.transactions.push(transaction(2, &[2, 3], 1)), "t2 has work for rm1, which is not among its participant_ids")]
#[case::named_twice(|it: &mut TestScenario| it.transactions.push(transaction(2, &[1, 2, 1], 1)), "t2 names rm1 twice: each takes part once")]
#[case::unknown_participant(|it: &mut TestScenario| it.transactions.push(transaction(2, &[1, 4], 1)), "t2 names rm4, but there are rm1 to rm3")]
#[case::participant_zero(|it: &mut TestScenario| it.transactions.push(transaction(2, &[0, 1], 1)), "t2 names rm0, but there are rm1 to rm3")]
#[case::key_too_great(|it: &mut TestScenario| it.transactions.push(transaction(2, &[1], 1 << 20)), "t2 uses k1048576: keys must be below 1048576")]
#[case::load_of_nobody(|it: &mut TestScenario| it.load = Some(load(0, 1, 1)), "the load asks for 0 to 1 participants a transaction: from 1 to 3 are possible")]
#[case::load_of_too_many(|it: &mut TestScenario| it.load = Some(load(1, 4, 1)), "the load asks for 1 to 4 participants a transaction: from 1 to 3 are possible")]
#[case::load_upside_down(|it: &mut TestScenario| it.load = Some(load(3, 2, 1)), "the load asks for 3 to 2 participants a transaction: from 1 to 3 are possible")]
#[case::load_without_keys(|it: &mut TestScenario| it.load = Some(load(1, 1, 0)), "the load uses 0 keys: from 1 to 1048576 are possible")]
#[case::load_of_too_many_keys(|it: &mut TestScenario| it.load = Some(load(1, 1, (1 << 20) + 1)), "the load uses 1048577 keys: from 1 to 1048576 are possible")]
#[case::more_repeats_than_clients(|it: &mut TestScenario| it.load = Some(Load { repeat_percent: 101, ..load(1, 1, 1) }), "the load repeats 101 of a hundred: from 0 to 100 are possible")]
#[case::twin_that_repeats_others(|it: &mut TestScenario| (it.twin, it.load) = (true, Some(Load { repeat_percent: 1, ..load(1, 1, 1) })), "the twin would repeat what commits there, which is not the same: set repeat_percent to 0, or leave out the twin")]
#[case::loop_of_no_crash(|it: &mut TestScenario| fault(it, rm(1), FailureMode::CrashLoop { times: 0, down_ms: 1, up_ms: 1 }, Point::BeforePrepare, 1), "crash of rm1 at participant::before_prepare happens no times: set times to 1 or more")]
#[case::fault_of_nobody(|it: &mut TestScenario| fault(it, rm(4), CRASH, Point::BeforePrepare, 1), "crash of rm4 at participant::before_prepare: there are only rm1 to rm3")]
#[case::fault_of_a_stand_by(|it: &mut TestScenario| fault(it, NodeId::coordinator(1), CRASH, Point::AfterAnswer, 1), "crash of tm2 at coordinator::after_answer: there is no such coordinator; each takeover adds one, from tm2 on")]
#[case::fault_of_a_step_of_others(|it: &mut TestScenario| fault(it, rm(1), CRASH, Point::AfterAnswer, 1), "crash of rm1 at coordinator::after_answer would never fire: that node does not pass that step")]
#[case::fault_at_no_time(|it: &mut TestScenario| fault(it, rm(1), CRASH, Point::BeforePrepare, 0), "crash of rm1 at participant::before_prepare (time 0) would never fire: steps are counted from 1")]
#[case::no_after_the_vote(|it: &mut TestScenario| fault(it, rm(1), VOTE_NO, Point::AfterVoteSent, 1), "vote no of rm1 at participant::after_vote_sent cannot change the vote: use one of participant::after_execute, participant::before_prepare")]
#[case::room_of_a_coordinator(|it: &mut TestScenario| fault(it, NodeId::COORDINATOR, FailureMode::PreparedLimit { most: 1 }, Point::AfterLogRead, 1), "prepared limit of tm at recovery::after_log_read would never fire: only a participant prepares branches")]
#[case::delay_upside_down(|it: &mut TestScenario| on_links(it, LinkEffect::Delay { min_ms: 2, max_ms: 1 }), "delay at 0 ms has min_ms above max_ms: swap them")]
#[case::no_time_to_repeat(|it: &mut TestScenario| on_links(it, LinkEffect::Duplicate { percent: 1, within_ms: 0 }), "duplicate at 0 ms has no time to happen: set within_ms to 1 or more")]
#[case::no_chance(|it: &mut TestScenario| on_links(it, LinkEffect::Lose { percent: 101 }), "loss at 0 ms has no such chance: set percent from 1 to 100")]
fn a_mistake_is_named_and_nothing_happens(#[case] make: fn(&mut TestScenario), #[case] text: &str) {
    let mut scenario = TestScenario::new("Something is wrong.", 3).writing_to(3);
    assert!(matches!(run(&scenario), (None, 1..)), "the scenario is valid without the mistake");
    make(&mut scenario);
    let (error, events) = run(&scenario);
    let error = error.expect("the mistake is found");
    assert!(matches!(error, RunError::Invalid { .. }), "{error:?}");
    assert_eq!(error.to_string(), format!("the scenario cannot be run: {text}"));
    assert_eq!(events, 0, "something reached the sink");
}

fn fault(scenario: &mut TestScenario, node: NodeId, mode: FailureMode, point: Point, nth: u32) {
    *scenario = scenario.clone().fault_at(node, mode, point, nth);
}

fn on_links(scenario: &mut TestScenario, effect: LinkEffect) {
    let mode = FailureMode::Network(NetworkFault::everywhere(effect));
    scenario.failure_configs.push(FailureConfig { node: None, mode, trigger: Trigger::AtMs(0) });
}

fn rm(number: u32) -> NodeId {
    ParticipantId(number).into()
}
