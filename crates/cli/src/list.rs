//! `2pc-test list`: which scenarios there are, in the order in which they run.

use std::fmt::Write;

use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::names;
use crate::screen::Screen;

#[derive(Serialize)]
struct Row {
    name: String,
    category: String,
    description: String,
    participants_min: u32,
}

pub(crate) fn list(category: Option<&str>, json: bool) -> Result<Exit, Failure> {
    // With one participant, each scenario has as many as it needs at the least.
    let catalog = names::catalog(1);
    let categories = match category {
        Some(name) => std::slice::from_ref(names::category(&catalog, name)?),
        None => catalog.categories(),
    };
    let scenarios = categories.iter().flat_map(|category| {
        category.entries.iter().map(|entry| {
            let scenario = category.build(entry, 1);
            Row {
                name: scenario.name,
                category: scenario.category,
                description: scenario.description,
                participants_min: scenario.participants,
            }
        })
    });
    let rows: Vec<Row> = scenarios.collect();
    let mut screen = Screen::new();
    if json {
        screen.print_json(&rows)?;
        screen.print("\n")?;
    } else {
        screen.print(table(&rows))?;
    }
    Ok(Exit::Valid)
}

fn table(rows: &[Row]) -> String {
    let width = |of: fn(&Row) -> &str| rows.iter().map(|row| of(row).chars().count()).max().unwrap_or(0);
    let (names, categories) = (width(|row| &row.name), width(|row| &row.category));
    let mut table = String::new();
    for Row { name, category, description, .. } in rows {
        let _ = writeln!(table, "{name:names$}  {category:categories$}  {description}");
    }
    table
}
