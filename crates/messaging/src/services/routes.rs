//! The table of what is served under the label `messaging`, and its handlers.

use std::sync::Arc;

use auth::Permission;
use base::{AlphaSenderSid, MessagingServiceSid, PhoneNumberSid, ShortCodeSid};
use errors::{Result, codes};
use http::Method;
use kit::page::Unfiltered;
use kit::{
    Access, Answer, Created, Ctx, Deleted, Form, Found, Listing, PageRequest, Path, PathPair, Product,
    Routes, Services,
};
use rulebook::guard::{Action, AddressKind};
use serde_json::{Value, json};
use store::{Document, Listed};

use super::model::{
    AlphaSender, DestinationFilter, JoiningCode, JoiningDestination, JoiningName, JoiningNumber,
    MessagingService, NewService, PoolCode, PoolNumber, Settings,
};
use super::usecases::USECASES;
use super::view::{AlphaSenderView, DestinationView, PoolCodeView, PoolNumberView, ServiceView};
use super::{absent, senders, service};
use crate::carrier::{Shared, can_mms};

/// The product, as it is routed and as agreements name it.
const PRODUCT: Product = Product { label: "messaging", service: "messaging" };

pub(super) const SERVICES: &str = "/v1/Services";
const SERVICE: &str = "/v1/Services/{Sid}";
const USECASE: &str = "/v1/Services/Usecases";
const NUMBERS: &str = "/v1/Services/{ServiceSid}/PhoneNumbers";
const NUMBER: &str = "/v1/Services/{ServiceSid}/PhoneNumbers/{Sid}";
const NAMES: &str = "/v1/Services/{ServiceSid}/AlphaSenders";
const CODES: &str = "/v1/Services/{ServiceSid}/ShortCodes";
const CODE: &str = "/v1/Services/{ServiceSid}/ShortCodes/{Sid}";
const CHANNELS: &str = "/v1/Services/{ServiceSid}/ChannelSenders";
const DESTINATIONS: &str = "/v1/Services/{ServiceSid}/DestinationAlphaSenders";
const DESTINATION: &str = "/v1/Services/{ServiceSid}/DestinationAlphaSenders/{Sid}";
const SENDERS: &str = "/v2/Channels/Senders";
const SENDER: &str = "/v2/Channels/Senders/{Sid}";
const NAME: &str = "/v1/Services/{ServiceSid}/AlphaSenders/{Sid}";

const fn writes(operation: &'static str) -> Access {
    Access::new(Permission::ServicesWrite, operation)
}

const fn reads(operation: &'static str) -> Access {
    Access::new(Permission::ServicesRead, operation)
}

/// The routes.
pub fn routes(services: Arc<Services>) -> Routes {
    let served = Routes::new(PRODUCT, services)
        .create(SERVICES, writes("create_messaging_service"), create)
        .list(SERVICES, reads("list_messaging_service"), list)
        .fetch(USECASE, reads("fetch_usecase"), fetch_usecases)
        .fetch(SERVICE, reads("fetch_messaging_service"), fetch)
        .update(SERVICE, writes("update_messaging_service"), update)
        .delete(SERVICE, writes("delete_messaging_service"), delete)
        .create(NUMBERS, writes("create_service_phone_number"), add_number)
        .list(NUMBERS, reads("list_service_phone_number"), list_numbers)
        .fetch(NUMBER, reads("fetch_service_phone_number"), fetch_number)
        .delete(NUMBER, writes("delete_service_phone_number"), remove_number)
        .create(NAMES, writes("create_alpha_sender"), add_name)
        .list(NAMES, reads("list_alpha_sender"), list_names)
        .fetch(NAME, reads("fetch_alpha_sender"), fetch_name)
        .delete(NAME, writes("delete_alpha_sender"), remove_name)
        .create(CODES, writes("create_service_short_code"), add_code)
        .list(CODES, reads("list_service_short_code"), list_codes)
        .fetch(CODE, reads("fetch_service_short_code"), fetch_code)
        .delete(CODE, writes("delete_service_short_code"), remove_code)
        .list(CHANNELS, reads("list_channel_sender"), list_channels)
        .create(DESTINATIONS, writes("create_destination_alpha_sender"), add_destination)
        .list(DESTINATIONS, reads("list_destination_alpha_sender"), list_destinations)
        .fetch(DESTINATION, reads("fetch_destination_alpha_sender"), fetch_destination)
        .delete(DESTINATION, writes("delete_destination_alpha_sender"), remove_destination)
        .absent_unless(Method::POST, CHANNELS, no_channel(writes("create_channel_sender")), channel)
        .absent_unless(Method::GET, SENDERS, no_channel(reads("list_channels_sender")), |_| Ok(()))
        .absent_unless(Method::POST, SENDERS, no_channel(writes("create_channels_sender")), channel)
        .absent_unless(Method::POST, SENDER, no_channel(writes("update_channels_sender")), channel);
    absent::ABSENT.iter().fold(served, |routes, (method, path, operation, (code, reason))| {
        let (method, access) = match *method {
            "GET" => (Method::GET, reads(operation)),
            "DELETE" => (Method::DELETE, writes(operation)),
            _ => (Method::POST, writes(operation)),
        };
        routes.absent(method, path, access.refused(code, reason))
    })
}

