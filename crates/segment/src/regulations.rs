//! Regulations: people who are suppressed, or whose data is deleted, by their user ids or by the anonymous ids of their
//! devices (PRIV-SUPPR-1, PRIV-SUPPR-2).
//!
//! The types and words are those of Segment's Public API. Both happen at once and before the answer: a suppression is
//! found by every request that begins later, and a deletion is the destruction of the person's key. What happened
//! before it is not taken again. Each has a signed receipt, by which it is done once more after a restore from a
//! backup that knows nothing of it.

use std::collections::BTreeMap;

use base::{RegulationSid, Sid, SubjectSid, Timestamp, WorkspaceSid};
use data_encoding::BASE64;
use errors::{ApiError, Result, codes};
use kit::{Answer, Created, Ctx, Found, FromParams, Json, Params, Path, PathPair, Query};
use phi::{DigestKey, Phi};
use serde::{Deserialize, Serialize};
use store::{Batch, Document, NewDocument, Scope, Subject};

use crate::limits;
use crate::records::{
    Regulation, RegulationFacts, Stream, Suppressed, Suppression, deletion_name, suppression_name,
};
use crate::subjects;
use crate::view::invalid;
use crate::workspaces;

/// What a receipt is, for its signature.
const RECEIPT: &str = "segment regulation";

/// What is to happen.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum RegulationType {
    SuppressOnly,
    Unsuppress,
    SuppressWithDelete,
    DeleteOnly,
}

impl RegulationType {
    const fn suppresses(self) -> bool {
        matches!(self, Self::SuppressOnly | Self::SuppressWithDelete)
    }

    const fn deletes(self) -> bool {
        matches!(self, Self::SuppressWithDelete | Self::DeleteOnly)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::SuppressOnly => "SUPPRESS_ONLY",
            Self::Unsuppress => "UNSUPPRESS",
            Self::SuppressWithDelete => "SUPPRESS_WITH_DELETE",
            Self::DeleteOnly => "DELETE_ONLY",
        }
    }
}

/// What people are named by.
#[derive(Clone, Copy)]
pub(crate) enum NamedBy {
    User,
    Anonymous,
}

impl NamedBy {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::User => "USER_ID",
            Self::Anonymous => "ANONYMOUS_ID",
        }
    }

    fn subject(self, key: &DigestKey, id: &Phi<String>) -> SubjectSid {
        match self {
            Self::User => subjects::user(key, id),
            Self::Anonymous => subjects::anonymous(key, id),
        }
    }

    fn suppressed(self, id: String) -> Suppressed {
        match self {
            Self::User => Suppressed::UserId(id),
            Self::Anonymous => Suppressed::AnonymousId(id),
        }
    }
}

/// To whom.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateRegulation {
    regulation_type: RegulationType,
    user_ids: Option<Vec<String>>,
    anonymous_ids: Option<Vec<String>>,
}

/// What was done. The people are not named again.
#[derive(Serialize)]
pub(crate) struct RegulationView {
    sid: String,
    regulation_type: String,
    subject_type: String,
    /// `FINISHED`, or `PARTIAL_SUCCESS` when somebody else got something and is not told.
    status: &'static str,
    people: usize,
    streams: Vec<StreamView>,
    date_created: String,
    receipt: Receipt,
}

#[derive(Serialize)]
struct StreamView {
    source_sid: String,
    /// What is here of the stream: destroyed before the answer.
    status: &'static str,
    destinations: BTreeMap<String, &'static str>,
}

/// Evidence of a regulation: whoever keeps it can show it, and have it done again.
#[derive(Serialize)]
pub(crate) struct Receipt {
    /// JSON: which regulation, of which workspace and subjects, when.
    statement: String,
    /// Its Ed25519 signature, in base64.
    signature: String,
    /// The instance's public key, in base64.
    public_key: String,
}

/// What a receipt says.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    v: u8,
    regulation: String,
    regulation_type: RegulationType,
    workspace: String,
    subjects: Vec<String>,
    /// Microseconds since the epoch.
    at: i64,
}

