//! Where calls live. A call is in the memory of one process while it goes on; that it is there, and in which process, is
//! on disk, so that one whose process died is found and ended.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use auth::{AccountContext, SidText, load_account};
use base::{AccountSid, CallSid, Sid, Timestamp, VoiceHostSid};
use jobs::{Outcome, Queue, Rounds};
use kit::Services;
use kit::ctx::decide;
use ledger::{Action as LedgerAction, Actor, Entry, Purpose};
use phi::Phi;
use rulebook::guard::{Action, AddressKind, CallFacts, LegEnd};
use serde::{Deserialize, Serialize};
use store::{Batch, Document, Kind, Lease, NewDocument, NewJob, Query, Scope, StoreError};
use tokio::sync::{mpsc, watch};
use webhooks::Webhooks;

use crate::calls::events;
use crate::calls::model::{self, Call, Direction, End, Ends, Progress, Status, kind_of};
use crate::calls::store::{self as calls, NewCall};
use crate::limits::{
    CALL_ORDERS, DEFAULT_TIME_LIMIT, DEFAULT_TIMEOUT, LIVE_CALLS, MAX_CONFLICTS, SIGN_EVERY, SIGN_KEPT,
    WATCH_EVERY, WATCHING_CONCURRENCY,
};
use crate::line::{AtHand, Incoming, Order as LineOrder, Rejection};
use crate::neighbours::Neighbours;
use crate::orders::Order;
use crate::placing;

/// The queue of calls that are looked after.
pub(crate) const WATCHING: &str = "calls.watch";

/// Why a call whose process died failed, when nobody had answered: we could not carry it on.
const LOST: u32 = 31_005;

/// Why a call that has come in was not taken.
#[derive(Debug)]
pub enum ArrivalError {
    /// The number is nobody's.
    UnknownNumber,
    /// A rule of the guide stands against it (VOI-GEO-1, VOI-SIPIF-1). The account has an alert.
    Refused,
    /// As many calls go on as may.
    Busy,
    /// It could not be kept.
    Store(StoreError),
}

impl fmt::Display for ArrivalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownNumber => f.write_str("the number belongs to no account"),
            Self::Refused => f.write_str("a rule of the guide stands against the call"),
            Self::Busy => f.write_str("as many calls go on as may"),
            Self::Store(error) => write!(f, "the call could not be kept: {error}"),
        }
    }
}

impl std::error::Error for ArrivalError {}

impl From<StoreError> for ArrivalError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The kind of signs of life; they live in the system's scope.
#[derive(Debug)]
enum VoiceHost {}

impl Kind for VoiceHost {
    const NAME: &'static str = "voice-host";
    type Sid = VoiceHostSid;
    type Facts = Sign;
    type Content = ();
}

/// A sign of life.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sign {
    /// Until when it counts, in microseconds.
    alive_until: i64,
}

/// The calls of this process, and what they are made with. Clones share everything.
#[derive(Clone)]
pub struct Switchboard {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) services: Arc<Services>,
    pub(crate) webhooks: Webhooks,
    pub(crate) neighbours: Arc<dyn Neighbours>,
    pub(crate) line: AtHand,
    host: VoiceHostSid,
    live: Mutex<HashMap<(AccountSid, CallSid), mpsc::Sender<Order>>>,
}

impl fmt::Debug for Switchboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "switchboard {} with {} calls", self.inner.host, self.live().len())
    }
}

/// A call's place among those that live here; it is free again when this is dropped.
pub(crate) struct Seat {
    switchboard: Switchboard,
    key: (AccountSid, CallSid),
    /// What the API orders of the call.
    pub(crate) orders: mpsc::Receiver<Order>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.switchboard.live().remove(&self.key);
    }
}

impl Switchboard {
    /// A switchboard without calls.
    pub fn new(
        services: Arc<Services>,
        webhooks: Webhooks,
        neighbours: Arc<dyn Neighbours>,
        line: AtHand,
    ) -> Self {
        let host = VoiceHostSid::generate(services.store.random().as_ref());
        let live = Mutex::default();
        Self { inner: Arc::new(Inner { services, webhooks, neighbours, line, host, live }) }
    }

