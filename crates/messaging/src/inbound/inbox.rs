//! What is taken from carriers: receipts, messages, and parts of messages. What was taken is on disk.

use std::sync::Arc;

use auth::{SidText, load_account};
use base::{AccountSid, Address, MessageSid, Sid, Timestamp};
use jobs::Outcome;
use kit::Services;
use kit::ctx::decide;
use ledger::Purpose;
use phi::Phi;
use rulebook::guard::{Action, ReceiveFacts};
use store::{Batch, Lease, Name, NewJob, Scope, StoreError};

use super::reply::{Reply, queue_reply};
use super::{ANSWERING, ArrivalError, JOINING, Receiver, Rider, hook, recognised, service_of};
use crate::carrier::{Arrival, ArrivalPart, Receipt, Reference};
use crate::dispatch::{self, entry};
use crate::limits::{MAX_CONFLICTS, MAX_INBOUND_CHARACTERS, MAX_MEDIA, MAX_MEDIA_BYTES, PARTS_WAIT};
use crate::media::model::NewMedia;
use crate::media::store as media;
use crate::messages::events;
use crate::messages::model::{AddressClass, Direction, Message, MessageFacts, Status};
use crate::messages::service::{conversation, masked};
use crate::messages::store::{self as messages, NewMessage};
use crate::numbers;
use crate::optout::{Keyword, Meant};
use crate::own::Own;
use crate::parts;
use crate::segments;

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
        let Arrival { from, to, body, media } = arrival;
        let from = Address::parse(&from).map_err(|_| ArrivalError::InvalidNumber)?;
        let size: usize = media.iter().map(|medium| medium.bytes.len()).sum();
        if media.len() > MAX_MEDIA || size > MAX_MEDIA_BYTES {
            return Err(ArrivalError::TooLarge);
        }
        let receiver = self.receiver(&to).await?;
        // On disk before the batch that names them: what no batch comes to name is swept up.
        let mut kept = Vec::with_capacity(media.len());
        for medium in media {
            kept.push(media::arrived(&self.services, receiver.account.scope(), medium).await?);
        }
        let mut batch = self.services.store.batch(receiver.account.scope());
        let from = Phi::new(from.into_string());
        let message = self.take(&mut batch, &receiver, from, Phi::new(body), kept).await?;
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
        let part = ArrivalPart { from: from.into_string(), to: receiver.own.address().to_owned(), ..part };
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
        self.take(batch, receiver, joined.from, joined.body, Vec::new()).await
    }

    /// Whether a number is one of ours, so that a message to it would be taken.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn is_ours(&self, number: &str) -> Result<bool, StoreError> {
        match self.receiver(number).await {
            Ok(_) => Ok(true),
            Err(ArrivalError::Store(error)) => Err(error),
            Err(_) => Ok(false),
        }
    }

    /// Whose number this is.
    async fn receiver(&self, to: &str) -> Result<Receiver, ArrivalError> {
        let to = Address::parse(to).map_err(|_| ArrivalError::InvalidNumber)?;
        let store = &self.services.store;
        let digest = store.system_digest(numbers::OWNER, to.as_str().as_bytes());
        let located = store.locate(&Name::number(digest)).await?.ok_or(ArrivalError::UnknownNumber)?;
        let own = Own::by_sid(&store.scope(located.scope), &located.sid).await?;
        let own = own.ok_or(ArrivalError::UnknownNumber)?;
        let account = located.scope.account_sid().ok_or(ArrivalError::UnknownNumber)?;
        let account = load_account(store, account, self.services.now()).await?;
        let account = account.ok_or(ArrivalError::UnknownNumber)?;
        let service = service_of(&self.services, located.scope, own.address()).await?;
        Ok(Receiver { account, own, service })
    }

    /// Writes a message that came in, and what follows from it.
    async fn take(
        &self,
        batch: &mut Batch,
        receiver: &Receiver,
        from: Phi<String>,
        body: Phi<String>,
        media: Vec<NewMedia>,
    ) -> Result<MessageSid, StoreError> {
        let Receiver { account, own, service } = receiver;
        let store = &self.services.store;
        let now = self.services.now();
        let body = body.map(|text| text.chars().take(MAX_INBOUND_CHARACTERS).collect::<String>());
        let (settings, refused) = match decide(
            &account.facts(crate::PRODUCT.service),
            &Action::ReceiveMessage(ReceiveFacts {
                from: from.learn(|text| AddressClass::of_text(text)).0,
                to: AddressClass::of_text(own.address()).0,
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
            own_number: own.address().to_owned(),
            masked: masked(&from),
            segments: if media.is_empty() { body.learn(|text| segments::segment(text).segments) } else { 1 },
            error_code: None,
            discard_body: settings.discard_body || protected || set.body_redaction,
            obfuscate_address: settings.obfuscate_address || protected || set.number_redaction,
            status_callback: None,
            valid_until: now.micros(),
            sent_at: None,
            confirms_stop: false,
            service: service.as_ref().map(|service| SidText(service.service.sid)),
            is_sender_chosen: false,
            media: media.iter().map(|medium| SidText(medium.sid)).collect(),
            as_mms: false,
        };
        let message = MessageSid::generate(store.random().as_ref()).of_mms(facts.is_mms());
        let key = store.scope(account.scope()).digest_key().await?;
        let pair = messages::pair(&key, &facts.own_number, &from);
        let meant = recognised(&body, &from, service.as_deref());

        if let Some(meant) = meant {
            self.heed(batch, meant, receiver, &from, now).await?;
        }
        let hook = hook(&self.services, account.scope(), own, service.as_deref()).await?;
        let asks = account.is_active() && !refused && hook.url.is_some();
        messages::insert(
            batch,
            &key,
            NewMessage {
                sid: message,
                facts: facts.clone(),
                counterparty: from,
                body,
                created_at: now,
                media,
            },
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
        match facts.discard_body && !facts.media.is_empty() {
            true if asks => batch.enqueue(media::redaction(message, now)),
            true => messages::shred_media(batch, &facts),
            false => {}
        }
        batch.record(entry("receive_message", message, &[], Purpose::Carriage).to_bytes());
        Ok(message)
    }

    /// STOP, START and HELP. The list holds digests of pairs, so it works under redaction (D-RED-1).
    async fn heed(
        &self,
        batch: &mut Batch,
        Meant { keyword, reply: answer }: Meant<'_>,
        receiver: &Receiver,
        from: &Phi<String>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Receiver { account, own, service } = receiver;
        let store = &self.services.store;
        let scoped = store.scope(account.scope());
        let key = scoped.digest_key().await?;
        let service = service.as_ref().map(|service| service.service.sid);
        let mut is_known = false;
        for list in messages::lists(&key, own.address(), service, from) {
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
            own_number: own.address().to_owned(),
            to: from.clone(),
            body: Phi::new(answer.to_owned()),
            media: Vec::new(),
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
            Ok(_)
            | Err(ArrivalError::UnknownNumber | ArrivalError::InvalidNumber | ArrivalError::TooLarge) => {
                joined.parts.iter().for_each(|part| batch.delete(part));
            }
        }
    }
    store.commit(batch).await?;
    Ok(Outcome::Done)
}
