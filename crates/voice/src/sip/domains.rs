//! The Domain resource: an address that SIP calls come to, and what answers them.
//!
//! Which lists guard a domain is part of its document, so that a domain is never seen with half of its guards.

use std::sync::Arc;

use auth::SidText;
use base::{AccountSid, CredentialListSid, IpAccessControlListSid, Sid, SipDomainSid, Timestamp};
use errors::{ApiError, Result, codes};
use kit::page::Unfiltered;
use kit::{
    Answer, Created, Ctx, Deleted, Extension, Form, Found, FromParams, Listing, PageRequest, Params, Path,
};
use rulebook::guard::{Action, SipDomainFacts};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Document, IndexValue, Kind, Name, NewDocument, Query};
use webhooks::Method;

use super::friendly_name;
use crate::hook::{Target, check_targets};
use crate::limits::{DOMAIN_LABEL, MAX_DOMAIN_LABELS, MAX_DOMAINS};
use crate::neighbours::{INTERCONNECT, Neighbours};

/// The index entry by which the domains are found that a list guards.
pub(super) const LIST: &str = "list";
/// What names of domains are called in the directory.
const DIRECTORY: &str = "sip-domain";
/// What a name of a domain ends with at Twilio, and here whatever the operator's own domain is.
const TWILIO: &str = ".sip.twilio.com";

/// The kind of SIP domains; they live in the account's scope.
#[derive(Debug)]
pub(crate) enum SipDomain {}

impl Kind for SipDomain {
    const NAME: &'static str = "sip-domain";
    type Sid = SipDomainSid;
    type Facts = DomainFacts;
    type Content = ();
}

/// A list that is mapped to a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(serialize = "", deserialize = ""))]
pub(crate) struct Mapped<S: Sid> {
    /// The list.
    pub(crate) sid: SidText<S>,
    /// Since when, in microseconds.
    pub(crate) since: i64,
}

/// A SIP domain.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DomainFacts {
    /// Its whole name, in lower case.
    pub(crate) name: String,
    /// A name for people.
    pub(crate) friendly_name: String,
    /// What answers calls.
    pub(crate) voice: Target,
    /// What answers when that fails.
    pub(crate) voice_fallback: Target,
    /// Where the end of calls is reported.
    pub(crate) status_callback: Target,
    /// Phones may register.
    pub(crate) sip_registration: bool,
    /// TLS and SRTP and nothing else.
    pub(crate) secure: bool,
    /// Credential lists that calls are challenged for.
    pub(crate) call_credentials: Vec<Mapped<CredentialListSid>>,
    /// Addresses that calls may come from.
    pub(crate) call_addresses: Vec<Mapped<IpAccessControlListSid>>,
    /// Credential lists that registrations are challenged for.
    pub(crate) registration_credentials: Vec<Mapped<CredentialListSid>>,
}

impl DomainFacts {
    /// The kinds of authentication it has for calls, as the API names them.
    pub(crate) fn auth_type(&self) -> String {
        let kinds = [
            ("IP_ACL", self.call_addresses.is_empty()),
            ("CREDENTIAL_LIST", self.call_credentials.is_empty()),
        ];
        let kinds: Vec<_> = kinds.into_iter().filter(|(_, none)| !none).map(|(kind, _)| kind).collect();
        kinds.join(",")
    }

    /// Whether there is a guard for each thing that it takes.
    fn is_guarded(&self) -> bool {
        let calls = !self.call_addresses.is_empty() || !self.call_credentials.is_empty();
        let registrations = !self.sip_registration || !self.registration_credentials.is_empty();
        (calls || self.voice.url.is_none()) && registrations
    }

    /// The SIDs of every list that guards it, each once.
    fn lists(&self) -> Vec<IndexValue> {
        let credentials = self.call_credentials.iter().chain(&self.registration_credentials);
        let credentials = credentials.map(|mapped| mapped.sid.0.to_string());
        let mut sids: Vec<_> =
            credentials.chain(self.call_addresses.iter().map(|mapped| mapped.sid.0.to_string())).collect();
        sids.sort_unstable();
        sids.dedup();
        sids.into_iter().map(IndexValue::Plain).collect()
    }
}

