//! Transactions for each second of real time on real databases without faults, judged as always, and beside them, in
//! turn and on the same server, those of pgbench with the same statements.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use backends::{Databases, Durability, Kind, Options};
use harness_core::history::{Fact, History, Outcome};
use harness_core::{Load, SlaRequirements, TestScenario, TwoPhaseCommitTestHarness};

type Error = Box<dyn std::error::Error>;

const BOTH: [Kind; 2] = [Kind::Postgres, Kind::MariaDb];
const ROUNDS: u32 = 5;
/// So long pgbench works each time.
const SECONDS: u32 = 3;
/// What a transaction does in the driver is done here: it leaves its mark, and adds to one of a thousand keys.
const SCRIPT: &str = "\
\\set n :n + 1
\\set gid (:client_id + 1) * 10000000 + :n
\\set key random(0, 999)
BEGIN ISOLATION LEVEL READ COMMITTED;
INSERT INTO test2pc_finished VALUES (:gid);
UPDATE test2pc_item SET v = v + (1), previous = writer, writer = :gid WHERE k = :key RETURNING v, previous;
PREPARE TRANSACTION 'pgbench-:gid';
COMMIT PREPARED 'pgbench-:gid';
";

fn main() -> Result<(), Error> {
    // As with any benchmark, words after the options choose among the lines.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let mut out = std::io::stdout().lock();
    writeln!(out, "transactions a second, median of {ROUNDS} rounds")?;
    for (durability, fsync) in [(Durability::Process, "off"), (Durability::Machine, "on")] {
        for (kinds, name) in
            [(&BOTH[..1], "postgres"), (&BOTH[1..], "mariadb"), (&BOTH[..], "postgres,mariadb")]
        {
            for clients in [1, 16] {
                let line = format!("fsync {fsync:<3}  {clients:>2} clients  {name:<16}");
                if !wanted.iter().all(|word| line.split_whitespace().any(|part| part == word)) {
                    continue;
                }
                writeln!(out, "{line}  {}", measure(kinds, durability, clients)?)?;
            }
        }
    }
    Ok(())
}

/// Our rate, and where pgbench can do the same, its rate too.
fn measure(kinds: &[Kind], durability: Durability, clients: u32) -> Result<String, Error> {
    let databases = Rc::new(Databases::new(Options { kinds: kinds.to_vec(), durability })?);
    let participants = kinds.len() as u32;
    // Makes the tables, and warms up.
    let mut many = 1_000;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let rate = driver(&databases, participants, clients, many)?;
        many = (rate * f64::from(SECONDS)) as u32;
        if round > 0 {
            ours.push(rate);
        }
        if let ([Kind::Postgres], [(_, folder)]) = (kinds, &databases.kept()[..]) {
            theirs.push(pgbench(folder, clients)?);
        }
    }
    let ours = median(ours);
    Ok(if theirs.is_empty() {
        format!("{ours:>7.0}")
    } else {
        let theirs = median(theirs);
        format!("{ours:>7.0}  pgbench {theirs:>7.0}  {:.2} of it", ours / theirs)
    })
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// The driver's commits a second, from the first begin to the last answer.
fn driver(
    databases: &Rc<Databases>,
    participants: u32,
    clients: u32,
    transactions: u32,
) -> Result<f64, Error> {
    let mut scenario = TestScenario::new("As many as it can.", participants)
        .load(Load::transfers(transactions, participants))
        .in_flight(clients)
        .sla(SlaRequirements::chaos());
    scenario.coordinator.one_phase = false;
    let harness = TwoPhaseCommitTestHarness::with_backend(0, Rc::clone(databases));
    let (result, history) = harness.run_recorded(&scenario)?;
    if !result.passed {
        return Err(format!("the run is no good: {:?}", result.failures).into());
    }
    Ok(rate(&history))
}

fn rate(history: &History) -> f64 {
    let answered = |fact: &Fact| matches!(fact, Fact::Answered { outcome: Outcome::Committed, .. });
    let commits = history.events.iter().filter(|event| answered(&event.fact));
    let (count, last) = commits.fold((0_u32, 0), |(count, _), event| (count + 1, event.at.0));
    let first = history.events.iter().find(|event| matches!(event.fact, Fact::Begun { .. }));
    let span = last - first.map_or(0, |event| event.at.0);
    f64::from(count) * 1e9 / span as f64
}

/// pgbench's transactions a second, on the driver's server and tables.
fn pgbench(folder: &Path, clients: u32) -> Result<f64, Error> {
    let script = std::env::temp_dir().join(format!("pgbench-{}.sql", std::process::id()));
    fs::write(&script, SCRIPT)?;
    let output = Command::new(program()?)
        .args(["-n", "-U", "postgres", "-p", "5432", "-D", "n=0", "-h"])
        .arg(folder)
        .args(["-c", &clients.to_string(), "-T", &SECONDS.to_string(), "-f"])
        .arg(&script)
        .arg("postgres")
        .output()?;
    fs::remove_file(&script)?;
    let told = String::from_utf8_lossy(&output.stdout);
    let rate = told.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    rate.ok_or_else(|| format!("pgbench: {told}{}", String::from_utf8_lossy(&output.stderr)).into())
}

/// Beside the server's programs of the newest version, or on the PATH.
fn program() -> Result<PathBuf, Error> {
    let mut found: Vec<PathBuf> = match fs::read_dir("/usr/lib/postgresql") {
        Ok(versions) => versions.flatten().map(|version| version.path().join("bin/pgbench")).collect(),
        Err(_) => Vec::new(),
    };
    found.retain(|path| path.is_file());
    found.sort();
    Ok(found.pop().unwrap_or_else(|| PathBuf::from("pgbench")))
}
