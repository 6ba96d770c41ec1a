//! Delivery: which destinations have work, and who does it.
//!
//! Every enabled destination is a consumer of its source's stream (`store::consumers`): a durable place that one
//! process at a time goes on from. A run (`run`) is one destination's, with its own request, back-off and claim, so one
//! that does not answer holds a slot for one request at most and costs the others nothing.

use std::collections::HashMap;
use std::sync::Arc;

use kit::Services;
use store::{Consumer, Scope, StoreError};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::limits;
use crate::measures::EngineMeasures;
use crate::records::DeadLetter;
use crate::transport::Transport;

/// Delivers events to destinations. Clones share what they count.
#[derive(Clone)]
pub struct Engine {
    pub(crate) services: Arc<Services>,
    pub(crate) transport: Arc<dyn Transport>,
    /// What it has done.
    pub measures: Arc<EngineMeasures>,
}

/// What a run is known by while it goes on.
type Key = (Scope, String);

/// The runs that go on, each with whether its destination failed the last time.
type Running = HashMap<Key, bool>;

impl Engine {
    /// An engine that delivers by `transport`.
    pub fn new(services: Arc<Services>, transport: Arc<dyn Transport>) -> Self {
        Self { services, transport, measures: Arc::default() }
    }

    /// Delivers until `stop` becomes true; runs in hand are finished first.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let (mut runs, mut running) = (JoinSet::new(), Running::new());
        while !*stop.borrow() {
            while let Some(ended) = runs.try_join_next() {
                ended_run(&mut running, ended);
            }
            self.start(&mut runs, &mut running).await;
            tokio::select! {
                // What has just ended may have more to do.
                Some(ended) = runs.join_next() => ended_run(&mut running, ended),
                () = sleep(limits::IDLE_POLL) => {}
                told = stop.changed() => if told.is_err() { break },
            }
        }
        while runs.join_next().await.is_some() {}
    }

    /// Starts a run for each destination that has work, as far as there are slots.
    async fn start(&self, runs: &mut JoinSet<Key>, running: &mut Running) {
        let free = limits::RUNS.saturating_sub(running.len());
        if free == 0 {
            return;
        }
        let due = match self.services.store.due_consumers(self.services.now(), limits::LOOK).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "destinations with work could not be looked for");
                return;
            }
        };
        let mut started = 0;
        for consumer in due {
            let key = (consumer.scope, consumer.name.clone());
            let failed = consumer.failures > 0;
            // Those that did not answer the last time never have all slots.
            let failing = running.values().filter(|failed| **failed).count();
            if started == free || running.contains_key(&key) || (failed && failing >= limits::RUNS / 2) {
                continue;
            }
            running.insert(key.clone(), failed);
            started += 1;
            let engine = self.clone();
            runs.spawn(async move {
                engine.run_one(consumer).await;
                key
            });
        }
    }

    /// Runs every destination that has work now, once, side by side. Returns how many there were.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be looked for.
    pub async fn round(&self) -> Result<usize, StoreError> {
        let due = self.services.store.due_consumers(self.services.now(), limits::RUNS).await?;
        let count = due.len();
        let mut runs = JoinSet::new();
        for consumer in due {
            let engine = self.clone();
            runs.spawn(async move { engine.run_one(consumer).await });
        }
        while runs.join_next().await.is_some() {}
        Ok(count)
    }

    async fn run_one(&self, consumer: Consumer) {
        let name = consumer.name.clone();
        match self.deliver(consumer).await {
            Ok(()) => {}
            // Another process has it, or it was changed or switched off meanwhile: its place is as it was.
            Err(StoreError::Conflict) => self.measures.interrupted.increment(),
            Err(error) => {
                self.measures.interrupted.increment();
                tracing::warn!(destination = %name, %error, "a delivery was interrupted; it goes on when its lease is over");
                // One that fails before it has a lease is due again at once.
                sleep(limits::IDLE_POLL).await;
            }
        }
    }

    /// Removes old records of events that were given up, until `stop` becomes true.
    pub async fn keep_house(self, stop: watch::Receiver<bool>) {
        let mut rounds = jobs::Rounds::every(limits::SWEEP_EVERY, stop);
        while rounds.next().await {
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "old dead letters could not be removed; the next round tries again");
            }
        }
    }

    /// Removes old records of events that were given up.
    ///
    /// # Errors
    /// [`StoreError`]; the next sweep goes on.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let store = &self.services.store;
        let before = self.services.now().minus(limits::DEAD_LETTERS_KEPT);
        for scope in store.scopes().await? {
            let scoped = store.scope(scope);
            while scoped.expire::<DeadLetter>(before, limits::DEAD_LETTERS, limits::SWEEP_ROWS).await?
                == limits::SWEEP_ROWS as u64
            {}
        }
        Ok(())
    }
}

fn ended_run(running: &mut Running, ended: Result<Key, tokio::task::JoinError>) {
    match ended {
        Ok(key) => {
            running.remove(&key);
        }
        Err(_) => {
            // Which one it was is not known: its lease keeps it from being taken twice.
            tracing::error!("a delivery ended by a panic");
            running.clear();
        }
    }
}
