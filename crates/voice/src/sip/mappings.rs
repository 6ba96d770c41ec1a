//! Which lists guard a domain: five families of one resource. The two that the API had first and the two under
//! `Auth/Calls` are the same lists; `Auth/Registrations` has its own.

use auth::SidText;
use base::{AccountSid, CredentialListSid, IpAccessControlListSid, Sid, SipDomainSid, Timestamp};
use errors::{ApiError, Result, codes};
use kit::page::Unfiltered;
use kit::{
    Answer, Created, Ctx, Deleted, Extension, Form, Found, FromParams, Listing, PageRequest, Params, Path,
    PathPair,
};
use serde::Serialize;
use serde_json::Value;

use super::domains::{self, DomainFacts, Mapped, Shared};
use super::{credential_lists, ip_lists};
use crate::limits::MAX_MAPPINGS;

/// A kind of list that guards domains.
pub(crate) trait Guarding: Sid {
    /// The parameter that names one.
    const PARAMETER: &'static str;

    /// Its name, if it is the account's.
    ///
    /// # Errors
    /// 20404 when it is not; what the store fails with.
    fn name(ctx: &Ctx, sid: Self) -> impl Future<Output = Result<String>> + Send;
}

impl Guarding for CredentialListSid {
    const PARAMETER: &'static str = "CredentialListSid";

    fn name(ctx: &Ctx, sid: Self) -> impl Future<Output = Result<String>> + Send {
        credential_lists::name_of(ctx, sid)
    }
}

impl Guarding for IpAccessControlListSid {
    const PARAMETER: &'static str = "IpAccessControlListSid";

    fn name(ctx: &Ctx, sid: Self) -> impl Future<Output = Result<String>> + Send {
        ip_lists::name_of(ctx, sid)
    }
}

/// One of the families.
pub(crate) struct Family<S: Guarding> {
    /// Its path behind the domain's.
    pub(crate) path: &'static str,
    /// The key of its lists.
    pub(crate) key: &'static str,
    /// Whether its views name the domain and themselves, as the first two do.
    pub(crate) is_first: bool,
    /// Where it keeps its lists.
    pub(crate) lists: fn(&mut DomainFacts) -> &mut Vec<Mapped<S>>,
}

// Function pointers are copied whatever they lead to.
impl<S: Guarding> Clone for Family<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Guarding> Copy for Family<S> {}

/// `CredentialListMappings`.
pub(crate) const CREDENTIALS: Family<CredentialListSid> = Family {
    path: "CredentialListMappings",
    key: "credential_list_mappings",
    is_first: true,
    lists: |facts| &mut facts.call_credentials,
};
/// `IpAccessControlListMappings`.
pub(crate) const ADDRESSES: Family<IpAccessControlListSid> = Family {
    path: "IpAccessControlListMappings",
    key: "ip_access_control_list_mappings",
    is_first: true,
    lists: |facts| &mut facts.call_addresses,
};
/// `Auth/Calls/CredentialListMappings`.
pub(crate) const CALL_CREDENTIALS: Family<CredentialListSid> =
    Family { path: "Auth/Calls/CredentialListMappings", key: "contents", is_first: false, ..CREDENTIALS };
/// `Auth/Calls/IpAccessControlListMappings`.
pub(crate) const CALL_ADDRESSES: Family<IpAccessControlListSid> =
    Family { path: "Auth/Calls/IpAccessControlListMappings", key: "contents", is_first: false, ..ADDRESSES };
/// `Auth/Registrations/CredentialListMappings`.
pub(crate) const REGISTRATION_CREDENTIALS: Family<CredentialListSid> = Family {
    path: "Auth/Registrations/CredentialListMappings",
    key: "contents",
    is_first: false,
    lists: |facts| &mut facts.registration_credentials,
};

/// The list that a request names.
pub(crate) struct Named<S>(S);

impl<S: Guarding> FromParams for Named<S> {
    fn from_params(params: &mut Params) -> Result<Self> {
        let invalid = || ApiError::new(codes::INVALID_PARAMETER).parameter(S::PARAMETER);
        params.sid(S::PARAMETER)?.map(Self).ok_or_else(invalid)
    }
}