/// The status of a whole regulation.
pub(crate) fn overall(facts: &RegulationFacts) -> &'static str {
    let is_partial = facts.streams.iter().any(|stream| !stream.destinations.is_empty());
    if is_partial { "PARTIAL_SUCCESS" } else { "FINISHED" }
}

async fn view(ctx: &Ctx, workspace: WorkspaceSid, document: &Document<Regulation>) -> Result<RegulationView> {
    let facts = &document.facts;
    let streams = facts.streams.iter().map(|stream| StreamView {
        source_sid: stream.source.clone(),
        status: "FINISHED",
        destinations: stream.destinations.iter().map(|name| (name.clone(), "NOT_SUPPORTED")).collect(),
    });
    Ok(RegulationView {
        sid: document.sid.to_string(),
        regulation_type: facts.regulation_type.clone(),
        subject_type: facts.subject_type.clone(),
        status: overall(facts),
        people: facts.subjects.len(),
        streams: streams.collect(),
        date_created: document.created_at.iso8601(),
        receipt: receipt(ctx, workspace, document).await?,
    })
}

async fn receipt(ctx: &Ctx, workspace: WorkspaceSid, document: &Document<Regulation>) -> Result<Receipt> {
    let words = serde_json::Value::String(document.facts.regulation_type.clone());
    let failed = || ApiError::new(codes::INTERNAL);
    let statement = Statement {
        v: 1,
        regulation: document.sid.to_string(),
        regulation_type: serde_json::from_value(words).map_err(|_| failed())?,
        workspace: workspace.to_string(),
        subjects: document.facts.subjects.clone(),
        at: document.created_at.micros(),
    };
    let statement = serde_json::to_string(&statement).map_err(|_| failed())?;
    let store = &ctx.services.store;
    let signed = ledger::sign(store, RECEIPT, statement.as_bytes()).await;
    let key = ledger::public_key(store).await;
    let (Ok(signature), Ok(key)) = (signed, key) else {
        return Err(ApiError::new(codes::UNAVAILABLE));
    };
    Ok(Receipt { statement, signature: BASE64.encode(&signature), public_key: BASE64.encode(&key) })
}

/// `POST …/Workspaces/{WorkspaceSid}/Regulations`.
pub(crate) async fn create(
    ctx: Ctx,
    Path(workspace): Path<WorkspaceSid>,
    Json(request): Json<CreateRegulation>,
) -> Answer<Created<RegulationView>> {
    let CreateRegulation { regulation_type, user_ids, anonymous_ids } = request;
    let (by, ids) = match (user_ids, anonymous_ids) {
        (Some(ids), None) => (NamedBy::User, ids),
        (None, Some(ids)) => (NamedBy::Anonymous, ids),
        _ => return Err(invalid("user_ids").into()),
    };
    if !are_acceptable(&ids) {
        let parameter = if matches!(by, NamedBy::User) { "user_ids" } else { "anonymous_ids" };
        return Err(invalid(parameter).into());
    }
    workspaces::find(&ctx, workspace).await?;
    let ids = ids.into_iter().map(Phi::new);
    let (mut batch, sid, done) = regulate(&ctx, workspace, regulation_type, by, ids).await?;
    let sids = [workspace.to_string(), sid.to_string()];
    let sids = sids.into_iter().chain(done.iter().map(SubjectSid::to_string)).collect();
    batch.in_scope(ctx.scope());
    ctx.commit(batch, sids).await?;
    Ok(Created(view(&ctx, workspace, &find(&ctx, workspace, sid).await?).await?))
}

async fn find(ctx: &Ctx, workspace: WorkspaceSid, sid: RegulationSid) -> Result<Document<Regulation>> {
    let found = ctx.services.store.scope(Scope::workspace(workspace)).get::<Regulation>(sid).await?;
    found.ok_or_else(|| codes::NOT_FOUND.into())
}

/// `GET …/Workspaces/{WorkspaceSid}/Regulations/{RegulationSid}`.
pub(crate) async fn fetch(
    ctx: Ctx,
    PathPair(workspace, sid): PathPair<WorkspaceSid, RegulationSid>,
) -> Answer<Found<RegulationView>> {
    workspaces::find(&ctx, workspace).await?;
    Ok(Found(view(&ctx, workspace, &find(&ctx, workspace, sid).await?).await?))
}

