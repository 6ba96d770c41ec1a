//! Campaigns of Messaging Services (`Compliance/Usa2p`, `PreregisteredUsa2p`): what a request may say, what happens,
//! what is shown.

use auth::SidText;
use base::{BrandSid, CampaignSid, MessagingServiceSid, Sid};
use errors::{ApiError, Result, codes};
use kit::page::Paging;
use kit::{Ctx, FromParams, Listing, Params};
use phi::{Phi, Proof};
use serde_json::{Value, json};
use store::{Document, Index, NewDocument, Query};

use crate::brands;
use crate::failures;
use crate::limits::{MAX_LIST, MAX_REGISTRY_NAME, MAX_SHORT_TEXT};
use crate::model::{
    BY_STATUS, Brand, BrandType, Campaign, CampaignFacts, CampaignPaper, OwnerFacts, ServiceCampaign,
    SoleCampaign, enqueue, paper, resubmit, status,
};
use crate::record::{self, Field, Need, Record, Shape, text};
use crate::senders::Senders;
use crate::stage::{Review, Stage, Subject};
use crate::usecases::{self, Usecase};

/// What the ledger calls the protected fields of a campaign.
const SHOWN: &[&str] = &["campaign"];

const fn field(parameter: &'static str, key: &'static str, shape: Shape, new: Need, edit: Need) -> Field {
    Field { parameter, key, shape, new, edit }
}

use Need::{May, Must, Not};
use Shape::{Flag, Link, Text, Texts};

/// What a campaign says.
const FIELDS: &[Field] = &[
    field("Description", "description", Text(40, 4_096), Must, Must),
    field("MessageFlow", "message_flow", Text(40, 2_048), Must, Must),
    field("MessageSamples", "message_samples", Texts(2, 5, 20, 1_024), Must, Must),
    field("UsAppToPersonUsecase", "us_app_to_person_usecase", Text(1, MAX_SHORT_TEXT), Must, Not),
    field("HasEmbeddedLinks", "has_embedded_links", Flag, Must, Must),
    field("HasEmbeddedPhone", "has_embedded_phone", Flag, Must, Must),
    field("OptInMessage", "opt_in_message", Text(20, 320), May, Not),
    field("OptOutMessage", "opt_out_message", Text(20, 320), May, Not),
    field("HelpMessage", "help_message", Text(20, 320), May, Not),
    field("OptInKeywords", "opt_in_keywords", Texts(1, MAX_LIST, 1, 255), May, Not),
    field("OptOutKeywords", "opt_out_keywords", Texts(1, MAX_LIST, 1, 255), May, Not),
    field("HelpKeywords", "help_keywords", Texts(1, MAX_LIST, 1, 255), May, Not),
    field("SubscriberOptIn", "subscriber_opt_in", Flag, May, Not),
    field("AgeGated", "age_gated", Flag, May, Must),
    field("DirectLending", "direct_lending", Flag, May, Must),
    field("PrivacyPolicyUrl", "privacy_policy_url", Link, May, May),
    field("TermsAndConditionsUrl", "terms_and_conditions_url", Link, May, May),
];

/// Flags that are off when nothing is said.
const OFF: &[&str] = &["subscriber_opt_in", "age_gated", "direct_lending"];

/// A campaign that is asked for.
pub(crate) struct NewCampaign {
    brand: BrandSid,
    record: Phi<Record>,
}

impl FromParams for NewCampaign {
    fn from_params(params: &mut Params) -> Result<Self> {
        let brand = params
            .sid("BrandRegistrationSid")?
            .ok_or(ApiError::new(codes::INVALID_PARAMETER).parameter("BrandRegistrationSid"))?;
        let record = record::read(params, FIELDS, |field| field.new)?;
        let record = record.map(|mut record| {
            for key in OFF {
                record.entry(*key).or_insert(Value::Bool(false));
            }
            record
        });
        Ok(Self { brand, record })
    }
}

/// What is said anew of a campaign that was turned down.
pub(crate) struct CampaignEdit(Phi<Record>);

impl FromParams for CampaignEdit {
    fn from_params(params: &mut Params) -> Result<Self> {
        record::read(params, FIELDS, |field| field.edit).map(Self)
    }
}

