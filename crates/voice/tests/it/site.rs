//! What the tests share: a platform that serves voice, and what stands around it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base::{AccountSid, ApplicationSid, Timestamp};
use kit::{Routes, Services};
use messaging::calls::CallHook;
use store::{Scope, Scoped, Store};
use test_kit::{Reply, TestAccount, TestApp, TestDatabase};
use voice::hook::{Hook, Target};
use voice::neighbours::{Looking, Neighbours, OwnNumber};

/// The label of the API.
pub const API: &str = "api";

/// Answers what the server would, and attests what the test says.
#[derive(Default)]
pub struct Around {
    attested: AtomicBool,
}

impl Around {
    /// Everything is attested from now on, or nothing.
    pub fn attest(&self, attested: bool) {
        self.attested.store(attested, Ordering::Relaxed);
    }
}

fn hook(hook: CallHook) -> Hook {
    let target = |target: messaging::calls::Target| Target { url: target.url, method: target.method };
    Hook {
        voice: target(hook.voice),
        fallback: target(hook.fallback),
        status_callback: target(hook.status_callback),
    }
}

impl Neighbours for Around {
    fn number<'a>(
        &'a self,
        store: &'a Store,
        scope: Scope,
        number: &'a str,
    ) -> Looking<'a, Option<OwnNumber>> {
        Box::pin(async move {
            let found = messaging::calls::number(store, scope, number).await?;
            Ok(found.map(|(sid, found)| OwnNumber { sid, hook: hook(found) }))
        })
    }

    fn owner<'a>(&'a self, store: &'a Store, number: &'a str) -> Looking<'a, Option<AccountSid>> {
        Box::pin(messaging::calls::owner(store, number))
    }

    fn application<'a>(
        &'a self,
        store: &'a Store,
        scope: Scope,
        sid: ApplicationSid,
    ) -> Looking<'a, Option<Hook>> {
        Box::pin(async move { Ok(messaging::calls::application(store, scope, sid).await?.map(hook)) })
    }

    fn is_attested<'a>(
        &'a self,
        _: &'a Scoped,
        _: &'static str,
        _: &'a str,
        _: Timestamp,
    ) -> Looking<'a, bool> {
        Box::pin(async move { Ok(self.attested.load(Ordering::Relaxed)) })
    }
}

/// The platform and what stands around it.
pub struct Site {
    pub app: TestApp,
    pub around: Arc<Around>,
}

fn products(services: Arc<Services>, around: &Arc<Around>) -> Vec<Routes> {
    let around = Arc::clone(around) as Arc<dyn Neighbours>;
    vec![messaging::routes(Arc::clone(&services)).merge(voice::sip::routes(services, around))]
}

impl Site {
    pub async fn start() -> Self {
        let around = Arc::<Around>::default();
        Self { app: TestApp::start(|services| products(services, &around)).await, around }
    }

    /// The same on PostgreSQL.
    pub async fn start_on(database: &TestDatabase) -> Self {
        let around = Arc::<Around>::default();
        let app = TestApp::start_on(&database.url(), |services| products(services, &around)).await;
        Self { app, around }
    }

    /// `POST` of a form below an account.
    pub async fn post(&self, account: &TestAccount, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.app.post_form(account, API, &below(account, path), fields).await
    }

    /// `GET` below an account.
    pub async fn get(&self, account: &TestAccount, path: &str) -> Reply {
        self.app.get(account, API, &below(account, path)).await
    }

    /// `DELETE` below an account.
    pub async fn delete(&self, account: &TestAccount, path: &str) -> Reply {
        self.app.delete(account, API, &below(account, path)).await
    }

    /// Makes something; its SID.
    pub async fn made(&self, account: &TestAccount, path: &str, fields: &[(&str, &str)]) -> String {
        let reply = self.post(account, path, fields).await;
        reply.assert_status(201).json["sid"].as_str().expect("a SID").to_owned()
    }
}

/// A path below an account.
pub fn below(account: &TestAccount, path: &str) -> String {
    let (path, query) = path.split_once('?').map_or((path, String::new()), |(path, query)| (path, format!("?{query}")));
    format!("/2010-04-01/Accounts/{}/{path}.json{query}", account.sid)
}
