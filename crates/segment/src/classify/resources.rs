//! Our own API for classification: Segment has it in its app alone (D-SEG-3).

use std::collections::{BTreeMap, BTreeSet};

use base::{FieldSid, ScanSid, Sid, Timestamp, WorkspaceSid};
use errors::{ApiError, Result, codes};
use kit::{Answer, Created, Ctx, Found, FromParams, Json, Params, Path, PathPair, Query};
use phi::Phi;
use privacy::{Colour, CustomMatcher, Door, PACK};
use serde::{Deserialize, Serialize};
use store::{Document, Index, NewDocument, Scope};

use super::records::{
    BY_STATE, Field, FieldFacts, FieldName, Policy, PolicyFacts, Scan, ScanFacts, field_sid, state_value,
};
use super::scan;
use crate::limits;
use crate::records::Workspace;
use crate::view::{filled, invalid};
use crate::workspaces;

/// How a workspace classifies, and whether its inbox is looked after (`PRIV-INBOX-1`).
#[derive(Serialize)]
pub(crate) struct PolicyView {
    workspace_sid: String,
    hipaa: bool,
    /// What happens to red fields at ingest.
    red_at_ingest: Door,
    /// Whether what nobody has spoken about is hidden from who has no access to PII.
    unclassified_hidden: bool,
    matchers: Vec<MatcherView>,
    inbox: InboxView,
}

#[derive(Serialize)]
#[serde(untagged)]
enum MatcherView {
    Custom {
        #[serde(flatten)]
        matcher: CustomMatcher,
        built_in: bool,
    },
    Pack {
        name: &'static str,
        colour: Colour,
        built_in: bool,
    },
}

/// The inbox, as of now.
#[derive(Serialize)]
pub(crate) struct InboxView {
    /// The oldest field that nobody has spoken about.
    oldest_at: Option<String>,
    days_allowed: u64,
    /// `green`, or `red` when that is longer ago than allowed.
    posture: &'static str,
}

impl InboxView {
    async fn now(ctx: &Ctx, workspace: WorkspaceSid) -> Result<Self> {
        let oldest = oldest_unclassified(&ctx.services.store, workspace).await?;
        let is_late = oldest.is_some_and(|at| is_late(at, ctx.now()));
        Ok(Self {
            oldest_at: oldest.map(Timestamp::iso8601),
            days_allowed: limits::INBOX_DAYS,
            posture: if is_late { "red" } else { "green" },
        })
    }
}

/// Whether a field waits for longer than it may.
pub(crate) fn is_late(since: Timestamp, now: Timestamp) -> bool {
    since < now.minus(std::time::Duration::from_secs(limits::INBOX_DAYS * 86_400))
}

/// Since when the field waits that has waited longest.
pub(crate) async fn oldest_unclassified(
    store: &store::Store,
    workspace: WorkspaceSid,
) -> std::result::Result<Option<Timestamp>, store::StoreError> {
    let filters = vec![Index { key: BY_STATE, value: state_value(false) }];
    let query = store::Query { filters, oldest_first: true, limit: 1, ..store::Query::default() };
    let listed = store.scope(Scope::workspace(workspace)).list::<Field>(query).await?;
    Ok(listed.documents.first().map(|field| field.created_at))
}

/// `GET …/Workspaces/{WorkspaceSid}/Privacy`.
pub(crate) async fn fetch_policy(ctx: Ctx, Path(workspace): Path<WorkspaceSid>) -> Answer<Found<PolicyView>> {
    let workspace = workspaces::find(&ctx, workspace).await?;
    policy_view(&ctx, &workspace).await.map(Found)
}

async fn policy_view(ctx: &Ctx, workspace: &Document<Workspace>) -> Answer<PolicyView> {
    let policy = policy(ctx, workspace.sid).await?.map(|policy| policy.facts).unwrap_or_default();
    let hipaa = workspace.facts.is_hipaa();
    let custom = policy.matchers.iter();
    let custom = custom.map(|matcher| MatcherView::Custom { matcher: matcher.clone(), built_in: false });
    let pack = PACK.iter();
    let pack = pack.map(|row| MatcherView::Pack { name: row.name, colour: row.colour, built_in: true });
    Ok(PolicyView {
        workspace_sid: workspace.sid.to_string(),
        hipaa,
        red_at_ingest: policy.red_door(hipaa),
        unclassified_hidden: hipaa,
        matchers: custom.chain(pack).collect(),
        inbox: InboxView::now(ctx, workspace.sid).await?,
    })
}

async fn policy(ctx: &Ctx, workspace: WorkspaceSid) -> Result<Option<Document<Policy>>> {
    Ok(ctx.services.store.scope(Scope::workspace(workspace)).get::<Policy>(workspace).await?)
}

