//! What `FAILPOINTS` in the environment says: at which steps, of whom, which faults, each named as reports name it.

use std::env::VarError;

use history::{FaultKind, NodeId, Point};

use crate::model::{FailureConfig, FailureMode, LinkEffect, NetworkFault, Trigger};
use crate::result::RunError;

mod own;
#[cfg(test)]
mod tests;

pub(crate) use own::OwnPoint;

/// A fail point's place: a step, on one node or on whichever passes it.
pub(crate) type Site = (Point, Option<NodeId>);

/// How long a node is down that is said to crash and no more.
const RESTART_AFTER_MS: u64 = 100;
/// Longer than any run goes on before everything heals.
const UNTIL_ALL_HEALS_MS: u64 = 365 * 24 * 3_600_000;

/// A fail point that the environment configures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Configured {
    /// One of ours.
    Step(Site),
    /// One of the code under test, which asks the registry by itself.
    Own(OwnPoint),
}

impl Configured {
    fn is_at(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Step(site), Self::Step(other)) => site == other,
            (Self::Own(point), Self::Own(other)) => point.name == other.name,
            _ => false,
        }
    }
}

/// What the `FAILPOINTS` environment variable configures, checked.
pub(crate) fn environment() -> Result<Vec<Configured>, RunError> {
    Ok(entries()?.into_iter().map(|(configured, _)| configured).collect())
}

/// The faults that it causes at our steps, each as if it struck the first time.
pub(crate) fn faults() -> Result<Vec<FailureConfig>, RunError> {
    Ok(entries()?.into_iter().flat_map(|(_, faults)| faults).collect())
}

fn entries() -> Result<Vec<(Configured, Vec<FailureConfig>)>, RunError> {
    let entries = match std::env::var("FAILPOINTS") {
        Ok(text) => parsed(&text),
        Err(VarError::NotPresent) => Ok(Vec::new()),
        Err(VarError::NotUnicode(_)) => Err("it is not valid UTF-8".to_owned()),
    };
    entries.map_err(|reason| RunError::Failpoints { reason })
}

fn parsed(text: &str) -> Result<Vec<(Configured, Vec<FailureConfig>)>, String> {
    let texts: Vec<&str> = text.split(';').map(str::trim).filter(|entry| !entry.is_empty()).collect();
    let entries = texts.iter().map(|text| entry(text)).collect::<Result<Vec<_>, _>>()?;
    for (place, (configured, _)) in entries.iter().enumerate() {
        let earlier = entries[..place].iter().position(|(other, _)| other.is_at(configured));
        if let Some(earlier) = earlier {
            return Err(twice(texts[earlier], texts[place]));
        }
    }
    Ok(entries)
}

/// The registry has one entry a name: the later one would take the place of the earlier.
fn twice(earlier: &str, later: &str) -> String {
    let actions = later.split_once('=').map_or(later, |(_, actions)| actions);
    format!(
        "\"{earlier}\" and \"{later}\" are about the same fail point: write one entry, with -> between the \
         actions, as in {earlier}->{actions}"
    )
}

fn entry(entry: &str) -> Result<(Configured, Vec<FailureConfig>), String> {
    let (name, actions) =
        entry.split_once('=').ok_or_else(|| format!("\"{entry}\" is not of the form POINT=ACTIONS"))?;
    if is_own(name) {
        return Ok((OwnPoint::configured(name, actions).map(Configured::Own)?, Vec::new()));
    }
    let (point, node) = match name.split_once('@') {
        Some((point, node)) => (point, Some(node_of(node)?)),
        None => (name, None),
    };
    let point = point.parse::<Point>().map_err(|error| error.to_string())?;
    let mut faults = Vec::new();
    for fault in actions.split("->").map(action).collect::<Result<Vec<_>, _>>()?.into_iter().flatten() {
        let mode = mode_of(fault, node).ok_or_else(|| no_fault(fault))?;
        if restarts_at_once(&mode) {
            return Err(format!(
                "\"{fault}\" leaves no time between two crashes: let the node be down for 1 at least"
            ));
        }
        let fault = FailureConfig { node, mode, trigger: Trigger::AtPoint { point, nth: 1 } };
        fault.check()?;
        faults.push(fault);
    }
    Ok((Configured::Step((point, node)), faults))
}

