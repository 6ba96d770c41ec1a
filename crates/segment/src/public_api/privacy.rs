//! Regulations and suppressions: what `regulations` does with people, in Segment's words (PRIV-SUPPR-1).
//!
//! What was done is kept with the subjects of whom it was done to: who was deleted is not called by name afterwards.

use errors::{ApiError, codes};
use http::StatusCode;
use phi::Phi;
use serde::Deserialize;
use serde_json::{Value, json};
use store::Document;

use super::Call;
use super::wire::{Failed, PageRequest, Reply};
use crate::limits;
use crate::records::{Regulation, Suppressed, Suppression};
use crate::regulations::{self, NamedBy, RegulationType, overall};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Create {
    regulation_type: String,
    subject_type: String,
    subject_ids: Vec<String>,
}

/// `POST /regulations`: it is done before it is answered.
pub(super) async fn create(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let Create { regulation_type, subject_type, subject_ids } = call.json()?;
    // Nothing is deleted elsewhere from here, so deleting here is all that either does.
    let regulation = match regulation_type.as_str() {
        "SUPPRESS_ONLY" => RegulationType::SuppressOnly,
        "UNSUPPRESS" => RegulationType::Unsuppress,
        "SUPPRESS_WITH_DELETE" => RegulationType::SuppressWithDelete,
        "DELETE_ONLY" | "DELETE_INTERNAL" => RegulationType::DeleteOnly,
        _ => return Err(Failed::invalid("regulationType", "a type of regulation")),
    };
    let by = match subject_type.as_str() {
        "USER_ID" => NamedBy::User,
        // Not in Segment's list, which has no way to delete what a device alone did.
        "ANONYMOUS_ID" => NamedBy::Anonymous,
        _ => return Err(Failed::invalid("subjectType", "people are named by USER_ID or ANONYMOUS_ID here")),
    };
    if !regulations::are_acceptable(&subject_ids) {
        return Err(Failed::invalid("subjectIds", "between one and 1,000 user ids"));
    }
    let ids = subject_ids.into_iter().map(Phi::new);
    let workspace = call.workspace.sid;
    let (batch, sid, subjects) = regulations::regulate(&call.ctx, workspace, regulation, by, ids).await?;
    let subjects = subjects.iter().map(ToString::to_string);
    let sids = std::iter::once(sid.to_string()).chain(subjects).collect();
    call.commit(batch, sids).await?;
    Ok(Reply::found(json!({ "regulateId": sid.to_string() })))
}

fn view(regulation: &Document<Regulation>) -> Value {
    let at = regulation.created_at.iso8601();
    json!({
        "id": regulation.sid.to_string(),
        "subjectType": regulation.facts.subject_type,
        "subjects": regulation.facts.subjects,
        "status": overall(&regulation.facts),
        "regulationType": regulation.facts.regulation_type,
        "createdAt": at,
        "finishedAt": at,
    })
}

/// `GET /regulations`: newest first.
pub(super) async fn list(mut call: Call) -> Result<Reply, Failed> {
    let request = PageRequest::read(&mut call.query)?;
    call.finish()?;
    let (page, pagination) = request.read_from::<Regulation>(&call.scoped()).await?;
    let regulations: Vec<_> = page.iter().map(view).collect();
    Ok(Reply::found(json!({ "regulations": regulations, "pagination": pagination })))
}

async fn find(call: &Call) -> Result<Document<Regulation>, Failed> {
    let not_found = || Failed::from(ApiError::new(codes::NOT_FOUND));
    let sid = call.text(0).parse().map_err(|_| not_found())?;
    call.scoped().get::<Regulation>(sid).await?.ok_or_else(not_found)
}

/// `GET /regulations/{regulateId}`.
pub(super) async fn fetch(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let regulation = find(&call).await?;
    let mut view = view(&regulation);
    view["workspaceId"] = call.workspace.sid.to_string().into();
    view["overallStatus"] = overall(&regulation.facts).into();
    // What is here is destroyed before the answer; nobody else is told yet, and that is said.
    let finished_at = view["finishedAt"].clone();
    let streams = regulation.facts.streams.iter().map(|stream| {
        let destinations = stream.destinations.iter().map(|sid| {
            json!({
                "id": sid,
                "name": sid,
                "status": "NOT_SUPPORTED",
                "errString": "deletions are not forwarded to this destination",
                "finishedAt": finished_at,
            })
        });
        json!({ "id": stream.source, "destinationStatus": destinations.collect::<Vec<_>>() })
    });
    view["streamStatus"] = streams.collect::<Vec<_>>().into();
    Ok(Reply::found(json!({ "regulation": view })))
}

/// `DELETE /regulations/{regulateId}`: one that was carried out cannot be taken back, and all are.
pub(super) async fn delete(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    find(&call).await?;
    Err(Failed::new(StatusCode::CONFLICT, "conflict", "the regulation is finished"))
}

/// `GET /suppressions`: who is suppressed, by name. It is a disclosure, for tokens with PII Access.
pub(super) async fn suppressions(mut call: Call) -> Result<Reply, Failed> {
    let request = PageRequest::read(&mut call.query)?;
    call.finish()?;
    call.may_see_people()?;
    let (page, pagination) = request.read_from::<Suppression>(&call.scoped()).await?;
    let sids = std::iter::once(call.workspace.sid.to_string());
    let sids = sids.chain(page.iter().map(|one| one.sid.to_string())).collect();
    let proof = call.ctx.disclose(sids, &["user_id"]).await?;
    let people: Vec<_> = page
        .into_iter()
        .filter_map(|one| one.content)
        .map(|person| {
            let (by, id) = match person.into_open(&proof) {
                Suppressed::UserId(id) => (NamedBy::User, id),
                Suppressed::AnonymousId(id) => (NamedBy::Anonymous, id),
            };
            json!({ "subjectType": by.as_str(), "subjectIds": [id] })
        })
        .collect();
    Ok(Reply::found(json!({ "suppressed": people, "pagination": pagination })))
}

const _: () = assert!(limits::REGULATED == 1_000, "the error says how many");
