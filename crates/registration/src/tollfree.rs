//! Verification of toll-free numbers (`Tollfree/Verifications`): what a request may say, what happens, what is shown.

use auth::SidText;
use base::{BundleSid, PhoneNumberSid, Sid, Timestamp, TollfreeVerificationSid};
use errors::{ApiError, Result, codes};
use kit::page::Paging;
use kit::{Ctx, FromParams, Listing, Params};
use phi::{Phi, Proof};
use serde_json::{Value, json};
use store::{Document, Index, IndexValue, NewDocument, Query};

use crate::failures;
use crate::limits::{EDIT_WINDOW, MAX_LIST, MAX_SHORT_TEXT, MAX_TEXT};
use crate::model::{
    BY_STATUS, NumberVerification, OwnerFacts, Verification, VerificationFacts, VerificationPaper, enqueue,
    paper, resubmit, status,
};
use crate::record::{self, Field, Need, Record, Shape, text};
use crate::routes::VERIFICATIONS;
use crate::senders::Senders;
use crate::stage::{Review, Stage, Subject};

/// What the ledger calls the protected fields of a verification.
const SHOWN: &[&str] = &["business"];
/// The index entries by which verifications are found.
const BY_NUMBER: &str = "number_sid";
const BY_REFERENCE: &str = "external_reference";

/// Area codes of toll-free numbers.
const TOLL_FREE: &[&str] = &["800", "833", "844", "855", "866", "877", "888"];

/// `UseCaseCategories`.
const CATEGORIES: &[&str] = &[
    "TWO_FACTOR_AUTHENTICATION",
    "ACCOUNT_NOTIFICATIONS",
    "CUSTOMER_CARE",
    "CHARITY_NONPROFIT",
    "DELIVERY_NOTIFICATIONS",
    "FRAUD_ALERT_MESSAGING",
    "EVENTS",
    "HIGHER_EDUCATION",
    "K12",
    "MARKETING",
    "POLLING_AND_VOTING_NON_POLITICAL",
    "POLITICAL_ELECTION_CAMPAIGNS",
    "PUBLIC_SERVICE_ANNOUNCEMENT",
    "SECURITY_ALERT",
];
const OPT_IN_TYPES: &[&str] =
    &["VERBAL", "WEB_FORM", "PAPER_FORM", "VIA_TEXT", "MOBILE_QR_CODE", "IMPORT", "IMPORT_PLEASE_REPLACE"];
const AUTHORITIES: &[&str] = &[
    "EIN",
    "CBN",
    "CRN",
    "PROVINCIAL_NUMBER",
    "VAT",
    "ACN",
    "ABN",
    "BRN",
    "SIREN",
    "SIRET",
    "NZBN",
    "USt-IdNr",
    "CIF",
    "NIF",
    "CNPJ",
    "UID",
    "NEQ",
    "OTHER",
];
const BUSINESS_TYPES: &[&str] =
    &["PRIVATE_PROFIT", "PUBLIC_PROFIT", "SOLE_PROPRIETOR", "NON_PROFIT", "GOVERNMENT"];

use Need::{May, Must, Not};
use Shape::{Flag, Link, Phone, Text, Texts, Word, Words};

const fn must(parameter: &'static str, key: &'static str, shape: Shape) -> Field {
    Field { parameter, key, shape, new: Must, edit: May }
}

const fn may(parameter: &'static str, key: &'static str, shape: Shape) -> Field {
    Field { parameter, key, shape, new: May, edit: May }
}

const SHORT: Shape = Text(1, MAX_SHORT_TEXT);
const LONG: Shape = Text(1, MAX_TEXT);