/// Regulations, newest first, with their receipts: what is kept beside backups.
#[derive(Serialize)]
pub(crate) struct RegulationList {
    regulations: Vec<RegulationView>,
    next_after: Option<String>,
}

/// Behind which page.
pub(crate) struct After(Option<String>);

impl FromParams for After {
    fn from_params(params: &mut Params) -> Result<Self> {
        let after = params.text("After")?;
        if after.as_ref().is_some_and(|after| after.len() > limits::CURSOR) {
            return Err(invalid("After"));
        }
        Ok(Self(after))
    }
}

/// `GET …/Workspaces/{WorkspaceSid}/Regulations`.
pub(crate) async fn list(
    ctx: Ctx,
    Path(workspace): Path<WorkspaceSid>,
    Query(After(after)): Query<After>,
) -> Answer<Found<RegulationList>> {
    workspaces::find(&ctx, workspace).await?;
    let scoped = ctx.services.store.scope(Scope::workspace(workspace));
    let cursor = match after {
        None => None,
        Some(text) => Some(scoped.open_cursor(&text).await.map_err(|_| invalid("After"))?),
    };
    let query = store::Query { limit: limits::REGULATION_PAGE, cursor, ..store::Query::default() };
    let listed = scoped.list::<Regulation>(query).await.map_err(|error| match error {
        store::StoreError::Sealed => invalid("After"),
        error => error.into(),
    })?;
    let mut regulations = Vec::with_capacity(listed.documents.len());
    for document in &listed.documents {
        regulations.push(view(&ctx, workspace, document).await?);
    }
    let next_after = match &listed.next {
        Some(next) => Some(scoped.seal_cursor(next).await?),
        None => None,
    };
    Ok(Found(RegulationList { regulations, next_after }))
}

/// Receipts of deletions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GivenReceipts {
    receipts: Vec<GivenReceipt>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenReceipt {
    statement: String,
    signature: String,
    /// Stands in every receipt; the instance's own key is what counts.
    #[serde(rename = "public_key", default)]
    _public_key: Option<String>,
}

/// What came of them.
#[derive(Serialize)]
pub(crate) struct Reapplied {
    /// Receipts that ask for a deletion.
    deletions: usize,
    /// People whose keys had come back, and are destroyed again.
    destroyed: usize,
}

/// `POST …/Workspaces/{WorkspaceSid}/Receipts`: deletions that the backup did not know are done again. Somebody who came
/// after their deletion stays.
pub(crate) async fn reapply(
    ctx: Ctx,
    Path(workspace): Path<WorkspaceSid>,
    Json(request): Json<GivenReceipts>,
) -> Answer<Created<Reapplied>> {
    if request.receipts.is_empty() || request.receipts.len() > limits::RECEIPTS {
        return Err(invalid("receipts").into());
    }
    workspaces::find(&ctx, workspace).await?;
    let (scope, mut deletions) = (Scope::workspace(workspace), 0);
    let mut deleted: BTreeMap<SubjectSid, Timestamp> = BTreeMap::new();
    for given in &request.receipts {
        let statement = check(&ctx, workspace, given).await?;
        if !statement.regulation_type.deletes() {
            continue;
        }
        deletions += 1;
        let at = Timestamp::from_micros(statement.at);
        for subject in &statement.subjects {
            let sid = subject.parse().map_err(|_| invalid("receipts"))?;
            let known = deleted.entry(sid).or_insert(at);
            *known = at.max(*known);
        }
    }
    if deleted.len() > limits::REGULATED {
        return Err(invalid("receipts").into());
    }
    let scoped = ctx.services.store.scope(scope);
    let mut batch = ctx.batch();
    batch.in_scope(scope);
    let (mut sids, mut destroyed) = (vec![workspace.to_string()], 0);
    for (sid, at) in deleted {
        if scoped.get::<Subject>(sid).await?.is_some_and(|subject| subject.created_at <= at) {
            batch.forget_subject(sid);
            note_deletion(&mut batch, workspace, sid, at);
            sids.push(sid.to_string());
            destroyed += 1;
        }
    }
    batch.in_scope(ctx.scope());
    ctx.commit(batch, sids).await?;
    Ok(Created(Reapplied { deletions, destroyed }))
}

