//! What Prometheus reads: everything the parts of the program count, as one page of text.
//!
//! Nobody registers anything: each part keeps its own plain counters (`base::measure`), and this file knows
//! where they are. Labels are words of the program (routes, queues, outcomes), so there are as many series as
//! the program has words, whatever callers send; nothing that came in is ever a label. Destinations of events alone are
//! told apart, by their SIDs, and a bounded number of them.

mod deliveries;
mod process;
mod requests;
mod text;

use std::sync::Arc;

use base::Timestamp;
use base::measure::{Counter, Stopwatch};
use jobs::QueueMeasures;
use kit::Services;
use smpp_net::SmppCarrier;
use store::StoreError;
use webhooks::Webhooks;

use crate::readiness::Readiness;
use crate::traces::Traces;
pub(crate) use requests::RequestMeasures;
use text::SECONDS;
pub(crate) use text::{Kind, Page};

/// Where the page takes its numbers from.
pub(crate) struct Sources {
    /// The store and the gate.
    pub(crate) services: Arc<Services>,
    /// What the port has answered.
    pub(crate) requests: Arc<RequestMeasures>,
    /// The queues that run here.
    pub(crate) queues: Vec<(&'static str, Arc<QueueMeasures>)>,
    /// What customers' servers are told.
    pub(crate) webhooks: Webhooks,
    /// What events' destinations are given.
    pub(crate) deliveries: Arc<destinations::EngineMeasures>,
    /// What waits for people in Segment's workspaces.
    pub(crate) waiting: Arc<segment::WatchMeasures>,
    /// The binds to a network.
    pub(crate) smpp: Option<SmppCarrier>,
    /// What is ready.
    pub(crate) readiness: Arc<Readiness>,
    /// What becomes of spans.
    pub(crate) traces: Arc<Traces>,
    /// When the program started.
    pub(crate) started: Timestamp,
    /// For how long the program runs.
    pub(crate) running: Stopwatch,
}

impl Sources {
    /// The page. What the database would have to say is left out while it does not answer.
    pub(crate) async fn page(&self) -> String {
        let mut page = Page::default();
        self.program(&mut page);
        self.requests.show(&mut page);
        self.gate(&mut page);
        self.store(&mut page);
        self.tallies(&mut page);
        self.runs(&mut page);
        self.binds(&mut page);
        self.webhooks(&mut page);
        deliveries::show(&mut page, &self.deliveries);
        self.waiting(&mut page);
        self.traces.show(&mut page);
        self.readiness(&mut page).await;
        if let Err(error) = self.database(&mut page).await {
            tracing::warn!(%error, "the database's part of the metrics is missing");
        }
        page.finish()
    }

    fn program(&self, page: &mut Page) {
        let version = env!("CARGO_PKG_VERSION");
        page.family("switchward_build_info", Kind::Gauge, "The version that runs.");
        page.sample("switchward_build_info", &[("version", version)], 1);
        page.family("switchward_uptime_seconds", Kind::Gauge, "For how long it has run.");
        page.sample("switchward_uptime_seconds", &[], self.running.elapsed().as_secs());
        process::show(page, self.started);
    }

    fn waiting(&self, page: &mut Page) {
        let waiting = &self.waiting;
        for (name, help, value) in [
            (
                "switchward_quarantine_oldest_seconds",
                "For how long the blocked event waits that nobody has reviewed for longest.",
                waiting.oldest_unreviewed_seconds(),
            ),
            (
                "switchward_quarantines_overdue",
                "Quarantines in which one waits for longer than it may.",
                waiting.overdue_quarantines(),
            ),
            (
                "switchward_inboxes_overdue",
                "Workspaces in which a field waits for longer than it may to be classified.",
                waiting.overdue_inboxes(),
            ),
        ] {
            page.family(name, Kind::Gauge, help);
            page.sample(name, &[], value);
        }
    }

    fn gate(&self, page: &mut Page) {
        let (gate, measures) = (&self.services.gate, &self.services.gate.measures);
        page.counters(
            "switchward_throttled_requests_total",
            "Requests answered with 429, by the limit that was reached.",
            "limit",
            &[
                ("rate", &measures.over_rate),
                ("concurrency", &measures.over_concurrency),
                ("unauthenticated", &measures.over_unauthenticated),
                ("failed-logins", &measures.delayed_logins),
            ],
        );
        page.family("switchward_failed_logins_total", Kind::Counter, "Wrong user names or passwords.");
        page.sample("switchward_failed_logins_total", &[], measures.failed_logins.value());
        page.family("switchward_busy_accounts", Kind::Gauge, "Accounts with running requests.");
        page.sample("switchward_busy_accounts", &[], gate.busy_accounts());
    }

