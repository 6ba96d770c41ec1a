//! The table of Monitor, and its handlers.

use std::sync::Arc;

use auth::Permission;
use base::AlertSid;
use kit::{Access, Answer, Ctx, Found, PageRequest, Path, Product, Routes, Services};
use serde_json::Value;

use crate::service;
use crate::view::AlertInstanceView;

const MONITOR: Product = Product { label: "monitor", service: "monitor" };
const LIST: Access = Access::new(Permission::AlertsRead, "list_alert");
const FETCH: Access = Access::new(Permission::AlertsRead, "fetch_alert");

/// The collection.
pub(crate) const ALERTS: &str = "/v1/Alerts";

/// The routes of Monitor.
pub fn routes(services: Arc<Services>) -> Routes {
    Routes::new(MONITOR, services).list(ALERTS, LIST, list).fetch("/v1/Alerts/{AlertSid}", FETCH, fetch)
}

async fn list(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    let listing = service::list(&ctx, page).await?;
    Ok(Found(listing.versioned(&ctx, ALERTS, "alerts")))
}

async fn fetch(ctx: Ctx, Path(sid): Path<AlertSid>) -> Answer<Found<AlertInstanceView>> {
    let (alert, content) = service::fetch(&ctx, sid).await?;
    Ok(Found(AlertInstanceView::new(service::view(&ctx, &alert), content)))
}
