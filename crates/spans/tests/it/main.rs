//! Traces: what belongs together, what is left out, and that nobody waits for whoever sends.

use std::sync::Arc;
use std::time::Duration;

use base::{AccountSid, SeededRandom, SystemClock};
use spans::limits::{REMEMBERED_JOBS, WAITING_SPANS};
use spans::{Span, Tracer, Work};
use tokio::sync::mpsc::Receiver;

const PARENT: &[u8] = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const UNRECORDED: &[u8] = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

fn tracer(share: f64) -> (Tracer, Receiver<Span>) {
    Tracer::new(Arc::new(SystemClock), Arc::new(SeededRandom::new(7)), share)
}

fn request<T>(done: Option<&T>) -> Work {
    Work::Request { product: "api", method: "GET", route: "/Things", status: done.map(|_| 200) }
}

fn commit<T>(_: Option<&T>) -> Work {
    Work::Commit { outcome: "committed", group: 1 }
}

fn job<T>(done: Option<&T>) -> Work {
    let outcome = if done.is_some() { "done" } else { "panicked" };
    Work::Job { queue: "things", attempt: 1, outcome }
}

fn all(spans: &mut Receiver<Span>) -> Vec<Span> {
    std::iter::from_fn(|| spans.try_recv().ok()).collect()
}

#[tokio::test]
async fn what_happens_in_a_request_is_part_of_the_callers_trace() {
    let (tracer, mut spans) = tracer(0.0);
    let account: AccountSid = "AC0123456789abcdef0123456789abcdef".parse().expect("a SID");
    let work = async {
        spans::account(account);
        spans::note(|| Work::Guard { action: "send-message", rule: Some("SMS-GEO-1") });
        spans::child(async { spans::child(async {}, commit).await }, commit).await;
    };
    tracer.request(Some(PARENT), work, request).await;
    let spans = all(&mut spans);
    let [guard, inner, outer, root] = &spans[..] else { panic!("{spans:?}") };
    assert!(spans.iter().all(|span| span.trace.to_string() == "4bf92f3577b34da6a3ce929d0e0e4736"));
    assert_eq!(root.parent.expect("the caller's").to_string(), "00f067aa0ba902b7");
    assert_eq!((guard.parent, outer.parent, inner.parent), (Some(root.id), Some(root.id), Some(outer.id)));
    assert!(spans.iter().all(|span| span.account == Some(account)), "{spans:?}");
    assert_eq!(guard.work, Work::Guard { action: "send-message", rule: Some("SMS-GEO-1") });
}

#[tokio::test]
async fn what_is_not_sampled_leaves_nothing() {
    let (tracer, mut spans) = tracer(0.0);
    tracer.request(None, spans::child(async {}, commit), request).await;
    tracer.request(Some(UNRECORDED), spans::child(async {}, commit), request).await;
    Tracer::off().request(Some(PARENT), spans::child(async {}, commit), request).await;
    spans::child(async {}, commit).await;
    assert!(all(&mut spans).is_empty());
}

#[tokio::test]
async fn about_the_share_that_was_asked_for_is_recorded() {
    let (tracer, mut spans) = tracer(0.25);
    for _ in 0..4_000 {
        tracer.request(None, async {}, request).await;
    }
    let recorded = all(&mut spans).len();
    assert!((800..1_200).contains(&recorded), "{recorded}");
}

#[tokio::test]
async fn a_job_goes_on_in_the_trace_of_what_enqueued_it() {
    let (tracer, mut spans) = tracer(1.0);
    tracer.request(None, async { spans::remember_job("first") }, request).await;
    tracer.job("first", None, async {}, job).await;
    tracer.job("unheard of", None, async {}, job).await;
    let spans = all(&mut spans);
    let [request, first, other] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!((first.trace, first.parent), (request.trace, Some(request.id)));
    assert!(other.trace != request.trace && other.parent.is_none());
}

#[tokio::test]
async fn the_oldest_jobs_are_forgotten_first() {
    let (tracer, mut spans) = tracer(1.0);
    let many = async {
        (0..=REMEMBERED_JOBS).for_each(|number| spans::remember_job(&number.to_string()));
    };
    tracer.request(None, many, request).await;
    tracer.job("0", None, async {}, job).await;
    tracer.job("1", None, async {}, job).await;
    let spans = all(&mut spans);
    assert_eq!(spans.iter().map(|span| span.parent.is_some()).collect::<Vec<_>>(), [false, false, true]);
}

#[tokio::test]
async fn work_that_is_dropped_or_panics_is_told_of_too() {
    let (tracer, mut spans) = tracer(1.0);
    let hangs = tracer.request(None, std::future::pending::<()>(), request);
    assert!(tokio::time::timeout(Duration::from_millis(1), hangs).await.is_err());
    let panics = tracer.clone();
    let task =
        tokio::spawn(async move { panics.job("x", None, async { panic!("as told") }, job::<()>).await });
    assert!(task.await.is_err());
    let spans = all(&mut spans);
    assert_eq!(spans[0].work, request::<()>(None));
    assert_eq!(spans[1].work, job::<()>(None));
    assert!(spans[1].work.is_error());
}

#[tokio::test]
async fn a_full_queue_drops_spans_and_counts_them() {
    let (tracer, mut spans) = tracer(1.0);
    for _ in 0..WAITING_SPANS + 5 {
        tracer.request(None, async {}, request).await;
    }
    let measures = tracer.measures().expect("it records");
    assert_eq!(measures.dropped.value(), 5);
    assert_eq!(all(&mut spans).len(), WAITING_SPANS);
}
