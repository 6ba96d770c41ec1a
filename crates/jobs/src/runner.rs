//! Runs queues: leases what is due, calls the handler, and puts back or parks what it did not do.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base::Timestamp;
use base::measure::Stopwatch;
use spans::{Tracer, Work};
use store::{Batch, Lane, Lease, Share, Store, StoreError, Taken};
use tokio::sync::{Notify, watch};
use tokio::task::{self, AbortHandle, JoinError, JoinSet};
use tokio::time::Instant;

use crate::keeping::{Kept, PACE, keep};
use crate::lanes::plan;
use crate::limits::{
    CLOCK_CHECK, CLOCK_LOOKS, CLOCK_TOLERANCE, FAILURES_PARKED, IDLE_POLL, LEASE, LONGEST_BACKOFF,
    LOOK_EVERY, SHORTEST_PAUSE,
};
use crate::{Outcome, Queue, Reason, backoff};

/// What is written together with the parking of a job, into a batch of the job's scope.
pub type OnPark = Arc<dyn Fn(&mut Batch, &Lease, Reason) + Send + Sync>;

/// Runs queues until told to stop.
pub struct Runner {
    store: Store,
    on_park: OnPark,
    tracer: Tracer,
    stop: watch::Receiver<bool>,
    wake: Arc<Notify>,
    tasks: JoinSet<()>,
}

impl Runner {
    /// A runner that stops when `stop` becomes true or nobody holds its other end any more.
    pub fn new(store: Store, stop: watch::Receiver<bool>) -> Self {
        let on_park = Arc::new(|_: &mut Batch, _: &Lease, _| {});
        Self { store, on_park, tracer: Tracer::off(), stop, wake: Arc::default(), tasks: JoinSet::new() }
    }

    /// What queues started from now on write when they park a job.
    #[must_use]
    pub fn on_park(mut self, on_park: OnPark) -> Self {
        self.on_park = on_park;
        self
    }

    /// Where queues started from now on tell what they run.
    #[must_use]
    pub fn traced(mut self, tracer: Tracer) -> Self {
        self.tracer = tracer;
        self
    }

    /// Starts a queue.
    pub fn start(&mut self, queue: Queue) {
        if self.tasks.is_empty() {
            self.tasks.spawn(wake_all(
                self.store.jobs().changed(),
                Arc::clone(&self.wake),
                self.stop.clone(),
            ));
            self.tasks.spawn(watch_clock(self.store.clone(), self.stop.clone()));
        }
        let worker = Worker {
            store: self.store.clone(),
            queue,
            on_park: Arc::clone(&self.on_park),
            tracer: self.tracer.clone(),
            after: None,
            next_look: Instant::now(),
            tasks: JoinSet::new(),
            leases: HashMap::new(),
            running: HashMap::new(),
        };
        self.tasks.spawn(worker.run(Arc::clone(&self.wake), self.stop.clone()));
    }

    /// Waits until every queue has stopped; jobs in hand are finished first.
    pub async fn stopped(mut self) {
        while let Some(ended) = self.tasks.join_next().await {
            if ended.is_err() {
                tracing::error!("a queue ended by a panic");
            }
        }
    }
}

/// Tells every queue that something changed. The store wakes one waiter only, which could be a
/// queue that the change is not about.
async fn wake_all(changed: Arc<Notify>, wake: Arc<Notify>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let next = changed.notified();
        tokio::pin!(next);
        // Listening again before telling, so that a change in between is told too.
        next.as_mut().enable();
        wake.notify_waiters();
        tokio::select! {
            () = next => {}
            told = stop.changed() => if told.is_err() { return },
        }
    }
}

/// Looks after jobs when the clock has gone back, which it may have done before the start as well: they would
/// wait for a time that was never meant. Whoever had read the clock before may write after, so they are looked after
/// again, each time after twice as long, until [`CLOCK_LOOKS`].
async fn watch_clock(store: Store, mut stop: watch::Receiver<bool>) {
    // Checks since the clock went back; at the start nothing of ours is under way, and once is enough.
    let mut checks = CLOCK_LOOKS;
    while !*stop.borrow() {
        let before = store.clock().now();
        let is_due = checks == 0 || (checks <= CLOCK_LOOKS && checks.is_power_of_two());
        let looked = match is_due {
            true => store.jobs().after_step_back(before, LONGEST_BACKOFF, LEASE).await,
            false => Ok(()),
        };
        match looked {
            Ok(()) => checks = checks.saturating_add(1),
            Err(error) => {
                tracing::warn!(%error, "jobs could not be looked after; the clock may have gone back")
            }
        }
        tokio::select! {
            () = tokio::time::sleep(CLOCK_CHECK) => {}
            told = stop.changed() => if told.is_err() { return },
        }
        if before.since(store.clock().now()) > CLOCK_TOLERANCE {
            tracing::warn!("the clock has gone back");
            checks = 0;
        }
    }
}

/// How a task of a worker ended.
enum Ended {
    /// A handler came back, or was stopped.
    Handler(Kept),
    /// What it left undone was put back or parked.
    Settled,
}

type Joined = Result<(task::Id, Ended), JoinError>;

