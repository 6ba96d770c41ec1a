//! Organizations: who holds agreements and the package that includes HIPAA projects (DES-EDITION-1), and
//! the move of an older customer to self-service (DES-SUP-3).
//!
//! Each organization is sealed under its own key, in its own scope; the operator's list is kept beside
//! them, in the platform's scope.

use auth::provision::add_organization;
use auth::{Grant, Organization, OrganizationFacts, load_account};
use base::{OrganizationSid, Sid, Timestamp};
use errors::{ApiError, Result, codes};
use kit::{After, Answer, Caller, Created, Found, Json, Path, Query};
use rulebook::designation::{Path as Way, may_use};
use serde::{Deserialize, Serialize};
use store::{Document, Kind, NewDocument, Scope, Store};

use crate::agreements::service::all;
use crate::author::{Author, NOTHING};
use crate::limits;
use crate::statement::{self, OperatorRequest};
use crate::text::{day, friendly_name, invalid, is_filled, optional_date, shown};

/// One row of the operator's list: nothing but the organization's SID.
#[derive(Debug)]
pub(crate) enum Listing {}

impl Kind for Listing {
    const NAME: &'static str = "organization-listing";
    type Sid = OrganizationSid;
    type Facts = ();
    type Content = ();
}

/// An organization.
#[derive(Serialize)]
pub(crate) struct OrganizationView {
    sid: String,
    friendly_name: String,
    /// Whether the package is held now.
    entitled: bool,
    entitled_from: Option<String>,
    entitled_until: Option<String>,
    entitlement_reference: Option<String>,
    date_created: String,
    date_updated: String,
}

impl OrganizationView {
    fn new(document: Document<Organization>, now: Timestamp) -> Self {
        let entitled = document.facts.is_entitled(now);
        let facts = document.facts;
        Self {
            sid: document.sid.to_string(),
            friendly_name: facts.friendly_name,
            entitled,
            entitled_from: facts.entitled_from.map(shown),
            entitled_until: facts.entitled_until.map(shown),
            entitlement_reference: facts.entitlement_reference,
            date_created: document.created_at.iso8601(),
            date_updated: document.updated_at.iso8601(),
        }
    }
}

/// A page of organizations, newest first.
#[derive(Serialize)]
pub(crate) struct OrganizationList {
    organizations: Vec<OrganizationView>,
    /// The `After` of the next page, when there is one.
    next_after: Option<String>,
}

/// The package that includes HIPAA projects: from when, until when, and by which purchase.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entitlement {
    entitled_from: Option<String>,
    entitled_until: Option<String>,
    entitlement_reference: Option<String>,
}

impl Entitlement {
    fn put_into(self, facts: &mut OrganizationFacts) -> Result<()> {
        let from = optional_date("entitled_from", self.entitled_from.as_deref())?;
        let until = optional_date("entitled_until", self.entitled_until.as_deref())?;
        if until.is_some_and(|until| from.is_none_or(|from| until <= from)) {
            return Err(invalid("entitled_until"));
        }
        let reference = self.entitlement_reference;
        let is_named = reference.as_ref().is_some_and(|text| is_filled(text, limits::LINE));
        if from.is_some() != is_named {
            return Err(invalid("entitlement_reference").rule("DES-EDITION-1"));
        }
        facts.entitled_from = from.map(Timestamp::micros);
        facts.entitled_until = until.map(Timestamp::micros);
        facts.entitlement_reference = reference;
        Ok(())
    }
}

/// A new organization.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateOrganization {
    friendly_name: String,
    entitled_from: Option<String>,
    entitled_until: Option<String>,
    entitlement_reference: Option<String>,
}

/// `GET /Organizations`.
pub(crate) async fn list(
    caller: Caller,
    Query(query): Query<After<OrganizationSid, { limits::MAX_PAGE }>>,
) -> Answer<Found<OrganizationList>> {
    let store = &caller.services.store;
    let (listed, next_after) = query.page::<Listing>(&store.scope(Scope::SYSTEM)).await?;
    let mut organizations = Vec::with_capacity(listed.len());
    for listing in &listed {
        organizations.push(OrganizationView::new(find(store, listing.sid).await?, caller.now()));
    }
    Ok(Found(OrganizationList { organizations, next_after }))
}

/// `POST /Organizations`.
pub(crate) async fn create(
    caller: Caller,
    Json(request): Json<CreateOrganization>,
) -> Answer<Created<OrganizationView>> {
    let mut facts = OrganizationFacts {
        friendly_name: friendly_name("friendly_name", request.friendly_name)?,
        entitled_from: None,
        entitled_until: None,
        entitlement_reference: None,
    };
    let CreateOrganization { entitled_from, entitled_until, entitlement_reference, .. } = request;
    Entitlement { entitled_from, entitled_until, entitlement_reference }.put_into(&mut facts)?;
    let organization = add(&Author::of(&caller), facts).await?;
    Ok(Created(OrganizationView::new(organization, caller.now())))
}

