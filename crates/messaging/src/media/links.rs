//! Links that open one medium without credentials, for those who cannot send any: issued to callers with credentials,
//! for an hour at most, and never in a HIPAA project (SMS-MMS-1).

use std::sync::Arc;
use std::time::Duration;

use auth::{Permission, load_account};
use base::{AccountSid, MediaLinkSid, MediaSid, MessageSid, Sid};
use errors::{ApiError, Result, codes};
use http::{HeaderMap, HeaderValue, header};
use kit::{
    Access, Answer, Created, Ctx, Extension, Json, Origin, Path, PathPair, Product, Response, Routes,
    Services,
};
use ledger::{Action as Done, Actor, Entry};
use rulebook::guard::{Action, SettingChange};
use serde::{Deserialize, Serialize};
use store::Scope;

use super::link::{Link, LinkPurpose, times};
use super::routes::bytes;
use super::service::{self, Opened, SHOWN};
use crate::limits::MAX_LINK_LIFE;

/// The product, as it is routed and as agreements name it.
const PRODUCT: Product = Product { label: "switchward", service: "messaging" };
const LINKS: &str = "/switchward/v1/Accounts/{AccountSid}/Messages/{MessageSid}/Media/{MediaSid}/Links";
/// Where a link leads.
const LINKED: &str = "/switchward/v1/MediaLinks/{Token}";
const OPEN: &str = "open_media_link";

/// The routes.
pub fn routes(services: Arc<Services>) -> Routes {
    let shared = Arc::clone(&services);
    Routes::new(PRODUCT, services)
        .create(LINKS, Access::new(Permission::MessagesRead, "create_media_link"), create)
        .fetch(LINKED, Access::new(Permission::MessagesRead, OPEN).by_signature(), open)
        .share(shared)
}

/// What a link is asked for with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateLink {
    purpose: LinkPurpose,
    /// How long it is to work; as long as one may, when nothing is said.
    ttl_seconds: Option<u64>,
}

/// A link on the wire. It is a secret for as long as it works: no Debug.
#[derive(Serialize)]
struct LinkView {
    sid: String,
    account_sid: String,
    message_sid: String,
    media_sid: String,
    purpose: LinkPurpose,
    url: String,
    date_created: String,
    date_expires: String,
}

async fn create(
    ctx: Ctx,
    PathPair(message, media): PathPair<MessageSid, MediaSid>,
    Json(asked): Json<CreateLink>,
) -> Answer<Created<LinkView>> {
    let life = life(asked.ttl_seconds)?;
    Ok(Created(issue(&ctx, message, media, asked.purpose, life).await?))
}

fn life(seconds: Option<u64>) -> Result<Duration> {
    let life = seconds.map_or(MAX_LINK_LIFE, Duration::from_secs);
    let is_allowed = !life.is_zero() && life <= MAX_LINK_LIFE;
    is_allowed.then_some(life).ok_or_else(|| ApiError::new(codes::INVALID_PARAMETER).parameter("ttl_seconds"))
}

/// Whether media of the account may be opened without credentials.
pub(crate) const WITHOUT_CREDENTIALS: Action<'static> =
    Action::ChangeSetting(SettingChange::MediaAuthentication(false));

/// Issues a link, and has it in the ledger.
async fn issue(
    ctx: &Ctx,
    message: MessageSid,
    media: MediaSid,
    purpose: LinkPurpose,
    life: Duration,
) -> Result<LinkView> {
    ctx.guard(&WITHOUT_CREDENTIALS)?;
    service::get(ctx, message, media).await?;
    let store = &ctx.services.store;
    let (issued_at, expires_at) = times(ctx.now(), life);
    let (sid, account) = (MediaLinkSid::generate(store.random().as_ref()), ctx.account().sid());
    let link = Link { sid, account, message, media, purpose, issued_at, expires_at };
    ctx.commit(ctx.batch(), vec![message.to_string(), media.to_string(), sid.to_string()]).await?;
    Ok(LinkView {
        sid: sid.to_string(),
        account_sid: account.to_string(),
        message_sid: message.to_string(),
        media_sid: media.to_string(),
        purpose,
        url: ctx.link(&LINKED.replace("{Token}", &link.write(store))),
        date_created: issued_at.iso8601(),
        date_expires: expires_at.iso8601(),
    })
}

/// A link of a medium for the carrier, and its path. Whoever makes it has asked about [`WITHOUT_CREDENTIALS`], and has it in
/// the ledger.
pub(crate) fn for_carrier(
    services: &Services,
    account: AccountSid,
    message: MessageSid,
    media: MediaSid,
) -> (MediaLinkSid, String) {
    let store = &services.store;
    let sid = MediaLinkSid::generate(store.random().as_ref());
    let (issued_at, expires_at) = times(services.now(), MAX_LINK_LIFE);
    let link = Link { sid, account, message, media, purpose: LinkPurpose::Carriage, issued_at, expires_at };
    (sid, LINKED.replace("{Token}", &link.write(store)))
}

/// Answers a link with the bytes. Whatever is wrong with it is answered alike, and counts against the address that asks.
async fn open(
    Extension(services): Extension<Arc<Services>>,
    Extension(origin): Extension<Origin>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Answer<Response> {
    let Some(opened) = used(&services, &origin, &token).await? else {
        services.gate.anonymous(origin.peer, services.now())?;
        return Err(ApiError::new(codes::FORBIDDEN).into());
    };
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let mut response = bytes(opened, range).await?;
    // The page that shows it may link elsewhere, and the link is a secret.
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// What a link opens now; the ledger has this use before a byte is opened. The account is asked about as it is now: it may
/// have become a HIPAA project since the link was issued.
async fn used(services: &Services, origin: &Origin, token: &str) -> Result<Option<Opened>> {
    let Some(link) = Link::read(&services.store, token, services.now()) else { return Ok(None) };
    let scope = Scope::account(link.account);
    if !is_open(services, link.account).await? {
        return Ok(None);
    }
    let found = service::find(&services.store.scope(scope), link.message, link.media).await?;
    let Some(media) = found else { return Ok(None) };
    let entry = Entry {
        actor: Actor::LinkHolder,
        action: Done(OPEN),
        sids: vec![link.message.to_string(), link.media.to_string(), link.sid.to_string()],
        fields: SHOWN,
        purpose: link.purpose.recorded(),
        source: Some(origin.peer),
    };
    let proof = ledger::disclose(&services.store, scope, &entry).await?;
    Ok(service::open_with(services, scope, media, &proof))
}

async fn is_open(services: &Services, account: AccountSid) -> Result<bool> {
    let found = load_account(&services.store, account, services.now()).await?;
    Ok(found.is_some_and(|account| {
        account.is_active() && kit::ctx::decide(&account.facts(PRODUCT.service), &WITHOUT_CREDENTIALS).is_ok()
    }))
}