/// What changes about how a workspace classifies.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePolicy {
    red_at_ingest: Option<Door>,
    /// Replaces the custom matchers.
    matchers: Option<Vec<CustomMatcher>>,
}

/// `POST …/Workspaces/{WorkspaceSid}/Privacy`.
pub(crate) async fn update_policy(
    ctx: Ctx,
    Path(sid): Path<WorkspaceSid>,
    Json(change): Json<ChangePolicy>,
) -> Answer<Created<PolicyView>> {
    let workspace = workspaces::find(&ctx, sid).await?;
    let known = policy(&ctx, sid).await?;
    let mut facts = known.as_ref().map(|policy| policy.facts.clone()).unwrap_or_default();
    if let Some(door) = change.red_at_ingest {
        facts.red_at_ingest = Some(door);
    }
    if let Some(matchers) = change.matchers {
        let names: BTreeSet<_> = matchers.iter().map(|matcher| &matcher.name).collect();
        let are_usable = matchers.len() <= privacy::limits::CUSTOM_MATCHERS
            && names.len() == matchers.len()
            && matchers.iter().all(|matcher| matcher.check().is_ok());
        if !are_usable {
            return Err(invalid("matchers").into());
        }
        facts.matchers = matchers;
    }
    let mut batch = ctx.batch();
    batch.in_scope(Scope::workspace(sid));
    write_policy(&mut batch, &ctx, sid, known, facts);
    batch.in_scope(ctx.scope());
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(Created(policy_view(&ctx, &workspace).await?))
}

/// Writes the policy, so that what was read under its last revision is not asked any more.
fn write_policy(
    batch: &mut store::Batch,
    ctx: &Ctx,
    workspace: WorkspaceSid,
    known: Option<Document<Policy>>,
    facts: PolicyFacts,
) {
    match known {
        Some(mut known) => {
            known.facts = facts;
            batch.update(&known);
        }
        None => batch.insert::<Policy>(NewDocument::of(workspace, ctx.now(), facts)),
    }
}

/// A field. Where it stands is shown after the ledger has an entry about it.
#[derive(Serialize)]
pub(crate) struct FieldView {
    sid: String,
    path: Option<String>,
    state: &'static str,
    colour: Option<Colour>,
    recommended: Option<Colour>,
    matcher: Option<String>,
    at_ingest: Door,
    sources: Vec<String>,
    detected_at: String,
    classified_at: Option<String>,
    signer: Option<String>,
}

/// Fields, newest first.
#[derive(Serialize)]
pub(crate) struct FieldList {
    fields: Vec<FieldView>,
    /// The `After` of the next page.
    next_after: Option<String>,
}

/// Which fields: `State` (`inbox` or `inventory`), and behind which page.
pub(crate) struct Which {
    is_classified: Option<bool>,
    after: Option<String>,
}

impl FromParams for Which {
    fn from_params(params: &mut Params) -> Result<Self> {
        let is_classified = match params.text("State")?.as_deref() {
            None => None,
            Some("inbox") => Some(false),
            Some("inventory") => Some(true),
            Some(_) => return Err(invalid("State")),
        };
        let after = params.text("After")?;
        if after.as_ref().is_some_and(|after| after.len() > limits::CURSOR) {
            return Err(invalid("After"));
        }
        Ok(Self { is_classified, after })
    }
}

/// `GET …/Workspaces/{WorkspaceSid}/Fields`.
pub(crate) async fn list_fields(
    ctx: Ctx,
    Path(workspace): Path<WorkspaceSid>,
    Query(which): Query<Which>,
) -> Answer<Found<FieldList>> {
    let hipaa = workspaces::find(&ctx, workspace).await?.facts.is_hipaa();
    let facts = policy(&ctx, workspace).await?.map(|policy| policy.facts).unwrap_or_default();
    let scoped = ctx.services.store.scope(Scope::workspace(workspace));
    let cursor = match which.after {
        None => None,
        Some(text) => Some(scoped.open_cursor(&text).await.map_err(|_| invalid("After"))?),
    };
    let filters = which.is_classified.map(|is| Index { key: BY_STATE, value: state_value(is) });
    let filters = filters.into_iter().collect();
    let query = store::Query { filters, cursor, limit: limits::FIELD_PAGE, ..store::Query::default() };
    let listed = scoped.list::<Field>(query).await.map_err(|error| match error {
        store::StoreError::Sealed => invalid("After"),
        error => error.into(),
    })?;
    let next_after = match &listed.next {
        Some(next) => Some(scoped.seal_cursor(next).await?),
        None => None,
    };
    let sids = std::iter::once(workspace.to_string());
    let sids = sids.chain(listed.documents.iter().map(|field| field.sid.to_string())).collect();
    let proof = ctx.disclose(sids, &["path"]).await?;
    let fields = listed.documents.into_iter().map(|field| view(field, &facts, hipaa, &proof)).collect();
    Ok(Found(FieldList { fields, next_after }))
}

