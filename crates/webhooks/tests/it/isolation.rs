//! Destinations that do not answer: they cost no other one anything, and lose no webhook that waits for them.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use auth::{Designation, Settings};
use jobs::Runner;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use webhooks::alert::{DESTINATION_BACK, DESTINATION_WAITS};
use webhooks::limits::{
    ALERT_WINDOW, ALERTS_KEPT, ALERTS_PER_WINDOW, CIRCUIT_FAILURES, CIRCUIT_WAIT, DELIVERIES_KEPT,
    FIRST_TRIAL, JOBS_AT_ONCE, LONGEST_TRIAL, READ_TIMEOUT_DEFAULT,
};
use webhooks::{DeliveryOutcome, Method, enqueue};

use crate::platform::{Platform, RESOURCE, webhook};
use crate::server::{OK, start};

/// A server that takes connections and hangs up, or never says a word, until it is told to answer.
struct Sick {
    port: u16,
    answers: Arc<AtomicBool>,
    connections: Arc<AtomicUsize>,
    answered: Arc<AtomicUsize>,
}

async fn sick(hangs_up: bool) -> Sick {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sick = Sick {
        port: listener.local_addr().unwrap().port(),
        answers: Arc::default(),
        connections: Arc::default(),
        answered: Arc::default(),
    };
    let (answers, connections) = (Arc::clone(&sick.answers), Arc::clone(&sick.connections));
    let answered = Arc::clone(&sick.answered);
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::SeqCst);
            if answers.load(Ordering::SeqCst) {
                let answered = Arc::clone(&answered);
                tokio::spawn(async move {
                    let mut request = [0; 4_096];
                    let read = stream.read(&mut request).await.unwrap();
                    assert!(read > 0);
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                    stream.write_all(answer).await.unwrap();
                    answered.fetch_add(1, Ordering::SeqCst);
                });
            } else if !hangs_up {
                kept.push(stream);
            }
        }
    });
    sick
}

async fn queue(platform: &Platform, url: &str, count: usize) {
    let mut batch = platform.store.batch(platform.scope());
    for _ in 0..count {
        enqueue(&mut batch, webhook(Method::Post, url), platform.store.clock().now(), None);
    }
    platform.store.commit(batch).await.unwrap();
}

struct Running {
    runner: Runner,
    stop: watch::Sender<bool>,
}

fn run(platform: &Platform) -> Running {
    let (stop, stopped) = watch::channel(false);
    let mut runner = Runner::new(platform.store.clone(), stopped);
    runner.start(platform.webhooks.queue());
    Running { runner, stop }
}

/// Waits for something that happens soon or never.
async fn until<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let look = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(12), look).await.is_ok(), "never: {what}");
}

impl Platform {
    fn skip(&self, time: Duration) {
        self.clock.advance(time);
        self.store.jobs().changed().notify_one();
    }

    async fn codes(&self) -> Vec<u32> {
        let mut codes: Vec<_> = self.alerts().await.iter().map(|alert| alert.facts.error_code).collect();
        codes.sort_unstable();
        codes
    }
}

/// The dead one takes connections and never answers, and has the longer queue, in front of the others.
#[tokio::test]
async fn a_destination_that_never_answers_delays_no_other() {
    let dead = sick(false).await;
    let healthy = start(None, |_, _| OK.to_owned()).await;
    let platform = Platform::start(Designation::default(), Settings::default()).await;
    queue(&platform, &format!("http://127.0.0.1:{}/#rc=0", dead.port), 600).await;
    for _ in 0..3 {
        queue(&platform, &format!("http://127.0.0.1:{}/", healthy.port), 100).await;
    }
    let begun = std::time::Instant::now();
    let running = run(&platform);
    until("300 webhooks to the healthy one", || async { healthy.seen().len() == 300 }).await;
    // Before the first of those to the dead one can have timed out, so they did not wait for one.
    assert!(begun.elapsed() < READ_TIMEOUT_DEFAULT);
    let held = dead.connections.load(Ordering::SeqCst);
    assert!(held <= JOBS_AT_ONCE / 2, "the dead one holds {held}");
    drop(running);
}

