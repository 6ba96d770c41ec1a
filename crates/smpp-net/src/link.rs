//! One bind: connected, kept alive, connected again. A task drives the sans-IO session.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::{CarrierRecordSid, Clock, SystemClock, Timestamp};
use smpp_proto::status::{QUEUE_FULL, TEMPORARY_FAILURE, THROTTLED};
use smpp_proto::{CloseReason, Event, Hold, Session, Submit};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::config::{BindConfig, BindMode};
use crate::inbound::{Answer, Inbound};
use crate::limits::{
    ANSWER_MARGIN, CONNECT_TIME, FIRST_BACKOFF, LONGEST_BACKOFF, PENDING, QUEUE_WAIT, READ_BYTES,
    SILENCE_PAUSE, STOP_GRACE,
};
use crate::repeats::OpenConnection;
use crate::tls::{Connector, Stream};

/// A part to be submitted, and who waits to hear how it went.
pub(crate) struct Order {
    pub(crate) part: Submit,
    /// When it is too late to write it.
    pub(crate) not_after: Instant,
    pub(crate) reply: oneshot::Sender<Outcome>,
}

/// How a part fared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The SMSC has it, under this name.
    Taken(Option<String>),
    /// The SMSC refused it with this status.
    Refused(u32),
    /// It was written and not answered: the SMSC has it or not.
    Unanswered,
    /// It was not written.
    NotSent,
    /// No PDU can hold it.
    Unsendable,
}

/// The carrier's end of a bind.
pub(crate) struct Link {
    pub(crate) config: Arc<BindConfig>,
    pub(crate) orders: mpsc::Sender<Order>,
    /// Closed once the task has ended.
    pub(crate) is_bound: watch::Receiver<bool>,
    /// The stored configuration it was made from, and its revision; none when it stands in the file.
    pub(crate) stored: Option<(CarrierRecordSid, i64)>,
    /// True once the bind is changed or deleted: what was handed to it is ended, and then it unbinds.
    drain: watch::Sender<bool>,
    condition: SharedCondition,
}

/// What is known of a bind: no number, no text, nothing of a message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Condition {
    /// Since when it is bound; `None` when it is not.
    pub(crate) bound_since: Option<Timestamp>,
    /// Parts that wait for an answer.
    pub(crate) unanswered: usize,
    /// Parts that the SMSC has taken since the start.
    pub(crate) taken: u64,
    /// Parts that it has refused since the start because it is throttling or its queue is full.
    pub(crate) throttled: u64,
    /// What went wrong last, and when.
    pub(crate) last_problem: Option<(Timestamp, String)>,
    /// Since when a submission has had no answer; `None` when the last one had.
    silent_since: Option<Instant>,
}

type SharedCondition = Arc<Mutex<Condition>>;

fn lock(condition: &SharedCondition) -> MutexGuard<'_, Condition> {
    // What is behind the lock is consistent after every statement, so a panic elsewhere spoils nothing.
    condition.lock().unwrap_or_else(PoisonError::into_inner)
}

fn note_problem(condition: &SharedCondition, problem: String) {
    lock(condition).last_problem = Some((SystemClock.now(), problem));
}

/// The task's end of a bind.
pub(crate) struct Driver {
    config: Arc<BindConfig>,
    connector: Connector,
    orders: mpsc::Receiver<Order>,
    is_bound: watch::Sender<bool>,
    condition: SharedCondition,
    drain: watch::Receiver<bool>,
    /// The bind of this name that is being drained: an SMSC may let a system bind only once.
    before: Option<watch::Receiver<bool>>,
}

/// Both ends of a bind; it connects once the bind `before` has ended.
pub(crate) fn link(
    config: BindConfig,
    connector: Connector,
    stored: Option<(CarrierRecordSid, i64)>,
    before: Option<watch::Receiver<bool>>,
) -> (Link, Driver) {
    let config = Arc::new(config);
    let (drain, drained) = watch::channel(false);
    let (orders, receiver) = mpsc::channel(PENDING);
    let (bound, is_bound) = watch::channel(false);
    let condition = SharedCondition::default();
    let driver = Driver {
        config: Arc::clone(&config),
        connector,
        orders: receiver,
        is_bound: bound,
        condition: Arc::clone(&condition),
        drain: drained,
        before,
    };
    (Link { config, orders, is_bound, stored, drain, condition }, driver)
}

