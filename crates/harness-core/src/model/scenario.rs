//! A scenario: everything that a run is a function of, beside the seed and the version of the program.

use history::{
    Decision, Gid, Key, Level, MessageKind, Nanos, NodeId, ParticipantId, Point, RecordKind, Terms, Value,
};
use protocol::{Change, CoordinatorConfig, DistributedTransaction, Write};
use serde::{Deserialize, Serialize};

use super::arrivals::Arrivals;
use super::chaos::Chaos;
use super::conditions::{DiskConditions, NetworkConditions, ParticipantConfig};
use super::expect::{Expect, FactCount};
use super::fault::{FailureConfig, FailureMode, Trigger};
use super::load::Load;
use super::sla::SlaRequirements;

/// The most participants that a run may have.
pub const PARTICIPANTS_MAX: u32 = 10_000;

/// Keys of a store are below this: stores are indexed by key.
pub const KEYS_MAX: u32 = 1 << 20;

/// Everything that a run is a function of, beside the seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestScenario {
    /// A claim, in snake case.
    #[serde(default)]
    pub name: String,
    /// What happens, in one sentence.
    #[serde(default)]
    pub description: String,
    /// Where it belongs.
    #[serde(default)]
    pub category: String,
    /// How many participants there are: rm1 and so on.
    pub participants: u32,
    /// The transactions that clients begin, in this order.
    #[serde(default)]
    pub transactions: Vec<DistributedTransaction>,
    /// Transactions drawn from the seed, begun after the listed ones.
    #[serde(default)]
    pub load: Option<Load>,
    /// How many clients there are; each begins its next transaction when it has heard of its last one.
    #[serde(default = "one")]
    pub in_flight: u32,
    /// When clients come, if not as soon as they can.
    #[serde(default)]
    pub arrivals: Option<Arrivals>,
    /// What goes wrong.
    #[serde(default)]
    pub failure_configs: Vec<FailureConfig>,
    /// What goes wrong as the seed will have it.
    #[serde(default)]
    pub chaos: Option<Chaos>,
    /// Whether the run is compared with one of the same seed in which nothing goes wrong.
    #[serde(default)]
    pub twin: bool,
    /// How links behave where nothing goes wrong.
    #[serde(default)]
    pub network_conditions: NetworkConditions,
    /// How disks behave where nothing goes wrong.
    #[serde(default)]
    pub disk_conditions: DiskConditions,
    /// How patient the coordinator is.
    #[serde(default)]
    pub coordinator: CoordinatorConfig,
    /// How patient participants are.
    #[serde(default)]
    pub participant: ParticipantConfig,
    /// What the run's metrics are held to.
    #[serde(default)]
    pub sla: SlaRequirements,
    /// What the run promises to the validator.
    #[serde(default)]
    pub terms: Terms,
    /// What happens exactly.
    #[serde(default)]
    pub expect: Expect,
}

fn one() -> u32 {
    1
}

/// Why a scenario cannot be run, in words that say what to change.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidScenario(String);

impl TestScenario {
    /// A scenario without transactions, in which one client is served and nothing goes wrong.
    pub fn new(description: &str, participants: u32) -> Self {
        Self {
            name: String::new(),
            description: description.to_owned(),
            category: String::new(),
            participants,
            transactions: Vec::new(),
            load: None,
            in_flight: 1,
            arrivals: None,
            failure_configs: Vec::new(),
            chaos: None,
            twin: false,
            network_conditions: NetworkConditions::default(),
            disk_conditions: DiskConditions::default(),
            coordinator: CoordinatorConfig { participants, ..CoordinatorConfig::default() },
            participant: ParticipantConfig::default(),
            sla: SlaRequirements::default(),
            terms: Terms::default(),
            expect: Expect::default(),
        }
    }

    /// Adds one transaction that writes one key on each of the participants rm1 to rm`n`.
    pub fn writing_to(self, n: u32) -> Self {
        let id = Gid(self.transactions.len() as u32 + 1);
        let mut transaction = DistributedTransaction::new(id, (1..=n).map(ParticipantId).collect());
        for &participant in &transaction.participant_ids {
            let value = Value(i64::from(participant.0));
            transaction.writes.push(Write { participant, key: Key(1), value, change: Change::Put });
        }
        self.transaction(transaction)
    }

    /// Adds a transaction.
    pub fn transaction(mut self, transaction: DistributedTransaction) -> Self {
        self.transactions.push(transaction);
        self
    }

