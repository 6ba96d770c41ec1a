//! Regulations: people who are suppressed, or whose data is deleted, by their user ids (PRIV-SUPPR-1, PRIV-SUPPR-2).
//!
//! The types and words are those of Segment's Public API. Both happen at once and before the answer: a suppression is
//! found by every request that begins later, and a deletion is the destruction of the person's key.

use base::{SubjectSid, WorkspaceSid};
use errors::Result;
use kit::{Answer, Created, Ctx, Json, Path};
use phi::Phi;
use serde::{Deserialize, Serialize};
use store::{Batch, NewDocument, Scope};

use crate::limits;
use crate::records::{Suppressed, Suppression, suppression_name};
use crate::subjects;
use crate::view::invalid;
use crate::workspaces;

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
}

/// To whom.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateRegulation {
    regulation_type: RegulationType,
    user_ids: Vec<String>,
}

/// What was done. The people are not named again.
#[derive(Serialize)]
pub(crate) struct RegulationView {
    regulation_type: RegulationType,
    status: &'static str,
    people: usize,
}

/// `POST …/Workspaces/{WorkspaceSid}/Regulations`.
pub(crate) async fn create(
    ctx: Ctx,
    Path(workspace): Path<WorkspaceSid>,
    Json(request): Json<CreateRegulation>,
) -> Answer<Created<RegulationView>> {
    let CreateRegulation { regulation_type, user_ids } = request;
    if !are_acceptable(&user_ids) {
        return Err(invalid("user_ids").into());
    }
    workspaces::find(&ctx, workspace).await?;
    let ids = user_ids.into_iter().map(Phi::new);
    let (mut batch, done) = regulate(&ctx, workspace, regulation_type, ids).await?;
    let people = done.len();
    let sids = std::iter::once(workspace.to_string()).chain(done.iter().map(SubjectSid::to_string)).collect();
    batch.in_scope(ctx.scope());
    ctx.commit(batch, sids).await?;
    Ok(Created(RegulationView { regulation_type, status: "FINISHED", people }))
}

/// Whether so many people can be regulated at once, and these are ids.
pub(crate) fn are_acceptable(user_ids: &[String]) -> bool {
    let is_id = |id: &String| !id.is_empty() && id.chars().count() <= limits::ID;
    (1..=limits::REGULATED).contains(&user_ids.len()) && user_ids.iter().all(is_id)
}

/// What is to happen to all of them, in the workspace's scope; and who they are.
pub(crate) async fn regulate(
    ctx: &Ctx,
    workspace: WorkspaceSid,
    regulation: RegulationType,
    ids: impl Iterator<Item = Phi<String>>,
) -> Result<(Batch, Vec<SubjectSid>)> {
    let scope = Scope::workspace(workspace);
    let scoped = ctx.services.store.scope(scope);
    let key = scoped.digest_key().await?;
    let mut batch = ctx.batch();
    batch.in_scope(scope);
    let mut done: Vec<SubjectSid> = Vec::new();
    for id in ids {
        let sid = subjects::user(&key, &id);
        if done.contains(&sid) {
            continue;
        }
        done.push(sid);
        let present = scoped.get::<Suppression>(sid).await?;
        match present {
            None if regulation.suppresses() => {
                let content = Some(id.map(|user_id| Suppressed { user_id }));
                batch.insert::<Suppression>(NewDocument { content, ..NewDocument::of(sid, ctx.now(), ()) });
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
        }
    }
    Ok((batch, done))
}
