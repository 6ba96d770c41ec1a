//! From the queue to the carrier: the job that hands a message over.
//!
//! The guard is asked again, so queued work obeys what changed meanwhile. "Sending" is on disk and
//! on the ledger before the carrier is called; when the process dies in between, the job runs again
//! and the carrier recognises the message by its reference.

use std::sync::Arc;

use auth::{AccountContext, load_account};
use base::{MessageSid, Timestamp};
use jobs::{Outcome, Queue, backoff};
use kit::Services;
use kit::ctx::decide;
use ledger::{Action as LedgerAction, Actor, Entry, Purpose};
use phi::Phi;
use rulebook::codes::{CARRIER_NOT_REGISTERED, REGION_NOT_PERMITTED};
use rulebook::guard::{Action, Settings};
use store::{Batch, Document, Lease, NewJob, StoreError};
use tokio::time::{sleep, timeout};
use webhooks::alert::raise;
use webhooks::{LogLevel, NewAlert, Webhooks};

use crate::carrier::{Attachment, Carrier, CarrierError, Pace, Reference, Submission};
use crate::inbound;
use crate::limits::{
    AFTER_VALIDITY, ANSWERING_CONCURRENCY, DEFAULT_VALIDITY, FETCHING_CONCURRENCY, JOINING_CONCURRENCY,
    MAX_CONFLICTS, REDACTING_CONCURRENCY, SENDING_CONCURRENCY, SUBMIT_DEADLINE,
};
use crate::media::fetch::{self as media, FETCHING};
use crate::media::links::{self, WITHOUT_CREDENTIALS};
use crate::media::model::Media;
use crate::media::store::{blob, of_message};
use crate::messages::events;
use crate::messages::model::{Direction, Message, MessageFacts, Status, guard_facts, may_message};
use crate::messages::store as messages;
use crate::numbers::{self, Owned};
use crate::own;
use crate::registered::{self, Nobody, Registrations, UNREGISTERED, UNVERIFIED};
use crate::services::choice;

/// The queue of messages that wait to be handed over.
pub(crate) const SENDING: &str = "messages.send";

/// Codes of failures that happen before the carrier is asked (Twilio's error pages).
const ACCOUNT_SUSPENDED: u32 = 30_002;
const VALIDITY_EXPIRED: u32 = 30_036;
const OPTED_OUT: u32 = 21_610;
const NUMBER_GONE: u32 = 21_606;
const NO_MMS: u32 = 30_011;
/// A medium that is not there any more (Twilio: "media failed to download").
pub(crate) const MEDIA_GONE: u32 = 63_019;

/// The carrier takes smaller messages only.
const CONTENT_TOO_LARGE: u32 = 30_019;

/// Codes of failures that raise an alert: the owner of the account or of the register can put it right.
const ALERTING: [u32; 5] = [CARRIER_NOT_REGISTERED, UNREGISTERED, UNVERIFIED, MEDIA_GONE, CONTENT_TOO_LARGE];

/// What is opened for the carrier, as the ledger names it.
const OPENED: &[&str] = &["body", "to"];
const OPENED_MMS: &[&str] = &["body", "media", "to"];

/// The queue of messages that the carrier has and that are redacted when no receipt comes.
pub(crate) const REDACTING: &str = "messages.redact";

/// The job queues of messaging: sending, answering what came in, putting together what came in parts, and
/// redacting what got no receipt. Where nobody knows about registrations, no sender counts as registered.
pub fn queues(services: Arc<Services>, carrier: Option<Arc<dyn Carrier>>, webhooks: Webhooks) -> Vec<Queue> {
    queues_with(services, carrier, webhooks, Arc::new(Nobody))
}

