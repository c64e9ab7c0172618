//! Fail points: where a driver passes a protocol step, a configured fault may strike.
//!
//! The registry of the `fail` crate is global to the process, so armed runs take turns; a run without faults arms
//! nothing and passes its steps at the price of one test of a bit. Only counted actions are allowed: percentages
//! draw from a thread's own generator, and sleeping uses the wall clock, so neither would replay.

use history::{NodeId, Point};

#[cfg(feature = "failpoints")]
use crate::failpoints;
use crate::model::{FailureConfig, FailureMode, Trigger};
use crate::result::RunError;

/// What strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strike {
    /// What happens to the node.
    pub mode: FailureMode,
    /// Which of the scenario's faults it is; one from the environment is none of them.
    pub index: Option<usize>,
}

/// The armed fail points of a run. While one that is armed exists, others wait to be armed.
#[derive(Default)]
pub struct FailureInjector {
    /// The bits of the points that are armed.
    mask: u64,
    #[cfg(feature = "failpoints")]
    armed: Option<armed::Armed>,
}

const _: () = assert!(Point::ALL.len() <= 64, "a point is a bit of the mask");

impl FailureInjector {
    /// Whether something may strike at this step. If so, [`Self::pass`] is to be asked.
    #[inline]
    pub fn is_armed(&self, point: Point) -> bool {
        self.mask & (1 << point as u64) != 0
    }

    /// Tells what strikes the node at this step. Each call counts as one passing.
    pub fn pass(&self, node: NodeId, point: Point) -> Vec<Strike> {
        if self.is_armed(point) { self.strike(node, point) } else { Vec::new() }
    }

    /// Lets nothing strike from here on. Returns the names of those fail points of the code under test that were to do
    /// something and have not.
    #[must_use]
    pub fn disarm(&mut self) -> Vec<String> {
        let inert = self.inert();
        *self = Self::default();
        inert
    }
}

#[cfg(not(feature = "failpoints"))]
impl FailureInjector {
    /// Arms nothing: this build has no fail points.
    ///
    /// # Errors
    /// When there is a fault to be armed.
    pub fn arm(faults: &[FailureConfig]) -> Result<Self, RunError> {
        match faults.iter().find(|fault| matches!(fault.trigger, Trigger::AtPoint { .. })) {
            Some(fault) => Err(RunError::Unsupported {
                fault: format!("{fault}: this build has no fail points; build with --features failpoints"),
            }),
            None => Ok(Self::default()),
        }
    }

    /// The faults that the environment causes: none, without fail points.
    ///
    /// # Errors
    /// Never.
    pub fn faults_of_environment() -> Result<Vec<FailureConfig>, RunError> {
        Ok(Vec::new())
    }

    #[expect(clippy::unused_self, reason = "the armed build needs it")]
    fn strike(&self, _node: NodeId, _point: Point) -> Vec<Strike> {
        Vec::new()
    }

    #[expect(clippy::unused_self, reason = "the armed build needs it")]
    fn inert(&self) -> Vec<String> {
        Vec::new()
    }
}

#[cfg(feature = "failpoints")]
impl FailureInjector {
    /// Arms the fail points of these faults and those of the `FAILPOINTS` environment variable.
    ///
    /// # Errors
    /// When the variable is wrong.
    pub fn arm(faults: &[FailureConfig]) -> Result<Self, RunError> {
        let environment = failpoints::environment()?;
        let at_points = faults.iter().any(|fault| matches!(fault.trigger, Trigger::AtPoint { .. }));
        if !at_points && environment.is_empty() {
            return Ok(Self::default());
        }
        let armed = armed::Armed::new(faults, environment);
        let mask = armed.points().fold(0, |mask, point| mask | (1 << point as u64));
        Ok(Self { mask, armed: Some(armed) })
    }

    /// The faults that the `FAILPOINTS` environment variable causes at protocol steps, each as if it struck at the first
    /// passing: for backends that cannot cause all.
    ///
    /// # Errors
    /// When the variable is wrong.
    pub fn faults_of_environment() -> Result<Vec<FailureConfig>, RunError> {
        failpoints::faults()
    }

    #[cold]
    fn strike(&self, node: NodeId, point: Point) -> Vec<Strike> {
        self.armed.as_ref().map(|armed| armed.strike(node, point)).unwrap_or_default()
    }

    fn inert(&self) -> Vec<String> {
        self.armed.as_ref().map(armed::Armed::inert).unwrap_or_default()
    }
}

#[cfg(feature = "failpoints")]
mod armed {
    use std::cell::Cell;
    use std::collections::BTreeMap;

    use fail::FailScenario;
    use history::{NodeId, Point};

    use super::Strike;
    use crate::failpoints::{Configured, OwnPoint, Site, mode_of};
    use crate::model::{FailureConfig, FailureMode, Trigger};