    /// Adds transactions drawn from the seed.
    pub fn load(mut self, load: Load) -> Self {
        self.terms.conserved_total = load.conserves_total() && self.transactions.is_empty();
        self.load = Some(load);
        self
    }

    /// Holds the participants to this level of isolation. Unless told otherwise, that is the strictest: under strict
    /// two-phase locking, which is what they do, a transaction holds all its locks at one moment between its begin and
    /// its answer, so that they are kept apart in the order of time.
    pub fn isolation(mut self, level: Level) -> Self {
        self.terms.isolation = level;
        self
    }

    /// Serves so many clients at a time.
    pub fn in_flight(mut self, clients: u32) -> Self {
        self.in_flight = clients;
        self
    }

    /// Adds a fault at the n-th time that the node passes the point.
    pub fn fault_at(mut self, node: NodeId, mode: FailureMode, point: Point, nth: u32) -> Self {
        let trigger = Trigger::AtPoint { point, nth };
        self.failure_configs.push(FailureConfig { node: Some(node), mode, trigger });
        self
    }

    /// Crashes the node the first time that it passes the point; it is back after 100 ms.
    pub fn crash_at(self, node: NodeId, point: Point) -> Self {
        self.fault_at(node, FailureMode::Crash { restart_after_ms: Some(100) }, point, 1)
    }

    /// Makes the participant vote no the first time that it is asked.
    pub fn votes_no(self, participant: ParticipantId) -> Self {
        self.fault_at(participant.into(), FailureMode::VoteNo, Point::BeforePrepare, 1)
    }

    /// Holds the run to this service level.
    pub fn sla(mut self, sla: SlaRequirements) -> Self {
        self.sla = sla;
        self
    }

    /// Expects so many clients to hear "committed" and so many "aborted".
    pub fn expect_outcomes(mut self, committed: u64, aborted: u64) -> Self {
        self.expect.committed = Some(committed);
        self.expect.aborted = Some(aborted);
        self
    }

    /// Expects so many messages of a kind to be sent.
    pub fn expect_sent(mut self, message: MessageKind, times: u64) -> Self {
        self.expect.counts.push((FactCount::Sent(message), times));
        self
    }

    /// Expects so many records of the coordinator's commit decisions and of participants' commits.
    pub fn expect_commit_records(mut self, times: u64) -> Self {
        self.expect.counts.push((FactCount::Appended(RecordKind::Decided(Decision::Commit)), times));
        self
    }

    /// Expects participants to be left in doubt, because a node never comes back.
    pub fn expect_blocked(mut self) -> Self {
        self.expect.blocked = true;
        self.terms.may_block = true;
        self
    }

    /// How many stand-by coordinators there are: one for each takeover.
    pub fn stand_bys(&self) -> u32 {
        let declared = self.failure_configs.iter().filter(|fault| fault.mode == FailureMode::Takeover);
        declared.count() as u32 + self.chaos.as_ref().map_or(0, Chaos::stand_bys)
    }

    /// How many transactions clients begin.
    pub fn transaction_count(&self) -> u64 {
        self.transactions.len() as u64 + self.load.as_ref().map_or(0, |load| u64::from(load.transactions))
    }

    /// The same scenario for any coordinator: what it expects is what must be so of each that is right
    /// ([`Expect::of_any_coordinator`]).
    pub fn of_any_coordinator(mut self) -> Self {
        let undisturbed = self.failure_configs.is_empty() && self.chaos.is_none();
        self.expect = self.expect.of_any_coordinator(undisturbed);
        self
    }

    /// The same scenario for a coordinator whose log is no evidence: nothing is expected of what logs hold.
    pub fn without_log(mut self) -> Self {
        self.terms.without_log = true;
        self.expect.counts.retain(|(what, _)| !matches!(what, FactCount::Appended(_)));
        self.expect.happens.retain(|what| !matches!(what, FactCount::Appended(_)));
        self
    }

    /// Checks that the scenario can be run at all.
    ///
    /// # Errors
    /// With the first thing that is wrong and what to do about it.
    pub fn check(&self) -> Result<(), InvalidScenario> {
        self.first_mistake().map_or(Ok(()), |mistake| Err(InvalidScenario(mistake)))
    }

