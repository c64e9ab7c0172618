//! What a soak has to say, in words.

use std::fmt::Write as _;
use std::time::Duration;

use harness_core::{Spread, TestResult, Verdict};
use soak::folder::Status;
use soak::{ClusterResult, Shard, SoakPlan, SoakResult};

use crate::text::{self, count};

/// All that a soak came to; `wall` is what it took, if that was on this machine.
pub(super) fn result(result: &SoakResult, wall: Option<Duration>) -> String {
    let (plan, total) = (&result.identity.plan, result.total());
    let mut text = String::new();
    let _ = writeln!(text, "{}\n", title(plan));
    failed(&mut text, result);
    let _ = writeln!(text, "{}", epochs(&total));
    let _ = writeln!(text, "{}", transactions(&total));
    let _ = writeln!(text, "{}", faults(&total));
    latencies(&mut text, &total);
    let passed = result.virtual_time();
    let cost = match wall {
        Some(wall) => format!("{} of real time", seconds(wall)),
        None => format!("{} of work", seconds(Duration::from_secs_f64(total.wall_ms / 1e3))),
    };
    let _ =
        writeln!(text, "{passed} of virtual time in {cost}, {} of memory a cluster at most", memory(&total));
    let _ = writeln!(text, "digest {}", result.digest());
    text
}

fn title(plan: &SoakPlan) -> String {
    let SoakPlan { seed, clusters, participants, duration, epoch, rate, faults, .. } = plan;
    let clusters = count(u64::from(*clusters), "cluster", "clusters");
    format!(
        "soak of {clusters} for {duration}: {participants} participants, transactions {rate}, faults {faults}, epochs of {epoch}, seed {seed}"
    )
}

fn epochs(total: &ClusterResult) -> String {
    let epochs = count(total.epochs, "epoch", "epochs");
    match (total.violated, total.failed) {
        (0, 0) => format!("{epochs} validated, all passed"),
        (violated, failed) => {
            format!("{epochs} validated: {violated} VIOLATED, {failed} did not pass for another reason")
        }
    }
}

fn transactions(total: &ClusterResult) -> String {
    let tally = &total.tally;
    let neither = tally.transactions - tally.committed - tally.aborted;
    format!(
        "{} transactions: {} committed, {} aborted, {neither} neither; {} messages",
        tally.transactions, tally.committed, tally.aborted, tally.messages
    )
}

fn faults(total: &ClusterResult) -> String {
    let tally = &total.tally;
    let kinds: Vec<String> = tally.faults.iter().map(|(kind, times)| format!("{kind} {times}")).collect();
    let kinds = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
    let faults = count(total.faults_drawn, "fault", "faults");
    let struck = count(tally.faults_struck(), "time", "times");
    let recoveries = count(tally.recoveries, "recovery", "recoveries");
    format!("{faults}, which struck {struck}{kinds}; {recoveries}")
}

fn latencies(text: &mut String, total: &ClusterResult) {
    let tally = &total.tally;
    let all: [(&str, &Spread); 4] = [
        ("prepare", &tally.prepare),
        ("commit", &tally.commit),
        ("total", &tally.total),
        ("recovery", &tally.recovery),
    ];
    for (name, spread) in all {
        let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|share| spread.quantile_ms(share));
        let _ = writeln!(text, "{name:<9} p50 {p50:.1} ms, p99 {p99:.1} ms, p99.9 {p999:.1} ms");
    }
}

fn failed(text: &mut String, result: &SoakResult) {
    for (cluster, own) in &result.clusters {
        for epoch in &own.first {
            let word = if epoch.verdict == Verdict::Violated { "VIOLATED" } else { "FAILED" };
            let why = epoch.failures.join("; ");
            let _ = writeln!(
                text,
                "{word}  epoch {} of cluster {cluster} (seed {}): {why}",
                epoch.epoch, epoch.seed
            );
        }
    }
}

