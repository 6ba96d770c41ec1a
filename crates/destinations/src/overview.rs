//! What became of events, and to whom what of a person was disclosed.

use std::collections::HashMap;

use base::{DestinationSid, ManifestSid, WorkspaceSid};
use errors::codes;
use kit::{Answer, Created, Ctx, Found, Json, Path};
use phi::Phi;
use segment::records::Workspace;
use serde::Deserialize;
use store::{Query, Scope};

use crate::limits;
use crate::records::{ApprovedManifest, ApprovedManifestFacts, DeadLetter};
use crate::resources::find;
use crate::view::{
    DeadLetterList, DeadLetterView, DeliveryList, DeliveryView, DisclosureReport, DisclosureView, invalid,
};

const DAY_SECONDS: i64 = 86_400;
/// The longest id that is looked for, in characters: more than the tracking API takes.
const ID: usize = 1_000;
/// Why events go to a destination: the customer's own decision, by its agreement with the destination.
const PURPOSE: &str = "delivery of events to a destination of the account's choice";

/// `GET …/Destinations/{DestinationSid}/Deliveries`: the last days.
pub(crate) async fn deliveries(ctx: Ctx, Path(sid): Path<DestinationSid>) -> Answer<Found<DeliveryList>> {
    let held = find(&ctx, sid).await?;
    let scoped = ctx.services.store.scope(held.scope());
    let today = ctx.now().seconds().div_euclid(DAY_SECONDS);
    let counts = scoped.delivery_counts(&sid.to_string(), today - limits::SHOWN_DAYS + 1..=today).await?;
    let consumer = scoped.consumers().await?.into_iter().find(|it| it.name == sid.to_string());
    let waiting_since = match &consumer {
        Some(consumer) => scoped.first_event_behind(&consumer.stream, consumer.done_up_to()).await?,
        None => None,
    };
    Ok(Found(DeliveryList {
        deliveries: counts.into_iter().map(DeliveryView::new).collect(),
        waiting_since: waiting_since.map(base::Timestamp::iso8601),
        set_aside: consumer.as_ref().map_or(0, |it| it.aside.iter().map(|one| one.events.len()).sum()),
        failures: consumer.as_ref().map_or(0, |consumer| consumer.failures),
        next_attempt: consumer.filter(|it| it.failures > 0).map(|it| it.due_at.iso8601()),
    }))
}

/// `GET …/Destinations/{DestinationSid}/DeadLetters`: the newest.
pub(crate) async fn dead_letters(ctx: Ctx, Path(sid): Path<DestinationSid>) -> Answer<Found<DeadLetterList>> {
    let held = find(&ctx, sid).await?;
    let query =
        Query { parent: Some(sid.to_string()), limit: limits::SHOWN_DEAD_LETTERS, ..Query::default() };
    let listed = ctx.services.store.scope(held.scope()).list::<DeadLetter>(query).await?;
    Ok(Found(DeadLetterList { dead_letters: listed.documents.iter().map(DeadLetterView::new).collect() }))
}

/// Whose accounting is asked for: by the customer's own id or a device's. It is in the body, because it may say who it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Whose {
    user_id: Option<String>,
    anonymous_id: Option<String>,
}

/// `POST …/Workspaces/{WorkspaceSid}/Disclosures`: everything on record, deleted or not.
pub(crate) async fn disclosures(
    ctx: Ctx,
    Path(workspace): Path<WorkspaceSid>,
    Json(whose): Json<Whose>,
) -> Answer<Created<DisclosureReport>> {
    if ctx.store().get::<Workspace>(workspace).await?.is_none() {
        return Err(errors::ApiError::new(codes::NOT_FOUND).into());
    }
    let scoped = ctx.services.store.scope(Scope::workspace(workspace));
    let key = scoped.digest_key().await?;
    let is_id = |id: &String| !id.is_empty() && id.chars().count() <= ID;
    let subject = match (whose.user_id.filter(is_id), whose.anonymous_id.filter(is_id)) {
        (Some(id), None) => segment::reading::person(&key, &Phi::new(id)),
        (None, Some(id)) => segment::reading::device(&key, &Phi::new(id)),
        _ => return Err(invalid("user_id").into()),
    };
    // That somebody asked is on record before anything is shown.
    ctx.disclose(vec![workspace.to_string(), subject.to_string()], &["disclosures"]).await?;
    let disclosed = scoped.disclosures(subject).await?;
    let sids: Vec<ManifestSid> = disclosed.iter().filter_map(|it| it.what.parse().ok()).collect();
    let approved: HashMap<String, ApprovedManifestFacts> = scoped
        .get_all::<ApprovedManifest>(&sids)
        .await?
        .into_iter()
        .map(|document| (document.sid.to_string(), document.facts))
        .collect();
    let views = disclosed.into_iter().map(|it| {
        let known = approved.get(&it.what);
        DisclosureView {
            destination_sid: it.name,
            destination_name: known.map(|it| it.destination_name.clone()).unwrap_or_default(),
            recipient: known.map(|it| it.party.clone()).unwrap_or_default(),
            host: known.map(|it| it.host.clone()).unwrap_or_default(),
            what: known.map(|it| it.lines.clone()).unwrap_or_default(),
            purpose: PURPOSE,
            first: it.first_at.iso8601(),
            last: it.last_at.iso8601(),
            events: it.times,
        }
    });
    Ok(Created(DisclosureReport { disclosures: views.collect() }))
}
