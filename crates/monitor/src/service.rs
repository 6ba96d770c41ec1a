//! What happens: alerts of the caller's account, opened only where the guide allows it.

use base::AlertSid;
use errors::{Result, codes};
use kit::{Ctx, Listing, PageRequest};
use store::{Document, Query};
use webhooks::{Alert, AlertContent};

use crate::model::AlertFilter;
use crate::routes::ALERTS;
use crate::view::AlertView;

/// The protected fields of an alert, as the ledger names them.
const FIELDS: &[&str] = &["request_variables", "response_body"];

/// One page of alerts, newest first. Nothing protected is in a list.
pub(crate) async fn list(ctx: &Ctx, page: PageRequest) -> Result<Listing> {
    let (filter, paging) = page.open::<AlertFilter>(ctx).await?;
    let query = Query {
        filters: filter.index,
        event: filter.generated,
        limit: paging.size,
        cursor: paging.cursor.clone(),
        ..Query::default()
    };
    let listed = ctx.store().list::<Alert>(query).await?;
    Listing::new(ctx, paging, listed, |alert| view(ctx, &alert)).await
}

/// An alert and what of its request may be shown: nothing to a HIPAA project, not even what was kept before it became
/// one (RT-DEBUG-1).
pub(crate) async fn fetch(ctx: &Ctx, sid: AlertSid) -> Result<(Document<Alert>, Option<AlertContent>)> {
    let mut alert = ctx.store().get::<Alert>(sid).await?.ok_or(codes::NOT_FOUND)?;
    let protected = ctx.account().account.facts.designation.protected;
    let content = match alert.content.take() {
        Some(content) if !protected => {
            let proof = ctx.disclose(vec![sid.to_string()], FIELDS).await?;
            Some(content.into_open(&proof))
        }
        _ => None,
    };
    Ok((alert, content))
}

/// The fields that lists and single alerts share.
pub(crate) fn view(ctx: &Ctx, alert: &Document<Alert>) -> AlertView {
    AlertView::new(ctx.account().sid(), alert, ctx.link(&format!("{ALERTS}/{}", alert.sid)))
}
