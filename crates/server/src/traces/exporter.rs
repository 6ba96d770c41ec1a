//! The task that sends spans. Whatever happens to it, requests and jobs go on: they put spans into a bounded queue and
//! look at nothing else.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use spans::{Measures, Span, Tracer};
use store::Store;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::collector::{Collector, Refusal};
use super::{limits, otlp};
use crate::metrics::{Kind, Page};

/// The traces of this program.
pub(crate) struct Traces {
    tracer: Tracer,
    running: Mutex<Option<Running>>,
}

/// The task, and what stops it.
struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Traces {
    /// Starts to send spans to `collector`; without one, none are recorded.
    pub(crate) fn start(collector: Option<Collector>, store: &Store) -> Self {
        let Some(collector) = collector else {
            return Self { tracer: Tracer::off(), running: Mutex::new(None) };
        };
        let (clock, random) = (Arc::clone(store.clock()), Arc::clone(store.random()));
        let (tracer, spans) = Tracer::new(clock, random, collector.sample);
        let (stop, stopped) = watch::channel(false);
        let measures = tracer.measures().unwrap_or_default();
        let exporter = Exporter { collector, measures, is_reached: true, stopped };
        let task = tokio::spawn(exporter.run(spans));
        Self { tracer, running: Mutex::new(Some(Running { stop, task })) }
    }

    /// What records spans.
    pub(crate) fn tracer(&self) -> Tracer {
        self.tracer.clone()
    }

    /// What became of spans, for the metrics; nothing when none are recorded.
    pub(crate) fn show(&self, page: &mut Page) {
        let Some(measures) = self.tracer.measures() else { return };
        page.family("switchward_spans_total", Kind::Counter, "Spans of traces, by what became of them.");
        for (outcome, counter) in
            [("exported", &measures.exported), ("dropped", &measures.dropped), ("failed", &measures.failed)]
        {
            page.sample("switchward_spans_total", &[("outcome", outcome)], counter.value());
        }
    }

    /// Sends what waits and ends, in bounded time.
    pub(crate) async fn finish(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Running { stop, mut task }) = running else { return };
        stop.send_replace(true);
        if timeout(limits::FINISH, &mut task).await.is_err() {
            task.abort();
            tracing::warn!("the last spans were not taken in time");
        }
    }
}

struct Exporter {
    collector: Collector,
    measures: Arc<Measures>,
    /// Whether the collector took the last batch: the log tells changes, not failures.
    is_reached: bool,
    stopped: watch::Receiver<bool>,
}

impl Exporter {
    async fn run(mut self, mut spans: mpsc::Receiver<Span>) {
        let mut batch = Vec::with_capacity(limits::BATCH);
        while !*self.stopped.borrow() {
            tokio::select! {
                found = spans.recv_many(&mut batch, limits::BATCH) => if found == 0 { return },
                _ = self.stopped.changed() => break,
            }
            if batch.len() < limits::BATCH {
                self.pause(limits::GATHER).await;
            }
            fill(&mut batch, &mut spans);
            self.send(&batch).await;
            batch.clear();
        }
        fill(&mut batch, &mut spans);
        while !batch.is_empty() {
            self.send(&batch).await;
            batch.clear();
            fill(&mut batch, &mut spans);
        }
    }

    async fn send(&mut self, batch: &[Span]) {
        let body = Bytes::from(otlp::body(batch));
        let mut attempt = 1;
        let sent = loop {
            let sent = self.collector.send(body.clone()).await;
            let is_last = attempt == limits::ATTEMPTS || *self.stopped.borrow();
            if is_last || !matches!(sent, Err(Refusal::Later(_))) {
                break sent;
            }
            self.pause(limits::PAUSE * (1 << (attempt - 1))).await;
            attempt += 1;
        };
        let count = batch.len() as u64;
        match sent {
            Ok(answer) => {
                let rejected = otlp::rejected(&answer).min(count);
                self.measures.exported.add(count - rejected);
                self.measures.failed.add(rejected);
                if !self.is_reached {
                    tracing::info!("the collector takes traces again");
                }
                self.is_reached = true;
            }
            Err(refusal) => {
                self.measures.failed.add(count);
                if self.is_reached {
                    match refusal {
                        Refusal::Later(reason) => {
                            tracing::warn!(
                                reason,
                                "the collector does not take traces; they are counted and dropped"
                            );
                        }
                        Refusal::Never(status) => {
                            tracing::warn!(
                                status,
                                "the collector refuses traces; they are counted and dropped"
                            );
                        }
                    }
                }
                self.is_reached = false;
            }
        }
    }

    /// Waits, unless the program stops.
    async fn pause(&mut self, pause: std::time::Duration) {
        tokio::select! {
            () = sleep(pause) => {}
            _ = self.stopped.wait_for(|stopped| *stopped) => {}
        }
    }
}

/// Takes along what waits, up to a whole batch.
fn fill(batch: &mut Vec<Span>, spans: &mut mpsc::Receiver<Span>) {
    while batch.len() < limits::BATCH {
        let Ok(span) = spans.try_recv() else { return };
        batch.push(span);
    }
}
