//! What comes from outside: receipts of the carrier, messages of handsets, and the answers that
//! the account's webhook gives to them in TwiML.

use std::fmt;
use std::sync::Arc;

use auth::{AccountContext, SidText, load_account};
use base::{AccountSid, Address, MessageSid, PhoneNumberSid, Sid, Timestamp};
use jobs::{Outcome, backoff};
use kit::Services;
use kit::ctx::decide;
use ledger::Purpose;
use phi::{Phi, Proof};
use rulebook::guard::{Action, ReceiveFacts};
use store::{Batch, Document, Lease, Name, NewJob, Scope, StoreError};
use tokio::time::timeout;
use twiml::MessagingVerb;
use webhooks::{LogLevel, Method, NewAlert, SendError, Webhook, WebhookUrl, Webhooks};

use crate::carrier::{Arrival, ArrivalPart, Receipt, Reference};
use crate::dispatch::{self, SENDING, entry};
use crate::limits::{
    ANSWERING_DEADLINE, DEFAULT_VALIDITY, MAX_ANSWER_ATTEMPTS, MAX_CONFLICTS, MAX_INBOUND_CHARACTERS,
    MAX_REDIRECTS, MAX_REPLIES, PARTS_WAIT,
};
use crate::messages::events;
use crate::messages::model::{AddressClass, Direction, Message, MessageFacts, Status, guard_facts};
use crate::messages::service::{conversation, masked};
use crate::messages::store::{self as messages, NewMessage};
use crate::numbers::{self, Hook, PhoneNumber};
use crate::optout::{self, Keyword};
use crate::parts;
use crate::segments;
use crate::services::{ServiceText, choice};

/// The queue of messages that came in and whose webhook is to be asked.
pub(crate) const ANSWERING: &str = "messages.answer";

/// The queue of messages that came in parts, for those whose parts do not all come.
pub(crate) const JOINING: &str = "messages.join";

/// Alert codes of what can be wrong with an answer (Twilio's error pages).
const BAD_REDIRECT: u32 = 12_100;
const BAD_REPLY: u32 = 12_300;
const TOO_SLOW: u32 = 11_205;

/// Why an arrived message was not taken.
#[derive(Debug)]
pub enum ArrivalError {
    /// The number it was sent to is nobody's.
    UnknownNumber,
    /// The sender's or our number is not a number.
    InvalidNumber,
    /// It could not be kept; the carrier must try again.
    Store(StoreError),
}

impl fmt::Display for ArrivalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownNumber => f.write_str("the number belongs to no account"),
            Self::InvalidNumber => f.write_str("a number is not valid"),
            Self::Store(error) => write!(f, "the message could not be kept: {error}"),
        }
    }
}

impl std::error::Error for ArrivalError {}

impl From<StoreError> for ArrivalError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What a carrier writes in the transaction that takes an arrival. It may leave the batch in another scope.
pub type Rider<'a> = &'a (dyn Fn(&mut Batch) + Send + Sync);

/// One of our numbers, and whose it is.
struct Receiver {
    account: AccountContext,
    own: Document<PhoneNumber>,
    /// The Messaging Service it is in.
    service: Option<Arc<choice::Configured>>,
}

/// Whom to ask about what came in to a number: its service, unless that leaves it to the number.
fn hook(own: &Document<PhoneNumber>, service: Option<&choice::Configured>) -> Hook {
    match service.map(|service| &service.service.facts) {
        Some(facts) if !facts.use_inbound_webhook_on_number => facts.inbound.clone(),
        _ => own.facts.hook(),
    }
}

/// The Messaging Service that a number is in.
async fn service_of(
    services: &Services,
    scope: Scope,
    number: &str,
) -> Result<Option<Arc<choice::Configured>>, StoreError> {
    let owned = numbers::owned(&services.store, scope, number).await?;
    match owned.and_then(|owned| owned.service) {
        Some(sid) => choice::find(&services.store, scope, sid).await,
        None => Ok(None),
    }
}

/// Where carriers tell what happened. What it has answered `Ok` to is on disk.
#[derive(Clone)]
pub struct Inbox {
    services: Arc<Services>,
}

impl Inbox {
    /// The inbox of this server.
    pub fn new(services: Arc<Services>) -> Self {
        Self { services }
    }

