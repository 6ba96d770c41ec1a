//! The workspace of the token, and the roles that tokens have.

use serde_json::json;

use super::Call;
use super::wire::{Failed, PageRequest, Reply};
use crate::records::slug_of;
use crate::roles::Role;

/// `GET /`. Whether it is a HIPAA workspace is said besides what Segment says (SEG-DES-5).
pub(super) async fn fetch(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let facts = &call.workspace.facts;
    let slug = Some(slug_of(&facts.name)).filter(|slug| !slug.is_empty());
    let id = call.workspace.sid.to_string();
    Ok(Reply::found(json!({ "workspace": {
        "slug": slug.unwrap_or_else(|| id.to_lowercase()),
        "id": id,
        "name": facts.name,
        "hipaa": facts.is_hipaa(),
    } })))
}

/// `GET /roles`: all of them, on one page.
pub(super) async fn roles(mut call: Call) -> Result<Reply, Failed> {
    let page = PageRequest::read(&mut call.query)?;
    call.finish()?;
    if page.place()?.0 > 0 {
        return Err(Failed::invalid("pagination.cursor", "this is no cursor of this list"));
    }
    let roles: Vec<_> = Role::ALL
        .iter()
        .map(|role| json!({ "id": role.id(), "name": role.name(), "description": role.description() }))
        .collect();
    let mut pagination = page.up_to(None);
    pagination["totalEntries"] = roles.len().into();
    Ok(Reply::found(json!({ "roles": roles, "pagination": pagination })))
}
