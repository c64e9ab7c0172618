//! What a soak is: which scenario each epoch of each cluster is. Everything follows from the plan, and from nothing
//! else: who runs a cluster, and when, changes nothing.

use harness_core::history::Nanos;
use harness_core::{Arrivals, Chaos, KeyChoice, Load, LoadKind, SlaRequirements, TestScenario, Victims};
use serde::{Deserialize, Serialize};

use crate::mix::mix;
use crate::shard::Shard;
use crate::span::{Rate, Span};

/// What a soak is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoakPlan {
    /// The seed of everything.
    pub seed: u64,
    /// How many clusters there are, each of which lives for the whole duration.
    pub clusters: u32,
    /// How many participants each cluster has.
    pub participants: u32,
    /// How much virtual time each cluster lives through.
    pub duration: Span,
    /// How much of it passes from one validation to the next.
    pub epoch: Span,
    /// How often a transaction begins in each cluster.
    pub rate: Rate,
    /// How often a fault strikes in each cluster.
    pub faults: Rate,
    /// The `FAILPOINTS` of the environment.
    pub failpoints: Option<String>,
}

/// The most transactions of one epoch: what clients heard of each is kept until its end.
const TRANSACTIONS_MAX: u64 = 1_000_000;
/// What an epoch is about.
const KINDS: [LoadKind; 3] = [LoadKind::Transfers, LoadKind::Updates, LoadKind::Appends];
/// So many keys are in use on each participant.
const KEYS: u32 = 100;
/// A transaction has so many participants at most.
const BRANCHES_MAX: u32 = 5;
/// So many clients may come at the same instant.
const AT_ONCE_MAX: u32 = 8;
/// So many are served at a time; those behind wait.
const SERVED_MAX: u32 = 100;

impl SoakPlan {
    /// What is wrong with it and what to do about it, if anything is.
    pub fn mistake(&self) -> Option<String> {
        let Self { epoch, rate, duration, .. } = self;
        if self.clusters == 0 {
            return Some("no clusters: at least one is needed".to_owned());
        }
        let fewest = [0, self.epochs() - 1].map(|epoch| self.transactions(epoch)).into_iter().min()?;
        if fewest == 0 {
            return Some(format!(
                "at a rate of {rate} an epoch of {epoch} in {duration} may pass without a transaction: use a longer --epoch, of which --duration is a multiple"
            ));
        }
        let most = self.transactions(0);
        if most > TRANSACTIONS_MAX {
            return Some(format!(
                "at a rate of {rate} an epoch of {epoch} has {most} transactions, of which {TRANSACTIONS_MAX} are possible: use a shorter --epoch"
            ));
        }
        let all = rate.until(duration.0);
        (all >= u64::from(u32::MAX)).then(|| {
            format!(
                "at a rate of {rate} there are {all} transactions in {duration}: fewer than {} are possible",
                u32::MAX
            )
        })
    }

    /// What is wrong with a shard of it and what to do about it, if anything is.
    pub fn mistake_of(&self, shard: Shard) -> Option<String> {
        let clusters = self.clusters;
        (!(0..clusters).any(|cluster| shard.has(cluster))).then(|| {
            format!("nothing is left for shard {shard} of {clusters} clusters: use more --clusters, or fewer shards")
        })
    }

    /// How many epochs each cluster lives through.
    pub fn epochs(&self) -> u64 {
        self.duration.0.0.div_ceil(self.epoch.0.0)
    }

    /// How much virtual time has passed when so many epochs are over.
    pub fn passed(&self, epochs: u64) -> Span {
        Span(Nanos(epochs.saturating_mul(self.epoch.0.0)).min(self.duration.0))
    }

    /// The seed of a cluster.
    pub fn cluster_seed(&self, cluster: u32) -> u64 {
        mix(self.seed, 1 + u64::from(cluster))
    }

    /// The seed of an epoch.
    pub fn epoch_seed(&self, cluster: u32, epoch: u64) -> u64 {
        mix(self.cluster_seed(cluster), 1 + epoch)
    }

    fn transactions(&self, epoch: u64) -> u64 {
        self.rate.until(self.passed(epoch + 1).0) - self.rate.until(self.passed(epoch).0)
    }

    /// How many faults are drawn in an epoch.
    pub fn faults(&self, epoch: u64) -> u64 {
        self.faults.until(self.passed(epoch + 1).0) - self.faults.until(self.passed(epoch).0)
    }