    /// Takes a receipt. One for a message that is gone or already terminal changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be kept; the carrier must tell again.
    pub async fn receipt(&self, reference: Reference, receipt: Receipt) -> Result<(), StoreError> {
        let store = &self.services.store;
        let scope = Scope::account(reference.account);
        for _ in 0..MAX_CONFLICTS {
            let Some(mut message) = store.scope(scope).get::<Message>(reference.message).await? else {
                return Ok(());
            };
            let (status, code) = match receipt {
                Receipt::Delivered => (Status::Delivered, None),
                Receipt::Undelivered(code) => (Status::Undelivered, Some(code)),
            };
            if !message.facts.status.may_become(status) {
                return Ok(());
            }
            let now = self.services.now();
            let number =
                message.content.as_ref().map(|content| content.map_ref(|content| content.number.clone()));
            if self.must_be_redacted(reference.account, &message.facts).await? {
                message.facts.discard_body = true;
                message.facts.obfuscate_address = true;
            }
            message.facts.status = status;
            message.facts.error_code = code;
            message.event_at = message.event_at.or(Some(now));
            let mut batch = store.batch(scope);
            messages::advance(&mut batch, &message);
            events::report(&mut batch, reference.account, &message, number, now);
            messages::redact_when_terminal(&mut batch, message.sid, &message.facts);
            batch.record(entry("record_receipt", message.sid, &[], Purpose::Retention).to_bytes());
            match store.commit(batch).await {
                Err(StoreError::Conflict) => {}
                done => return done.map(|_| ()),
            }
        }
        Err(StoreError::Conflict)
    }

    /// Whether the account became a HIPAA project after the message was handed over: it ends like
    /// everything in one.
    async fn must_be_redacted(&self, account: AccountSid, facts: &MessageFacts) -> Result<bool, StoreError> {
        if facts.discard_body && facts.obfuscate_address {
            return Ok(true);
        }
        let account = load_account(&self.services.store, account, self.services.now()).await?;
        Ok(account.is_some_and(|account| account.account.facts.designation.protected))
    }

    /// Takes a message from a handset.
    ///
    /// # Errors
    /// [`ArrivalError`]; only after `Store` should the carrier try again.
    pub async fn arrival(&self, arrival: Arrival) -> Result<MessageSid, ArrivalError> {
        self.arrival_with(arrival, &|_| {}).await
    }

    /// Takes a message from a handset, and in the same transaction what `rider` writes.
    ///
    /// # Errors
    /// As [`Inbox::arrival`].
    pub async fn arrival_with(&self, arrival: Arrival, rider: Rider<'_>) -> Result<MessageSid, ArrivalError> {
        let Arrival { from, to, body } = arrival;
        let from = Address::parse(&from).map_err(|_| ArrivalError::InvalidNumber)?;
        let receiver = self.receiver(&to).await?;
        let mut batch = self.services.store.batch(receiver.account.scope());
        let from = Phi::new(from.into_string());
        let message = self.take(&mut batch, &receiver, from, Phi::new(body)).await?;
        rider(&mut batch);
        self.services.store.commit(batch).await?;
        Ok(message)
    }

    /// Takes a part of a message, and in the same transaction what `rider` writes. The last one that was
    /// missing makes the message; [`PARTS_WAIT`] after the first one came, what is there makes it.
    ///
    /// # Errors
    /// As [`Inbox::arrival`]; `Ok` says that the part is on disk.
    pub async fn part_with(&self, part: ArrivalPart, rider: Rider<'_>) -> Result<(), ArrivalError> {
        let from = Address::parse(&part.from).map_err(|_| ArrivalError::InvalidNumber)?;
        let receiver = self.receiver(&part.to).await?;
        let store = &self.services.store;
        let (scope, now) = (receiver.account.scope(), self.services.now());
        let scoped = store.scope(scope);
        let part = ArrivalPart { from: from.into_string(), to: receiver.own.facts.number.clone(), ..part };
        let group = parts::group(&*scoped.digest_key().await?, &part);
        let mut batch = store.batch(scope);
        if parts::list(&scoped, &group).await?.is_empty() {
            batch.enqueue(NewJob {
                queue: JOINING,
                lane: None,
                ordering_key: None,
                due_at: now.plus(PARTS_WAIT),
                payload: group.clone().into_bytes(),
            });
        }
        parts::insert(&mut batch, MessageSid::generate(store.random().as_ref()), group.clone(), part, now);
        rider(&mut batch);
        store.commit(batch).await?;
        // From here on nothing is lost: what goes wrong now, the job does later.
        if let Err(error) = self.join_if_complete(&receiver, &group).await {
            tracing::warn!(%error, "a message in parts is put together later");
        }
        Ok(())
    }

