//! The table of what registration serves under the label `messaging`, and its handlers.

use std::sync::Arc;

use auth::Permission;
use base::{BrandSid, BrandVettingSid, CampaignSid, MessagingServiceSid, TollfreeVerificationSid};
use kit::page::Unfiltered;
use kit::{
    Accepted, Access, Answer, Created, Ctx, Deleted, Extension, Form, Found, FromParams, PageRequest, Params,
    Path, PathPair, Product, Query, Routes, Services,
};
use serde_json::{Value, json};

use crate::brands::{self, BrandView, CodeView, NewBrand, NewVetting, VettingFilter};
use crate::campaigns::{self, CampaignEdit, ExternalCampaign, NewCampaign, UsecaseFilter};
use crate::senders::Senders;
use crate::tollfree::{self, Filter, NewVerification, VerificationEdit};

/// The product, as it is routed and as agreements name it.
const PRODUCT: Product = Product { label: "messaging", service: "messaging" };

pub(crate) const BRANDS: &str = "/v1/a2p/BrandRegistrations";
const BRAND: &str = "/v1/a2p/BrandRegistrations/{BrandSid}";
const CODE: &str = "/v1/a2p/BrandRegistrations/{BrandSid}/SmsOtp";
const VETTINGS: &str = "/v1/a2p/BrandRegistrations/{BrandSid}/Vettings";
const VETTING: &str = "/v1/a2p/BrandRegistrations/{BrandSid}/Vettings/{BrandVettingSid}";
const CAMPAIGNS: &str = "/v1/Services/{ServiceSid}/Compliance/Usa2p";
const CAMPAIGN: &str = "/v1/Services/{ServiceSid}/Compliance/Usa2p/{Sid}";
const USECASES: &str = "/v1/Services/{ServiceSid}/Compliance/Usa2p/Usecases";
const EXTERNAL: &str = "/v1/Services/PreregisteredUsa2p";
pub(crate) const VERIFICATIONS: &str = "/v1/Tollfree/Verifications";
const VERIFICATION: &str = "/v1/Tollfree/Verifications/{Sid}";

const fn writes(operation: &'static str) -> Access {
    Access::new(Permission::RegistrationsWrite, operation)
}

const fn reads(operation: &'static str) -> Access {
    Access::new(Permission::RegistrationsRead, operation)
}

/// Messaging, as the handlers take it.
type Known = Extension<Arc<dyn Senders>>;

/// The routes.
pub fn routes(services: Arc<Services>, senders: Arc<dyn Senders>) -> Routes {
    Routes::new(PRODUCT, services)
        .create(BRANDS, writes("create_brand_registrations"), create_brand)
        .list(BRANDS, reads("list_brand_registrations"), list_brands)
        .fetch(BRAND, reads("fetch_brand_registrations"), fetch_brand)
        .update(BRAND, writes("update_brand_registrations"), update_brand)
        .create(CODE, writes("create_brand_registration_otp"), create_code)
        .create(VETTINGS, writes("create_brand_vetting"), create_vetting)
        .list(VETTINGS, reads("list_brand_vetting"), list_vettings)
        .fetch(VETTING, reads("fetch_brand_vetting"), fetch_vetting)
        .create(CAMPAIGNS, writes("create_us_app_to_person"), create_campaign)
        .list(CAMPAIGNS, reads("list_us_app_to_person"), list_campaigns)
        .fetch(USECASES, reads("fetch_us_app_to_person_usecase"), fetch_usecases)
        .fetch(CAMPAIGN, reads("fetch_us_app_to_person"), fetch_campaign)
        .update(CAMPAIGN, writes("update_us_app_to_person"), update_campaign)
        .delete(CAMPAIGN, writes("delete_us_app_to_person"), delete_campaign)
        .create(EXTERNAL, writes("create_external_campaign"), create_external)
        .create(VERIFICATIONS, writes("create_tollfree_verification"), create_verification)
        .list(VERIFICATIONS, reads("list_tollfree_verification"), list_verifications)
        .fetch(VERIFICATION, reads("fetch_tollfree_verification"), fetch_verification)
        .update(VERIFICATION, writes("update_tollfree_verification"), update_verification)
        .delete(VERIFICATION, writes("delete_tollfree_verification"), delete_verification)
        .share(senders)
}

/// A request without parameters.
struct Nothing;

impl FromParams for Nothing {
    fn from_params(_: &mut Params) -> errors::Result<Self> {
        Ok(Self)
    }
}

async fn create_brand(ctx: Ctx, Form(new): Form<NewBrand>) -> Answer<Created<BrandView>> {
    let brand = brands::create(&ctx, new).await?;
    Ok(Created(BrandView::new(&ctx, &brand)))
}

async fn list_brands(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    let (_, paging) = page.open::<Unfiltered>(&ctx).await?;
    let listing = brands::list(&ctx, paging).await?;
    Ok(Found(listing.versioned(&ctx, BRANDS, "data")))
}

async fn fetch_brand(ctx: Ctx, Path(sid): Path<BrandSid>) -> Answer<Found<BrandView>> {
    let brand = brands::get(&ctx, sid).await?;
    Ok(Found(BrandView::new(&ctx, &brand)))
}