    /// The queues of calls: placing, orders, and looking after.
    pub fn queues(&self) -> Vec<Queue> {
        vec![crate::placing::queue(self), crate::orders::queue(self), self.watching()]
    }

    /// How many calls live here.
    pub fn live_calls(&self) -> usize {
        self.live().len()
    }

    pub(crate) fn services(&self) -> &Arc<Services> {
        &self.inner.services
    }

    /// This process, as calls name it.
    pub(crate) fn host(&self) -> SidText<VoiceHostSid> {
        SidText(self.inner.host)
    }

    fn live(&self) -> MutexGuard<'_, HashMap<(AccountSid, CallSid), mpsc::Sender<Order>>> {
        // What is behind the lock is consistent after every statement.
        self.inner.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more call; none when there are as many as there may be, or it has one.
    pub(crate) fn sit(&self, account: AccountSid, call: CallSid) -> Option<Seat> {
        let mut live = self.live();
        let key = (account, call);
        if live.len() >= LIVE_CALLS || live.contains_key(&key) {
            return None;
        }
        let (sender, orders) = mpsc::channel(CALL_ORDERS);
        live.insert(key, sender);
        Some(Seat { switchboard: self.clone(), key, orders })
    }

    /// Gives an order to a call; says whether it lives here. One that does not listen is given none: it is at its end.
    pub(crate) fn order(&self, account: AccountSid, call: CallSid, order: Order) -> bool {
        match self.live().get(&(account, call)) {
            Some(orders) => {
                if orders.try_send(order).is_err() {
                    tracing::warn!(%call, "a call took no order");
                }
                true
            }
            None => false,
        }
    }

    fn is_live(&self, account: AccountSid, call: CallSid) -> bool {
        self.live().contains_key(&(account, call))
    }

    /// Says now and then that this process is alive, until `stop` becomes true or is dropped.
    pub async fn keep_house(self, stop: watch::Receiver<bool>) {
        let mut rounds = Rounds::every(SIGN_EVERY, stop);
        loop {
            if let Err(error) = self.sign().await {
                tracing::warn!(%error, "no sign of life could be given");
            }
            if !rounds.next().await {
                break;
            }
        }
    }