pub(crate) async fn create<S: Guarding>(
    ctx: Ctx,
    Path(domain): Path<SipDomainSid>,
    Form(Named(sid)): Form<Named<S>>,
    family: Family<S>,
) -> Answer<Created<MappingView>> {
    let mut domain = domains::get(&ctx, domain).await?;
    let name = S::name(&ctx, sid).await?;
    let lists = (family.lists)(&mut domain.facts);
    if lists.iter().any(|mapped| mapped.sid.0 == sid) || lists.len() >= MAX_MAPPINGS {
        return Err(ApiError::new(codes::SIP_DOMAIN_REFUSED).parameter(S::PARAMETER).into());
    }
    let mapped = Mapped::new(sid, ctx.now());
    lists.push(mapped);
    domains::save(&ctx, &domain, sid.to_string()).await?;
    Ok(Created(MappingView::new(ctx.account().sid(), domain.sid, mapped, name, family)))
}

pub(crate) async fn fetch<S: Guarding>(
    ctx: Ctx,
    PathPair(domain, sid): PathPair<SipDomainSid, S>,
    family: Family<S>,
) -> Answer<Found<MappingView>> {
    let mut domain = domains::get(&ctx, domain).await?;
    let mapped = find(&mut domain.facts, sid, family)?;
    let name = S::name(&ctx, sid).await?;
    Ok(Found(MappingView::new(ctx.account().sid(), domain.sid, mapped, name, family)))
}

fn find<S: Guarding>(facts: &mut DomainFacts, sid: S, family: Family<S>) -> Result<Mapped<S>> {
    let found = (family.lists)(facts).iter().find(|mapped| mapped.sid.0 == sid).copied();
    found.ok_or(codes::NOT_FOUND.into())
}

pub(crate) async fn list<S: Guarding>(
    ctx: Ctx,
    Path(domain): Path<SipDomainSid>,
    page: PageRequest,
    family: Family<S>,
) -> Answer<Found<Value>> {
    let mut domain = domains::get(&ctx, domain).await?;
    let (Unfiltered, paging) = page.open::<Unfiltered>(&ctx).await?;
    let lists = (family.lists)(&mut domain.facts).clone();
    let first = usize::try_from(paging.index).unwrap_or(usize::MAX).saturating_mul(paging.size);
    let account = ctx.account().sid();
    let mut rows = Vec::new();
    // Newest first, as every list.
    for mapped in lists.iter().rev().skip(first).take(paging.size) {
        let name = S::name(&ctx, mapped.sid.0).await?;
        rows.push(MappingView::new(account, domain.sid, *mapped, name, family));
    }
    let has_more = lists.len() > first.saturating_add(rows.len());
    let path = format!("/2010-04-01/Accounts/{account}/SIP/Domains/{}/{}.json", domain.sid, family.path);
    Ok(Found(Listing::computed(&ctx, paging, rows, has_more).await?.api2010(&path, family.key)))
}

pub(crate) async fn delete<S: Guarding>(
    ctx: Ctx,
    PathPair(domain, sid): PathPair<SipDomainSid, S>,
    Extension(neighbours): Shared,
    family: Family<S>,
) -> Answer<Deleted> {
    let mut domain = domains::get(&ctx, domain).await?;
    find(&mut domain.facts, sid, family)?;
    (family.lists)(&mut domain.facts).retain(|mapped| mapped.sid != SidText(sid));
    domains::check(&ctx, neighbours.as_ref(), domain.sid, &domain.facts).await?;
    domains::save(&ctx, &domain, sid.to_string()).await?;
    Ok(Deleted)
}

/// A mapping on the wire. Its SID is that of the list.
#[derive(Serialize)]
pub(crate) struct MappingView {
    account_sid: String,
    date_created: String,
    date_updated: String,
    friendly_name: String,
    sid: String,
    #[serde(flatten)]
    first: Option<OfDomain>,
}

/// What only the first two families say.
#[derive(Serialize)]
struct OfDomain {
    domain_sid: String,
    uri: String,
}

impl MappingView {
    fn new<S: Guarding>(
        account: AccountSid,
        domain: SipDomainSid,
        mapped: Mapped<S>,
        friendly_name: String,
        family: Family<S>,
    ) -> Self {
        let since = Timestamp::from_micros(mapped.since).rfc2822();
        let sid = mapped.sid.0.to_string();
        let base = format!("/2010-04-01/Accounts/{account}/SIP/Domains/{domain}/{}", family.path);
        let of_domain = || OfDomain { domain_sid: domain.to_string(), uri: format!("{base}/{sid}.json") };
        Self {
            account_sid: account.to_string(),
            date_created: since.clone(),
            date_updated: since,
            friendly_name,
            first: family.is_first.then(of_domain),
            sid,
        }
    }
}