    async fn join_if_complete(&self, receiver: &Receiver, group: &str) -> Result<(), StoreError> {
        let store = &self.services.store;
        let scope = receiver.account.scope();
        let parts = parts::list(&store.scope(scope), group).await?;
        if !parts::is_complete(&parts) {
            return Ok(());
        }
        let (Some(joined), _) = parts::join(parts) else { return Ok(()) };
        let mut batch = store.batch(scope);
        self.take_joined(&mut batch, receiver, joined).await?;
        match store.commit(batch).await {
            // Two last parts came at once, and the other one has made the message.
            Err(StoreError::Conflict) => Ok(()),
            done => done.map(drop),
        }
    }

    async fn take_joined(
        &self,
        batch: &mut Batch,
        receiver: &Receiver,
        joined: parts::Joined,
    ) -> Result<MessageSid, StoreError> {
        for part in &joined.parts {
            batch.delete(part);
        }
        self.take(batch, receiver, joined.from, joined.body).await
    }

    /// Whose number this is.
    async fn receiver(&self, to: &str) -> Result<Receiver, ArrivalError> {
        let to = Address::parse(to).map_err(|_| ArrivalError::InvalidNumber)?;
        let store = &self.services.store;
        let digest = store.system_digest(numbers::OWNER, to.as_str().as_bytes());
        let located = store.locate(&Name::number(digest)).await?.ok_or(ArrivalError::UnknownNumber)?;
        let sid = located.sid.parse::<PhoneNumberSid>().map_err(|_| ArrivalError::UnknownNumber)?;
        let own = store.scope(located.scope).get::<PhoneNumber>(sid).await?;
        let own = own.ok_or(ArrivalError::UnknownNumber)?;
        let account = located.scope.account_sid().ok_or(ArrivalError::UnknownNumber)?;
        let account = load_account(store, account, self.services.now()).await?;
        let account = account.ok_or(ArrivalError::UnknownNumber)?;
        let service = service_of(&self.services, located.scope, &own.facts.number).await?;
        Ok(Receiver { account, own, service })
    }

    /// Writes a message that came in, and what follows from it.
    async fn take(
        &self,
        batch: &mut Batch,
        receiver: &Receiver,
        from: Phi<String>,
        body: Phi<String>,
    ) -> Result<MessageSid, StoreError> {
        let Receiver { account, own, service } = receiver;
        let store = &self.services.store;
        let now = self.services.now();
        let body = body.map(|text| text.chars().take(MAX_INBOUND_CHARACTERS).collect::<String>());
        let (settings, refused) = match decide(
            &account.facts(crate::PRODUCT.service),
            &Action::ReceiveMessage(ReceiveFacts {
                from: from.learn(|text| AddressClass::of_text(text)).0,
                to: AddressClass::of_text(&own.facts.number).0,
            }),
        ) {
            Ok(settings) => (settings, settings.quarantine),
            Err(_) => (rulebook::guard::Settings::default(), true),
        };
        let protected = account.account.facts.designation.protected;
        let set = &account.account.facts.settings;
        let facts = MessageFacts {
            status: Status::Received,
            direction: Direction::Inbound,
            own_number: own.facts.number.clone(),
            masked: masked(&from),
            segments: body.learn(|text| segments::segment(text).segments),
            error_code: None,
            discard_body: settings.discard_body || protected || set.body_redaction,
            obfuscate_address: settings.obfuscate_address || protected || set.number_redaction,
            status_callback: None,
            valid_until: now.micros(),
            sent_at: None,
            confirms_stop: false,
            service: service.as_ref().map(|service| SidText(service.service.sid)),
            is_sender_chosen: false,
        };
        let message = MessageSid::generate(store.random().as_ref());
        let key = store.scope(account.scope()).digest_key().await?;
        let pair = messages::pair(&key, &facts.own_number, &from);
        let keyword = recognised(&body, service.as_deref());

        if let Some(keyword) = keyword {
            self.heed(batch, keyword, receiver, &from, now).await?;
        }
        let asks = account.is_active() && !refused && hook(own, service.as_deref()).url.is_some();
        messages::insert(
            batch,
            &key,
            NewMessage { sid: message, facts: facts.clone(), counterparty: from, body, created_at: now },
        );
        if asks {
            batch.enqueue(NewJob {
                queue: ANSWERING,
                lane: None,
                ordering_key: Some(conversation(&pair)),
                due_at: now,
                payload: message.to_string().into_bytes(),
            });
        } else {
            // Nobody will be told: what may not be kept is not kept.
            messages::redact_when_terminal(batch, message, &facts);
        }
        batch.record(entry("receive_message", message, &[], Purpose::Carriage).to_bytes());
        Ok(message)
    }