const fn no_channel(access: Access) -> Access {
    access.refused(codes::NOT_SUPPORTED, absent::CHANNELS)
}

/// Not served, but the guard has the word on it first (SMS-CHAN-1).
fn channel(ctx: &Ctx) -> Result<()> {
    ctx.guard(&Action::AddSender(AddressKind::Channel("other"))).map(drop)
}

async fn create(ctx: Ctx, Form(new): Form<NewService>) -> Answer<Created<ServiceView>> {
    let service = service::create(&ctx, new).await?;
    Ok(Created(ServiceView::new(&ctx, &service)))
}

async fn fetch(ctx: Ctx, Path(sid): Path<MessagingServiceSid>) -> Answer<Found<ServiceView>> {
    let service = service::get(&ctx, sid).await?;
    Ok(Found(ServiceView::new(&ctx, &service)))
}

async fn list(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    let (_, paging) = page.open::<Unfiltered>(&ctx).await?;
    let listed = ctx.store().list::<MessagingService>(service::query(&paging)).await?;
    let listing = Listing::new(&ctx, paging, listed, |service| ServiceView::new(&ctx, &service)).await?;
    Ok(Found(listing.versioned(&ctx, SERVICES, "services")))
}

async fn update(
    ctx: Ctx,
    Path(sid): Path<MessagingServiceSid>,
    Form(settings): Form<Settings>,
) -> Answer<Found<ServiceView>> {
    let service = service::update(&ctx, sid, settings).await?;
    Ok(Found(ServiceView::new(&ctx, &service)))
}

async fn delete(ctx: Ctx, Path(sid): Path<MessagingServiceSid>) -> Answer<Deleted> {
    service::delete(&ctx, sid).await?;
    Ok(Deleted)
}

async fn fetch_usecases(_ctx: Ctx) -> Answer<Found<Value>> {
    Ok(Found(json!({ "usecases": USECASES })))
}

fn pool_view(ctx: &Ctx, carrier: &Shared, member: &Document<PoolNumber>) -> PoolNumberView {
    PoolNumberView::new(ctx, member, can_mms(carrier, &member.facts.sender))
}

async fn add_number(
    ctx: Ctx,
    carrier: Shared,
    Path(sid): Path<MessagingServiceSid>,
    Form(joining): Form<JoiningNumber>,
) -> Answer<Created<PoolNumberView>> {
    let member = senders::add_number(&ctx, sid, joining).await?;
    Ok(Created(pool_view(&ctx, &carrier, &member)))
}

async fn fetch_number(
    ctx: Ctx,
    carrier: Shared,
    PathPair(service, sid): PathPair<MessagingServiceSid, PhoneNumberSid>,
) -> Answer<Found<PoolNumberView>> {
    let member = senders::get::<PoolNumber>(&ctx, service, sid).await?;
    Ok(Found(pool_view(&ctx, &carrier, &member)))
}

async fn list_numbers(
    ctx: Ctx,
    carrier: Shared,
    Path(sid): Path<MessagingServiceSid>,
    page: PageRequest,
) -> Answer<Found<Value>> {
    let (_, paging) = page.open::<Unfiltered>(&ctx).await?;
    let listed = senders::list::<PoolNumber>(&ctx, sid, &paging).await?;
    let listing = Listing::new(&ctx, paging, listed, |member| pool_view(&ctx, &carrier, &member)).await?;
    Ok(Found(listing.versioned(&ctx, &format!("{SERVICES}/{sid}/PhoneNumbers"), "phone_numbers")))
}

async fn remove_number(
    ctx: Ctx,
    PathPair(service, sid): PathPair<MessagingServiceSid, PhoneNumberSid>,
) -> Answer<Deleted> {
    senders::remove::<PoolNumber>(&ctx, service, sid).await?;
    Ok(Deleted)
}

async fn add_name(
    ctx: Ctx,
    Path(sid): Path<MessagingServiceSid>,
    Form(name): Form<JoiningName>,
) -> Answer<Created<AlphaSenderView>> {
    let member = senders::add_name(&ctx, sid, JoiningDestination { name, country: None }).await?;
    Ok(Created(AlphaSenderView::new(&ctx, &member)))
}

async fn fetch_name(
    ctx: Ctx,
    PathPair(service, sid): PathPair<MessagingServiceSid, AlphaSenderSid>,
) -> Answer<Found<AlphaSenderView>> {
    let member = senders::get_name(&ctx, service, sid).await?;
    Ok(Found(AlphaSenderView::new(&ctx, &member)))
}

