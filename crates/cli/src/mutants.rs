//! `2pc-test mutants`: the suite against seeded bugs. One that survives fails the command.

use std::fmt::Write;

use mutants::{Hunt, Mutant, catalogue, hunt, hunting_ground};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::names;
use crate::plan::failpoints;
use crate::screen::Screen;
use crate::text::count;

/// One mutant, as JSON.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    bug: &'a str,
    seen: Option<&'a str>,
    must_be_caught_by: String,
    caught_by: Vec<String>,
    survives: bool,
    /// By category, after how many scenarios it was caught by what it names.
    categories: Vec<(&'static str, Option<u32>)>,
    scenario: Option<&'a str>,
    transactions: Option<u64>,
    seconds: Option<f64>,
}

pub(crate) fn mutants(names: &[String], all: bool, json: bool) -> Result<Exit, Failure> {
    let known = catalogue();
    let named: Result<Vec<Mutant>, Failure> = names.iter().map(|name| names::mutant(&known, name)).collect();
    let chosen = if names.is_empty() { known } else { named? };
    failpoints()?;
    let ground = hunting_ground();
    let categories: Vec<&'static str> = ground.iter().map(|(category, _)| category.name).collect();
    let mut screen = Screen::new();
    if !json {
        screen.print(head(&categories))?;
    }
    let (mut survivors, mut otherwise) = (Vec::new(), Vec::new());
    for mutant in &chosen {
        let hunt = match hunt(mutant, &ground, 0, !all) {
            Ok(hunt) => hunt,
            Err(error) => {
                screen.remark(format_args!("error: {}: {error}", mutant.name));
                return Ok(Exit::NotRun);
            }
        };
        match (hunt.is_killed(), &hunt.kill) {
            (false, _) => survivors.push(mutant.name),
            (true, None) => otherwise.push(mutant.name),
            (true, Some(_)) => {}
        }
        if json {
            screen.print_json(&row(mutant, &hunt, &categories))?;
            screen.print("\n")?;
        } else {
            screen.print(line(mutant, &hunt))?;
        }
    }
    if !json {
        screen.print(foot(chosen.len(), &survivors, &otherwise))?;
    }
    Ok(if survivors.is_empty() { Exit::Valid } else { Exit::Violated })
}

const NAME: usize = 49;

fn head(categories: &[&str]) -> String {
    let mut text = format!("{:NAME$}", "");
    for category in categories {
        let letters: String = category.chars().take_while(|letter| *letter != ' ').take(5).collect();
        let _ = write!(text, " {letters:>5}");
    }
    text.push_str("  transactions  seconds  caught by\n");
    text
}

fn line(mutant: &Mutant, hunt: &Hunt) -> String {
    let mut text = format!("{:NAME$}", mutant.name);
    for cell in &hunt.cells {
        let _ = write!(text, " {cell:>5}");
    }
    let _ = match &hunt.kill {
        Some(kill) => {
            writeln!(text, "  {:>12}  {:>7.3}  {}", kill.transactions, kill.seconds, mutant.caught_by)
        }
        None if hunt.is_killed() => {
            writeln!(text, "  not {}, but {}", mutant.caught_by, caught_by(hunt).join(", "))
        }
        None => writeln!(text, "  SURVIVES"),
    };
    text
}

fn foot(all: usize, survivors: &[&str], otherwise: &[&str]) -> String {
    let mut text = format!(
        "\n{}: {} killed, {} by what they name\n",
        count(all as u64, "mutant", "mutants"),
        all - survivors.len(),
        all - survivors.len() - otherwise.len()
    );
    for (what, names) in [("survive", survivors), ("killed by something else only", otherwise)] {
        if !names.is_empty() {
            let _ = writeln!(text, "{what}: {}", names.join(", "));
        }
    }
    text
}

fn caught_by(hunt: &Hunt) -> Vec<String> {
    hunt.caught_by.iter().map(ToString::to_string).collect()
}

fn row<'a>(mutant: &'a Mutant, hunt: &'a Hunt, categories: &[&'static str]) -> Row<'a> {
    let cells = hunt.cells.iter().map(|cell| cell.first);
    Row {
        name: mutant.name,
        bug: mutant.bug,
        seen: mutant.seen,
        must_be_caught_by: mutant.caught_by.to_string(),
        caught_by: caught_by(hunt),
        survives: !hunt.is_killed(),
        categories: categories.iter().copied().zip(cells).collect(),
        scenario: hunt.kill.as_ref().map(|kill| kill.scenario.as_str()),
        transactions: hunt.kill.as_ref().map(|kill| kill.transactions),
        seconds: hunt.kill.as_ref().map(|kill| kill.seconds),
    }
}