    /// STOP, START and HELP. The list holds digests of pairs, so it works under redaction (D-RED-1).
    async fn heed(
        &self,
        batch: &mut Batch,
        keyword: Keyword,
        receiver: &Receiver,
        from: &Phi<String>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Receiver { account, own, service } = receiver;
        let store = &self.services.store;
        let scoped = store.scope(account.scope());
        let key = scoped.digest_key().await?;
        let words = service.as_ref().map(|service| &service.service.facts.words);
        let answer = words.map_or(keyword.default_reply(), |words| words.reply(keyword));
        let service = service.as_ref().map(|service| service.service.sid);
        let mut is_known = false;
        for list in messages::lists(&key, &own.facts.number, service, from) {
            let known = messages::opt_outs(&scoped, list).await?;
            is_known |= !known.is_empty();
            match keyword {
                Keyword::Stop if known.is_empty() => {
                    messages::add_opt_out(batch, store.random().as_ref(), list, now);
                }
                Keyword::Start => known.iter().for_each(|opt_out| batch.delete(opt_out)),
                Keyword::Stop | Keyword::Help => {}
            }
        }
        match keyword {
            // Said again: no second confirmation is sent.
            Keyword::Stop if is_known => return Ok(()),
            Keyword::Start if !is_known => return Ok(()),
            Keyword::Stop | Keyword::Start | Keyword::Help => {}
        }
        let reply = Reply {
            own_number: own.facts.number.clone(),
            to: from.clone(),
            body: Phi::new(answer.to_owned()),
            status_callback: None,
            service: service.map(SidText),
        };
        // The confirmation of a STOP is the one message that may still go to a pair that has opted out:
        // its text is the same for everybody.
        queue_reply(batch, &self.services, account, &key, reply, now, keyword == Keyword::Stop);
        Ok(())
    }
}

/// The parts of a message did not all come in time: what is there is handed on.
pub(crate) async fn join(services: &Arc<Services>, lease: &Lease) -> Result<Outcome, StoreError> {
    let store = &services.store;
    let Ok(group) = std::str::from_utf8(&lease.payload) else {
        return dispatch::finish(services, lease).await;
    };
    let inbox = Inbox::new(Arc::clone(services));
    let mut batch = store.batch(lease.scope);
    batch.finish(lease);
    let mut left = parts::list(&store.scope(lease.scope), group).await?;
    while let (Some(joined), rest) = parts::join(left) {
        left = rest;
        let number = joined.parts.first().map(|part| part.facts.own_number.clone()).unwrap_or_default();
        match inbox.receiver(&number).await {
            Ok(receiver) if receiver.account.scope() == lease.scope => {
                inbox.take_joined(&mut batch, &receiver, joined).await?;
            }
            Err(ArrivalError::Store(error)) => return Err(error),
            // The number was given back meanwhile: nobody may read this.
            Ok(_) | Err(ArrivalError::UnknownNumber | ArrivalError::InvalidNumber) => {
                joined.parts.iter().for_each(|part| batch.delete(part));
            }
        }
    }
    store.commit(batch).await?;
    Ok(Outcome::Done)
}

/// Which keyword a text is: one of three, or none.
struct Recognised(Option<Keyword>);
impl phi::PublicFact for Recognised {}

/// The keyword that a text is, by the words of the service it came to.
fn recognised(body: &Phi<String>, service: Option<&choice::Configured>) -> Option<Keyword> {
    let words = service.map(|service| &service.service.facts.words);
    let keyword = |text: &String| match words {
        Some(words) => words.recognise(text),
        None => optout::recognise(text),
    };
    body.learn(|text| Recognised(keyword(text))).0
}