    fn first_mistake(&self) -> Option<String> {
        if self.participants == 0 || self.participants > PARTICIPANTS_MAX {
            return Some(format!(
                "{} participants: from 1 to {PARTICIPANTS_MAX} are possible",
                self.participants
            ));
        }
        if self.in_flight == 0 {
            return Some("in_flight is 0: at least one client must be served".to_owned());
        }
        if self.transaction_count() == 0 {
            return Some("no transactions: list some or add a load".to_owned());
        }
        let ranges = [
            ("latency", self.network_conditions.latency_min, self.network_conditions.latency_max),
            ("sync", self.disk_conditions.sync_min, self.disk_conditions.sync_max),
        ];
        if let Some((name, min, max)) = ranges.into_iter().find(|(_, min, max)| min > max) {
            return Some(format!("{name}_min ({min}) is above {name}_max ({max})"));
        }
        let again = [
            ("coordinator.retry_first", self.coordinator.retry_first),
            ("coordinator.retry_longest", self.coordinator.retry_longest),
            ("participant.inquiry_first", self.participant.inquiry_first),
            ("participant.inquiry_longest", self.participant.inquiry_longest),
        ];
        if let Some((name, _)) = again.into_iter().find(|&(_, wait)| wait == Nanos::ZERO) {
            return Some(format!(
                "{name} is 0: the same message would be sent again for ever at one instant"
            ));
        }
        self.transaction_mistake()
            .or_else(|| self.load.as_ref().and_then(|load| load.mistake(self.participants)))
            .or_else(|| self.twin_mistake())
            .or_else(|| self.arrivals.as_ref().and_then(Arrivals::mistake))
            .or_else(|| self.failure_configs.iter().find_map(|fault| self.fault_mistake(fault)))
            .or_else(|| self.chaos.as_ref().and_then(|chaos| chaos.mistake(self.participants)))
    }

    /// A twin has the same transactions, one by one. What has committed by when is not the same in both.
    fn twin_mistake(&self) -> Option<String> {
        let repeats = self.load.as_ref().is_some_and(|load| load.repeat_percent > 0);
        (self.twin && repeats).then(|| {
            "the twin would repeat what commits there, which is not the same: set repeat_percent to 0, or leave out the twin"
                .to_owned()
        })
    }

    fn transaction_mistake(&self) -> Option<String> {
        let mut greatest = Gid::INITIAL;
        for transaction in &self.transactions {
            let id = transaction.id;
            if id == Gid::INITIAL {
                return Some("a transaction has id 0: ids start at 1".to_owned());
            }
            let repeated = self.transactions.iter().take_while(|other| !std::ptr::eq(*other, transaction));
            if id < greatest && !repeated.into_iter().any(|other| other.id == id) {
                return Some(format!(
                    "transaction {id} begins after {greatest}: list ids in ascending order"
                ));
            }
            if id.0 > greatest.0 + 1_000_000 {
                return Some(format!("transaction {id} follows {greatest}: ids must be dense"));
            }
            greatest = greatest.max(id);
            if let Some(mistake) = self.branch_mistake(transaction) {
                return Some(mistake);
            }
        }
        None
    }

    /// What is wrong with who takes part in a transaction, and with what.
    fn branch_mistake(&self, transaction: &DistributedTransaction) -> Option<String> {
        let id = transaction.id;
        let mut named = transaction.participant_ids.clone();
        named.sort_unstable();
        let unknown = |id: &&ParticipantId| id.0 == 0 || id.0 > self.participants;
        if let Some(participant) = named.iter().find(unknown) {
            return Some(format!("{id} names {participant}, but there are rm1 to rm{}", self.participants));
        }
        if let Some(pair) = named.windows(2).find(|pair| pair[0] == pair[1]) {
            return Some(format!("{id} names {} twice: each takes part once", pair[0]));
        }
        let reads = transaction.reads.iter().map(|read| (read.participant, read.key));
        let writes = transaction.writes.iter().map(|write| (write.participant, write.key));
        for (participant, key) in reads.chain(writes) {
            if named.binary_search(&participant).is_err() {
                return Some(format!(
                    "{id} has work for {participant}, which is not among its participant_ids"
                ));
            }
            if key.0 >= KEYS_MAX {
                return Some(format!("{id} uses {key}: keys must be below {KEYS_MAX}"));
            }
        }
        None
    }

    fn fault_mistake(&self, fault: &FailureConfig) -> Option<String> {
        match fault.node.map(|node| (node, node.participant())) {
            Some((_, Some(participant))) if participant.0 > self.participants => {
                return Some(format!("{fault}: there are only rm1 to rm{}", self.participants));
            }
            Some((node, None)) if node.number() > self.stand_bys() => {
                return Some(format!(
                    "{fault}: there is no such coordinator; each takeover adds one, from tm2 on"
                ));
            }
            _ => {}
        }
        fault.check().err()
    }
}
