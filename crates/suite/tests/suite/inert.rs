//! With the injector turned off, no scenario that declares a fault passes.

use harness_core::Trigger;

use crate::{run, scenarios};

#[test]
fn without_its_faults_a_scenario_that_declares_some_would_be_inert() {
    let faulty = scenarios(3)
        .into_iter()
        .filter(|scenario| !scenario.failure_configs.is_empty() || scenario.chaos.is_some());
    let mut count = 0;
    for mut scenario in faulty {
        count += 1;
        // The same fault, at a time that never comes.
        for fault in &mut scenario.failure_configs {
            match &mut fault.trigger {
                Trigger::AtPoint { nth, .. } => *nth = 1_000_000,
                Trigger::AtMs(ms) => *ms = 1_000_000_000,
            }
        }
        if let Some(chaos) = &mut scenario.chaos {
            chaos.from_ms = 1_000_000_000;
        }
        let (result, _) = run(&scenario, 0);
        assert!(!result.passed, "{} passes without its faults", scenario.name);
        assert!(
            result.failures.iter().any(|failure| failure.starts_with("inert: ")),
            "{:?}",
            result.failures
        );
    }
    assert!(count > 0, "no scenario declares a fault");
}
