//! What the carrier tells later: receipts that wait for their time, and the task that gives them.

use std::collections::BTreeMap;
use std::time::Duration;

use base::Timestamp;
use futures_util::future::join_all;
use messaging::Inbox;
use messaging::carrier::{Receipt, Reference};
use store::StoreError;
use tokio::sync::watch;

use crate::Simulator;
use crate::limits::{CLOCK_POLL, FIRST_BACKOFF, LONGEST_BACKOFF, RECEIPTS_AT_ONCE, WAITING_RECEIPTS};

/// When a receipt is due; the number keeps those of one instant in order.
type Due = (Timestamp, u64);

/// Receipts by the time they are due.
#[derive(Default)]
pub(crate) struct Receipts {
    waiting: BTreeMap<Due, (Reference, Receipt)>,
    next: u64,
}

impl Receipts {
    pub(crate) fn is_full(&self) -> bool {
        self.waiting.len() >= WAITING_RECEIPTS
    }

    pub(crate) fn schedule(&mut self, at: Timestamp, reference: Reference, receipt: Receipt) {
        self.waiting.insert((at, self.next), (reference, receipt));
        self.next += 1;
    }

    /// The first ones that are due. They stay until they are settled, so that a task that is ended
    /// halfway loses none.
    fn due(&self, now: Timestamp) -> Vec<(Due, Reference, Receipt)> {
        let due = self.waiting.range(..=(now, u64::MAX)).take(RECEIPTS_AT_ONCE);
        due.map(|(due, (reference, receipt))| (*due, *reference, *receipt)).collect()
    }

    fn settle(&mut self, due: Due) {
        self.waiting.remove(&due);
    }

    /// Puts a receipt behind the others that are due, so that one that is refused stops no other.
    fn put_back(&mut self, due: Due, now: Timestamp) {
        if let Some((reference, receipt)) = self.waiting.remove(&due) {
            self.schedule(now, reference, receipt);
        }
    }

    fn first_due(&self) -> Option<Timestamp> {
        self.waiting.keys().next().map(|(at, _)| *at)
    }
}

/// How one round of giving receipts went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Receipts that were taken.
    pub taken: usize,
    /// Receipts that wait for another attempt.
    pub refused: usize,
}

impl Simulator {
    /// Gives receipts when they are due, until `stop` becomes true or is dropped. A receipt the
    /// inbox cannot take now is given again.
    pub async fn run(self, inbox: Inbox, stop: watch::Receiver<bool>) {
        let inbox = &inbox;
        self.run_with(|reference, receipt| inbox.receipt(reference, receipt), stop).await;
    }

    /// [`Simulator::run`] with any taker of receipts.
    pub async fn run_with<T, F>(&self, give: T, mut stop: watch::Receiver<bool>)
    where
        T: Fn(Reference, Receipt) -> F,
        F: Future<Output = Result<(), StoreError>>,
    {
        let mut failures = 0;
        while !*stop.borrow() {
            // Registered before looking, so that a receipt scheduled while we look is not missed.
            let changed = self.inner.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();

            let round = self.give_due(&give).await;
            failures = match round {
                Round { refused: 0, .. } => 0,
                Round { taken: 0, .. } => failures + 1,
                Round { .. } => 1,
            };
            let pause = if failures > 0 { Some(backoff(failures)) } else { self.until_due() };
            tokio::select! {
                // What is new waits with the rest when the inbox is refusing.
                () = changed, if failures == 0 => {}
                () = sleep(pause) => {}
                changed = stop.changed() => if changed.is_err() { break },
            }
        }
    }

    /// Gives the receipts that are due now, at most [`RECEIPTS_AT_ONCE`] of them.
    pub async fn give_due<T, F>(&self, give: T) -> Round
    where
        T: Fn(Reference, Receipt) -> F,
        F: Future<Output = Result<(), StoreError>>,
    {
        let due = self.state().receipts.due(self.now());
        let results = join_all(due.iter().map(|(_, reference, receipt)| give(*reference, *receipt))).await;
        let now = self.now();
        let mut round = Round::default();
        let mut state = self.state();
        for ((due, reference, _), result) in due.into_iter().zip(results) {
            match result {
                Ok(()) => {
                    state.receipts.settle(due);
                    round.taken += 1;
                }
                Err(error) if may_pass(&error) => {
                    tracing::warn!(message = %reference.message, %error, "a receipt was not taken and will be given again");
                    state.receipts.put_back(due, now);
                    round.refused += 1;
                }
                Err(error) => {
                    tracing::error!(message = %reference.message, %error, "a receipt cannot be taken and is dropped");
                    state.receipts.settle(due);
                }
            }
        }
        round
    }

    /// How long until the next receipt is due, by a clock that others may move; `None` without one.
    fn until_due(&self) -> Option<Duration> {
        let due = self.state().receipts.first_due()?;
        Some(due.since(self.now()).clamp(Duration::from_millis(1), CLOCK_POLL))
    }
}

/// Whether trying again can help: the account of a message may be gone, or its key destroyed.
fn may_pass(error: &StoreError) -> bool {
    match error {
        StoreError::Conflict | StoreError::Exists | StoreError::Unavailable(_) => true,
        StoreError::Sealed | StoreError::UnknownScope | StoreError::TooLarge => false,
    }
}

fn backoff(failures: u32) -> Duration {
    FIRST_BACKOFF.saturating_mul(1 << (failures - 1).min(10)).min(LONGEST_BACKOFF)
}

async fn sleep(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_within_bounds() {
        assert_eq!(backoff(1), FIRST_BACKOFF);
        assert_eq!(backoff(3), FIRST_BACKOFF * 4);
        assert_eq!(backoff(u32::MAX), LONGEST_BACKOFF);
    }
}