/// A message that Switchward sends in answer to one that came in.
struct Reply {
    own_number: String,
    to: Phi<String>,
    body: Phi<String>,
    status_callback: Option<String>,
    /// The Messaging Service that its number is in.
    service: Option<ServiceText>,
}

fn queue_reply(
    batch: &mut Batch,
    services: &Services,
    account: &AccountContext,
    key: &phi::DigestKey,
    reply: Reply,
    now: Timestamp,
    confirms_stop: bool,
) -> MessageSid {
    let settings = &account.account.facts.settings;
    let protected = account.account.facts.designation.protected;
    let sid = MessageSid::generate(services.store.random().as_ref());
    let pair = messages::pair(key, &reply.own_number, &reply.to);
    let facts = MessageFacts {
        status: Status::Queued,
        direction: Direction::OutboundReply,
        own_number: reply.own_number,
        masked: masked(&reply.to),
        segments: reply.body.learn(|text| segments::segment(text).segments),
        error_code: None,
        discard_body: protected || settings.body_redaction,
        obfuscate_address: protected || settings.number_redaction,
        status_callback: reply.status_callback,
        valid_until: now.plus(DEFAULT_VALIDITY).micros(),
        sent_at: None,
        confirms_stop,
        service: reply.service,
        is_sender_chosen: false,
    };
    messages::insert(
        batch,
        key,
        NewMessage { sid, facts, counterparty: reply.to, body: reply.body, created_at: now },
    );
    batch.enqueue(NewJob {
        queue: SENDING,
        lane: None,
        ordering_key: Some(conversation(&pair)),
        due_at: now,
        payload: sid.to_string().into_bytes(),
    });
    sid
}

/// Asks the account's webhook about a message that came in, and does what it answers.
pub(crate) async fn answer(
    services: &Services,
    webhooks: &Webhooks,
    lease: &Lease,
) -> Result<Outcome, StoreError> {
    let Some((account, mut message)) = dispatch::load(services, lease).await? else {
        return dispatch::finish(services, lease).await;
    };
    // What came in before the account became a HIPAA project ends like everything in one.
    let protected = account.account.facts.designation.protected;
    message.facts.discard_body |= protected;
    message.facts.obfuscate_address |= protected;
    let number = numbers::by_number(&services.store.scope(lease.scope), &message.facts.own_number).await?;
    let number = number.filter(|_| account.is_active());
    let sender = message.content.as_ref().map(|content| content.map_ref(|content| content.number.clone()));
    let body = messages::body(&services.store.scope(lease.scope), message.sid).await?;
    let (Some(number), Some(sender), Some(body)) = (number, sender, body) else {
        // Nobody will be told any more: what may not be kept is not kept.
        let mut batch = services.store.batch(lease.scope);
        batch.finish(lease);
        messages::redact_when_terminal(&mut batch, message.sid, &message.facts);
        batch.record(entry("redact_unanswered", message.sid, &[], Purpose::Retention).to_bytes());
        services.store.commit(batch).await?;
        return Ok(Outcome::Done);
    };
    let proof = ledger::disclose(
        &services.store,
        lease.scope,
        &entry("ask_webhook", message.sid, &["body", "from"], Purpose::Webhook),
    )
    .await?;
    let service = service_of(services, lease.scope, &number.facts.number).await?;
    let hook = hook(&number, service.as_deref());
    let keyword = recognised(&body, service.as_deref());
    let parameters = parameters(&account, &message, &sender, &body, keyword);
    let asked = Asked { webhooks, account: &account, message: &message, proof: &proof, parameters };
    let late = || Conversation {
        sends: None,
        failures: hook
            .url
            .clone()
            .map(|url| Failure { code: TOO_SLOW, url, retry: false })
            .into_iter()
            .collect(),
    };
    let Conversation { sends, failures } =
        timeout(ANSWERING_DEADLINE, asked.converse(&hook)).await.unwrap_or_else(|_| late());
    if let (None, Some(Failure { code, retry: true, .. })) = (&sends, failures.last())
        && lease.attempts < MAX_ANSWER_ATTEMPTS
    {
        tracing::info!(message = %message.sid, code, "the webhook of an arrived message failed and will be asked again");
        return Ok(Outcome::RetryAt(services.now().plus(backoff(lease.attempts))));
    }

    let now = services.now();
    let key = services.store.scope(lease.scope).digest_key().await?;
    let mut batch = services.store.batch(lease.scope);
    batch.finish(lease);
    for failure in failures {
        raise(&mut batch, services, &message, failure.code, Some(&failure.url));
    }
    let sends = sends.unwrap_or_default();
    if sends.len() > MAX_REPLIES {
        raise(&mut batch, services, &message, BAD_REPLY, hook.url.as_deref());
    }
    for send in sends.into_iter().take(MAX_REPLIES) {
        match reply_from(&account, &message, &sender, send) {
            Ok(reply) => {
                let sid = queue_reply(&mut batch, services, &account, &key, reply, now, false);
                batch.record(entry("reply_by_twiml", sid, &[], Purpose::Webhook).to_bytes());
            }
            Err(code) => raise(&mut batch, services, &message, code, hook.url.as_deref()),
        }
    }
    messages::redact_when_terminal(&mut batch, message.sid, &message.facts);
    services.store.commit(batch).await?;
    Ok(Outcome::Done)
}

