//! Audit events: what the account's ledger says of this workspace, in Segment's words.

use base::Timestamp;
use errors::{ApiError, codes};
use ledger::RecordedEntry;
use serde_json::json;

use super::Call;
use super::wire::{Failed, PageRequest, Reply};
use crate::limits;

/// `GET /audit-events`: oldest first. A page looks through so many entries of the account at most, so that it may be
/// shorter than asked for, or empty, with a next one.
pub(super) async fn list(mut call: Call) -> Result<Reply, Failed> {
    let request = PageRequest::read(&mut call.query)?;
    let instant = |text: Option<String>, field: &'static str| match text {
        None => Ok(None),
        Some(text) => Timestamp::parse_iso8601(&text)
            .map(Some)
            .ok_or_else(|| Failed::invalid(field, "an instant of ISO 8601")),
    };
    let from = instant(call.query.text("startTime")?, "startTime")?;
    let until = instant(call.query.text("endTime")?, "endTime")?;
    let resource = call.query.text("resourceId")?;
    call.finish()?;
    let (after, count) = request.place()?;
    let rows = call.ctx.store().journal(after, limits::AUDIT_ROWS).await?;
    let has_more = rows.len() == limits::AUDIT_ROWS;
    let workspace = call.workspace.sid.to_string();
    let (mut events, mut place, mut is_full) = (Vec::new(), after, false);
    for row in rows {
        if events.len() == count {
            is_full = true;
            break;
        }
        place = row.sequence;
        // An entry that does not read was altered: that is for `switchward ledger verify`, not to be skipped.
        let entry: RecordedEntry =
            serde_json::from_slice(&row.entry).map_err(|_| ApiError::new(codes::INTERNAL))?;
        let is_in_time = from.is_none_or(|from| row.at >= from) && until.is_none_or(|until| row.at < until);
        let is_meant = resource.as_ref().is_none_or(|resource| entry.what.contains(resource));
        if !is_in_time || !is_meant || !entry.what.contains(&workspace) {
            continue;
        }
        let about = entry.what.iter().find(|sid| **sid != workspace).unwrap_or(&workspace);
        events.push(json!({
            "id": row.sequence.to_string(),
            "timestamp": row.at.iso8601(),
            "type": entry.act,
            "actor": entry.who,
            "resourceId": about,
            "resourceType": resource_type(about),
            "resourceName": about,
        }));
    }
    let next = (is_full || has_more).then_some(place);
    Ok(Reply::found(json!({ "events": events, "pagination": request.up_to(next) })))
}

/// What a SID is one of.
fn resource_type(sid: &str) -> &'static str {
    match sid.get(..2) {
        Some("WK") => "workspace",
        Some("SO") => "source",
        Some("PL") => "tracking_plan",
        Some("SK") => "token",
        Some("RG") => "regulation",
        Some("SJ") => "end_user",
        Some("US") => "user",
        Some("UG") => "user_group",
        Some("FD") => "field",
        Some("SF") => "scan",
        _ => "resource",
    }
}