    /// Gives a sign of life.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn sign(&self) -> Result<(), StoreError> {
        let (store, now) = (&self.services().store, self.services().now());
        let sign = Sign { alive_until: now.plus(SIGN_KEPT).micros() };
        let mut batch = store.batch(Scope::SYSTEM);
        match store.scope(Scope::SYSTEM).get::<VoiceHost>(self.inner.host).await? {
            Some(mut known) => {
                known.facts = sign;
                batch.update::<VoiceHost>(&known);
            }
            None => batch.insert::<VoiceHost>(NewDocument::of(self.inner.host, now, sign)),
        }
        store.commit(batch).await.map(drop)
    }

    /// Takes a call that has come in. What was answered `Ok` to is on disk; the leg is answered or not as its document says.
    ///
    /// # Errors
    /// [`ArrivalError`]; the leg is over then.
    pub async fn arrival(&self, incoming: Incoming) -> Result<CallSid, ArrivalError> {
        let Incoming { from, to, forwarded_from, private_path, leg } = incoming;
        let store = &self.services().store;
        let Some(End::Phone(own)) = End::parse(&to) else { return Err(ArrivalError::UnknownNumber) };
        let neighbours = &self.inner.neighbours;
        let owner = neighbours.owner(store, own.as_str()).await?.ok_or(ArrivalError::UnknownNumber)?;
        let account = self.account(owner).await?.filter(AccountContext::is_active);
        let account = account.ok_or(ArrivalError::UnknownNumber)?;
        let number = neighbours.number(store, account.scope(), own.as_str()).await?;
        let number = number.ok_or(ArrivalError::UnknownNumber)?;
        let caller = End::parse(&from);
        let forwarder = forwarded_from.as_deref().map(End::parse);
        let forwarded_kind = forwarder.map(|end| match end {
            Some(End::Phone(number)) => kind_of(&number),
            // What is no number that can be read is nowhere in the United States.
            _ => AddressKind::Foreign,
        });
        // A SIP caller is as private as the way it came.
        let from_class = caller.as_ref().map(|end| match end.class(private_path).0 {
            LegEnd::Sip { .. } => LegEnd::Sip { secure: private_path, interconnect: false },
            class => class,
        });
        let decision = decide(
            &account.facts(crate::PRODUCT.service),
            &Action::ReceiveCall(CallFacts {
                to: End::Phone(own.clone()).class(false).0,
                from: from_class,
                forwarded_from: forwarded_kind,
                urls: &[],
                uses_ai: false,
                line_registered: true,
            }),
        );
        let refusal = match decision {
            Err(refusal) => Some(refusal.code().number),
            Ok(_) if account.account.facts.designation.protected && !private_path => {
                Some(rulebook::codes::SIP_NOT_SECURE)
            }
            Ok(_) => None,
        };
        let now = self.services().now();
        let sid = CallSid::generate_at(store.random().as_ref(), now);
        let seat = if refusal.is_none() { self.sit(account.sid(), sid) } else { None };
        let status = if seat.is_some() { Status::Ringing } else { Status::NoAnswer };
        let facts = model::CallFacts {
            status,
            direction: Direction::Inbound,
            number: Some(SidText(number.sid)),
            hook: number.hook,
            events: vec![Progress::Completed],
            timeout: DEFAULT_TIMEOUT,
            time_limit: DEFAULT_TIME_LIMIT,
            answered_at: None,
            ended_at: seat.is_none().then(|| now.micros()),
            sip_response: None,
            error_code: refusal,
            reports: 0,
            host: Some(self.host()),
        };
        let from = caller.map(End::into_string).unwrap_or_default();
        let ends = Phi::new(Ends { from, to: own.into_string(), forwarded_from });
        let key = store.scope(account.scope()).digest_key().await?;
        let mut batch = store.batch(account.scope());
        let new = NewCall { sid, parent: None, facts, ends, script: None, created_at: now };
        let call = calls::insert(&mut batch, &key, new);
        match refusal {
            Some(code) => placing::alert(&mut batch, self, sid, code),
            None => batch.enqueue(Self::watch(sid, now)),
        }
        batch.record(entry("receive_call", vec![sid.to_string()], Purpose::Carriage).to_bytes());
        store.commit(batch).await?;
        let Some(seat) = seat else {
            if leg.orders.send(LineOrder::Reject(Rejection::Declined)).await.is_err() {
                tracing::debug!(call = %sid, "a call was over before it was rejected");
            }
            return Err(match refusal {
                Some(_) => ArrivalError::Refused,
                None => ArrivalError::Busy,
            });
        };
        crate::driver::spawn_incoming(self.clone(), account, call, leg, seat);
        Ok(sid)
    }

    /// The job that looks after a call.
    pub(crate) fn watch(call: CallSid, now: Timestamp) -> NewJob {
        NewJob {
            queue: WATCHING,
            lane: None,
            ordering_key: None,
            due_at: now.plus(WATCH_EVERY),
            payload: call.to_string().into_bytes(),
        }
    }

    fn watching(&self) -> Queue {
        let switchboard = self.clone();
        Queue::new(WATCHING, WATCHING_CONCURRENCY, move |lease| {
            let switchboard = switchboard.clone();
            async move { switchboard.look_after(&lease).await.unwrap_or_else(Outcome::Failed) }
        })
    }

    /// Whether a process is alive: this one is, another when its sign counts.
    async fn is_alive(&self, host: VoiceHostSid) -> Result<bool, StoreError> {
        let found = self.services().store.scope(Scope::SYSTEM).get::<VoiceHost>(host).await?;
        Ok(found.is_some_and(|sign| sign.facts.alive_until > self.services().now().micros()))
    }

    async fn look_after(&self, lease: &Lease) -> Result<Outcome, StoreError> {
        let services = self.services();
        let sid = std::str::from_utf8(&lease.payload).ok().and_then(|text| text.parse::<CallSid>().ok());
        let (Some(sid), Some(account)) = (sid, lease.scope.account_sid()) else {
            return self.finish(lease).await;
        };
        let Some(call) = services.store.scope(lease.scope).get::<Call>(sid).await? else {
            return self.finish(lease).await;
        };
        if call.facts.status.is_terminal() {
            return self.finish(lease).await;
        }
        let lives = match call.facts.host {
            Some(host) if host == self.host() => self.is_live(account, sid),
            Some(host) => self.is_alive(host.0).await?,
            None => false,
        };
        if lives {
            return Ok(Outcome::RetryAt(services.now().plus(WATCH_EVERY)));
        }
        self.end_lost(lease, account, call).await
    }

    async fn finish(&self, lease: &Lease) -> Result<Outcome, StoreError> {
        let mut batch = self.services().store.batch(lease.scope);
        batch.finish(lease);
        self.services().store.commit(batch).await?;
        Ok(Outcome::Done)
    }

    /// Ends a call whose process died, and its legs. It is known to have lasted until it was written last.
    async fn end_lost(
        &self,
        lease: &Lease,
        account: AccountSid,
        call: Document<Call>,
    ) -> Result<Outcome, StoreError> {
        let (store, now) = (&self.services().store, self.services().now());
        let query =
            Query { parent: Some(call.sid.to_string()), limit: store::limits::PAGE_ROWS, ..Query::default() };
        let legs = store.scope(lease.scope).list::<Call>(query).await?.documents;
        let mut batch = store.batch(lease.scope);
        batch.finish(lease);
        let mut sids = Vec::new();
        for mut call in legs.into_iter().chain([call]).filter(|call| !call.facts.status.is_terminal()) {
            let was_answered = call.facts.status == Status::InProgress;
            call.facts.status = if was_answered { Status::Completed } else { Status::Failed };
            call.facts.ended_at = Some(call.updated_at.micros());
            call.facts.error_code = (!was_answered).then_some(LOST);
            sids.push(call.sid.to_string());
            conclude(&mut batch, account, &mut call, now);
        }
        batch.record(entry("end_lost_call", sids, Purpose::Carriage).to_bytes());
        tracing::warn!(call = %lease.id, "a call whose process is gone was ended");
        store.commit(batch).await?;
        Ok(Outcome::Done)
    }

    /// Changes a call until it is written; `None` when it is gone, or `change` says that there is nothing to change.
    pub(crate) async fn change(
        &self,
        scope: Scope,
        sid: CallSid,
        mut change: impl FnMut(&mut Batch, &mut Document<Call>) -> bool + Send,
    ) -> Result<Option<Document<Call>>, StoreError> {
        let store = &self.services().store;
        for _ in 0..MAX_CONFLICTS {
            let Some(mut call) = store.scope(scope).get::<Call>(sid).await? else { return Ok(None) };
            let mut batch = store.batch(scope);
            if !change(&mut batch, &mut call) {
                return Ok(None);
            }
            match store.commit(batch).await {
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error),
                Ok(_) => {
                    call.revision += 1;
                    return Ok(Some(call));
                }
            }
        }
        Err(StoreError::Conflict)
    }

    /// The account as of now; none when it is gone.
    pub(crate) async fn account(&self, sid: AccountSid) -> Result<Option<AccountContext>, StoreError> {
        load_account(&self.services().store, sid, self.services().now()).await
    }
}

/// Writes a call that is over, with its last report.
pub(crate) fn conclude(batch: &mut Batch, account: AccountSid, call: &mut Document<Call>, now: Timestamp) {
    events::report(batch, account, call, Progress::Completed, now);
    calls::advance(batch, call);
}

/// A ledger entry for what Switchward does to calls by itself.
pub(crate) fn entry(action: &'static str, sids: Vec<String>, purpose: Purpose) -> Entry {
    Entry { actor: Actor::System, action: LedgerAction(action), sids, fields: &[], purpose, source: None }
}