/// The same with somebody who knows about registrations.
pub fn queues_with(
    services: Arc<Services>,
    carrier: Option<Arc<dyn Carrier>>,
    webhooks: Webhooks,
    registrations: Arc<dyn Registrations>,
) -> Vec<Queue> {
    let sending = {
        let services = Arc::clone(&services);
        Queue::new(SENDING, SENDING_CONCURRENCY, move |lease| {
            let (services, carrier) = (Arc::clone(&services), carrier.clone());
            let registrations = Arc::clone(&registrations);
            async move {
                let sent = send(&services, carrier.as_deref(), registrations.as_ref(), &lease).await;
                sent.unwrap_or_else(Outcome::Failed)
            }
        })
    };
    let redacting = {
        let services = Arc::clone(&services);
        Queue::new(REDACTING, REDACTING_CONCURRENCY, move |lease| {
            let services = Arc::clone(&services);
            async move { redact(&services, &lease).await.unwrap_or_else(Outcome::Failed) }
        })
    };
    let joining = {
        let services = Arc::clone(&services);
        Queue::new(inbound::JOINING, JOINING_CONCURRENCY, move |lease| {
            let services = Arc::clone(&services);
            async move { inbound::join(&services, &lease).await.unwrap_or_else(Outcome::Failed) }
        })
    };
    let fetching = {
        let (services, webhooks) = (Arc::clone(&services), webhooks.clone());
        Queue::new(FETCHING, FETCHING_CONCURRENCY, move |lease| {
            let (services, webhooks) = (Arc::clone(&services), webhooks.clone());
            async move { media::fetch(&services, &webhooks, &lease).await.unwrap_or_else(Outcome::Failed) }
        })
    };
    let answering = Queue::new(inbound::ANSWERING, ANSWERING_CONCURRENCY, move |lease| {
        let (services, webhooks) = (Arc::clone(&services), webhooks.clone());
        async move { inbound::answer(&services, &webhooks, &lease).await.unwrap_or_else(Outcome::Failed) }
    });
    vec![sending, fetching, answering, joining, redacting]
}

/// The message that a job names, with its account; `None` when either is gone.
pub(crate) async fn load(
    services: &Services,
    lease: &Lease,
) -> Result<Option<(AccountContext, Document<Message>)>, StoreError> {
    let sid = std::str::from_utf8(&lease.payload).ok().and_then(|text| text.parse::<MessageSid>().ok());
    let (Some(account), Some(sid)) = (lease.scope.account_sid(), sid) else {
        return Ok(None);
    };
    let Some(account) = load_account(&services.store, account, services.now()).await? else {
        return Ok(None);
    };
    let message = services.store.scope(lease.scope).get::<Message>(sid).await?;
    Ok(message.map(|message| (account, message)))
}

/// Ends a job that has nothing left to do.
pub(crate) async fn finish(services: &Services, lease: &Lease) -> Result<Outcome, StoreError> {
    let mut batch = services.store.batch(lease.scope);
    batch.finish(lease);
    services.store.commit(batch).await?;
    Ok(Outcome::Done)
}

/// A ledger entry for what Switchward does to a message by itself.
pub(crate) fn entry(
    action: &'static str,
    message: MessageSid,
    fields: &'static [&'static str],
    purpose: Purpose,
) -> Entry {
    Entry {
        actor: Actor::System,
        action: LedgerAction(action),
        sids: vec![message.to_string()],
        fields,
        purpose,
        source: None,
    }
}