/// What a request sets. `None` leaves a field as it is; an empty URL clears it.
pub(crate) struct Settings {
    name: Option<String>,
    friendly_name: Option<String>,
    voice: Asked,
    voice_fallback: Asked,
    status_callback: Asked,
    sip_registration: Option<bool>,
    secure: Option<bool>,
}

type Asked = (Option<String>, Option<Method>);

impl FromParams for Settings {
    fn from_params(params: &mut Params) -> Result<Self> {
        // No way leads from here to an emergency service, and no trunk is bought here.
        params.not_supported(&["ByocTrunkSid", "EmergencyCallerSid"])?;
        if params.flag("EmergencyCallingEnabled")? == Some(true) {
            return Err(ApiError::new(codes::NOT_SUPPORTED).parameter("EmergencyCallingEnabled"));
        }
        Ok(Self {
            name: params.text("DomainName")?.map(|name| name.to_ascii_lowercase()),
            friendly_name: friendly_name(params, codes::SIP_DOMAIN_REFUSED)?,
            voice: Target::read(params, "VoiceUrl", "VoiceMethod")?,
            voice_fallback: Target::read(params, "VoiceFallbackUrl", "VoiceFallbackMethod")?,
            status_callback: Target::read(params, "VoiceStatusCallbackUrl", "VoiceStatusCallbackMethod")?,
            sip_registration: params.flag("SipRegistration")?,
            secure: params.flag("Secure")?,
        })
    }
}

impl Settings {
    fn apply(self, facts: &mut DomainFacts) {
        facts.name = self.name.unwrap_or(std::mem::take(&mut facts.name));
        facts.friendly_name = self.friendly_name.unwrap_or(std::mem::take(&mut facts.friendly_name));
        facts.voice.set(self.voice);
        facts.voice_fallback.set(self.voice_fallback);
        facts.status_callback.set(self.status_callback);
        facts.sip_registration = self.sip_registration.unwrap_or(facts.sip_registration);
        facts.secure = self.secure.unwrap_or(facts.secure);
    }
}

