//! Databases of somebody else's, each of which is taken for one run alone, and in which nothing of the run is left when
//! it is over, however it has ended.

use std::cell::RefCell;
use std::rc::Rc;

use super::target::{Seat, Target};
use crate::BackendError;
use crate::dialect::DROP_TABLES;

/// So often it is tried to drop the tables, while sessions of the run end in their own time.
const TRIES: u32 = 5;

/// What a run has taken. It outlives the run, which is dropped where it stands when the user interrupts it.
#[derive(Default)]
pub(super) struct Claims(RefCell<Vec<Claim>>);

/// Keeps other runs away as long as its session lives.
struct Claim {
    target: Rc<Target>,
    seat: Seat,
}

impl Claims {
    /// Takes a database for this run alone.
    pub(super) async fn take(&self, target: &Rc<Target>) -> Result<(), BackendError> {
        let seat = target.claim().await?;
        self.0.borrow_mut().push(Claim { target: Rc::clone(target), seat });
        Ok(())
    }

    /// Leaves the databases as they were before the run, when all its other sessions are over. What cannot be done at one
    /// of them is done at the others.
    pub(super) async fn leave_nothing(self) -> Vec<BackendError> {
        let mut failed = Vec::new();
        for claim in self.0.into_inner() {
            failed.extend(claim.leave_nothing().await.err());
        }
        failed
    }
}

impl Claim {
    async fn leave_nothing(self) -> Result<(), BackendError> {
        let Self { target, mut seat } = self;
        if seat.ask("SELECT 1").await.is_err() {
            // Its server may have been restarted. Where another run has begun since, that one cleans up.
            seat = target.claim().await?;
        }
        for tries in 1.. {
            target.roll_back_all(&mut seat).await?;
            match seat.ask(DROP_TABLES).await {
                // A session that had its last statement before it may have prepared a branch since.
                Err(error) if error.code().is_some() && tries < TRIES => {}
                dropped => return dropped.map(drop).map_err(|error| target.failed(&error)),
            }
        }
        Ok(())
    }
}
