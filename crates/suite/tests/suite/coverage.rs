//! Which scenario strikes at which step and with which kind of fault: the tables of `docs/COVERAGE.md`, worked out anew
//! and compared.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use harness_core::history::{Fact, FaultKind, History, Point};
use harness_core::{TestScenario, Trigger};

use crate::{run, scenarios};

/// One scenario, run at three participants with seed 0.
struct Row {
    name: String,
    category: String,
    declared_points: BTreeSet<Point>,
    declared_kinds: BTreeSet<FaultKind>,
    fired_points: BTreeSet<Point>,
    fired_kinds: BTreeSet<FaultKind>,
}

impl Row {
    fn of(scenario: &TestScenario) -> Self {
        let (result, history) = run(scenario, 0);
        assert!(result.passed, "{result}");
        let faults = scenario.failure_configs.iter();
        let drawn = scenario.chaos.iter().flat_map(|chaos| chaos.kinds.iter().copied());
        let (fired_points, fired_kinds) = fired(&history);
        Self {
            name: scenario.name.clone(),
            category: scenario.category.clone(),
            declared_points: faults.clone().filter_map(|fault| point(fault.trigger)).collect(),
            declared_kinds: faults.map(|fault| fault.mode.kind()).chain(drawn).collect(),
            fired_points,
            fired_kinds,
        }
    }

    /// A fault of the network that begins at a step fires when it strikes a message, which is at no step.
    fn strikes_at(&self, point: Point) -> bool {
        self.declared_points.contains(&point) || self.fired_points.contains(&point)
    }

    fn has_faults(&self) -> bool {
        !self.declared_kinds.is_empty()
    }
}

fn point(trigger: Trigger) -> Option<Point> {
    match trigger {
        Trigger::AtPoint { point, .. } => Some(point),
        Trigger::AtMs(_) => None,
    }
}

fn fired(history: &History) -> (BTreeSet<Point>, BTreeSet<FaultKind>) {
    let mut fired = (BTreeSet::new(), BTreeSet::new());
    for event in &history.events {
        if let Fact::FaultFired { kind, point } = event.fact {
            fired.0.extend(point);
            fired.1.insert(kind);
        }
    }
    fired
}

#[test]
fn every_step_and_every_kind_of_fault_has_a_scenario_and_the_table_is_up_to_date() {
    let rows: Vec<Row> = scenarios(3).iter().map(Row::of).collect();
    for &point in Point::ALL {
        assert!(rows.iter().any(|row| row.strikes_at(point)), "no scenario strikes at {point}");
    }
    let silent = |kind: &&FaultKind| !rows.iter().any(|row| row.fired_kinds.contains(kind));
    let silent: Vec<FaultKind> = FaultKind::ALL.iter().filter(silent).copied().collect();
    assert!(silent.is_empty(), "kinds of fault that fire in no scenario: {silent:?}");

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/COVERAGE.md");
    let (written, worked_out) = (std::fs::read_to_string(&path).unwrap_or_default(), page(&rows));
    if std::env::var("INSTA_UPDATE").as_deref() == Ok("always") {
        std::fs::write(&path, &worked_out).expect("docs is a folder that can be written to");
    } else {
        assert!(
            written == worked_out,
            "docs/COVERAGE.md is out of date: run this test with INSTA_UPDATE=always"
        );
    }
}

fn page(rows: &[Row]) -> String {
    let mut page = "# What is covered\n\n\
        Written by the test `coverage` of the crate `suite`, from runs of all scenarios of fewer than 10,000 transactions\n\
        at three participants with seed 0; `INSTA_UPDATE=always cargo test -p suite coverage` writes it anew.\n\n\
        ## By protocol step\n\nScenarios in which something begins when a node passes the step.\n\n\
        | step | scenarios | which |\n| --- | ---: | --- |\n"
        .to_owned();
    for &point in Point::ALL {
        line(&mut page, &format!("`{point}`"), rows.iter().filter(|row| row.strikes_at(point)));
    }
    page.push_str(
        "\n## By kind of fault\n\nScenarios in which a fault of the kind fired.\n\n\
        | kind | scenarios | which |\n| --- | ---: | --- |\n",
    );
    for &kind in FaultKind::ALL {
        line(&mut page, &kind.to_string(), rows.iter().filter(|row| row.fired_kinds.contains(&kind)));
    }
    page.push_str(
        "\n## By scenario\n\nWhat each declares; of what is drawn from the seed, what did not fire is in brackets.\n",
    );
    for category in rows.chunk_by(|one, other| one.category == other.category) {
        let faulty = category.iter().filter(|row| row.has_faults());
        let (count, all) = (faulty.clone().count(), category.len());
        let _ =
            write!(page, "\n### {}\n\n{count} of {all} scenarios declare faults.\n\n", category[0].category);
        page.push_str("| scenario | kinds of fault | steps |\n| --- | --- | --- |\n");
        for row in faulty {
            let kinds = row.declared_kinds.iter().map(|kind| match row.fired_kinds.contains(kind) {
                true => kind.to_string(),
                false => format!("({kind})"),
            });
            let steps = row.declared_points.iter().map(|point| format!("`{point}`"));
            let [kinds, steps] = [kinds.collect::<Vec<_>>(), steps.collect()].map(|it| it.join(", "));
            let _ = writeln!(page, "| {} | {kinds} | {steps} |", row.name);
        }
    }
    page
}

/// Of many scenarios the first few are named.
fn line<'a>(page: &mut String, name: &str, rows: impl Iterator<Item = &'a Row>) {
    const NAMED_MAX: usize = 4;
    let names: Vec<&str> = rows.map(|row| row.name.as_str()).collect();
    let more = if names.len() > NAMED_MAX { ", .." } else { "" };
    let named = names[..names.len().min(NAMED_MAX)].join(", ");
    let _ = writeln!(page, "| {name} | {} | {named}{more} |", names.len());
}