    /// The scenario that an epoch is, beside its seed.
    pub fn scenario(&self, cluster: u32, epoch: u64) -> TestScenario {
        let (transactions, faults) = (self.transactions(epoch), self.faults(epoch));
        let span = Nanos(self.passed(epoch + 1).0.0 - self.passed(epoch).0.0);
        let load = Load {
            participants_min: 1,
            participants_max: BRANCHES_MAX.min(self.participants),
            keys: KEYS,
            key_choice: KeyChoice::Zipf,
            kind: KINDS[(self.epoch_seed(cluster, epoch) % KINDS.len() as u64) as usize],
            ..Load::transfers(transactions as u32, 1)
        };
        let mut scenario = TestScenario::new("One epoch of a soak.", self.participants)
            .load(load)
            .in_flight(SERVED_MAX)
            .sla(SlaRequirements::chaos())
            .expect_unknown(0);
        scenario.name = "soak_epoch".to_owned();
        let every = Nanos(span.0 / transactions);
        scenario.arrivals = Some(Arrivals { every, at_once_max: AT_ONCE_MAX });
        scenario.expect.may_be_inert = true;
        // The last clients come at most so long before the end, and whom a fault is to strike must come after it.
        let last = Nanos(span.0 - (u64::from(AT_ONCE_MAX) * every.0).min(span.0 / 2));
        scenario.chaos = (faults > 0).then(|| Chaos {
            every_ms: (last.0 / 1_000_000 / faults).max(1),
            until_ms: (last.0 / 1_000_000 / faults).max(1) * faults,
            evenly: true,
            swarm: true,
            ..Chaos::of(Chaos::KINDS).on(Victims::AtWork)
        });
        scenario
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl SoakPlan {
        /// Twelve weeks of one cluster.
        pub(crate) fn example() -> Self {
            Self {
                seed: 0,
                clusters: 1,
                participants: 100,
                duration: "12w".parse().expect("a span"),
                epoch: "1h".parse().expect("a span"),
                rate: "1/s".parse().expect("a rate"),
                faults: "1/min".parse().expect("a rate"),
                failpoints: None,
            }
        }
    }

    #[test]
    fn twelve_weeks_are_as_many_epochs_transactions_and_faults_as_they_should_be() {
        let plan = SoakPlan::example();
        assert_eq!((plan.epochs(), plan.mistake()), (2_016, None));
        let sum = |of: &dyn Fn(u64) -> u64| (0..plan.epochs()).map(of).sum::<u64>();
        assert_eq!(sum(&|epoch| plan.transactions(epoch)), 7_257_600);
        assert_eq!(sum(&|epoch| plan.faults(epoch)), 120_960);
        assert!(plan.scenario(0, 2_015).check().is_ok());
    }

    #[test]
    fn rare_faults_are_spread_over_epochs_and_a_last_epoch_may_be_short() {
        let rare = SoakPlan {
            faults: "1/d".parse().expect("a rate"),
            duration: "25h30m".parse().expect("a span"),
            ..SoakPlan::example()
        };
        assert_eq!(rare.epochs(), 26);
        let faults: Vec<u64> = (0..26).map(|epoch| rare.faults(epoch)).collect();
        assert_eq!((faults.iter().sum::<u64>(), faults[23]), (1, 1));
        assert_eq!(rare.scenario(0, 0).chaos, None);
        assert_eq!(rare.transactions(25), 1_800);
    }

    #[test]
    fn what_cannot_be_run_is_a_mistake_that_says_what_to_do() {
        let with = |change: fn(&mut SoakPlan)| {
            let mut plan = SoakPlan::example();
            change(&mut plan);
            plan.mistake().expect("it is a mistake")
        };
        assert!(with(|plan| plan.clusters = 0).contains("at least one"));
        assert!(with(|plan| plan.rate = "1/d".parse().expect("a rate")).contains("longer --epoch"));
        assert!(with(|plan| plan.rate = "1000/s".parse().expect("a rate")).contains("shorter --epoch"));
        assert!(with(|plan| plan.rate = Rate::NEVER).contains("without a transaction"));
        let shard = |text: &str| SoakPlan::example().mistake_of(text.parse().expect("a shard"));
        let told = "nothing is left for shard 2/2 of 1 clusters: use more --clusters, or fewer shards";
        assert_eq!((shard("1/2"), shard("2/2").as_deref()), (None, Some(told)));
    }

    #[test]
    fn no_two_epochs_have_one_seed() {
        let plan = SoakPlan::example();
        let mut seeds: Vec<u64> = (0..10)
            .flat_map(|cluster| (0..1_000).map(move |epoch| (cluster, epoch)))
            .map(|(cluster, epoch)| plan.epoch_seed(cluster, epoch))
            .collect();
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), 10_000);
    }
}
