//! From the customer's URL into the blob store, before a message is handed to the carrier.
//!
//! The media of a message are fetched in a queue of their own, so that a slow server delays no text. Each is looked
//! at, sealed and on disk before its document says that it is there; then the message goes into the queue to the
//! carrier. When the process dies in between, everything is fetched again, into the same blobs.

use auth::AccountContext;
use jobs::{Outcome, backoff};
use kit::Services;
use ledger::Purpose;
use phi::Proof;
use store::{Batch, Document, Lease, NewJob, StoreError};
use webhooks::alert::raise;
use webhooks::{LogLevel, NewAlert, SendError, Webhooks};

use super::kind;
use super::model::Media;
use super::store::{blob, of_message, unavailable};
use crate::dispatch::{self, MEDIA_GONE, SENDING, entry};
use crate::limits::{MAX_FETCH_ATTEMPTS, MAX_MEDIA_BYTES};
use crate::messages::model::{Message, Status};
use crate::messages::service::conversation;
use crate::messages::store as messages;

/// The queue of messages whose media are to be fetched.
pub(crate) const FETCHING: &str = "messages.fetch";

/// Codes of what can go wrong (Twilio's error pages).
const WRONG_TYPE: u32 = 12_300;
const TOO_LARGE: u32 = 11_751;

/// Why a medium could not be had.
struct Failure {
    code: u32,
    /// It may go better next time.
    may_pass: bool,
}

impl From<u32> for Failure {
    fn from(code: u32) -> Self {
        Self { code, may_pass: false }
    }
}

/// Fetches the media of a message, and hands it on.
pub(crate) async fn fetch(
    services: &Services,
    webhooks: &Webhooks,
    lease: &Lease,
) -> Result<Outcome, StoreError> {
    let Some((account, message)) = dispatch::load(services, lease).await? else {
        return dispatch::finish(services, lease).await;
    };
    if !matches!(message.facts.status, Status::Scheduled | Status::Queued) {
        return dispatch::finish(services, lease).await;
    }
    // Whether the message may be sent at all is looked at when it is handed over; here only whether to ask for more.
    if !account.is_active() || services.now().micros() > message.facts.valid_until {
        return hand_on(services, lease, &message, Vec::new()).await;
    }
    let scoped = services.store.scope(lease.scope);
    let media = of_message(&scoped, message.facts.media.iter().map(|sid| sid.0)).await?;
    if media.len() < message.facts.media.len() {
        return give_up(services, lease, message, MEDIA_GONE).await;
    }
    let event = entry("load_media", message.sid, &["media_url"], Purpose::Carriage);
    let proof = ledger::disclose(&services.store, lease.scope, &event).await?;
    let fetching = Fetching { services, webhooks, account: &account, lease, proof: &proof };
    let mut left = MAX_MEDIA_BYTES;
    let mut fetched = Vec::new();
    for medium in media {
        match fetching.one(medium, left).await? {
            Ok(medium) => {
                left = left.saturating_sub(usize::try_from(medium.facts.size).unwrap_or(usize::MAX));
                fetched.push(medium);
            }
            Err(Failure { may_pass: true, code }) if lease.attempts < MAX_FETCH_ATTEMPTS => {
                tracing::info!(message = %message.sid, code, "a medium could not be fetched and will be asked for again");
                return Ok(Outcome::RetryAt(services.now().plus(backoff(lease.attempts))));
            }
            Err(Failure { code, .. }) => return give_up(services, lease, message, code).await,
        }
    }
    hand_on(services, lease, &message, fetched).await
}

struct Fetching<'a> {
    services: &'a Services,
    webhooks: &'a Webhooks,
    account: &'a AccountContext,
    lease: &'a Lease,
    proof: &'a Proof,
}

impl Fetching<'_> {
    /// Fetches one medium of at most `left` bytes. One that is here already is not asked for again.
    async fn one(
        &self,
        mut medium: Document<Media>,
        left: usize,
    ) -> Result<Result<Document<Media>, Failure>, StoreError> {
        if medium.facts.content_type.is_some() {
            return Ok(Ok(medium));
        }
        let Some(content) = &medium.content else { return Ok(Err(WRONG_TYPE.into())) };
        let content = content.open(self.proof);
        let url = content.url.as_deref().unwrap_or_default();
        let sid = medium.sid;
        let answer = match self.webhooks.fetch(self.account, &sid.to_string(), url, left, self.proof).await {
            Ok(answer) => answer,
            Err(SendError::TooLarge) => return Ok(Err(TOO_LARGE.into())),
            Err(error) => {
                return Ok(Err(Failure { code: error.alert_code(), may_pass: error.is_connect_failure() }));
            }
        };
        if let Some(code) = answer.alert_code() {
            return Ok(Err(Failure { code, may_pass: answer.status >= 500 }));
        }
        let start = answer.body.get(..kind::LOOKED_AT).unwrap_or(&answer.body);
        let Some(found) = kind::sniff(start) else { return Ok(Err(WRONG_TYPE.into())) };
        let put = self.services.blobs.put(blob(self.lease.scope, sid), &content.key, &answer.body).await;
        put.map_err(unavailable)?;
        medium.facts.content_type = Some(found.to_owned());
        medium.facts.size = answer.body.len() as u64;
        Ok(Ok(medium))
    }
}

/// Everything is here: the message waits for the carrier now.
async fn hand_on(
    services: &Services,
    lease: &Lease,
    message: &Document<Message>,
    fetched: Vec<Document<Media>>,
) -> Result<Outcome, StoreError> {
    let key = services.store.scope(lease.scope).digest_key().await?;
    let number = message.content.as_ref().map(|content| content.map_ref(|content| content.number.clone()));
    let pair = number.map(|number| messages::pair(&key, &message.facts.own_number, &number));
    let mut batch = services.store.batch(lease.scope);
    batch.finish(lease);
    fetched.iter().for_each(|medium| batch.update::<Media>(medium));
    batch.enqueue(NewJob {
        queue: SENDING,
        lane: None,
        ordering_key: pair.as_ref().map(conversation),
        due_at: services.now(),
        payload: message.sid.to_string().into_bytes(),
    });
    services.store.commit(batch).await?;
    Ok(Outcome::Done)
}

/// The message fails, and the account's Debugger says why.
async fn give_up(
    services: &Services,
    lease: &Lease,
    message: Document<Message>,
    code: u32,
) -> Result<Outcome, StoreError> {
    let sid = message.sid;
    let alert = |batch: &mut Batch| {
        let alert = NewAlert::now(&services.store, code, LogLevel::Error);
        raise(batch, NewAlert { resource_sid: Some(sid.to_string()), ..alert });
    };
    let number = message.content.as_ref().map(|content| content.map_ref(|content| content.number.clone()));
    dispatch::fail_with(services, lease, message, number, code, alert).await
}