async fn update_brand(ctx: Ctx, Path(sid): Path<BrandSid>, _: Form<Nothing>) -> Answer<Accepted<BrandView>> {
    let brand = brands::update(&ctx, sid).await?;
    Ok(Accepted(BrandView::new(&ctx, &brand)))
}

async fn create_code(ctx: Ctx, Path(sid): Path<BrandSid>, _: Form<Nothing>) -> Answer<Created<CodeView>> {
    brands::confirm(&ctx, sid).await?;
    Ok(Created(CodeView::new(&ctx, sid)))
}

async fn create_vetting(
    ctx: Ctx,
    Path(sid): Path<BrandSid>,
    Form(new): Form<NewVetting>,
) -> Answer<Created<Value>> {
    Ok(Created(brands::vet(&ctx, sid, new).await?))
}

async fn list_vettings(ctx: Ctx, Path(sid): Path<BrandSid>, page: PageRequest) -> Answer<Found<Value>> {
    let (filter, paging) = page.open::<VettingFilter>(&ctx).await?;
    let listing = brands::list_vettings(&ctx, sid, filter, paging).await?;
    Ok(Found(listing.versioned(&ctx, &format!("{BRANDS}/{sid}/Vettings"), "data")))
}

async fn fetch_vetting(
    ctx: Ctx,
    PathPair(brand, sid): PathPair<BrandSid, BrandVettingSid>,
) -> Answer<Found<Value>> {
    Ok(Found(brands::fetch_vetting(&ctx, brand, sid).await?))
}

async fn create_campaign(
    ctx: Ctx,
    Extension(senders): Known,
    Path(service): Path<MessagingServiceSid>,
    Form(new): Form<NewCampaign>,
) -> Answer<Created<Value>> {
    Ok(Created(campaigns::create(&ctx, senders.as_ref(), service, new).await?))
}

async fn list_campaigns(
    ctx: Ctx,
    Extension(senders): Known,
    Path(service): Path<MessagingServiceSid>,
    page: PageRequest,
) -> Answer<Found<Value>> {
    let (_, paging) = page.open::<Unfiltered>(&ctx).await?;
    let listing = campaigns::list(&ctx, senders.as_ref(), service, paging).await?;
    Ok(Found(listing.versioned(&ctx, &format!("/v1/Services/{service}/Compliance/Usa2p"), "compliance")))
}

async fn fetch_usecases(
    ctx: Ctx,
    Extension(senders): Known,
    Path(service): Path<MessagingServiceSid>,
    Query(filter): Query<UsecaseFilter>,
) -> Answer<Found<Value>> {
    let usecases = campaigns::usecases(&ctx, senders.as_ref(), service, filter).await?;
    Ok(Found(json!({ "us_app_to_person_usecases": usecases })))
}

async fn fetch_campaign(
    ctx: Ctx,
    PathPair(service, sid): PathPair<MessagingServiceSid, CampaignSid>,
) -> Answer<Found<Value>> {
    Ok(Found(campaigns::fetch(&ctx, service, sid).await?))
}

async fn update_campaign(
    ctx: Ctx,
    PathPair(service, sid): PathPair<MessagingServiceSid, CampaignSid>,
    Form(edit): Form<CampaignEdit>,
) -> Answer<Found<Value>> {
    Ok(Found(campaigns::update(&ctx, service, sid, edit).await?))
}

async fn delete_campaign(
    ctx: Ctx,
    PathPair(service, sid): PathPair<MessagingServiceSid, CampaignSid>,
) -> Answer<Deleted> {
    campaigns::delete(&ctx, service, sid).await?;
    Ok(Deleted)
}

async fn create_external(
    ctx: Ctx,
    Extension(senders): Known,
    Form(new): Form<ExternalCampaign>,
) -> Answer<Created<Value>> {
    Ok(Created(campaigns::create_external(&ctx, senders.as_ref(), new).await?))
}

async fn create_verification(
    ctx: Ctx,
    Extension(senders): Known,
    Form(new): Form<NewVerification>,
) -> Answer<Created<Value>> {
    Ok(Created(tollfree::create(&ctx, senders.as_ref(), new).await?))
}

async fn list_verifications(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    let (filter, paging) = page.open::<Filter>(&ctx).await?;
    let listing = tollfree::list(&ctx, filter, paging).await?;
    Ok(Found(listing.versioned(&ctx, VERIFICATIONS, "verifications")))
}

async fn fetch_verification(ctx: Ctx, Path(sid): Path<TollfreeVerificationSid>) -> Answer<Found<Value>> {
    Ok(Found(tollfree::fetch(&ctx, sid).await?))
}

async fn update_verification(
    ctx: Ctx,
    Path(sid): Path<TollfreeVerificationSid>,
    Form(edit): Form<VerificationEdit>,
) -> Answer<Accepted<Value>> {
    Ok(Accepted(tollfree::update(&ctx, sid, edit).await?))
}

async fn delete_verification(ctx: Ctx, Path(sid): Path<TollfreeVerificationSid>) -> Answer<Deleted> {
    tollfree::delete(&ctx, sid).await?;
    Ok(Deleted)
}
