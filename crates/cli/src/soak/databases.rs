//! A soak on real databases: epoch after epoch in real time, each told as it ends.

use soak::databases::Harm;

use super::args::SoakOptions;
use crate::engine::Engine;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::plan::{self, Format, Plan, Subject};
use crate::recordings::RecordingOptions;
use crate::run;

pub(super) fn soak(options: &SoakOptions) -> Result<Exit, Failure> {
    let engine = Engine::new(&options.backend, &options.urls)?;
    let failpoints = plan::failpoints()?;
    let mut soak = options.plan(failpoints.clone());
    soak.participants = options.participants.unwrap_or(engine.participants());
    if let Some(mistake) = soak.mistake() {
        return Err(Failure::Usage(mistake));
    }
    let harm = if options.urls.is_empty() { Harm::Any } else { Harm::None };
    let epochs = (0..soak.epochs()).map(|epoch| {
        let mut scenario = soak.scenario_on_databases(epoch, harm);
        scenario.name = format!("soak_epoch_{epoch:06}");
        Subject::Epoch { scenario: Box::new(scenario), command: command(options) }
    });
    run::run(&Plan {
        subjects: epochs.collect(),
        participants: soak.participants,
        engine,
        seed_first: options.seed,
        seeds: 1,
        format: if options.json { Format::JsonObject } else { Format::Overview { verbose: false } },
        output: None,
        recordings: RecordingOptions::default(),
        failpoints,
    })
}

/// What has to be typed for the like of it: real time does not come again.
fn command(options: &SoakOptions) -> String {
    let SoakOptions { duration, rate, faults, epoch, seed, .. } = options;
    format!(
        "soak --wall-clock --duration {duration} --epoch {epoch} --rate {rate} --faults {faults} --seed {seed}"
    )
}
