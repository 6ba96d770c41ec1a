//! Notifications of the 2010 API: the Debugger's alerts in an older shape, and masked in the same way.

use base::{AccountSid, AlertSid};
use errors::Result;
use kit::{Answer, Ctx, Found, FromParams, Listing, PageRequest, Params, Path};
use serde::Serialize;
use serde_json::Value;
use store::{Document, Index, Query, Range};
use webhooks::alert::{BY_LEVEL, generated_at};
use webhooks::{Alert, AlertContent, LogLevel};

use crate::model::plain;
use crate::service;
use crate::view::alert_text;

/// `Log` and `MessageDate` of a list.
struct Filter {
    level: Option<Index>,
    generated: Range,
}

impl FromParams for Filter {
    fn from_params(params: &mut Params) -> Result<Self> {
        let level = params.word("Log", &["0", "1"])?;
        let level = level.map(|word| if word == "0" { LogLevel::Error } else { LogLevel::Warning });
        Ok(Self {
            level: level.map(|level| plain(BY_LEVEL, level.as_str())),
            generated: params.period(["MessageDate", "MessageDate>", "MessageDate<"])?,
        })
    }
}

/// `api.v2010.account.notification`: a notification in a list.
#[derive(Serialize)]
struct NotificationView {
    account_sid: String,
    api_version: &'static str,
    call_sid: Option<String>,
    date_created: String,
    date_updated: String,
    error_code: String,
    log: &'static str,
    message_date: String,
    message_text: String,
    more_info: String,
    request_method: Option<&'static str>,
    request_url: Option<String>,
    sid: String,
    uri: String,
}

fn collection(account: AccountSid) -> String {
    format!("/2010-04-01/Accounts/{account}/Notifications")
}

impl NotificationView {
    fn new(account: AccountSid, alert: &Document<Alert>) -> Self {
        let facts = &alert.facts;
        Self {
            account_sid: account.to_string(),
            api_version: "2010-04-01",
            call_sid: facts.resource_sid.clone().filter(|sid| sid.starts_with("CA")),
            date_created: alert.created_at.rfc2822(),
            date_updated: alert.updated_at.rfc2822(),
            error_code: facts.error_code.to_string(),
            // The published words are two.
            log: if facts.log_level == LogLevel::Error { "0" } else { "1" },
            message_date: generated_at(alert).rfc2822(),
            message_text: alert_text(facts),
            more_info: format!("https://www.twilio.com/docs/errors/{}", facts.error_code),
            request_method: facts.request_method.map(webhooks::Method::as_str),
            request_url: facts.request_url.clone(),
            sid: alert.sid.to_string(),
            uri: format!("{}/{}.json", collection(account), alert.sid),
        }
    }
}

/// `api.v2010.account.notification-instance`: a notification fetched alone.
#[derive(Serialize)]
pub(crate) struct InstanceView {
    #[serde(flatten)]
    notification: NotificationView,
    request_variables: Option<String>,
    response_body: Option<String>,
    /// Headers are not kept: they hold credentials and cookies.
    response_headers: Option<String>,
}

impl InstanceView {
    fn new(notification: NotificationView, content: Option<AlertContent>) -> Self {
        let (request_variables, response_body) = match content {
            Some(content) => (Some(content.request_variables), content.response_body),
            None => (None, None),
        };
        Self { notification, request_variables, response_body, response_headers: None }
    }
}

/// `GET …/Notifications`, newest first. Nothing protected is in a list.
pub(crate) async fn list(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    let (filter, paging) = page.open::<Filter>(&ctx).await?;
    let query = Query {
        filters: filter.level.into_iter().collect(),
        event: filter.generated,
        limit: paging.size,
        cursor: paging.cursor.clone(),
        ..Query::default()
    };
    let listed = ctx.store().list::<Alert>(query).await?;
    let account = ctx.account().sid();
    let listing = Listing::new(&ctx, paging, listed, |alert| NotificationView::new(account, &alert)).await?;
    Ok(Found(listing.api2010(&format!("{}.json", collection(account)), "notifications")))
}

/// `GET …/Notifications/NO…`.
pub(crate) async fn fetch(ctx: Ctx, Path(sid): Path<AlertSid>) -> Answer<Found<InstanceView>> {
    let (alert, content) = service::fetch(&ctx, sid).await?;
    Ok(Found(InstanceView::new(NotificationView::new(ctx.account().sid(), &alert), content)))
}
