//! Complaints, as the operator records them: who complained and under which reference, and no word of what was said.

use base::{ComplaintSid, Sid};
use errors::{ApiError, codes};
use kit::{After, Answer, Created, Ctx, Found, Json, Path, Query};
use serde::{Deserialize, Serialize};
use store::{Document, Kind, NewDocument};

use crate::limits;
use crate::text::invalid;

/// The kind of the documents; they live in the scope of the account complained about.
#[derive(Debug)]
pub(crate) enum Complaint {}

impl Kind for Complaint {
    const NAME: &'static str = "complaint";
    type Sid = ComplaintSid;
    type Facts = ComplaintFacts;
    type Content = ();
}

/// Who complains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum From {
    /// A carrier.
    Carrier,
    /// Somebody who got a message.
    Consumer,
}

/// A complaint, as it is sent and kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ComplaintFacts {
    /// Who complains.
    pub(crate) from: From,
    /// The ticket that holds the complaint itself.
    reference: String,
}

/// A complaint.
#[derive(Serialize)]
pub(crate) struct ComplaintView {
    sid: String,
    #[serde(flatten)]
    facts: ComplaintFacts,
    recorded_at: String,
}

impl ComplaintView {
    fn new(document: Document<Complaint>) -> Self {
        Self {
            sid: document.sid.to_string(),
            facts: document.facts,
            recorded_at: document.created_at.iso8601(),
        }
    }
}

/// A page of complaints, newest first.
#[derive(Serialize)]
pub(crate) struct ComplaintList {
    complaints: Vec<ComplaintView>,
    /// The `After` of the next page, when there is one.
    next_after: Option<String>,
}

/// `GET …/Complaints`.
pub(crate) async fn list(
    ctx: Ctx,
    Query(query): Query<After<ComplaintSid, { limits::MAX_PAGE }>>,
) -> Answer<Found<ComplaintList>> {
    let (rows, next_after) = query.page::<Complaint>(&ctx.store()).await?;
    Ok(Found(ComplaintList { complaints: rows.into_iter().map(ComplaintView::new).collect(), next_after }))
}

/// `POST …/Complaints`.
pub(crate) async fn create(ctx: Ctx, Json(facts): Json<ComplaintFacts>) -> Answer<Created<ComplaintView>> {
    let length = facts.reference.chars().count();
    if facts.reference.trim().is_empty() || length > limits::LINE {
        return Err(invalid("reference").into());
    }
    let sid = ComplaintSid::generate(ctx.services.store.random().as_ref());
    let mut batch = ctx.batch();
    batch.insert::<Complaint>(NewDocument::of(sid, ctx.now(), facts));
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(Created(ComplaintView::new(find(&ctx, sid).await?)))
}

/// `GET …/Complaints/{ComplaintSid}`.
pub(crate) async fn fetch(ctx: Ctx, Path(sid): Path<ComplaintSid>) -> Answer<Found<ComplaintView>> {
    Ok(Found(ComplaintView::new(find(&ctx, sid).await?)))
}

async fn find(ctx: &Ctx, sid: ComplaintSid) -> errors::Result<Document<Complaint>> {
    ctx.store().get::<Complaint>(sid).await?.ok_or(ApiError::new(codes::NOT_FOUND))
}