/// `GET /Organizations/{OrganizationSid}`.
pub(crate) async fn fetch(
    caller: Caller,
    Path(sid): Path<OrganizationSid>,
) -> Answer<Found<OrganizationView>> {
    let organization = reach(&caller, sid).await?;
    Ok(Found(OrganizationView::new(organization, caller.now())))
}

/// `POST /Organizations/{OrganizationSid}/Entitlement`: says all of it anew.
pub(crate) async fn update_entitlement(
    caller: Caller,
    Path(sid): Path<OrganizationSid>,
    Json(request): Json<Entitlement>,
) -> Answer<Found<OrganizationView>> {
    let mut organization = reach(&caller, sid).await?;
    request.put_into(&mut organization.facts)?;
    let mut batch = caller.services.store.batch(Scope::organization(sid));
    batch.update(&organization);
    Author::of(&caller).commit(batch, Scope::organization(sid), vec![sid.to_string()], NOTHING).await?;
    organization.updated_at = caller.now();
    Ok(Found(OrganizationView::new(organization, caller.now())))
}

/// What a migration did.
#[derive(Serialize)]
pub(crate) struct MigrationView {
    organization_sid: String,
    /// Agreements whose accounts may now be designated by self-service.
    agreement_sids: Vec<String>,
}

/// `POST /Organizations/{OrganizationSid}/Migration`: opens self-service to a customer with an older
/// agreement, on request. No account changes by it (row M1).
pub(crate) async fn migrate(
    caller: Caller,
    Path(sid): Path<OrganizationSid>,
    Json(request): Json<OperatorRequest>,
) -> Answer<Created<MigrationView>> {
    reach(&caller, sid).await?;
    let author = Author::of(&caller);
    let scope = Scope::organization(sid);
    let mut batch = author.store().batch(scope);
    let mut agreement_sids = Vec::new();
    for mut agreement in all(author.store(), sid).await? {
        let initiated = day(Timestamp::from_micros(agreement.facts.initiated_at));
        let is_open = initiated.is_none_or(|day| may_use(Way::SelfService, day, agreement.facts.migrated));
        if agreement.facts.is_active(caller.now()) && !is_open {
            agreement.facts.migrated = true;
            batch.update(&agreement);
            agreement_sids.push(agreement.sid.to_string());
        }
    }
    if agreement_sids.is_empty() {
        let hint = "no agreement in force is waiting to be moved to self-service";
        return Err(ApiError::new(codes::CONFLICT).hint(hint).into());
    }
    let statement = statement::add(&mut batch, &author, request.about("migration")?);
    let mut sids = vec![sid.to_string(), statement.to_string()];
    sids.extend(agreement_sids.iter().cloned());
    author.commit(batch, scope, sids, NOTHING).await?;
    Ok(Created(MigrationView { organization_sid: sid.to_string(), agreement_sids }))
}

/// Makes an organization.
pub(crate) async fn add(author: &Author<'_>, facts: OrganizationFacts) -> Result<Document<Organization>> {
    let sid = OrganizationSid::generate(author.random());
    let mut batch = author.store().batch(Scope::SYSTEM);
    batch.insert::<Listing>(NewDocument::of(sid, author.now(), ()));
    add_organization(&mut batch, sid, facts, author.now());
    author.commit(batch, Scope::organization(sid), vec![sid.to_string()], NOTHING).await?;
    find(author.store(), sid).await
}

/// An organization by its SID.
///
/// # Errors
/// 404 when there is none.
pub(crate) async fn find(store: &Store, sid: OrganizationSid) -> Result<Document<Organization>> {
    let found = store.scope(Scope::organization(sid)).get::<Organization>(sid).await?;
    found.ok_or(ApiError::new(codes::NOT_FOUND))
}

/// An organization the caller may know of: any for the operator, the one of the own account for others.
///
/// # Errors
/// 404 for every other one.
pub(crate) async fn reach(caller: &Caller, sid: OrganizationSid) -> Result<Document<Organization>> {
    if let Some(account) = caller.principal.account {
        let account = load_account(&caller.services.store, account, caller.now()).await?;
        let own = account.and_then(|account| account.organization).map(|organization| organization.sid);
        if own != Some(sid) {
            return Err(codes::NOT_FOUND.into());
        }
    }
    find(&caller.services.store, sid).await
}

/// As [`reach`], for what binds the whole organization: the operator, or full credentials of a main account.
///
/// # Errors
/// 404 as there; 403 for a subaccount and for keys that may less than the auth token.
pub(crate) async fn reach_as_main(caller: &Caller, sid: OrganizationSid) -> Result<Document<Organization>> {
    let organization = reach(caller, sid).await?;
    if let Some(own) = caller.principal.account {
        let account = load_account(&caller.services.store, own, caller.now()).await?;
        let is_main = account.is_some_and(|account| account.account.facts.owner.0 == own);
        if !is_main || caller.principal.grant != Grant::Full {
            return Err(codes::FORBIDDEN.into());
        }
    }
    Ok(organization)
}