/// A receipt of this instance for this workspace.
async fn check(ctx: &Ctx, workspace: WorkspaceSid, given: &GivenReceipt) -> Result<Statement> {
    let signature = BASE64.decode(given.signature.as_bytes()).map_err(|_| invalid("receipts"))?;
    let signed =
        ledger::is_signed(&ctx.services.store, RECEIPT, given.statement.as_bytes(), &signature).await;
    match signed {
        Ok(true) => {}
        Ok(false) => return Err(invalid("receipts")),
        Err(_) => return Err(ApiError::new(codes::UNAVAILABLE)),
    }
    let statement: Statement = serde_json::from_str(&given.statement).map_err(|_| invalid("receipts"))?;
    if statement.workspace == workspace.to_string() { Ok(statement) } else { Err(invalid("receipts")) }
}

/// Whether so many people can be regulated at once, and these are ids.
pub(crate) fn are_acceptable(ids: &[String]) -> bool {
    let is_id = |id: &String| !id.is_empty() && id.chars().count() <= limits::ID;
    (1..=limits::REGULATED).contains(&ids.len()) && ids.iter().all(is_id)
}

/// What is to happen to all of them, in the workspace's scope, with the record of it; and who they are.
pub(crate) async fn regulate(
    ctx: &Ctx,
    workspace: WorkspaceSid,
    regulation: RegulationType,
    by: NamedBy,
    ids: impl Iterator<Item = Phi<String>>,
) -> Result<(Batch, RegulationSid, Vec<SubjectSid>)> {
    let scope = Scope::workspace(workspace);
    let scoped = ctx.services.store.scope(scope);
    let key = scoped.digest_key().await?;
    let now = ctx.now();
    let mut batch = ctx.batch();
    batch.in_scope(scope);
    let mut done: Vec<SubjectSid> = Vec::new();
    for id in ids {
        let sid = by.subject(&key, &id);
        if done.contains(&sid) {
            continue;
        }
        done.push(sid);
        let present = scoped.get::<Suppression>(sid).await?;
        match present {
            None if regulation.suppresses() => {
                let content = Some(id.map(|id| by.suppressed(id)));
                batch.insert::<Suppression>(NewDocument { content, ..NewDocument::of(sid, now, ()) });
                batch.name(suppression_name(workspace, sid), sid.to_string());
            }
            Some(present) if matches!(regulation, RegulationType::Unsuppress) => {
                batch.delete(&present);
                batch.unname(suppression_name(workspace, sid));
            }
            _ => {}
        }
        if regulation.deletes() {
            batch.forget_subject(sid);
            note_deletion(&mut batch, workspace, sid, now);
        }
    }
    let streams = if regulation.deletes() { streams(&scoped).await? } else { Vec::new() };
    let sid = RegulationSid::generate(ctx.services.store.random().as_ref());
    let facts = RegulationFacts {
        regulation_type: regulation.as_str().to_owned(),
        subjects: done.iter().map(ToString::to_string).collect(),
        subject_type: by.as_str().to_owned(),
        streams,
    };
    batch.insert::<Regulation>(NewDocument::of(sid, now, facts));
    Ok((batch, sid, done))
}

/// What happened before is not taken again.
fn note_deletion(batch: &mut Batch, workspace: WorkspaceSid, sid: SubjectSid, at: Timestamp) {
    batch.unname(deletion_name(workspace, sid));
    batch.name(deletion_name(workspace, sid), at.micros().to_string());
}

/// Sources that events of went elsewhere, and where.
async fn streams(scoped: &store::Scoped) -> Result<Vec<Stream>> {
    let mut streams: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for consumer in scoped.consumers().await? {
        streams.entry(consumer.stream).or_default().push(consumer.name);
    }
    let stream = |(source, destinations)| Stream { source, destinations };
    Ok(streams.into_iter().map(stream).collect())
}