/// A campaign that was registered elsewhere.
pub(crate) struct ExternalCampaign {
    service: MessagingServiceSid,
    campaign_id: String,
}

impl FromParams for ExternalCampaign {
    fn from_params(params: &mut Params) -> Result<Self> {
        // A note for the registry about where the campaign comes from.
        params.flag("CnpMigration")?;
        let service = params
            .sid("MessagingServiceSid")?
            .ok_or(ApiError::new(codes::INVALID_PARAMETER).parameter("MessagingServiceSid"))?;
        let campaign_id = params.required("CampaignId")?;
        // A name of the registry: letters and digits.
        let is_name = campaign_id.len() <= MAX_REGISTRY_NAME
            && campaign_id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_name
            .then_some(Self { service, campaign_id })
            .ok_or(ApiError::new(codes::INVALID_PARAMETER).parameter("CampaignId"))
    }
}

/// `BrandRegistrationSid` of a list of use cases.
pub(crate) struct UsecaseFilter(Option<BrandSid>);

impl FromParams for UsecaseFilter {
    fn from_params(params: &mut Params) -> Result<Self> {
        params.sid("BrandRegistrationSid").map(Self)
    }
}

async fn service(ctx: &Ctx, senders: &dyn Senders, sid: MessagingServiceSid) -> Result<()> {
    match senders.has_service(&ctx.store(), sid).await? {
        true => Ok(()),
        false => Err(codes::NOT_FOUND.into()),
    }
}

/// What campaigns of a brand may be for.
pub(crate) async fn usecases(
    ctx: &Ctx,
    senders: &dyn Senders,
    sid: MessagingServiceSid,
    filter: UsecaseFilter,
) -> Result<&'static [Usecase]> {
    service(ctx, senders, sid).await?;
    Ok(match filter.0 {
        Some(brand) => of_brand(&brands::get(ctx, brand).await?),
        None => usecases::STANDARD,
    })
}

fn of_brand(brand: &Document<Brand>) -> &'static [Usecase] {
    match brand.facts.brand_type {
        BrandType::Standard => usecases::STANDARD,
        BrandType::SoleProprietor => usecases::SOLE,
    }
}

/// Submits a campaign of a registered brand for a service that has none.
pub(crate) async fn create(
    ctx: &Ctx,
    senders: &dyn Senders,
    sid: MessagingServiceSid,
    new: NewCampaign,
) -> Result<Value> {
    service(ctx, senders, sid).await?;
    let brand = brands::get(ctx, new.brand).await?;
    if brand.facts.review.stage != Stage::Passed {
        return Err(ApiError::new(codes::CONFLICT).hint("the brand must be APPROVED first"));
    }
    let possible = of_brand(&brand);
    let is_known = |record: &Record| {
        text(record, "us_app_to_person_usecase").is_some_and(|code| usecases::is_known(possible, code))
    };
    if !new.record.learn(is_known) {
        return Err(ApiError::new(codes::INVALID_PARAMETER).parameter("UsAppToPersonUsecase"));
    }
    let campaign = CampaignSid::generate(ctx.services.store.random().as_ref());
    let mut batch = ctx.batch();
    if brand.facts.brand_type == BrandType::SoleProprietor {
        let has = OwnerFacts { has: SidText(campaign) };
        if ctx.store().get::<SoleCampaign>(brand.sid).await?.is_some() {
            return Err(ApiError::new(codes::CONFLICT).hint("a sole proprietor has one campaign"));
        }
        batch.insert::<SoleCampaign>(NewDocument::of(brand.sid, ctx.now(), has));
    }
    let facts = CampaignFacts {
        review: Review::first(),
        brand: Some(SidText(brand.sid)),
        mock: brand.facts.mock,
        is_external: false,
        campaign_id: None,
    };
    insert(ctx, batch, sid, campaign, facts, new.record).await?;
    fetch(ctx, sid, campaign).await
}

