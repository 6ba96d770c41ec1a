//! What happens to messages at the API: send, read, list, redact, cancel, delete.

use std::collections::HashMap;
use std::time::Duration;

use auth::{AccountContext, SidText};
use base::{Address, MessageSid, MessagingServiceSid, Sid};
use errors::{ApiError, Result, codes};
use kit::Ctx;
use phi::{Phi, Proof};
use rulebook::guard::{Action, MessageFacts as GuardFacts, Settings, UrlFact, UrlPurpose};
use store::{Document, NewJob};

use super::events;
use super::feedback::MessageFeedback;
use super::model::{
    AddressClass, Change, Direction, Draft, Filter, Message, MessageBody, MessageFacts, Status, may_message,
};
use super::store::{self as messages, NewMessage};
use super::view::{MessageView, Opened};
use crate::carrier::AtHand;
use crate::dispatch::SENDING;
use crate::limits::DEFAULT_VALIDITY;
use crate::media::fetch::FETCHING;
use crate::media::links::WITHOUT_CREDENTIALS;
use crate::media::model::Media;
use crate::media::{service as media_service, store as media};
use crate::segments;
use crate::services::choice::{self, Choice};
use crate::services::{Rotation, ServiceFacts, arrives};
use crate::smart;
use crate::{applications, numbers, own};

/// The protected fields of a message, by their API names.
const SHOWN: &[&str] = &["body", "from", "to"];

