//! Messages that answer one that came in: what they are checked for, and how they are queued.

use auth::{AccountContext, SidText};
use base::{Address, MessageSid, Sid, Timestamp};
use errors::codes;
use kit::Services;
use kit::ctx::decide;
use phi::Phi;
use rulebook::guard::Action;
use store::{Batch, Document, NewJob};

use super::webhook::BAD_REPLY;
use crate::dispatch::SENDING;
use crate::limits::{DEFAULT_VALIDITY, MAX_MEDIA};
use crate::media::fetch::FETCHING;
use crate::media::store as media;
use crate::messages::model::{Direction, Message, MessageFacts, Status, guard_facts};
use crate::messages::service::{conversation, masked, media_fact};
use crate::messages::store::{self as messages, NewMessage};
use crate::numbers;
use crate::segments;
use crate::services::{ServiceText, arrives};

/// A message that Switchward sends in answer to one that came in.
pub(super) struct Reply {
    pub(super) own_number: String,
    pub(super) to: Phi<String>,
    pub(super) body: Phi<String>,
    /// Where its media are.
    pub(super) media: Vec<String>,
    pub(super) status_callback: Option<String>,
    /// The Messaging Service that its number is in.
    pub(super) service: Option<ServiceText>,
}

pub(super) fn queue_reply(
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
    let sid = MessageSid::generate(services.store.random().as_ref()).of_mms(!reply.media.is_empty());
    let pair = messages::pair(key, &reply.own_number, &reply.to);
    let media: Vec<_> = reply
        .media
        .into_iter()
        .map(|url| media::wanted(services.store.random().as_ref(), now, url))
        .collect();
    let queue = if media.is_empty() { SENDING } else { FETCHING };
    let facts = MessageFacts {
        status: Status::Queued,
        direction: Direction::OutboundReply,
        own_number: reply.own_number,
        masked: masked(&reply.to),
        segments: if media.is_empty() {
            reply.body.learn(|text| segments::segment(text).segments)
        } else {
            1
        },
        error_code: None,
        discard_body: protected || settings.body_redaction,
        obfuscate_address: protected || settings.number_redaction,
        status_callback: reply.status_callback,
        valid_until: now.plus(DEFAULT_VALIDITY).micros(),
        sent_at: None,
        confirms_stop,
        service: reply.service,
        is_sender_chosen: false,
        media: media.iter().map(|medium| SidText(medium.sid)).collect(),
        as_mms: false,
    };
    messages::insert(
        batch,
        key,
        NewMessage { sid, facts, counterparty: reply.to, body: reply.body, created_at: now, media },
    );
    batch.enqueue(NewJob {
        queue,
        lane: None,
        ordering_key: Some(conversation(&pair)),
        due_at: now,
        payload: sid.to_string().into_bytes(),
    });
    sid
}

/// A reply as TwiML asks for it, checked as the API would check it.
pub(super) fn reply_from(
    account: &AccountContext,
    message: &Document<Message>,
    sender: &Phi<String>,
    send: twiml::Message,
) -> Result<Reply, u32> {
    if send.media.len() > MAX_MEDIA || send.from.is_some_and(|from| from != message.facts.own_number) {
        return Err(BAD_REPLY);
    }
    let body = send.bodies.join("\n");
    if (body.is_empty() && send.media.is_empty()) || segments::is_too_long(&body) {
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
    let media = send.media.iter().map(|url| media_fact(account, url).map_err(|_| BAD_REPLY));
    let urls: Vec<_> = callback.map(Ok).into_iter().chain(media).collect::<Result<_, _>>()?;
    if !arrives(&message.facts.own_number, &to) {
        return Err(codes::UNREACHABLE_FROM.number);
    }
    let is_protected = account.account.facts.designation.protected;
    decide(
        &account.facts(crate::PRODUCT.service),
        &Action::SendMessage(guard_facts(is_protected, &message.facts.own_number, &to, &urls)),
    )
    .map_err(|refusal| refusal.code().number)?;
    let (own_number, service) = (message.facts.own_number.clone(), message.facts.service);
    Ok(Reply { own_number, to, body: Phi::new(body), media: send.media, status_callback, service })
}