/// Takes over a campaign that was registered elsewhere.
pub(crate) async fn create_external(
    ctx: &Ctx,
    senders: &dyn Senders,
    new: ExternalCampaign,
) -> Result<Value> {
    let ExternalCampaign { service: sid, campaign_id } = new;
    service(ctx, senders, sid).await?;
    let campaign = CampaignSid::generate(ctx.services.store.random().as_ref());
    let facts = CampaignFacts {
        review: Review::first(),
        brand: None,
        mock: false,
        is_external: true,
        campaign_id: Some(campaign_id.clone()),
    };
    let record = Record::from_iter([("campaign_id".to_owned(), Value::from(campaign_id.clone()))]);
    insert(ctx, ctx.batch(), sid, campaign, facts, Phi::new(record)).await?;
    Ok(json!({
        "sid": campaign.to_string(),
        "account_sid": ctx.account().sid().to_string(),
        "campaign_id": campaign_id,
        "messaging_service_sid": sid.to_string(),
        "date_created": ctx.now().iso8601(),
    }))
}

async fn insert(
    ctx: &Ctx,
    mut batch: store::Batch,
    service: MessagingServiceSid,
    campaign: CampaignSid,
    facts: CampaignFacts,
    record: Phi<Record>,
) -> Result<()> {
    if ctx.store().get::<ServiceCampaign>(service).await?.is_some() {
        return Err(ApiError::new(codes::CONFLICT).hint("the Messaging Service has a campaign already"));
    }
    let (now, review) = (ctx.now(), facts.review);
    batch.insert::<ServiceCampaign>(NewDocument::of(service, now, OwnerFacts { has: SidText(campaign) }));
    batch.insert::<Campaign>(NewDocument {
        parent: Some(service.to_string()),
        index: vec![Index { key: BY_STATUS, value: status::<Campaign>(review.stage) }],
        ..NewDocument::of(campaign, now, facts)
    });
    batch.insert::<CampaignPaper>(paper::<Campaign>(campaign, now, record));
    enqueue(&mut batch, campaign, review.attempt, now);
    ctx.commit(batch, vec![service.to_string(), campaign.to_string()]).await?;
    Ok(())
}

/// A campaign and its paper. It outlives its service, so that what was said of it can still be taken away.
async fn get(
    ctx: &Ctx,
    sid: MessagingServiceSid,
    campaign: CampaignSid,
) -> Result<(Document<Campaign>, Option<Document<CampaignPaper>>)> {
    let found = ctx.store().get::<Campaign>(campaign).await?;
    let is_here =
        |campaign: &Document<Campaign>| campaign.parent.as_deref() == Some(sid.to_string().as_str());
    let found = found.filter(is_here).ok_or(ApiError::new(codes::NOT_FOUND))?;
    Ok((found, ctx.store().get::<CampaignPaper>(campaign).await?))
}

/// One campaign; the ledger has it first.
pub(crate) async fn fetch(ctx: &Ctx, sid: MessagingServiceSid, campaign: CampaignSid) -> Result<Value> {
    let (found, paper) = get(ctx, sid, campaign).await?;
    let proof = ctx.disclose(vec![campaign.to_string()], SHOWN).await?;
    Ok(view(ctx, &found, paper.and_then(|paper| paper.content), &proof))
}

/// The campaign of a service, as a page.
pub(crate) async fn list(
    ctx: &Ctx,
    senders: &dyn Senders,
    sid: MessagingServiceSid,
    paging: Paging,
) -> Result<Listing> {
    service(ctx, senders, sid).await?;
    let query = Query {
        parent: Some(sid.to_string()),
        limit: paging.size,
        cursor: paging.cursor.clone(),
        ..Query::default()
    };
    let listed = ctx.store().list::<Campaign>(query).await?;
    let mut papers = std::collections::HashMap::new();
    for campaign in &listed.documents {
        let paper = ctx.store().get::<CampaignPaper>(campaign.sid).await?.and_then(|paper| paper.content);
        papers.insert(campaign.sid, paper);
    }
    let sids = listed.documents.iter().map(|campaign| campaign.sid.to_string()).collect();
    let proof = ctx.disclose(sids, SHOWN).await?;
    Listing::new(ctx, paging, listed, |campaign| {
        let paper = papers.remove(&campaign.sid).flatten();
        view(ctx, &campaign, paper, &proof)
    })
    .await
}

