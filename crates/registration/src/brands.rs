//! Brands and their vettings (`BrandRegistrations`): what a request may ask, what happens, what is shown.

use auth::SidText;
use base::{BrandSid, BrandVettingSid, BundleSid, Sid};
use errors::{ApiError, Result, codes};
use kit::page::Paging;
use kit::{Ctx, FromParams, Listing, Params};
use phi::Phi;
use serde::Serialize;
use serde_json::Value;
use store::{Document, Index, IndexValue, NewDocument, Query};

use crate::failures::{self, ErrorView};
use crate::model::{
    BY_STATUS, Brand, BrandFacts, BrandType, Vetting, VettingFacts, VettingPaper, enqueue, paper, resubmit,
    status,
};
use crate::record::{Record, text};
use crate::routes::BRANDS;
use crate::stage::{Review, Stage, Subject};

/// What the ledger calls the protected field of a vetting.
const SHOWN: &[&str] = &["vetting_id"];
/// The index entry by which vettings of a provider are found.
const BY_PROVIDER: &str = "provider";
/// Who vets.
const PROVIDERS: &[&str] = &["campaign-verify", "aegis"];

/// A brand that is asked for.
pub(crate) struct NewBrand {
    customer_profile: BundleSid,
    a2p_profile: BundleSid,
    brand_type: BrandType,
    mock: bool,
    skip_automatic_vetting: bool,
}

impl FromParams for NewBrand {
    fn from_params(params: &mut Params) -> Result<Self> {
        let missing = |name| ApiError::new(codes::INVALID_PARAMETER).parameter(name);
        let customer_profile =
            params.sid("CustomerProfileBundleSid")?.ok_or(missing("CustomerProfileBundleSid"))?;
        let a2p_profile = params.sid("A2PProfileBundleSid")?.ok_or(missing("A2PProfileBundleSid"))?;
        let brand_type = match params.word("BrandType", &["STANDARD", "SOLE_PROPRIETOR"])? {
            Some("SOLE_PROPRIETOR") => BrandType::SoleProprietor,
            _ => BrandType::Standard,
        };
        Ok(Self {
            customer_profile,
            a2p_profile,
            brand_type,
            mock: params.flag("Mock")?.unwrap_or(false),
            skip_automatic_vetting: params.flag("SkipAutomaticSecVet")?.unwrap_or(false),
        })
    }
}

/// A vetting that is asked for.
pub(crate) struct NewVetting {
    provider: &'static str,
    id: Option<Phi<String>>,
}

impl FromParams for NewVetting {
    fn from_params(params: &mut Params) -> Result<Self> {
        let missing = |name| ApiError::new(codes::INVALID_PARAMETER).parameter(name);
        let provider = params.word("VettingProvider", PROVIDERS)?.ok_or(missing("VettingProvider"))?;
        let id = params.phi("VettingId")?;
        // Campaign Verify vets on its own site and gives a token for it.
        if provider == "campaign-verify" && id.is_none() {
            return Err(missing("VettingId"));
        }
        Ok(Self { provider, id })
    }
}

