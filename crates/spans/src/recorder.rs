//! Recording: which trace a task is in, and where finished spans wait to be sent.
//!
//! Whoever works never waits for whoever sends: a full queue drops the span and counts it.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use base::measure::{Counter, Stopwatch};
use base::{AccountSid, Clock, Random, Timestamp};
use tokio::sync::mpsc;

use crate::Work;
use crate::limits::{REMEMBERED_JOBS, WAITING_SPANS};
use crate::parent::{self, Parent};

tokio::task_local! {
    /// The span that the running task is in.
    static CURRENT: Context;
}

/// A trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId(pub(crate) [u8; 16]);

/// A span of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanId(pub(crate) [u8; 8]);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A finished span.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// The trace it belongs to.
    pub trace: TraceId,
    /// Its id.
    pub id: SpanId,
    /// The span it is a part of, which may be another program's.
    pub parent: Option<SpanId>,
    /// When it began.
    pub start: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// The account it was about, once that was known.
    pub account: Option<AccountSid>,
    /// What was done.
    pub work: Work,
}

/// What became of spans.
#[derive(Debug, Default)]
pub struct Measures {
    /// Taken by a collector.
    pub exported: Counter,
    /// Dropped because too many waited.
    pub dropped: Counter,
    /// Given up because no collector took them.
    pub failed: Counter,
}

/// Begins traces. Clones share everything.
#[derive(Clone, Default)]
pub struct Tracer(Option<Arc<Recorder>>);

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Tracer" } else { "Tracer(off)" })
    }
}

struct Recorder {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// How many of the traces that begin here are recorded, of 2^32.
    share: u64,
    finished: mpsc::Sender<Span>,
    measures: Arc<Measures>,
    jobs: Mutex<Origins>,
}

/// What jobs came from: in memory, because a trace is no reason to write anything.
#[derive(Default)]
struct Origins {
    known: HashMap<String, Parent>,
    oldest_first: VecDeque<String>,
}

/// Where a task is.
#[derive(Clone)]
struct Context {
    recorder: Arc<Recorder>,
    trace: TraceId,
    span: SpanId,
    /// Shared by everything between the two places where traces begin.
    account: Arc<OnceLock<AccountSid>>,
}

impl Tracer {
    /// A tracer that records nothing.
    pub const fn off() -> Self {
        Self(None)
    }

    /// A tracer that records this share (0 to 1) of the traces that begin here, and all that callers record; and
    /// where its spans come out.
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>, share: f64) -> (Self, mpsc::Receiver<Span>) {
        let (finished, spans) = mpsc::channel(WAITING_SPANS);
        let share = (share.clamp(0.0, 1.0) * 2f64.powi(32)) as u64;
        let (measures, jobs) = (Arc::default(), Mutex::default());
        (Self(Some(Arc::new(Recorder { clock, random, share, finished, measures, jobs }))), spans)
    }

    /// What became of its spans, if it records any.
    pub fn measures(&self) -> Option<Arc<Measures>> {
        self.0.as_ref().map(|recorder| Arc::clone(&recorder.measures))
    }

    /// Runs what answers a request, in the trace that the caller's header `traceparent` names or in a new one. `tell`
    /// says what was done; it is told nothing when the work was dropped.
    pub async fn request<T>(
        &self,
        traceparent: Option<&[u8]>,
        work: impl Future<Output = T>,
        tell: impl FnOnce(Option<&T>) -> Work,
    ) -> T {
        self.root(traceparent.and_then(parent::parse), None, work, tell).await
    }

    /// Runs a job, in the trace of what enqueued it as long as that is remembered, or in a new one.
    pub async fn job<T>(
        &self,
        id: &str,
        account: Option<AccountSid>,
        work: impl Future<Output = T>,
        tell: impl FnOnce(Option<&T>) -> Work,
    ) -> T {
        let origin = self.0.as_ref().and_then(|recorder| recorder.origins().known.get(id).copied());
        self.root(origin, account, work, tell).await
    }

    async fn root<T>(
        &self,
        parent: Option<Parent>,
        account: Option<AccountSid>,
        work: impl Future<Output = T>,
        tell: impl FnOnce(Option<&T>) -> Work,
    ) -> T {
        let Some(recorder) = &self.0 else { return work.await };
        let (trace, is_sampled) = match &parent {
            Some(parent) => (parent.trace, parent.is_sampled),
            None => {
                let trace = TraceId(recorder.id());
                // The last bytes are as random as any, and callers cannot choose these.
                let drawn = u32::from_be_bytes([trace.0[12], trace.0[13], trace.0[14], trace.0[15]]);
                (trace, u64::from(drawn) < recorder.share)
            }
        };
        if !is_sampled {
            return work.await;
        }
        let context = Context {
            recorder: Arc::clone(recorder),
            trace,
            span: SpanId(recorder.id()),
            account: Arc::new(account.map_or_else(OnceLock::new, OnceLock::from)),
        };
        run(context, parent.map(|parent| parent.span), work, tell).await
    }
}

