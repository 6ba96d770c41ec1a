//! What a HIPAA project is refused before any handler: plain HTTP and artificial intelligence.

use auth::provision::{NewAccount, add_account};
use auth::{Designation, Settings};
use base::{AccountSid, Sid};
use store::Scope;
use test_kit::TestApp;

use crate::product::{arriving, arriving_as, basic, notes, products};

const AWAY: &str = "203.0.113.9";

/// A subaccount of the HIPAA project that is none itself.
async fn below_hipaa(app: &TestApp) -> AccountSid {
    let store = &app.services.store;
    let sid = AccountSid::generate(store.random().as_ref());
    let mut batch = store.batch(Scope::account(app.hipaa.sid));
    let new = NewAccount {
        sid,
        owner: app.hipaa.sid,
        organization: None,
        friendly_name: "Below".into(),
        primary_token: auth::Secret::generate(store.random().as_ref()),
        designation: Designation::default(),
        settings: Settings::default(),
    };
    add_account(&mut batch, new, app.now());
    store.commit(batch).await.unwrap();
    sid
}

#[tokio::test]
async fn gen_https_1__refuses_plain_http_in_hipaa_project() {
    let app = TestApp::start(products).await;
    for peer in [AWAY, "10.0.0.5", "2001:db8::1"] {
        for path in [&notes(app.hipaa.sid), "/v1/Notes"] {
            let reply = arriving(&app, &app.hipaa, path, peer, false).await;
            reply.assert_refused("GEN-HTTPS-1", 77118);
        }
    }
    // The project's credentials are as exposed when they are used for a subaccount that is none.
    let below = below_hipaa(&app).await;
    arriving(&app, &app.hipaa, &notes(below), AWAY, false).await.assert_refused("GEN-HTTPS-1", 77118);
}

#[tokio::test]
async fn gen_https_1__refuses_the_operators_token_over_plain_http() {
    let app = TestApp::start(products).await;
    let token = app.services.operator.clone().expect("the test app has an operator");
    let header = || basic("operator", token.reveal());
    arriving_as(&app, header(), "/v1/Notes", AWAY, false).await.assert_refused("GEN-HTTPS-1", 77118);
    for (peer, secure) in [(AWAY, true), ("::1", false)] {
        let reply = arriving_as(&app, header(), "/v1/Notes", peer, secure).await;
        assert_ne!(reply.rule(), Some("GEN-HTTPS-1"), "{peer}");
    }
}

#[tokio::test]
async fn gen_https_1__allows_https() {
    let app = TestApp::start(products).await;
    let below = below_hipaa(&app).await;
    for path in [&notes(app.hipaa.sid), &notes(below)] {
        arriving(&app, &app.hipaa, path, AWAY, true).await.assert_status(200);
    }
}

#[tokio::test]
async fn gen_https_1__allows_plain_http_from_this_machine() {
    let app = TestApp::start(products).await;
    for peer in ["127.0.0.1", "127.8.8.8", "::1"] {
        arriving(&app, &app.hipaa, &notes(app.hipaa.sid), peer, false).await.assert_status(200);
    }
}

#[tokio::test]
async fn gen_https_1__allows_plain_http_outside_a_hipaa_project() {
    let app = TestApp::start(products).await;
    arriving(&app, &app.owner, &notes(app.owner.sid), AWAY, false).await.assert_status(200);
}

#[tokio::test]
async fn ai_gen_2__refuses_ai_route_in_hipaa_project() {
    let app = TestApp::start(products).await;
    app.post_form(&app.hipaa, "api", "/v1/Guesses", &[]).await.assert_refused("AI-GEN-1", 77093);
}

#[tokio::test]
async fn ai_gen_2__allows_it_elsewhere() {
    let app = TestApp::start(products).await;
    for account in [&app.owner, &app.subaccount, &app.other] {
        let reply = app.post_form(account, "api", "/v1/Guesses", &[]).await;
        assert_eq!(reply.assert_status(201).json["account_sid"], account.sid.to_string());
    }
}
