//! The orders that need no look at the data: that of each client, and that of time.

use super::history::{ClientHistory, Ending, NEVER, Transaction};
use crate::isolation::{Dependency, Edge, RealTime};

/// Each client's committed transactions, one after the other.
pub(super) fn process_edges(history: &ClientHistory, edges: &mut Vec<Edge>) {
    in_turn(history, |_| true, edges);
}

/// Of each client's committed transactions those that are wanted come after the one before.
fn in_turn(history: &ClientHistory, is_wanted: impl Fn(&Transaction) -> bool, edges: &mut Vec<Edge>) {
    let mut last = vec![NEVER; history.processes.len()];
    for (number, one, _) in history.committed() {
        let before = std::mem::replace(&mut last[one.process as usize], number);
        if before != NEVER && is_wanted(one) {
            edges.push(Edge { from: before, to: number, dependency: Dependency::Process, key: 0 });
        }
    }
}

/// What was over before something else began; of what is not known to have begun, at least what its own client had ended
/// before. What was aborted did not happen, and of what nobody knows the end of nobody knows whether it was over.
pub(super) fn real_time_edges(history: &ClientHistory, edges: &mut Vec<Edge>) {
    let mut order = RealTime::new(history.transactions.len() as u32);
    for (is_over, number) in moments(history) {
        match (is_over, history.transactions[number as usize].ending) {
            (false, Ending::Committed | Ending::Unknown) => order.begun(number, edges),
            (true, Ending::Committed) => order.over(number, edges),
            _ => {}
        }
    }
    in_turn(history, |one| one.begun == NEVER, edges);
}

/// Who begins (false) or is over (true), moment by moment.
fn moments(history: &ClientHistory) -> Vec<(bool, u32)> {
    let mut moments = vec![NEVER; history.moments as usize];
    for (number, one, _) in history.all() {
        if one.begun != NEVER {
            moments[one.begun as usize] = number << 1;
        }
        if one.over != NEVER {
            moments[one.over as usize] = number << 1 | 1;
        }
    }
    moments.retain(|&moment| moment != NEVER);
    moments.into_iter().map(|moment| (moment & 1 == 1, moment >> 1)).collect()
}