/// Accepts a message: guard, then one transaction with the message, its job, its first callback
/// and the ledger entry.
pub async fn send(ctx: &Ctx, carrier: &AtHand, rotation: &Rotation, draft: Draft) -> Result<MessageView> {
    let store = &ctx.services.store;
    let service = match draft.service {
        Some(sid) => choice::find(store, ctx.scope(), sid).await?,
        None => None,
    };
    let configured = service.as_ref().map(|service| &service.service.facts);
    let application = match draft.application {
        Some(sid) => applications::find(store, ctx.scope(), sid).await?,
        None => None,
    };
    // The nearest one counts: the message's own, then the application's, then the service's.
    let status_callback = draft
        .status_callback
        .clone()
        .or_else(|| application.as_ref().and_then(|facts| facts.message_status_callback.clone()))
        .or_else(|| configured.and_then(|facts| facts.status_callback.clone()));
    let callback = status_callback
        .as_deref()
        .map(|url| numbers::callback_fact(ctx.account(), "StatusCallback", url, false));
    let callback = callback.transpose()?;
    let media = draft.media.iter().map(|url| media_fact(ctx.account(), url)).collect::<Result<Vec<_>>>()?;
    let urls: Vec<_> = callback.into_iter().chain(media).collect();
    let allowed = |from| {
        ctx.guard(&Action::SendMessage(GuardFacts {
            to: draft.to.learn(AddressClass::of).0,
            from,
            urls: &urls,
            has_tags: draft.has_tags,
            content_retention: draft.content_retention,
            address_retention: draft.address_retention,
            uses_ai: draft.uses_ai,
            // In a HIPAA project every message is taken to hold PHI.
            declared_phi: ctx.account().account.facts.designation.protected,
            attested_phi_free: false,
            carrier_registered: ctx.account().register.as_ref().is_none_or(|it| carrier.is_covered(it)),
        }))
    };
    let settings = allowed(draft.from.as_ref().map(|from| AddressClass::of(from).0))?;
    if draft.has_tags {
        return Err(ApiError::new(codes::NOT_SUPPORTED).parameter("Tags"));
    }
    if draft.to.learn(|to| matches!(to, Address::Channel(_))) {
        return Err(only_numbers());
    }
    if draft.application.is_some() && application.is_none() {
        return Err(ApiError::new(codes::INVALID_PARAMETER).parameter("ApplicationSid"));
    }
    if draft.service.is_some() && service.is_none() {
        return Err(codes::SERVICE_UNKNOWN.into());
    }

    let to = draft.to.clone().map(Address::into_string);
    if !may_message(ctx.account(), &to) {
        let code = rulebook::codes::row(rulebook::codes::REGION_NOT_PERMITTED);
        return Err(ApiError::new(code.expect("a constant of that table")));
    }
    let is_mms = draft.as_mms || !draft.media.is_empty();
    let pool = service.as_deref().filter(|_| is_mms && draft.from.is_none());
    let may_link = draft.media.is_empty() || ctx.guard(&WITHOUT_CREDENTIALS).is_ok();
    let takes = |sender: &str| carrier.takes_mms(sender) && (may_link || !carrier.fetches_media(sender));
    let pool = pool.map(|service| service.only(takes));
    if pool.as_ref().is_some_and(choice::Configured::is_empty)
        && service.as_ref().is_some_and(|it| !it.is_empty())
    {
        return Err(codes::UNREACHABLE_FROM.into());
    }
    let choosing = pool.as_ref().or(service.as_deref());
    let sender = sender(ctx, rotation, choosing, draft.from.as_ref(), &to).await?;
    let own_number = sender.choice.sender.clone();
    if is_mms && !carrier.takes_mms(&own_number) {
        return Err(codes::UNREACHABLE_FROM.into());
    }
    if !draft.media.is_empty() && carrier.fetches_media(&own_number) {
        ctx.guard(&WITHOUT_CREDENTIALS)?;
    }
    let settings = match &draft.from {
        Some(_) => settings,
        None => allowed(Some(AddressClass::of_text(&own_number).0))?,
    };
    let scoped = ctx.store();
    let key = scoped.digest_key().await?;
    if messages::is_opted_out(&scoped, &messages::lists(&key, &own_number, sender.service, &to)).await? {
        return Err(codes::UNSUBSCRIBED.into());
    }
    let body = match draft.smart_encoded.unwrap_or(configured.is_some_and(|facts| facts.smart_encoding)) {
        true => draft.body.map(|text| smart::shorten(&text)),
        false => draft.body,
    };
    if body.learn(|text| segments::is_too_long(text)) {
        return Err(codes::BODY_TOO_LONG.into());
    }

    let now = ctx.now();
    let due_at = draft.send_at.unwrap_or(now);
    let validity = validity(&settings, draft.validity, configured)?;
    let media: Vec<_> =
        draft.media.into_iter().map(|url| media::wanted(store.random().as_ref(), now, url)).collect();
    let facts = MessageFacts {
        status: if draft.send_at.is_some() { Status::Scheduled } else { Status::Queued },
        direction: Direction::OutboundApi,
        masked: masked(&to),
        // An MMS is one, however long its text.
        segments: if is_mms { 1 } else { body.learn(|text| segments::segment(text).segments) },
        error_code: None,
        discard_body: discard(ctx, &settings, draft.content_retention),
        obfuscate_address: obfuscate(ctx, &settings, draft.address_retention),
        status_callback,
        valid_until: due_at.plus(validity).micros(),
        sent_at: None,
        confirms_stop: false,
        service: draft.service.map(SidText),
        is_sender_chosen: draft.from.is_none(),
        media: media.iter().map(|medium| SidText(medium.sid)).collect(),
        as_mms: draft.as_mms,
        own_number,
    };
    let pair = messages::pair(&key, &facts.own_number, &to);
    let sid = MessageSid::generate_at(store.random().as_ref(), now).of_mms(is_mms);
    let mut batch = ctx.batch();
    let message = Document::<Message> {
        sid,
        parent: None,
        created_at: now,
        updated_at: now,
        event_at: None,
        revision: 1,
        facts: facts.clone(),
        content: None,
    };
    messages::insert(
        &mut batch,
        &key,
        NewMessage { sid, facts, counterparty: to.clone(), body: body.clone(), created_at: now, media },
    );
    sender.choice.remember(&mut batch, store.random().as_ref(), now);
    batch.enqueue(NewJob {
        queue: if message.facts.media.is_empty() { SENDING } else { FETCHING },
        lane: None,
        ordering_key: Some(conversation(&pair)),
        due_at,
        payload: sid.to_string().into_bytes(),
    });
    events::report(&mut batch, ctx.account().sid(), &message, Some(to.clone()), now);
    let proof = ctx.commit_and_disclose(batch, vec![sid.to_string()], SHOWN).await?;
    let opened = Opened { counterparty: to.into_open(&proof), body: body.into_open(&proof) };
    Ok(MessageView::new(ctx.account().sid(), &message, opened))
}

/// A medium's URL, as the guard is told of it.
pub(crate) fn media_fact(account: &AccountContext, url: &str) -> Result<UrlFact> {
    let fact = numbers::callback_fact(account, "MediaUrl", url, false)?;
    Ok(UrlFact { purpose: UrlPurpose::Media, ..fact })
}

/// The sender of a message that is accepted.
struct Sender {
    choice: Choice,
    /// The service whose opt-outs count.
    service: Option<MessagingServiceSid>,
}