/// What a business says.
const FIELDS: &[Field] = &[
    must("BusinessName", "business_name", SHORT),
    must("BusinessWebsite", "business_website", SHORT),
    must("NotificationEmail", "notification_email", SHORT),
    must("UseCaseCategories", "use_case_categories", Words(CATEGORIES)),
    must("UseCaseSummary", "use_case_summary", LONG),
    must("ProductionMessageSample", "production_message_sample", LONG),
    must("OptInImageUrls", "opt_in_image_urls", Texts(1, MAX_LIST, 1, MAX_TEXT)),
    must("OptInType", "opt_in_type", Word(OPT_IN_TYPES)),
    must("MessageVolume", "message_volume", SHORT),
    may("BusinessStreetAddress", "business_street_address", SHORT),
    may("BusinessStreetAddress2", "business_street_address2", SHORT),
    may("BusinessCity", "business_city", SHORT),
    may("BusinessStateProvinceRegion", "business_state_province_region", SHORT),
    may("BusinessPostalCode", "business_postal_code", SHORT),
    may("BusinessCountry", "business_country", SHORT),
    may("AdditionalInformation", "additional_information", LONG),
    may("BusinessContactFirstName", "business_contact_first_name", SHORT),
    may("BusinessContactLastName", "business_contact_last_name", SHORT),
    may("BusinessContactEmail", "business_contact_email", SHORT),
    may("BusinessContactPhone", "business_contact_phone", Phone),
    Field {
        parameter: "ExternalReferenceId",
        key: "external_reference_id",
        shape: SHORT,
        new: May,
        edit: Not,
    },
    may("BusinessRegistrationNumber", "business_registration_number", SHORT),
    may("BusinessRegistrationAuthority", "business_registration_authority", Word(AUTHORITIES)),
    may("BusinessRegistrationCountry", "business_registration_country", SHORT),
    may("BusinessType", "business_type", Word(BUSINESS_TYPES)),
    may("BusinessRegistrationPhoneNumber", "business_registration_phone_number", Phone),
    may("DoingBusinessAs", "doing_business_as", SHORT),
    may("OptInConfirmationMessage", "opt_in_confirmation_message", LONG),
    may("HelpMessageSample", "help_message_sample", LONG),
    may("PrivacyPolicyUrl", "privacy_policy_url", Link),
    may("TermsAndConditionsUrl", "terms_and_conditions_url", Link),
    may("AgeGatedContent", "age_gated_content", Flag),
    may("OptInKeywords", "opt_in_keywords", Texts(1, MAX_LIST, 1, 255)),
    may("VettingProvider", "vetting_provider", Word(&["CAMPAIGN_VERIFY"])),
    may("VettingId", "vetting_id", SHORT),
];

/// A verification that is asked for.
pub(crate) struct NewVerification {
    number: PhoneNumberSid,
    customer_profile: Option<BundleSid>,
    record: Phi<Record>,
}

impl FromParams for NewVerification {
    fn from_params(params: &mut Params) -> Result<Self> {
        let number = params
            .sid("TollfreePhoneNumberSid")?
            .ok_or(ApiError::new(codes::INVALID_PARAMETER).parameter("TollfreePhoneNumberSid"))?;
        let customer_profile = params.sid("CustomerProfileSid")?;
        let record = record::read(params, FIELDS, |field| field.new)?;
        Ok(Self { number, customer_profile, record })
    }
}

/// What is said anew of a number that was turned down.
pub(crate) struct VerificationEdit(Phi<Record>);

impl FromParams for VerificationEdit {
    fn from_params(params: &mut Params) -> Result<Self> {
        let record = record::read(params, FIELDS, |field| field.edit)?;
        // Words to whoever reviews: they go there with the rest, and are not shown.
        let reason = params.phi("EditReason")?;
        Ok(Self(match reason {
            Some(reason) => record.zip(reason).map(|(mut record, reason)| {
                record.insert("edit_reason".to_owned(), Value::from(reason));
                record
            }),
            None => record,
        }))
    }
}

/// Filters of a list.
pub(crate) struct Filter {
    number: Option<PhoneNumberSid>,
    status: Option<&'static str>,
    reference: Option<Phi<String>>,
    is_empty: bool,
}

impl FromParams for Filter {
    fn from_params(params: &mut Params) -> Result<Self> {
        let words = ["PENDING_REVIEW", "IN_REVIEW", "TWILIO_APPROVED", "TWILIO_REJECTED"];
        if params.flag("IncludeSubAccounts")? == Some(true) {
            // Subaccounts are asked one by one, each with its own ledger.
            return Err(ApiError::new(codes::NOT_SUPPORTED).parameter("IncludeSubAccounts"));
        }
        Ok(Self {
            number: params.sid("TollfreePhoneNumberSid")?,
            status: params.word("Status", &words)?,
            reference: params.phi("ExternalReferenceId")?.filter(|text| !text.learn(String::is_empty)),
            // No verification is of a trust product here.
            is_empty: !params.all("TrustProductSid").is_empty(),
        })
    }
}