async fn send(
    services: &Services,
    carrier: Option<&dyn Carrier>,
    registrations: &dyn Registrations,
    lease: &Lease,
) -> Result<Outcome, StoreError> {
    let Some((account, mut message)) = load(services, lease).await? else {
        return finish(services, lease).await;
    };
    if !matches!(message.facts.status, Status::Scheduled | Status::Queued | Status::Sending) {
        return finish(services, lease).await;
    }
    // What was accepted before the account became a HIPAA project ends like everything in one.
    let protected = account.account.facts.designation.protected;
    message.facts.discard_body |= protected;
    message.facts.obfuscate_address |= protected;
    let now = services.now();
    let scoped = services.store.scope(lease.scope);
    let Some(number) =
        message.content.as_ref().map(|content| content.map_ref(|content| content.number.clone()))
    else {
        return finish(services, lease).await;
    };
    keep_sender(services, carrier, &account, &mut message, &number).await?;
    let settings = match obstacle(services, registrations, &account, &message, &number).await? {
        Ok(settings) => settings,
        Err(code) => return fail(services, lease, message, number, code).await,
    };
    let valid_until = Timestamp::from_micros(message.facts.valid_until);
    let again_after = |wait| Outcome::RetryAt(now.plus(wait).min(valid_until.plus(AFTER_VALIDITY)));
    let Some(carrier) = carrier else {
        return Ok(again_after(backoff(lease.attempts)));
    };
    let Some(body) = messages::body(&scoped, message.sid).await? else {
        return finish(services, lease).await;
    };

    let (is_mms, own_number) = (message.facts.is_mms(), message.facts.own_number.as_str());
    if is_mms && !carrier.takes_mms(own_number) {
        return fail(services, lease, message, number, NO_MMS).await;
    }
    let media = of_message(&scoped, message.facts.media.iter().map(|sid| sid.0)).await?;
    // What was deleted before it was handed over would be missing at the other end, and nobody would know.
    if media.iter().filter(|medium| is_here(medium)).count() < message.facts.media.len() {
        return fail(services, lease, message, number, MEDIA_GONE).await;
    }

    let is_again = lease.attempts > 1;
    let pace = match is_mms {
        true => carrier.pace_mms(own_number, is_again),
        false => carrier.pace(own_number, message.facts.segments, is_again),
    };
    match pace {
        Pace::After(wait) => sleep(wait).await,
        Pace::Later(wait) => return Ok(again_after(wait)),
    }
    let fields = if is_mms { OPENED_MMS } else { OPENED };
    let mut handing = entry("hand_to_carrier", message.sid, fields, Purpose::Carriage);
    let mut links = Vec::new();
    if !media.is_empty() && carrier.fetches_media(own_number) {
        if let Err(refusal) = decide(&account.facts(crate::PRODUCT.service), &WITHOUT_CREDENTIALS) {
            return fail(services, lease, message, number, refusal.code().number).await;
        }
        for medium in &media {
            let (sid, path) = links::for_carrier(services, account.sid(), message.sid, medium.sid);
            handing.sids.extend([medium.sid.to_string(), sid.to_string()]);
            links.push(path);
        }
    }
    message.facts.status = Status::Sending;
    let mut batch = services.store.batch(lease.scope);
    messages::advance(&mut batch, &message);
    let proof = ledger::commit(&services.store, batch, &handing).await?;
    message.revision += 1;
    let mut links = links.into_iter();
    let open = |medium: Document<Media>| {
        let link = links.next();
        let content = medium.content?.into_open(&proof);
        let reader = services.blobs.open(blob(lease.scope, medium.sid), &content.key, medium.facts.size);
        Some(Attachment { content_type: medium.facts.content_type?, reader, link })
    };
    let submission = Submission {
        reference: Reference { account: account.sid(), message: message.sid },
        from: message.facts.own_number.clone(),
        to: number.clone().into_open(&proof),
        body: body.into_open(&proof),
        segments: message.facts.segments,
        media: media.into_iter().filter_map(open).collect(),
        is_mms,
        valid_until,
        private_path: settings.private_carriage,
        register: account.register.clone().filter(|_| protected),
    };
    // Without an answer in time nothing is known; the carrier will recognise the reference.
    let submitting = async {
        let submitted = timeout(SUBMIT_DEADLINE, carrier.submit(submission)).await;
        submitted.unwrap_or(Err(CarrierError::Unavailable))
    };
    let submitted = spans::child(submitting, told).await;
    match submitted {
        Ok(()) => sent(services, lease, message, &number).await,
        Err(CarrierError::Rejected(code)) => fail(services, lease, message, number, code).await,
        Err(CarrierError::Unavailable) => Ok(again_after(backoff(lease.attempts))),
    }
}

/// Whether a medium can be opened.
fn is_here(medium: &Document<Media>) -> bool {
    medium.content.is_some() && medium.facts.content_type.is_some()
}

/// What a trace says of a hand-over.
fn told(submitted: Option<&Result<(), CarrierError>>) -> spans::Work {
    let (outcome, code) = match submitted {
        Some(Ok(())) => ("taken", None),
        Some(Err(CarrierError::Rejected(code))) => ("rejected", Some(*code)),
        Some(Err(CarrierError::Unavailable)) => ("unavailable", None),
        None => ("abandoned", None),
    };
    spans::Work::HandOver { outcome, code }
}