#[tokio::test]
async fn webhooks_wait_for_a_destination_that_is_away_and_are_sent_when_it_is_back() {
    const COUNT: usize = 20;
    let burned = CIRCUIT_FAILURES as usize - 1;
    let away = sick(true).await;
    let platform = Platform::start(Designation::default(), Settings::default()).await;
    let running = run(&platform);
    queue(&platform, &format!("http://u:secret@127.0.0.1:{}/a?t=secret#rc=0", away.port), COUNT).await;
    until("the rest is put back", || async { platform.webhooks.measures().put_back.value() >= 16 }).await;
    assert_eq!((platform.depth().await, platform.webhooks.open_circuits()), (16, 1));
    let mut codes = vec![11205; burned];
    codes.push(DESTINATION_WAITS);
    assert_eq!(platform.codes().await, codes);

    // One trial at a time, and none before its time.
    let asked = || away.connections.load(Ordering::SeqCst);
    let before = asked();
    platform.skip(FIRST_TRIAL);
    until("a trial", || async { asked() > before }).await;
    until("the trial is put back", || async { platform.webhooks.measures().put_back.value() >= 17 }).await;
    assert_eq!((asked(), platform.depth().await), (before + 1, 16));

    away.answers.store(true, Ordering::SeqCst);
    platform.skip(FIRST_TRIAL * 2);
    until("everything is sent", || async { platform.depth().await == 0 }).await;
    assert_eq!(away.answered.load(Ordering::SeqCst), COUNT - burned);
    assert_eq!(platform.webhooks.open_circuits(), 0);
    codes.push(DESTINATION_BACK);
    assert_eq!(platform.codes().await, codes);

    let log = platform.deliveries().await;
    let count = |outcome| log.iter().filter(|row| row.outcome == outcome).count();
    assert_eq!(count(DeliveryOutcome::Delivered), COUNT - burned);
    assert_eq!((count(DeliveryOutcome::Failed), count(DeliveryOutcome::Waiting)), (burned, 17));
    let tokens: std::collections::HashSet<_> = log.iter().map(|row| &row.idempotency_token).collect();
    assert_eq!(tokens.len(), COUNT, "a webhook keeps its token");
    for row in &log {
        assert_eq!(row.url, format!("http://***@127.0.0.1:{}/a?t=***", away.port));
        assert_eq!((row.resource_sid.as_str(), row.event.as_str()), (RESOURCE, "message-status"));
        assert_eq!((row.parameters.join(" ").as_str(), row.attempts.len()), ("MessageSid To Body", 1));
        let delivered = row.outcome == DeliveryOutcome::Delivered;
        let expected = if delivered { (Some(200), None) } else { (None, Some(11205)) };
        assert_eq!((row.attempts[0].status, row.attempts[0].error_code), expected);
        assert_eq!(row.error_code, expected.1);
    }
    running.stop.send(true).unwrap();
    running.runner.stopped().await;
}

#[tokio::test]
async fn what_waited_too_long_fails_and_identical_alerts_are_counted() {
    const COUNT: usize = 40;
    let away = sick(true).await;
    let platform = Platform::start(Designation::default(), Settings::default()).await;
    let running = run(&platform);
    queue(&platform, &format!("http://127.0.0.1:{}/#rc=0", away.port), COUNT).await;
    until("the rest is put back", || async { platform.webhooks.measures().put_back.value() >= 36 }).await;
    // Those put back are due by their trials, hence a little later than those never tried.
    platform.skip(CIRCUIT_WAIT + LONGEST_TRIAL);
    until("all are given up", || async { platform.depth().await == 0 }).await;
    let asked = away.connections.load(Ordering::SeqCst);
    assert_eq!(asked, COUNT + 1, "one trial, and the others without");
    let log = platform.deliveries().await;
    let failed: Vec<_> = log.iter().filter(|row| row.outcome == DeliveryOutcome::Failed).collect();
    assert_eq!(failed.len(), COUNT, "each ends in the log");
    assert!(failed.iter().all(|row| row.error_code == Some(11205)));

    let raised = (CIRCUIT_FAILURES - 1 + ALERTS_PER_WINDOW) as usize;
    let of = |alerts: &[store::Document<webhooks::Alert>]| {
        alerts.iter().filter(|alert| alert.facts.error_code == 11205).count()
    };
    assert_eq!(of(&platform.alerts().await), raised);
    platform.webhooks.tell_counted().await.unwrap();
    assert_eq!(of(&platform.alerts().await), raised, "the window is not over");
    platform.skip(ALERT_WINDOW);
    platform.webhooks.tell_counted().await.unwrap();
    let alerts = platform.alerts().await;
    assert_eq!(of(&alerts), raised + 1);
    let told = &alerts[0].facts;
    assert_eq!((told.repeats as usize, told.resource_sid.as_deref()), (COUNT - raised - 1, None));
    assert_eq!(told.request_url, Some(format!("http://127.0.0.1:{}/", away.port)));

    platform.skip(DELIVERIES_KEPT);
    platform.webhooks.sweep().await.unwrap();
    assert_eq!((platform.deliveries().await.len(), of(&platform.alerts().await)), (0, raised + 1));
    platform.skip(ALERTS_KEPT);
    platform.webhooks.sweep().await.unwrap();
    assert!(platform.alerts().await.is_empty());
    running.stop.send(true).unwrap();
    running.runner.stopped().await;
}

/// Answers that say no, and destinations that are never asked, do not close a destination to others.
#[tokio::test]
async fn an_answer_that_refuses_is_an_answer() {
    for (status, opens) in [("400 Bad Request", false), ("500 Oops", false), ("503 Busy", true)] {
        let server = start(None, move |_, _| crate::server::answer_with(status, "", "")).await;
        let platform = Platform::start(Designation::default(), Settings::default()).await;
        queue(&platform, &format!("http://127.0.0.1:{}/", server.port), 10).await;
        platform.work().await;
        assert_eq!(platform.webhooks.open_circuits(), usize::from(opens), "{status}");
        assert_eq!(platform.depth().await, if opens { 6 } else { 0 }, "{status}");
    }
}
