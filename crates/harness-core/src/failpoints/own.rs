//! Fail points of the code under test. Nobody here knows which there are, so one that is misspelt is only seen by this: it
//! never fires.

use super::counted;

/// After so many passings nothing may be left to happen: what is left is asked for one by one.
const PASSINGS_MAX: usize = 1_000_000;

/// A fail point of the code under test that is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnPoint {
    pub(crate) name: String,
    /// Whether anything is to happen there at all.
    fires: bool,
    /// Whether that is, or ends with, a panic.
    panics: bool,
    /// So many passings are counted.
    passings: usize,
    /// In so many of them the code returns early.
    returns: usize,
}

impl OwnPoint {
    /// Allows what replays, whatever the code makes of it.
    pub(super) fn configured(name: &str, actions: &str) -> Result<Self, String> {
        let mut point = Self { name: name.to_owned(), fires: false, panics: false, passings: 0, returns: 0 };
        let mut goes_on = true;
        for action in actions.split("->") {
            let (count, task) = task(action)?;
            point.fires |= task != "off";
            point.panics |= task == "panic";
            goes_on &= count.is_some();
            if let Some(count) = count.filter(|_| goes_on) {
                point.passings = point.passings.saturating_add(count);
                let returns = if task == "off" { 0 } else { count };
                point.returns = point.returns.saturating_add(returns);
            }
        }
        if point.passings > PASSINGS_MAX {
            return Err(format!("\"{actions}\" counts beyond {PASSINGS_MAX}: use smaller counts"));
        }
        Ok(point)
    }

    /// Asks the registry for all that is left: nothing has happened if all of it is. One that panics cannot be asked; that
    /// it has is told by the code that failed.
    pub(crate) fn never_fired(&self) -> bool {
        let is_whole = || (0..self.passings).filter(|_| self.returns_now()).count() == self.returns;
        self.fires && (self.panics || is_whole())
    }

    /// `fail_point!` returns from its function, so it has one to itself.
    fn returns_now(&self) -> bool {
        fail::fail_point!(&self.name, |_| true);
        false
    }
}

/// How often a task is carried out, and which it is; only `off` may go on for ever.
fn task(action: &str) -> Result<(Option<usize>, &str), String> {
    let (count, task) = match counted(action) {
        Some((count, task)) => (Some(count), task),
        None if action.trim() == "off" => (None, "off"),
        None => return Err(format!("\"{action}\" does not begin with a count, as in 1*{action}")),
    };
    let is_return = task == "return" || (task.starts_with("return(") && task.ends_with(')'));
    if is_return || task == "off" || task == "panic" {
        return Ok((count, task));
    }
    Err(format!("\"{action}\" is not allowed: use off, return, return(VALUE) or panic"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a point answers after so many passings, one scenario at a time in this process.
    fn never_fired(actions: &str, passed: usize) -> bool {
        let _turn = fail::FailScenario::setup();
        let point = OwnPoint::configured("mine::here", actions).expect("it is well formed");
        fail::cfg(&*point.name, actions).expect("it is well formed");
        (0..passed).for_each(|_| {
            let _ = point.returns_now();
        });
        point.never_fired()
    }

    #[test]
    fn it_has_fired_once_something_is_gone_that_was_to_happen() {
        let chain = "2*off->1*return(a)->1*off->2*return(b)";
        assert!((0..=2).all(|passed| never_fired(chain, passed)));
        assert!((3..=9).all(|passed| !never_fired(chain, passed)));
        assert!(!never_fired("off", 0) && !never_fired("3*off", 0), "nothing is to happen");
        assert!(never_fired("off->1*return", 9), "it cannot be reached");
        assert!(never_fired("2*off->1*panic->1*return", 2), "one that panics is not asked");
    }
}