/// What ends a bind.
struct Ends {
    /// The carrier stops.
    stop: watch::Receiver<bool>,
    /// The bind is changed or deleted.
    drain: watch::Receiver<bool>,
}

impl Ends {
    fn is_near(&self) -> bool {
        [&self.stop, &self.drain].iter().any(|told| *told.borrow() || told.has_changed().is_err())
    }

    /// Completes when either is so.
    async fn near(&mut self) {
        tokio::select! {
            () = told(&mut self.stop) => {}
            () = told(&mut self.drain) => {}
        }
    }
}

/// Completes when the value is true, or nobody can make it so any more.
pub(crate) async fn told(word: &mut watch::Receiver<bool>) {
    drop(word.wait_for(|word| *word).await);
}

impl Link {
    /// Whether messages can be handed to it.
    pub(crate) fn can_submit(&self) -> bool {
        self.config.mode != BindMode::Receiver && *self.is_bound.borrow()
    }
}

impl Link {
    /// Lets it end what was handed to it, and unbind then.
    pub(crate) fn drain(&self) {
        self.drain.send_replace(true);
    }

    /// Whether it is bound but leaves submissions unanswered: others are asked first, for a while.
    pub(crate) fn is_silent(&self) -> bool {
        lock(&self.condition).silent_since.is_some_and(|since| since.elapsed() < SILENCE_PAUSE)
    }

    /// What is known of it now.
    pub(crate) fn condition(&self) -> Condition {
        lock(&self.condition).clone()
    }
}

impl Driver {
    /// Keeps the bind up until `stop` becomes true or is dropped, or the bind is changed or deleted.
    pub(crate) async fn run(mut self, inbound: Arc<Inbound>, stop: watch::Receiver<bool>) {
        let mut ends = Ends { stop, drain: self.drain.clone() };
        if let Some(mut before) = self.before.take() {
            tokio::select! {
                // It never says so: its end is what is waited for.
                () = async { while before.changed().await.is_ok() {} } => {}
                () = told(&mut ends.stop) => {}
            }
        }
        let mut failures = 0;
        while !ends.is_near() {
            let was_bound = self.connect_and_serve(&inbound, &mut ends).await;
            self.is_bound.send_replace(false);
            {
                let mut condition = lock(&self.condition);
                (condition.bound_since, condition.unanswered) = (None, 0);
            }
            failures = if was_bound { 1 } else { failures + 1 };
            let pause = sleep(backoff(failures));
            tokio::pin!(pause);
            tokio::select! {
                () = refuse(&mut self.orders) => {}
                () = &mut pause => {}
                () = ends.near() => {}
            }
        }
        self.orders.close();
        while let Some(order) = self.orders.recv().await {
            reply(order.reply, Outcome::NotSent);
        }
    }

    /// One connection, from its start to its end. Whether it was bound.
    async fn connect_and_serve(&mut self, inbound: &Arc<Inbound>, ends: &mut Ends) -> bool {
        let name = self.config.name.as_str();
        let connected = tokio::select! {
            () = refuse(&mut self.orders) => return false,
            connected = timeout(CONNECT_TIME, self.connector.connect()) => connected,
            () = ends.near() => return false,
        };
        let stream = match connected {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                tracing::warn!(bind = name, kind = %error.kind(), "the SMSC cannot be reached");
                note_problem(&self.condition, format!("the SMSC cannot be reached: {}", error.kind()));
                return false;
            }
            Err(_) => {
                tracing::warn!(bind = name, "the SMSC does not accept the connection in time");
                note_problem(&self.condition, "the SMSC does not accept the connection in time".to_owned());
                return false;
            }
        };
        let session = match self.config.session() {
            Ok(session) => session,
            Err(error) => {
                tracing::error!(bind = name, %error, "the bind cannot be written");
                return false;
            }
        };
        let (reader, writer) = split(stream);
        let settles_after = Duration::from_secs(self.config.enquire_seconds + self.config.response_seconds);
        let connection = Connection {
            config: &self.config,
            session,
            started: Instant::now(),
            writer,
            replies: Replies::default(),
            deliveries: JoinSet::new(),
            open: inbound.repeats().connection(settles_after),
            unseen: HashMap::new(),
            is_bound: &self.is_bound,
            condition: &self.condition,
            was_bound: false,
        };
        connection.serve(reader, &mut self.orders, inbound, ends).await
    }
}