fn view(field: Document<Field>, policy: &PolicyFacts, hipaa: bool, proof: &phi::Proof) -> FieldView {
    let Document { sid, created_at, facts, content, .. } = field;
    let at_ingest = facts.at_ingest(policy, hipaa);
    let FieldFacts { colour, recommended, sources, classified_at, signer, .. } = facts;
    let (matcher, recommended) = recommended.unzip();
    FieldView {
        sid: sid.to_string(),
        path: content.map(|name| name.into_open(proof).path().to_string()),
        state: if colour.is_some() { "inventory" } else { "inbox" },
        colour,
        recommended,
        matcher,
        at_ingest,
        sources,
        detected_at: created_at.iso8601(),
        classified_at: classified_at.map(|at| Timestamp::from_micros(at).iso8601()),
        signer,
    }
}

/// What somebody says of fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Classify {
    classify: Vec<Said>,
    /// Whose word it is.
    signer: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    /// A field that was detected; or
    sid: Option<String>,
    /// where it stands, seen or not.
    path: Option<String>,
    colour: Colour,
    at_ingest: Option<Door>,
}

/// What was said, by the fields' SIDs.
#[derive(Serialize)]
pub(crate) struct Classifications {
    classified: Vec<String>,
}

/// `POST …/Workspaces/{WorkspaceSid}/Fields`: it counts at once, for what is kept already too.
pub(crate) async fn classify(
    ctx: Ctx,
    Path(workspace): Path<WorkspaceSid>,
    Json(request): Json<Classify>,
) -> Answer<Created<Classifications>> {
    let signer = filled("signer", request.signer, limits::LINE)?;
    if request.classify.is_empty() || request.classify.len() > limits::CLASSIFIED {
        return Err(invalid("classify").into());
    }
    workspaces::find(&ctx, workspace).await?;
    let scope = Scope::workspace(workspace);
    let scoped = ctx.services.store.scope(scope);
    let key = scoped.digest_key().await?;
    let mut batch = ctx.batch();
    batch.in_scope(scope);
    let mut said: BTreeMap<FieldSid, ()> = BTreeMap::new();
    for Said { sid, path, colour, at_ingest } in request.classify {
        let (sid, name) = match (sid, path) {
            (Some(sid), None) => (sid.parse().map_err(|_| invalid("classify.sid"))?, None),
            (None, Some(path)) => {
                let path = paths::Path::parse_loosely(&path).map_err(|_| invalid("classify.path"))?;
                if path.is_root() {
                    return Err(invalid("classify.path").into());
                }
                let path = Phi::new(path);
                (field_sid(&key, &path), Some(path))
            }
            _ => return Err(invalid("classify").into()),
        };
        if said.insert(sid, ()).is_some() {
            return Err(invalid("classify").into());
        }
        let spoken = |facts: &mut FieldFacts| {
            facts.colour = Some(colour);
            facts.door = at_ingest;
            facts.classified_at = Some(ctx.now().micros());
            facts.signer = Some(signer.clone());
        };
        match (scoped.get::<Field>(sid).await?, name) {
            (Some(mut known), _) => {
                spoken(&mut known.facts);
                batch.update(&known);
                let values = known.facts.index().into_iter().map(|index| index.value).collect();
                batch.reindex::<Field>(sid, BY_STATE, values);
            }
            (None, Some(path)) => {
                let mut facts = FieldFacts::default();
                spoken(&mut facts);
                let content = Some(path.map(|path| FieldName::of(&path)));
                let index = facts.index();
                batch.insert::<Field>(NewDocument {
                    content,
                    index,
                    ..NewDocument::of(sid, ctx.now(), facts)
                });
            }
            (None, None) => return Err(ApiError::new(codes::NOT_FOUND).into()),
        }
    }
    let known = policy(&ctx, workspace).await?;
    let facts = known.as_ref().map(|policy| policy.facts.clone()).unwrap_or_default();
    write_policy(&mut batch, &ctx, workspace, known, facts);
    let classified: Vec<_> = said.into_keys().map(|sid| sid.to_string()).collect();
    let sids = std::iter::once(workspace.to_string()).chain(classified.iter().cloned()).collect();
    batch.in_scope(ctx.scope());
    ctx.commit(batch, sids).await?;
    Ok(Created(Classifications { classified }))
}