fn raise(batch: &mut Batch, services: &Services, message: &Document<Message>, code: u32, url: Option<&str>) {
    let new = NewAlert::now(&services.store, code, LogLevel::Error);
    let url = url.and_then(|url| WebhookUrl::parse(url).ok());
    webhooks::alert::raise(
        batch,
        NewAlert {
            resource_sid: Some(message.sid.to_string()),
            request_method: Some(Method::Post),
            request_url: url.map(|url| url.without_secrets()),
            ..new
        },
    );
}

/// The address a TwiML document names, seen from the document's own; empty means the document itself.
fn resolve(document: &str, named: &str) -> Option<String> {
    let document = url::Url::parse(document).ok()?;
    document.join(named.trim()).ok().map(String::from)
}

/// The parameters of an inbound webhook (Twilio's request to your application).
fn parameters(
    account: &AccountContext,
    message: &Document<Message>,
    sender: &Phi<String>,
    body: &Phi<String>,
    keyword: Option<Keyword>,
) -> Phi<Vec<(String, String)>> {
    let account = account.sid().to_string();
    let sid = message.sid.to_string();
    let (to, segments) = (message.facts.own_number.clone(), message.facts.segments.to_string());
    let service = message.facts.service.map(|service| service.0.to_string());
    sender.clone().zip(body.clone()).map(|(from, body)| {
        let mut parameters = vec![
            ("MessageSid", sid.clone()),
            ("SmsSid", sid.clone()),
            ("SmsMessageSid", sid),
            ("AccountSid", account),
            ("From", from),
            ("To", to),
            ("Body", body),
            ("NumMedia", "0".to_owned()),
            ("NumSegments", segments),
            ("SmsStatus", "received".to_owned()),
            ("ApiVersion", "2010-04-01".to_owned()),
        ];
        if let Some(service) = service {
            parameters.push(("MessagingServiceSid", service));
        }
        if let Some(keyword) = keyword {
            parameters.push(("OptOutType", keyword.as_str().to_owned()));
        }
        parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    })
}

/// Why an answer could not be had.
struct Failure {
    code: u32,
    url: String,
    retry: bool,
}

/// What the webhooks answered.
struct Conversation {
    /// The messages they want sent; `None` when the last one asked failed.
    sends: Option<Vec<twiml::Message>>,
    /// What failed on the way: the fallback's success does not hide it.
    failures: Vec<Failure>,
}

/// One conversation with the account's webhook.
struct Asked<'a> {
    webhooks: &'a Webhooks,
    account: &'a AccountContext,
    message: &'a Document<Message>,
    proof: &'a Proof,
    parameters: Phi<Vec<(String, String)>>,
}