async fn list_names(
    ctx: Ctx,
    Path(sid): Path<MessagingServiceSid>,
    page: PageRequest,
) -> Answer<Found<Value>> {
    let (_, paging) = page.open::<Unfiltered>(&ctx).await?;
    let mut listed = senders::list::<AlphaSender>(&ctx, sid, &paging).await?;
    // A page may be short: names for one country are in another list.
    listed.documents.retain(|member| member.facts.country.is_none());
    let listing = Listing::new(&ctx, paging, listed, |member| AlphaSenderView::new(&ctx, &member)).await?;
    Ok(Found(listing.versioned(&ctx, &format!("{SERVICES}/{sid}/AlphaSenders"), "alpha_senders")))
}

async fn remove_name(
    ctx: Ctx,
    PathPair(service, sid): PathPair<MessagingServiceSid, AlphaSenderSid>,
) -> Answer<Deleted> {
    senders::get_name(&ctx, service, sid).await?;
    senders::remove::<AlphaSender>(&ctx, service, sid).await?;
    Ok(Deleted)
}

async fn list_codes(
    ctx: Ctx,
    Path(sid): Path<MessagingServiceSid>,
    page: PageRequest,
) -> Answer<Found<Value>> {
    let (_, paging) = page.open::<Unfiltered>(&ctx).await?;
    let listed = senders::list::<PoolCode>(&ctx, sid, &paging).await?;
    let listing = Listing::new(&ctx, paging, listed, |member| PoolCodeView::new(&ctx, &member)).await?;
    Ok(Found(listing.versioned(&ctx, &format!("{SERVICES}/{sid}/ShortCodes"), "short_codes")))
}

async fn add_code(
    ctx: Ctx,
    Path(sid): Path<MessagingServiceSid>,
    Form(joining): Form<JoiningCode>,
) -> Answer<Created<PoolCodeView>> {
    let member = senders::add_code(&ctx, sid, joining).await?;
    Ok(Created(PoolCodeView::new(&ctx, &member)))
}

async fn fetch_code(
    ctx: Ctx,
    PathPair(service, sid): PathPair<MessagingServiceSid, ShortCodeSid>,
) -> Answer<Found<PoolCodeView>> {
    let member = senders::get::<PoolCode>(&ctx, service, sid).await?;
    Ok(Found(PoolCodeView::new(&ctx, &member)))
}

async fn remove_code(
    ctx: Ctx,
    PathPair(service, sid): PathPair<MessagingServiceSid, ShortCodeSid>,
) -> Answer<Deleted> {
    senders::remove::<PoolCode>(&ctx, service, sid).await?;
    Ok(Deleted)
}

async fn list_channels(
    ctx: Ctx,
    Path(sid): Path<MessagingServiceSid>,
    page: PageRequest,
) -> Answer<Found<Value>> {
    list_none(ctx, sid, page, "ChannelSenders", "senders").await
}

async fn list_destinations(
    ctx: Ctx,
    Path(sid): Path<MessagingServiceSid>,
    page: PageRequest,
) -> Answer<Found<Value>> {
    let (filter, paging) = page.open::<DestinationFilter>(&ctx).await?;
    let listed = senders::list_destinations(&ctx, sid, filter, &paging).await?;
    let listing = Listing::new(&ctx, paging, listed, |member| DestinationView::new(&ctx, &member)).await?;
    Ok(Found(listing.versioned(&ctx, &format!("{SERVICES}/{sid}/DestinationAlphaSenders"), "alpha_senders")))
}

async fn add_destination(
    ctx: Ctx,
    Path(sid): Path<MessagingServiceSid>,
    Form(joining): Form<JoiningDestination>,
) -> Answer<Created<DestinationView>> {
    let member = senders::add_name(&ctx, sid, joining).await?;
    Ok(Created(DestinationView::new(&ctx, &member)))
}

async fn fetch_destination(
    ctx: Ctx,
    PathPair(service, sid): PathPair<MessagingServiceSid, AlphaSenderSid>,
) -> Answer<Found<DestinationView>> {
    let member = senders::get::<AlphaSender>(&ctx, service, sid).await?;
    Ok(Found(DestinationView::new(&ctx, &member)))
}

async fn remove_destination(
    ctx: Ctx,
    PathPair(service, sid): PathPair<MessagingServiceSid, AlphaSenderSid>,
) -> Answer<Deleted> {
    senders::remove::<AlphaSender>(&ctx, service, sid).await?;
    Ok(Deleted)
}

/// Senders of a kind that no account can have here: none, which is told from senders that are not shown.
async fn list_none(
    ctx: Ctx,
    sid: MessagingServiceSid,
    page: PageRequest,
    collection: &str,
    key: &str,
) -> Answer<Found<Value>> {
    let (_, paging) = page.open::<Unfiltered>(&ctx).await?;
    service::get(&ctx, sid).await?;
    let none = Listed::<PoolNumber> { documents: Vec::new(), next: None, previous: None };
    let listing = Listing::new(&ctx, paging, none, |_| Value::Null).await?;
    Ok(Found(listing.versioned(&ctx, &format!("{SERVICES}/{sid}/{collection}"), key)))
}