/// Refuses what is ordered while there is no connection, so that another bind is asked. Never ends.
async fn refuse(orders: &mut mpsc::Receiver<Order>) {
    while let Some(order) = orders.recv().await {
        reply(order.reply, Outcome::NotSent);
    }
    std::future::pending().await
}

fn reply(to: oneshot::Sender<Outcome>, outcome: Outcome) {
    // Whoever has given up waiting needs no answer: the message is tried again.
    drop(to.send(outcome));
}

/// Who waits for the answer to which submission.
#[derive(Default)]
struct Replies {
    waiting: HashMap<u64, oneshot::Sender<Outcome>>,
    next: u64,
}

impl Replies {
    fn add(&mut self, to: oneshot::Sender<Outcome>) -> u64 {
        self.next += 1;
        self.waiting.insert(self.next, to);
        self.next
    }

    fn give(&mut self, token: u64, outcome: Outcome) {
        if let Some(to) = self.waiting.remove(&token) {
            reply(to, outcome);
        }
    }
}

/// A connection that is open.
struct Connection<'a> {
    config: &'a Arc<BindConfig>,
    session: Session,
    started: Instant,
    writer: WriteHalf<Box<dyn Stream>>,
    replies: Replies,
    /// What came in and is being dealt with: its sequence number and its answer.
    deliveries: JoinSet<(u32, Answer)>,
    open: OpenConnection,
    /// What is to be forgotten when the SMSC has seen the answer of this number.
    unseen: HashMap<u32, CarrierRecordSid>,
    is_bound: &'a watch::Sender<bool>,
    condition: &'a SharedCondition,
    was_bound: bool,
}

