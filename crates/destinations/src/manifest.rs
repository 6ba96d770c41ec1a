//! The disclosure manifest: what can leave to a destination, and its approval.
//!
//! In a HIPAA workspace events wait as long as what can leave is not what was approved, and who changed it cannot approve
//! it. An approval names the digest of what was looked at, needs a permission of its own, and is an entry of the ledger.

use base::{DestinationSid, ManifestSid, Sid};
use errors::{ApiError, Result, codes};
use kit::{Answer, Created, Ctx, Found, Json, Path};
use rulebook::guard::{self, Action};
use serde::Deserialize;
use store::NewDocument;

use crate::limits;
use crate::records::{Approved, ApprovedManifest, ApprovedManifestFacts};
use crate::resources::find;
use crate::rules;
use crate::service::Held;
use crate::view::{ApprovalView, ManifestView, filled};

/// `GET …/Destinations/{DestinationSid}/Manifest`.
pub(crate) async fn fetch(ctx: Ctx, Path(sid): Path<DestinationSid>) -> Answer<Found<ManifestView>> {
    let held = find(&ctx, sid).await?;
    Ok(Found(view(&ctx, &held).await?))
}

/// What is approved, and by whom.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approval {
    /// The digest that the manifest was shown with.
    digest: String,
    signer: String,
}

/// `POST …/Destinations/{DestinationSid}/Manifest`: approves what can leave now.
pub(crate) async fn approve(
    ctx: Ctx,
    Path(sid): Path<DestinationSid>,
    Json(approval): Json<Approval>,
) -> Answer<Created<ManifestView>> {
    let signer = filled("signer", &approval.signer, limits::LINE)?;
    let mut held = find(&ctx, sid).await?;
    let (reach, pipeline) = held.read()?;
    let lines = rules::lines(&held.document.facts, &reach, &pipeline);
    let digest = rules::digest_of(&lines);
    if digest != approval.digest {
        let hint = "what can leave is not what this digest was shown for; look at it again";
        return Err(ApiError::new(codes::CONFLICT).hint(hint).into());
    }
    let register = ctx.account().register.as_ref();
    let party = register.and_then(|register| register.register.party_of(&reach.host));
    let approved_by = ctx.principal.actor.to_string();
    let second = !held.document.facts.authors.contains(&approved_by);
    if held.is_hipaa() && !second {
        let hint = "these credentials changed what can leave; a second person's have to approve it";
        return Err(ApiError::new(codes::CONFLICT).hint(hint).into());
    }
    let manifest = ManifestSid::generate(ctx.services.store.random().as_ref());
    let record = ApprovedManifestFacts {
        destination: sid.to_string(),
        destination_name: held.document.facts.name.clone(),
        party: party.map_or_else(|| reach.host.clone(), |party| party.name.clone()),
        host: reach.host.clone(),
        lines,
        signer,
        second,
        approved_by,
    };
    held.document.facts.authors = Vec::new();
    held.document.facts.approved = Some(Approved { manifest: manifest.to_string(), digest });
    let mut batch = ctx.batch();
    batch.in_scope(held.scope()).update(&held.document);
    let parent = Some(sid.to_string());
    batch.insert::<ApprovedManifest>(NewDocument { parent, ..NewDocument::of(manifest, ctx.now(), record) });
    batch.wake_consumer(&sid.to_string(), ctx.now());
    batch.in_scope(ctx.scope());
    let sids = vec![held.workspace.sid.to_string(), sid.to_string(), manifest.to_string()];
    ctx.commit(batch, sids).await?;
    Ok(Created(view(&ctx, &find(&ctx, sid).await?).await?))
}

async fn view(ctx: &Ctx, held: &Held) -> Result<ManifestView> {
    let (reach, pipeline) = held.read()?;
    let facts = &held.document.facts;
    let lines = rules::lines(facts, &reach, &pipeline);
    let asked = rules::asked(ctx.account(), facts, &reach, &pipeline, held.is_hipaa());
    let verdict = guard::decide(&ctx.account().facts(rules::SERVICE), &Action::UseDestination(asked));
    let mut last_approval = None;
    if let Some(sid) = facts.approved.as_ref().and_then(|approved| approved.manifest.parse().ok()) {
        let found = ctx.services.store.scope(held.scope()).get::<ApprovedManifest>(sid).await?;
        last_approval = found.map(|it| ApprovalView::new(sid.to_string(), it.created_at, &it.facts, &lines));
    }
    let digest = rules::digest_of(&lines);
    Ok(ManifestView {
        approved: asked.manifest_approved,
        lines,
        digest,
        last_approval,
        changed_by: facts.authors.clone(),
        refused_by: verdict.rule(),
    })
}
