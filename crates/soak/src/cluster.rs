//! One cluster in its life: epoch after epoch, each on what the one before has left.

use std::mem;

use harness_core::{Cast, Cost, RunError, Sink, TestHarnessConfig, TwoPhaseCommitTestHarness, Verdict};

use crate::checkpoint::Checkpoint;
use crate::mix::mix;
use crate::plan::SoakPlan;
use crate::record::{EpochCost, EpochRecord};

/// A cluster between two epochs.
pub struct Cluster<'a> {
    plan: &'a SoakPlan,
    cast: Cast,
    pub(crate) at: Checkpoint,
}

/// What an epoch came to, and where it began.
pub(crate) struct Lived {
    pub(crate) record: EpochRecord,
    pub(crate) start: Checkpoint,
}

impl<'a> Cluster<'a> {
    /// The cluster of this number, before its first epoch.
    pub fn new(plan: &'a SoakPlan, number: u32) -> Self {
        Self::at(plan, Checkpoint { cluster: number, ..Checkpoint::default() })
    }

    pub(crate) fn at(plan: &'a SoakPlan, at: Checkpoint) -> Self {
        Self { plan, cast: Cast::reference(), at }
    }

    /// Another coordinator, or other participants.
    #[must_use]
    pub fn cast(self, cast: Cast) -> Self {
        Self { cast, ..self }
    }

    /// Whether it has lived through all its epochs.
    pub fn is_over(&self) -> bool {
        self.at.epoch == self.plan.epochs()
    }

    /// Lives through the next epoch.
    ///
    /// # Errors
    /// When the run did not happen.
    pub fn live(&mut self) -> Result<EpochRecord, RunError> {
        Ok(self.live_beside(&mut ())?.record)
    }

    /// The same, and the sink sees what happens.
    pub(crate) fn live_beside(&mut self, beside: &mut dyn Sink) -> Result<Lived, RunError> {
        let cost = Cost::start();
        let Checkpoint { cluster, epoch, chain, .. } = self.at;
        let seed = self.plan.epoch_seed(cluster, epoch);
        let scenario = self.plan.scenario(cluster, epoch);
        let lived = harness(&self.cast, seed).run_epoch(&scenario, &self.at.state, beside)?;
        let (result, digest) = (lived.result, lived.digest.value());
        // What follows from a broken state proves nothing: after an epoch that did not pass the disks are new.
        let state = if result.passed { lived.state } else { lived.state.with_new_disks() };
        let next = Checkpoint { cluster, epoch: epoch + 1, chain: mix(chain, digest), state };
        let record = EpochRecord {
            cluster,
            epoch,
            seed,
            digest: format!("{digest:016x}"),
            chain: format!("{:016x}", next.chain),
            verdict: result.validation.verdict,
            failures: result.failures,
            faults_drawn: lived.faults_drawn,
            tally: lived.tally,
            cost: EpochCost {
                wall_ms: cost.wall().as_secs_f64() * 1e3,
                cpu_ms: cost.cpu().as_secs_f64() * 1e3,
                memory_bytes: Cost::peak_memory(),
            },
        };
        Ok(Lived { record, start: mem::replace(&mut self.at, next) })
    }
}

pub(crate) fn harness(cast: &Cast, seed: u64) -> TwoPhaseCommitTestHarness {
    TwoPhaseCommitTestHarness::new(TestHarnessConfig { seed, cast: cast.clone() })
}

impl EpochRecord {
    /// Whether everything was as it must be.
    pub fn passed(&self) -> bool {
        self.failures.is_empty() && self.verdict == Verdict::Valid
    }
}