/// The registry would not find one that is written otherwise.
fn node_of(text: &str) -> Result<NodeId, String> {
    let node = text.parse::<NodeId>().map_err(|error| error.to_string())?;
    if node.to_string() == text { Ok(node) } else { Err(format!("\"{text}\" is written {node} here")) }
}

/// Whether a name is in a module, and in none of those that our steps are in.
fn is_own(name: &str) -> bool {
    let ours = |family: &str| Point::ALL.iter().any(|point| point.name().split("::").next() == Some(family));
    name.split_once("::").is_some_and(|(family, _)| !ours(family))
}

/// Allows what replays and ends: `[COUNT*]off` and `COUNT*return(FAULT)`. Returns what should be a fault; a count would not
/// help what is none.
fn action(action: &str) -> Result<Option<&str>, String> {
    let (counted, task) = match counted(action) {
        Some((_, task)) => (true, task),
        None if action.contains('*') => return Err(format!("\"{action}\" does not begin with a count")),
        None => (false, action.trim()),
    };
    match task.strip_prefix("return(").and_then(|rest| rest.strip_suffix(')')) {
        None if task == "off" => Ok(None),
        None => {
            Err(format!("\"{action}\" is not allowed: use off, or return(FAULT) after a count such as 1*"))
        }
        Some(fault) if counted || mode_of(fault, None).is_none() => Ok(Some(fault)),
        Some(_) => Err(format!("\"{action}\" would strike for ever: begin with a count, as in 1*{task}")),
    }
}

/// What is to be done so often and no more, if it begins with a count. The registry knows no space between the two.
fn counted(action: &str) -> Option<(usize, &str)> {
    let (count, task) = action.trim().split_once('*')?;
    Some((count.parse().ok()?, task))
}

fn no_fault(text: &str) -> String {
    if let Some(reason) = beyond_bounds(text) {
        return reason;
    }
    let faults: Vec<String> = FaultKind::ALL.iter().filter_map(|&kind| usage(kind)).collect();
    format!("\"{text}\" is no fault that can be caused here: use one of {}", faults.join(", "))
}

/// What is wrong with a fault that would be one with another number.
fn beyond_bounds(text: &str) -> Option<String> {
    let digits = |number: &str| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
    FaultKind::ALL.iter().find_map(|&kind| {
        let number = text.strip_prefix(kind.to_string().as_str())?.strip_prefix(' ')?;
        let usage = number_of(kind).filter(|usage| !usage.is_empty() && number.parse::<i32>().is_err())?;
        if digits(number) {
            let most = if usage == PERCENT { 100 } else { i32::MAX };
            return Some(format!("the number of \"{text}\" is too large: the greatest is {most}"));
        }
        let is_negative = usage == SIGNED_MS && number.strip_prefix('-').is_some_and(digits);
        is_negative.then(|| format!("the number of \"{text}\" is too small: the least is {}", i32::MIN))
    })
}

/// How a fault of this kind is written, if it can be.
fn usage(kind: FaultKind) -> Option<String> {
    let number = number_of(kind)?;
    Some(format!("{kind} {number}").trim_end().to_owned())
}

const SIGNED_MS: &str = "[-]MS";
const PERCENT: &str = "PERCENT";

/// What number is written behind the kind of a fault; `None` if it needs more than a number, or a stand-by in the scenario.
fn number_of(kind: FaultKind) -> Option<&'static str> {
    use FaultKind as K;
    match kind {
        K::VoteNo | K::LockTimeout | K::FailingSync => Some(""),
        K::Crash | K::TornTail | K::CorruptRecord | K::Wiped => Some("[MS|never]"),
        K::Pause | K::SlowNode | K::SlowSync | K::DiskFull | K::Partition => Some("MS"),
        K::Delay | K::Duplicate | K::Reorder => Some("MS"),
        K::Clock => Some(SIGNED_MS),
        K::Loss | K::Corrupt => Some(PERCENT),
        K::PreparedLimit => Some("BRANCHES"),
        K::Heuristic | K::Takeover => None,
    }
}

