//! The category Concurrency: transactions that meet on the same keys. The anomalies of weak isolation (Adya, *Weak
//! Consistency*, 1999) must not happen, deadlocks end, and nobody waits for longer than needed.

pub mod anomalies;
pub mod contention;
pub mod deadlocks;
pub mod in_doubt;
pub mod leaks;

use harness_core::history::{Gid, Key, MessageKind, NodeId, ParticipantId, Value};
use harness_core::{Change, DistributedTransaction, LinkEffect, NetworkFault, Read, TestScenario, Write};

const TM: NodeId = NodeId::COORDINATOR;
const X: Key = Key(1);
const Y: Key = Key(2);

fn rm(number: u32) -> NodeId {
    ParticipantId(number).into()
}

/// The number of participants of a scenario that needs three.
fn three_or(participants: u32) -> u32 {
    participants.max(3)
}

/// Two or more transactions that are listed one by one, and begun all at once.
fn at_once(participants: u32, description: &str, work: Vec<Work>) -> TestScenario {
    let clients = work.len() as u32;
    let scenario = TestScenario::new(description, three_or(participants)).in_flight(clients);
    (1..).map(Gid).zip(work).fold(scenario, |scenario, (id, work)| scenario.transaction(work.of(id)))
}

/// What one transaction does, step by step.
#[derive(Default)]
struct Work {
    reads: Vec<Read>,
    writes: Vec<Write>,
}

impl Work {
    fn read(mut self, participant: u32, key: Key) -> Self {
        self.reads.push(Read { participant: ParticipantId(participant), key });
        self
    }

    fn write(self, participant: u32, key: Key, value: i64) -> Self {
        self.change(participant, key, value, Change::Put)
    }

    fn add(self, participant: u32, key: Key, value: i64) -> Self {
        self.change(participant, key, value, Change::Add)
    }

    fn change(mut self, participant: u32, key: Key, value: i64, change: Change) -> Self {
        let participant = ParticipantId(participant);
        self.writes.push(Write { participant, key, value: Value(value), change });
        self
    }

    fn of(self, id: Gid) -> DistributedTransaction {
        let Self { reads, writes } = self;
        let read = reads.iter().map(|read| read.participant);
        let mut named: Vec<ParticipantId> =
            read.chain(writes.iter().map(|write| write.participant)).collect();
        named.sort_unstable();
        named.dedup();
        DistributedTransaction { reads, writes, ..DistributedTransaction::new(id, named) }
    }
}

fn work() -> Work {
    Work::default()
}

/// The work of the first transaction reaches this participant so late that others overtake it.
fn overtaken_at(scenario: TestScenario, participant: u32, ms: u64) -> TestScenario {
    let [late, out_of_order] =
        [LinkEffect::Delay { min_ms: ms, max_ms: ms }, LinkEffect::Reorder { percent: 100, within_ms: 1 }]
            .map(|effect| {
                NetworkFault::everywhere(effect).of(MessageKind::Execute).sent_to(rm(participant)).times(1)
            });
    scenario.network(late).network(out_of_order)
}

harness_core::catalog! {
    "Concurrency": "Transactions meet on the same keys.";
    anomalies::lost_update_does_not_happen,
    anomalies::lost_update_of_a_hundred_clients_does_not_happen,
    anomalies::write_skew_does_not_happen,
    anomalies::write_skew_in_opposite_orders_does_not_happen,
    anomalies::dirty_write_does_not_happen,
    anomalies::dirty_read_of_an_abort_does_not_happen,
    anomalies::dirty_read_of_an_undecided_commit_does_not_happen,
    anomalies::fractured_read_does_not_happen,
    anomalies::fractured_read_of_a_late_commit_does_not_happen,
    anomalies::fractured_read_in_opposite_orders_does_not_happen,
    anomalies::read_is_repeatable,
    deadlocks::deadlock_of_two_is_broken_by_the_lock_timeout,
    deadlocks::deadlock_of_three_is_broken_by_the_lock_timeout,
    deadlocks::deadlock_with_two_victims_aborts_both,
    deadlocks::deadlock_is_broken_by_the_coordinator_if_it_is_less_patient,
    deadlocks::deadlock_is_broken_by_a_crash,
    deadlocks::deadlocks_under_load_all_end,
    contention::conflicting_transfers_conserve_the_total,
    contention::opposite_transfers_conserve_the_total,
    contention::one_hot_key_serves_a_hundred_clients,
    contention::zipf_keys_serve_a_hundred_clients,
    contention::updates_under_contention_conserve_the_total,
    contention::contention_and_crashes_conserve_the_total,
    contention::contention_and_loss_conserve_the_total,
    contention::shared_readers_do_not_wait_for_each_other,
    contention::writer_waits_for_all_readers_and_no_longer,
    in_doubt::in_doubt_transaction_blocks_its_own_keys_only,
    in_doubt::in_doubt_read_lock_is_given_up_at_the_vote,
    in_doubt::in_doubt_transaction_blocks_its_keys_after_a_restart,
    in_doubt::in_doubt_transaction_blocks_its_keys_before_it_is_told_after_a_restart,
    in_doubt::whoever_waits_for_an_in_doubt_transaction_too_long_aborts,
    in_doubt::coordinator_away_blocks_only_what_is_in_doubt,
    leaks::no_lock_leaks_after_a_no,
    leaks::no_lock_leaks_after_a_client_aborts,
    leaks::no_lock_leaks_after_a_vote_timeout,
    leaks::no_lock_leaks_after_a_lock_timeout,
    leaks::no_lock_leaks_after_a_participant_crash,
    leaks::no_lock_leaks_after_a_coordinator_crash,
    leaks::no_lock_leaks_after_many_aborts,
}
