//! What decides what leaves: filters, mappings, grants. Lists are replaced as a whole, so that a change is one thing to
//! look at and to approve.

use base::DestinationSid;
use data_encoding::HEXLOWER;
use errors::Result;
use kit::{Answer, Created, Ctx, Json, Path};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::limits;
use crate::pipeline::Pipeline;
use crate::records::{FieldEncryption, FilterRecord, Grant, MappingRecord};
use crate::resources::{find, save};
use crate::service::Held;
use crate::view::{DestinationView, filled, invalid};

/// Bytes of an id of ours.
const ID_BYTES: usize = 4;

/// All filters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filters {
    filters: Vec<FilterRequest>,
}

/// A filter; one that has its id keeps it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FilterRequest {
    id: Option<String>,
    title: String,
    description: Option<String>,
    #[serde(rename = "if")]
    condition: String,
    actions: Vec<Value>,
    enabled: Option<bool>,
}

/// `POST …/Destinations/{DestinationSid}/Filters`.
pub(crate) async fn set_filters(
    ctx: Ctx,
    Path(sid): Path<DestinationSid>,
    Json(request): Json<Filters>,
) -> Answer<Created<DestinationView>> {
    let mut held = find(&ctx, sid).await?;
    let known: Vec<String> = held.document.facts.filters.iter().map(|filter| filter.id.clone()).collect();
    if request.filters.len() > limits::FILTERS {
        return Err(invalid("filters").into());
    }
    let mut filters = Vec::new();
    for filter in request.filters {
        filters.push(FilterRecord {
            id: kept_or_new(&ctx, filter.id, &known)?,
            title: filled("title", &filter.title, limits::TITLE)?,
            description: match filter.description {
                Some(text) => Some(filled("description", &text, limits::LINE)?),
                None => None,
            },
            condition: filter.condition,
            actions: filter.actions,
            enabled: filter.enabled.unwrap_or(true),
        });
    }
    bounded("filters", &filters)?;
    held.document.facts.filters = filters;
    readable(&held)?;
    save(&ctx, held).await
}

/// All mappings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mappings {
    mappings: Vec<MappingRequest>,
}

/// A mapping; one that has its id keeps it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingRequest {
    id: Option<String>,
    name: String,
    trigger: String,
    mapping: Value,
    enabled: Option<bool>,
}

/// `POST …/Destinations/{DestinationSid}/Mappings`.
pub(crate) async fn set_mappings(
    ctx: Ctx,
    Path(sid): Path<DestinationSid>,
    Json(request): Json<Mappings>,
) -> Answer<Created<DestinationView>> {
    let mut held = find(&ctx, sid).await?;
    let known: Vec<String> = held.document.facts.mappings.iter().map(|mapping| mapping.id.clone()).collect();
    if request.mappings.len() > limits::MAPPINGS {
        return Err(invalid("mappings").into());
    }
    let mut mappings = Vec::new();
    for mapping in request.mappings {
        mappings.push(MappingRecord {
            id: kept_or_new(&ctx, mapping.id, &known)?,
            name: filled("name", &mapping.name, limits::TITLE)?,
            trigger: mapping.trigger,
            mapping: mapping.mapping,
            enabled: mapping.enabled.unwrap_or(true),
        });
    }
    bounded("mappings", &mappings)?;
    held.document.facts.mappings = mappings;
    readable(&held)?;
    save(&ctx, held).await
}

/// Paths that a destination may be given from now on, and paths that it may not any more.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantChange {
    #[serde(default)]
    grant: Vec<GrantRequest>,
    #[serde(default)]
    revoke: Vec<String>,
    /// The person who answers for it.
    signer: Option<String>,
}

/// A path, with why the destination needs it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantRequest {
    path: String,
    reason: String,
}

/// `POST …/Destinations/{DestinationSid}/Grants`.
pub(crate) async fn change_grants(
    ctx: Ctx,
    Path(sid): Path<DestinationSid>,
    Json(change): Json<GrantChange>,
) -> Answer<Created<DestinationView>> {
    let mut held = find(&ctx, sid).await?;
    let signer = match change.grant.is_empty() {
        true => String::new(),
        false => filled("signer", &change.signer.unwrap_or_default(), limits::LINE)?,
    };
    let grants = &mut held.document.facts.grants;
    for path in &change.revoke {
        let before = grants.len();
        grants.retain(|grant| grant.path != *path);
        if grants.len() == before {
            return Err(invalid("revoke").into());
        }
    }
    for GrantRequest { path, reason } in change.grant {
        if path.chars().count() > limits::PATH {
            return Err(invalid("path").into());
        }
        let reason = filled("reason", &reason, limits::LINE)?;
        grants.retain(|grant| grant.path != path);
        grants.push(Grant {
            path,
            reason,
            signer: signer.clone(),
            granted_by: ctx.principal.actor.to_string(),
            granted_at: ctx.now().micros(),
        });
    }
    if grants.len() > limits::GRANTS {
        return Err(invalid("grant").into());
    }
    readable(&held)?;
    save(&ctx, held).await
}

/// Which fields leave encrypted, and for which key; none for none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Encrypted {
    public_key: String,
    fields: Vec<String>,
}

/// `POST …/Destinations/{DestinationSid}/Encryption`.
pub(crate) async fn set_encryption(
    ctx: Ctx,
    Path(sid): Path<DestinationSid>,
    Json(request): Json<Encrypted>,
) -> Answer<Created<DestinationView>> {
    let mut held = find(&ctx, sid).await?;
    let Encrypted { public_key, fields } = request;
    if fields.iter().any(|field| field.chars().count() > limits::PATH) {
        return Err(invalid("fields").into());
    }
    let is_off = public_key.is_empty() && fields.is_empty();
    held.document.facts.encryption = (!is_off).then_some(FieldEncryption { public_key, fields });
    readable(&held)?;
    save(&ctx, held).await
}

/// What cannot be read is not saved.
pub(crate) fn readable(held: &Held) -> Result<()> {
    let read = Pipeline::of(&held.document.facts, held.is_hipaa());
    read.map(drop).map_err(|unread| invalid(unread.0))
}

pub(crate) fn bounded(parameter: &'static str, parts: &impl Serialize) -> Result<()> {
    let size = serde_json::to_vec(parts).map_or(usize::MAX, |bytes| bytes.len());
    if size > limits::PARTS_BYTES { Err(invalid(parameter)) } else { Ok(()) }
}

pub(crate) fn kept_or_new(ctx: &Ctx, id: Option<String>, known: &[String]) -> Result<String> {
    match id {
        Some(id) if known.contains(&id) => Ok(id),
        Some(_) => Err(invalid("id")),
        None => {
            let mut bytes = [0; ID_BYTES];
            ctx.services.store.random().fill(&mut bytes);
            Ok(HEXLOWER.encode(&bytes))
        }
    }
}