/// What a fault does that is written as its kind and, where it needs one, a number. One of the network strikes the
/// links of the node, or all where none is named.
pub(crate) fn mode_of(text: &str, node: Option<NodeId>) -> Option<FailureMode> {
    use FaultKind as K;
    let (kind, number) = FaultKind::ALL.iter().find_map(|&kind| {
        let rest = text.strip_prefix(kind.to_string().as_str())?;
        let number = if rest.is_empty() { Some(rest) } else { rest.strip_prefix(' ') };
        // What begins with "corrupt" may be another kind.
        let is_one = |it: &&str| rest.is_empty() || *it == "never" || it.parse::<i32>().is_ok();
        Some((kind, number.filter(is_one)?))
    })?;
    let amount = || number.parse::<u32>().ok();
    let ms = || amount().map(u64::from);
    let restart_after_ms = || match number {
        "" => Some(Some(RESTART_AFTER_MS)),
        "never" => Some(None),
        _ => ms().map(Some),
    };
    let on_links = |effect, for_ms| {
        let from = node.into_iter().collect();
        let everywhere = NetworkFault::everywhere(effect);
        Some(FailureMode::Network(NetworkFault { from, both_ways: true, for_ms, ..everywhere }))
    };
    let (percent, for_ms) = (100, UNTIL_ALL_HEALS_MS);
    match kind {
        K::VoteNo if number.is_empty() => Some(FailureMode::VoteNo),
        K::LockTimeout if number.is_empty() => Some(FailureMode::LockTimeout),
        K::FailingSync if number.is_empty() => Some(FailureMode::FailingSync),
        K::VoteNo | K::LockTimeout | K::FailingSync | K::Heuristic | K::Takeover => None,
        K::Crash => Some(FailureMode::Crash { restart_after_ms: restart_after_ms()? }),
        K::TornTail => Some(FailureMode::TornTail { restart_after_ms: restart_after_ms()? }),
        K::CorruptRecord => Some(FailureMode::CorruptRecord { restart_after_ms: restart_after_ms()? }),
        K::Wiped => Some(FailureMode::Wiped { restart_after_ms: restart_after_ms()? }),
        K::Pause => Some(FailureMode::Pause { for_ms: ms()? }),
        K::DiskFull => Some(FailureMode::DiskFull { for_ms: ms()? }),
        K::SlowNode => Some(FailureMode::SlowNode { by_ms: ms()?, for_ms }),
        K::SlowSync => Some(FailureMode::SlowSync { by_ms: ms()?, for_ms }),
        K::Clock => Some(FailureMode::Clock { jump_ms: number.parse::<i32>().ok()?.into(), drift_ppm: 0 }),
        K::PreparedLimit => Some(FailureMode::PreparedLimit { most: amount()? }),
        K::Partition => on_links(LinkEffect::Cut, Some(ms()?)),
        K::Loss => on_links(LinkEffect::Lose { percent: amount()? }, None),
        K::Corrupt => on_links(LinkEffect::Corrupt { percent: amount()? }, None),
        K::Delay => on_links(LinkEffect::Delay { min_ms: ms()?, max_ms: ms()? }, None),
        K::Duplicate => on_links(LinkEffect::Duplicate { percent, within_ms: ms()? }, None),
        K::Reorder => on_links(LinkEffect::Reorder { percent, within_ms: ms()? }, None),
    }
}

/// A step of recovery would be passed again at the same instant, for ever.
fn restarts_at_once(mode: &FailureMode) -> bool {
    matches!(
        mode,
        FailureMode::Crash { restart_after_ms: Some(0) }
            | FailureMode::TornTail { restart_after_ms: Some(0) }
            | FailureMode::CorruptRecord { restart_after_ms: Some(0) }
            | FailureMode::Wiped { restart_after_ms: Some(0) }
    )
}
