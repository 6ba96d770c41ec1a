//! From the queue to the line: the job that places a call of the API.
//!
//! The guard is asked again, so that queued work obeys what changed meanwhile. That the call lives in this process is on
//! disk before the line is asked; when the process dies after that, whoever looks after the call ends it. A call is never
//! placed twice: two rings surprise more than a failure does.

use auth::AccountContext;
use base::{AccountSid, CallSid};
use jobs::{Outcome, Queue, backoff};
use kit::ctx::decide;
use ledger::Purpose;
use phi::Phi;
use rulebook::codes::CALL_REGION_NOT_PERMITTED;
use rulebook::guard::{Action, CallFacts as GuardFacts, UrlFact};
use store::{Batch, Document, Lease, StoreError};
use webhooks::{LogLevel, NewAlert};

use crate::Switchboard;
use crate::calls::model::{Call, End, Ends, Status, Yes, may_call};
use crate::hook::url_fact;
use crate::limits::{MAX_QUEUE_TIME, PLACING_CONCURRENCY};
use crate::neighbours::INTERCONNECT;
use crate::switchboard::{conclude, entry};

/// The queue of calls that wait to be placed.
pub(crate) const PLACING: &str = "calls.place";

/// Codes of failures before the line is asked, by the public error dictionary.
const ACCOUNT_NOT_ACTIVE: u32 = 20_005;
const CALLER_GONE: u32 = 21_210;
/// There is no line, or it took too long to have one.
pub(crate) const UNREACHABLE: u32 = 21_214;

/// The queue's worker.
pub(crate) fn queue(switchboard: &Switchboard) -> Queue {
    let switchboard = switchboard.clone();
    Queue::new(PLACING, PLACING_CONCURRENCY, move |lease| {
        let switchboard = switchboard.clone();
        async move { place(&switchboard, &lease).await.unwrap_or_else(Outcome::Failed) }
    })
}

async fn place(switchboard: &Switchboard, lease: &Lease) -> Result<Outcome, StoreError> {
    let services = switchboard.services();
    let scoped = services.store.scope(lease.scope);
    let sid = std::str::from_utf8(&lease.payload).ok().and_then(|text| text.parse::<CallSid>().ok());
    let call = match sid {
        Some(sid) => scoped.get::<Call>(sid).await?,
        None => None,
    };
    let account = match lease.scope.account_sid() {
        Some(account) => switchboard.account(account).await?,
        None => None,
    };
    let waiting = call.filter(|call| call.facts.status == Status::Queued && call.facts.host.is_none());
    let (Some(mut call), Some(account)) = (waiting, account) else {
        let mut batch = services.store.batch(lease.scope);
        batch.finish(lease);
        services.store.commit(batch).await?;
        return Ok(Outcome::Done);
    };
    let now = services.now();
    if let Err(code) = obstacle(switchboard, &account, &call).await? {
        return fail(switchboard, lease, account.sid(), call, code).await;
    }
    let late = now.since(call.created_at) > MAX_QUEUE_TIME;
    let line = switchboard.inner.line.0.clone().filter(|_| !late);
    let Some(line) = line else {
        return fail(switchboard, lease, account.sid(), call, UNREACHABLE).await;
    };
    let Some(seat) = switchboard.sit(account.sid(), call.sid) else {
        return Ok(Outcome::RetryAt(now.plus(backoff(lease.attempts))));
    };
    call.facts.host = Some(switchboard.host());
    let mut batch = services.store.batch(lease.scope);
    batch.finish(lease);
    batch.enqueue(Switchboard::watch(call.sid, now));
    batch.update::<Call>(&call);
    batch.record(entry("begin_call", vec![call.sid.to_string()], Purpose::Carriage).to_bytes());
    services.store.commit(batch).await?;
    call.revision += 1;
    crate::driver::spawn_outgoing(switchboard.clone(), account, call, line, seat);
    Ok(Outcome::Done)
}