/// `VettingProvider` of a list.
pub(crate) struct VettingFilter(Option<&'static str>);

impl FromParams for VettingFilter {
    fn from_params(params: &mut Params) -> Result<Self> {
        params.word("VettingProvider", PROVIDERS).map(Self)
    }
}

/// Submits a brand. A sole proprietor's waits for its code.
pub(crate) async fn create(ctx: &Ctx, new: NewBrand) -> Result<Document<Brand>> {
    let sid = BrandSid::generate(ctx.services.store.random().as_ref());
    let facts = BrandFacts {
        review: Review::first(),
        brand_type: new.brand_type,
        customer_profile: SidText(new.customer_profile),
        a2p_profile: SidText(new.a2p_profile),
        mock: new.mock,
        skip_automatic_vetting: new.skip_automatic_vetting,
        is_confirmed: false,
        is_vetted: false,
        tcr_id: None,
    };
    let mut batch = ctx.batch();
    if facts.brand_type == BrandType::Standard {
        enqueue(&mut batch, sid, facts.review.attempt, ctx.now());
    }
    batch.insert::<Brand>(NewDocument {
        index: vec![Index { key: BY_STATUS, value: status::<Brand>(facts.review.stage) }],
        ..NewDocument::of(sid, ctx.now(), facts)
    });
    ctx.commit(batch, vec![sid.to_string()]).await?;
    get(ctx, sid).await
}

/// One brand.
pub(crate) async fn get(ctx: &Ctx, sid: BrandSid) -> Result<Document<Brand>> {
    ctx.store().get::<Brand>(sid).await?.ok_or(codes::NOT_FOUND.into())
}

/// One page of brands.
pub(crate) async fn list(ctx: &Ctx, paging: Paging) -> Result<Listing> {
    let query = Query { limit: paging.size, cursor: paging.cursor.clone(), ..Query::default() };
    let listed = ctx.store().list::<Brand>(query).await?;
    Listing::new(ctx, paging, listed, |brand| BrandView::new(ctx, &brand)).await
}

/// Submits a brand again whose bundle was corrected.
pub(crate) async fn update(ctx: &Ctx, sid: BrandSid) -> Result<Document<Brand>> {
    let mut brand = get(ctx, sid).await?;
    let mut batch = ctx.batch();
    if !resubmit::<Brand>(&mut batch, &mut brand, ctx.now()) {
        return Err(codes::BRAND_NOT_FAILED.into());
    }
    ctx.commit(batch, vec![sid.to_string()]).await?;
    get(ctx, sid).await
}

/// Sends the code of a sole proprietor, who confirms it here at once: no mobile number is known, so none is reached.
pub(crate) async fn confirm(ctx: &Ctx, sid: BrandSid) -> Result<()> {
    let mut brand = get(ctx, sid).await?;
    if !Stage::is_open(brand.facts.review.stage) || brand.facts.brand_type != BrandType::SoleProprietor {
        return Err(ApiError::new(codes::CONFLICT)
            .hint("only a sole proprietor's brand that is not decided yet takes a code"));
    }
    let mut batch = ctx.batch();
    if !brand.facts.is_confirmed {
        brand.facts.is_confirmed = true;
        batch.update::<Brand>(&brand);
        enqueue(&mut batch, sid, brand.facts.review.attempt, ctx.now());
    }
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(())
}

/// Has a registered brand vetted.
pub(crate) async fn vet(ctx: &Ctx, brand: BrandSid, new: NewVetting) -> Result<Value> {
    if get(ctx, brand).await?.facts.review.stage != Stage::Passed {
        return Err(ApiError::new(codes::CONFLICT).hint("the brand must be APPROVED first"));
    }
    let sid = BrandVettingSid::generate(ctx.services.store.random().as_ref());
    let (now, review) = (ctx.now(), Review::first());
    let provider = IndexValue::Plain(new.provider.to_owned());
    let mut batch = ctx.batch();
    batch.insert::<Vetting>(NewDocument {
        parent: Some(brand.to_string()),
        index: vec![
            Index { key: BY_STATUS, value: status::<Vetting>(review.stage) },
            Index { key: BY_PROVIDER, value: provider },
        ],
        ..NewDocument::of(sid, now, VettingFacts { review, provider: new.provider.to_owned() })
    });
    if let Some(id) = new.id {
        let record = id.map(|id| Record::from_iter([("vetting_id".to_owned(), Value::from(id))]));
        batch.insert::<VettingPaper>(paper::<Vetting>(sid, now, record));
    }
    enqueue(&mut batch, sid, review.attempt, now);
    ctx.commit(batch, vec![brand.to_string(), sid.to_string()]).await?;
    fetch_vetting(ctx, brand, sid).await
}

/// One vetting of a brand.
pub(crate) async fn fetch_vetting(ctx: &Ctx, brand: BrandSid, sid: BrandVettingSid) -> Result<Value> {
    get(ctx, brand).await?;
    let vetting = ctx.store().get::<Vetting>(sid).await?;
    let is_here = |vetting: &Document<Vetting>| vetting.parent.as_deref() == Some(brand.to_string().as_str());
    let vetting = vetting.filter(is_here).ok_or(ApiError::new(codes::NOT_FOUND))?;
    let paper = ctx.store().get::<VettingPaper>(sid).await?.and_then(|paper| paper.content);
    let proof = ctx.disclose(vec![sid.to_string()], SHOWN).await?;
    let record = paper.map(|paper| paper.into_open(&proof));
    view(&VettingView::new(ctx, &vetting, record.as_ref()))
}

/// One page of a brand's vettings.
pub(crate) async fn list_vettings(
    ctx: &Ctx,
    brand: BrandSid,
    filter: VettingFilter,
    paging: Paging,
) -> Result<Listing> {
    get(ctx, brand).await?;
    let provider = |word: &str| Index { key: BY_PROVIDER, value: IndexValue::Plain(word.to_owned()) };
    let query = Query {
        parent: Some(brand.to_string()),
        filters: filter.0.map(provider).into_iter().collect(),
        limit: paging.size,
        cursor: paging.cursor.clone(),
        ..Query::default()
    };
    let listed = ctx.store().list::<Vetting>(query).await?;
    let mut papers = std::collections::HashMap::new();
    for vetting in &listed.documents {
        let paper = ctx.store().get::<VettingPaper>(vetting.sid).await?.and_then(|paper| paper.content);
        papers.insert(vetting.sid, paper);
    }
    let sids = listed.documents.iter().map(|vetting| vetting.sid.to_string()).collect();
    let proof = ctx.disclose(sids, SHOWN).await?;
    Listing::new(ctx, paging, listed, |vetting| {
        let record = papers.remove(&vetting.sid).flatten().map(|paper| paper.into_open(&proof));
        VettingView::new(ctx, &vetting, record.as_ref())
    })
    .await
}

fn view(view: &impl Serialize) -> Result<Value> {
    serde_json::to_value(view).map_err(|_| codes::INTERNAL.into())
}

/// A brand on the wire (`messaging.v1.brand_registrations`). Every key of the published schema, always.
#[derive(Serialize)]
pub(crate) struct BrandView {
    sid: String,
    account_sid: String,
    customer_profile_bundle_sid: String,
    a2p_profile_bundle_sid: String,
    date_created: String,
    date_updated: String,
    brand_type: BrandType,
    status: &'static str,
    tcr_id: Option<String>,
    failure_reason: Option<&'static str>,
    errors: Vec<ErrorView>,
    url: String,
    brand_score: Option<u32>,
    brand_feedback: Option<Vec<&'static str>>,
    identity_status: Option<&'static str>,
    russell_3000: Option<bool>,
    government_entity: Option<bool>,
    tax_exempt_status: Option<&'static str>,
    skip_automatic_sec_vet: bool,
    mock: bool,
    links: Links,
}

#[derive(Serialize)]
struct Links {
    brand_vettings: String,
    brand_registration_otps: String,
}

impl BrandView {
    /// The view of one brand.
    pub(crate) fn new(ctx: &Ctx, brand: &Document<Brand>) -> Self {
        let facts = brand.facts.clone();
        let url = ctx.link(&format!("{BRANDS}/{}", brand.sid));
        let identity_status = match (facts.review.stage, facts.is_vetted, facts.brand_type) {
            (Stage::Passed, true, _) => Some("VETTED_VERIFIED"),
            (Stage::Passed, false, _) => Some("VERIFIED"),
            (Stage::Failed, ..) | (_, _, BrandType::SoleProprietor) => Some("UNVERIFIED"),
            _ => None,
        };
        Self {
            sid: brand.sid.to_string(),
            account_sid: ctx.account().sid().to_string(),
            customer_profile_bundle_sid: facts.customer_profile.0.to_string(),
            a2p_profile_bundle_sid: facts.a2p_profile.0.to_string(),
            date_created: brand.created_at.iso8601(),
            date_updated: brand.updated_at.iso8601(),
            brand_type: facts.brand_type,
            status: facts.review.stage.word(Subject::Brand),
            tcr_id: facts.tcr_id,
            failure_reason: facts.review.failure.and_then(failures::find).map(|failure| failure.text),
            errors: failures::errors(facts.review.failure),
            // Nobody scores here, and what is in a bundle is not known.
            brand_score: None,
            brand_feedback: None,
            identity_status,
            russell_3000: None,
            government_entity: None,
            tax_exempt_status: None,
            skip_automatic_sec_vet: facts.skip_automatic_vetting,
            mock: facts.mock,
            links: Links {
                brand_vettings: format!("{url}/Vettings"),
                brand_registration_otps: format!("{url}/SmsOtp"),
            },
            url,
        }
    }
}

/// That a code was sent, on the wire (`...brand_registration_otp`).
#[derive(Serialize)]
pub(crate) struct CodeView {
    account_sid: String,
    brand_registration_sid: String,
}

impl CodeView {
    /// The view of a code of this brand.
    pub(crate) fn new(ctx: &Ctx, brand: BrandSid) -> Self {
        Self { account_sid: ctx.account().sid().to_string(), brand_registration_sid: brand.to_string() }
    }
}

/// A vetting on the wire (`...brand_vetting`).
#[derive(Serialize)]
struct VettingView {
    account_sid: String,
    brand_sid: Option<String>,
    brand_vetting_sid: String,
    date_updated: String,
    date_created: String,
    vetting_id: Option<String>,
    vetting_class: &'static str,
    vetting_status: &'static str,
    vetting_provider: String,
    url: String,
}

impl VettingView {
    fn new(ctx: &Ctx, vetting: &Document<Vetting>, record: Option<&Record>) -> Self {
        let facts = &vetting.facts;
        let brand = vetting.parent.as_deref().unwrap_or_default();
        Self {
            account_sid: ctx.account().sid().to_string(),
            brand_sid: vetting.parent.clone(),
            brand_vetting_sid: vetting.sid.to_string(),
            date_updated: vetting.updated_at.iso8601(),
            date_created: vetting.created_at.iso8601(),
            vetting_id: record.and_then(|record| text(record, "vetting_id")).map(str::to_owned),
            vetting_class: if facts.provider == "aegis" { "STANDARD" } else { "POLITICAL" },
            vetting_status: facts.review.stage.word(Subject::Vetting),
            vetting_provider: facts.provider.clone(),
            url: ctx.link(&format!("{BRANDS}/{brand}/Vettings/{}", vetting.sid)),
        }
    }
}