/// Whether a name is that of a SIP domain: labels in front of Twilio's suffix, or of `sip.` before the operator's domain.
fn is_domain(name: &str, api_base: &str) -> bool {
    let own = api_base.strip_prefix("https://api.").map(|base| format!(".sip.{base}"));
    let front = name.strip_suffix(TWILIO).or_else(|| name.strip_suffix(own.as_deref()?));
    let is_label = |label: &str| {
        DOMAIN_LABEL.contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    front.is_some_and(|front| front.split('.').count() <= MAX_DOMAIN_LABELS && front.split('.').all(is_label))
}

/// The name under which a domain is found from outside.
pub(super) fn name_of(domain: &str) -> Name {
    Name::custom(DIRECTORY, domain)
}

pub(super) async fn get(ctx: &Ctx, sid: SipDomainSid) -> Result<Document<SipDomain>> {
    ctx.store().get::<SipDomain>(sid).await?.ok_or(codes::NOT_FOUND.into())
}

/// Whether some domain of the account names this list.
pub(super) async fn names(ctx: &Ctx, list: &str) -> Result<bool> {
    let value = IndexValue::Plain(list.to_owned());
    Ok(ctx.store().find::<SipDomain>(LIST, value).await?.is_some())
}

/// Asks the guard about a domain as it would be.
pub(super) async fn check(
    ctx: &Ctx,
    neighbours: &dyn Neighbours,
    sid: SipDomainSid,
    facts: &DomainFacts,
) -> Result<()> {
    let interconnect = match facts.secure {
        true => false,
        false => neighbours.is_attested(&ctx.store(), INTERCONNECT, &sid.to_string(), ctx.now()).await?,
    };
    ctx.guard(&Action::ServeSipDomain(SipDomainFacts {
        secure: facts.secure,
        interconnect,
        in_service: facts.voice.url.is_some() || facts.sip_registration,
        guarded: facts.is_guarded(),
    }))?;
    check_targets(
        ctx.account(),
        &[
            ("VoiceUrl", &facts.voice),
            ("VoiceFallbackUrl", &facts.voice_fallback),
            ("VoiceStatusCallbackUrl", &facts.status_callback),
        ],
    )
}

/// The neighbours, as handlers take them.
pub(crate) type Shared = Extension<Arc<dyn Neighbours>>;

pub(crate) async fn create(
    ctx: Ctx,
    Extension(neighbours): Shared,
    Form(settings): Form<Settings>,
) -> Answer<Created<DomainView>> {
    let all = Query { limit: MAX_DOMAINS, ..Query::default() };
    if ctx.store().list::<SipDomain>(all).await?.documents.len() >= MAX_DOMAINS {
        return Err(ApiError::new(codes::SIP_DOMAINS_FULL).into());
    }
    let sid = SipDomainSid::generate(ctx.services.store.random().as_ref());
    let mut facts = DomainFacts {
        name: String::new(),
        friendly_name: settings.name.clone().unwrap_or_default(),
        voice: Target::default(),
        voice_fallback: Target::default(),
        status_callback: Target::default(),
        sip_registration: false,
        // Off where nothing is said, as at Twilio; a HIPAA project's is on (VOI-SIPIF-1).
        secure: ctx.account().account.facts.designation.protected,
        call_credentials: Vec::new(),
        call_addresses: Vec::new(),
        registration_credentials: Vec::new(),
    };
    settings.apply(&mut facts);
    check(&ctx, neighbours.as_ref(), sid, &facts).await?;
    let name = require_name(&ctx, &facts.name)?;
    let mut batch = ctx.batch();
    batch.name(name, sid.to_string());
    batch.insert::<SipDomain>(NewDocument::of(sid, ctx.now(), facts));
    ctx.commit(batch, vec![sid.to_string()]).await.map_err(taken)?;
    Ok(Created(DomainView::new(ctx.account().sid(), &get(&ctx, sid).await?)))
}

fn require_name(ctx: &Ctx, name: &str) -> Result<Name> {
    match is_domain(name, &ctx.services.api_base) {
        true => Ok(name_of(name)),
        false => Err(ApiError::new(codes::SIP_DOMAIN_INVALID).parameter("DomainName")),
    }
}

/// A name that somebody has fails the batch.
fn taken(error: ApiError) -> ApiError {
    match error.code() == codes::CONFLICT {
        true => ApiError::new(codes::SIP_DOMAIN_REFUSED).parameter("DomainName"),
        false => error,
    }
}

pub(crate) async fn fetch(ctx: Ctx, Path(sid): Path<SipDomainSid>) -> Answer<Found<DomainView>> {
    Ok(Found(DomainView::new(ctx.account().sid(), &get(&ctx, sid).await?)))
}

pub(crate) async fn list(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    let (Unfiltered, paging) = page.open::<Unfiltered>(&ctx).await?;
    let query = Query { limit: paging.size, cursor: paging.cursor.clone(), ..Query::default() };
    let listed = ctx.store().list::<SipDomain>(query).await?;
    let account = ctx.account().sid();
    let path = format!("/2010-04-01/Accounts/{account}/SIP/Domains.json");
    let listing = Listing::new(&ctx, paging, listed, |domain| DomainView::new(account, &domain)).await?;
    Ok(Found(listing.api2010(&path, "domains")))
}

pub(crate) async fn update(
    ctx: Ctx,
    Path(sid): Path<SipDomainSid>,
    Extension(neighbours): Shared,
    Form(settings): Form<Settings>,
) -> Answer<Found<DomainView>> {
    let mut domain = get(&ctx, sid).await?;
    let before = domain.facts.name.clone();
    settings.apply(&mut domain.facts);
    check(&ctx, neighbours.as_ref(), sid, &domain.facts).await?;
    let mut batch = ctx.batch();
    if domain.facts.name != before {
        let name = require_name(&ctx, &domain.facts.name)?;
        batch.unname(name_of(&before));
        batch.name(name, sid.to_string());
    }
    batch.update::<SipDomain>(&domain);
    ctx.commit(batch, vec![sid.to_string()]).await.map_err(taken)?;
    Ok(Found(DomainView::new(ctx.account().sid(), &get(&ctx, sid).await?)))
}

pub(crate) async fn delete(ctx: Ctx, Path(sid): Path<SipDomainSid>) -> Answer<Deleted> {
    let domain = get(&ctx, sid).await?;
    let mut batch = ctx.batch();
    batch.unname(name_of(&domain.facts.name));
    batch.delete(&domain);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(Deleted)
}

/// Writes a domain whose lists have changed.
pub(super) async fn save(ctx: &Ctx, domain: &Document<SipDomain>, list: String) -> Result<()> {
    let mut batch = ctx.batch();
    batch.update::<SipDomain>(domain);
    batch.reindex::<SipDomain>(domain.sid, LIST, domain.facts.lists());
    ctx.commit(batch, vec![domain.sid.to_string(), list]).await.map(drop)
}

/// A domain on the wire (`api.v2010.account.sip.sip_domain`).
#[derive(Serialize)]
pub(crate) struct DomainView {
    account_sid: String,
    api_version: &'static str,
    auth_type: String,
    byoc_trunk_sid: Option<String>,
    date_created: String,
    date_updated: String,
    domain_name: String,
    emergency_caller_sid: Option<String>,
    emergency_calling_enabled: bool,
    friendly_name: String,
    secure: bool,
    sid: String,
    sip_registration: bool,
    subresource_uris: Subresources,
    uri: String,
    voice_fallback_method: &'static str,
    voice_fallback_url: Option<String>,
    voice_method: &'static str,
    voice_status_callback_method: &'static str,
    voice_status_callback_url: Option<String>,
    voice_url: Option<String>,
}

#[derive(Serialize)]
struct Subresources {
    credential_list_mappings: String,
    ip_access_control_list_mappings: String,
}

impl DomainView {
    fn new(account: AccountSid, domain: &Document<SipDomain>) -> Self {
        let facts = &domain.facts;
        let path = format!("/2010-04-01/Accounts/{account}/SIP/Domains/{}", domain.sid);
        Self {
            account_sid: account.to_string(),
            api_version: "2010-04-01",
            auth_type: facts.auth_type(),
            byoc_trunk_sid: None,
            date_created: domain.created_at.rfc2822(),
            date_updated: domain.updated_at.rfc2822(),
            domain_name: facts.name.clone(),
            emergency_caller_sid: None,
            emergency_calling_enabled: false,
            friendly_name: facts.friendly_name.clone(),
            secure: facts.secure,
            sid: domain.sid.to_string(),
            sip_registration: facts.sip_registration,
            subresource_uris: Subresources {
                credential_list_mappings: format!("{path}/CredentialListMappings.json"),
                ip_access_control_list_mappings: format!("{path}/IpAccessControlListMappings.json"),
            },
            uri: format!("{path}.json"),
            voice_fallback_method: facts.voice_fallback.method.as_str(),
            voice_fallback_url: facts.voice_fallback.url.clone(),
            voice_method: facts.voice.method.as_str(),
            voice_status_callback_method: facts.status_callback.method.as_str(),
            voice_status_callback_url: facts.status_callback.url.clone(),
            voice_url: facts.voice.url.clone(),
        }
    }
}

impl<S: Sid> Mapped<S> {
    /// A list that is mapped from now on.
    pub(super) fn new(sid: S, now: Timestamp) -> Self {
        Self { sid: SidText(sid), since: now.micros() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_stands_in_front_of_sip() {
        let ours = "https://api.comms.example.org";
        for (name, is) in [
            ("clinic.sip.twilio.com", true),
            ("front-desk.clinic.sip.twilio.com", true),
            ("clinic.sip.comms.example.org", true),
            ("clinic.sip.us1.twilio.com", false),
            (".sip.twilio.com", false),
            ("sip.twilio.com", false),
            ("clinic.example.org", false),
            ("-clinic.sip.twilio.com", false),
            ("cli_nic.sip.twilio.com", false),
            ("a.b.c.d.sip.twilio.com", false),
            ("", false),
        ] {
            assert_eq!(is_domain(name, ours), is, "{name}");
        }
    }
}
