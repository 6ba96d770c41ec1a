//! The table of what usage serves under the label `api`, and its handlers.

use std::sync::Arc;

use auth::Permission;
use errors::codes;
use http::Method;
use kit::{Access, Answer, Ctx, Found, PageRequest, Product, Routes, Services};
use serde_json::Value;

use crate::records::{self, List};
use crate::triggers;

/// The product: figures about an account are no service that an agreement names.
pub const PRODUCT: Product = Product { label: "api", service: "usage" };

const fn reads(operation: &'static str) -> Access {
    Access::new(Permission::UsageRead, operation)
}

macro_rules! record_lists {
    ($routes:expr, $($path:literal, $operation:literal => $list:ident;)*) => {
        $routes$(.list(
            concat!("/2010-04-01/Accounts/{AccountSid}/Usage/Records", $path),
            reads($operation),
            |ctx: Ctx, page: PageRequest| list(ctx, page, List::$list),
        ))*
    };
}

const fn writes(operation: &'static str) -> Access {
    Access::new(Permission::UsageWrite, operation)
}

const TRIGGERS: &str = "/2010-04-01/Accounts/{AccountSid}/Usage/Triggers";
const TRIGGER: &str = "/2010-04-01/Accounts/{AccountSid}/Usage/Triggers/{Sid}";
const BALANCE: &str = "/2010-04-01/Accounts/{AccountSid}/Balance";

/// Why there is no balance.
const NO_BALANCE: &str = "nobody pays this platform, and a balance that is made up would be acted on";

/// The routes.
pub fn routes(services: Arc<Services>) -> Routes {
    use triggers::routes as trigger;
    let routes = Routes::new(PRODUCT, services)
        .create(TRIGGERS, writes("create_usage_trigger"), trigger::create)
        .list(TRIGGERS, reads("list_usage_trigger"), trigger::list)
        .fetch(TRIGGER, reads("fetch_usage_trigger"), trigger::fetch)
        .update(TRIGGER, writes("update_usage_trigger"), trigger::update)
        .delete(TRIGGER, writes("delete_usage_trigger"), trigger::delete)
        .absent(Method::GET, BALANCE, reads("fetch_balance").refused(codes::NOT_SUPPORTED, NO_BALANCE));
    record_lists! { routes,
        "", "list_usage_record" => Base;
        "/AllTime", "list_usage_record_all_time" => AllTime;
        "/Daily", "list_usage_record_daily" => Daily;
        "/LastMonth", "list_usage_record_last_month" => LastMonth;
        "/Monthly", "list_usage_record_monthly" => Monthly;
        "/ThisMonth", "list_usage_record_this_month" => ThisMonth;
        "/Today", "list_usage_record_today" => Today;
        "/Yearly", "list_usage_record_yearly" => Yearly;
        "/Yesterday", "list_usage_record_yesterday" => Yesterday;
    }
}

async fn list(ctx: Ctx, page: PageRequest, list: List) -> Answer<Found<Value>> {
    let (filter, paging) = page.open(&ctx).await?;
    let path = records::path(ctx.account().sid(), list);
    let listing = records::list(&ctx, list, filter, paging).await?;
    Ok(Found(listing.api2010(&path, "usage_records")))
}