impl Recorder {
    /// A new id; never all zero, which would be none.
    fn id<const N: usize>(&self) -> [u8; N] {
        let mut id = [0; N];
        while id == [0; N] {
            self.random.fill(&mut id);
        }
        id
    }

    fn origins(&self) -> MutexGuard<'_, Origins> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(&self, span: Span) {
        if self.finished.try_send(span).is_err() {
            self.measures.dropped.increment();
        }
    }
}

/// A span that has begun.
struct Begun {
    context: Context,
    parent: Option<SpanId>,
    start: Timestamp,
    stopwatch: Stopwatch,
}

impl Begun {
    fn new(context: Context, parent: Option<SpanId>) -> Self {
        let start = context.recorder.clock.now();
        Self { context, parent, start, stopwatch: Stopwatch::start() }
    }

    fn finish(&self, work: Work) {
        let Context { recorder, trace, span, account } = &self.context;
        recorder.finish(Span {
            trace: *trace,
            id: *span,
            parent: self.parent,
            start: self.start,
            took: self.stopwatch.elapsed(),
            account: account.get().copied(),
            work,
        });
    }
}

/// What tells what was done, when the work has ended or was dropped: by a caller that hangs up, by a panic, by a
/// lease that was lost.
struct Telling<T, F: FnOnce(Option<&T>) -> Work> {
    begun: Begun,
    tell: Option<F>,
    output: std::marker::PhantomData<fn(&T)>,
}

impl<T, F: FnOnce(Option<&T>) -> Work> Telling<T, F> {
    fn tell(&mut self, output: Option<&T>) {
        if let Some(tell) = self.tell.take() {
            self.begun.finish(tell(output));
        }
    }
}

impl<T, F: FnOnce(Option<&T>) -> Work> Drop for Telling<T, F> {
    fn drop(&mut self) {
        self.tell(None);
    }
}

async fn run<T>(
    context: Context,
    parent: Option<SpanId>,
    work: impl Future<Output = T>,
    tell: impl FnOnce(Option<&T>) -> Work,
) -> T {
    let begun = Begun::new(context.clone(), parent);
    let mut telling = Telling { begun, tell: Some(tell), output: std::marker::PhantomData };
    let output = CURRENT.scope(context, work).await;
    telling.tell(Some(&output));
    output
}

/// The span that the running task is in, if it is recorded.
fn current() -> Option<Context> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Runs a part of what is being done, as a span of its own.
pub async fn child<T>(work: impl Future<Output = T>, tell: impl FnOnce(Option<&T>) -> Work) -> T {
    let Some(outer) = current() else { return work.await };
    let (parent, span) = (outer.span, SpanId(outer.recorder.id()));
    run(Context { span, ..outer }, Some(parent), work, tell).await
}

/// Notes something that took no time, as a span of its own.
pub fn note(work: impl FnOnce() -> Work) {
    let Some(outer) = current() else { return };
    let (parent, span) = (outer.span, SpanId(outer.recorder.id()));
    Begun::new(Context { span, ..outer }, Some(parent)).finish(work());
}

/// Says which account the request is about; the first word holds.
pub fn account(sid: AccountSid) {
    if let Some(context) = current() {
        // Said already: then it holds.
        let _ = context.account.set(sid);
    }
}

/// Remembers what a job came from, so that it goes on in the same trace when this process runs it.
pub fn remember_job(id: &str) {
    let Some(Context { recorder, trace, span, .. }) = current() else { return };
    let mut origins = recorder.origins();
    if origins.known.insert(id.to_owned(), Parent { trace, span, is_sampled: true }).is_none() {
        origins.oldest_first.push_back(id.to_owned());
    }
    if origins.oldest_first.len() > REMEMBERED_JOBS
        && let Some(oldest) = origins.oldest_first.pop_front()
    {
        origins.known.remove(&oldest);
    }
}