/// What stands against sending the message now, as a code; otherwise what its way is held to.
async fn obstacle(
    services: &Services,
    registrations: &dyn Registrations,
    account: &AccountContext,
    message: &Document<Message>,
    number: &Phi<String>,
) -> Result<Result<Settings, u32>, StoreError> {
    if !account.is_active() {
        return Ok(Err(ACCOUNT_SUSPENDED));
    }
    if services.now().micros() > message.facts.valid_until {
        return Ok(Err(VALIDITY_EXPIRED));
    }
    let callback = match message.facts.status_callback.as_deref() {
        None => None,
        Some(url) => numbers::callback_fact(account, "StatusCallback", url, false).ok(),
    };
    let is_protected = account.account.facts.designation.protected;
    let decision = decide(
        &account.facts(crate::PRODUCT.service),
        &Action::DispatchMessage(guard_facts(
            is_protected,
            &message.facts.own_number,
            number,
            callback.as_slice(),
        )),
    );
    let settings = match decision {
        Ok(settings) => settings,
        Err(refusal) => return Ok(Err(refusal.code().number)),
    };
    if !may_message(account, number) {
        return Ok(Err(REGION_NOT_PERMITTED));
    }
    // A number that was given back while the message waited may be another account's by now.
    let Some(sender) = owned(services, account, &message.facts).await? else {
        return Ok(Err(NUMBER_GONE));
    };
    let scoped = services.store.scope(account.scope());
    let is_enforced = account.account.facts.settings.enforce_registration;
    if is_enforced
        && let Some(code) =
            registered::lack(registrations, &scoped, &message.facts.own_number, sender, number).await?
    {
        return Ok(Err(code));
    }
    if message.facts.confirms_stop {
        return Ok(Ok(settings));
    }
    let key = scoped.digest_key().await?;
    let lists = messages::lists(&key, &message.facts.own_number, sender.service, number);
    Ok(match messages::is_opted_out(&scoped, &lists).await? {
        true => Err(OPTED_OUT),
        false => Ok(settings),
    })
}

/// The sender of a message, if it is still the account's: a number, or a name in the message's service.
async fn owned(
    services: &Services,
    account: &AccountContext,
    facts: &MessageFacts,
) -> Result<Option<Owned>, StoreError> {
    let (store, scope) = (&services.store, account.scope());
    let service = facts.service.map(|service| service.0);
    if let Some(owned) = own::owned(store, scope, &facts.own_number).await? {
        return Ok(Some(Owned { service: service.or(owned.service), ..owned }));
    }
    let Some(sid) = service else { return Ok(None) };
    let configured = choice::find(store, scope, sid).await?;
    let is_in_pool = configured.is_some_and(|service| service.has(&facts.own_number));
    Ok(is_in_pool.then_some(Owned { service, number: None }))
}

/// Another sender of the message's service takes over when the chosen one has left the account while the message
/// waited, as one that is scheduled does for weeks.
async fn keep_sender(
    services: &Services,
    carrier: Option<&dyn Carrier>,
    account: &AccountContext,
    message: &mut Document<Message>,
    number: &Phi<String>,
) -> Result<(), StoreError> {
    let Some(service) = message.facts.service.filter(|_| message.facts.is_sender_chosen) else {
        return Ok(());
    };
    let (store, scope) = (&services.store, account.scope());
    if owned(services, account, &message.facts).await?.is_some() {
        return Ok(());
    }
    let Some(service) = choice::find(store, scope, service.0).await? else { return Ok(()) };
    let able = carrier.filter(|_| message.facts.is_mms());
    let able = able.map(|carrier| service.only(|sender| carrier.takes_mms(sender)));
    let pool = able.as_ref().unwrap_or(&*service);
    let Ok(choice) = pool.choose(store, scope, None, number).await? else { return Ok(()) };
    message.facts.own_number = choice.sender.clone();
    let mut batch = store.batch(scope);
    messages::change_sender(&mut batch, &*store.scope(scope).digest_key().await?, message);
    choice.remember(&mut batch, store.random().as_ref(), services.now());
    batch.record(entry("change_sender", message.sid, &[], Purpose::Carriage).to_bytes());
    store.commit(batch).await?;
    message.revision += 1;
    Ok(())
}