/// One queue at work. A job has its slot until it is done, put back or parked.
struct Worker {
    store: Store,
    queue: Queue,
    on_park: OnPark,
    tracer: Tracer,
    /// Where the next look at the lanes begins.
    after: Option<Lane>,
    /// When it may be at the earliest.
    next_look: Instant,
    tasks: JoinSet<Ended>,
    /// The jobs in hand, by the task that has them.
    leases: HashMap<task::Id, (AbortHandle, Arc<Lease>)>,
    /// How many each lane has in hand.
    running: HashMap<Lane, usize>,
}

impl Worker {
    async fn run(mut self, changed: Arc<Notify>, mut stop: watch::Receiver<bool>) {
        loop {
            // What comes after a look at an idle queue is the next one's work, all of it.
            tokio::time::sleep_until(self.next_look).await;
            if *stop.borrow() {
                break;
            }
            // Registered before looking, so that a job committed while we look is not missed.
            let wake = changed.notified();
            tokio::pin!(wake);
            wake.as_mut().enable();

            while let Some(ended) = self.tasks.try_join_next_with_id() {
                self.ended(ended);
            }
            let free = self.queue.concurrency.saturating_sub(self.leases.len());
            if free == 0 {
                // Whatever is due has to wait for one of those in hand.
                tokio::select! {
                    Some(ended) = self.tasks.join_next_with_id() => self.ended(ended),
                    told = stop.changed() => if told.is_err() { break },
                }
                continue;
            }
            let pause = match self.claim(free).await {
                Ok(None) => continue,
                Ok(Some(next)) => next,
                Err(error) => {
                    tracing::warn!(queue = self.queue.name, %error, "jobs could not be claimed");
                    IDLE_POLL
                }
            };
            tokio::select! {
                () = wake => {}
                () = tokio::time::sleep(pause) => {}
                Some(ended) = self.tasks.join_next_with_id(), if !self.tasks.is_empty() => self.ended(ended),
                told = stop.changed() => if told.is_err() { break },
            }
        }
        while let Some(ended) = self.tasks.join_next_with_id().await {
            self.ended(ended);
        }
    }

    /// Takes what is due and starts it: `None` when that was something, else how long to sleep.
    async fn claim(&mut self, free: usize) -> Result<Option<Duration>, StoreError> {
        let jobs = self.store.jobs();
        let mut next: Option<Timestamp> = None;
        let mut from_the_first = self.after.is_none();
        let mut is_idle = true;
        loop {
            let now = self.store.clock().now();
            let waiting = jobs.look(self.queue.name, self.after).await?;
            // What is due and finds no slot is taken as soon as a job ends.
            is_idle &= waiting.iter().all(|waiting| waiting.due_at > now);
            let gate = self.queue.gate.as_deref().map(|gate| gate as &dyn Fn(Lane) -> crate::Gate);
            let plan = plan(&waiting, free, &self.running, gate, now);
            let is_last = waiting.len() < store::limits::LOOK_LANES;
            let end = waiting.last().filter(|_| !is_last).map(|last| last.lane);
            self.after = plan.cut_after.or(end);
            next = next.into_iter().chain(plan.next).min();
            if !plan.shares.is_empty() && self.take(&plan.shares).await? {
                return Ok(None);
            }
            match is_last && plan.cut_after.is_none() {
                true if from_the_first => {
                    // Another process may add a job at any time.
                    let until = next.map_or(IDLE_POLL, |next| next.since(now));
                    if is_idle {
                        self.next_look = Instant::now() + LOOK_EVERY;
                    }
                    return Ok(Some(until.clamp(SHORTEST_PAUSE, IDLE_POLL)));
                }
                true => from_the_first = true,
                false => {}
            }
        }
    }

    /// Takes these shares and starts what it got; whether there was anything to be got.
    async fn take(&mut self, shares: &[Share]) -> Result<bool, StoreError> {
        let taken_at = Instant::now();
        let taken = self.store.jobs().take(self.queue.name, shares, LEASE).await?;
        let Taken { leases, unreadable, held } = taken;
        let found = held > 0 || !leases.is_empty() || !unreadable.is_empty();
        for lease in unreadable {
            self.put_back(Arc::new(lease), Verdict::Park(Reason::Unreadable));
        }
        for lease in leases.into_iter().map(Arc::new) {
            if lease.failures >= FAILURES_PARKED {
                self.put_back(lease, Verdict::Park(Reason::Abandoned));
                continue;
            }
            let beside = self.stop_beside(&lease);
            let work = (self.queue.handler)(Arc::clone(&lease));
            let (measures, queue) = (self.queue.measures(), self.queue.name);
            let (store, kept, tracer) = (self.store.clone(), Arc::clone(&lease), self.tracer.clone());
            let task = self.tasks.spawn(async move {
                while beside.iter().any(|stopped| !stopped.is_finished()) {
                    task::yield_now().await;
                }
                let stopwatch = Stopwatch::start();
                let kept_up = keep(&store, &kept, taken_at, PACE, work);
                let told = |ended: Option<&Kept>| told(queue, kept.attempts, ended);
                let ended = tracer.job(&kept.id, kept.scope.account_sid(), kept_up, told).await;
                measures.run_time.record_time(stopwatch.elapsed());
                Ended::Handler(ended)
            });
            self.hold(task, lease);
        }
        Ok(found)
    }

