//! Driving a server with a number of connections, each sending its next request when the last one is
//! answered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::client::{Client, Target};
use crate::histogram::Histogram;
use crate::limits::RECONNECT;

/// When the load ends. Requests in flight are waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    /// After this time.
    Elapsed(Duration),
    /// After this many requests.
    Requests(u64),
}

/// What came of a load.
#[derive(Clone, Default)]
pub(crate) struct Outcome {
    /// Answers by status.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// Requests without an answer.
    pub(crate) unanswered: u64,
    /// From a request's first byte to its answer's last, of those answered with 2xx.
    pub(crate) latencies: Histogram,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
}

impl Outcome {
    /// Requests that were answered with a 2xx status.
    pub(crate) fn accepted(&self) -> u64 {
        self.statuses.range(200..300).map(|(_, count)| count).sum()
    }

    /// Accepted requests per second.
    pub(crate) fn rate(&self) -> f64 {
        self.accepted() as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    fn merge(&mut self, other: Self) {
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.unanswered += other.unanswered;
        self.latencies.merge(&other.latencies);
    }
}

/// Drives `target` over `connections`; `fill` puts the number of a request (from 0) into its path and its parameters.
pub(crate) async fn run(
    target: &Target,
    connections: usize,
    until: Until,
    form: String,
    fill: impl Fn(&str, u64) -> String + Send + Sync + 'static,
) -> Outcome {
    let path = target.path.clone();
    let request = Arc::new(move |number| (fill(&path, number), fill(&form, number)));
    let next = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let (client, request, next) = (Client::new(target), Arc::clone(&request), Arc::clone(&next));
        tasks.spawn(async move { connection(client, until, started, &next, request.as_ref()).await });
    }
    let mut outcome = Outcome::default();
    while let Some(part) = tasks.join_next().await {
        outcome.merge(part.expect("a connection's task does not panic and is not aborted"));
    }
    outcome.elapsed = started.elapsed();
    outcome
}

async fn connection(
    mut client: Client,
    until: Until,
    started: Instant,
    next: &AtomicU64,
    request: &(impl Fn(u64) -> (String, String) + Sync),
) -> Outcome {
    let mut outcome = Outcome::default();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let is_over = match until {
            Until::Elapsed(limit) => started.elapsed() >= limit,
            Until::Requests(limit) => number >= limit,
        };
        if is_over {
            return outcome;
        }
        let (path, form) = request(number);
        let sent = Instant::now();
        match client.send(&path, &form).await {
            Ok(status) => {
                *outcome.statuses.entry(status).or_default() += 1;
                if (200..300).contains(&status) {
                    outcome.latencies.record(sent.elapsed());
                }
            }
            Err(_) => {
                outcome.unanswered += 1;
                tokio::time::sleep(RECONNECT).await;
            }
        }
    }
}
