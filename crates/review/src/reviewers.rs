//! The operator's people who may ask for reviews, approve them and read: a name and a key each.
//!
//! Two keys under two names are taken for two people; that they are is the operator's to see to. Who was added, and
//! by whom, stands in the ledger of the system.

use base::{PersonSid, Sid, Timestamp};
use data_encoding::BASE64;
use errors::{ApiError, Result, codes};
use kit::{Answer, Caller, Created, Deleted, Found, Json, Path};
use serde::Serialize;
use statements::{Signable, Signed, Signer};
use store::{Document, Kind, NewDocument, Query, Scope, Store};

use crate::limits;
use crate::text::invalid;

/// The kind of the documents; they live in the scope of the system.
#[derive(Debug)]
pub(crate) enum StoredReviewer {}

impl Kind for StoredReviewer {
    const NAME: &'static str = "reviewer";
    type Sid = PersonSid;
    type Facts = Signer;
    type Content = ();
}

/// A reviewer. The key is the public one.
#[derive(Serialize)]
pub(crate) struct ReviewerView {
    sid: String,
    name: String,
    role: String,
    key: String,
    added_at: String,
}

impl ReviewerView {
    fn new(document: &Document<StoredReviewer>) -> Self {
        let Signer { name, role, key } = &document.facts;
        Self {
            sid: document.sid.to_string(),
            name: name.clone(),
            role: role.clone(),
            key: BASE64.encode(key),
            added_at: document.created_at.iso8601(),
        }
    }
}

/// Every reviewer, newest first.
#[derive(Serialize)]
pub(crate) struct ReviewerList {
    reviewers: Vec<ReviewerView>,
}

/// `GET /Reviewers`.
pub(crate) async fn list(caller: Caller) -> Answer<Found<ReviewerList>> {
    let reviewers = all(&caller.services.store).await?;
    Ok(Found(ReviewerList { reviewers: reviewers.iter().map(ReviewerView::new).collect() }))
}

/// `POST /Reviewers`. Neither a name nor a key comes twice.
pub(crate) async fn create(caller: Caller, Json(signer): Json<Signer>) -> Answer<Created<ReviewerView>> {
    let facts = signer.checked().map_err(|problem| invalid(problem.field))?;
    let store = &caller.services.store;
    let known = all(store).await?;
    let is_same = |it: &Document<StoredReviewer>| {
        it.facts.key == facts.key || it.facts.name.eq_ignore_ascii_case(&facts.name)
    };
    if known.iter().any(is_same) {
        return Err(ApiError::new(codes::CONFLICT).hint("a reviewer has this name or this key").into());
    }
    if known.len() >= limits::REVIEWERS {
        return Err(ApiError::new(codes::CONFLICT)
            .hint("there are as many reviewers as there may be")
            .into());
    }
    let sid = PersonSid::generate(store.random().as_ref());
    let mut batch = store.batch(Scope::SYSTEM);
    batch.insert::<StoredReviewer>(NewDocument::of(sid, caller.now(), facts));
    caller.commit(batch, vec![sid.to_string()]).await?;
    Ok(Created(ReviewerView::new(&find(store, sid).await?)))
}

/// `DELETE /Reviewers/{ReviewerSid}`: this person reads nothing more, not in an open review either.
pub(crate) async fn delete(caller: Caller, Path(sid): Path<PersonSid>) -> Answer<Deleted> {
    let store = &caller.services.store;
    let mut batch = store.batch(Scope::SYSTEM);
    batch.delete(&find(store, sid).await?);
    caller.commit(batch, vec![sid.to_string()]).await?;
    Ok(Deleted)
}

/// Who signed this, just now.
///
/// # Errors
/// 20001 when no reviewer of today did, or when it is old.
pub(crate) async fn signer<S: Signable>(
    store: &Store,
    now: Timestamp,
    signed: &Signed<S>,
) -> Result<Document<StoredReviewer>> {
    let at = Timestamp::parse_iso8601(&signed.at).ok_or_else(|| invalid("at"))?;
    if at.plus(limits::FRESH) < now || now.plus(limits::FRESH) < at {
        return Err(invalid("at").hint("what is signed is sent at once: the time is too far from ours"));
    }
    let found = all(store).await?.into_iter().find(|reviewer| signed.is_signed_by(&reviewer.facts));
    found.ok_or_else(|| invalid("signature").hint("it is none that a reviewer has made over this statement"))
}

async fn all(store: &Store) -> Result<Vec<Document<StoredReviewer>>> {
    let query = Query { limit: limits::REVIEWERS, ..Query::default() };
    Ok(store.scope(Scope::SYSTEM).list::<StoredReviewer>(query).await?.documents)
}

async fn find(store: &Store, sid: PersonSid) -> Result<Document<StoredReviewer>> {
    let found = store.scope(Scope::SYSTEM).get::<StoredReviewer>(sid).await?;
    found.ok_or(ApiError::new(codes::NOT_FOUND))
}