/// Submits a number of the account that is toll-free and has no verification.
pub(crate) async fn create(ctx: &Ctx, senders: &dyn Senders, new: NewVerification) -> Result<Value> {
    let scoped = ctx.store();
    let number = senders.number(&scoped, new.number).await?.ok_or(ApiError::new(codes::NOT_FOUND))?;
    let national = number.strip_prefix("+1").unwrap_or_default();
    if !TOLL_FREE.iter().any(|area| national.starts_with(area)) {
        return Err(ApiError::new(codes::INVALID_PARAMETER)
            .hint("the number of TollfreePhoneNumberSid is not toll-free"));
    }
    if scoped.get::<NumberVerification>(new.number).await?.is_some() {
        return Err(ApiError::new(codes::CONFLICT).hint("the number has a verification already"));
    }
    let sid = TollfreeVerificationSid::generate(ctx.services.store.random().as_ref());
    let (now, review) = (ctx.now(), Review::first());
    let facts = VerificationFacts {
        review,
        number,
        number_sid: SidText(new.number),
        customer_profile: new.customer_profile.map(SidText),
    };
    let mut index = vec![
        Index { key: BY_STATUS, value: status::<Verification>(review.stage) },
        Index { key: BY_NUMBER, value: IndexValue::Plain(new.number.to_string()) },
    ];
    if let Some(reference) = reference(&new.record) {
        let value = IndexValue::Digest(reference.digest(scoped.digest_key().await?.as_ref(), BY_REFERENCE));
        index.push(Index { key: BY_REFERENCE, value });
    }
    let mut batch = ctx.batch();
    batch.insert::<NumberVerification>(NewDocument::of(new.number, now, OwnerFacts { has: SidText(sid) }));
    batch.insert::<Verification>(NewDocument { index, ..NewDocument::of(sid, now, facts) });
    batch.insert::<VerificationPaper>(paper::<Verification>(sid, now, new.record));
    enqueue(&mut batch, sid, review.attempt, now);
    ctx.commit(batch, vec![sid.to_string(), new.number.to_string()]).await?;
    fetch(ctx, sid).await
}

/// The customer's own name for a verification.
fn reference(record: &Phi<Record>) -> Option<Phi<String>> {
    let has = record.learn(|record| text(record, "external_reference_id").is_some());
    has.then(|| record.map_ref(|record| text(record, "external_reference_id").unwrap_or_default().to_owned()))
}

type Found = (Document<Verification>, Option<Document<VerificationPaper>>);

async fn get(ctx: &Ctx, sid: TollfreeVerificationSid) -> Result<Found> {
    let found = ctx.store().get::<Verification>(sid).await?.ok_or(ApiError::new(codes::NOT_FOUND))?;
    Ok((found, ctx.store().get::<VerificationPaper>(sid).await?))
}

/// One verification; the ledger has it first.
pub(crate) async fn fetch(ctx: &Ctx, sid: TollfreeVerificationSid) -> Result<Value> {
    let (found, paper) = get(ctx, sid).await?;
    let proof = ctx.disclose(vec![sid.to_string()], SHOWN).await?;
    Ok(view(ctx, &found, paper.and_then(|paper| paper.content), &proof))
}

/// One page of verifications; the ledger has all their SIDs first.
pub(crate) async fn list(ctx: &Ctx, filter: Filter, paging: Paging) -> Result<Listing> {
    let scoped = ctx.store();
    let plain = |key, text: String| Index { key, value: IndexValue::Plain(text) };
    let mut filters: Vec<Index> = Vec::new();
    filters.extend(filter.number.map(|sid| plain(BY_NUMBER, sid.to_string())));
    filters.extend(filter.status.map(|word| plain(BY_STATUS, word.to_owned())));
    if let Some(reference) = filter.reference {
        let value = IndexValue::Digest(reference.digest(scoped.digest_key().await?.as_ref(), BY_REFERENCE));
        filters.push(Index { key: BY_REFERENCE, value });
    }
    if filter.is_empty {
        let none = store::Listed::<Verification> { documents: Vec::new(), next: None, previous: None };
        return Listing::new(ctx, paging, none, |_| Value::Null).await;
    }
    let query = Query { filters, limit: paging.size, cursor: paging.cursor.clone(), ..Query::default() };
    let listed = scoped.list::<Verification>(query).await?;
    let mut papers = std::collections::HashMap::new();
    for found in &listed.documents {
        let paper = scoped.get::<VerificationPaper>(found.sid).await?.and_then(|paper| paper.content);
        papers.insert(found.sid, paper);
    }
    let sids = listed.documents.iter().map(|found| found.sid.to_string()).collect();
    let proof = ctx.disclose(sids, SHOWN).await?;
    Listing::new(ctx, paging, listed, |found| {
        let paper = papers.remove(&found.sid).flatten();
        view(ctx, &found, paper, &proof)
    })
    .await
}

