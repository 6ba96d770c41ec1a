//! A platform with Monitor on it, and alerts raised as the platform raises them.

use std::sync::Arc;

use base::AlertSid;
use kit::Services;
use phi::Phi;
use test_kit::{TestAccount, TestApp};
use webhooks::{AlertContent, LogLevel, Method, NewAlert, WebhookUrl, alert};

pub(crate) const RESOURCE: &str = "SM0123456789abcdef0123456789abcdef";
pub(crate) const PARAMETERS: &str = "To=%2B14155550123&Body=canary";

pub(crate) async fn start() -> TestApp {
    let both = |services: Arc<Services>| {
        vec![
            monitor::routes(Arc::clone(&services)),
            monitor::notification_routes(Arc::clone(&services)),
            monitor::operation_routes(services),
        ]
    };
    TestApp::start(both).await
}

/// An alert about [`RESOURCE`], now.
pub(crate) fn failure(app: &TestApp) -> NewAlert {
    let url = WebhookUrl::parse("https://user:pass@clinic.example/status?t=secret#rc=2").unwrap();
    NewAlert {
        resource_sid: Some(RESOURCE.to_owned()),
        request_method: Some(Method::Post),
        request_url: Some(url.without_secrets()),
        ..NewAlert::now(&app.services.store, 11200, LogLevel::Error)
    }
}

pub(crate) fn content() -> Option<Phi<AlertContent>> {
    let response_body = Some("stack trace".to_owned());
    Some(Phi::new(AlertContent { request_variables: PARAMETERS.to_owned(), response_body }))
}

pub(crate) async fn raise(app: &TestApp, account: &TestAccount, alert: NewAlert) -> AlertSid {
    let sid = alert.sid;
    let mut batch = app.services.store.batch(account.scope());
    alert::raise(&mut batch, alert);
    app.services.store.commit(batch).await.unwrap();
    sid
}