/// What a soak, or its part on this machine, has left to do, if anything.
pub(super) fn unfinished(result: &SoakResult, shard: Shard, has_state: bool) -> String {
    let how = if has_state {
        "the same command goes on from there"
    } else {
        "begun with --state, it could go on from there"
    };
    left(result, shard).map_or_else(String::new, |left| format!("not finished: {left}; {how}\n"))
}

/// Where the first of the clusters is that are not done.
fn left(result: &SoakResult, shard: Shard) -> Option<String> {
    let mut unfinished = result.unfinished().into_iter().filter(|&(cluster, _)| shard.has(cluster));
    let (cluster, lived) = unfinished.next()?;
    let others = match unfinished.count() {
        0 => String::new(),
        1 => ", and another one is not done either".to_owned(),
        n => format!(", and {n} others are not done either"),
    };
    Some(format!("cluster {cluster} is at epoch {lived} of {}{others}", result.identity.plan.epochs()))
}

/// What is missing from what was merged.
pub(super) fn missing(result: &SoakResult) -> String {
    let mut text = String::new();
    let shards = result.missing_shards();
    if !shards.is_empty() {
        let names: Vec<String> = shards.iter().map(Shard::to_string).collect();
        let _ = writeln!(text, "missing: shard {}", names.join(", "));
    }
    let is_of_those = |cluster: u32| shards.iter().any(|shard| shard.has(cluster));
    for (cluster, lived) in result.unfinished().into_iter().filter(|&(cluster, _)| !is_of_those(cluster)) {
        let epochs = result.identity.plan.epochs();
        let _ = writeln!(text, "missing: cluster {cluster} is at epoch {lived} of {epochs}");
    }
    text
}

/// One line on how far a soak is, of which so many epochs are over since it went on, and so many are left.
pub(super) fn progress(result: &SoakResult, lived: u64, left: u64, wall: Duration) -> String {
    let (plan, total) = (&result.identity.plan, result.total());
    let percent = 100.0 * total.epochs as f64 / (total.epochs + left) as f64;
    let time_left = match lived {
        0 => "?".to_owned(),
        _ => seconds(wall.mul_f64(left as f64 / lived as f64)),
    };
    format!(
        "{} ({percent:.1} %), {} transactions, {} faults, {} violations, {}, {}, {time_left} left",
        result.virtual_time(),
        total.tally.transactions,
        total.faults_drawn,
        total.violated,
        speed_up(plan, lived, wall),
        memory(&total),
    )
}

/// What a soak has come to by its records, which may be going on.
pub(super) fn status(status: &Status) -> String {
    let Status { result, shard, is_running } = status;
    let state = match (left(result, *shard), is_running) {
        (None, _) => "finished".to_owned(),
        (Some(left), true) => format!("running: {left}"),
        (Some(left), false) => format!("stopped: {left}; the command that began it goes on from there"),
    };
    format!("{}{state}\n", self::result(result, None))
}

/// An epoch that was run again.
pub(super) fn epoch(result: &TestResult) -> String {
    let (name, seed, status) = (&result.scenario_name, result.seed, crate::exit::Status::of(result));
    let (transactions, events) = (result.validation.transactions, result.validation.events);
    let size = format!("{}, {events} events", count(transactions, "transaction", "transactions"));
    format!("{name} (seed {seed}): {status}\n{size}\n{}digest {}\n", text::checks(result), result.digest)
}

fn speed_up(plan: &SoakPlan, epochs: u64, wall: Duration) -> String {
    let passed = epochs as f64 * plan.epoch.0.as_millis_f64() / 1e3;
    format!("{:.0} times as fast as time", passed / wall.as_secs_f64().max(1e-3))
}

fn memory(total: &ClusterResult) -> String {
    format!("{} MiB", total.memory_bytes >> 20)
}

fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 120.0 { format!("{seconds:.1} s") } else { format!("{:.1} min", seconds / 60.0) }
}
