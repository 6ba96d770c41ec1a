//! The table of Monitor, and its handlers.

use std::sync::Arc;

use auth::Permission;
use base::AlertSid;
use kit::{Access, Answer, Ctx, Found, PageRequest, Path, Product, Routes, Services};
use serde_json::Value;

use crate::view::AlertInstanceView;
use crate::{deliveries, notifications, parked, service};

const MONITOR: Product = Product { label: "monitor", service: "monitor" };
const API: Product = Product { label: "api", service: "monitor" };
const SWITCHWARD: Product = Product { label: "switchward", service: "monitor" };
const LIST: Access = Access::new(Permission::AlertsRead, "list_alert");
const FETCH: Access = Access::new(Permission::AlertsRead, "fetch_alert");

/// The collection.
pub(crate) const ALERTS: &str = "/v1/Alerts";

/// The routes of Monitor.
pub fn routes(services: Arc<Services>) -> Routes {
    Routes::new(MONITOR, services).list(ALERTS, LIST, list).fetch("/v1/Alerts/{AlertSid}", FETCH, fetch)
}

/// Notifications of the 2010 API.
pub fn notification_routes(services: Arc<Services>) -> Routes {
    const NOTIFICATIONS: &str = "/2010-04-01/Accounts/{AccountSid}/Notifications";
    const NOTIFICATION: &str = "/2010-04-01/Accounts/{AccountSid}/Notifications/{Sid}";
    const fn reads(operation: &'static str) -> Access {
        Access::new(Permission::AlertsRead, operation)
    }
    Routes::new(API, services).list(NOTIFICATIONS, reads("list_notification"), notifications::list).fetch(
        NOTIFICATION,
        reads("fetch_notification"),
        notifications::fetch,
    )
}

/// Our own API: the delivery log, and the operator's parked jobs.
pub fn operation_routes(services: Arc<Services>) -> Routes {
    const DELIVERIES: &str = "/switchward/v1/Accounts/{AccountSid}/WebhookDeliveries";
    const DELIVERY: &str = "/switchward/v1/Accounts/{AccountSid}/WebhookDeliveries/{WebhookDeliverySid}";
    const PARKED: &str = "/switchward/v1/ParkedJobs";
    const JOB: &str = "/switchward/v1/ParkedJobs/{JobId}";
    const fn operator(permission: Permission, operation: &'static str) -> Access {
        Access::new(permission, operation).operator_only().administrative()
    }
    Routes::new(SWITCHWARD, services)
        .list(DELIVERIES, Access::new(Permission::AlertsRead, "list_webhook_delivery"), deliveries::list)
        .fetch(DELIVERY, Access::new(Permission::AlertsRead, "fetch_webhook_delivery"), deliveries::fetch)
        .list(PARKED, operator(Permission::AlertsRead, "list_parked_job"), parked::list)
        .fetch(JOB, operator(Permission::AlertsRead, "fetch_parked_job"), parked::fetch)
        .update(
            "/switchward/v1/ParkedJobs/{JobId}/Requeue",
            operator(Permission::ComplianceWrite, "requeue_parked_job"),
            parked::requeue,
        )
        .delete(JOB, operator(Permission::ComplianceWrite, "delete_parked_job"), parked::discard)
}

async fn list(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    let listing = service::list(&ctx, page).await?;
    Ok(Found(listing.versioned(&ctx, ALERTS, "alerts")))
}

async fn fetch(ctx: Ctx, Path(sid): Path<AlertSid>) -> Answer<Found<AlertInstanceView>> {
    let (alert, content) = service::fetch(&ctx, sid).await?;
    Ok(Found(AlertInstanceView::new(service::view(&ctx, &alert), content)))
}