fn only_numbers() -> ApiError {
    ApiError::new(codes::NOT_SUPPORTED).hint("only phone numbers can send and receive here")
}

/// The sender that was given, if it may send, or the one that the service chooses.
async fn sender(
    ctx: &Ctx,
    rotation: &Rotation,
    service: Option<&choice::Configured>,
    from: Option<&Address>,
    to: &Phi<String>,
) -> Result<Sender> {
    let store = &ctx.services.store;
    match (service, from) {
        (_, Some(Address::Channel(_))) => Err(only_numbers()),
        (Some(service), from) => {
            let choice = match from {
                Some(from) if !service.has(from.as_str()) => Err(codes::SENDER_NOT_IN_SERVICE),
                Some(from) if !service.arrives(from.as_str(), to) => Err(codes::UNREACHABLE_FROM),
                Some(from) => Ok(Choice::given(from.as_str())),
                None => service.choose(store, ctx.scope(), Some(rotation), to).await?,
            };
            let sid = service.service.sid;
            choice.map(|choice| Sender { choice, service: Some(sid) }).map_err(ApiError::new)
        }
        (None, Some(name @ Address::Alphanumeric(_))) if !arrives(name.as_str(), to) => {
            Err(codes::UNREACHABLE_FROM.into())
        }
        (None, Some(Address::Alphanumeric(_))) => {
            Err(ApiError::new(codes::NOT_SUPPORTED)
                .hint("a sender name sends with a Messaging Service it is in"))
        }
        (None, Some(from)) => {
            let owned = own::owned(store, ctx.scope(), from.as_str()).await?;
            let owned = owned.ok_or(ApiError::new(codes::FROM_NOT_OWNED))?;
            if !arrives(from.as_str(), to) {
                return Err(codes::UNREACHABLE_FROM.into());
            }
            Ok(Sender { choice: Choice::given(from.as_str()), service: owned.service })
        }
        (None, None) => Err(codes::FROM_REQUIRED.into()),
    }
}

/// How long a message may wait: as it says, as its service says, or as messages do. A HIPAA project's text may wait
/// [`DEFAULT_VALIDITY`] and no longer (ambiguity 15).
fn validity(forced: &Settings, asked: Option<Duration>, service: Option<&ServiceFacts>) -> Result<Duration> {
    if let Some(asked) = asked {
        return match forced.discard_body && asked > DEFAULT_VALIDITY {
            true => {
                Err(ApiError::new(codes::INVALID_PARAMETER).parameter("ValidityPeriod").rule("SMS-REDACT-1"))
            }
            false => Ok(asked),
        };
    }
    let of_service = service.map(|facts| Duration::from_secs(u64::from(facts.validity_period)));
    let validity = of_service.unwrap_or(DEFAULT_VALIDITY);
    Ok(if forced.discard_body { validity.min(DEFAULT_VALIDITY) } else { validity })
}