/// Submits a campaign again that was turned down, with other words.
pub(crate) async fn update(
    ctx: &Ctx,
    sid: MessagingServiceSid,
    campaign: CampaignSid,
    edit: CampaignEdit,
) -> Result<Value> {
    let (mut found, old) = get(ctx, sid, campaign).await?;
    let failure = found.facts.review.failure.and_then(failures::find);
    let mut batch = ctx.batch();
    let is_final = failure.is_some_and(|failure| !failure.is_editable) || found.facts.is_external;
    if is_final || !resubmit::<Campaign>(&mut batch, &mut found, ctx.now()) {
        return Err(ApiError::new(codes::CONFLICT)
            .hint("only a FAILED campaign can be edited, and only if its failure can be put right"));
    }
    if let Some(mut old) = old {
        let record = match old.content.take() {
            Some(earlier) => record::over(earlier, edit.0),
            None => edit.0,
        };
        batch.delete::<CampaignPaper>(&old);
        batch.insert::<CampaignPaper>(paper::<Campaign>(campaign, old.created_at, record));
    }
    ctx.commit(batch, vec![campaign.to_string()]).await?;
    fetch(ctx, sid, campaign).await
}

/// Ends a campaign, and destroys the keys of what was said of it.
pub(crate) async fn delete(ctx: &Ctx, sid: MessagingServiceSid, campaign: CampaignSid) -> Result<()> {
    let (found, paper) = get(ctx, sid, campaign).await?;
    let scoped = ctx.store();
    let mut batch = ctx.batch();
    if let Some(of_service) = scoped.get::<ServiceCampaign>(sid).await? {
        batch.delete::<ServiceCampaign>(&of_service);
    }
    if let Some(SidText(brand)) = found.facts.brand
        && let Some(of_brand) = scoped.get::<SoleCampaign>(brand).await?
    {
        batch.delete::<SoleCampaign>(&of_brand);
    }
    if let Some(paper) = paper {
        batch.delete::<CampaignPaper>(&paper);
    }
    batch.delete::<Campaign>(&found);
    ctx.commit(batch, vec![sid.to_string(), campaign.to_string()]).await?;
    Ok(())
}

/// A campaign on the wire (`messaging.v1.service.us_app_to_person_v2`). Every key, always.
fn view(ctx: &Ctx, campaign: &Document<Campaign>, paper: Option<Phi<Record>>, proof: &Proof) -> Value {
    let facts = &campaign.facts;
    let service = campaign.parent.as_deref().unwrap_or_default();
    let record = paper.map_or_else(Record::new, |paper| paper.into_open(proof));
    let path = format!("/v1/Services/{service}/Compliance/Usa2p/{}", campaign.sid);
    let mut view = record::shown(&record, FIELDS);
    let rest = json!({
        "sid": campaign.sid.to_string(),
        "account_sid": ctx.account().sid().to_string(),
        "brand_registration_sid": facts.brand.map(|brand| brand.0.to_string()),
        "messaging_service_sid": service,
        "campaign_status": facts.review.stage.word(Subject::Campaign),
        "campaign_id": facts.campaign_id,
        "is_externally_registered": facts.is_external,
        // What carriers allow is not known here, and nothing is held to it.
        "rate_limits": null,
        "date_created": campaign.created_at.iso8601(),
        "date_updated": campaign.updated_at.iso8601(),
        "url": ctx.link(&path),
        "mock": facts.mock,
        "errors": failures::errors(facts.review.failure),
    });
    if let Value::Object(rest) = rest {
        view.extend(rest);
    }
    Value::Object(view)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preregistered_campaign_is_named_by_letters_and_digits() {
        let of = |form: &str| {
            let mut params = Params::decode(form.as_bytes()).expect("well-formed");
            ExternalCampaign::from_params(&mut params).is_ok()
        };
        let service = "MessagingServiceSid=MG0123456789abcdef0123456789abcdef";
        assert!(of(&format!("{service}&CampaignId=CABC123&CnpMigration=true")));
        for form in ["CampaignId=", "CampaignId=a%20b", "", "CampaignId=C1&CnpMigration=perhaps"] {
            assert!(!of(&format!("{service}&{form}")), "{form}");
        }
        assert!(!of("CampaignId=CABC123"));
    }
}