impl Connection<'_> {
    /// Drives the session until it is closed. Whether it was bound.
    async fn serve(
        mut self,
        mut reader: ReadHalf<Box<dyn Stream>>,
        orders: &mut mpsc::Receiver<Order>,
        inbound: &Arc<Inbound>,
        ends: &mut Ends,
    ) -> bool {
        let mut buffer = vec![0; READ_BYTES];
        let (mut is_stopping, mut is_draining) = (false, false);
        let mut ending_by: Option<Duration> = None;
        loop {
            let now = self.started.elapsed();
            self.session.tick(now);
            // What waits is still written when the bind is drained, so that no text ends in its middle.
            let is_done = self.session.unanswered() == 0 && (is_stopping || orders.is_empty());
            if ending_by.is_some_and(|by| is_done || by <= now) {
                self.session.unbind(now);
            }
            if self.write().await.is_err() {
                self.session.disconnected();
            }
            let closed = self.take_events(inbound);
            lock(self.condition).unanswered = self.session.unanswered();
            if let Some(reason) = closed {
                self.log_end(reason, ending_by.is_some());
                return self.was_bound;
            }
            let ready = self.session.ready(now);
            let is_open = ready.is_ok() && !is_stopping;
            let wake_at = [
                self.session.next_deadline(),
                ending_by.filter(|by| *by > now),
                match ready {
                    Err(Hold::Until(at)) => Some(at),
                    _ => None,
                },
            ];
            // Rounded up: a timer that fires a little early would spin.
            let wake_at =
                wake_at.into_iter().flatten().min().map(|at| self.started + at + Duration::from_millis(1));
            tokio::select! {
                read = reader.read(&mut buffer) => match read {
                    Ok(length) if length > 0 => self.session.receive(&buffer[..length], self.started.elapsed()),
                    Ok(_) | Err(_) => self.session.disconnected(),
                },
                Some(order) = orders.recv(), if is_open => self.submit(order),
                Some(done) = self.deliveries.join_next() => match done {
                    Ok((sequence, Answer { status, mark })) => {
                        if let Some(mark) = mark {
                            self.unseen.insert(sequence, mark);
                        }
                        self.session.answer(sequence, status, self.started.elapsed());
                    }
                    // Unanswered, so the SMSC sends it again.
                    Err(_) => tracing::error!(bind = self.config.name, "taking a delivery ended by a panic"),
                },
                () = sleep_until(wake_at.unwrap_or(self.started)), if wake_at.is_some() => {}
                () = told(&mut ends.stop), if !is_stopping => {
                    is_stopping = true;
                    let by = self.started.elapsed() + STOP_GRACE;
                    ending_by = Some(ending_by.map_or(by, |sooner| sooner.min(by)));
                    self.is_bound.send_replace(false);
                }
                () = told(&mut ends.drain), if !is_draining && !is_stopping => {
                    is_draining = true;
                    // By then each part is answered or given up: nothing is cut off.
                    let last = QUEUE_WAIT + self.config.response() + ANSWER_MARGIN;
                    ending_by = Some(self.started.elapsed() + last);
                    self.is_bound.send_replace(false);
                    orders.close();
                }
            }
        }
    }

    fn submit(&mut self, order: Order) {
        // What nobody waits for any more is being tried again.
        if order.not_after < Instant::now() || order.reply.is_closed() {
            return reply(order.reply, Outcome::NotSent);
        }
        let token = self.replies.add(order.reply);
        if self.session.submit(&order.part, token, self.started.elapsed()).is_err() {
            self.replies.give(token, Outcome::Unsendable);
        }
    }

    /// Passes on what happened; the reason when the session is over.
    fn take_events(&mut self, inbound: &Arc<Inbound>) -> Option<CloseReason> {
        let mut seen = Vec::new();
        let closed = self.take_each_event(inbound, &mut seen);
        if !seen.is_empty() {
            let repeats = Arc::clone(inbound.repeats());
            tokio::spawn(async move {
                if let Err(error) = repeats.seen(seen).await {
                    tracing::debug!(%error, "what the SMSC has seen is forgotten later");
                }
            });
        }
        closed
    }

    fn take_each_event(
        &mut self,
        inbound: &Arc<Inbound>,
        seen: &mut Vec<CarrierRecordSid>,
    ) -> Option<CloseReason> {
        while let Some(event) = self.session.next_event() {
            match event {
                Event::Bound => {
                    tracing::info!(bind = self.config.name, "bound");
                    self.was_bound = true;
                    lock(self.condition).bound_since = Some(SystemClock.now());
                    self.is_bound.send_replace(true);
                }
                Event::Submitted { token, message_id } => {
                    {
                        let mut condition = lock(self.condition);
                        condition.taken += 1;
                        condition.silent_since = None;
                    }
                    self.replies.give(token, Outcome::Taken(message_id));
                }
                Event::Refused { token, status } => {
                    {
                        let mut condition = lock(self.condition);
                        condition.throttled += u64::from(matches!(status, QUEUE_FULL | THROTTLED));
                        condition.silent_since = None;
                    }
                    self.replies.give(token, Outcome::Refused(status));
                }
                Event::Unanswered { token } => {
                    lock(self.condition).silent_since = Some(Instant::now());
                    note_problem(self.condition, "a submission was not answered".to_owned());
                    self.replies.give(token, Outcome::Unanswered);
                }
                Event::Delivery(delivery) => {
                    let (inbound, sequence) = (Arc::clone(inbound), delivery.sequence);
                    let config = Arc::clone(self.config);
                    let mark = self.open.mark(config.network(), sequence, &delivery.body);
                    // In a task of its own: what was begun is ended even when the connection is gone.
                    let task =
                        tokio::spawn(async move { inbound.take(&config, mark, delivery.delivered).await });
                    self.deliveries.spawn(async move {
                        (sequence, task.await.unwrap_or_else(|_| TEMPORARY_FAILURE.into()))
                    });
                }
                Event::AnswerSeen { sequence } => seen.extend(self.unseen.remove(&sequence)),
                Event::Malformed { command } => {
                    tracing::warn!(bind = self.config.name, command, "a PDU that cannot be read was refused");
                }
                Event::Closed(reason) => return Some(reason),
            }
        }
        None
    }

    async fn write(&mut self) -> io::Result<()> {
        let output = self.session.take_output();
        if output.is_empty() {
            return Ok(());
        }
        // A peer that does not read is as good as gone.
        let written = timeout(self.config.response(), async {
            self.writer.write_all(&output).await?;
            self.writer.flush().await
        });
        written.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    fn log_end(&self, reason: CloseReason, is_wanted: bool) {
        let bind = self.config.name.as_str();
        match reason {
            CloseReason::Unbound => tracing::info!(bind, "unbound"),
            reason if is_wanted => tracing::info!(bind, %reason, "the connection ended while stopping"),
            reason => {
                tracing::warn!(bind, %reason, "the bind was lost and is tried again");
                note_problem(self.condition, reason.to_string());
            }
        }
    }
}

fn backoff(failures: u32) -> Duration {
    FIRST_BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_within_bounds() {
        assert_eq!(backoff(1), FIRST_BACKOFF);
        assert_eq!(backoff(2), FIRST_BACKOFF * 2);
        assert_eq!(backoff(u32::MAX), LONGEST_BACKOFF);
    }
}
