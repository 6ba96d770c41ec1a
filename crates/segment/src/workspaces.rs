//! Workspaces, and how one becomes a HIPAA workspace.
//!
//! Designation is of one workspace and handed down to none (SEG-DES-3). The operator designates, on a request that is
//! on record (SEG-DES-4), for a customer who holds the package and an agreement (SEG-DES-1). It never goes back.

use base::{Sid, WorkspaceSid};
use errors::{ApiError, Result, codes};
use kit::{Answer, Created, Ctx, Found, Json, Path};
use rulebook::guard::DesignateWorkspaceFacts;
use rulebook::{AccountFacts, Action, Policy};
use serde::Deserialize;
use store::{Document, NewDocument, Query, Scope};

use crate::limits;
use crate::records::{Designation, Workspace, WorkspaceFacts};
use crate::view::{Named, WorkspaceList, WorkspaceView, filled, invalid};

/// The workspace of a path; one of another account is none.
pub(crate) async fn find(ctx: &Ctx, sid: WorkspaceSid) -> Result<Document<Workspace>> {
    let found = ctx.store().get::<Workspace>(sid).await?;
    found.ok_or_else(|| codes::NOT_FOUND.into())
}

/// `GET …/Workspaces`.
pub(crate) async fn list(ctx: Ctx) -> Answer<Found<WorkspaceList>> {
    let listed =
        ctx.store().list::<Workspace>(Query { limit: limits::WORKSPACES, ..Query::default() }).await?;
    Ok(Found(WorkspaceList { workspaces: listed.documents.iter().map(WorkspaceView::new).collect() }))
}

/// `POST …/Workspaces`: never a HIPAA workspace, whatever its account and its other workspaces are.
pub(crate) async fn create(ctx: Ctx, Json(request): Json<Named>) -> Answer<Created<WorkspaceView>> {
    let name = request.name()?;
    let listed =
        ctx.store().list::<Workspace>(Query { limit: limits::WORKSPACES, ..Query::default() }).await?;
    if listed.documents.len() >= limits::WORKSPACES {
        return Err(ApiError::new(codes::CONFLICT)
            .hint("the account has as many workspaces as it may have")
            .into());
    }
    let sid = WorkspaceSid::generate(ctx.services.store.random().as_ref());
    let facts = WorkspaceFacts {
        name,
        designation: None,
        consent_required: false,
        labels: Vec::new(),
        kept_days: None,
        inbox_alerted_at: None,
    };
    let mut batch = ctx.batch();
    batch.in_scope(Scope::workspace(sid)).create_scope(Scope::workspace(sid));
    batch.in_scope(ctx.scope()).insert::<Workspace>(NewDocument::of(sid, ctx.now(), facts));
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(Created(WorkspaceView::new(&find(&ctx, sid).await?)))
}

/// `GET …/Workspaces/{WorkspaceSid}`.
pub(crate) async fn fetch(ctx: Ctx, Path(sid): Path<WorkspaceSid>) -> Answer<Found<WorkspaceView>> {
    Ok(Found(WorkspaceView::new(&find(&ctx, sid).await?)))
}

/// The request that the operator acts on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DesignationRequest {
    request_reference: Option<String>,
    requester: Option<String>,
}

/// `POST …/Workspaces/{WorkspaceSid}/Designation`.
pub(crate) async fn designate(
    ctx: Ctx,
    Path(sid): Path<WorkspaceSid>,
    Json(request): Json<DesignationRequest>,
) -> Answer<Created<WorkspaceView>> {
    let mut workspace = find(&ctx, sid).await?;
    if workspace.facts.is_hipaa() {
        return Err(ApiError::new(codes::CONFLICT).hint("the workspace is a HIPAA workspace already").into());
    }
    let reference = request.request_reference.unwrap_or_default();
    let account = ctx.account();
    ctx.guard(&Action::DesignateWorkspace(DesignateWorkspaceFacts {
        agreement_active: !account.agreements.is_empty(),
        entitled: account.organization.as_ref().is_some_and(|held| held.facts.is_entitled(ctx.now())),
        request_reference: !reference.trim().is_empty(),
    }))?;
    workspace.facts.designation = Some(Designation {
        at: ctx.now().micros(),
        reference: filled("request_reference", reference, limits::LINE)?,
        requester: filled("requester", request.requester.unwrap_or_default(), limits::LINE)?,
    });
    update(&ctx, workspace).await.map(Created)
}

/// Whether events are taken only with consent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsentMode {
    required: bool,
}

/// `POST …/Workspaces/{WorkspaceSid}/Consent`.
pub(crate) async fn set_consent(
    ctx: Ctx,
    Path(sid): Path<WorkspaceSid>,
    Json(mode): Json<ConsentMode>,
) -> Answer<Created<WorkspaceView>> {
    let mut workspace = find(&ctx, sid).await?;
    workspace.facts.consent_required = mode.required;
    update(&ctx, workspace).await.map(Created)
}

/// What the guard goes by for what happens in a workspace.
pub(crate) fn guarded(workspace: &WorkspaceFacts) -> AccountFacts {
    let hipaa = workspace.is_hipaa();
    AccountFacts {
        protected: hipaa,
        phi_permitted: hipaa,
        agreement_active: hipaa,
        simulator: false,
        policy: Policy::default(),
    }
}

/// How long events are kept.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptFor {
    days: u32,
}

/// `POST …/Workspaces/{WorkspaceSid}/Retention`.
pub(crate) async fn set_retention(
    ctx: Ctx,
    Path(sid): Path<WorkspaceSid>,
    Json(kept): Json<KeptFor>,
) -> Answer<Created<WorkspaceView>> {
    if !limits::KEPT_DAYS_ALLOWED.contains(&kept.days) {
        return Err(invalid("days").into());
    }
    let mut workspace = find(&ctx, sid).await?;
    workspace.facts.kept_days = Some(kept.days);
    update(&ctx, workspace).await.map(Created)
}

async fn update(ctx: &Ctx, workspace: Document<Workspace>) -> Answer<WorkspaceView> {
    let mut batch = ctx.batch();
    batch.update(&workspace);
    ctx.commit(batch, vec![workspace.sid.to_string()]).await?;
    Ok(WorkspaceView::new(&find(ctx, workspace.sid).await?))
}
