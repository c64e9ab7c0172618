//! The databases before a run, and the final state after it.

use std::collections::BTreeSet;
use std::time::Duration;

use harness_core::TestScenario;
use history::{Fact, Gid, Key, NodeId, ParticipantId, Value};
use tokio::time::sleep;

use super::Run;
use super::target::{LOOKS, SOON, Seat, Target};
use crate::BackendError;
use crate::dialect::{ALL_FINISHED, CONTENTS, KEYS, TABLES, UNLOCKED};
use crate::wire::{Answer, Failure};

/// So often it is tried to get rid of what an earlier run left behind.
const TRIES: u32 = 200;

impl Target {
    pub(super) fn failed(&self, error: &Failure) -> BackendError {
        BackendError::Database { node: self.id.to_string(), why: error.to_string() }
    }

    /// Makes the database ready for a run: nothing of ours is prepared, and each key is there with value 0.
    pub(super) async fn make_ready(&self, scenario: &TestScenario) -> Result<(), BackendError> {
        let mut seat = self.open_direct().await.map_err(|error| self.failed(&error))?;
        self.roll_back_all(&mut seat).await?;
        let keys = keys_of(scenario, self.id);
        let statements = [self.dialect.create_tables(), self.dialect.fill_tables(&mut keys.into_iter())];
        for statement in statements {
            seat.ask(&statement).await.map_err(|error| self.failed(&error))?;
        }
        Ok(())
    }

    /// Takes a database of somebody else's for this run alone, as long as the session lives that is returned.
    pub(super) async fn claim(&self) -> Result<Seat, BackendError> {
        let mut seat = self.open_direct().await.map_err(|error| self.failed(&error))?;
        for _ in 0..LOOKS {
            let answers = seat.ask(self.dialect.claim()).await.map_err(|error| self.failed(&error))?;
            if numbers(&answers).next() == Some(1) {
                self.mind_others_tables(&mut seat).await?;
                return Ok(seat);
            }
            // The session of a run that is over ends in its own time.
            sleep(SOON).await;
        }
        let why =
            "another run is at work in this database: wait for its end, or give each a database of its own";
        Err(BackendError::Database { node: self.id.to_string(), why: why.to_owned() })
    }

    /// A run takes its tables along, and with them what an earlier one has left, but nobody else's.
    async fn mind_others_tables(&self, seat: &mut Seat) -> Result<(), BackendError> {
        for (table, columns) in TABLES {
            let why = match seat.ask(&format!("SELECT {columns} FROM {table} LIMIT 0")).await {
                Err(error) if error.code().is_none_or(|code| !self.dialect.is_no_table(code)) => error,
                _ => continue,
            };
            let why =
                format!("the table {table} is not of a run ({why}): rename it, or name another database");
            return Err(BackendError::Database { node: self.id.to_string(), why });
        }
        Ok(())
    }

    /// Rolls back what is prepared by this run, and by earlier ones that were killed.
    pub(super) async fn roll_back_all(&self, seat: &mut Seat) -> Result<(), BackendError> {
        for tries in 0.. {
            let list = self.list(seat).await.map_err(|error| self.failed(&error))?;
            let own = list.own.iter().map(|&gid| self.dialect.abort_prepared(self.xid(gid)));
            let statements: Vec<String> = own.chain(list.stale).collect();
            if statements.is_empty() {
                break;
            }
            for statement in statements {
                // While the session that prepared a branch is still connected, the branch cannot be finished from here.
                if let Err(error) = seat.ask(&statement).await
                    && (tries == TRIES || error.code().is_none())
                {
                    return Err(self.failed(&error));
                }
            }
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// The transactions that have left their mark.
    pub(super) async fn finished(&self, seat: &mut Seat) -> Result<Vec<Gid>, Failure> {
        let answers = seat.ask(ALL_FINISHED).await?;
        Ok(numbers(&answers).map(Gid).collect())
    }
}

/// The keys that a scenario may use on a participant.
fn keys_of(scenario: &TestScenario, id: ParticipantId) -> BTreeSet<Key> {
    let drawn = 0..scenario.load.as_ref().map_or(0, |load| load.keys);
    let listed = scenario.transactions.iter().flat_map(|transaction| transaction.work_of(id));
    drawn.map(Key).chain(listed.map(|operation| operation.key)).collect()
}

fn numbers(answers: &[Answer]) -> impl Iterator<Item = u32> {
    answers.iter().flat_map(Answer::first_column).filter_map(|text| text.parse().ok())
}

impl Run<'_> {
    pub(super) async fn record_final_state(&mut self) -> Result<(), BackendError> {
        let coordinator = NodeId::COORDINATOR;
        match &self.node.machine {
            None => self.record.note(coordinator, Fact::LeftDown),
            Some(machine) => {
                if let Some(gid) = machine.oldest_unsettled() {
                    self.record.note(coordinator, Fact::LeftOpen { gid });
                }
            }
        }
        for index in 0..self.participants.len() {
            let participant = &mut self.participants[index];
            // The sessions that are left end here, and whatever they hold with them.
            participant.forget();
            let (target, is_up) = (std::rc::Rc::clone(&participant.target), participant.is_up);
            if !is_up {
                self.record.note(target.id.into(), Fact::LeftDown);
                continue;
            }
            let left = self.look_at(&target).await.map_err(|error| target.failed(&error))?;
            left.into_iter().for_each(|fact| self.record.note(target.id.into(), fact));
        }
        Ok(())
    }

    /// What a database holds in the end.
    async fn look_at(&mut self, target: &Target) -> Result<Vec<Fact>, Failure> {
        let id = target.id;
        let mut seat = target.open_direct().await?;
        target.end_all(&mut seat).await?;
        let prepared = target.list(&mut seat).await?.own;
        let finished = target.finished(&mut seat).await?;
        self.record.audit(id, &prepared, &finished);
        let mut left = Vec::new();
        for row in seat.ask(CONTENTS).await?.iter().flat_map(|answer| &answer.rows) {
            if let [Some(key), Some(value)] = row.as_slice()
                && let (Ok(key), Ok(value)) = (key.parse(), value.parse())
            {
                left.push(Fact::Stored { key: Key(key), value: Value(value) });
            }
        }
        left.extend(prepared.iter().map(|&gid| Fact::LeftInDoubt { gid }));
        for key in self.locked(&mut seat).await? {
            left.push(Fact::LeftLocked { gid: self.record.holder(id, key), key });
        }
        Ok(left)
    }

    /// The keys on which somebody has a lock, sessions that are just being ended left aside.
    async fn locked(&self, seat: &mut Seat) -> Result<Vec<Key>, Failure> {
        let keys: BTreeSet<u32> = numbers(&seat.ask(KEYS).await?).collect();
        let mut locked = BTreeSet::new();
        for _ in 0..20 {
            let unlocked: BTreeSet<u32> = numbers(&seat.ask(UNLOCKED).await?).collect();
            locked = keys.difference(&unlocked).copied().collect();
            if locked.is_empty() {
                break;
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(locked.into_iter().map(Key).collect())
    }
}