/// What stands against placing a call now, as a code.
async fn obstacle(
    switchboard: &Switchboard,
    account: &AccountContext,
    call: &Document<Call>,
) -> Result<Result<(), u32>, StoreError> {
    if !account.is_active() {
        return Ok(Err(ACCOUNT_NOT_ACTIVE));
    }
    let hook = &call.facts.hook;
    let urls: Vec<_> = [&hook.voice, &hook.fallback, &hook.status_callback]
        .into_iter()
        .filter_map(|target| Some(url_fact(account, "Url", target.url.as_deref()?, target.method)))
        .filter_map(Result::ok)
        .collect();
    let Some(ends) = &call.content else { return Ok(Err(UNREACHABLE)) };
    if let Err(code) = may_place(switchboard, account, ends, &urls).await? {
        return Ok(Err(code));
    }
    // A number that was given back while the call waited may be another account's by now.
    if call.facts.number.is_some() {
        let found = own_number(switchboard, account, ends).await?;
        if !found {
            return Ok(Err(CALLER_GONE));
        }
    }
    Ok(Ok(()))
}

async fn own_number(
    switchboard: &Switchboard,
    account: &AccountContext,
    ends: &Phi<Ends>,
) -> Result<bool, StoreError> {
    /// Our own number is not protected data.
    struct Own(String);
    impl phi::PublicFact for Own {}
    let Own(number) = ends.learn(|ends| Own(ends.from.clone()));
    let store = &switchboard.services().store;
    Ok(switchboard.inner.neighbours.number(store, account.scope(), &number).await?.is_some())
}

/// Whether the guide and the account let a leg between these ends be placed: a code when not.
pub(crate) async fn may_place(
    switchboard: &Switchboard,
    account: &AccountContext,
    ends: &Phi<Ends>,
    urls: &[UrlFact],
) -> Result<Result<(), u32>, StoreError> {
    let services = switchboard.services();
    let scoped = services.store.scope(account.scope());
    let subject = account.sid().to_string();
    let attested = switchboard.inner.neighbours.is_attested(&scoped, INTERCONNECT, &subject, services.now());
    let interconnect = attested.await?;
    /// The classes of both ends, and whether an ordinary account may call the second.
    struct Classes {
        from: Option<rulebook::guard::LegEnd<'static>>,
        to: Option<rulebook::guard::LegEnd<'static>>,
    }
    impl phi::PublicFact for Classes {}
    let class = |text: &str| End::parse(text).map(|end| end.class(interconnect).0);
    let classes = ends.learn(|ends| Classes { from: class(&ends.from), to: class(&ends.to) });
    let Some(to) = classes.to else { return Ok(Err(UNREACHABLE)) };
    let decision = decide(
        &account.facts(crate::PRODUCT.service),
        &Action::PlaceCall(GuardFacts {
            to,
            from: classes.from,
            forwarded_from: None,
            urls,
            uses_ai: false,
            line_registered: account.register.as_ref().is_none_or(|it| switchboard.inner.line.is_covered(it)),
        }),
    );
    if let Err(refusal) = decision {
        return Ok(Err(refusal.code().number));
    }
    match ends.learn(|ends| Yes(End::parse(&ends.to).is_some_and(|to| may_call(&to)))).0 {
        true => Ok(Ok(())),
        false => Ok(Err(CALL_REGION_NOT_PERMITTED)),
    }
}

/// It will not be placed: terminal, reported, and the account is told why.
async fn fail(
    switchboard: &Switchboard,
    lease: &Lease,
    account: AccountSid,
    mut call: Document<Call>,
    code: u32,
) -> Result<Outcome, StoreError> {
    let services = switchboard.services();
    let now = services.now();
    call.facts.status = Status::Failed;
    call.facts.error_code = Some(code);
    call.facts.ended_at = Some(now.micros());
    let mut batch = services.store.batch(lease.scope);
    batch.finish(lease);
    conclude(&mut batch, account, &mut call, now);
    alert(&mut batch, switchboard, call.sid, code);
    batch.record(entry("fail_call", vec![call.sid.to_string()], Purpose::Carriage).to_bytes());
    services.store.commit(batch).await?;
    Ok(Outcome::Done)
}

/// Tells the account that something is wrong with a call.
pub(crate) fn alert(batch: &mut Batch, switchboard: &Switchboard, call: CallSid, code: u32) {
    let new = NewAlert::now(&switchboard.services().store, code, LogLevel::Error);
    webhooks::alert::raise(batch, NewAlert { resource_sid: Some(call.to_string()), ..new });
}
