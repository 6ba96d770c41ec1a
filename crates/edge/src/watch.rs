//! Deadlines around one HTTP connection: what it is doing now, since when, and until when it may.
//!
//! The HTTP implementation has one timer for "no request head yet". A kept-alive connection may wait
//! for minutes while a head that trickles in may not, so the two are told apart here.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tower::BoxError;

/// What a connection is doing, shared by its socket, its requests and its deadline.
pub(crate) struct Activity {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    stage: Stage,
    since: Instant,
    serving: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Bytes of a request head are expected or arriving.
    Head,
    /// Kept alive between requests.
    Idle,
}

impl Activity {
    /// A connection of which the first request head is due.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State { stage: Stage::Head, since: Instant::now(), serving: 0 }),
            changed: Notify::new(),
        })
    }

    /// Marks a request as running until the returned value is dropped.
    pub(crate) fn serve(self: &Arc<Self>) -> Serving {
        self.state().serving += 1;
        Serving(Arc::clone(self))
    }

    /// Waits until the connection has been idle, or inside one request head, for too long.
    pub(crate) async fn expired(&self, head: Duration, idle: Duration) {
        loop {
            let changed = self.changed.notified();
            match self.deadline(head, idle) {
                None => changed.await,
                Some(deadline) if deadline <= Instant::now() => return,
                Some(deadline) => {
                    tokio::select! {
                        () = sleep_until(deadline) => {}
                        () = changed => {}
                    }
                }
            }
        }
    }

    fn deadline(&self, head: Duration, idle: Duration) -> Option<Instant> {
        let state = self.state();
        match (state.serving, state.stage) {
            (0, Stage::Head) => Some(state.since + head),
            (0, Stage::Idle) => Some(state.since + idle),
            _ => None,
        }
    }

    fn bytes_arrived(&self) {
        let mut state = self.state();
        if state.serving == 0 && state.stage == Stage::Idle {
            state.stage = Stage::Head;
            state.since = Instant::now();
            self.changed.notify_one();
        }
    }

    /// An answer's last bytes leave after its body is gone: while they move, the connection is not idle.
    fn bytes_left(&self) {
        let mut state = self.state();
        if state.serving == 0 {
            state.since = Instant::now();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is running: from its head to the end of its answer.
pub(crate) struct Serving(Arc<Activity>);

impl Drop for Serving {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.serving -= 1;
        if state.serving == 0 {
            state.stage = Stage::Idle;
            state.since = Instant::now();
            self.0.changed.notify_one();
        }
    }
}

/// An answer's body that keeps its request marked as running until it is sent.
pub(crate) struct ServedBody {
    body: UnsyncBoxBody<Bytes, BoxError>,
    _serving: Serving,
}

impl ServedBody {
    pub(crate) fn new(body: UnsyncBoxBody<Bytes, BoxError>, serving: Serving) -> Self {
        Self { body, _serving: serving }
    }
}

impl Body for ServedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A byte stream that reports arriving bytes, gives up on a peer that takes none, and keeps the
/// connection's place in the limit for as long as it lives, upgrades included.
pub(crate) struct Watched<T> {
    inner: T,
    activity: Arc<Activity>,
    stall_timeout: Duration,
    stall: Option<Pin<Box<Sleep>>>,
    _permit: Arc<OwnedSemaphorePermit>,
}

impl<T> Watched<T> {
    pub(crate) fn new(
        inner: T,
        activity: Arc<Activity>,
        stall_timeout: Duration,
        permit: Arc<OwnedSemaphorePermit>,
    ) -> Self {
        Self { inner, activity, stall_timeout, stall: None, _permit: permit }
    }

    /// Passes on the result of a write, or an error once writes have been stuck for too long.
    fn bounded<R>(&mut self, context: &mut Context<'_>, result: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if result.is_ready() {
            if self.stall.take().is_some() {
                self.activity.bytes_left();
            }
            return result;
        }
        let timeout = self.stall_timeout;
        let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(timeout)));
        stall.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.inner).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.activity.bytes_arrived();
        }
        result
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.bounded(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.bounded(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.inner).poll_flush(context);
        self.bounded(context, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.inner).poll_shutdown(context);
        self.bounded(context, result)
    }
}