/// Until when a verification may be edited; `None` when it may not.
fn editable_until(review: &Review) -> Option<Timestamp> {
    let is_editable = review.failure.and_then(failures::find).is_some_and(|failure| failure.is_editable);
    review.failed_at.filter(|_| is_editable).map(|at| Timestamp::from_micros(at).plus(EDIT_WINDOW))
}

/// Submits a verification again that was turned down, with other words.
pub(crate) async fn update(ctx: &Ctx, sid: TollfreeVerificationSid, edit: VerificationEdit) -> Result<Value> {
    let (mut found, old) = get(ctx, sid).await?;
    let is_editable = editable_until(&found.facts.review).is_some_and(|until| ctx.now() < until);
    let mut batch = ctx.batch();
    if !is_editable || !resubmit::<Verification>(&mut batch, &mut found, ctx.now()) {
        return Err(ApiError::new(codes::CONFLICT)
            .hint("only a TWILIO_REJECTED verification with edit_allowed can be edited"));
    }
    if let Some(mut old) = old {
        let record = match old.content.take() {
            Some(earlier) => record::over(earlier, edit.0),
            None => edit.0,
        };
        batch.delete::<VerificationPaper>(&old);
        batch.insert::<VerificationPaper>(paper::<Verification>(sid, old.created_at, record));
    }
    ctx.commit(batch, vec![sid.to_string()]).await?;
    fetch(ctx, sid).await
}

/// Takes a verification back that nobody looks at, and destroys the keys of what was said. One that is decided
/// for the number stays.
pub(crate) async fn delete(ctx: &Ctx, sid: TollfreeVerificationSid) -> Result<()> {
    let (found, paper) = get(ctx, sid).await?;
    if !matches!(found.facts.review.stage, Stage::Submitted | Stage::Failed) {
        return Err(ApiError::new(codes::CONFLICT)
            .hint("only a PENDING_REVIEW or TWILIO_REJECTED verification can be deleted"));
    }
    let mut batch = ctx.batch();
    if let Some(of_number) = ctx.store().get::<NumberVerification>(found.facts.number_sid.0).await? {
        batch.delete::<NumberVerification>(&of_number);
    }
    if let Some(paper) = paper {
        batch.delete::<VerificationPaper>(&paper);
    }
    batch.delete::<Verification>(&found);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(())
}

/// A verification on the wire (`messaging.v1.tollfree_verification`). Every key of the published schema, always.
fn view(ctx: &Ctx, found: &Document<Verification>, paper: Option<Phi<Record>>, proof: &Proof) -> Value {
    let facts = &found.facts;
    let record = paper.map_or_else(Record::new, |paper| paper.into_open(proof));
    let failure = facts.review.failure.and_then(failures::find);
    let until = editable_until(&facts.review);
    let reasons: Option<Vec<Value>> =
        failure.map(|failure| vec![json!({ "code": failure.code, "reason": failure.text })]);
    let mut view = record::shown(&record, FIELDS);
    let rest = json!({
        "sid": found.sid.to_string(),
        "account_sid": ctx.account().sid().to_string(),
        "customer_profile_sid": facts.customer_profile.map(|profile| profile.0.to_string()),
        "trust_product_sid": null,
        "regulated_item_sid": null,
        "date_created": found.created_at.iso8601(),
        "date_updated": found.updated_at.iso8601(),
        "tollfree_phone_number_sid": facts.number_sid.0.to_string(),
        "tollfree_phone_number": facts.number,
        "status": facts.review.stage.word(Subject::Tollfree),
        "url": ctx.link(&format!("{VERIFICATIONS}/{}", found.sid)),
        "rejection_reason": failure.map(|failure| failure.text),
        "error_code": failure.map(|failure| failure.code),
        "edit_expiration": until.map(Timestamp::iso8601),
        "edit_allowed": failure.map(|_| until.is_some_and(|until| ctx.now() < until)),
        "rejection_reasons": reasons,
        "resource_links": {},
        "vetting_id_expiration": null,
    });
    if let Value::Object(rest) = rest {
        view.extend(rest);
    }
    Value::Object(view)
}
