//! Usage through its public edge. What was counted is written as products write it; that messages are counted is
//! tested where they are (`messaging`).
#![allow(non_snake_case, reason = "tests of rulebook rules are named <rule>__<fact>")]

mod records;
mod triggers;

use base::Timestamp;
use kit::{Meter, meter};
use store::Scope;
use test_kit::{TestAccount, TestApp};

const API: &str = "api";

async fn start() -> TestApp {
    TestApp::start(|services| vec![usage::routes(services)]).await
}

/// Counts so many messages of two segments each from a long code, so many days ago.
async fn sent(app: &TestApp, account: &TestAccount, days_ago: u64, messages: i64) {
    counted(app, account, Meter::SmsOutboundLongcode, days_ago, messages, 2 * messages).await;
}

async fn counted(app: &TestApp, account: &TestAccount, what: Meter, days_ago: u64, events: i64, amount: i64) {
    let at: Timestamp = app.now().minus(std::time::Duration::from_secs(days_ago * 86_400));
    let mut batch = app.services.store.batch(Scope::account(account.sid));
    meter::count(&mut batch, what, at, events, amount);
    app.services.store.commit(batch).await.expect("counted");
}