    /// Stops what this worker still does for a job it has just leased anew: a clock that leapt forward ends
    /// leases that are in hand, and what runs under the old one could not commit anything any more.
    fn stop_beside(&self, lease: &Lease) -> Vec<AbortHandle> {
        let same = self.leases.values().filter(|(_, held)| held.id == lease.id);
        same.map(|(task, _)| task.clone()).inspect(AbortHandle::abort).collect()
    }

    fn hold(&mut self, task: AbortHandle, lease: Arc<Lease>) {
        *self.running.entry(lease.lane).or_default() += 1;
        self.leases.insert(task.id(), (task, lease));
    }

    /// Gives the slot of a task free, and sees to what it left undone.
    fn ended(&mut self, joined: Joined) {
        let (task, ended) = match joined {
            Ok((task, ended)) => (task, Some(ended)),
            Err(error) => (error.id(), error.is_cancelled().then_some(Ended::Settled)),
        };
        let Some((_, lease)) = self.leases.remove(&task) else { return };
        if let Some(running) = self.running.get_mut(&lease.lane) {
            *running -= 1;
            if *running == 0 {
                self.running.remove(&lease.lane);
            }
        }
        let measures = &self.queue.measures;
        let verdict = match ended {
            Some(Ended::Settled) => return,
            Some(Ended::Handler(Kept::Outcome(Outcome::Done))) => return measures.done.increment(),
            Some(Ended::Handler(Kept::Outcome(Outcome::RetryAt(at)))) => {
                measures.retried.increment();
                Verdict::Retry { at, failures: 0 }
            }
            Some(Ended::Handler(Kept::Lost)) => {
                measures.failed.increment();
                tracing::warn!(queue = %lease.queue, job = %lease.id, "a job was stopped because its lease could not be kept");
                return;
            }
            Some(Ended::Handler(Kept::Overdue)) => {
                measures.failed.increment();
                tracing::error!(queue = %lease.queue, job = %lease.id, "a job's handler did not end in time");
                self.after_failure(&lease, lease.failures + 1, Reason::Abandoned)
            }
            Some(Ended::Handler(Kept::Outcome(Outcome::Failed(error)))) => {
                measures.failed.increment();
                tracing::warn!(queue = %lease.queue, job = %lease.id, attempts = lease.attempts, %error, "a job failed");
                // That the database is away says nothing about the job.
                let is_its_own = !matches!(error, StoreError::Unavailable(_));
                self.after_failure(&lease, lease.failures + u32::from(is_its_own), Reason::Failed)
            }
            // The panic's message may hold content.
            None => {
                measures.panicked.increment();
                tracing::error!(queue = %lease.queue, job = %lease.id, "a job's handler panicked");
                self.after_failure(&lease, lease.failures + 1, Reason::Panicked)
            }
        };
        self.put_back(lease, verdict);
    }

    fn after_failure(&self, lease: &Lease, failures: u32, reason: Reason) -> Verdict {
        if failures >= FAILURES_PARKED {
            return Verdict::Park(reason);
        }
        Verdict::Retry { at: self.store.clock().now().plus(backoff(lease.failures + 1)), failures }
    }

    /// Writes what becomes of a job that is not done.
    fn put_back(&mut self, lease: Arc<Lease>, verdict: Verdict) {
        let (store, on_park, kept) = (self.store.clone(), Arc::clone(&self.on_park), Arc::clone(&lease));
        let measures = self.queue.measures();
        let task = self.tasks.spawn(async move {
            let mut batch = store.batch(lease.scope);
            let is_parked = matches!(verdict, Verdict::Park(_));
            match verdict {
                Verdict::Retry { at, failures } => batch.reschedule(&lease, at, failures),
                Verdict::Park(reason) => {
                    tracing::error!(queue = %lease.queue, job = %lease.id, reason = reason.as_str(), "a job is parked");
                    batch.park(&lease, reason.as_str());
                    on_park(&mut batch, &lease, reason);
                }
            }
            match store.commit(batch).await {
                Ok(_) if is_parked => measures.parked.increment(),
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(queue = %lease.queue, job = %lease.id, %error, "a job could not be put back; its lease will run out");
                }
            }
            Ended::Settled
        });
        self.hold(task, kept);
    }
}

/// What a trace says of a run.
fn told(queue: &'static str, attempt: u32, ended: Option<&Kept>) -> Work {
    let outcome = match ended {
        Some(Kept::Outcome(Outcome::Done)) => "done",
        Some(Kept::Outcome(Outcome::RetryAt(_))) => "retried",
        Some(Kept::Outcome(Outcome::Failed(_))) => "failed",
        Some(Kept::Lost) => "lost",
        Some(Kept::Overdue) => "overdue",
        None => "panicked",
    };
    Work::Job { queue, attempt, outcome }
}

/// What becomes of a job that is not done.
enum Verdict {
    Retry { at: Timestamp, failures: u32 },
    Park(Reason),
}