    fn store(&self, page: &mut Page) {
        let measures = self.services.store.measures();
        let outcomes: [(&str, &Counter); 2] =
            [("committed", &measures.commits), ("unavailable", &measures.unavailable)];
        page.counters(
            "switchward_store_batches_total",
            "Units of work handed to the database, by what became of them.",
            "outcome",
            &outcomes,
        );
        page.counters(
            "switchward_store_statements_total",
            "SQL statements, by whether they only read or belong to a transaction that writes.",
            "kind",
            &[("read", &measures.reads), ("write", &measures.statements)],
        );
        for (name, help, histogram, scale) in [
            (
                "switchward_store_commit_seconds",
                "From handing a unit of work over until it is on disk.",
                &measures.commit_time,
                SECONDS,
            ),
            (
                "switchward_store_sync_seconds",
                "The commit of a group: the fsync of SQLite, the answer of PostgreSQL.",
                &measures.sync_time,
                SECONDS,
            ),
            ("switchward_store_group_size", "Units of work committed together.", &measures.group_sizes, 1.0),
        ] {
            page.family(name, Kind::Histogram, help);
            page.histogram(name, &[], histogram, scale);
        }
    }

    /// Messages by status, and whatever else is counted once it is committed.
    fn tallies(&self, page: &mut Page) {
        let mut family = String::new();
        for (tally, count) in self.services.store.measures().tallies() {
            let name = format!("switchward_{}_total", tally.what);
            if name != family {
                page.family(&name, Kind::Counter, "What happened to them, by outcome; counted once on disk.");
                family.clone_from(&name);
            }
            page.sample(&name, &[("outcome", tally.outcome)], count);
        }
    }

    fn runs(&self, page: &mut Page) {
        let (runs, times) = ("switchward_job_runs_total", "switchward_job_run_seconds");
        page.family(runs, Kind::Counter, "Runs of jobs, by queue and by how they ended.");
        for (queue, measures) in &self.queues {
            for (outcome, counter) in [
                ("done", &measures.done),
                ("retried", &measures.retried),
                ("failed", &measures.failed),
                ("panicked", &measures.panicked),
                ("parked", &measures.parked),
            ] {
                page.sample(runs, &[("queue", queue), ("outcome", outcome)], counter.value());
            }
        }
        page.family(times, Kind::Histogram, "How long runs of jobs took.");
        for (queue, measures) in &self.queues {
            page.histogram(times, &[("queue", queue)], &measures.run_time, SECONDS);
        }
    }

    fn webhooks(&self, page: &mut Page) {
        let measures = self.webhooks.measures();
        page.counters(
            "switchward_webhooks_total",
            "Webhooks, by what became of an attempt.",
            "outcome",
            &[
                ("delivered", &measures.delivered),
                ("failed", &measures.failed),
                ("put-back", &measures.put_back),
            ],
        );
        let name = "switchward_webhook_circuits_opened_total";
        page.family(name, Kind::Counter, "How often a destination was found not to answer.");
        page.sample(name, &[], measures.circuits_opened.value());
        let name = "switchward_webhook_open_circuits";
        page.family(name, Kind::Gauge, "Destinations that are not tried now because they do not answer.");
        page.sample(name, &[], self.webhooks.open_circuits());
    }

    fn binds(&self, page: &mut Page) {
        let Some(smpp) = &self.smpp else { return };
        page.family("switchward_smpp_bound", Kind::Gauge, "Whether a bind is up (1) or not (0).");
        for (bind, is_bound) in smpp.binds() {
            page.sample("switchward_smpp_bound", &[("bind", &bind)], u8::from(is_bound));
        }
    }

    async fn readiness(&self, page: &mut Page) {
        let report = self.readiness.report().await;
        page.family("switchward_ready", Kind::Gauge, "Whether a part is ready (1) or not (0).");
        for part in &report.parts {
            page.sample("switchward_ready", &[("part", part.part)], u8::from(part.ready));
        }
        if let Some(age) = self.readiness.ledger.age(self.services.now()) {
            let name = "switchward_ledger_checkpoint_age_seconds";
            page.family(name, Kind::Gauge, "Since when no checkpoint has covered the whole ledger.");
            page.sample(name, &[], age.as_secs());
        }
    }

    async fn database(&self, page: &mut Page) -> Result<(), StoreError> {
        let store = &self.services.store;
        let (head, waiting) = (store.journal().head().await?, store.jobs().survey().await?);
        let parked = store.jobs().parked_count().await?;
        page.family("switchward_ledger_entries", Kind::Gauge, "Entries of the ledger.");
        page.sample("switchward_ledger_entries", &[], head.sequence);
        page.family("switchward_parked_jobs", Kind::Gauge, "Jobs that wait for the operator's decision.");
        page.sample("switchward_parked_jobs", &[], parked);
        // Queues of a newer or older program may stand in the database too; only our own are words of ours.
        let row = |name: &str| waiting.iter().find(|row| row.queue == name);
        let (depth, due) = ("switchward_jobs", "switchward_jobs_due");
        let age = "switchward_jobs_oldest_due_seconds";
        page.family(depth, Kind::Gauge, "Unfinished jobs, those at work included.");
        for (queue, _) in &self.queues {
            page.sample(depth, &[("queue", queue)], row(queue).map_or(0, |row| row.jobs));
        }
        page.family(due, Kind::Gauge, "Jobs that could be run now and are not.");
        for (queue, _) in &self.queues {
            page.sample(due, &[("queue", queue)], row(queue).map_or(0, |row| row.due));
        }
        page.family(age, Kind::Gauge, "For how long the first of them could have been run.");
        for (queue, _) in &self.queues {
            page.sample(age, &[("queue", queue)], row(queue).map_or(0, |row| row.oldest_due.as_secs()));
        }
        deliveries::show_lags(page, store).await
    }
}