/// The carrier has it. A receipt may have come first; then only the job ends.
async fn sent(
    services: &Services,
    lease: &Lease,
    mut message: Document<Message>,
    number: &Phi<String>,
) -> Result<Outcome, StoreError> {
    let (now, sid) = (services.now(), message.sid);
    for _ in 0..MAX_CONFLICTS {
        let mut batch = services.store.batch(lease.scope);
        batch.finish(lease);
        if message.facts.status.may_become(Status::Sent) {
            message.facts.status = Status::Sent;
            message.facts.sent_at = Some(now.micros());
            message.event_at = Some(now);
            messages::advance(&mut batch, &message);
            report(&mut batch, lease, &message, Some(number.clone()), now);
            if message.facts.discard_body || message.facts.obfuscate_address {
                batch.enqueue(NewJob {
                    queue: REDACTING,
                    lane: None,
                    ordering_key: None,
                    due_at: Timestamp::from_micros(message.facts.valid_until).min(now.plus(DEFAULT_VALIDITY)),
                    payload: sid.to_string().into_bytes(),
                });
            }
        }
        match services.store.commit(batch).await {
            Err(StoreError::Conflict) => {}
            done => return done.map(|_| Outcome::Done),
        }
        message = match services.store.scope(lease.scope).get::<Message>(sid).await? {
            Some(message) => message,
            None => return finish(services, lease).await,
        };
    }
    // Ending the job here would leave the message under way for ever; the carrier knows its reference.
    Err(StoreError::Conflict)
}

/// The time in which it could be delivered is over. A receipt that never came must not keep the text
/// (ambiguity 15); the state stays as the carrier left it.
async fn redact(services: &Services, lease: &Lease) -> Result<Outcome, StoreError> {
    let Some((account, mut message)) = load(services, lease).await? else {
        return finish(services, lease).await;
    };
    if message.facts.direction == Direction::Inbound {
        let mut batch = services.store.batch(lease.scope);
        batch.finish(lease);
        messages::shred_media(&mut batch, &message.facts);
        batch.record(entry("redact_media", message.sid, &[], Purpose::Retention).to_bytes());
        services.store.commit(batch).await?;
        return Ok(Outcome::Done);
    }
    if message.facts.status.is_terminal() {
        return finish(services, lease).await;
    }
    let protected = account.account.facts.designation.protected;
    message.facts.discard_body |= protected;
    message.facts.obfuscate_address |= protected;
    let mut batch = services.store.batch(lease.scope);
    batch.finish(lease);
    messages::redact(&mut batch, message.sid, &message.facts);
    batch.record(entry("redact_without_receipt", message.sid, &[], Purpose::Retention).to_bytes());
    services.store.commit(batch).await?;
    Ok(Outcome::Done)
}

/// It will not be sent: terminal, reported, redacted.
async fn fail(
    services: &Services,
    lease: &Lease,
    message: Document<Message>,
    number: Phi<String>,
    code: u32,
) -> Result<Outcome, StoreError> {
    let sid = message.sid;
    fail_with(services, lease, message, Some(number), code, |batch| {
        if ALERTING.contains(&code) {
            let alert = NewAlert::now(&services.store, code, LogLevel::Error);
            raise(batch, NewAlert { resource_sid: Some(sid.to_string()), ..alert });
        }
    })
    .await
}

/// As [`fail`], with what else is to be written.
pub(crate) async fn fail_with(
    services: &Services,
    lease: &Lease,
    mut message: Document<Message>,
    number: Option<Phi<String>>,
    code: u32,
    more: impl FnOnce(&mut Batch),
) -> Result<Outcome, StoreError> {
    let now = services.now();
    message.facts.status = Status::Failed;
    message.facts.error_code = Some(code);
    let mut batch = services.store.batch(lease.scope);
    batch.finish(lease);
    messages::advance(&mut batch, &message);
    report(&mut batch, lease, &message, number, now);
    messages::redact_when_terminal(&mut batch, message.sid, &message.facts);
    more(&mut batch);
    batch.record(entry("fail_message", message.sid, &[], Purpose::Carriage).to_bytes());
    services.store.commit(batch).await?;
    Ok(Outcome::Done)
}

fn report(
    batch: &mut Batch,
    lease: &Lease,
    message: &Document<Message>,
    number: Option<Phi<String>>,
    now: Timestamp,
) {
    if let Some(account) = lease.scope.account_sid() {
        events::report(batch, account, message, number, now);
    }
}
