//! Keeping a lease: a handler runs only as long as its lease certainly lasts.
//!
//! A lease is short, so that the jobs of a process that died are soon taken over, and is renewed while the handler
//! runs. When it cannot be renewed, the handler is stopped *before* another process may take the job: nobody does a
//! job beside somebody else, as long as the machines' clocks agree to within [`LEASE`] less [`GIVE_UP`].

use std::time::Duration;

use store::{Lease, Store, StoreError};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::limits::{GIVE_UP, HANDLER_LIMIT, LEASE, RENEW_EVERY, RENEW_PAUSE};
use crate::{Outcome, Running};

/// How a handler ended, or why it was stopped.
pub(crate) enum Kept {
    /// It came back.
    Outcome(Outcome),
    /// Its lease was another's, or could not be renewed.
    Lost,
    /// It took longer than any handler may.
    Overdue,
}

/// How fast a lease is renewed and given up.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    renew_every: Duration,
    renew_pause: Duration,
    give_up: Duration,
    handler_limit: Duration,
}

/// The pace of every queue.
pub(crate) const PACE: Pace = Pace {
    renew_every: RENEW_EVERY,
    renew_pause: RENEW_PAUSE,
    give_up: GIVE_UP,
    handler_limit: HANDLER_LIMIT,
};

/// Runs a handler while its lease, which was asked for at `taken_at`, lasts.
pub(crate) async fn keep(store: &Store, lease: &Lease, taken_at: Instant, pace: Pace, work: Running) -> Kept {
    tokio::select! {
        // A handler that has come back has, whatever else happened at that moment.
        biased;
        outcome = work => Kept::Outcome(outcome),
        () = sleep_until(taken_at + pace.handler_limit) => Kept::Overdue,
        () = until_lost(store, lease, taken_at, pace) => Kept::Lost,
    }
}

/// Renews the lease until that fails for too long.
async fn until_lost(store: &Store, lease: &Lease, taken_at: Instant, pace: Pace) {
    let mut renewed = taken_at;
    let mut wait = pace.renew_every;
    loop {
        let give_up = renewed + pace.give_up;
        sleep_until(give_up.min(Instant::now() + wait)).await;
        let asked = Instant::now();
        if asked >= give_up {
            return;
        }
        match timeout_at(give_up, store.jobs().extend(lease, LEASE)).await {
            Ok(Ok(())) => (renewed, wait) = (asked, pace.renew_every),
            Ok(Err(StoreError::Conflict)) | Err(_) => return,
            Ok(Err(_)) => wait = pace.renew_pause,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base::{Timestamp, VirtualClock};
    use phi::{LocalKey, SystemRandom};
    use store::{Database, Lane, NewJob, Options, Scope, Share};
    use tempfile::TempDir;

    use super::*;

    const QUEUE: &str = "test";
    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(1);
    const SLOW: Pace = Pace { renew_every: LONG, renew_pause: LONG, give_up: LONG, handler_limit: LONG };

    /// A store with one job in it.
    async fn store() -> (Store, Arc<VirtualClock>, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(VirtualClock::standing_at(Timestamp::from_seconds(1_760_000_000)));
        let options = Options {
            database: Database::Sqlite(folder.path().join("switchward.db")),
            wrapper: Arc::new(LocalKey::generate()),
            clock: clock.clone(),
            random: Arc::new(SystemRandom),
        };
        let store = Store::open(options).await.unwrap();
        let mut batch = store.batch(Scope::SYSTEM);
        let due_at = clock_now(&store);
        batch.enqueue(NewJob { queue: QUEUE, lane: None, ordering_key: None, due_at, payload: Vec::new() });
        store.commit(batch).await.unwrap();
        (store, clock, folder)
    }

    fn clock_now(store: &Store) -> Timestamp {
        store.clock().now()
    }

    async fn take(store: &Store) -> Option<Lease> {
        let share = Share { lane: Lane::NONE, limit: 1, due_by: clock_now(store) };
        store.jobs().take(QUEUE, &[share], LEASE).await.unwrap().leases.pop()
    }

    #[tokio::test]
    async fn a_lease_is_renewed_while_its_handler_runs() {
        let (store, clock, _folder) = store().await;
        let lease = take(&store).await.unwrap();
        clock.advance(LEASE / 2);
        let until = clock_now(&store).plus(LEASE);
        let renewed = store.clone();
        let work: Running = Box::pin(async move {
            while renewed.jobs().next_due(QUEUE).await.unwrap() != Some(until) {
                tokio::task::yield_now().await;
            }
            Outcome::Done
        });
        let pace = Pace { renew_every: SHORT, ..SLOW };
        assert!(matches!(
            keep(&store, &lease, Instant::now(), pace, work).await,
            Kept::Outcome(Outcome::Done)
        ));
    }

    #[tokio::test]
    async fn a_handler_is_stopped_when_another_has_its_job() {
        let (store, clock, _folder) = store().await;
        let lease = take(&store).await.unwrap();
        clock.advance(LEASE);
        assert!(take(&store).await.is_some());
        let pace = Pace { renew_every: SHORT, ..SLOW };
        let work = Box::pin(std::future::pending());
        assert!(matches!(keep(&store, &lease, Instant::now(), pace, work).await, Kept::Lost));
    }

    #[tokio::test]
    async fn a_handler_is_stopped_when_its_lease_cannot_be_renewed_in_time() {
        let (store, _clock, _folder) = store().await;
        let lease = take(&store).await.unwrap();
        store.clone().close().await;
        let pace = Pace { renew_every: SHORT, renew_pause: SHORT, give_up: SHORT * 20, ..SLOW };
        let work = Box::pin(std::future::pending());
        assert!(matches!(keep(&store, &lease, Instant::now(), pace, work).await, Kept::Lost));
    }

    #[tokio::test]
    async fn a_handler_that_never_ends_is_stopped() {
        let (store, _clock, _folder) = store().await;
        let lease = take(&store).await.unwrap();
        let work = Box::pin(std::future::pending());
        let pace = Pace { handler_limit: SHORT, ..SLOW };
        assert!(matches!(keep(&store, &lease, Instant::now(), pace, work).await, Kept::Overdue));
    }
}