/// The ordering key of a conversation: jobs of one pair run in order.
pub(crate) fn conversation(pair: &phi::Digest) -> String {
    pair.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The masked form of a number, which is what may be shown once it is gone.
pub(crate) fn masked(number: &Phi<String>) -> String {
    /// The mask reveals an area code and an exchange, as the guide prescribes (SMS-REDACT-2).
    struct Mask(String);
    impl phi::PublicFact for Mask {}
    number
        .learn(|text| {
            Mask(Address::parse(text).map_or_else(|_| "XXXX".to_owned(), |address| address.masked()))
        })
        .0
}

fn discard(ctx: &Ctx, forced: &Settings, asked: Option<rulebook::guard::Retention>) -> bool {
    forced.discard_body
        || asked == Some(rulebook::guard::Retention::Remove)
        || (asked.is_none() && ctx.account().account.facts.settings.body_redaction)
}

fn obfuscate(ctx: &Ctx, forced: &Settings, asked: Option<rulebook::guard::Retention>) -> bool {
    forced.obfuscate_address
        || asked == Some(rulebook::guard::Retention::Remove)
        || (asked.is_none() && ctx.account().account.facts.settings.number_redaction)
}

async fn get(ctx: &Ctx, sid: MessageSid) -> Result<Document<Message>> {
    ctx.store().get::<Message>(sid).await?.ok_or(codes::NOT_FOUND.into())
}

/// Makes sure that there is such a message.
pub async fn exists(ctx: &Ctx, sid: MessageSid) -> Result<()> {
    get(ctx, sid).await.map(|_| ())
}

/// Shows a message; the ledger has it first.
pub async fn fetch(ctx: &Ctx, sid: MessageSid) -> Result<MessageView> {
    let message = get(ctx, sid).await?;
    let body = messages::body(&ctx.store(), sid).await?;
    let proof = ctx.disclose(vec![sid.to_string()], SHOWN).await?;
    Ok(shown(ctx, message, body, &proof))
}

fn shown(ctx: &Ctx, mut message: Document<Message>, body: Option<Phi<String>>, proof: &Proof) -> MessageView {
    let counterparty = message
        .content
        .take()
        .map_or_else(|| message.facts.masked.clone(), |content| content.into_open(proof).number);
    let body = body.map_or_else(String::new, |body| body.into_open(proof));
    MessageView::new(ctx.account().sid(), &message, Opened { counterparty, body })
}

/// One page of messages; the ledger has all their SIDs first.
pub async fn list(ctx: &Ctx, filter: Filter, paging: kit::page::Paging) -> Result<kit::Listing> {
    let scoped = ctx.store();
    let key = scoped.digest_key().await?;
    let mut query = messages::query(&key, filter.to.as_ref(), filter.from.as_ref(), filter.sent);
    query.limit = paging.size;
    query.cursor = paging.cursor.clone();
    let listed = scoped.list::<Message>(query).await?;
    let sids: Vec<_> = listed.documents.iter().map(|message| message.sid).collect();
    let bodies = scoped.get_all::<MessageBody>(&sids).await?.into_iter();
    let mut bodies: HashMap<_, _> = bodies.map(|body| (body.sid, body.content)).collect();
    let sids = sids.iter().map(ToString::to_string).collect();
    let proof = ctx.disclose(sids, SHOWN).await?;
    kit::Listing::new(ctx, paging, listed, |message| {
        let body = bodies.remove(&message.sid).flatten();
        shown(ctx, message, body, &proof)
    })
    .await
}

/// Redacts or cancels.
pub async fn update(ctx: &Ctx, sid: MessageSid, change: Change) -> Result<MessageView> {
    let mut message = get(ctx, sid).await?;
    let mut batch = ctx.batch();
    match change {
        Change::Redact if !message.facts.status.is_terminal() && message.facts.status != Status::Sent => {
            return Err(codes::NOT_REDACTABLE.into());
        }
        Change::Redact => {
            batch.shred::<MessageBody>(sid);
            batch.update::<Message>(&message);
        }
        Change::Cancel if message.facts.status != Status::Scheduled => {
            return Err(codes::NOT_CANCELABLE.into());
        }
        Change::Cancel => {
            message.facts.status = Status::Canceled;
            // What was accepted before the account became a HIPAA project ends like everything in one.
            let protected = ctx.account().account.facts.designation.protected;
            message.facts.discard_body |= protected;
            message.facts.obfuscate_address |= protected;
            messages::advance(&mut batch, &message);
            messages::uncount(&mut batch, &message);
            let counterparty =
                message.content.as_ref().map(|content| content.map_ref(|content| content.number.clone()));
            events::report(&mut batch, ctx.account().sid(), &message, counterparty, ctx.now());
            messages::redact_when_terminal(&mut batch, sid, &message.facts);
        }
    }
    ctx.commit(batch, vec![sid.to_string()]).await?;
    fetch(ctx, sid).await
}

/// Deletes a message that is not under way, with its keys.
pub async fn delete(ctx: &Ctx, sid: MessageSid) -> Result<()> {
    let message = get(ctx, sid).await?;
    if !message.facts.status.is_terminal() && message.facts.status != Status::Sent {
        return Err(codes::NOT_REDACTABLE.into());
    }
    let mut batch = ctx.batch();
    if let Some(body) = ctx.store().get::<MessageBody>(sid).await? {
        batch.delete::<MessageBody>(&body);
    }
    if let Some(feedback) = ctx.store().get::<MessageFeedback>(sid).await? {
        batch.delete::<MessageFeedback>(&feedback);
    }
    let media = media::of_message(&ctx.store(), message.facts.media.iter().map(|sid| sid.0)).await?;
    media.iter().for_each(|medium| batch.delete::<Media>(medium));
    batch.delete::<Message>(&message);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    for medium in media {
        media_service::clear(ctx, medium.sid).await;
    }
    Ok(())
}