/// A look through what is kept (`PRIV-INBOX-2`).
#[derive(Serialize)]
pub(crate) struct ScanView {
    sid: String,
    purge: bool,
    state: &'static str,
    sources_left: usize,
    rows: u64,
    events: u64,
    destroyed: u64,
    unreadable: u64,
    fields_detected: u64,
    /// Events that hold something red: what is still to be dealt with.
    unresolved: u64,
    events_purged: u64,
    values_purged: u64,
    started_at: String,
    finished_at: Option<String>,
}

impl ScanView {
    fn new(document: &Document<Scan>) -> Self {
        let facts = &document.facts;
        Self {
            sid: document.sid.to_string(),
            purge: facts.purges,
            state: if facts.finished_at.is_some() { "finished" } else { "running" },
            sources_left: facts.sources.len(),
            rows: facts.rows,
            events: facts.events,
            destroyed: facts.destroyed,
            unreadable: facts.unreadable,
            fields_detected: facts.detected,
            unresolved: facts.unresolved,
            events_purged: facts.purged,
            values_purged: facts.purged_values,
            started_at: document.created_at.iso8601(),
            finished_at: facts.finished_at.map(|at| Timestamp::from_micros(at).iso8601()),
        }
    }
}

/// Looks through what is kept, newest first.
#[derive(Serialize)]
pub(crate) struct ScanList {
    scans: Vec<ScanView>,
}

/// Whether what is red is taken out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartScan {
    #[serde(default)]
    purge: bool,
}

async fn scans(ctx: &Ctx, workspace: WorkspaceSid) -> Result<Vec<Document<Scan>>> {
    let query = store::Query { limit: limits::SCANS, ..store::Query::default() };
    Ok(ctx.services.store.scope(Scope::workspace(workspace)).list::<Scan>(query).await?.documents)
}

/// `POST …/Workspaces/{WorkspaceSid}/Scans`: one at a time.
pub(crate) async fn start_scan(
    ctx: Ctx,
    Path(workspace): Path<WorkspaceSid>,
    Json(StartScan { purge }): Json<StartScan>,
) -> Answer<Created<ScanView>> {
    workspaces::find(&ctx, workspace).await?;
    if scans(&ctx, workspace).await?.iter().any(|scan| scan.facts.finished_at.is_none()) {
        let hint = "a look through the workspace goes on already";
        return Err(ApiError::new(codes::CONFLICT).hint(hint).into());
    }
    let sources = crate::sources::all(&ctx, workspace).await?;
    let sid = ScanSid::generate(ctx.services.store.random().as_ref());
    let facts = ScanFacts {
        account: ctx.account().sid().to_string(),
        workspace: workspace.to_string(),
        purges: purge,
        sources: sources.iter().map(|source| source.sid.to_string()).collect(),
        after: 0,
        rows: 0,
        events: 0,
        destroyed: 0,
        unreadable: 0,
        detected: 0,
        unresolved: 0,
        purged: 0,
        purged_values: 0,
        finished_at: None,
    };
    let mut batch = ctx.batch();
    batch.in_scope(Scope::workspace(workspace)).insert::<Scan>(NewDocument::of(sid, ctx.now(), facts));
    batch.enqueue(scan::job(sid, ctx.now()));
    batch.in_scope(ctx.scope());
    ctx.commit(batch, vec![workspace.to_string(), sid.to_string()]).await?;
    Ok(Created(ScanView::new(&find_scan(&ctx, workspace, sid).await?)))
}

/// `GET …/Workspaces/{WorkspaceSid}/Scans`.
pub(crate) async fn list_scans(ctx: Ctx, Path(workspace): Path<WorkspaceSid>) -> Answer<Found<ScanList>> {
    workspaces::find(&ctx, workspace).await?;
    let scans = scans(&ctx, workspace).await?;
    Ok(Found(ScanList { scans: scans.iter().map(ScanView::new).collect() }))
}

/// `GET …/Workspaces/{WorkspaceSid}/Scans/{ScanSid}`.
pub(crate) async fn fetch_scan(
    ctx: Ctx,
    PathPair(workspace, sid): PathPair<WorkspaceSid, ScanSid>,
) -> Answer<Found<ScanView>> {
    workspaces::find(&ctx, workspace).await?;
    Ok(Found(ScanView::new(&find_scan(&ctx, workspace, sid).await?)))
}

async fn find_scan(ctx: &Ctx, workspace: WorkspaceSid, sid: ScanSid) -> Result<Document<Scan>> {
    let found = ctx.services.store.scope(Scope::workspace(workspace)).get::<Scan>(sid).await?;
    found.ok_or_else(|| codes::NOT_FOUND.into())
}