impl Asked<'_> {
    /// The webhook, its redirects, and on failure its fallback.
    async fn converse(&self, hook: &Hook) -> Conversation {
        let Some(url) = hook.url.clone() else {
            return Conversation { sends: None, failures: Vec::new() };
        };
        let failure = match self.follow(url.clone(), hook.method, self.parameters.clone()).await {
            Ok(sends) => return Conversation { sends: Some(sends), failures: Vec::new() },
            Err(failure) => failure,
        };
        let Some(fallback) = hook.fallback_url.clone() else {
            return Conversation { sends: None, failures: vec![failure] };
        };
        let code = failure.code.to_string();
        // The URL may hold a password, and the fallback may be somebody else's server.
        let shown = WebhookUrl::parse(&url).map(|url| url.without_secrets()).unwrap_or_default();
        let parameters = self.parameters.clone().map(|mut parameters| {
            parameters.push(("ErrorCode".to_owned(), code));
            parameters.push(("ErrorUrl".to_owned(), shown));
            parameters
        });
        match self.follow(fallback, hook.fallback_method, parameters).await {
            Ok(sends) => Conversation { sends: Some(sends), failures: vec![failure] },
            Err(second) => Conversation { sends: None, failures: vec![failure, second] },
        }
    }

    async fn follow(
        &self,
        mut url: String,
        mut method: Method,
        parameters: Phi<Vec<(String, String)>>,
    ) -> Result<Vec<twiml::Message>, Failure> {
        let mut sends = Vec::new();
        for _ in 0..=MAX_REDIRECTS {
            let document = self.ask(&url, method, parameters.clone()).await?;
            let asked = url.clone();
            let fail = |code| Failure { code, url: asked.clone(), retry: false };
            let verbs = twiml::parse_messaging(&document).map_err(|error| fail(error.code))?;
            let mut redirect = None;
            for verb in verbs {
                match verb {
                    MessagingVerb::Message(message) => sends.push(message),
                    MessagingVerb::Redirect(to) => {
                        redirect = Some(to);
                        break;
                    }
                }
            }
            let Some(to) = redirect else {
                return Ok(sends);
            };
            method = match to.method {
                twiml::Method::Get => Method::Get,
                twiml::Method::Post => Method::Post,
            };
            url = resolve(&asked, &to.url).ok_or_else(|| fail(BAD_REDIRECT))?;
            // What a document names is held to the same rules as what the API is given.
            let fact = numbers::callback_fact(self.account, "Redirect", &url, method == Method::Get)
                .map_err(|_| fail(BAD_REDIRECT))?;
            decide(&self.account.facts(crate::PRODUCT.service), &Action::ConfigureUrl(fact))
                .map_err(|refusal| fail(refusal.code().number))?;
        }
        Err(Failure { code: BAD_REDIRECT, url, retry: false })
    }

    async fn ask(
        &self,
        url: &str,
        method: Method,
        params: Phi<Vec<(String, String)>>,
    ) -> Result<bytes::Bytes, Failure> {
        let webhook = Webhook {
            resource_sid: self.message.sid.to_string(),
            url: url.to_owned(),
            method,
            params,
            event: "message-received",
        };
        let failure = |code, retry| Failure { code, url: url.to_owned(), retry };
        let retried = |error: &SendError| error.is_connect_failure();
        match self.webhooks.call(self.account, &webhook, self.proof).await {
            Ok(answer) => match answer.alert_code() {
                None => Ok(answer.body),
                Some(code) => Err(failure(code, false)),
            },
            Err(error) => Err(failure(error.alert_code(), retried(&error))),
        }
    }
}

/// A reply as TwiML asks for it, checked as the API would check it.
fn reply_from(
    account: &AccountContext,
    message: &Document<Message>,
    sender: &Phi<String>,
    send: twiml::Message,
) -> Result<Reply, u32> {
    if !send.media.is_empty() || send.from.is_some_and(|from| from != message.facts.own_number) {
        return Err(BAD_REPLY);
    }
    let body = send.bodies.join("\n");
    if body.is_empty() || segments::is_too_long(&body) {
        return Err(BAD_REPLY);
    }
    let to = match send.to {
        None => sender.clone(),
        Some(to) => Phi::new(Address::parse(&to).map_err(|_| BAD_REPLY)?.into_string()),
    };
    let status_callback = send.status_callback.or(send.action);
    let callback = match status_callback.as_deref() {
        None => None,
        Some(url) => {
            Some(numbers::callback_fact(account, "statusCallback", url, false).map_err(|_| BAD_REPLY)?)
        }
    };
    let is_protected = account.account.facts.designation.protected;
    decide(
        &account.facts(crate::PRODUCT.service),
        &Action::SendMessage(guard_facts(is_protected, &message.facts.own_number, &to, &callback)),
    )
    .map_err(|refusal| refusal.code().number)?;
    let (own_number, service) = (message.facts.own_number.clone(), message.facts.service);
    Ok(Reply { own_number, to, body: Phi::new(body), status_callback, service })
}