    /// A fail point that is configured.
    struct FailPoint {
        site: Site,
        name: String,
        /// So many passings are only counted before the registry is asked, which is what costs: a fault that is armed
        /// and far off leaves a run as fast as it is.
        quiet: Cell<u32>,
    }

    /// Holds the process's registry for the length of a run.
    pub(super) struct Armed {
        points: Vec<FailPoint>,
        own: Vec<OwnPoint>,
        modes: Vec<FailureMode>,
        _turn: FailScenario<'static>,
    }

    impl Armed {
        /// The environment's actions were checked, so configuring them cannot fail.
        pub(super) fn new(faults: &[FailureConfig], environment: Vec<Configured>) -> Self {
            let turn = FailScenario::setup();
            let mut wanted: BTreeMap<Site, Vec<(u32, usize)>> = BTreeMap::new();
            for (index, fault) in faults.iter().enumerate() {
                let Trigger::AtPoint { point, nth } = fault.trigger else { continue };
                wanted.entry((point, fault.node)).or_default().push((nth, index));
            }
            let (mut points, mut own) = (Vec::new(), Vec::new());
            for configured in environment {
                match configured {
                    Configured::Step(site) => {
                        points.push(FailPoint { site, name: name_of(site), quiet: Cell::new(0) });
                    }
                    Configured::Own(point) => own.push(point),
                }
            }
            for (site, mut faults) in wanted {
                faults.sort_unstable();
                let quiet = faults.first().map_or(0, |&(nth, _)| nth - 1);
                // The environment may have configured a point of the site's own name: then both strike.
                let name = format!("{} in the scenario", name_of(site));
                fail::cfg(&*name, &actions(&faults, quiet)).expect("counted actions are well formed");
                points.push(FailPoint { site, name, quiet: Cell::new(quiet) });
            }
            let modes = faults.iter().map(|fault| fault.mode.clone()).collect();
            Self { points, own, modes, _turn: turn }
        }

        pub(super) fn points(&self) -> impl Iterator<Item = Point> {
            self.points.iter().map(|point| point.site.0)
        }

        pub(super) fn inert(&self) -> Vec<String> {
            let inert = self.own.iter().filter(|point| point.never_fired());
            inert.map(|point| point.name.clone()).collect()
        }

        pub(super) fn strike(&self, node: NodeId, point: Point) -> Vec<Strike> {
            let here = self.points.iter().filter(|here| {
                let (at, whose) = here.site;
                at == point && whose.is_none_or(|it| it == node)
            });
            let mut strikes = Vec::new();
            for (argument, whose) in here.filter_map(|here| Some((here.pass()?, here.site.1))) {
                match argument.strip_prefix('#') {
                    None => {
                        strikes.extend(mode_of(&argument, whose).map(|mode| Strike { mode, index: None }));
                    }
                    Some(indices) => strikes.extend(indices.split(' ').map(|index| {
                        let index = index.parse::<usize>().expect("it was written here");
                        Strike { mode: self.modes[index].clone(), index: Some(index) }
                    })),
                }
            }
            strikes
        }
    }

    impl FailPoint {
        /// `fail_point!` returns from its function, so it has one to itself.
        fn pass(&self) -> Option<String> {
            if let Some(left) = self.quiet.get().checked_sub(1) {
                self.quiet.set(left);
                return None;
            }
            fail::fail_point!(&self.name, |argument| argument);
            None
        }
    }

    fn name_of((point, node): Site) -> String {
        match node {
            Some(node) => format!("{point}@{node}"),
            None => point.to_string(),
        }
    }

    /// One chain of counted actions for faults that are sorted by their count, from when so many passings are over.
    fn actions(faults: &[(u32, usize)], mut passed: u32) -> String {
        let mut chain = Vec::new();
        for at_once in faults.chunk_by(|a, b| a.0 == b.0) {
            let nth = at_once[0].0;
            if nth > passed + 1 {
                chain.push(format!("{}*off", nth - passed - 1));
            }
            let indices: Vec<String> = at_once.iter().map(|(_, index)| index.to_string()).collect();
            chain.push(format!("1*return(#{})", indices.join(" ")));
            passed = nth;
        }
        chain.join("->")
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn faults_at_one_step_become_one_chain_of_counts() {
            assert_eq!(actions(&[(1, 4)], 0), "1*return(#4)");
            assert_eq!(actions(&[(2, 0), (2, 3)], 0), "1*off->1*return(#0 3)", "both at once");
            let faults = [(2, 0), (3, 1), (7, 2)];
            assert_eq!(actions(&faults, 0), "1*off->1*return(#0)->1*return(#1)->3*off->1*return(#2)");
            assert_eq!(actions(&faults, 1), "1*return(#0)->1*return(#1)->3*off->1*return(#2)");
        }
    }
}
